"""What a webhook says: version 1 of its body, built once, and the id under which it is said.

`docs/schemas/` holds the JSON Schema of each type. A body's shape is a promise: fields are added, never changed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.clock import from_ms
from app.db.types import text_id

LARGEST = 20_000
"""Bytes of a body at most."""
MOST_EVIDENCE = 50
TYPES = (
    "alert.firing", "alert.escalated", "alert.resolved", "alert.flapping", "source.stale", "source.recovered",
    "delivery.failing", "endpoint.disabled", "endpoint.test", "compliance.redacted", "digest", "report",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """A post that carried it. Thin: ids and an address, no names, no text."""

    post_id: str
    url: str | None = None
    interactions: int | None = None
    influencer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one transition of an alert says. Instants in milliseconds; None: not known, or not of this kind of rule.

    `subject` names one or more of platform, hashtag, campaign, influencer, source. `ratio`, `rarity` and `since` are
    the detector's; `gaps` counts the gaps in the window; `truncated` the evidence that is left out already.
    """

    alert_id: str
    episode: int
    sequence: int
    rule_id: str
    rule_name: str
    rule_version: int
    status: str
    previous_status: str | None
    severity: str
    subject: Mapping[str, str]
    unit: str
    window_s: int
    started_at: int
    value: float | None = None
    threshold: float | None = None
    baseline: float | None = None
    ratio: float | None = None
    rarity: float | None = None
    since: int | None = None
    pending_since: int | None = None
    ends_at: int | None = None
    coverage: float | None = None
    gaps: int = 0
    stale: bool = False
    evidence: Sequence[Evidence] = ()
    truncated: int = 0
    test: bool = False
    redacted: bool = False


def message_id(dedup_key: str, sequence: int) -> str:
    """The same for the same transition, however often it is made again; no dots, as the signature's parts have them."""
    return text_id("msg", dedup_key, str(sequence))


def body(type: str, at: int, said: Said, base_url: str) -> bytes:  # noqa: A002 - the name that it has in the body
    """An alert's body, its evidence cut until it fits; what was cut is counted in `truncated`."""
    shown = list(said.evidence[:MOST_EVIDENCE])
    while True:
        cut = said.truncated + len(said.evidence) - len(shown)
        made = written(type, at, _data(said, shown, cut, base_url))
        if len(made) <= LARGEST or not shown:
            return made
        shown.pop()


def written(type: str, at: int, data: Mapping[str, Any]) -> bytes:  # noqa: A002
    """The envelope that Standard Webhooks recommends."""
    whole = {"type": type, "timestamp": instant(at), "data": {"schema": "1", **data}}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _data(said: Said, evidence: Sequence[Evidence], truncated: int, base_url: str) -> dict[str, Any]:
    return {
        "alert_id": said.alert_id, "episode": said.episode, "sequence": said.sequence,
        "rule": {"id": said.rule_id, "name": said.rule_name, "version": said.rule_version},
        "status": said.status, "previous_status": said.previous_status, "severity": said.severity,
        "subject": dict(said.subject), "value": said.value, "threshold": said.threshold, "baseline": said.baseline,
        "ratio": said.ratio, "rarity": said.rarity, "window_s": said.window_s, "unit": said.unit,
        "started_at": instant(said.started_at), "pending_since": _maybe(said.pending_since),
        "since": _maybe(said.since), "ends_at": _maybe(said.ends_at),
        "data_quality": {"coverage": said.coverage, "gaps": said.gaps, "stale": said.stale},
        "evidence": [
            {"post_id": one.post_id, "url": one.url, "interactions": one.interactions, "influencer": one.influencer}
            for one in evidence
        ],
        "truncated": truncated,
        "links": {"dashboard": page(said.subject, base_url), "api": f"{base_url}/api/v1/alerts/{said.alert_id}"},
        "test": said.test, "redacted": said.redacted,
    }  # fmt: skip


def page(subject: Mapping[str, str], base_url: str) -> str:
    """The dashboard's page of the first that has one."""
    for kind, folder in (("campaign", "campaigns"), ("influencer", "influencers"), ("hashtag", "hashtags")):
        if kind in subject:
            return f"{base_url}/{folder}/{quote(subject[kind].removeprefix('#'), safe='')}"
    return f"{base_url}/"


def instant(ms: int) -> str:
    """Always with milliseconds: a receiver may parse by one pattern."""
    return from_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _maybe(ms: int | None) -> str | None:
    return None if ms is None else instant(ms)
