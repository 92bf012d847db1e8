"""Silences: what is recorded and not sent, from when until when, and who wanted it so."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from app.db.engine import ReadSession, Session
from app.errors import NotFound
from app.models import CampaignHashtag, Hashtag, Silence
from app.store import paging
from app.store.rules import EVERY, Subject, called

_ALL = ("hashtag", EVERY)


@dataclass(frozen=True, slots=True)
class Quiet:
    """What is silenced: a rule, or a subject. Times in milliseconds."""

    matcher: Subject
    starts_at: int
    ends_at: int
    comment: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    id: str
    author: str
    created_at: int
    label: str
    it: Quiet


async def _kept(session: ReadSession, rows: Sequence[Silence]) -> list[Kept]:
    labels = await called(session, [(row.matcher_kind, row.matcher_ref) for row in rows])
    return [
        Kept(
            row.id, row.author, row.created_at, labels[row.matcher_kind, row.matcher_ref],
            Quiet((row.matcher_kind, row.matcher_ref), row.starts_at, row.ends_at, row.comment),
        )
        for row in rows
    ]  # fmt: skip


async def listed(session: ReadSession, after: Sequence[object] | None, limit: int) -> list[Kept]:
    """Those that end first, first; the past ones too."""
    query = paging.page(select(Silence), [Silence.ends_at, Silence.id], after, limit)
    return await _kept(session, (await session.execute(query)).scalars().all())


async def by_id(session: ReadSession, silence_id: str) -> Kept:
    row = await session.get(Silence, silence_id)
    if row is None:
        raise NotFound(f"there is no silence {silence_id!r}")
    return (await _kept(session, [row]))[0]


async def create(session: Session, quiet: Quiet, author: str, now: int) -> Kept:
    row = Silence(
        id=f"sil_{secrets.token_hex(8)}", matcher_kind=quiet.matcher[0], matcher_ref=quiet.matcher[1],
        starts_at=quiet.starts_at, ends_at=quiet.ends_at, comment=quiet.comment, author=author, created_at=now,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return await by_id(session, row.id)


async def remove(session: Session, silence_id: str) -> None:
    await session.execute(delete(Silence).where(Silence.id == silence_id))


@dataclass(frozen=True, slots=True)
class Hush:
    """All that is silenced at one instant: rules by id, and subjects; those of a campaign's hashtags too."""

    matchers: frozenset[Subject]

    def over(self, rule_id: str, subject: Subject, sources: Collection[str] = ()) -> bool:
        """`sources`: those that the subject's posts come from. One that speaks for a part of it does not silence it."""
        if {("rule", rule_id), subject} & self.matchers or (subject[0] == "hashtag" and _ALL in self.matchers):
            return True
        return bool(sources) and all(("source", source) in self.matchers for source in sources)


async def at(session: ReadSession, now: int) -> Hush:
    live = select(Silence.matcher_kind, Silence.matcher_ref).where(Silence.starts_at <= now, Silence.ends_at > now)
    found = {(kind, ref) for kind, ref in await session.execute(live)}
    campaigns = [ref for kind, ref in found if kind == "campaign"]
    if campaigns:
        tags = select(Hashtag.tag).join(CampaignHashtag, CampaignHashtag.hashtag_id == Hashtag.id)
        tags = tags.where(CampaignHashtag.campaign_id.in_(campaigns))
        found |= {("hashtag", tag) for tag in (await session.execute(tags)).scalars()}
    return Hush(frozenset(found))
