"""Rows of an export, page by page at constant memory, in exactly the columns that an import takes.

Each page tells where the next one begins, so that a broken export can go on.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.analysis.calendar import STEPS, TooMany, check
from app.clock import rfc3339
from app.db.engine import Database, ReadSession
from app.errors import Invalid
from app.exports import curve
from app.exports.shown import AS_IT_IS, Shown
from app.store import curves, exports, outcomes, owing
from app.store.columns import CURVES, DEHYDRATED, FILES, File
from app.store.exports import FIRST, Named, Owed, Row, Scope
from app.store.subjects import hashtag_key
from app.store.sums import Rollups

KINDS = {**FILES, "curves": CURVES}
PAGE = 5_000
POSTS_OF_LOOKS = 100
LOOKS_PAGE = 20_000
HASHTAGS_PAGE = 200
Cursor = list[Any]


@dataclass(frozen=True, slots=True)
class Query:
    """What to export: some hashtags', a campaign's (by slug) or all; times in milliseconds, half-open."""

    hashtags: tuple[str, ...] = ()
    campaign: str | None = None
    start: int | None = None
    end: int | None = None
    step: str = "1h"  # curves alone, as are those below
    zone: str = "UTC"
    metrics: tuple[str, ...] | None = None
    as_of: int | None = None  # of all: facts that came later are not seen
    dehydrated: bool = False  # of posts: their ids alone


@dataclass(frozen=True, slots=True)
class Page:
    """Cells by column, and the cursor that goes on after them."""

    columns: Sequence[Sequence[Any]]
    next: Cursor

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0


def columns(kind: str, query: Query | None = None) -> File:
    if kind not in KINDS:
        raise Invalid("kind", kind, f"must be one of {', '.join(KINDS)}")
    if query is None or not query.dehydrated:
        return KINDS[kind] if query is None or kind != "curves" else curve.file(query.metrics)
    if kind != "posts":
        raise Invalid("dehydrated", kind, "ids alone are of posts: of anything else nothing would be left")
    return DEHYDRATED


async def checked(db: Database, kind: str, query: Query, now: int) -> Scope:
    """Raises NotFound for an unknown hashtag or campaign, Invalid for a question that has no answer."""
    columns(kind, query)
    if query.hashtags and query.campaign is not None:
        raise Invalid("campaign", query.campaign, "name hashtags or a campaign, not both")
    if query.start is not None and query.end is not None and query.start >= query.end:
        raise Invalid("from", rfc3339(query.start), "must lie before to")
    if kind == "curves" and not query.hashtags and query.campaign is None:
        raise Invalid("hashtag", None, "curves are of hashtags or of a campaign: name one")
    if kind == "outcomes" and query.campaign is None:
        raise Invalid("campaign", None, "outcomes are of a campaign: name one")
    at = curves.moment(query.as_of, now)
    async with db.read() as session:
        subjects = await exports.named(session, query.hashtags, query.campaign)
        if kind == "curves" and query.start is None:
            await _refuse_cut(session, subjects, query, at)
    return Scope(subjects, query.start, query.end, query.as_of)


async def _refuse_cut(session: ReadSession, subjects: Sequence[Named], query: Query, now: int) -> None:
    """A page may begin a curve later than its first post; a file would not show that it has no beginning."""
    for one in subjects if query.step in STEPS and query.step != "5m" else ():
        first = await Rollups(session, one.key).first()
        try:
            check(now if first is None else first, query.end or now, query.step)
        except TooMany as error:
            began = rfc3339(first or now)
            raise Invalid("step", query.step, f"{one.label} began {began}: {error}, or a later from") from None


async def pages(
    db: Database, kind: str, query: Query, now: int, shown: Shown = AS_IT_IS, after: Cursor | None = None
) -> AsyncIterator[Page]:
    scope = await checked(db, kind, query, now)
    at, file = curves.moment(query.as_of, now), columns(kind, query)
    if kind == "curves":
        found = _curves(db, scope, query, now, after)
    elif kind in ("coverage", "counts"):
        found = _hashtags(db, scope, at, kind, after)
    else:
        found = {"posts": _posts, "snapshots": _snapshots, "accounts": _accounts, "outcomes": _outcomes}[kind](
            db, scope, at, after
        )
    async for page in found:
        if len(page):
            yield Page(shown.of(kind, FILES.get(kind, file).names, page.columns, file.names), page.next)


async def _posts(db: Database, scope: Scope, now: int, start: Cursor | None) -> AsyncIterator[Page]:
    after, owed = start[0] if start else FIRST, await _owed(db, scope, now)
    while True:
        async with db.read() as session:
            ids = await exports.post_ids(session, scope, after, PAGE)
            page = await exports.posts(session, ids, scope, owed)
        if not ids:
            return
        after = ids[-1]
        yield Page(_turned(page), [after])


async def _owed(db: Database, scope: Scope, now: int) -> Owed:
    """From where to where a coverage file of all hashtags would speak."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    whole = Scope(as_of=scope.as_of)
    async for ids in _by_hashtags(db, whole, FIRST):
        async with db.read() as session:
            for part in await owing.parts(session, ids, whole, now):
                key = part.platform, hashtag_key(part.hashtag)
                low, high = found.get(key, (part.start, part.end))
                found[key] = min(low, part.start), max(high, part.end)
    return found


async def _by_hashtags(db: Database, scope: Scope, after: int) -> AsyncIterator[list[int]]:
    async with db.read() as session:
        hashtags = await owing.hashtag_ids(session, scope, after)
    for start in range(0, len(hashtags), HASHTAGS_PAGE):
        yield hashtags[start : start + HASHTAGS_PAGE]


async def _snapshots(db: Database, scope: Scope, _now: int, start: Cursor | None) -> AsyncIterator[Page]:
    """The cursor: a post, and unless all of it is done, the instant, the source and which look at that instant."""
    whole = start is not None and start[1] is None
    after = FIRST if start is None else start[0] if whole else start[0] - 1
    last: Cursor | None = None if whole else start
    ids: list[int] = []
    while True:
        async with db.read() as session:
            ids = ids or await exports.post_ids(session, scope, after, POSTS_OF_LOOKS)
            key = (last[0], last[1], last[2]) if last else (FIRST, FIRST, FIRST)
            found = await exports.snapshots(session, ids, scope, key, LOOKS_PAGE)
            names = await exports.names(session, ids)
        if not ids:
            return
        full = len(found) == LOOKS_PAGE
        nth = _nth(found, last)
        if full:
            last = [*found[-1][:3], nth[-1] or 1]
        else:
            after, ids, last = ids[-1], [], None
        if found:
            posts, times, _, *levels = zip(*found, strict=True)
            told = list(map(names.__getitem__, posts))
            platform, native = zip(*told, strict=True)
            yield Page([platform, native, times, *levels, nth], last or [after, None, None, None])


def _nth(found: Sequence[Row], before: Cursor | None) -> list[int | None]:
    """Which of several looks at one instant each is: None for the first, which is nearly always the only one."""
    nth: list[int | None] = [None] * len(found)
    post, at, n = (before[0], before[1], before[3]) if before else (None, None, 0)
    for place, row in enumerate(found):
        if row[1] == at and row[0] == post:
            n += 1
            nth[place] = n
        else:
            post, at, n = row[0], row[1], 1
    return nth


async def _accounts(db: Database, scope: Scope, _now: int, start: Cursor | None) -> AsyncIterator[Page]:
    after = start[0] if start else FIRST
    while True:
        async with db.read() as session:
            ids = await exports.account_ids(session, scope, after, POSTS_OF_LOOKS)
            page = await exports.account_looks(session, ids, scope)
        if not ids:
            return
        after = ids[-1]
        yield Page(_turned(page), [after])


async def _hashtags(db: Database, scope: Scope, now: int, kind: str, start: Cursor | None) -> AsyncIterator[Page]:
    async for ids in _by_hashtags(db, scope, start[0] if start else FIRST):
        async with db.read() as session:
            if kind == "counts":
                page = await owing.counts(session, ids, scope)
            else:
                page = await owing.coverage(session, ids, scope, now)
        yield Page(_turned(page), [ids[-1]])


async def _outcomes(db: Database, scope: Scope, _now: int, start: Cursor | None) -> AsyncIterator[Page]:
    after, which = start, outcomes.Which(scope.start, scope.end, None, scope.as_of)
    while True:
        async with db.read() as session:
            found = await outcomes.listed(session, scope.subjects[0].ref, which, after, PAGE)
        page = [kept.it for kept in found[:PAGE]]
        if not page:
            return
        after = [page[-1].occurred_at, page[-1].id]
        rows = [(it.id, it.occurred_at, it.kind, it.amount, it.currency, it.code, it.donors) for it in page]
        yield Page(_turned(rows), after)
        if len(found) <= PAGE:
            return


async def _curves(db: Database, scope: Scope, query: Query, now: int, start: Cursor | None) -> AsyncIterator[Page]:
    ask = curves.Ask(query.start, query.end, query.step, query.zone, query.metrics, as_of=query.as_of)
    for number, one in enumerate(scope.subjects):
        if start is None or number > start[0]:
            async with db.read() as session:
                found = await curves.growth(session, one.kind, one.ref, ask, now, one.label)
            yield Page(curve.columns(found), [number])


def _turned(rows: Sequence[Row]) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True))
