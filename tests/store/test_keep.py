"""Single cases of keeping, each of which a rule names; the property tests find what no one thought of."""

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from app.clock import from_ms
from app.db.engine import Database
from app.errors import Collision
from app.models import Account, Hashtag, InfluencerAccount, Member, Post, PostText, Rollup, Snapshot, Tagging
from app.store import keep, rebuild
from app.store.accounts import account_key
from app.store.keep import Arrivals, Kept, post_key
from app.store.looks import LooksKept, Readings
from app.store.subjects import hashtag_key, subject_key
from collectors.posts import Account as Author
from collectors.posts import Engagement
from collectors.posts import Post as Value
from tests.store import world
from tests.store.test_rollups import differences, rollups
from tests.store.world import DAY, HOUR, IMPORT, MINUTE, NOW

RAIN, SUN, STAR = subject_key("hashtag", "rain"), subject_key("hashtag", "sun"), subject_key("influencer", "star")
BORN = NOW - DAY
POST = Value(
    "p1", from_ms(BORN), Engagement(likes=4), local_id="17", author=Author("u2", handle="ann", followers=10),
    tags=("#Rain",), text="first words", labels=("ad",),
)  # fmt: skip


@pytest.fixture
async def town(db: Database) -> Database:
    """What is followed is: #rain, #sun, a campaign and two people (tests.store.world)."""
    async with db.write() as session:
        await world.settle(session)
    return db


async def show(db: Database, *posts: Value, at: int = BORN + HOUR, source: int = 1, live: bool = True) -> Kept:
    async with db.write() as session:
        return await keep.keep(session, Arrivals("mastodon", posts, at, source, live, looked=live), NOW)


async def read(db: Database, likes: int, at: int, native_id: str = "p1") -> tuple[LooksKept, list[int]]:
    levels = np.array([[likes, -1, -1, -1, -1, -1]])
    post = np.array([post_key("mastodon", native_id)])
    async with db.write() as session:
        readings = Readings(post, np.array([at]), levels, IMPORT, np.array([False]))
        return await keep.keep_readings(session, readings, NOW)


async def total(db: Database, subject: int, column: str) -> int:
    rows = await rollups(db)
    return sum(row.get(column, 0) for key, row in rows.items() if key[0] == subject and key[1] == HOUR)


async def the_post(db: Database) -> Post:
    async with db.read() as session:
        return (await session.execute(select(Post))).scalar_one()


async def test_a_page_says_what_was_new(town: Database) -> None:
    assert await show(town, POST, replaced(native_id="p2")) == Kept(2, 2)
    assert await show(town, POST) == Kept(0, 0)
    assert await show(town, POST, at=BORN + 2 * HOUR) == Kept(0, 1)
    assert await show(town) == Kept()


def replaced(**changes: object) -> Value:
    known = {name: getattr(POST, name) for name in POST.__struct_fields__}
    return Value(**(known | changes))


async def test_another_level_at_a_known_instant_is_a_conflict_and_the_first_stands(town: Database) -> None:
    await show(town, POST)
    kept = await show(town, replaced(engagement=Engagement(likes=9)))
    assert (kept.looks_new, kept.conflicts) == (0, (0,))
    assert await total(town, RAIN, "likes") == 4
    await read(town, 5, BORN + 2 * HOUR)
    assert await read(town, 5, BORN + 2 * HOUR) == (LooksKept(0, 1, ()), [])
    assert await read(town, 6, BORN + 2 * HOUR) == (LooksKept(0, 0, (0,)), [])
    assert await read(town, 6, BORN, "unheard of") == (LooksKept(0, 0, ()), [0])


async def test_a_witness_is_kept_and_adds_nothing(town: Database) -> None:
    await show(town, POST)
    kept = await show(town, replaced(engagement=Engagement(likes=90)), at=BORN + 2 * HOUR, source=2)
    assert kept.looks_new == 1
    assert await total(town, RAIN, "likes") == 4
    async with town.read() as session:
        rows = await session.execute(select(Snapshot.source_id, Snapshot.witness).order_by(Snapshot.source_id))
        assert [tuple(row) for row in rows] == [(1, False), (2, True)]


async def test_a_live_source_takes_home_what_an_import_brought(town: Database) -> None:
    await show(town, replaced(local_id=None, author=None), source=IMPORT, live=False)
    before = await the_post(town)
    assert (before.source_id, before.looked_at, before.author_id) == (None, None, None)
    await show(town, POST)
    after = await the_post(town)
    assert (after.source_id, after.local_id, after.looked_at, after.followers) == (1, "17", BORN + HOUR, 10)
    assert await differences(town) == []


async def test_followers_are_those_of_the_earliest_look_that_showed_them(town: Database) -> None:
    await show(town, replaced(author=Author("u2", followers=20)), at=BORN + 2 * HOUR)
    await show(town, replaced(author=Author("u2", followers=None)), at=BORN + 3 * HOUR)
    await show(town, replaced(author=Author("u2", followers=30)), at=BORN + 4 * HOUR)
    assert await total(town, RAIN, "impressions") == 20
    await show(town, replaced(author=Author("u2", followers=10)), at=BORN + HOUR)
    assert [await total(town, RAIN, column) for column in ("impressions", "followers", "authors_new")] == [10, 10, 1]
    assert await differences(town) == []


async def test_a_page_that_comes_late_does_not_bring_back_old_words(town: Database) -> None:
    await show(town, replaced(text="second words", labels=()), at=BORN + 2 * HOUR)
    await show(town, POST, at=BORN + HOUR)
    async with town.read() as session:
        assert (await session.execute(select(PostText.text))).scalar() == "second words"
    assert (await the_post(town)).labels is None


async def test_a_tag_added_by_an_edit_counts_from_the_edit_and_one_taken_away_stays(town: Database) -> None:
    await show(town, POST)
    edited = replaced(tags=("sun",), edited_at=from_ms(BORN + 2 * HOUR), engagement=Engagement(likes=9))
    await show(town, edited, at=BORN + 3 * HOUR)
    assert await total(town, RAIN, "likes") == 9
    assert 0 < await total(town, SUN, "likes") < 5
    rows = await rollups(town)
    assert min(key[3] for key in rows if key[0] == SUN) >= BORN + 2 * HOUR - HOUR
    assert await differences(town) == []


async def test_a_post_that_counted_late_turns_out_to_have_counted_from_birth(town: Database) -> None:
    """Its second tag of the campaign came by an edit; an import says that it had the first one all along."""
    camp = subject_key("campaign", "camp")
    await show(town, replaced(tags=("snow",)))
    await show(town, replaced(tags=("rain",), engagement=Engagement(likes=9)), at=BORN + 3 * HOUR)
    assert await total(town, camp, "posts") == 1
    assert await total(town, camp, "likes") < 3
    await show(town, replaced(tags=("fog",), author=None), at=NOW, source=IMPORT, live=False)
    assert [await total(town, camp, column) for column in ("posts", "likes", "authors_new")] == [1, 9, 1]
    assert await total(town, RAIN, "likes") < 3
    assert await differences(town) == []


async def test_an_author_who_becomes_known_brings_the_post_to_their_curve_with_all_that_it_gained(
    town: Database,
) -> None:
    await show(town, replaced(author=None))
    assert await total(town, STAR, "posts") == 0
    await show(town, replaced(author=Author("u1", followers=3)), at=BORN + 2 * HOUR)
    assert [await total(town, STAR, column) for column in ("posts", "likes", "authors_new")] == [1, 4, 1]
    assert await differences(town) == []


async def test_someone_claimed_by_handle_is_recognised_when_first_met_or_when_the_handle_is_first_shown(
    town: Database,
) -> None:
    async with town.write() as session:
        session.add(InfluencerAccount(influencer_id="fan", platform="mastodon", handle="ann"))
        session.add(InfluencerAccount(influencer_id="star", platform="mastodon", handle="bob"))
    assert (await show(town, POST)).influencers == ("fan",)
    assert (await show(town, POST)).influencers == ()
    bob = replaced(native_id="p2", author=Author("u7"))
    assert (await show(town, bob)).influencers == ()
    assert (await show(town, replaced(native_id="p2", author=Author("u7", handle="bob")))).influencers == ("star",)
    async with town.write() as session:
        for name in ("fan", "star"):
            await rebuild.rebuild(session, subject_key("influencer", name), NOW)
    assert await total(town, STAR, "posts") == 1
    assert await differences(town) == []


async def test_tags_that_are_none_leave_no_hashtag_and_one_with_two_marks_is_the_same(town: Database) -> None:
    await show(town, replaced(tags=("#", " ", "##RAIN", "＃rain", "new")))
    async with town.read() as session:
        rows = await session.execute(select(Tagging.hashtag_id).order_by(Tagging.hashtag_id))
        assert list(rows.scalars()) == sorted([hashtag_key("rain"), hashtag_key("new")])
        tags = set((await session.execute(select(Hashtag.tag))).scalars())
    assert tags == {*world.TAGS, "new"}
    assert await total(town, RAIN, "posts") == 1


async def test_numbers_that_no_count_can_be_are_as_good_as_not_said(town: Database) -> None:
    """Two of them would not fit the sums: a page that shows them must be kept all the same."""
    top = 2**63 - 1
    broken = Engagement(likes=top, reposts=top, replies=2, views=10**11)
    for number in range(3):
        post = replaced(native_id=f"p{number}", engagement=broken, author=Author(f"u{number}", followers=top))
        await show(town, post)
        await show(town, post, at=BORN + 2 * HOUR)
    sums = {column: await total(town, RAIN, column) for column in ("likes", "gave_likes", "replies", "views", "moved")}
    assert sums == {"likes": 0, "gave_likes": 0, "replies": 6, "views": 3 * 10**11, "moved": 6}
    assert [await total(town, RAIN, column) for column in ("authored", "followed", "impressions")] == [3, 0, 0]
    assert await differences(town) == []


async def test_the_plan_says_when_a_post_is_looked_at_again(town: Database) -> None:
    async with town.write() as session:
        page = Arrivals("mastodon", [POST], BORN + HOUR, 1, plan=lambda born: born + 7, account_plan=99)
        await keep.keep(session, page, NOW)
    assert (await the_post(town)).next_look_at == BORN + 7
    async with town.read() as session:
        assert (await session.execute(select(Account.next_look_at))).scalar() == 99


async def test_two_names_with_one_id_are_said_aloud_and_nothing_is_kept(town: Database) -> None:
    await show(town, POST)
    async with town.write() as session:
        await session.execute(update(Post).values(native_id="another"))
    with pytest.raises(Collision, match="another"):
        await show(town, POST, replaced(native_id="p2"))
    async with town.write() as session:
        assert len((await session.execute(select(Post.id))).all()) == 1
        await session.execute(update(Account).values(native_id="someone else"))
    with pytest.raises(Collision, match="someone else"):
        await show(town, replaced(native_id="p2"))


async def test_several_pages_in_one_transaction_are_what_they_are_one_by_one(town: Database) -> None:
    async with town.write() as session:
        for minutes, followers in ((30, 5), (10, 9), (20, 7)):
            post = replaced(author=Author("u1", followers=followers), engagement=Engagement(likes=minutes))
            page = Arrivals("mastodon", [post], BORN + minutes * MINUTE, 1)
            await keep.keep(session, page, NOW)
    assert await total(town, STAR, "likes") == 30
    assert await total(town, STAR, "impressions") == 9
    assert await differences(town) == []
    async with town.read() as session:
        who = select(Account.followers).where(Account.id == account_key("mastodon", "u1"))
        assert (await session.execute(who)).scalar() == 5


async def test_old_buckets_have_no_five_minute_rows(town: Database) -> None:
    old = NOW - 20 * DAY
    await show(town, replaced(created_at=from_ms(old)), at=old + HOUR)
    await show(town, replaced(native_id="p2"))
    async with town.read() as session:
        rows = (await session.execute(select(Rollup.grain, Rollup.bucket).where(Rollup.subject_id == RAIN))).all()
    assert {grain for grain, bucket in rows if bucket < NOW - 15 * DAY} == {15 * MINUTE, HOUR}
    assert {grain for grain, bucket in rows if bucket > NOW - 15 * DAY} == {5 * MINUTE, 15 * MINUTE, HOUR}


async def test_verify_names_every_number_that_was_changed_by_hand_and_a_rebuild_mends_it(town: Database) -> None:
    await show(town, POST, replaced(native_id="p2"))
    right = await rollups(town)
    async with town.write() as session:
        mine = update(Rollup).where(Rollup.subject_id == RAIN, Rollup.grain == HOUR)
        await session.execute(mine.values(impressions=Rollup.impressions + 3))
        await session.execute(delete(Rollup).where(Rollup.subject_id == RAIN, Rollup.grain == 15 * MINUTE))
        gone = Member.post_id == post_key("mastodon", "p2")
        await session.execute(delete(Member).where(Member.subject_id == RAIN, gone))
    found = await differences(town, [RAIN])
    assert {(one.grain, one.column) for one in found if one.grain in (0, HOUR)} == {
        (HOUR, "impressions"),
        (0, f"member {post_key('mastodon', 'p2')}"),
    }
    assert {one.subject for one in found} == {"hashtag rain"}
    wrong = next(one for one in found if one.column == "impressions" and one.grain == HOUR)
    assert wrong.stored - wrong.rebuilt == 3
    assert {one.column for one in found if one.grain == 15 * MINUTE} >= {"posts", "likes", "authors_new"}
    async with town.write() as session:
        assert await rebuild.rebuild(session, RAIN, NOW) == 2
    assert await differences(town) == []
    assert await rollups(town) == right


async def test_verify_notices_a_post_that_says_otherwise_than_the_looks_at_it(town: Database) -> None:
    """What comes next is counted from a post's last levels: a wrong one would go on being wrong."""
    await show(town, POST)
    async with town.write() as session:
        await session.execute(update(Post).values(likes=5, views=1, looked_at=BORN))
    found = await differences(town, [RAIN])
    key = post_key("mastodon", "p1")
    assert {(one.column, one.stored, one.rebuilt) for one in found if one.grain == 0} == {
        (f"post {key} likes", 5, 4),
        (f"post {key} views", 1, -1),
        (f"post {key} last look", BORN, BORN + HOUR),
    }
    async with town.write() as session:
        await rebuild.rebuild(session, RAIN, NOW)
    assert await differences(town) == []


async def test_verify_notices_a_row_that_no_fact_explains(town: Database) -> None:
    await show(town, POST)
    async with town.write() as session:
        row = (await session.execute(select(Rollup).where(Rollup.subject_id == RAIN).limit(1))).scalar_one()
        columns = {column.name: getattr(row, column.name) for column in Rollup.__table__.columns}
        session.add(Rollup(**(columns | {"platform": "nowhere"})))
    found = await differences(town)
    assert {(one.platform, one.rebuilt) for one in found} == {("nowhere", 0)}


async def test_a_history_longer_than_a_chunk_is_rebuilt_and_verified_the_same(
    town: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [replaced(native_id=f"p{n}", author=Author(f"u{n % 3}", followers=n)) for n in range(9)]
    await show(town, *posts)
    right = await rollups(town)
    monkeypatch.setattr(rebuild, "CHUNK", 2)
    assert await differences(town) == []
    async with town.write() as session:
        await rebuild.rebuild(session, RAIN, NOW)
    assert await rollups(town) == right
