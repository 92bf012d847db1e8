"""From rollups to what is told: spikes, thresholds, silences of posts and of sources, on both databases."""

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from app.analysis import spikes
from app.clock import DAY, HOUR, bucket_of, from_ms
from app.db.engine import Database
from app.models import AlertRule, Delivery, DetectorState, Event, Track
from app.store import endpoints, episodes, jobs, rebuild, rules, silences, watching
from app.store.endpoints import Described
from app.store.keep import Arrivals, keep
from app.store.silences import Quiet
from app.store.subjects import subject_key
from collectors.posts import Engagement, Post
from tests.alerts import schemas
from tests.alerts.field import TAG, Field

# What is decided is decided alike on both; what is stored is tried on both below, and in tests/faults/test_watching.py.
on_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def field(db: Database) -> Field:
    made = Field(db)
    await made.follow()
    await made.usual()
    await made.poll()
    await made.watch.run()
    return made


async def test_a_take_off_is_told_within_two_polls_and_its_end_once(field: Field) -> None:
    await field.pass_by([4, 5, 3])
    assert await field.turns() == []
    await field.pass_by([120, 150])
    assert await field.turns() == [("firing", 1, 1, "sent")]
    await field.pass_by([90, *[4] * 16])
    assert await field.turns() == [("firing", 1, 1, "sent"), ("resolved", 1, 2, "sent")]
    for event in await field.events():
        schemas.check(event.body)
        data = json.loads(event.body)["data"]
        assert data["subject"] == {"hashtag": TAG}
        assert data["unit"] == "posts"
        assert data["threshold"] > data["baseline"] > 40


@on_file
async def test_one_bucket_that_stands_out_is_not_told_before_it_is_seen_twice(field: Field) -> None:
    await field.pass_by([120])
    assert await field.turns() == []
    await field.watch.run()  # again, without news
    assert await field.turns() == []


@on_file
async def test_few_posts_are_no_spike_however_rare(db: Database) -> None:
    field = Field(db)
    await field.follow()
    await field.poll()
    await field.watch.run()
    await field.pass_by([12, 14, 10, 0, 0])
    assert await field.turns() == []
    await field.pass_by([40, 40])
    assert [turn[0] for turn in await field.turns()] == ["firing"]


@on_file
async def test_an_old_hashtag_that_is_newly_followed_is_nothing(db: Database) -> None:
    """Its past is shown to the detector; that it rose a day ago is history."""
    field = Field(db)
    await field.follow()
    start = bucket_of(field.now, 300_000) - DAY
    await field.sums(start, [2] * 216 + [60] * 73)
    await field.poll()
    await field.watch.run()
    await field.pass_by([60] * 4)
    assert await field.turns() == []


@on_file
async def test_what_an_outage_owed_comes_late_and_is_nothing(field: Field) -> None:
    """Two hours without a pass, with a burst in the middle; then all of it at once."""
    field.clock.advance(7_200)
    await field.sums(field.now - 2 * HOUR, [5, 4, 3] * 2 + [60] * 3 + [4, 5, 3] * 5)
    await field.poll()
    await field.watch.run()
    await field.pass_by([4, 5, 3, 4])
    assert await field.turns() == []


@on_file
async def test_a_source_more_is_no_spike(field: Field) -> None:
    """The same hashtag on a busy server: its posts of the past count, and the detector begins anew with them."""
    await field.follow(source="there", platform="bluesky")
    await field.watch.run()  # the first walk is under way
    await field.usual(60, platform="bluesky")
    await field.poll(source="there")
    for _ in range(4):
        await field.sums(field.now, [61], platform="bluesky")
        await field.pass_by([4])
        await field.poll(source="there")
        await field.watch.run()
    assert await field.turns() == []
    await field.pass_by([2_500, 3_000])
    assert await field.turns() == [("firing", 1, 1, "sent")]


async def test_a_threshold_counts_a_window_and_ends_below_its_mark(field: Field) -> None:
    rule = await field.rule(above=100, window_s=900)
    await field.pass_by([30, 40, 40, 40])
    assert await field.turns(rule.id) == [("firing", 1, 1, "sent")]
    async with field.db.read() as session:
        (alert,) = [one for one in await episodes.listed(session, episodes.Ask(), None, 10) if one.rule_id == rule.id]
    assert (alert.value, alert.threshold, alert.status) == (120.0, 100.0, "firing")
    await field.pass_by([25, 25, 25, 25])  # 75 is between the marks
    assert len(await field.turns(rule.id)) == 1
    await field.pass_by([5] * 8)
    assert [turn[0] for turn in await field.turns(rule.id)] == ["firing", "resolved"]


@on_file
async def test_a_threshold_is_held_while_nothing_is_known(field: Field) -> None:
    rule = await field.rule(above=100, window_s=900)
    await field.pass_by([50, 50, 50])
    field.clock.advance(7_200)
    await field.watch.run()
    assert await field.turns(rule.id) == [("firing", 1, 1, "sent")]
    assert [turn[0] for turn in await field.turns("rul_sources")] == ["firing"]


@on_file
async def test_nothing_in_a_window_that_was_seen_whole_is_told(field: Field) -> None:
    rule = await field.rule(kind="quiet", above=None, window_s=1_800)
    await field.pass_by([0] * 6)
    assert await field.turns(rule.id) == []  # the window ends where all is proved
    await field.pass_by([0] * 4)
    assert await field.turns(rule.id) == [("firing", 1, 1, "sent")]
    await field.pass_by([3, 2, 3, 3, 3])
    assert [turn[0] for turn in await field.turns(rule.id)] == ["firing", "resolved"]


@on_file
async def test_a_gap_is_not_silence(field: Field) -> None:
    rule = await field.rule(kind="quiet", above=None, window_s=1_800)
    field.clock.advance(3_600)
    field.proved[TAG, "here"] = field.now - 1_200_000  # what was before was missed
    await field.poll()
    await field.pass_by([0, 0])
    assert await field.turns(rule.id) == []


@on_file
async def test_a_source_that_misses_three_slots_is_told_once_and_so_is_its_return(field: Field) -> None:
    await field.fail(times=2)
    await field.watch.run()
    assert await field.events() == []
    await field.fail(times=3)
    for _ in range(3):
        field.clock.advance(60)
        await field.watch.run()
    field.clock.advance(60)
    await field.poll()
    await field.watch.run()
    told = await field.events()
    assert [event.type for event in told] == ["source.stale", "source.recovered"]
    for event in told:
        schemas.check(event.body)
        assert json.loads(event.body)["data"]["subject"] == {"source": "here"}


@on_file
async def test_a_worker_that_was_away_blames_no_source(field: Field) -> None:
    field.clock.advance(86_400)
    await field.worker().run()
    assert await field.events() == []


async def silence(field: Field, matcher: tuple[str, str], seconds: int) -> None:
    async with field.db.write() as session:
        await silences.create(session, Quiet(matcher, field.now, field.now + seconds * 1_000, None), "me", field.now)


async def test_what_is_silenced_is_recorded_and_sent_when_the_silence_ends(field: Field) -> None:
    await silence(field, ("hashtag", TAG), 1_530)
    await field.pass_by([120, 150, 150])
    assert await field.turns() == [("firing", 1, 1, "silenced")]
    await field.pass_by([150, 150])
    field.clock.advance(60)
    await field.watch.run()  # no post came, and it still fires
    assert await field.turns() == [
        ("firing", 1, 1, "silenced"), ("escalated", 1, 2, "silenced"), ("firing", 1, 3, "sent"),
    ]  # fmt: skip


@on_file
async def test_whoever_was_told_is_told_of_the_end_through_a_silence(field: Field) -> None:
    await field.pass_by([120, 150])
    await silence(field, ("rule", "rul_spikes"), 86_400)
    await field.pass_by([4] * 18)
    assert await field.turns() == [("firing", 1, 1, "sent"), ("resolved", 1, 2, "sent")]


@on_file
@pytest.mark.parametrize("gone", ["disabled", "deleted", "unfollowed"])
async def test_what_fires_ends_when_nobody_watches_it_any_more(field: Field, gone: str) -> None:
    rule = await field.rule(above=100, window_s=900)
    await field.pass_by([50, 50, 50])
    async with field.db.write() as session:
        if gone == "disabled":
            await session.execute(update(AlertRule).where(AlertRule.id == rule.id).values(enabled=False))
        elif gone == "deleted":
            await rules.remove(session, rule, field.now)
        else:
            await session.execute(update(Track).values(until_at=field.now))
    await field.watch.run()
    await field.watch.run()
    assert [turn[0] for turn in await field.turns(rule.id)] == ["firing", "resolved"]


@on_file
async def test_the_end_is_told_to_whom_the_beginning_was_though_the_rule_tells_others_now(field: Field) -> None:
    async with field.db.write() as session:
        for name in ("end_a", "end_b"):
            await endpoints.create(session, endpoints.Kept(name, 1, 0, Described(name, "https://a.example")))
    rule = await field.rule(above=100, window_s=900, endpoints=("end_a",))
    await field.pass_by([50, 50, 50])
    async with field.db.write() as session:
        await rules.change(session, rule, replace(rule.it, endpoints=("end_b",)), field.now)
    await field.pass_by([0] * 8)
    told = select(Event.type, Delivery.endpoint_id).join(Delivery, Delivery.event_id == Event.id)
    async with field.db.read() as session:
        rows = {(row.type, row.endpoint_id) for row in await session.execute(told.where(Event.rule_id == rule.id))}
    assert rows == {("alert.firing", "end_a"), ("alert.resolved", "end_a"), ("alert.resolved", "end_b")}


@on_file
async def test_a_hashtag_that_is_polled_every_two_hours_is_told_of_at_the_second_poll(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.alerts.field.INTERVAL_S", 7_200)
    monkeypatch.setattr("tests.alerts.field.LAG", 4 * HOUR)
    field = Field(db)
    await field.follow()
    await field.poll()
    rule = await field.rule(above=100, window_s=7_200)
    await field.pass_by([150, 150, 150])
    assert await field.turns(rule.id) == [("firing", 1, 1, "sent")]


@on_file
async def test_the_state_of_another_detector_is_learnt_anew(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spikes, "VERSION", spikes.VERSION + 1)
    await field.pass_by([120, 150])
    assert await field.turns() == [("firing", 1, 1, "sent")]


async def test_two_workers_tell_it_once(field: Field) -> None:
    await field.pass_by([120])
    await field.sums(bucket_of(field.now, 300_000), [150])
    field.clock.advance(300)
    await field.poll()
    await asyncio.gather(*(field.worker().run() for _ in range(4)))
    assert await field.turns() == [("firing", 1, 1, "sent")]
    assert len({event.id for event in await field.events()}) == len(await field.events()) == 1


@on_file
async def test_a_worker_whose_clock_is_behind_takes_nothing_away(field: Field) -> None:
    async with field.db.write() as session:
        assert await jobs.claim(session, "watch", field.now + 1_000)
        assert await jobs.claim(session, "watch", field.now) is None


@on_file
async def test_a_clock_that_was_set_back_keeps_nobody_out(field: Field) -> None:
    """The lease of a worker that died lies an hour ahead; times of posts are those of the platforms."""
    await field.pass_by([120, 150])
    async with field.db.write() as session:
        assert await jobs.claim(session, "watch", field.now + HOUR)
    assert await field.watch.run()
    assert await field.turns() == [("firing", 1, 1, "sent")]


@on_file
async def test_a_detector_that_was_lost_begins_again_with_the_past(field: Field) -> None:
    async with field.db.write() as session:
        await session.execute(delete(DetectorState))
    await field.pass_by([4, 5, 120, 150])
    assert await field.turns() == [("firing", 1, 1, "sent")]


@on_file
async def test_one_source_of_two_that_is_behind_hides_no_spike_of_the_other(field: Field) -> None:
    """What it did not see is a gap, and the rest a lower bound."""
    await field.follow(source="there", platform="bluesky")
    await field.usual(4, platform="bluesky")
    await field.poll(source="there")
    await field.pass_by([4] * 4)
    await field.fail(source="there")
    await field.pass_by([4] * 30)
    assert await field.turns() == []
    await field.pass_by([300, 300])
    assert [turn[0] for turn in await field.turns()] == ["firing"]
    body = [event.body for event in await field.events() if event.type == "alert.firing"][-1]
    assert json.loads(body)["data"]["data_quality"] == {"coverage": 1.0, "gaps": 0, "stale": True}


@on_file
async def test_a_spike_whose_sources_are_all_behind_is_held_back_until_one_is_not(field: Field) -> None:
    await field.pass_by([120])
    await field.fail()
    await field.sums(field.now, [150])
    field.clock.advance(300)
    async with field.db.write() as session:  # it read, and then fell ill
        await session.execute(update(Track).values(due_at=field.now))
    await field.poll()
    await field.fail()
    await field.watch.run()
    assert await field.turns() == [("firing", 1, 1, "inhibited")]
    await field.pass_by([150])
    assert await field.turns() == [("firing", 1, 1, "inhibited"), ("firing", 1, 2, "sent")]


async def test_a_source_that_brings_nothing_is_told_and_one_that_was_not_asked_is_not(field: Field) -> None:
    rule = await field.rule(kind="quiet", subject=("source", "1"), metric=None, above=None, window_s=3_600)
    await field.asked(new=1)
    field.clock.advance(3_600)
    await field.watch.run()
    await field.watch.run()
    assert await field.turns(rule.id) == []  # it brought one at the beginning of the window
    for minutes in (10, 1):
        await field.asked(new=0)
        field.clock.advance(minutes * 60)
        await field.watch.run()
    assert [turn[0] for turn in await field.turns(rule.id)] == ["firing"]
    await field.asked(new=2)
    for _ in range(2):
        field.clock.advance(900)
        await field.watch.run()
    assert [turn[0] for turn in await field.turns(rule.id)] == ["firing", "resolved"]


async def test_numbers_that_are_made_again_are_learnt_again(field: Field) -> None:
    async with field.db.write() as session:
        assert await watching.seen_to(session)
        await rebuild.rebuild(session, subject_key("hashtag", TAG), field.now)
        assert await watching.seen_to(session) == {}


async def likes(field: Field, rule: str, values: list[int], guessed: int = 0) -> list[str]:
    for value in values:
        more = {"moved": abs(value), "estimated": abs(value) * guessed // 100}
        await field.sums(bucket_of(field.now, 300_000), [value], metric="likes", more=more)
        field.clock.advance(300)
        await field.poll()
        await field.watch.run()
    return [turn[0] for turn in await field.turns(rule)]


@on_file
@pytest.mark.parametrize(
    ("values", "guessed", "told"),
    [
        ([401, 407, 411, 397, 403, 409], 0, ["firing"]),
        ([401, 407, 411, 397, 403, 409], 60, []),  # gained between looks hours apart: nobody knows when
        ([-3_001, 3_001, 41, 39, 40, 37], 0, []),  # a count that drops and comes back
    ],
    ids=["gained", "guessed", "dropped"],
)
async def test_engagement_is_a_spike_where_it_is_known_to_have_been_gained(
    db: Database, values: list[int], guessed: int, told: list[str]
) -> None:
    field = Field(db)
    await field.follow()
    rule = await field.rule(kind="spike", metric="engagement", above=None, window_s=3_600)
    await field.usual(40, metric="likes")
    await field.poll()
    await field.watch.run()
    assert (await likes(field, rule.id, [39, 41, 37, *values], guessed))[:1] == told


@on_file
async def test_a_tick_works_where_something_was_written_and_each_minute(field: Field) -> None:
    """Nothing new was told: a quiet database is left alone, until a minute has gone by."""
    rows = await field.worked()
    await field.watch.tick()
    first = await field.worked()
    await field.watch.tick()
    assert rows < first == await field.worked()
    field.clock.advance(61)
    await field.watch.tick()
    assert await field.worked() > first


@on_file
async def test_a_past_that_a_file_brings_is_no_news(field: Field) -> None:
    """Four hours of 75 posts each five minutes, up to now: more than ever, and not because it takes off."""
    await field.pass_by([4])
    posts = [
        Post(f"https://a.example/{number}", from_ms(field.now - number * 4_000), Engagement(), tags=(TAG,))
        for number in range(3_600)
    ]
    async with field.db.write() as session:
        await keep(session, Arrivals("mastodon", posts, field.now, 9, live=False, looked=False), field.now)
    await field.watch.run()
    await field.pass_by([79, 81])
    assert await field.turns() == []
