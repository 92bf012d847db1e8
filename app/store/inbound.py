"""Addresses at which a campaign's outcomes come in signed. Secrets pass through here sealed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select, update

from app.db.engine import ReadSession, Session
from app.errors import Conflict, NotFound
from app.models import InboundHook
from app.store import paging


@dataclass(frozen=True, slots=True)
class Hook:
    """`sealed` is the secret; the `previous` one is good until `previous_until`."""

    id: str
    campaign_id: str
    name: str
    created_at: int
    sealed: str
    previous: str | None = None
    previous_until: int | None = None


def _hook(row: InboundHook) -> Hook:
    return Hook(
        row.id, row.campaign_id, row.name, row.created_at, row.secret_sealed, row.previous_sealed, row.previous_until
    )  # fmt: skip


async def listed(session: ReadSession, campaign_id: str, after: Sequence[Any] | None, limit: int) -> list[Hook]:
    query = select(InboundHook).where(InboundHook.campaign_id == campaign_id)
    rows = await session.execute(paging.page(query, [InboundHook.id], after, limit))
    return [_hook(row) for row in rows.scalars()]


async def by_id(session: ReadSession, hook_id: str, campaign_id: str | None = None) -> Hook:
    """Of this campaign, where one is named."""
    row = await session.get(InboundHook, hook_id)
    if row is None or campaign_id not in (None, row.campaign_id):
        raise NotFound(f"there is no inbound address {hook_id!r}")
    return _hook(row)


async def create(session: Session, hook: Hook) -> None:
    session.add(InboundHook(
        id=hook.id, campaign_id=hook.campaign_id, name=hook.name, secret_sealed=hook.sealed, created_at=hook.created_at
    ))  # fmt: skip
    await session.flush()


async def rotate(session: Session, old: Hook, sealed: str, until: int) -> Hook:
    """The secret that was good stays so until then."""
    new = replace(old, sealed=sealed, previous=old.sealed, previous_until=until)
    mine = (InboundHook.id == old.id, InboundHook.secret_sealed == old.sealed)
    values = {"secret_sealed": sealed, "previous_sealed": old.sealed, "previous_until": until}
    done = await session.execute(update(InboundHook).where(*mine).values(**values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was rotated at this very moment: read it again")
    return new


async def remove(session: Session, hook: Hook) -> None:
    await session.execute(delete(InboundHook).where(InboundHook.id == hook.id))
