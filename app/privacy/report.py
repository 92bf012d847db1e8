"""What the terms of each platform ask, what is kept how long, and what is over a limit: the proof, for whoever asks."""

from typing import Any

from app.clock import HOUR, rfc3339
from app.db.engine import ReadSession
from app.privacy import limits, sweep
from app.store import erasures, purging, retention
from collectors.policy import Policy


async def made(session: ReadSession, now: int, *, readings: bool = True) -> dict[str, Any]:
    """`readings`: also when each platform's posts were read last, for which all of them are looked through."""
    oldest = await purging.oldest_read(session) if readings else {}
    days = await retention.days(session)
    found = await sweep.over(session, now)
    return {
        "platforms": [_platform(name, one, oldest.get(name)) for name, one in sorted(limits.policies().items())],
        "retention": {kind: days.get(kind) for kind in retention.KINDS},
        "over": [
            {"platform": one.platform, "rule": one.rule, "posts": one.posts, "since": _time(one.since)} for one in found
        ],
        "unfinished": len(await erasures.unfinished(session)),
        "rewritten_at": _time(await retention.done_at(session, sweep.REWRITTEN)),
        "removed_at": _time(await retention.done_at(session, sweep.REMOVED)),
    }


def _platform(name: str, one: Policy, oldest: int | None) -> dict[str, Any]:
    kept = limits.of(one)
    return {
        "platform": name, "purge_hours": kept.purge_within // HOUR,
        "looks_days": one.looks_within and one.looks_within.days,
        "reread_days": one.reread_within and one.reread_within.days, "handed_on": one.handed_on,
        "withheld": sorted(one.withheld), "terms": one.terms,
        "oldest_reading": _time(oldest),
    }  # fmt: skip


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
