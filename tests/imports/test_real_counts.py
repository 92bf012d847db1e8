"""Real daily counts of videos: what the curve gains is what the file says, to the last view."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.clock import to_ms
from app.db.engine import Database
from app.store.curves import Ask, growth
from tests.imports.files import NOW, bring, differences

COLUMNS = {"likes": "likes", "replies": "comment_count", "views": "views"}


def levels(path: Path) -> dict[str, dict[datetime, dict[str, str]]]:
    """By video and day."""
    found: dict[str, dict[datetime, dict[str, str]]] = {}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            day = datetime.strptime(row["trending_date"], "%y.%d.%m").replace(tzinfo=UTC)
            found.setdefault(row["video_id"], {})[day] = row
    return found


def number(text: str) -> int | None:
    return int(float(text)) if text else None


async def test_gains_over_the_whole_history_are_the_last_levels(db: Database, tmp_path: Path, shared: Path) -> None:
    videos = levels(shared / "growth" / "youtube_trending_daily.csv.gz")
    posts = [
        {"platform": "youtube", "native_id": video, "created_at": (min(days) - timedelta(hours=9)).isoformat(),
         "hashtags": "#Trending", "author_id": video[:4]}
        for video, days in videos.items()
    ]  # fmt: skip
    looks: list[dict[str, Any]] = [
        {"platform": "youtube", "native_id": video, "observed_at": day.isoformat(),
         **{name: number(row[column]) for name, column in COLUMNS.items()}}
        for video, days in videos.items() for day, row in days.items()
    ]  # fmt: skip
    assert (await bring(db, tmp_path, "posts", posts)).kept == len(videos)
    assert (await bring(db, tmp_path, "snapshots", looks)).kept == len(looks)
    end = to_ms(max(max(days) for days in videos.values())) + 86_400_000
    async with db.read() as session:
        curve = await growth(session, "hashtag", "trending", Ask(end=end, step="1d", zone="Asia/Kolkata"), NOW)
    for name, column in COLUMNS.items():
        last = [number(days[max(days)][column]) or 0 for days in videos.values()]
        assert sum(value or 0 for value in curve["series"][name]) == sum(last)
    assert curve["series"]["posts_total"][-1] == len(videos)
    assert set(curve["series"]["reposts"]) == {None}
    assert await differences(db) == []
