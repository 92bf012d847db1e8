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
    with jetstream.poured(jetstream.Pouring(port, 0, count, RATE)):
        await asyncio.sleep(3)
        task = asyncio.create_task(stream.listen(db, jetstream.settings_for(db.url), clock, source))
        began = asyncio.get_running_loop().time()
        while (passed := asyncio.get_running_loop().time() - began) < MINUTES * 60 + 2:
            await asyncio.sleep(min(5.0, MINUTES * 60 + 2 - passed))
            assert not task.done(), task
            seen.append(resident())
        posts, reached = await jetstream.kept(db)
        late = to_ms(clock.now()) - reached
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    fifth = len(seen) // 5
    early, late_on = median(seen[fifth : 2 * fifth]), median(seen[-fifth:])
    with capfd.disabled():
        sys.stdout.write(
            f"\nstream soak on the {'file' if db.is_file else 'server'}: {MINUTES:g} minutes, {count:,} events, "
            f"{posts:,} kept, {late / 1_000:.1f} s behind; resident {early:.0f} MiB early, {late_on:.0f} MiB "
            f"at the end, most {max(seen):.0f} MiB\n"
        )
        sys.stdout.flush()
    assert posts == jetstream.matched(count)
    assert late_on < early * 1.05
