"""A stream at full speed for long: memory stays where it was, and nothing is lost."""

import asyncio
import os
import resource
import sys
from pathlib import Path
from statistics import median

import pytest

from app.clock import SystemClock, to_ms
from app.db.engine import Database
from app.polling import stream
from bench import jetstream

RATE = 20_000
MINUTES = float(os.environ.get("SOAK_MINUTES") or 60)


def resident() -> float:
    """Mebibytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 300)
async def test_an_hour_of_a_stream_at_full_speed(db: Database, capfd: pytest.CaptureFixture[str]) -> None:
    """SOAK_MINUTES makes it shorter."""
    clock, port = SystemClock(), jetstream.free_port()
    source = await jetstream.followed(db, port, to_ms(clock.now()))
    count = int(RATE * MINUTES * 60)
    seen: list[float] = []
    reached = 0
    with jetstream.poured(jetstream.Pouring(port, 0, count, RATE)):
        await asyncio.sleep(3)
        task = asyncio.create_task(stream.listen(db, jetstream.settings_for(db.url), clock, source))
        began = asyncio.get_running_loop().time()
        posts, passed = 0, 0.0
        # A busy machine may send more slowly than it should; then it takes longer.
        while posts < jetstream.matched(count) and passed < MINUTES * 90:
            await asyncio.sleep(5)
            assert not task.done(), task
            seen.append(resident())
            posts, reached = await jetstream.kept(db)
            passed = asyncio.get_running_loop().time() - began
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    fifth = max(1, len(seen) // 5)
    fifths = [median(seen[at * fifth : (at + 1) * fifth]) for at in range(5)]
    with capfd.disabled():
        sys.stdout.write(
            f"\nstream soak on the {'file' if db.is_file else 'server'}: {passed / 60:.1f} minutes, {count:,} events "
            f"({count / passed:,.0f}/s), {posts:,} kept, {(to_ms(clock.now()) - reached) / 1_000:.1f} s behind; "
            f"resident MiB, fifth by fifth: {', '.join(f'{one:.0f}' for one in fifths)}; most {max(seen):.0f}\n"
        )
        sys.stdout.flush()
    assert posts == jetstream.matched(count)
    assert fifths[4] < fifths[2] * 1.05  # what is held at first, page caches above all, is full by then
