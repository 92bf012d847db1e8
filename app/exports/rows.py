"""Rows of an export, page by page at constant memory, in exactly the columns that an import takes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from app.db.engine import Database, ReadSession
from app.errors import Invalid
from app.exports import curve
from app.store import curves, exports, outcomes
from app.store.columns import CURVES, FILES, File
from app.store.exports import FIRST, LookKey, Row, Scope

KINDS = {**{name: file for name, file in FILES.items() if name != "counts"}, "curves": CURVES}
PAGE = 5_000
POSTS_OF_LOOKS = 200
LOOKS_PAGE = 20_000
HASHTAGS_PAGE = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What to export: a hashtag's, a campaign's (by slug) or all; times in milliseconds, half-open."""

    hashtag: str | None = None
    campaign: str | None = None
    start: int | None = None
    end: int | None = None
    step: str = "1h"  # curves alone, as are those below
    zone: str = "UTC"
    metrics: tuple[str, ...] | None = None
    as_of: int | None = None  # of all: facts that came later are not seen


def columns(kind: str) -> File:
    if kind not in KINDS:
        raise Invalid("kind", kind, f"must be one of {', '.join(KINDS)}")
    return KINDS[kind]


async def rows(db: Database, kind: str, query: Query, now: int) -> AsyncIterator[list[Row]]:
    """Raises NotFound for an unknown hashtag or campaign, Invalid for a question that has no answer."""
    columns(kind)
    if query.hashtag is not None and query.campaign is not None:
        raise Invalid("campaign", query.campaign, "name a hashtag or a campaign, not both")
    if query.start is not None and query.end is not None and query.start >= query.end:
        raise Invalid("from", query.start, "must lie before to")
    at = curves.moment(query.as_of, now)
    async with db.read() as session:
        scope = await exports.scope(session, query.hashtag, query.campaign, query.start, query.end)
    scope = replace(scope, as_of=query.as_of)
    if kind == "curves":
        yield await _curve(db, scope, query, now)
        return
    pages = {"posts": _posts, "snapshots": _snapshots, "accounts": _accounts, "outcomes": _outcomes}
    async for page in pages[kind](db, scope) if kind in pages else _coverage(db, scope, at):
        if page:
            yield page


async def _posts(db: Database, scope: Scope) -> AsyncIterator[list[Row]]:
    after = FIRST
    while True:
        async with db.read() as session:
            ids = await exports.post_ids(session, scope, after, PAGE)
            page = await exports.posts(session, ids, scope)
        if not ids:
            return
        yield page
        after = ids[-1]


async def _snapshots(db: Database, scope: Scope) -> AsyncIterator[list[Row]]:
    after, key = FIRST, (FIRST, FIRST, FIRST)
    ids: list[int] = []
    while True:
        async with db.read() as session:
            if not ids:
                ids = await exports.post_ids(session, scope, after, POSTS_OF_LOOKS)
                key = (FIRST, FIRST, FIRST)
            page, last = await _looks(session, ids, scope, key)
        if not ids:
            return
        yield page
        if last is None:
            after, ids = ids[-1], []
        else:
            key = last


async def _looks(
    session: ReadSession, ids: list[int], scope: Scope, after: LookKey
) -> tuple[list[Row], LookKey | None]:
    """A page of looks at these posts, and the key to go on from where there may be more."""
    found = await exports.snapshots(session, ids, scope, after, LOOKS_PAGE)
    names = await exports.names(session, ids)
    page = [(*names[key[0]], *row) for key, row in found]
    return page, found[-1][0] if len(found) == LOOKS_PAGE else None


async def _accounts(db: Database, scope: Scope) -> AsyncIterator[list[Row]]:
    after = FIRST
    while True:
        async with db.read() as session:
            ids = await exports.account_ids(session, scope, after, POSTS_OF_LOOKS)
            page = await exports.account_looks(session, ids, scope)
        if not ids:
            return
        yield page
        after = ids[-1]


async def _coverage(db: Database, scope: Scope, now: int) -> AsyncIterator[list[Row]]:
    async with db.read() as session:
        hashtags = await exports.hashtag_ids(session, scope)
    for start in range(0, len(hashtags), HASHTAGS_PAGE):
        async with db.read() as session:
            page = await exports.coverage(session, hashtags[start : start + HASHTAGS_PAGE], scope, now)
        yield page


async def _outcomes(db: Database, scope: Scope) -> AsyncIterator[list[Row]]:
    if scope.kind != "campaign":
        raise Invalid("campaign", None, "outcomes are of a campaign: name one")
    after: list[Any] | None = None
    while True:
        async with db.read() as session:
            which = outcomes.Which(scope.start, scope.end, None, scope.as_of)
            found = await outcomes.listed(session, scope.ref, which, after, PAGE)
        page = [kept.it for kept in found[:PAGE]]
        yield [(it.id, it.occurred_at, it.kind, it.amount, it.currency, it.code, it.donors) for it in page]
        if len(found) <= PAGE:
            return
        after = [page[-1].occurred_at, page[-1].id]


async def _curve(db: Database, scope: Scope, query: Query, now: int) -> list[Row]:
    if not scope.kind:
        raise Invalid("hashtag", None, "curves are of a hashtag or of a campaign: name one")
    ask = curves.Ask(query.start, query.end, query.step, query.zone, query.metrics, as_of=query.as_of)
    async with db.read() as session:
        found = await curves.growth(session, scope.kind, scope.ref, ask, now, query.campaign)
    return curve.rows(found)
