"""A post is written at a platform: how soon is it on the campaign's page that lies open? Service and browser are real.

Each post is born right after a poll, which is the longest wait: what is told is the time beyond the poll's interval.
"""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from app import sources
from app.db.engine import Database
from app.settings import Settings
from app.store import campaigns, following
from app.store.campaigns import Described
from app.store.sources import NewSource
from bench.databases import fresh
from bench.machine import Figure
from bench.server import COMMAND, free_port, percentile, wait_until_ready
from sandbox.ids import MASTODON
from sandbox.script import Script
from sandbox.server import Running, clock, start
from tests.browser import chromium

PAGES, POSTS, INTERVAL_S, PATIENCE_S = 6, 4, 5, 30.0
TAG = "dot"
# The instants at which the page's sum of posts changed, as the page itself sees them.
_WATCH = """() => {
    const read = () => document.querySelector("#sums dd")?.textContent ?? "0";
    const curve = () => document.querySelector("#charts path.partial, #charts path.seen")?.getAttribute("d");
    window.seen = {};
    new MutationObserver(() => { if (curve()) window.seen[read()] ??= Date.now(); })
        .observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def run() -> list[Figure]:
    with fresh("SQLite") as url, _platform() as there, _service(url, there) as root, chromium.started() as browser:
        waits: list[float] = []
        for _ in range(PAGES):  # each begins to listen at another place of the ticks
            page = browser.new_page(locale="en-GB")
            page.goto(f"{root}/campaigns/{TAG}?range=24h", wait_until="load")
            page.evaluate(_WATCH)
            waits += [_wait(page, there, len(waits) + number) for number in range(1, POSTS + 1)]
            time.sleep(0.37)
            page.close()
    beyond = [wait - INTERVAL_S for wait in waits]
    p50, p95 = (percentile(beyond, share) / 1_000 for share in (0.5, 0.95))
    what = f"a post born right after a poll, to its dot on the open page, beyond the poll's interval of {INTERVAL_S} s"
    measured = f"p50 {p50:.2f} s, p95 {p95:.2f} s, at most {max(beyond):.2f} s ({len(beyond)} posts)"
    return [Figure(what, measured, "< 2 s")]


def _wait(page: Page, there: Running, number: int) -> float:
    """Seconds from the birth of the post of that number until the page shows that many."""
    polls = len(there.faults.asked)
    end = time.monotonic() + 2 * PATIENCE_S
    while len(there.faults.asked) == polls:
        assert time.monotonic() < end, "nobody polls"
        time.sleep(0.01)
    time.sleep(0.1)  # its answer is out
    born = clock()
    assert isinstance(there.world, Script)
    there.world.add_post(MASTODON, there.world.people["ada"], f"number {number} #{TAG}")
    page.wait_for_function(f"() => {number} in window.seen", timeout=PATIENCE_S * 1_000)
    return float(page.evaluate(f"() => window.seen[{number}]") - born) / 1_000


@contextmanager
def _platform() -> Iterator[Running]:
    """The sandbox with a world of our own, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    world = Script(clock)
    world.join("ada")
    there = asyncio.run_coroutine_threadsafe(start(world=world), loop).result(10)
    try:
        yield there
    finally:
        asyncio.run_coroutine_threadsafe(there.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def _service(url: str, there: Running) -> Iterator[str]:
    """`groundswell up`: it serves and works."""
    port = free_port()
    ours = {"PORT": str(port), "DATABASE_URL": url, "POLL_SECONDS": str(INTERVAL_S), "ALLOW_NETWORKS": "127.0.0.0/8"}
    asyncio.run(_follow(url, there))
    env = os.environ | {f"GROUNDSWELL_{name}": value for name, value in ours.items()}
    process = subprocess.Popen([COMMAND, "up"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def _follow(url: str, there: Running) -> None:
    db, now = Database(url), clock()
    settings = Settings(_env_file=None, database_url=url, secret_key="k" * 40, allow_networks="127.0.0.0/8")
    await sources.add(db, settings, NewSource("mastodon", "here", there.url, None, None), now)
    async with db.write() as session:
        await following.follow(session, f"#{TAG}", None, now, INTERVAL_S)
        told = Described(TAG, "Dots", "other", None, None, (f"#{TAG}",))
        await campaigns.create(session, told, now, INTERVAL_S)
    await db.close()
