"""Alerts to show, and forms to send as a browser does."""

import re

import httpx

from app.clock import DAY, HOUR
from app.db.engine import Database
from app.store import episodes
from app.store.episodes import Episode, Turn
from tests.dashboard.conftest import NOW

OPEN, OVER = "alr_open", "alr_over"


def episode(name: str, start: int, end: int | None, **more: object) -> Episode:
    given: dict[str, object] = {
        "id": name, "rule_id": "rul_spikes", "rule_name": "Spikes", "rule_version": 1, "kind": "spike",
        "severity": "high", "subject": "hashtag:rain", "episode": 1 if end else 2, "sequence": 1,
        "status": "resolved" if end else "firing", "metric": "posts", "window_s": 3_600, "value": 412.0, "peak": 412.0,
        "threshold": 120.0, "baseline": 31.0, "pending_since": start, "started_at": start, "ends_at": end,
        "evidence": [],
    }  # fmt: skip
    return Episode(**{**given, **more})  # type: ignore[arg-type]


async def tell(db: Database) -> None:
    """One that is open, and one that is over, of #rain."""
    async with db.write() as session:
        await episodes.keep(session, episode(OPEN, NOW - 2 * HOUR, None), [
            Turn(1, "firing", NOW - 2 * HOUR, 412.0, "sent"),
        ], NOW)  # fmt: skip
        await episodes.keep(session, episode(OVER, NOW - 2 * DAY - 20 * HOUR, NOW - 2 * DAY - 18 * HOUR), [
            Turn(1, "firing", NOW - 2 * DAY - 20 * HOUR, 400.0, "silenced"),
            Turn(2, "resolved", NOW - 2 * DAY - 18 * HOUR, 3.0, "unsaid"),
        ], NOW)  # fmt: skip


async def send(browser: httpx.AsyncClient, path: str, **fields: str | list[str]) -> httpx.Response:
    return await browser.post(path, data=fields)


def ids(answer: httpx.Response) -> str:
    """Of what was made: the end of the address that the browser is sent to."""
    found = re.fullmatch(r"/\w+/(\w+)\?done=made", answer.headers["location"])
    assert found
    return found[1]
