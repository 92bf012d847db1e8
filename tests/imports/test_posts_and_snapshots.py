from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.db.engine import Database
from app.models import Account, AccountLook, Hashtag, Post, Rollup, Snapshot, Source, Subject, Track
from app.store.curves import Ask, growth
from tests.imports.files import BORN, NOW, bring, brought, differences, everything, look, post, write


async def count(db: Database, table: type) -> int:
    async with db.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_posts_bring_their_hashtags_a_curve_and_snapshots_make_it_grow(db: Database, tmp_path: Path) -> None:
    posts = await bring(db, tmp_path, "posts", [post(n) for n in range(1, 5)])
    assert (posts.rows, posts.kept, posts.repeated, posts.rejected, posts.rejects_path) == (4, 4, 0, 0, None)
    looks = await bring(
        db, tmp_path, "snapshots", [look(n, after, likes=after // 60) for n in (1, 2) for after in (60, 6_000)]
    )
    assert (looks.rows, looks.kept) == (4, 4)
    async with db.read() as session:
        curve = await growth(session, "hashtag", "rain", Ask(step="1d"), NOW)
        source = (await session.execute(select(Source))).scalar_one()
        track = (await session.execute(select(Track))).scalar_one()
        hashtag = (await session.execute(select(Hashtag))).scalar_one()
    assert curve["totals"]["posts"] == 4
    assert curve["totals"]["authors"] == 3
    assert curve["totals"]["likes"] == 200
    assert curve["series"]["coverage"][0] == 1.0
    assert (source.name, source.kind, source.platform) == ("import:mastodon", "import", "mastodon")
    assert (track.since_at, track.until_at, track.due_at) == ((BORN + 60) * 1_000, (BORN + 240) * 1_000 + 1, None)
    assert (hashtag.tag, hashtag.spelling, hashtag.followed_at) == ("rain", "Rain", NOW)
    assert await differences(db) == []


async def test_the_same_files_again_change_nothing(db: Database, tmp_path: Path) -> None:
    posts, looks = [post(n) for n in range(1, 9)], [look(n) for n in range(1, 9)]
    await bring(db, tmp_path, "posts", posts)
    await bring(db, tmp_path, "snapshots", looks)
    before = await everything(db)
    again = await bring(db, tmp_path, "posts", posts)
    assert (again.kept, again.repeated) == (0, 8)
    again = await bring(db, tmp_path, "snapshots", looks)
    assert (again.kept, again.repeated, again.rejected) == (0, 8, 0)
    assert await everything(db) == before


async def test_rows_that_repeat_within_a_file_count_once(db: Database, tmp_path: Path) -> None:
    posts = await bring(db, tmp_path, "posts", [post(1), post(2), post(1)])
    looks = await bring(db, tmp_path, "snapshots", [look(1), look(1), look(2)])
    assert (posts.kept, posts.repeated) == (2, 1)
    assert (looks.kept, looks.repeated) == (2, 1)
    assert (await count(db, Post), await count(db, Snapshot)) == (2, 2)
    assert await differences(db) == []


async def test_a_row_for_each_hashtag_of_a_post_adds_them_up(db: Database, tmp_path: Path) -> None:
    summary = await bring(db, tmp_path, "posts", [post(1, hashtags="#Rain"), post(1, hashtags="#Wind sun")])
    assert (summary.kept, summary.repeated) == (1, 1)
    async with db.read() as session:
        refs = (await session.execute(select(Subject.ref).order_by(Subject.ref))).scalars().all()
    assert refs == ["rain", "sun", "wind"]
    assert await differences(db) == []


async def test_an_empty_cell_is_unknown_and_never_zero(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1, followers=None, author=None, author_id=None)])
    await bring(
        db, tmp_path, "snapshots", [look(1, likes=5, reposts=None, views=None), look(1, 900, likes=None, reposts=0)]
    )
    async with db.read() as session:
        looks = (await session.execute(select(Snapshot).order_by(Snapshot.observed_at))).scalars().all()
        stored = (await session.execute(select(Post))).scalar_one()
        curve = await growth(session, "hashtag", "rain", Ask(step="1h"), NOW)
    assert [(row.likes, row.reposts, row.views) for row in looks] == [(5, None, None), (None, 0, None)]
    assert (stored.likes, stored.reposts, stored.views, stored.followers, stored.author_id) == (5, 0, None, None, None)
    assert curve["totals"]["views"] is None
    assert curve["totals"]["reposts"] == 0
    assert curve["series"]["followers"][0] is None


async def test_a_look_before_the_birth_moves_the_birth(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1)])
    await bring(db, tmp_path, "snapshots", [look(1), look(1, -7_200, likes=0)])
    async with db.read() as session:
        stored = (await session.execute(select(Post))).scalar_one()
    assert stored.born_at == (BORN + 60 - 7_200) * 1_000
    assert await differences(db) == []


async def test_posts_known_before_their_hashtag_was_followed_are_counted(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1), post(2)])
    async with db.write() as session:  # as a live source would have left it: carried, not followed
        for table in (Subject, Rollup):
            for row in (await session.execute(select(table))).scalars():
                await session.delete(row)
    summary = await bring(db, tmp_path, "posts", [post(3)])
    assert summary.kept == 1
    async with db.read() as session:
        curve = await growth(session, "hashtag", "rain", Ask(step="1d"), NOW)
    assert curve["totals"]["posts"] == 3
    assert await differences(db) == []


async def test_followers_of_a_file_are_of_the_posts_time(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1, followers=7), post(4, followers=9)])  # one author
    async with db.read() as session:
        account = (await session.execute(select(Account))).scalar_one()
        looks = (await session.execute(select(AccountLook.observed_at))).scalars().all()
    assert (account.handle, account.followers, account.followers_at) == ("u1", 9, (BORN + 240) * 1_000)
    assert sorted(looks) == [(BORN + 60) * 1_000, (BORN + 240) * 1_000]


async def test_a_file_of_many_batches_equals_one_of_few(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.imports.looks import Snapshots
    from app.imports.posts import Posts

    monkeypatch.setattr(Posts, "batch", 7)
    monkeypatch.setattr(Snapshots, "batch", 11)
    seen: list[tuple[int, int | None]] = []
    posts = await bring(db, tmp_path, "posts", [post(n) for n in range(50)], progress=lambda *at: seen.append(at))
    looks = [look(n, 600 * k, likes=k) for n in range(50) for k in (1, 2, 3)]
    kept = await bring(db, tmp_path, "snapshots", sorted(looks, key=lambda row: row["observed_at"]))
    assert (posts.kept, kept.kept) == (50, 150)
    size = (tmp_path / "posts.csv").stat().st_size
    assert len(seen) == 8
    assert seen[-1] == (size, size)
    assert await differences(db) == []
    async with db.read() as session:
        spans = [tuple(row) for row in await session.execute(select(Track.since_at, Track.until_at))]
    assert spans == [(BORN * 1_000, (BORN + 49 * 60) * 1_000 + 1)]


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.jsonl", "x.jsonl.gz", "x.parquet", "x.parquet.gz"])
async def test_every_format_gives_the_same(db: Database, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "x.parquet.gz":
        import gzip

        plain = write(tmp_path / "plain.parquet", [post(n) for n in range(1, 4)])
        path.write_bytes(gzip.compress(plain.read_bytes()))
    else:
        write(path, [post(n) for n in range(1, 4)])
    summary = await brought(db, "posts", path)
    assert (summary.rows, summary.kept, summary.rejected) == (3, 3, 0)
    looks = [look(1), look(2, views=None), look(3, likes=None, views=9)]
    summary = await brought(db, "snapshots", write(tmp_path / name.removesuffix(".gz"), looks))
    assert (summary.rows, summary.kept, summary.rejected) == (3, 3, 0)
    async with db.read() as session:
        rows = await session.execute(select(Snapshot.likes, Snapshot.views).order_by(Snapshot.observed_at))
    assert [tuple(row) for row in rows] == [(10, None), (10, None), (None, 9)]
    assert await differences(db) == []


async def test_parquet_of_other_makers_has_timestamps_lists_and_numbers(db: Database, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({
        "platform": pa.array(["x"]).dictionary_encode(), "native_id": pa.array([123], pa.int64()),
        "created_at": pa.array([BORN * 10**9 + 1], pa.timestamp("ns")), "hashtags": [["Rain", "Wind"]],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "posts.parquet")
    assert (await brought(db, "posts", tmp_path / "posts.parquet")).kept == 1
    async with db.read() as session:
        stored = (await session.execute(select(Post))).scalar_one()
    assert (stored.platform, stored.native_id, stored.created_at) == ("x", "123", BORN * 1_000)


@pytest.mark.parametrize("kind", ["posts", "snapshots", "accounts", "counts", "coverage"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_a_file_without_rows_is_no_error(db: Database, tmp_path: Path, kind: str, form: str) -> None:
    from app.exports.writers import writer
    from app.store.columns import FILES

    out = writer(FILES[kind], form)
    path = tmp_path / f"x.{form}"
    path.write_bytes(out.end())
    summary = await brought(db, kind, path)
    assert (summary.rows, summary.kept, summary.rejected) == (0, 0, 0)


async def test_a_byte_order_mark_quotes_and_line_breaks_are_read(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    text = "platform,native_id,created_at,hashtags,text\r\n"
    text += 'Mastodon,1,2026-02-25T06:13:20+01:00,Rain,"a, ""b""\r\nc"\r\n\r\n'
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert (await brought(db, "posts", path)).kept == 1
    async with db.read() as session:
        stored = (await session.execute(select(Post))).scalar_one()
    assert (stored.platform, stored.created_at) == ("mastodon", 1_771_996_400_000)
