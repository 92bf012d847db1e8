"""Real workers as processes of their own. One process has imported all that they need, and forks them when told.

Told on standard input, a JSON object a line: `{"start": {...}}` answers with the worker's pid, `{"wait": pid}` with how
it ended. A worker runs the scheduler until SIGTERM, or until it is killed.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from dataclasses import replace
from typing import Any

from app import failpoints
from app.clock import SystemClock
from app.db.engine import Database
from app.polling import patience
from app.scheduler import Scheduler
from app.settings import Settings
from app.store import jobs, sending, sources, streams, tracks
from collectors import streaming
from collectors.mastodon import Mastodon


def work(url: str, failpoint: str, calls: int | None, settings: dict[str, Any]) -> None:
    os.environ["GROUNDSWELL_FAILPOINT"] = failpoint
    importlib.reload(failpoints)
    # A claim that lapses after half a minute would make each kill cost as much.
    tracks.LEASE_MS = sources.LEASE_MS = 1_000
    sending.LEASE_MS = 2_000
    jobs.LEASE_MS = streams.LEASE_MS = 1_000
    streaming.EVERY = 0.1
    patience.BEAT_S = 0.3
    if calls:
        wider = tuple(replace(one, limit=calls) for one in Mastodon.offer.allowances)
        Mastodon.offer = replace(Mastodon.offer, allowances=wider)
    asyncio.run(_until_told(Settings(_env_file=None, database_url=url, **settings)))


async def _until_told(settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = Database(settings.database_url)
    scheduler = Scheduler(db, settings, SystemClock())
    await scheduler.start()
    await stop.wait()
    await scheduler.stop()
    await db.close()


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        if "wait" in told:
            _, status = os.waitpid(told["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                code = 1
                try:
                    os.dup2(2, 1)
                    work(**told["start"])
                    code = 0
                finally:
                    os._exit(code)
        os.write(1, f"{answer}\n".encode())


if __name__ == "__main__":
    main()
