"""Rows become sources: a platform + instance + credential, with its budget, opened as a collector."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import collectors
from app import outbound
from app.access import keyfile
from app.access.seal import Unsealable
from app.analysis import budget
from app.clock import HOUR, Clock, from_ms, to_ms
from app.db.engine import Database, ReadSession, Session
from app.errors import Invalid
from app.settings import Settings
from app.store import budgets
from app.store import sources as rows
from app.store.source_reads import Allowed
from app.store.sources import NewSource
from app.store.streams import Candidate
from app.store.streams import again as streams_again
from collectors.contract import USUAL_COST, Allowance, Collector, Credential, Offer, Told
from collectors.errors import CollectorError, Refused, Spent, Unauthorized, Unavailable
from collectors.policy import USUAL, Policy

Purse = tuple[str, int, int]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")


class DatabaseMeter:
    """A source's budget: every call is taken from its row before it is made, by whichever worker.

    `spare` is for who reads again: the part that it leaves of a short window. Of long ones, finding posts and reading
    them again have purses of their own (by allowance), so that neither eats up a month on one day.
    """

    def __init__(
        self, db: Database, clock: Clock, source_id: int, allowances: tuple[Allowance, ...], spare: float = 0.0,
        purses: Mapping[str, Purse] | None = None,
    ) -> None:  # fmt: skip
        self._db, self._clock, self._source_id, self._spare = db, clock, source_id, spare
        self._allowances = {allowance.name: allowance for allowance in allowances}
        self._purses = purses or {}
        self._told: dict[str, Told] = {}
        self._taken_at: dict[str, int] = {}
        self.taken: Counter[str] = Counter()
        self.calls = 0

    async def spend(self, name: str, units: int = 1) -> None:
        allowance, told, now = self._allowances[name], self._told.pop(name, None), to_ms(self._clock.now())
        async with self._db.write() as session:
            state = await budgets.held(session, self._source_id, name)
            state = _with(state, told, allowance, now) if told else state
            spare = int(allowance.limit * self._spare)
            taken = budget.take(state, allowance.limit, _window(allowance), units, now, spare)
            if not isinstance(taken, int) and (later := await self._from_purse(session, name, units, now)):
                taken = later
            await budgets.write(session, self._source_id, name, state if isinstance(taken, int) else taken)
        if isinstance(taken, int):
            raise Spent(f"the budget {name!r} {_why_nothing(allowance)}", from_ms(taken))
        self.calls += 1
        self.taken[name] += units
        self._taken_at[name] = now

    async def _from_purse(self, session: Session, name: str, units: int, now: int) -> int | None:
        """The time from which there is some again; None: it is taken, or this is no budget that is spent evenly."""
        if (purse := self._purses.get(name)) is None:
            return None
        row, limit, window = purse
        state = budget.of_this_width(await budgets.held(session, self._source_id, row), window, now)
        taken = budget.take(state, limit, window, units, now)
        if isinstance(taken, int):
            return taken
        await budgets.write(session, self._source_id, row, taken)
        return None

    async def give_back(self, name: str, units: int) -> None:
        if name not in self._taken_at:
            return
        self.taken[name] -= units
        window, taken_at = _window(self._allowances[name]), self._taken_at[name]
        async with self._db.write() as session:
            state = await budgets.held(session, self._source_id, name)
            await budgets.write(session, self._source_id, name, budget.give_back(state, window, units, taken_at))
            if (purse := self._purses.get(name)) is not None:
                row, _, window = purse
                state = budget.give_back(await budgets.held(session, self._source_id, row), window, units, taken_at)
                await budgets.write(session, self._source_id, row, state)

    async def told(self, told: Told) -> None:
        """Headers are written with the next call, at once when they say that nothing is left."""
        if told.name not in self._allowances:
            return
        self._told[told.name] = told
        if told.remaining == 0:
            await self._write(told)

    async def _write(self, told: Told) -> None:
        now = to_ms(self._clock.now())
        async with self._db.write() as session:
            state = _with(
                await budgets.held(session, self._source_id, told.name), told, self._allowances[told.name], now
            )
            await budgets.write(session, self._source_id, told.name, state)


def _why_nothing(allowance: Allowance) -> str:
    return "is used up" if allowance.limit else "may not be spent before its owner says how much: sources limit"


def _window(allowance: Allowance) -> int:
    return int(allowance.window.total_seconds() * 1_000)


def _with(state: budget.Spent, told: Told, allowance: Allowance, now: int) -> budget.Spent:
    resets = to_ms(told.resets_at) if told.resets_at else None
    return budget.hear(state, _window(allowance), (told.limit, told.remaining, resets), now)


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


def purses(offer: Offer, allowances: Iterable[Allowance], kind: str) -> dict[str, Purse]:
    """Of the allowances with long windows: what finding posts (`find`), or reading them again (`again`), has there."""
    sizes = {"search": offer.page_size, "look": offer.batch_size, "accounts": offer.accounts_batch}
    found, again = _most(offer, {"search": offer.page_size}), _most(offer, {**sizes, "search": 0})
    purses = {}
    for one in allowances:
        mine = found if kind == "find" else again
        if _window(one) < HOUR or one.name not in mine:
            continue
        share = 1 - budget.AGAIN if one.name in again else 1.0
        if kind == "again":
            part = budget.evenly(int(one.limit * budget.AGAIN), _window(one), mine[one.name])
        else:
            part = budget.evenly(int(one.limit * share), _window(one), mine[one.name], budget.AT_ONCE)
        purses[one.name] = f"{one.name}:{kind}", *part
    return purses


def _most(offer: Offer, sizes: Mapping[str, int]) -> dict[str, int]:
    """What one call of these kinds takes at most, by allowance. A kind of size 0 is never called."""
    most: dict[str, int] = {}
    for call, size in sizes.items():
        cost = offer.costs.get(call, USUAL_COST)
        for name in {*cost.call, *cost.item} if size else ():
            most[name] = max(most.get(name, 0), cost.call.get(name, 0) + size * cost.item.get(name, 0))
    return most


def allowances(platform: str, limits: Mapping[str, int]) -> tuple[Allowance, ...]:
    """The platform's, with the limits that the source's owner set."""
    return tuple(replace(one, limit=limits.get(one.name, one.limit)) for one in collectors.offer(platform).allowances)


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
        budget.left(states.get(one.name, budget.Spent({})), one.limit, _window(one), now) / max(1, one.limit)
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
        name: [Allowed(one.name, one.limit, _window(one), one.unit) for one in offer.allowances]
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
