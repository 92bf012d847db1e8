"""The OpenAPI page and the answers agree, whatever is asked: examples, edges, noise, and calls in a row."""

import asyncio
import shutil
from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.config._checks import NegativeDataRejectionConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import CheckNode

from app.settings import Settings
from tests.api.conftest import KEY
from tests.api.serving import furnish, served

EXAMPLES = 30
SEED = 7
PEOPLE = "^/api/v1/(campaigns|compare|inbound|influencers)"
ALERTS = "^/api/v1/(alert-rules|alerts|silences|endpoints|deliveries)"


def configured(token: str) -> SchemathesisConfig:
    """Every check. A value may be well-formed and still wrong (`from` after `to`): 422 is then a true answer."""
    accepts = PositiveDataAcceptanceConfig(
        expected_statuses=["2xx", "304", "401", "403", "404", "409", "412", "422", "429"]
    )
    # What breaks a limit on length may be refused for the length of the whole address.
    rejects = NegativeDataRejectionConfig(expected_statuses=["4xx", "5xx"])
    checks = ChecksConfig(positive_data_acceptance=accepts, negative_data_rejection=rejects)
    project = ProjectConfig(
        headers={"Authorization": f"Bearer {token}"}, checks=checks,
        generation=GenerationConfig(max_examples=EXAMPLES), continue_on_failure=True, request_timeout=10,
    )  # fmt: skip
    return SchemathesisConfig(seed=SEED, projects=ProjectsConfig(default=project))


def kept_on_purpose(check: CheckNode) -> bool:
    """DELETE on a hashtag stops the looking; what was seen of it stays to be read.

    A POST repeated with its Idempotency-Key is answered as before, though what it made may be deleted since.
    """
    sample = check.failure_info.code_sample if check.failure_info else ""
    repeated = check.name == "ensure_resource_availability" and "Idempotency-Key" in sample
    return repeated or (check.name == "use_after_free" and "/api/v1/hashtags/" in sample)


# Apart, so that the parts run side by side; what the first two name the third leaves out, and nothing else.
@pytest.mark.parametrize("part", ["people", "alerts", "the rest"])
def test_every_answer_is_true_to_the_openapi_page(sqlite_template: Path, tmp_path: Path, part: str) -> None:
    path = tmp_path / "groundswell.db"
    shutil.copyfile(sqlite_template, path)
    settings = Settings(_env_file=None, secret_key=KEY, database_url=f"sqlite:///{path}")
    token = asyncio.run(furnish(settings))
    with served(settings) as base:
        url = f"{base}/api/v1/openapi.json"
        whole = schemathesis.openapi.from_url(
            url, config=configured(token), headers={"Authorization": f"Bearer {token}"}
        )
        if part == "the rest":  # events do not end: tests/api/test_events.py listens
            schema = whole.exclude(path_regex=f"{PEOPLE}|{ALERTS}|^/api/v1/events$")
        else:
            schema = whole.include(path_regex=PEOPLE if part == "people" else ALERTS)
        failures, asked = [], Counter[str]()
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                failures.append(repr(event))
            if isinstance(event, events.ScenarioFinished):
                asked[event.phase.value] += len(event.recorder.cases)
                failures += [
                    f"{event.phase.value} {event.label}: {check.name}: {check.failure_info.failure}\n"
                    f"{check.failure_info.code_sample}"
                    for checks in event.recorder.checks.values()
                    for check in checks
                    if check.failure_info and not kept_on_purpose(check)
                ]
    assert len(asked) == 4, f"a phase was left out: {asked}"
    assert failures == [], f"seed {SEED}\n" + "\n\n".join(failures[:20])
