"""Worlds of several sources, edits, witnesses, imports and gaps: out as files, and the same curves from the copy."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from app.access.seal import Keyring
from app.clock import HOUR, from_ms
from app.db.engine import Database
from app.exports import rows as pages
from app.exports.rows import Query
from app.exports.shown import AS_IT_IS, Shown
from app.exports.stream import stream
from app.models import Hashtag, Post, Source
from app.store import campaigns, coverage, following, keep, native_counts, outcomes, refreshing
from app.store.campaigns import Described
from app.store.curves import Ask, growth
from app.store.outcomes import Gift
from app.store.subjects import hashtag_key
from app.store.tracks import of_hashtag
from collectors.posts import Account, Engagement
from collectors.posts import Post as Shot
from tests.imports.files import BORN, bring, brought, differences, look, post

START = BORN * 1_000
NOW = START + 60 * HOUR
TAGS = ("Rain", "Wind", "Sun", "nobodys")  # the last is not followed
KINDS = ("accounts", "posts", "snapshots", "counts", "coverage", "outcomes")
DRY = Described("dry", "Dry", "other", START + HOUR, None, ("#rain", "#wind"))
KEYS = Keyring.of(b"a key that is long enough for the tests")
HIDDEN = Shown(KEYS.pseudonym, KEYS.naming_mark)


async def world(db: Database, folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    async with db.write() as session:
        for name, platform in (("a.example", "mastodon"), ("b.example", "mastodon"), ("sky", "bluesky")):
            session.add(Source(name=name, platform=platform, kind="live", state="ok", state_at=0, created_at=0))
        await session.flush()
        for tag, sources in (("Rain", [1, 2, 3]), ("Wind", [1]), ("Sun", [3])):
            await following.follow(session, tag, sources, START + 5 * HOUR, 300)
        campaign = (await campaigns.create(session, DRY, NOW - HOUR, 300)).id
        gifts = [Gift(f"=g{n}", START + n * HOUR, "donation", "-3.50", "EUR", "+code") for n in range(3)]
        await outcomes.keep(session, campaign, gifts, NOW)
    await bring(db, folder, "posts", [post(n, hashtags=rng.choice(["#Rain", "#Sun #Other"])) for n in range(1, 6)])
    for _ in range(25):
        await _page(db, rng)
    hours = [(n, hour) for n in range(1, 6) for hour in rng.sample(range(60), 12)]
    looks = [look(n, hour * 3_600 - n * 60, likes=rng.randrange(90)) for n, hour in hours]
    await bring(db, folder, "snapshots", looks)
    await _observed(db, rng)


async def _page(db: Database, rng: random.Random) -> None:
    """A few posts as a source shows them at a whole hour, so that two sources may look at one instant."""
    source = rng.choice([1, 1, 2, 3])
    platform, at = ("bluesky" if source == 3 else "mastodon"), START + rng.randrange(60) * HOUR
    posts = [_post(rng, platform, n, at) for n in rng.sample(range(1, 14), 4)]
    async with db.write() as session:
        await keep.keep(session, keep.Arrivals(platform, posts, at, source), NOW)


def _post(rng: random.Random, platform: str, n: int, at: int) -> Shot:
    native = f"https://a.example/{n}" if platform == "mastodon" else f"at://{n}"
    who = rng.choice([None, Account(f"{platform} {n % 4}", f"@u{n % 4}", "=N", followers=rng.choice([None, 40 + n]))])
    tags = (rng.choice(TAGS), *rng.sample(TAGS, n % 2))
    created = START + n * HOUR // 3 + 417
    return Shot(
        native, from_ms(created), Engagement(rng.randrange(50), rng.choice([None, n]), 1, views=rng.randrange(900)),
        str(n), who, tags, text=rng.choice([None, "=1+1", "a\rb"]), edited_at=rng.choice([None, from_ms(at)]),
        labels=("=l",) * (n % 2),
    )  # fmt: skip


async def _observed(db: Database, rng: random.Random) -> None:
    """Coverage with gaps, a hashtag unfollowed on the way, posts that are gone, what platforms count."""
    async with db.write() as session:
        tracks = [track for tag in TAGS[:3] for track in await of_hashtag(session, hashtag_key(tag))]
        for track in tracks:
            for hour in rng.sample(range(4, 50), 5):
                words = rng.choice([("complete", None), ("partial", "page limit"), ("missed", "=down")])
                await coverage.write(session, track.id, START + hour * HOUR, START + (hour + 4) * HOUR, *words)
            day = START - START % (24 * HOUR)
            count = (track.id, day, 24 * HOUR, rng.randrange(99), None, None, 7)
            await native_counts.keep(session, [count], NOW - HOUR)
        for absences in range(2):
            native = f"https://a.example/{rng.randrange(1, 14)}"
            known = [refreshing.Known(keep.post_key("mastodon", native), native, absences)]
            await refreshing.mark_absent(session, known, [None], NOW)


async def moved(db: Database, other: Database, folder: Path, form: str, shown: Shown) -> None:
    async with other.write() as session:
        await campaigns.create(session, DRY, NOW - HOUR, 300)
    for kind in KINDS:
        path, slug = folder / f"out-{kind}.{form}", "dry" if kind == "outcomes" else None
        data = [part async for part in stream(db, kind, Query(campaign=slug), form, NOW, shown=shown)]
        path.write_bytes(b"".join(data))
        summary = await brought(other, kind, path, campaign=slug, now=NOW)
        assert (summary.rejected, summary.first_rejects) == (0, ())


async def drawn(db: Database) -> dict[str, bytes]:
    """Every curve as JSON, but what is of the service itself: when it was asked, and the names of its sources."""
    found = {}
    async with db.read() as session:
        (campaign,) = [kept.id for kept in [await campaigns.by_slug(session, "dry")]]
        for kind, ref in (("hashtag", "rain"), ("hashtag", "wind"), ("hashtag", "sun"), ("campaign", campaign)):
            for step, zone in (("1h", "UTC"), ("1d", "UTC"), ("1d", "Asia/Kathmandu")):
                curve = await growth(session, kind, ref, Ask(step=step, zone=zone, split=True), NOW, "dry")
                found[f"{kind} {ref if kind == 'hashtag' else 'dry'} {step} {zone}"] = _settled(curve)
    return found


def _settled(curve: Mapping[str, Any]) -> bytes:
    """A gap that lasts until now is one that ended once it stands in a file."""
    gaps = [
        {**gap, "source": gap["source"].removeprefix("import:"), "reason": str(gap["reason"]).removesuffix(" yet")}
        for gap in curve["gaps"]
    ]
    gaps.sort(key=lambda gap: (gap["from"], gap["source"], gap["hashtag"]))
    return msgspec.json.encode({**curve, "as_of": None, "gaps": gaps})


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_copy_of_a_world_has_the_same_curves(
    db: Database,
    empty: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    for name, size in (("PAGE", 3), ("POSTS_OF_LOOKS", 4), ("LOOKS_PAGE", 5), ("HASHTAGS_PAGE", 2)):
        monkeypatch.setattr(pages, name, size)
    await world(db, tmp_path, seed)
    form = ("csv", "jsonl", "parquet")[seed % 3]
    await moved(db, empty, tmp_path, form, HIDDEN if seed % 2 else AS_IT_IS)
    want, have = await drawn(db), await drawn(empty)
    for name in want:
        assert have[name] == want[name], name
    assert await differences(empty) == []
    async with db.read() as one, empty.read() as other:
        states = select(Post.native_id, Post.state, Post.edited_at, Post.labels, Post.followers_at).order_by(Post.id)
        assert (await one.execute(states)).all() == (await other.execute(states)).all()
        followed = select(Hashtag.tag).where(Hashtag.followed_at.is_not(None)).order_by(Hashtag.tag)
        assert (await one.execute(followed)).all() == (await other.execute(followed)).all()
