"""What `doctor` looks at: each check says in words what it found, and what to do where that is not well."""

import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from app.clock import MINUTE, rfc3339
from app.commands.frame import now
from app.db import place, ready
from app.db.engine import Database
from app.errors import Problem
from app.privacy import sweep
from app.settings import Settings
from app.store import checkup, sources, streams

LITTLE, TOO_LITTLE = 2 << 30, 200 << 20
SKEW = 2 * MINUTE


@dataclass(frozen=True, slots=True)
class Check:
    """`state`: ok, warning (goes on, but look at it) or failed."""

    state: str
    what: str
    found: str


def failed(found: list[Check]) -> bool:
    return any(one.state == "failed" for one in found)


async def all_of(settings: Settings) -> list[Check]:
    found = [_disk(settings), _key(settings)]
    try:
        await ready.check(settings.database_url)
    except Problem as problem:
        return [Check("failed", "database", problem.detail), *found]
    db = Database(settings.database_url)
    try:
        return [one async for one in _database(db, settings)] + found + [one async for one in _work(db)]
    finally:
        await db.close()


async def _database(db: Database, settings: Settings) -> AsyncIterator[Check]:
    revision = await ready.revision(settings.database_url)
    yield Check("ok", "database", f"{ready.shown(settings.database_url)} is at revision {revision}")
    engine = await place.engine(db)
    yield Check(
        "warning" if engine.old else "ok", "version", engine.name + (" is old: update it" if engine.old else "")
    )
    damage = place.damage(settings.database_url)
    yield Check("failed", "integrity", f"{damage}: restore a backup") if damage else Check("ok", "integrity", "whole")
    async with db.read() as session:
        newest = await checkup.newest_pass(session)
    yield _clock(engine.server_now, newest)


def _clock(server: int | None, newest: int | None) -> Check:
    here = now()
    if server is not None and abs(server - here) > SKEW:
        return Check("warning", "clock", f"the database says {rfc3339(server)}, this machine {rfc3339(here)}: set one")
    if newest is not None and newest > here + SKEW:
        return Check("warning", "clock", f"the last pass began at {rfc3339(newest)}, after now ({rfc3339(here)})")
    return Check("ok", "clock", f"{rfc3339(here - here % 1_000)}, {time.tzname[0]} on this machine")


def _disk(settings: Settings) -> Check:
    where = place.folder(settings.database_url)
    while not where.exists():
        where = where.parent
    kind, free = place.network_disk(where), place.free_bytes(where)
    if kind and ready.file_of(settings.database_url):
        return Check("failed", "disk", f"{where} is on a network disk ({kind}): put the file on a local one")
    room = f"{free / (1 << 30):.1f} GiB free at {where}"
    if free < LITTLE:
        return Check("failed" if free < TOO_LITTLE else "warning", "disk", f"{room}: make room")
    return Check("ok", "disk", room)


def _key(settings: Settings) -> Check:
    from app.access import keyfile

    path = settings.secret_key_file or keyfile.default_path(settings.database_url)
    if not (settings.secret_key or settings.secret_key_file or path.exists()):
        return Check("ok", "key", f"{path} will be made when it is first needed")
    try:
        keyfile.keyring(settings)
    except Problem as problem:
        return Check("failed", "key", problem.detail)
    if settings.secret_key:
        return Check("ok", "key", "set by GROUNDSWELL_SECRET_KEY")
    return _private(path, "key")


def _private(path: Path, what: str) -> Check:
    others = path.stat().st_mode & 0o077
    if others:
        return Check("warning", what, f"others may read {path}: chmod 600 {path}")
    return Check("ok", what, f"{path}, for its owner alone")


async def _work(db: Database) -> AsyncIterator[Check]:
    async with db.read() as session:
        rows, late = await sources.live(session), await checkup.overdue(session, now())
        heard = await streams.shown(session, [row.id for row in rows], now())
        over = sum(one.posts for one in await sweep.over(session, now()))
    for row in rows:
        well = row.state in ("ok", "waiting")
        yield Check(
            "ok" if well else "warning", f"source {row.name}", row.state + (f": {row.reason}" if row.reason else "")
        )
        if (stream := heard.get(row.id)) and stream.state != "off":
            state = "ok" if stream.state == "live" else "warning"
            words = f"stream {stream.state}" + (f": {stream.reason}" if stream.reason else "")
            yield Check(state, f"source {row.name}", words)
        if row.credential_file:
            yield _credential(row.name, Path(row.credential_file))
    word = f"{over} posts are over a platform's limit: groundswell privacy --sweep takes them out"
    yield Check("warning", "privacy", word) if over else Check("ok", "privacy", "nothing is over a platform's limit")
    if late.late:
        yield Check("warning", "tracks", f"{late.late} of {late.tracks} overdue: is groundswell up or work running?")
    else:
        yield Check("ok", "tracks", f"{late.tracks} followed, none overdue")


def _credential(name: str, path: Path) -> Check:
    if not path.is_file() or not os.access(path, os.R_OK):
        return Check("failed", f"source {name}", f"cannot read its token file {path}")
    return _private(path, f"source {name}")
