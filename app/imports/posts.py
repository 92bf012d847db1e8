"""A file of posts: their hashtags are followed from now on, and covered over the span of the rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from msgspec import structs

from app.analysis.contribution import UNKNOWN
from app.analysis.tags import normal
from app.clock import from_ms, to_ms
from app.db.engine import Session
from app.imports import cells
from app.imports.batch import Raw
from app.imports.cells import known
from app.imports.kind import Run, by_platform, widen
from app.store import coverage, imports, keep
from app.store.arrivals import Beside
from app.store.imports import Span
from app.store.subjects import hashtag_key
from collectors.posts import Account, Engagement, Post

STATED = "stated"
"""Of a post's coverage: what was observed around it stands in a coverage file alone, and its row claims nothing."""
_STATES = ("live", "gone")


@dataclass(frozen=True, slots=True)
class Row:
    """A post, and what only another service's export says of it. `followed`: the hashtags that get a curve by it."""

    post: Post
    beside: Beside
    followed: tuple[str, ...]
    claims: bool

    def with_tags_of(self, other: "Row") -> "Row":
        """One post, a row for each hashtag: it carries them all."""
        return Row(
            structs.replace(self.post, tags=(*self.post.tags, *other.post.tags)),
            replace(self.beside, since={**other.beside.since, **self.beside.since}),
            (*self.followed, *other.followed), self.claims and other.claims,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """Rows by platform and native id."""

    platforms: dict[str, dict[str, Row]] = field(default_factory=dict)


class Posts:
    batch = 5_000

    def read(self, raw: Raw) -> Read:
        platforms, row_at = cells.platforms(raw), _rows(raw)
        found = Read()
        for platform, places in by_platform(raw, platforms).items():
            merged = found.platforms.setdefault(platform, {})
            for place in places:
                row = row_at(place)
                there = merged.get(row.post.native_id)
                merged[row.post.native_id] = there.with_tags_of(row) if there else row
        return found

    def tags(self, read: Read) -> set[str]:
        return {tag for rows in read.platforms.values() for row in rows.values() for tag in row.followed}

    async def keep(self, session: Session, _raw: Raw, read: Read, run: Run) -> int:
        new = 0
        for platform, rows in read.platforms.items():
            source = await run.source(session, platform)
            posts, beside = [row.post for row in rows.values()], {name: row.beside for name, row in rows.items()}
            arrivals = keep.Arrivals(platform, posts, run.now, source, live=False, looked=False, beside=beside)
            kept = await keep.keep(session, arrivals, run.now)
            run.recognised.update(kept.influencers)
            await _cover(session, platform, source, [row for row in rows.values() if row.claims], run)
            new += kept.posts_new
        return new


def _rows(raw: Raw) -> Callable[[int], Row]:
    """A maker of rows by place, from columns read at once."""
    posts = _posts(raw)
    tags, followed = cells.tags(raw, "hashtags"), cells.tags(raw, "followed_hashtags", filled=False)
    since, shown = cells.added(raw, "added_hashtags"), cells.moments(raw, "followers_at")
    states, claims = cells.texts(raw, "state"), cells.texts(raw, "coverage")
    named = cells.texts(raw, "followed_hashtags")
    _one_of(raw, "state", states, _STATES)
    _one_of(raw, "coverage", claims, (STATED,))
    for place, those in enumerate(followed):
        if strange := [tag for tag in those if normal(tag) not in map(normal, tags[place])]:
            raw.fault(place, f"followed_hashtags: {strange[0]!r} is none of the post's")

    def make(place: int) -> Row:
        beside = Beside(since[place], shown[place], states[place] == "gone")
        counted = followed[place] if named[place] else tags[place]
        return Row(posts(place), beside, counted, claims[place] != STATED)

    return make


def _one_of(raw: Raw, name: str, said: Sequence[str | None], words: Sequence[str]) -> None:
    for place, word in enumerate(said):
        if word is not None and word not in words:
            raw.fault(place, f"{name}: {word!r} is none of {' '.join(words)}")


def _posts(raw: Raw) -> Callable[[int], Post]:
    native, tags = cells.ids(raw, "native_id", True), cells.tags(raw, "hashtags")
    created, edited = cells.times(raw, "created_at"), cells.moments(raw, "edited_at")
    author_ids, handles = cells.ids(raw, "author_id"), cells.texts(raw, "author", holds="free")
    followers = cells.counts(raw, "followers")
    text, url, lang, labels = (cells.texts(raw, name, holds="free") for name in ("text", "url", "lang", "labels"))
    reply, repost, quote = (cells.ids(raw, name) for name in ("in_reply_to", "repost_of", "quote_of"))
    for place in np.flatnonzero(followers != UNKNOWN).tolist():
        if author_ids[place] is None and handles[place] is None:
            raw.fault(place, "followers: nobody's, without author_id or author")

    def make(place: int) -> Post:
        # Without an id the handle tells authors apart.
        who, level, changed = author_ids[place] or handles[place], followers[place], edited[place]
        author = Account(who, handles[place], followers=known(level)) if who else None
        return Post(
            str(native[place]), from_ms(int(created[place])), Engagement(), author=author, tags=tags[place],
            text=text[place], url=url[place], lang=lang[place], in_reply_to=reply[place], repost_of=repost[place],
            quote_of=quote[place], edited_at=None if changed is None else from_ms(changed),
            labels=tuple((labels[place] or "").split()),
        )  # fmt: skip

    return make


async def _cover(session: Session, platform: str, source: int, rows: Sequence[Row], run: Run) -> None:
    """An import owes the span of its rows alone, or what --from and --to say."""
    touched: dict[int, Span] = {}
    for row in rows:
        at = to_ms(row.post.created_at)
        for key in {hashtag_key(tag) for tag in row.followed}:
            widen(run.spans, (platform, key), at, at + 1)
            touched[key] = run.spans[platform, key]
    if run.span is None:
        await imports.cover_rows(session, platform, source, touched, run.now)
        return
    fresh = {key: run.span for key in touched if (platform, key) not in run.stated}
    for key, track in (await imports.tracks(session, source, fresh)).items():
        await imports.unstate(session, platform, key, run.span)
        await coverage.write(session, track, *run.span, "imported", recorded=run.now)
        run.stated[platform, key] = run.span
