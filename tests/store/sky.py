"""Campaigns with a known truth: hourly posts under a hashtag that was covered all along, each looked at twice."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import select

from app.analysis.contribution import METRICS, UNKNOWN
from app.clock import from_ms
from app.db.engine import Database
from app.models import Track
from app.store import campaigns, coverage, following, keep
from app.store.campaigns import Described
from app.store.keep import Arrivals
from app.store.looks import Readings
from collectors.posts import Account, Engagement, Post
from tests.api.conftest import add_source

HOUR, DAY = 3_600_000, 86_400_000
Row = tuple[int, str, int, int]
"""When, by whom, with how many followers, and what it gained in its first hour."""


async def follow(db: Database, tags: Sequence[str], start: int, end: int) -> int:
    source = await add_source(db, "sky.example")
    async with db.write() as session:
        for tag in tags:
            await following.follow(session, tag, [source], start, 300)
        for track in (await session.execute(select(Track.id))).scalars().all():
            await coverage.write(session, track, start, end, "complete")
    return source


async def campaign(
    db: Database, slug: str, tag: str, launched: int | None, now: int, people: Sequence[str] = ()
) -> None:
    async with db.write() as session:
        told = Described(slug, slug.title(), "other", launched, None, (tag,), tuple(people))
        await campaigns.create(session, told, now, 300)


async def rain(db: Database, source: int, tag: str, rows: Sequence[Row]) -> None:
    """Each post looked at at its birth, with nothing, and an hour later, with what it gained."""
    last = max(row[0] for row in rows) + HOUR
    async with db.write() as session:
        for begin in range(0, len(rows), 500):
            posts = [_post(tag, row) for row in rows[begin : begin + 500]]
            await keep.keep(session, Arrivals("mastodon", posts, last, source, live=False, looked=False), last)
        keys = [keep.post_key("mastodon", _name(tag, row)) for row in rows] * 2
        at = [row[0] for row in rows] + [row[0] + HOUR for row in rows]
        levels = np.full((len(keys), len(METRICS)), UNKNOWN, dtype=np.int64)
        levels[:, 0] = [0] * len(rows) + [row[3] for row in rows]
        known = Readings(np.array(keys), np.array(at), levels, source, np.zeros(len(keys), dtype=bool))
        await keep.keep_readings(session, known, last)


def _name(tag: str, row: Row) -> str:
    return f"https://sky.example/{tag}/{row[1]}/{row[0]}"


def _post(tag: str, row: Row) -> Post:
    at, who, followers, _ = row
    return Post(
        _name(tag, row), from_ms(at), Engagement(), local_id=_name(tag, row), tags=(tag,), text="x",
        author=Account(f"https://sky.example/users/{who}", handle=who, followers=followers),
    )  # fmt: skip
