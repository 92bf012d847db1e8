"""What changed last, for those who listen. Numbers follow the order of commits.

Whoever has read up to one number misses nothing that is committed later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select, update

from app.clock import rfc3339
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.models import Alert, Campaign, News, Source, Subject

POINTS, SOURCE, ALERT = "points", "source", "alert"
_CLOCK = "clock"  # its row holds the last number that was given
_NOTED = "news"
_TABLE = News.__table__.c


@dataclass(frozen=True, slots=True)
class Told:
    """`data` is ready for JSON; None: what it was about is not there any more."""

    seq: int
    topic: str
    data: Mapping[str, Any] | None


def note(session: Session, topic: str, refs: Iterable[int | str], at: int) -> None:
    """These changed; it is told at the commit. Of what changes again and again only the last time is kept."""
    fresh = {(topic, str(ref)): at for ref in refs}
    if fresh and _NOTED not in session.info:
        # Last of all: whoever holds the clock waits for nobody, and numbers are given in the order of commits.
        session.at_end.append(partial(_write, session))
        session.info[_NOTED] = {}
    if fresh:
        session.info[_NOTED] |= fresh


async def _write(session: Session) -> None:
    noted: dict[tuple[str, str], int] = session.info.pop(_NOTED)
    last = await _draw(session, len(noted))
    await put(session, News, {
        "topic": [topic for topic, _ in noted], "ref": [ref for _, ref in noted],
        "seq": list(range(last - len(noted) + 1, last + 1)), "at": list(noted.values()),
    }, "replace")  # fmt: skip


async def _draw(session: Session, count: int) -> int:
    """The last of `count` numbers that nobody else has."""
    drawn = update(News).where(News.topic == _CLOCK).values(seq=News.seq + count).returning(News.seq)
    drawn = drawn.execution_options(synchronize_session=False)
    last = (await session.execute(drawn)).scalar()
    if last is None:
        await put(session, News, {"topic": [_CLOCK], "ref": [""], "seq": [0], "at": [0]})
        last = (await session.execute(drawn)).scalar_one()
    return int(last)


async def last(session: ReadSession) -> int:
    return (await session.execute(select(News.seq).where(News.topic == _CLOCK))).scalar() or 0


async def number(session: ReadSession, subject: int) -> tuple[int, int] | None:
    """Of the subject's last change, and when it was: while it is the same, so are its sums."""
    query = select(_TABLE.seq, _TABLE.at).where(_TABLE.topic == POINTS, _TABLE.ref == str(subject))
    row = (await session.execute(query)).first()
    return None if row is None else (row.seq, row.at)


async def since(session: ReadSession, seq: int, limit: int) -> list[Told]:
    """What changed after the number `seq`, in order."""
    query = select(News.seq, News.topic, News.ref, News.at).where(News.seq > seq, News.topic != _CLOCK)
    rows = (await session.execute(query.order_by(News.seq).limit(limit))).all()
    named = {
        POINTS: await _subjects(session, [int(row.ref) for row in rows if row.topic == POINTS]),
        SOURCE: await _sources(session, [int(row.ref) for row in rows if row.topic == SOURCE]),
    }
    alerts = await _alerts(session, [row.ref for row in rows if row.topic == ALERT])
    found = []
    for row in rows:
        about = alerts.get(row.ref) if row.topic == ALERT else named.get(row.topic, {}).get(int(row.ref))
        found.append(Told(row.seq, row.topic, about and {**about, "at": rfc3339(row.at)}))
    return found


async def _subjects(session: ReadSession, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = select(Subject.id, Subject.kind, Subject.ref, Campaign.slug)
    query = query.outerjoin(Campaign, Campaign.id == Subject.ref).where(among(session, Subject.id, ids))
    found: dict[int, dict[str, Any]] = {}
    for row in await session.execute(query):
        name = row.slug if row.kind == "campaign" else row.ref
        if name is not None:
            found[row.id] = {"subject": {"kind": row.kind, "id" if row.kind == "influencer" else row.kind: name}}
    return found


async def _sources(session: ReadSession, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = select(Source.id, Source.name, Source.state, Source.reason).where(among(session, Source.id, ids))
    return {
        row.id: {"source": row.name, "state": row.state, "reason": row.reason} for row in await session.execute(query)
    }


async def _alerts(session: ReadSession, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    query = select(Alert.id, Alert.rule_id, Alert.status, Alert.subject, Campaign.slug)
    query = query.outerjoin(Campaign, "campaign:" + Campaign.id == Alert.subject).where(among(session, Alert.id, ids))
    found: dict[str, dict[str, Any]] = {}
    for row in await session.execute(query):
        kind, _, ref = row.subject.partition(":")
        found[row.id] = {"alert": row.id, "rule": row.rule_id, "status": row.status, "subject": {kind: row.slug or ref}}
    return found
