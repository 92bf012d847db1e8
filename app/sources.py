"""Rows become sources: a platform + instance + credential, with its budget, opened as a collector."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import collectors
from app import outbound
from app.access import keyfile
from app.access.seal import Unsealable
from app.analysis import budget
from app.clock import Clock, to_ms
from app.db.engine import Database, ReadSession
from app.errors import Invalid
from app.metering import DatabaseMeter, allowances, purses, window_of
from app.settings import Settings
from app.store import budgets
from app.store import sources as rows
from app.store.source_reads import Allowed
from app.store.sources import NewSource
from app.store.streams import Candidate
from app.store.streams import again as streams_again
from collectors.contract import Collector, Credential, Offer, Told
from collectors.errors import CollectorError, Refused, Unauthorized, Unavailable
from collectors.policy import USUAL, Policy

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")


class _SealedKeeper:
    """A collector's session, sealed in its source's row: it survives a restart, and a dump does not show it."""

    def __init__(self, db: Database, settings: Settings, source_id: int) -> None:
        self._db, self._settings, self._source_id = db, settings, source_id

    async def load(self) -> Mapping[str, str]:
        async with self._db.read() as session:
            sealed = (await rows.by_id(session, self._source_id)).session_sealed
        if sealed is None:
            return {}
        try:
            kept = json.loads(keyfile.keyring(self._settings).unseal(sealed, self._purpose))
        except Unsealable:
            return {}  # another key: logging in again makes a new session
        return {str(key): str(value) for key, value in kept.items()}

    async def save(self, values: Mapping[str, str]) -> None:
        sealed = keyfile.keyring(self._settings).seal(json.dumps(dict(values)), self._purpose)
        async with self._db.write() as session:
            await rows.save_session(session, self._source_id, sealed)

    @property
    def _purpose(self) -> str:
        return f"session of source {self._source_id}"


def credential_in(path: str, identifier: str | None) -> Credential:
    """A file of one line (a token, an app password), or of two: who, then the secret."""
    try:
        lines = Path(path).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"cannot read the credential file {path}: {error}") from None
    words = [line.strip() for line in lines if line.strip()]
    if not words:
        raise Refused(f"the credential file {path} is empty")
    return Credential(words[-1], identifier or (words[0] if len(words) > 1 else None))


def _unsealed(settings: Settings, name: str, sealed: str, identifier: str | None) -> Credential:
    try:
        return Credential(keyfile.keyring(settings).unseal(sealed, sealed_for(name)), identifier)
    except Unsealable as error:
        raise Refused(f"the token of {name} cannot be read: {error}") from None


def sealed_for(name: str) -> str:
    """What the token of the source of that name is sealed for."""
    return f"credential of source {name}"


@asynccontextmanager
async def opened(
    db: Database, settings: Settings, clock: Clock, source_id: int, spare: float = 0.0,
    taken: Counter[str] | None = None, *, own: bool = False, evenly: bool = False,
) -> AsyncIterator[Collector]:  # fmt: skip
    """A collector for the source. No session is open while it is used. `spare`: the part of each budget it leaves.

    `evenly`: no more than lasts, where no person waits. `taken`: where what it spends is counted, by allowance. Of the
    credentials that share the source's work the one with most left is taken, unless it is its `own` that matters; one
    that is refused is stopped, and the others go on.
    """
    async with db.read() as session:
        row, others = await rows.by_id(session, source_id), 0
        if not own:
            row, others = await _chosen(session, row, to_ms(clock.now()))
        payer, limits = await rows.payer(session, row), await rows.own_limits(session, row)
    kind, allowed = "again" if spare else "find", allowances(row.platform, limits)
    own_purses = purses(collectors.offer(row.platform), allowed, kind) if spare or evenly else {}
    meter = DatabaseMeter(db, clock, payer, allowed, spare, own_purses)
    meter.taken = meter.taken if taken is None else taken
    credential = None
    if row.credential_sealed:
        credential = _unsealed(settings, row.name, row.credential_sealed, row.identifier)
    elif row.credential_file:
        credential = credential_in(row.credential_file, row.identifier)
    async with outbound.client(settings.allow_networks, headers={"User-Agent": settings.user_agent}) as client:
        try:
            yield collectors.open_collector(
                row.platform, client=client, base_url=row.base_url, credential=credential, meter=meter,
                keeper=_SealedKeeper(db, settings, row.id), now=clock.now,
            )  # fmt: skip
        except Unauthorized as error:
            if not others:
                raise
            async with db.write() as session:
                await rows.set_state(session, row.id, "stopped", str(error)[:300], to_ms(clock.now()))
            raise Unavailable(f"the credential of {row.name} is refused and stopped; others go on: {error}") from error


async def _chosen(session: ReadSession, row: rows.Row, now: int) -> tuple[rows.Row, int]:
    """The source whose credential does the work, by what is left of its budgets; and how many others could."""
    there = await rows.credentials(session, row)
    if len(there) == 1:
        return there[0], 0
    left = [await _share_left(session, one, now) for one in there]
    return there[left.index(max(left))], len(there) - 1


async def _share_left(session: ReadSession, row: rows.Row, now: int) -> float:
    """Of the budget that is nearest to its end."""
    states = await budgets.read(session, await rows.payer(session, row))
    shares = [
        budget.left(states.get(one.name, budget.Spent({})), one.limit, window_of(one), now) / max(1, one.limit)
        for one in allowances(row.platform, await rows.own_limits(session, row))
    ]
    return min(shares, default=0.0)


async def joint_limits(session: ReadSession, row: rows.Row) -> dict[str, int]:
    """What all credentials that do the source's work may spend together."""
    joint: Counter[str] = Counter()
    for one in await rows.credentials(session, row):
        joint.update({each.name: each.limit for each in allowances(one.platform, await rows.own_limits(session, one))})
    return dict(joint)


async def add(db: Database, settings: Settings, new: NewSource, now: int) -> int:
    """A new source, its words and its address checked. Invalid names the field."""
    new = await look_over(settings, new)
    _check_credential_file(new.credential_file)
    async with db.write() as session:
        return await rows.insert(session, new, now)


async def look_over(settings: Settings, new: NewSource) -> NewSource:
    """What can be said of a new source without asking its server. Invalid names the field."""
    if not _NAME.match(new.name):
        raise Invalid("name", new.name, "use a to z, 0 to 9, dot, dash and underscore, at most 63")
    if new.platform not in collectors.PLATFORMS:
        raise Invalid("platform", new.platform, f"must be one of {', '.join(sorted(collectors.PLATFORMS))}")
    offer = collectors.offer(new.platform)
    if new.url is not None:
        try:
            await outbound.check_url(new.url, settings.allow_networks)
        except Refused as error:
            raise Invalid("url", new.url, str(error)) from None
    elif offer.needs_url:
        raise Invalid("url", None, f"say which server: {offer.url_words}")
    return replace(new, network=offer.network or None)


def _check_credential_file(path: str | None) -> None:
    if path is not None and not Path(path).is_file():
        raise Invalid("token_file", path, "there is no such file")


class _OneOff:
    """For a server that is no source yet: nothing is kept, and no source's budget pays for the call or two."""

    async def spend(self, name: str, units: int = 1) -> None: ...
    async def give_back(self, name: str, units: int) -> None: ...
    async def told(self, told: Told) -> None: ...
    async def save(self, values: Mapping[str, str]) -> None: ...

    async def load(self) -> Mapping[str, str]:
        return {}


async def try_out(settings: Settings, clock: Clock, new: NewSource, secret: str | None) -> Mapping[str, str]:
    """One real call before anything is saved: what the server says of itself. Invalid names what to change."""
    once = _OneOff()
    try:
        async with outbound.client(settings.allow_networks, headers={"User-Agent": settings.user_agent}) as client:
            collector = collectors.open_collector(
                new.platform, client=client, base_url=new.url, meter=once, keeper=once, now=clock.now,
                credential=Credential(secret, new.identifier) if secret else None,
            )  # fmt: skip
            return await collector.check()
    except Unauthorized as error:
        raise Invalid("token", "…", str(error)) from None
    except CollectorError as error:
        raise Invalid("url", new.url, str(error)) from None


def streams(one: Candidate) -> bool:
    """Whether it has a stream: because its owner says where, or because the platform has one for such a source."""
    by_itself = getattr(collectors.PLATFORMS.get(one.platform), "streams_by_itself", None)
    if by_itself is None:
        return False
    return one.url is not None or bool(by_itself(one.base_url, with_credential=one.with_credential))


def allowed() -> dict[str, list[Allowed]]:
    """What each platform lets one source spend, for whoever shows it."""
    return {
        name: [Allowed(one.name, one.limit, window_of(one), one.unit) for one in offer.allowances]
        for name, offer in offers().items()
    }


def offer(platform: str) -> Offer:
    return collectors.offer(platform)


def offers() -> Mapping[str, Offer]:
    """By platform: what it can give and what it cannot, known without a call."""
    return {name: collectors.offer(name) for name in sorted(collectors.PLATFORMS)}


async def check(db: Database, settings: Settings, clock: Clock, name: str) -> Mapping[str, str]:
    """One real call to the source's server: what it says of itself. CollectorError says what to do."""
    async with db.read() as session:
        row = await rows.named(session, name)
    async with opened(db, settings, clock, row.id, own=True) as collector:
        facts = await collector.check()
    async with db.write() as session:
        await rows.set_state(session, row.id, "ok", None, to_ms(clock.now()), own=True)
        await streams_again(session, row.id, to_ms(clock.now()))
    return facts


def policy(platform: str) -> Policy:
    """What its terms ask; of a platform that no collector is of, what every one may expect."""
    return collectors.offer(platform).policy if platform in collectors.PLATFORMS else USUAL
