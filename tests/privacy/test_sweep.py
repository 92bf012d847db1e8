"""What is past its time goes, by each platform's terms and the owner's days, and what is over a limit is said."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

import collectors
from app.clock import DAY, HOUR, MINUTE, from_ms, to_ms
from app.db.engine import Database
from app.errors import Invalid
from app.exports import rows
from app.models import Account, Event, Post, PostText, Snapshot, Subject
from app.privacy import limits, report, sweep
from app.store import checkup, following, jobs, outbox, purging, rebuild, refreshing, retention
from app.store.as_of import sums_of
from app.store.curves import totals
from app.store.keep import post_key
from app.store.purging import How, Over
from app.store.refreshing import Known
from app.store.subjects import subject_key
from collectors.policy import Policy
from tests.alerts.outbox import alert
from tests.api.conftest import NOON, add_source, ago, arrive, post
from tests.privacy.keys import KEYS

NOW = to_ms(NOON)


@pytest.fixture
async def world(db: Database) -> Database:
    """Three posts under #rain: forty days, twenty days and one day old, each looked at three times."""
    db.keyed = KEYS.mac
    source = await add_source(db)
    async with db.write() as session:
        await following.follow(session, "#Rain", [source], NOW - 60 * DAY, 300)
    for number, days in ((1, 40), (2, 20), (3, 1)):
        for place, hours in enumerate((1, 3, 9)):
            shown = post(number, ("Rain",), ago(days=days), likes=10 * place)
            await arrive(db, source, [shown], ago(days=days) + timedelta(hours=hours))
    return db


async def told(db: Database) -> dict[str, object]:
    async with db.read() as session:
        for subject in await checkup.subjects(session):
            assert [one async for one in rebuild.verify(session, subject, NOW)] == []
        return dict(await totals(session, "hashtag", "rain", NOW - 60 * DAY, NOW, NOW))


async def left(db: Database) -> tuple[int, int, int]:
    """Posts, texts, readings."""
    async with db.read() as session:
        columns = (Post.id, PostText.post_id, Snapshot.post_id)
        rows = [(await session.execute(select(column))).all() for column in columns]
    return len(rows[0]), len(rows[1]), len(rows[2])


async def test_everything_is_kept_unless_somebody_says_days(world: Database) -> None:
    before = await told(world)
    swept = await sweep.sweep(world, NOW)
    assert (swept.removed, swept.rewritten, swept.over) == (0, False, [])
    assert (await left(world), await told(world)) == ((3, 3, 9), before)


@pytest.mark.parametrize(
    ("days", "stays"),
    [({"snapshots": 15}, (3, 3, 5)), ({"text": 1, "snapshots": 30, "posts": 39}, (2, 1, 6))],
    ids=["snapshots", "all"],
)
async def test_days_are_kept_and_sums_stay(
    world: Database, days: dict[str, int | None], stays: tuple[int, int, int]
) -> None:
    before = await told(world)
    async with world.write() as session:
        await retention.set_days(session, days)
    swept = await sweep.sweep(world, NOW)
    assert swept.rewritten
    assert (await left(world), await told(world)) == (stays, before)
    # Neither a look at the post nor another sweep changes that.
    await arrive(world, 1, [post(1, ("Rain",), ago(days=40), likes=30)], NOON)
    assert (await sweep.sweep(world, NOW + 2 * DAY)).posts == 0
    assert await told(world) is not None
    async with world.read() as session:
        (sealed,) = (await session.execute(select(Subject.sealed_at).where(Subject.kind == "hashtag"))).scalars()
        if sealed is not None:
            with pytest.raises(Invalid, match="facts were taken out"):
                await sums_of(session, subject_key("hashtag", "rain"), sealed - 1).first()


async def test_too_few_days_are_refused(world: Database) -> None:
    async with world.write() as session:
        for kind, days in (("text", 0), ("snapshots", 14), ("posts", 14)):
            with pytest.raises(Invalid, match=kind):
                await retention.set_days(session, {kind: days})


async def test_what_was_deleted_there_goes_here_and_may_come_back(world: Database) -> None:
    key = post_key("mastodon", "https://one.example/posts/3")
    async with world.write() as session:
        await outbox.put(session, _named(key), None, NOW)
        await refreshing.mark_absent(session, [Known(key, "3", 1)], [None], NOW)
    assert [(one.rule, one.posts) for one in await _over(world, NOW + DAY + MINUTE)] == [("deleted", 1)]
    assert (await sweep.sweep(world, NOW + HOUR)).deleted == 1
    async with world.read() as session:
        (body,) = (await session.execute(select(Event.body))).scalars()
        assert '"url":null' in body
        assert '"redacted":true' in body
        handles = set((await session.execute(select(Account.handle))).scalars())
        assert handles == {"user1@one.example", "user2@one.example", None}
    assert await _over(world, NOW + 2 * DAY) == []
    # Its home shows it again: it was hidden for a while.
    await arrive(world, 1, [post(3, ("Rain",), ago(days=1), likes=9)], from_ms(NOW + 2 * HOUR))
    assert (await left(world))[1] == 3


def _named(post_id: int) -> outbox.Event:
    event = alert(1, NOW)
    body = event.body.replace('"post_id":"1"', f'"post_id":"{post_id}"')
    return outbox.Event(event.id, event.type, NOW, body, event.alert_id, event.rule_id)


async def _over(db: Database, now: int) -> list[Over]:
    async with db.read() as session:
        return await sweep.over(session, now)


async def test_what_was_not_read_again_in_time_goes(world: Database) -> None:
    """As some terms want it; a look in time is enough, and a later one brings the words back."""
    terms = {"mastodon": limits.of(Policy(reread_within=timedelta(days=30)))}
    async with world.write() as session:
        await session.execute(update(Post).values(next_look_at=NOW))
        past = await purging.over(session, terms, limits.of(Policy()), NOW)
        assert [(one.rule, one.posts) for one in past] == [("not read again", 1)]
        await purging.purge(session, await purging.stale(session, terms, NOW, 9), NOW, How(mark=False))
        assert await purging.over(session, terms, limits.of(Policy()), NOW) == []
    assert (await left(world))[1] == 2
    await arrive(world, 1, [post(1, ("Rain",), ago(days=40), likes=30)], NOON)
    assert (await left(world))[1] == 3


async def test_every_platform_says_what_its_terms_ask(db: Database) -> None:
    async with db.read() as session:
        told = await report.made(session, NOW)
    assert [one["platform"] for one in told["platforms"]] == sorted(collectors.PLATFORMS)
    assert [one["platform"] for one in told["platforms"] if not one["terms"]] == []
    for one in told["platforms"]:
        # Looked at early enough that a look may fail once, and still be read again in time.
        late = one["reread_days"] is not None and one["looks_days"] is not None
        assert not late or one["looks_days"] <= one["reread_days"] - 2


async def test_two_workers_do_not_sweep_at_once(world: Database) -> None:
    async with world.write() as session:
        assert await jobs.claim(session, sweep.JOB, NOW) is not None
    assert (await sweep.sweep(world, NOW)).busy


async def test_an_export_holds_what_the_terms_let_be_handed_on(db: Database) -> None:
    """Of X ids, times and counters, whoever asks; of Mastodon what is kept."""
    for platform in ("x", "mastodon"):
        source = await add_source(db, platform, platform)
        async with db.write() as session:
            await following.follow(session, "#Rain", [source], NOW - DAY, 300)
        await arrive(db, source, [post(1, ("Rain",), ago(days=1))], NOON, platform)
    words = {"text", "url", "lang", "labels", "author", "handle", "name"}
    for kind in ("posts", "accounts", "snapshots"):
        names = rows.columns(kind).names
        pages = [page async for page in rows.pages(db, kind, rows.Query(), NOW)]
        found = [dict(zip(names, row, strict=True)) for page in pages for row in zip(*page.columns, strict=True)]
        filled = {row["platform"]: {name for name in row if row[name] is not None} for row in found}
        assert not filled["x"] & words, kind
        assert filled["x"] | words >= filled["mastodon"], kind
