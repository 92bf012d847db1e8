"""What routes ask for: a scope, a session, a page of a list, one write that may be repeated safely."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Header, Query, Request, Response, Security
from fastapi.security import HTTPBearer, SecurityScopes
from pydantic import BaseModel

from app.access import audit
from app.access.principal import Principal, Scope
from app.access.seal import Keyring
from app.api import cursors
from app.clock import to_ms
from app.db.engine import Database, ReadSession, Session
from app.errors import Forbidden, Invalid, PreconditionFailed
from app.settings import Settings
from app.store import access as rows

T = TypeVar("T")

_token = HTTPBearer(
    auto_error=False, scheme_name="token", description="`groundswell tokens create --scopes …` prints a token once."
)


async def _allowed(request: Request, asked: SecurityScopes, _shown: Annotated[object, Depends(_token)]) -> Principal:
    """The door let them in; here it is decided for what."""
    who = cast(Principal, request.state.who)
    for scope in asked.scopes:
        if not who.may(cast(Scope, scope)):
            raise Forbidden(f"this needs a token with the scope {scope}")
    return who


def needs(scope: Scope) -> Any:
    """For a route's `dependencies`: each one names the scope that it needs."""
    return Security(_allowed, scopes=[scope])


def now_of(request: Request) -> int:
    return to_ms(request.app.state.clock.now())


async def _reading(request: Request) -> AsyncIterator[ReadSession]:
    db: Database = request.app.state.db
    async with db.read() as session:
        yield session


# The session ends before the answer goes out: a reader on a slow line must not hold a connection.
Reading = Annotated[ReadSession, Depends(_reading, scope="function")]
Now = Annotated[int, Depends(now_of)]


@dataclass(frozen=True, slots=True)
class Paging:
    """One page of a list: how many, after which key; `finish` says where the next one begins."""

    limit: int
    after: list[Any] | None
    _query: str = field(repr=False)
    _keys: Keyring = field(repr=False)

    def finish(self, found: Sequence[T], key: Callable[[T], Sequence[Any]]) -> tuple[Sequence[T], str | None]:
        """`found` may hold one row more than the limit: then there is a next page."""
        page = found[: self.limit]
        more = len(found) > self.limit
        return page, cursors.write(self._keys, self._query, key(page[-1])) if more else None


def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=500, description="how many at most")] = 100,
    cursor: Annotated[
        str | None, Query(max_length=1024, description="`next` of the page before; the query stays the same")
    ] = None,
) -> Paging:
    query = cursors.query_of(request.url.path, request.query_params.multi_items())
    keys: Keyring = request.app.state.keys
    return Paging(limit, cursors.read(keys, query, cursor) if cursor is not None else None, query, keys)


Page = Annotated[Paging, Depends(_paging)]


@dataclass(frozen=True, slots=True)
class Made:
    """What a write answers with. `subject` goes into the audit log; `kept` is what a repeated request is answered with
    where the body shows a secret, which is shown once and kept nowhere.
    """

    body: BaseModel | None
    subject: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kept: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """One change in one transaction, written into the audit log; with an Idempotency-Key it is done once."""

    db: Database
    settings: Settings
    who: Principal
    ip: str | None
    now: int
    key: str | None
    request_hash: str

    async def once(self, action: str, work: Callable[[Session], Awaitable[Made]]) -> Response:
        async with self.db.write() as session:
            if self.key:
                before = await rows.claim_key(session, self.who.actor, self.key, self.request_hash, self.now)
                if before:
                    return _again(before)
            made = await work(session)
            text = _text(made.body)
            lasting = _text(made.kept) if made.kept else text
            await audit.record(session, self.who, action, self.now, subject=made.subject, ip=self.ip, after=lasting)
            if self.key:
                kept = json.dumps({"headers": made.headers, "body": lasting})
                await rows.answer_key(session, self.who.actor, self.key, made.status, kept)
        return _response(made.status, made.headers, text)


def _text(body: BaseModel | None) -> str | None:
    return body.model_dump_json(by_alias=True) if body else None


def _again(before: rows.Answered) -> Response:
    kept = json.loads(before.answer or "{}")
    return _response(before.status, {**kept.get("headers", {}), "Idempotent-Replayed": "true"}, kept.get("body"))


def _response(status: int, headers: dict[str, str], text: str | None) -> Response:
    return Response(text, status, headers, "application/json" if text is not None else None)


async def _writing(request: Request) -> Writing:
    state = request.app.state
    peer = request.client.host if request.client else None
    return Writing(state.db, state.settings, request.state.who, peer, now_of(request), None, "")


async def _posting(
    request: Request,
    writing: Annotated[Writing, Depends(_writing)],
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key", min_length=1, max_length=255, description="the same key and body again: done once"
        ),
    ] = None,
) -> Writing:
    if idempotency_key is None:
        return writing
    if not idempotency_key.isprintable():
        raise Invalid("Idempotency-Key", idempotency_key, "must be of characters that can be shown")
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + await request.body()).hexdigest()
    return Writing(
        writing.db, writing.settings, writing.who, writing.ip, writing.now, idempotency_key, digest
    )  # fmt: skip


Changing = Annotated[Writing, Depends(_writing)]
Posting = Annotated[Writing, Depends(_posting)]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1024, description="the ETag that the change is based on; * for any")
]


def etag(version: int, identity: str) -> dict[str, str]:
    """`identity` tells a thing from one that had the same name before."""
    mark = hashlib.blake2b(identity.encode(), digest_size=6).hexdigest()
    return {"ETag": f'"{version}-{mark}"'}


def check_match(if_match: str | None, headers: dict[str, str]) -> None:
    """A change is refused where it is based on something that has changed meanwhile."""
    if if_match is None or if_match.strip() == "*":
        return
    if headers["ETag"] not in [part.strip() for part in if_match.split(",")]:
        raise PreconditionFailed("it was changed meanwhile: read it again, and send its ETag as If-Match")
