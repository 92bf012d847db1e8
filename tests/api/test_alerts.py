"""Rules, dry runs, alerts and silences over HTTP: what is taken, what is refused and what would be right."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.access.principal import Scope
from app.db.engine import Database
from app.models import Audit
from app.store import campaigns, news
from tests.alerts.field import TAG, Field
from tests.api.conftest import client_of
from tests.clocks import FakeClock

RULE: dict[str, Any] = {"name": "many", "kind": "threshold", "subject": {"hashtag": TAG}, "above": 100, "window": "15m"}


on_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def field(db: Database, clock: FakeClock) -> Field:
    made = Field(db, clock)
    await made.follow()
    return made


async def made(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await api.post("/alert-rules", json={**RULE, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_rule_is_made_read_changed_and_deleted(field: Field, api: httpx.AsyncClient, db: Database) -> None:
    rule = await made(api, subject={"hashtag": "#RAIN"})
    assert {name: rule[name] for name in RULE} == RULE
    assert (rule["metric"], rule["severity"], rule["endpoints"], rule["enabled"]) == ("posts", "high", None, True)
    path = f"/alert-rules/{rule['id']}"
    read = await api.get(path)
    assert read.json() == rule
    tag = {"If-Match": read.headers["etag"]}
    changed = await api.patch(path, json={"above": 200, "window": "1h"}, headers=tag)
    assert (changed.json()["above"], changed.json()["window"]) == (200, "1h")
    assert (await api.patch(path, json={"above": 1}, headers=tag)).status_code == 412
    assert [one["id"] for one in (await api.get("/alert-rules")).json()["items"]] == ["rul_spikes", rule["id"]]
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    async with db.read() as session:
        done = (await session.execute(select(Audit.action).order_by(Audit.id))).scalars().all()
    assert done == ["rule.create", "rule.change", "rule.delete"]


async def test_every_hashtag_is_watched_from_the_beginning_until_the_owner_says_otherwise(
    api: httpx.AsyncClient,
) -> None:
    (rule,) = (await api.get("/alert-rules")).json()["items"]
    assert (rule["id"], rule["kind"], rule["subject"], rule["enabled"], rule["built_in"]) == (
        "rul_spikes", "spike", {"hashtag": "*"}, True, True,
    )  # fmt: skip
    gone = await api.delete("/alert-rules/rul_spikes")
    assert (gone.status_code, "enabled" in gone.json()["detail"]) == (409, True)
    off = await api.patch("/alert-rules/rul_spikes", json={"enabled": False, "severity": "low"})
    assert (off.json()["enabled"], off.json()["severity"]) == (False, "low")


@on_file
async def test_a_digest_is_made_as_a_rule_and_stays_one(field: Field, api: httpx.AsyncClient) -> None:
    asked = {"kind": "digest", "above": None, "subject": {"hashtag": "*"}}
    week, day = await made(api, **asked, window="1w"), await made(api, **asked, window=None)
    assert [one["window"] for one in (week, day)] == ["1w", "1d"]
    assert [day[name] for name in ("metric", "above")] == [None, None]
    path = f"/alert-rules/{day['id']}"
    assert (await api.patch(path, json={"window": "1w"})).json()["window"] == "1w"
    for name, given in ((path, {"kind": "quiet"}), ("/alert-rules/rul_spikes", {"kind": "digest", "metric": None})):
        answer = await api.patch(name, json={**given, "window": "1d"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "kind")
    tried = await api.post("/alert-rules/dry-run", json={**RULE, **asked, "window": "1d"})
    assert (tried.status_code, "does not fire" in tried.json()["errors"][0]["message"]) == (422, True)


async def test_the_same_request_makes_one_rule(field: Field, api: httpx.AsyncClient) -> None:
    first, again = [
        (await api.post("/alert-rules", json=RULE, headers={"Idempotency-Key": "k"})).json() for _ in range(2)
    ]
    assert first == again


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"subject": {}}, "subject", "exactly one of hashtag"),
    ({"subject": {"hashtag": TAG, "source": "here"}}, "subject", "exactly one of hashtag"),
    ({"subject": {"hashtag": "snow"}}, "subject.hashtag", "POST /hashtags follows it"),
    ({"subject": {"hashtag": "a b"}}, "subject.hashtag", "cannot be part of a hashtag"),
    ({"subject": {"campaign": "none"}}, "subject.campaign", "GET /campaigns"),
    ({"subject": {"influencer": "inf_x"}}, "subject.influencer", "GET /influencers"),
    ({"subject": {"source": "there"}, "kind": "quiet", "above": None}, "subject.source", "GET /sources"),
    ({"subject": {"source": "here"}}, "subject.source", "kind quiet"),
    ({"subject": {"source": "here"}, "kind": "quiet", "above": None, "metric": "posts"}, "metric", "leave it out"),
    ({"metric": "likes"}, "metric", "'posts', 'authors', 'engagement' or 'views'"),
    ({"above": None}, "above", "at least 1"),
    ({"above": 0}, "above", "greater than or equal to 1"),
    ({"kind": "spike"}, "above", "leave it out"),
    ({"kind": "spike", "above": None}, "window", "1h"),
    ({"kind": "quiet"}, "above", "leave it out"),
    ({"window": "7m"}, "window", "5m to 7d"),
    ({"window": "8d"}, "window", "5m to 7d"),
    ({"window": "2d", "subject": {"hashtag": "*"}}, "window", "5m to 1d"),
    ({"kind": "digest"}, "above", "leave it out"),
    ({"kind": "digest", "above": None}, "window", "1d or 1w"),
    ({"kind": "digest", "above": None, "window": "1d", "metric": "posts"}, "metric", "leave it out"),
    ({"kind": "digest", "above": None, "window": "1d", "subject": {"source": "here"}}, "subject.source", "kind quiet"),
    ({"window": "soon"}, "window", "15m, 6h, 2d"),
    ({"severity": "red"}, "severity", "'low'"),
    ({"endpoints": ["end_x"]}, "endpoints", "GET /endpoints"),
    ({"endpoints": []}, "endpoints", "at least 1"),
    ({"name": " "}, "name", "empty"),
]


@on_file
async def test_what_is_wrong_is_told_with_what_would_be_right(field: Field, api: httpx.AsyncClient) -> None:
    for given, name, right in WRONG:
        for path in ("/alert-rules", "/alert-rules/dry-run"):
            answer = await api.post(path, json={**RULE, **given})
            assert answer.status_code == 422, (given, answer.text)
            errors = answer.json()["errors"]
            assert any(error["field"].startswith(name) and right in error["message"] for error in errors), errors
    assert len((await api.get("/alert-rules")).json()["items"]) == 1


@on_file
async def test_a_change_is_checked_as_a_new_rule(field: Field, api: httpx.AsyncClient) -> None:
    path = f"/alert-rules/{(await made(api))['id']}"
    for given, name in (({"window": "7m"}, "window"), ({"above": None}, "above"), ({"kind": "spike"}, "above")):
        answer = await api.patch(path, json=given)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)
    assert (await api.patch(path, json={"subject": {"hashtag": "*"}})).json()["subject"] == {"hashtag": "*"}


async def test_a_dry_run_says_when_it_would_have_fired_and_how_often(field: Field, api: httpx.AsyncClient) -> None:
    await field.usual(4)
    await field.sums(field.now - 7_200_000, [60, 60, 60, 60])
    await field.poll()
    told = (await api.post("/alert-rules/dry-run", json=RULE)).json()
    (fired,) = told["fired"]
    assert fired == {
        "subject": {"hashtag": TAG}, "at": "2026-03-01T10:15:00Z", "ends_at": "2026-03-01T10:45:00Z", "peak": 180.0,
    }  # fmt: skip
    assert 2 < told["per_month"] < 2.5
    assert (told["subjects"], told["warnings"], told["truncated"]) == (1, [], 0)
    assert 280 < told["evaluations"] < 290
    spikes = {"name": "x", "kind": "spike", "subject": {"hashtag": "*"}}
    (spike,) = (await api.post("/alert-rules/dry-run", json=spikes)).json()["fired"]
    assert spike["at"] == "2026-03-01T10:15:00Z"
    later = {**RULE, "from": "2026-03-01T11:00:00Z"}
    assert (await api.post("/alert-rules/dry-run", json=later)).json()["fired"] == []


@on_file
@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ({"above": 1_000}, "never met in this time: the most in a window was 12"),
        ({"above": 2}, "always met in this time: the least in a window was"),
        ({"kind": "spike", "above": None, "window": None}, "never met in this time: the most in an hour was"),
        ({"kind": "quiet", "above": None}, "never met in this time: there was always something"),
        ({"metric": "views", "kind": "quiet", "above": None}, "always met in this time"),
    ],
)
async def test_a_dry_run_warns_of_what_is_never_or_always_met(
    field: Field, api: httpx.AsyncClient, rule: dict[str, Any], warning: str
) -> None:
    await field.usual(4)
    await field.poll()
    told = (await api.post("/alert-rules/dry-run", json={**RULE, **rule})).json()
    assert [words.startswith(warning) for words in told["warnings"]] == [True], told["warnings"]


@on_file
async def test_a_dry_run_over_what_is_not_known_says_so(field: Field, api: httpx.AsyncClient) -> None:
    told = (await api.post("/alert-rules/dry-run", json=RULE)).json()
    assert (told["evaluations"], told["per_month"]) == (0, None)
    assert told["warnings"] == ["nothing is known of it in this time"]
    for given, name in (({"from": "2026-01-01T00:00:00Z"}, "from"), ({"to": "2026-02-01T00:00:00Z"}, "to")):
        answer = await api.post("/alert-rules/dry-run", json={**RULE, **given})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)


async def test_alerts_are_listed_filtered_and_read_with_what_was_said(field: Field, api: httpx.AsyncClient) -> None:
    await field.usual(4)
    await field.poll()
    await field.watch.run()
    assert (
        await api.post("/campaigns", json={"slug": "ours", "name": "Ours", "kind": "other", "hashtags": [TAG]})
    ).status_code == 201
    await field.usual(4)
    await field.pass_by([120, 150])
    (alert,) = (await api.get("/alerts")).json()["items"]
    assert (alert["status"], alert["subject"], alert["window"]) == ("firing", {"hashtag": TAG}, "1h")
    whole = (await api.get(f"/alerts/{alert['id']}")).json()
    assert [(turn["sequence"], turn["type"], turn["told"]) for turn in whole["transitions"]] == [(1, "firing", "sent")]
    assert whole["evidence"] == []
    began = alert["started_at"]
    for query, count in (
        ("status=firing", 1), ("status=resolved", 0), (f"hashtag={TAG.upper()}", 1), ("hashtag=snow", 0),
        ("campaign=ours", 1), (f"from={began}", 1), (f"to={began}", 0),
    ):  # fmt: skip
        assert len((await api.get(f"/alerts?{query}")).json()["items"]) == count, query
    assert (await api.get("/alerts?campaign=none")).status_code == 404
    assert (await api.get("/alerts/alr_x")).status_code == 404


async def test_events_tell_of_alerts(field: Field, api: httpx.AsyncClient, db: Database) -> None:
    await field.usual(4)
    await field.poll()
    await field.watch.run()
    await field.pass_by([120, 150])
    async with db.read() as session:
        (told,) = [one for one in await news.since(session, 0, 100) if one.topic == "alert"]
    assert told.data is not None
    assert {name: told.data[name] for name in ("rule", "status", "subject")} == {
        "rule": "rul_spikes", "status": "firing", "subject": {"hashtag": TAG},
    }  # fmt: skip


async def test_a_silence_is_made_listed_and_ended(field: Field, api: httpx.AsyncClient) -> None:
    body = {"matcher": {"rule": "rul_spikes"}, "ends_at": "2026-03-02T12:00:00Z", "comment": "a planned push"}
    answer = await api.post("/silences", json=body)
    silence = answer.json()
    assert answer.status_code == 201, silence
    assert silence == {
        **body, "id": silence["id"], "starts_at": "2026-03-01T12:00:00Z", "author": "local",
        "created_at": "2026-03-01T12:00:00Z",
    }  # fmt: skip
    assert (await api.get("/silences")).json()["items"] == [silence]
    assert (await api.delete(f"/silences/{silence['id']}", headers={"If-Match": '"1-x"'})).status_code == 412
    tag = {"If-Match": answer.headers["etag"]}
    assert (await api.delete(f"/silences/{silence['id']}", headers=tag)).status_code == 204
    assert (await api.get("/silences")).json()["items"] == []
    assert (await api.delete(f"/silences/{silence['id']}")).status_code == 404


@on_file
async def test_a_silence_ends_and_is_of_something(field: Field, api: httpx.AsyncClient) -> None:
    good = {"matcher": {"hashtag": TAG}, "ends_at": "2026-03-02T12:00:00Z"}
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"matcher": {"hashtag": TAG}}, "ends_at", "required"),
        ({**good, "ends_at": None}, "ends_at", ""),
        ({**good, "ends_at": "2026-04-01T12:00:00Z"}, "ends_at", "2026-03-31T12:00:00Z"),
        ({**good, "ends_at": "2026-03-01T11:00:00Z"}, "ends_at", "in the future"),
        ({**good, "matcher": {}}, "matcher", "exactly one of"),
        ({**good, "matcher": {"hashtag": "snow"}}, "matcher.hashtag", "POST /hashtags"),
        ({**good, "matcher": {"rule": "rul_x"}}, "matcher.rule", "GET /alert-rules"),
    ]
    for body, name, right in wrong:
        answer = await api.post("/silences", json=body)
        assert answer.status_code == 422, (body, answer.text)
        errors = answer.json()["errors"]
        assert any(error["field"].startswith(name) and right in error["message"] for error in errors), errors


@on_file
async def test_each_needs_its_scope(field: Field, app: Any, minted: Any) -> None:
    async def asked(scope: Scope, method: str, path: str, body: Any = None) -> int:
        async with client_of(app, (await minted(scope)).text) as api:
            return (await api.request(method, path, json=body)).status_code

    for path in ("/alert-rules", "/alerts", "/silences"):
        assert (await asked("stats:read", "GET", path), await asked("tags:write", "GET", path)) == (200, 403)
    for method, path in (
        ("POST", "/alert-rules"), ("PATCH", "/alert-rules/rul_spikes"), ("DELETE", "/alert-rules/rul_spikes"),
        ("POST", "/silences"), ("DELETE", "/silences/sil_x"),
    ):  # fmt: skip
        assert await asked("stats:read", method, path, {"enabled": False}) == 403, path
    assert await asked("rules:write", "POST", "/alert-rules", RULE) == 201
    assert await asked("stats:read", "POST", "/alert-rules/dry-run", RULE) == 200


async def test_a_report_is_of_a_campaign_s_month_in_a_zone(field: Field, api: httpx.AsyncClient) -> None:
    async with field.db.write() as session:
        await campaigns.create(session, campaigns.Described("wet", "Wet", "other", None, None, ("rain",)), 0, 300)
    asked = {"name": "Board", "kind": "report", "subject": {"campaign": "wet"}, "timezone": "Asia/Dhaka"}
    made = await api.post("/alert-rules", json=asked)
    assert (made.status_code, made.json()["window"], made.json()["timezone"]) == (201, "1mo", "Asia/Dhaka")
    path = f"/alert-rules/{made.json()['id']}"
    assert (await api.patch(path, json={"window": "1mo", "timezone": None})).json()["timezone"] == "UTC"
    for given, name in (
        ({"subject": {"hashtag": "*"}}, "subject.hashtag"), ({"timezone": "Mars/Base"}, "timezone"),
        ({"window": "1d"}, "window"), ({"metric": "posts"}, "metric"), ({"kind": "digest", "window": "1d"}, "timezone"),
    ):  # fmt: skip
        refused = await api.post("/alert-rules", json={**asked, **given})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, name)
    assert (await api.patch(path, json={"kind": "digest", "window": "1d", "timezone": None})).status_code == 422
