"""A file of posts: their hashtags are followed from now on, and covered over the span of the rows."""

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from app.analysis.contribution import UNKNOWN
from app.clock import from_ms, to_ms
from app.db.engine import Session
from app.imports import cells
from app.imports.batch import Raw
from app.imports.cells import known
from app.imports.kind import Run, by_platform, widen
from app.store import coverage, imports, keep
from app.store.imports import Span
from app.store.subjects import hashtag_key
from collectors.posts import Account, Engagement, Post


class Posts:
    batch = 5_000

    def read(self, raw: Raw) -> dict[str, list[Post]]:
        platforms, posts = cells.platforms(raw), _posts(raw)
        found: dict[str, list[Post]] = {}
        for platform, places in by_platform(raw, platforms).items():
            merged: dict[str, Post] = {}
            for place in places:
                post = posts(place)
                there = merged.get(post.native_id)
                # One post, a row for each hashtag: it carries them all.
                merged[post.native_id] = replace(there, tags=(*there.tags, *post.tags)) if there else post
            found[platform] = list(merged.values())
        return found

    def tags(self, read: dict[str, list[Post]]) -> set[str]:
        return {tag for posts in read.values() for post in posts for tag in post.tags}

    async def keep(self, session: Session, _raw: Raw, read: dict[str, list[Post]], run: Run) -> int:
        new = 0
        for platform, posts in read.items():
            source = await run.source(session, platform)
            arrivals = keep.Arrivals(platform, posts, run.now, source, live=False, looked=False)
            kept = await keep.keep(session, arrivals, run.now)
            run.recognised.update(kept.influencers)
            await _cover(session, platform, source, posts, run)
            new += kept.posts_new
        return new


def _posts(raw: Raw) -> Callable[[int], Post]:
    """A maker of posts by place, from columns read at once."""
    native, tags = cells.ids(raw, "native_id", True), cells.tags(raw, "hashtags")
    created = cells.times(raw, "created_at")
    author_ids, handles = cells.ids(raw, "author_id"), cells.texts(raw, "author", free=True)
    followers = cells.counts(raw, "followers")
    text, url, lang = (cells.texts(raw, name, free=True) for name in ("text", "url", "lang"))
    reply, repost, quote = (cells.ids(raw, name) for name in ("in_reply_to", "repost_of", "quote_of"))
    for place in np.flatnonzero(followers != UNKNOWN).tolist():
        if author_ids[place] is None and handles[place] is None:
            raw.fault(place, "followers: nobody's, without author_id or author")

    def make(place: int) -> Post:
        # Without an id the handle tells authors apart.
        who, level = author_ids[place] or handles[place], followers[place]
        author = Account(who, handles[place], followers=known(level)) if who else None
        return Post(
            str(native[place]), from_ms(int(created[place])), Engagement(), author=author, tags=tags[place],
            text=text[place], url=url[place], lang=lang[place], in_reply_to=reply[place], repost_of=repost[place],
            quote_of=quote[place],
        )  # fmt: skip

    return make


async def _cover(session: Session, platform: str, source: int, posts: list[Post], run: Run) -> None:
    """An import owes the span of its rows alone, or what --from and --to say."""
    touched: dict[int, Span] = {}
    for post in posts:
        at = to_ms(post.created_at)
        for key in {hashtag_key(tag) for tag in post.tags}:
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
