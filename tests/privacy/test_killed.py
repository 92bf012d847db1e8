"""Killed in the middle of an erasure, of a purge, or while the file is made anew: whoever comes next goes on."""

import asyncio
import shutil
from pathlib import Path

from sqlalchemy import update

from app.access.marks import Marks
from app.clock import to_ms
from app.db.engine import Database
from app.exports import rows
from app.models import Job
from app.privacy import sweep
from app.settings import Settings
from app.store import checkup, erasures, following, rebuild
from app.store.keep import post_key
from app.store.refreshing import Known, mark_absent
from tests.api.conftest import NOON, add_source, ago, arrive, post
from tests.cli import process

GONE = post_key("mastodon", "https://one.example/posts/2")


async def _fill(url: str, settings: Settings) -> None:
    db = Database(url, Marks(settings))
    source = await add_source(db)
    async with db.write() as session:
        await following.follow(session, "#Rain", [source], 0, 300)
    posts = [post(1, ("Rain",), ago(days=1), text="saffron one"), post(2, ("Rain",), ago(days=2), text="saffron two")]
    await arrive(db, source, posts, NOON)
    async with db.write() as session:
        await mark_absent(session, [Known(GONE, "2", 1)], [None], 0)
    await db.close()


async def _finish(url: str, settings: Settings) -> tuple[sweep.Swept, list[object], str]:
    """A sweep after all of them; what differs from a rebuild then, and what an export holds."""
    db = Database(url, Marks(settings))
    async with db.write() as session:
        await session.execute(update(Job).values(claimed_until=None))  # in fifteen seconds it would have lapsed
    swept = await sweep.sweep(db, to_ms(NOON), anew=True)
    async with db.read() as session:
        differ = [one for key in await checkup.subjects(session) async for one in rebuild.verify(session, key, 0)]
        assert await erasures.unfinished(session) == []
    kept = [str(page.columns) async for page in rows.pages(db, "posts", rows.Query(), to_ms(NOON))]
    await db.close()
    return swept, list(differ), "".join(kept)


def test_the_next_one_goes_on(tmp_path: Path, sqlite_template: Path) -> None:
    """On a file alone: there the bytes can be looked through, and what a transaction promises is the same on both."""
    shutil.copyfile(sqlite_template, tmp_path / "groundswell.db")
    database_url = f"sqlite:///{tmp_path / 'groundswell.db'}"
    key = tmp_path / "a.key"
    key.write_text("k" * 40)
    given = {"database_url": database_url, "secret_key_file": str(key)}
    settings = Settings(_env_file=None, database_url=database_url, secret_key_file=key)
    asyncio.run(_fill(database_url, settings))
    again = ("privacy", "--sweep")
    for place, words in (("erasing", ("erase", "user1@one.example", "--yes")), ("erased", again), ("purging", again)):
        assert process(*words, folder=tmp_path, **given, failpoint=place).code == -9, place
    swept, differ, kept = asyncio.run(_finish(database_url, settings))
    assert (swept.deleted, swept.rewritten, swept.over, differ) == (1, True, [], [])
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("groundswell.db*"))
    for word in ("saffron", "user1@one.example", "one.example/users/1"):
        assert word not in kept
        assert word.encode() not in raw
