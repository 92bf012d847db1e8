"""Who is told: webhooks and people's channels, how they do, and what becomes of their deliveries when they go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select, update

from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.errors import Conflict, NotFound
from app.models import AlertRule, Delivery, Endpoint
from app.store import paging


@dataclass(frozen=True, slots=True)
class Described:
    """What its owner says of it. `types`: None for all. `url` is what may be shown, `url_sealed` the whole of it."""

    name: str
    url: str
    types: tuple[str, ...] | None = None
    kind: str = "webhook"
    language: str = "en"
    url_sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How it does. `failures`: tries that failed since the last good one; `waits_until`: left alone until then."""

    disabled_at: int | None = None
    disabled_why: str | None = None
    failures: int = 0
    failing_since: int | None = None
    exhausted: int = 0
    waits_until: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An endpoint as it is kept. `keys` are sealed; the `previous` ones sign too until `previous_until`."""

    id: str
    version: int
    created_at: int
    it: Described
    health: Health = Health()
    keys: str | None = None
    public_key: str | None = None
    previous: str | None = None
    previous_until: int | None = None


def _kept(row: Endpoint) -> Kept:
    types = None if row.types is None else tuple(row.types.split())
    return Kept(
        row.id, row.version, row.created_at,
        Described(row.name, row.url, types, row.kind, row.language, row.url_sealed),
        Health(
            row.disabled_at, row.disabled_why, row.failures, row.failing_since, row.exhausted, row.waits_until
        ),
        row.keys_sealed, row.public_key, row.previous_sealed, row.previous_until,
    )  # fmt: skip


async def listed(session: ReadSession, after: Sequence[Any] | None, limit: int) -> list[Kept]:
    """By name; one more than `limit` where there are more."""
    query = paging.page(select(Endpoint), [Endpoint.name, Endpoint.id], after, limit)
    return [_kept(row) for row in (await session.execute(query)).scalars()]


async def by_id(session: ReadSession, endpoint_id: str) -> Kept:
    query = select(Endpoint).where(Endpoint.id == endpoint_id).execution_options(populate_existing=True)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound(f"there is no endpoint {endpoint_id!r}")
    return _kept(row)


async def create(session: Session, new: Kept) -> None:
    session.add(Endpoint(
        id=new.id, created_at=new.created_at, keys_sealed=new.keys, public_key=new.public_key, version=new.version,
        failures=0, exhausted=0, **_columns(new.it),
    ))  # fmt: skip
    await session.flush()


def _columns(it: Described) -> dict[str, Any]:
    return {
        "name": it.name, "url": it.url, "types": None if it.types is None else " ".join(it.types), "kind": it.kind,
        "language": it.language, "url_sealed": it.url_sealed,
    }  # fmt: skip


async def change(session: Session, old: Kept, it: Described, enabled: bool, now: int) -> Kept:
    """A new address, or one that is enabled again, starts afresh: what it owed is forgotten."""
    values = _columns(it)
    address = (it.url, it.url_sealed) != (old.it.url, old.it.url_sealed)
    if enabled and (address or old.health.disabled_at is not None):
        values |= _AFRESH | {"disabled_at": None, "disabled_why": None}
    await _change(session, old, values)
    if not enabled and old.health.disabled_at is None:
        await disable(session, old.id, "by its owner", now)
    return await by_id(session, old.id)


async def rotate(session: Session, old: Kept, keys: str, public_key: str | None, until: int) -> Kept:
    """The keys that were good stay so until then."""
    values = {
        "keys_sealed": keys, "public_key": public_key, "previous_sealed": old.keys, "previous_until": until,
    }  # fmt: skip
    await _change(session, old, values)
    return await by_id(session, old.id)


async def _change(session: Session, old: Kept, values: dict[str, Any]) -> None:
    """Conflict where someone else has changed it since `old` was read."""
    mine = (Endpoint.id == old.id, Endpoint.version == old.version)
    done = await session.execute(update(Endpoint).where(*mine).values(version=old.version + 1, **values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed at this very moment: read it again")


async def remove(session: Session, old: Kept, now: int) -> None:
    """Its row and its secrets go; what was on its way to it ends, and says why. Conflict while a rule names it: what
    that rule says would go to nobody.
    """
    names = select(AlertRule.name).where(AlertRule.deleted_at.is_(None))
    names = names.where(AlertRule.endpoints.contains(f'"{old.id}"', autoescape=True)).order_by(AlertRule.name)
    if (rule := (await session.execute(names.limit(1))).scalar()) is not None:
        raise Conflict(f"the rule {rule!r} tells this endpoint: change whom it tells, or delete the rule, first")
    await session.execute(delete(Endpoint).where(Endpoint.id == old.id))
    await _end(session, old.id, "deleted", "the endpoint was deleted", now)


async def disable(session: Session, endpoint_id: str, why: str, now: int) -> bool:
    """False: it is disabled already, or gone. A try under way may still end well, and is then written down so."""
    mine = (Endpoint.id == endpoint_id, Endpoint.disabled_at.is_(None))
    done = await session.execute(update(Endpoint).where(*mine).values(disabled_at=now, disabled_why=why))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return False
    await _end(session, endpoint_id, "disabled", f"the endpoint was disabled: {why}", now)
    return True


async def _end(session: Session, endpoint_id: str, state: str, reason: str, now: int) -> None:
    held = select(Delivery.id).where(Delivery.endpoint_id == endpoint_id, Delivery.due_at.is_not(None))
    ids = list((await session.execute(held.order_by(Delivery.id).with_for_update())).scalars())
    values = {"state": state, "reason": reason, "due_at": None, "ended_at": now}
    await session.execute(update(Delivery).where(among(session, Delivery.id, ids)).values(**values))


_AFRESH = {"failures": 0, "failing_since": None, "exhausted": 0, "waits_until": None}


async def hold(session: Session, ids: Sequence[str]) -> None:
    """Their rows, in the order of their ids, until the commit."""
    if ids:
        held = select(Endpoint.id).where(among(session, Endpoint.id, ids)).order_by(Endpoint.id)
        await session.execute(held.with_for_update())


async def did_well(session: Session, ids: Sequence[str]) -> None:
    if ids:
        troubled = (among(session, Endpoint.id, ids), Endpoint.failures > 0)
        done = update(Endpoint).where(*troubled).values(**_AFRESH)
        await session.execute(done.execution_options(synchronize_session=False))


async def did_badly(session: Session, endpoint_id: str, now: int, *, gave_up: bool) -> Health | None:
    """What stands now; None: it was deleted. Its row must be held."""
    query = select(Endpoint).where(Endpoint.id == endpoint_id).execution_options(populate_existing=True)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    was = _kept(row).health
    since = now if was.failing_since is None else was.failing_since
    health = replace(was, failures=was.failures + 1, failing_since=since, exhausted=was.exhausted + gave_up)
    values = {"failures": health.failures, "failing_since": since, "exhausted": health.exhausted}
    await session.execute(update(Endpoint).where(Endpoint.id == endpoint_id).values(**values))
    return health


async def leave_alone(session: Session, endpoint_id: str, until: int) -> None:
    await session.execute(update(Endpoint).where(Endpoint.id == endpoint_id).values(waits_until=until))


async def others(session: ReadSession, endpoint_id: str) -> list[str]:
    """Those who may be told about this one."""
    query = select(Endpoint.id).where(Endpoint.id != endpoint_id, Endpoint.disabled_at.is_(None))
    return list((await session.execute(query)).scalars())
