"""What was said of posts that are no longer to be kept is taken out of the outbox; who was sent it is told so."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sqlalchemy import or_, select, update

from app.clock import from_ms
from app.db.dialect import change
from app.db.engine import ReadSession, Session
from app.db.types import text_id
from app.models import Alert, Attempt, Delivery, Event
from app.store import outbox

REDACTED = outbox.DUTY
ERASED, NOWHERE = "[erased]", "https://erased.invalid/"
CHUNK = 500
_POST = re.compile(r'"post_id": ?"(\d+)"')


@dataclass(frozen=True, slots=True)
class Away:
    """What is to go. `posts`: of these the addresses; the ids too where `wholly`. `names`: texts that stand alone,
    `parts`: texts wherever they stand.
    """

    posts: Collection[int] = ()
    wholly: bool = False
    names: Collection[str] = ()
    parts: Collection[str] = ()
    influencer: str | None = None


@dataclass(slots=True)
class _Cut:
    """One body on its way: what was named in it, and whether it changed."""

    away: Away
    posts: set[str] = field(default_factory=set)
    changed: bool = False

    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return [made for one in value if (made := self.of(one)) is not None]
        if isinstance(value, str) and (without := self._without(value)) != value:
            self.changed = True
            return without
        return value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any] | None:
        post = value.get("post_id")
        if isinstance(post, str) and post.isdecimal() and int(post) in self.away.posts:
            self.posts.add(post)
            if self.away.wholly:
                self.changed = True
                return None
            self.changed |= value.get("url") is not None
            value = {**value, **({"url": None} if "url" in value else {})}
        return {name: self.of(one) for name, one in value.items()}

    def _without(self, text: str) -> str:
        """An address stays one: receivers read it as such."""
        names = [*self.away.names, *([self.away.influencer] if self.away.influencer else [])]
        if text in names or text.removeprefix("@") in names:
            return ERASED
        if any(text.endswith(f"/{quote(name, safe='')}") for name in names):
            return text[: text.rindex("/") + 1] + "erased"
        if any(part in text for part in self.away.parts):
            return NOWHERE if text.startswith(("http://", "https://")) else ERASED
        return text


def cut(text: str, away: Away) -> tuple[str, set[str], bool]:
    """A body without it, the posts that it named, and whether it is another now."""
    one = _Cut(away)
    made = one.of(json.loads(text))
    data = made.get("data") if isinstance(made, dict) else None
    if one.changed and isinstance(data, dict):
        gone = len(json.loads(text)["data"].get("evidence") or ()) - len(data.get("evidence") or ())
        data |= {"redacted": True, **({"truncated": data["truncated"] + gone} if gone else {})}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"), allow_nan=False), one.posts, one.changed


async def redact(session: Session, away: Away, now: int, tell: bool = True) -> int:
    """How many messages were changed. Call it in the transaction that takes the posts out."""
    count = 0
    async for rows in _events(session, away):
        for key, body in rows:
            made, posts, changed = cut(body, away)
            if not changed:
                continue
            await session.execute(update(Event).where(Event.id == key).values(body=made))
            sent = select(Delivery.id).where(Delivery.event_id == key)
            await session.execute(update(Attempt).where(Attempt.delivery_id.in_(sent)).values(answer=None))
            count += 1
            if tell and posts:
                await _tell(session, key, sorted(posts), now)
    await _forget_evidence(session, away)
    return count


async def _events(session: ReadSession, away: Away) -> Any:
    after = ""
    while True:
        query = select(Event.id, Event.body).where(Event.id > after, Event.type != REDACTED).order_by(Event.id)
        rows = (await session.execute(query.limit(CHUNK))).all()
        yield [(row.id, row.body) for row in rows if _concerns(row.body, away)]
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def _concerns(body: str, away: Away) -> bool:
    if any(int(key) in away.posts for key in _POST.findall(body)):
        return True
    texts: Iterable[str] = [*away.names, *away.parts, *([away.influencer] if away.influencer else [])]
    return any(json.dumps(text, ensure_ascii=False)[1:-1] in body for text in texts)


async def _tell(session: Session, event: str, posts: list[str], now: int) -> None:
    """Those to whom it was sent once at least, or is on its way. The same redaction again is the same message."""
    sent = or_(Delivery.attempts > 0, Delivery.claimed_until.is_not(None))
    query = select(Delivery.endpoint_id).where(Delivery.event_id == event, sent)
    receivers = sorted(set((await session.execute(query)).scalars()))
    if not receivers:
        return
    at = from_ms(now).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"schema": "1", "message_id": event, "posts": posts, "redacted": True}
    body = json.dumps({"type": REDACTED, "timestamp": at, "data": data}, separators=(",", ":"))
    said = outbox.Event(text_id("msg", "redacted", event, *posts), REDACTED, now, body)
    await outbox.put(session, said, receivers, now)


async def _forget_evidence(session: Session, away: Away) -> None:
    """Alerts keep ids alone, no addresses: only where the ids go too is there anything to do."""
    if not away.wholly:
        return
    rows = await session.execute(select(Alert.id, Alert.evidence).where(Alert.evidence != "[]"))
    changed = {}
    for key, text in rows:
        evidence = json.loads(text)
        left = [
            {**one, "influencer": None if one.get("influencer") == away.influencer else one.get("influencer")}
            for one in evidence if int(one["post_id"]) not in away.posts
        ]  # fmt: skip
        if left != evidence:
            changed[key] = json.dumps(left)
    await change(session, Alert, "id", {"id": list(changed), "evidence": list(changed.values())})


async def told(session: ReadSession, posts: Collection[int]) -> int:
    """How many messages name one of these posts."""
    away = Away(posts=set(posts))
    return sum([len(rows) async for rows in _events(session, away)])
