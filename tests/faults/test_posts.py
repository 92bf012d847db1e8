"""Posts that go and come back, and counters that fall: P19, P20."""

from app.models import Post, PostText, Snapshot
from app.store import curves
from sandbox.ids import BLUESKY
from sandbox.posts import Post as Written
from tests.faults.conftest import Opened, Spoiled
from tests.faults.proxy import rewrites
from tests.polling.town import KINDS, TAG, on


async def later(place: Spoiled, seconds: float = 700) -> None:
    """What a worker does after a while: looks at what is due."""
    place.advance(seconds)
    await place.refresh()


async def state(place: Spoiled, post: Written) -> tuple[str, int, bool]:
    rows = {row.native_id: row for row in await place.rows(Post)}
    row = rows[post.native_id]
    return row.state, row.absences, any(text.post_id == row.id for text in await place.rows(PostText))


@on(*KINDS)
async def test_p19_deleted_after_it_was_found_and_back_again(spoiled: Opened, kind: str) -> None:
    async with spoiled(kind) as place:
        kept, lost = place.write(2)
        place.script.like(lost, 5)
        place.advance(1)
        await place.visit()
        place.script.delete(lost)
        await later(place)
        assert await state(place, lost) == ("live", 1, True)
        await later(place)
        assert await state(place, lost) == ("gone", 2, False)
        assert await state(place, kept) == ("live", 0, True)
        await place.check()
        async with place.db.read() as session:
            curve = await curves.growth(session, "hashtag", TAG, curves.Ask(), place.now)
        assert sum(filter(None, curve["series"]["likes"])) == 5, "what is gone keeps what it gained"
        place.script.restore(lost)
        place.script.like(lost, 2)
        await later(place, 86_400)
        assert await state(place, lost) == ("live", 0, True)
        assert (await place.levels())[lost.native_id][0] == 7
        await place.check()


async def test_p19_absent_once_is_not_gone(spoiled: Opened) -> None:
    """The server forgot it for a moment: nothing is purged, and the next absence counts anew."""
    async with spoiled() as place:
        post = place.write(1)[0]
        await place.visit()
        for _ in range(2):
            place.script.delete(post)
            await later(place)
            assert await state(place, post) == ("live", 1, True)
            place.script.restore(post)
            await later(place)
            assert await state(place, post) == ("live", 0, True)
        await place.check()


async def test_p19_deleted_before_and_while_it_is_found(spoiled: Opened) -> None:
    async with spoiled() as place:
        before, during, after = place.write(3)
        place.script.delete(before)

        def delete(body: bytes) -> bytes:
            if place.script.records[during.native_id].shown(place.now) is not None:
                place.script.delete(during)
            return body

        place.proxy.spoil(rewrites(delete), 1)
        await place.visit()
        assert await place.native_ids() == {during.native_id, after.native_id}
        for _ in range(2):
            await later(place)
        assert await state(place, during) == ("gone", 2, False)
        await place.check()


@on("gotosocial", BLUESKY)
async def test_p19_an_account_that_is_suspended_and_returns(spoiled: Opened, kind: str) -> None:
    """All of its posts at once: more than a batch, so that no answer holds any of them."""
    async with spoiled(kind) as place:
        posts = place.write(30)
        await place.visit()
        for post in posts:
            place.script.delete(post)
        for _ in range(2):
            await later(place)
        assert {(await state(place, post))[0] for post in posts} == {"gone"}
        for post in posts:
            place.script.restore(post)
        await place.collect()
        assert {(await state(place, post))[0] for post in posts} == {"live"}
        await place.check()


@on("mastodon", BLUESKY)
async def test_p20_counts_fall_to_nothing_and_are_left_out(spoiled: Opened, kind: str) -> None:
    """Kept as seen: a fall is a fall, what is missing is unknown and never 0."""
    name = b"favourites_count" if kind == "mastodon" else b"likeCount"
    async with spoiled(kind) as place:
        post = place.write(1)[0]
        seen: list[int | None] = []
        for change in (1_000, -1_000, 1_000, None, -400):
            if change is None:
                place.proxy.spoil(rewrites(lambda body: body.replace(b'"' + name + b'":', b'"' + name + b'_no":')))
            else:
                place.script.change(post, likes=change)
            await place.visit()
            place.proxy.heal()
            seen.append(None if change is None else place.script.records[post.native_id].levels(place.now).likes)
        looks = sorted(await place.rows(Snapshot), key=lambda look: look.observed_at)
        assert [look.likes for look in looks] == seen == [1_000, 0, 1_000, None, 600]
        assert (await place.levels())[post.native_id][0] == 600
        async with place.db.read() as session:
            curve = await curves.growth(session, "hashtag", TAG, curves.Ask(step="15m"), place.now)
        assert sum(filter(None, curve["series"]["likes"])) == 600
        await place.check()
