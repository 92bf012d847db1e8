"""Digests: a day or a week, told once when it is over, with the numbers of the page; on both databases."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from app.alerts import digest
from app.alerts.words import told
from app.analysis.tags import normal
from app.clock import DAY, HOUR, from_ms, to_ms
from app.db.engine import Database
from app.models import AlertState, Delivery, Hashtag
from app.store import campaigns, curves, episodes
from app.store.curves import Ask
from app.store.keep import Arrivals, keep
from app.store.rules import Rule
from collectors.posts import Account, Engagement, Post
from tests.alerts import schemas
from tests.alerts.field import TAG, Field
from tests.alerts.outbox import office
from tests.clocks import FakeClock

MIDNIGHT = to_ms(datetime(2026, 3, 2, tzinfo=UTC))
"""A Monday; the clock stands at the noon before."""
on_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def field(db: Database) -> Field:
    made = Field(db)
    await made.follow()
    await made.poll(since=made.now - 20 * DAY)
    return made


async def brings(field: Field, at: int, count: int, tag: str = TAG, likes: int = 5) -> None:
    """Posts that are born from `at` on, a minute apart, and looked at when they are an hour old."""
    posts = [
        Post(
            f"https://a.example/{tag}/{at}/{number}", from_ms(at + number * 60_000), Engagement(likes=likes),
            author=Account(f"{tag}{number}"), tags=(tag,),
        )
        for number in range(count)
    ]  # fmt: skip
    async with field.db.write() as session:
        await keep(session, Arrivals("mastodon", posts, at + HOUR, 9, live=False, looked=True), at + HOUR)


async def of(field: Field, window_s: int = 86_400, **given: Any) -> Rule:
    return await field.rule(kind="digest", name="The day", metric=None, above=None, window_s=window_s, **given)


async def at(field: Field, when: int, *tags: str) -> None:
    field.clock.advance((when - field.now) / 1_000)
    for tag in tags or (TAG,):
        await field.poll(tag)
    await field.watch.run()


async def digests(field: Field) -> list[dict[str, Any]]:
    return [schemas.check(event.body)["data"] for event in await field.events() if event.type == "digest"]


async def test_a_day_is_told_once_when_it_is_over_and_seen(field: Field) -> None:
    rule = await of(field)
    await brings(field, MIDNIGHT - 10 * HOUR, 6)
    await brings(field, MIDNIGHT - 30 * HOUR, 4)
    for early in (MIDNIGHT - 60_000, MIDNIGHT, MIDNIGHT + 540_000):  # what was posted just before is still to be read
        await at(field, early)
        assert await digests(field) == []
    await at(field, MIDNIGHT + 600_000)
    (said,) = await digests(field)
    assert said["period"] == {"from": "2026-03-01T00:00:00.000Z", "to": "2026-03-02T00:00:00.000Z"}
    assert said["rule"] == {"id": rule.id, "name": "The day", "version": 1}
    (row,) = said["subjects"]
    whole = {"coverage": 1.0, "at_least": False}
    assert row["gained"] == {"posts": 6, "authors": 2, "engagement": 30, **whole}
    assert row["before"] == {"posts": 4, "authors": 4, "engagement": 20, **whole}
    await field.watch.run()
    await at(field, MIDNIGHT + 5 * HOUR)
    assert len(await digests(field)) == 1
    await at(field, MIDNIGHT + DAY + 600_000)
    second = (await digests(field))[1]
    assert (second["period"]["from"], second["observed"]) == ("2026-03-02T00:00:00.000Z", True)
    assert [second["subjects"][0][name]["posts"] for name in ("gained", "before")] == [0, 6]


async def test_the_numbers_are_the_page_s(field: Field) -> None:
    await of(field, subject=("hashtag", "*"))
    await brings(field, MIDNIGHT - 20 * HOUR, 50, likes=7)
    await at(field, MIDNIGHT + 600_000)
    ((row,),) = [said["subjects"] for said in await digests(field)]
    async with field.db.read() as session:
        for name, end in (("gained", MIDNIGHT), ("before", MIDNIGHT - DAY)):
            page = await curves.growth(session, "hashtag", TAG, Ask(end - DAY, end), field.now)
            assert row[name] == {
                **{each: page["totals"][each] for each in ("posts", "authors", "engagement", "at_least")},
                "coverage": sum(page["series"]["coverage"]) / 24,
            }


async def test_one_that_is_made_again_has_the_same_id_and_is_kept_once(field: Field) -> None:
    """What a worker that stopped before the mark leaves: tests/faults/test_watching.py kills a true one."""
    rule = await of(field)
    await at(field, MIDNIGHT + 600_000)
    async with field.db.write() as session:
        assert (await session.execute(delete(AlertState).where(AlertState.rule_id == rule.id))).rowcount == 1  # type: ignore[attr-defined]
    field.watch = field.worker()
    await at(field, MIDNIGHT + 2 * HOUR)
    assert len(await digests(field)) == 1
    async with field.db.read() as session:
        period = digest.last(rule.it.window_s, field.now)
        again = await digest.made(session, rule, period, field.now + HOUR, "https://watch.example")
    assert again.id in {event.id for event in await field.events()}


@on_file
async def test_after_three_days_away_the_last_day_alone_is_told_late(field: Field) -> None:
    await of(field)
    await at(field, MIDNIGHT + 600_000)
    await at(field, MIDNIGHT + 3 * DAY + 7 * HOUR)
    await at(field, MIDNIGHT + 3 * DAY + 8 * HOUR)
    assert [said["period"]["to"][:10] for said in await digests(field)] == ["2026-03-02", "2026-03-05"]


@on_file
async def test_a_week_ends_on_monday_and_a_rule_tells_nothing_of_before_it_was(field: Field) -> None:
    await at(field, MIDNIGHT - 6 * HOUR)
    await of(field, 7 * 86_400)
    await at(field, MIDNIGHT + HOUR)
    late = await of(field, 7 * 86_400, subject=("hashtag", "*"))
    for day in range(1, 7):
        await at(field, MIDNIGHT + day * DAY + HOUR)
    (said,) = await digests(field)
    assert said["period"] == {"from": "2026-02-23T00:00:00.000Z", "to": "2026-03-02T00:00:00.000Z"}
    await at(field, MIDNIGHT + 7 * DAY + HOUR)
    assert [each["rule"]["id"] for each in await digests(field)].count(late.id) == 1


async def test_what_was_not_observed_is_said(field: Field) -> None:
    """From 18:00 on nobody looked, and nobody will: an hour after its end it is told as it is."""
    await of(field)
    await brings(field, MIDNIGHT - 10 * HOUR, 3)
    await at(field, MIDNIGHT - 6 * HOUR + 600_000)
    for when in (MIDNIGHT + 3_540_000, MIDNIGHT + HOUR, MIDNIGHT + DAY + HOUR):
        field.clock.advance((when - field.now) / 1_000)
        await field.watch.run()
        assert len(await digests(field)) == (0 if when < MIDNIGHT + HOUR else 1 if when < MIDNIGHT + DAY else 2)
    first, second = await digests(field)
    gained = first["subjects"][0]["gained"]
    assert (gained["posts"], gained["coverage"], gained["at_least"]) == (3, 0.75, True)
    assert (first["observed"], second["observed"]) == (True, False)
    nothing = {"posts": None, "authors": None, "engagement": None, "coverage": 0.0, "at_least": True}
    assert second["subjects"][0]["gained"] == nothing
    bodies = [json.loads(event.body) for event in await field.events() if event.type == "digest"]
    assert [told(body, "en").detail.split("\n")[0] for body in bodies] == [
        "#rain: posts ≥ 3 (0), new authors ≥ 3 (0), engagement ≥ 15 (0), spikes 0; not all was observed",
        "Nothing was observed.",
    ]
    assert told(bodies[0], "fr").title == "The day : 1 mars 2026"
    assert told(bodies[1], "fr").detail == "Rien n’a été observé."


@on_file
async def test_of_every_hashtag_those_that_moved_most_come_first(field: Field) -> None:
    await of(field, subject=("hashtag", "*"))
    await field.follow("snow")
    await field.follow("fog")
    for tag, count, likes in ((TAG, 2, 5), ("snow", 2, 50), ("fog", 9, 0)):
        await brings(field, MIDNIGHT - 10 * HOUR, count, tag, likes)
    async with field.db.write() as session:
        await session.execute(update(Hashtag).where(Hashtag.tag == normal("fog")).values(unfollowed_at=field.now))
    await at(field, MIDNIGHT + HOUR, TAG, "snow")
    (said,) = await digests(field)
    assert [row["subject"]["hashtag"] for row in said["subjects"]] == ["snow", TAG]
    assert said["links"]["dashboard"].endswith("/")
    assert said["truncated"] == 0


@on_file
async def test_a_campaign_s_digest_counts_the_spikes_of_its_hashtags(field: Field) -> None:
    async with field.db.write() as session:
        it = campaigns.Described("wet", "Wet", "other", field.now - DAY, None, (TAG,))
        campaign = await campaigns.create(session, it, field.now, 300)
    await of(field, subject=("campaign", campaign.id))
    async with field.db.write() as session:
        for number, (kind, start) in enumerate((("spike", -HOUR), ("threshold", -HOUR), ("spike", HOUR))):
            await episodes.keep(session, _episode(number, kind, MIDNIGHT + start), [], field.now)
    await at(field, MIDNIGHT + HOUR)
    (said,) = await digests(field)
    assert (said["subject"], said["subjects"][0]["spikes"]) == ({"campaign": "wet"}, 1)


def _episode(number: int, kind: str, start: int) -> episodes.Episode:
    return episodes.Episode(
        f"alr_{number}", "rul_x", "x", 1, kind, "low", f"hashtag:{TAG}", number, 1, "resolved", "posts", 3_600, 1.0,
        1.0, 1.0, 1.0, start, start, start + 1, [],
    )  # fmt: skip


@on_file
async def test_it_goes_to_the_endpoints_that_want_it(db: Database) -> None:
    clock = FakeClock()
    async with office(db, clock) as ours:
        field = Field(db, clock)
        await field.follow()
        takers = [await ours.add("https://a.example", types=kinds) for kinds in (("digest",), ("alert.firing",))]
        await of(field)
        await of(field, endpoints=(takers[1],))
        await at(field, MIDNIGHT + HOUR)
    async with db.read() as session:
        sent = (await session.execute(select(Delivery.endpoint_id))).scalars().all()
    assert (len(await digests(field)), sent) == (2, [takers[0]])
