"""Version 1 of what a webhook says: its shape can never change unnoticed."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from app.alerts import digest, monthly, notices, payload
from app.alerts.payload import MOST_EVIDENCE, TYPES, Evidence, Said
from app.store import campaigns
from app.store.endpoints import Health
from app.store.rules import Rule, Watched
from tests.alerts import schemas
from tests.alerts.outbox import BASE, SAID, alert, claimed

AT = 1_764_000_306_789
GOLDEN = Path(__file__).parent / "golden"


def example(kind: str) -> str:
    health = Health(failures=4, failing_since=AT - 60_000)
    if kind == "delivery.failing":
        return notices.failing(claimed(), health, "answered 503", AT).body
    if kind == "endpoint.disabled":
        return notices.disabled(claimed(), health, "it answered 410 Gone", AT).body
    if kind == "endpoint.test":
        return notices.test("end_1", "ours", "1", AT).body
    if kind == "digest":
        return digest_of(3)
    if kind == "report":
        return report_of()
    if kind == "compliance.redacted":
        return payload.written(kind, AT, {"message_id": "msg_1", "posts": ["1"], "redacted": True}).decode()
    subject = {"source": "one"} if kind.startswith("source.") else SAID.subject
    return payload.body(kind, AT, replace(SAID, subject=subject), BASE).decode()


def digest_of(count: int, tag: str = "example") -> str:
    """The first is seen whole, the second in part, the third not at all."""
    sums = {"posts": 120, "authors": 35, "engagement": 1_900, "coverage": 1.0, "at_least": False}
    part = {**sums, "posts": 80, "engagement": None, "coverage": 0.5, "at_least": True}
    none: dict[str, Any] = {**dict.fromkeys(sums), "coverage": 0.0, "at_least": True}
    rows = [
        {"subject": {"hashtag": f"{tag}{number}"}, "gained": gained, "before": part, "spikes": 2 - min(number, 2)}
        for number, gained in enumerate([sums, part, *[none] * count][:count])
    ]
    it = Watched("The day", "digest", ("hashtag", "*"), None, None, 86_400, "low", None, True)
    period = digest.last(it.window_s, AT)
    return digest.body(Rule("rul_1", 2, 0, 0, False, "*", it), period, rows, 4, AT, BASE).decode()


def report_of(kinds: int = 1) -> str:
    sums = {
        "posts": 1_200, "authors": 350, "engagement": 19_000, "potential_impressions": 2_000_000, "coverage": 0.98,
        "at_least": True,
    }  # fmt: skip
    part: dict[str, Any] = {**dict.fromkeys(sums), "coverage": 0.0, "at_least": True}
    gave = [
        {"kind": f"donation{number or ''}", "currency": "EUR", "count": 12, "amount": "1250.50"}
        for number in range(kinds)
    ] + [{"kind": "sign-up", "currency": None, "count": 40, "amount": None}]  # fmt: skip
    it = Watched("To the board", "report", ("campaign", "c"), None, None, 2_592_000, "low", None, True, "Europe/Paris")
    about = campaigns.Described("love-army", "Love Army", "other", None, None, ("example",))
    kept = campaigns.Kept("c", 1, 0, about)
    (*_, month) = monthly.over("Europe/Paris", AT)
    rule = Rule("rul_1", 2, 0, 0, False, "love-army", it)
    return monthly.body(rule, kept, month, (sums, part), gave, AT, BASE).decode()


def test_a_report_of_very_many_kinds_fits() -> None:
    data = schemas.check(report_of(400))["data"]
    assert len(data["outcomes"]) + data["truncated"] == 401
    assert data["truncated"]


def test_a_digest_is_cut_until_it_fits_and_what_was_cut_is_counted() -> None:
    data = schemas.check(digest_of(50, "é" * 200))["data"]
    assert 20 < len(data["subjects"]) < 50
    assert data["truncated"] == 54 - len(data["subjects"])
    assert data["subjects"][0]["gained"]["posts"] == 120


@pytest.mark.parametrize("kind", TYPES)
def test_a_body_is_as_it_was_promised_to_the_byte(kind: str) -> None:
    """Where this fails, receivers' programs may too: a changed body needs a new version beside this one."""
    body = example(kind)
    schemas.check(body)
    assert json.dumps(json.loads(body), indent=2, ensure_ascii=False) + "\n" == (GOLDEN / f"{kind}.json").read_text()


def test_each_type_has_its_schema_and_no_other_has() -> None:
    assert sorted(path.stem for path in schemas.FOLDER.glob("*.json")) == sorted(TYPES)


def test_what_is_not_known_is_null_and_fits_the_schema() -> None:
    bare = {one.name: getattr(SAID, one.name) for one in fields(Said) if one.name not in _OPTIONAL}
    read = schemas.check(payload.body("alert.firing", AT, Said(**bare), BASE))
    assert (read["data"]["value"], read["data"]["ends_at"], read["data"]["evidence"]) == (None, None, [])


_OPTIONAL = {
    "value", "threshold", "baseline", "ratio", "rarity", "since", "pending_since", "ends_at", "coverage", "evidence",
}  # fmt: skip


def test_evidence_is_cut_until_the_body_fits_and_what_was_cut_is_counted() -> None:
    many = tuple(Evidence(str(n), f"https://one.example/{'é' * 400}/{n}", n, None) for n in range(80))
    read = schemas.check(payload.body("alert.firing", AT, replace(SAID, evidence=many, truncated=5), BASE))
    shown = len(read["data"]["evidence"])
    assert 5 < shown < MOST_EVIDENCE
    assert read["data"]["truncated"] == 85 - shown
    assert [one["post_id"] for one in read["data"]["evidence"]] == [str(n) for n in range(shown)]


def test_an_id_is_the_same_for_the_same_transition_and_has_no_dot() -> None:
    one = payload.message_id("rul_1:hashtag:a.b:7", 1)
    assert one == payload.message_id("rul_1:hashtag:a.b:7", 1)
    others = {payload.message_id("rul_1:hashtag:a.b:7", 2), payload.message_id("rul_1:hashtag:a.b:8", 1)}
    assert len({one, *others}) == 3
    assert "." not in one
    assert alert(1, AT).id == alert(1, AT + 1).id


@pytest.mark.parametrize(
    ("subject", "page"),
    [
        ({"hashtag": "#café au"}, "/hashtags/caf%C3%A9%20au"),
        ({"platform": "mastodon", "hashtag": "x", "campaign": "love-army"}, "/campaigns/love-army"),
        ({"influencer": "inf_1"}, "/influencers/inf_1"),
        ({"source": "one"}, "/"),
    ],
)
def test_links_lead_to_the_page_of_the_subject(subject: dict[str, str], page: str) -> None:
    read = schemas.check(payload.body("alert.firing", AT, replace(SAID, subject=subject), BASE))
    assert read["data"]["links"] == {"dashboard": BASE + page, "api": f"{BASE}/api/v1/alerts/alr_1"}
