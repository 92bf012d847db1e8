"""From a platform to what is told of it: a hashtag takes off, is polled, watched and on its way to whoever asked."""

from pathlib import Path

from sqlalchemy import select

from app.alerts.watch import Watch
from app.clock import HOUR, MINUTE
from app.db.engine import Database
from app.models import Alert, AlertTransition, Delivery, Endpoint, Event, Post
from sandbox.ids import MASTODON
from sandbox.posts import Person
from tests.alerts import schemas
from tests.clocks import FakeClock
from tests.polling.town import Town, on, town


async def minutes(place: Town, watch: Watch, who: list[Person], posts: int) -> None:
    """Five of them, with so many posts; then the poll that was due, and the watch."""
    for number in range(posts):
        place.advance(300 / posts)
        place.script.add_post(MASTODON, who[number % len(who)], "#farm is on")
    await place.until_due()
    await place.poll()
    await watch.tick()


@on("mastodon")
async def test_a_take_off_is_told_within_two_polls(db: Database, clock: FakeClock, tmp_path: Path, kind: str) -> None:
    async with town(db, clock, tmp_path, kind) as place:
        watch = Watch(db, place.settings, clock)
        crowd = [place.script.join(f"someone{number}") for number in range(20)]
        for back in range(24 * 60, 0, -6):
            place.script.add_post(MASTODON, crowd[back % 20], "#farm goes on", created_at=place.now - back * MINUTE)
        await place.follow()
        async with db.write() as session:
            session.add(Endpoint(
                id="end_1", name="ours", kind="webhook", url="https://hooks.example/", language="en", created_at=0,
            ))  # fmt: skip
        for _ in range(4):
            await minutes(place, watch, crowd, 1)
        assert await place.rows(Alert) == []

        leader = place.script.join("leader", followers=90_000)
        first = place.script.add_post(MASTODON, leader, "#farm takes off")
        await minutes(place, watch, crowd, 45)
        place.script.like(first, 400)
        began = place.now
        await minutes(place, watch, crowd, 60)

        (alert,) = await place.rows(Alert)
        assert (alert.rule_id, alert.subject, alert.status) == ("rul_spikes", "hashtag:farm", "firing")
        assert alert.started_at <= began + 5 * MINUTE + HOUR // 60
        assert 100 < alert.value < 120
        (event,) = await place.rows(Event)
        data = schemas.check(event.body)["data"]
        assert [turn.told for turn in await place.rows(AlertTransition)] == ["sent"]
        assert [(one.event_id, one.endpoint_id, one.state) for one in await place.rows(Delivery)] == [
            (event.id, "end_1", "waiting")
        ]
        assert data["data_quality"]["stale"] is False
        assert len(data["evidence"]) == 10
        async with db.read() as session:
            mine = (await session.execute(select(Post.id).where(Post.native_id == first.native_id))).scalar_one()
        (carrier,) = [one for one in data["evidence"] if one["post_id"] == str(mine)]
        assert carrier["url"].startswith("http")
        assert carrier["url"] not in alert.evidence  # whoever is erased is not found there
