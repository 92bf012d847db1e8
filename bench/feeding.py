"""A worker process of its own that keeps new posts at an even pace: `python -m bench.feeding URL SECONDS`."""

import asyncio
import random
import sys
import time

from msgspec.structs import replace
from sqlalchemy import select

from app.clock import from_ms
from app.db.engine import Database
from app.models import Source, Track
from app.store import keep, tracks
from app.store.keep import Arrivals
from bench import ingest

RATE = 500


async def feed(url: str, seconds: float) -> tuple[float, float]:
    """Posts a second, and how late the latest page was. What is late is not left out."""
    db, rng = Database(url), random.Random(8)
    async with db.write() as session:
        followed = select(Track.id).join(Source, Source.id == Track.source_id).where(Source.kind != "import")
        track = (await session.execute(followed.limit(1))).scalar_one()
        claimed = await tracks.claim(session, track, int(time.time() * 1_000), even_if_early=True)
    assert claimed is not None
    began, late, number = time.monotonic(), 0.0, 0
    while (due := number * ingest.SIZE / RATE) < seconds:
        await asyncio.sleep(max(0.0, began + due - time.monotonic()))
        at = int(time.time() * 1_000)
        posts = [replace(post, created_at=from_ms(at - 5_000)) for post in ingest.page(number, rng)]
        async with db.write() as session:
            await tracks.hold(session, claimed, at, walks="[]")
            arrivals = Arrivals("mastodon", posts, at, claimed.source_id, plan=lambda born: born + 600_000)
            await keep.keep(session, arrivals, at)
        late, number = max(late, time.monotonic() - began - due), number + 1
    rate = number * ingest.SIZE / (time.monotonic() - began)
    await db.close()
    return rate, late


if __name__ == "__main__":
    print(*asyncio.run(feed(sys.argv[1], float(sys.argv[2]))))
