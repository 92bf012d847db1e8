"""Small worlds of posts, and what reaches us of them: pages, files, readings, in any order and more than once."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import strategies as st

from app.analysis.contribution import METRICS, UNKNOWN
from app.clock import from_ms, to_ms
from app.db.engine import Session
from app.models import Campaign, CampaignHashtag, Influencer, InfluencerAccount
from app.store import keep, rebuild, subjects
from app.store.accounts import account_key
from app.store.looks import Readings
from collectors import posts as values

NOW = to_ms(datetime(2026, 3, 20, 9, 7, tzinfo=UTC))
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
IMPORT = 9
LIVE = {"mastodon": (1, 2), "bluesky": (3, 4)}
FOLLOWED = ("rain", "sun")
CAMPAIGN_TAGS = ("rain", "fog")  # fog is in the campaign, and not followed
TAGS = ("rain", "sun", "fog", "snow")
STAR = ("mastodon", "u1"), ("bluesky", "u1")
Levels = tuple[int | None, ...]


def seeds(count: int) -> pytest.MarkDecorator:
    """Each on one of the two databases in turn: the next seed is worth more than the same again."""
    pairs = [(("sqlite", "postgresql")[seed % 2], seed) for seed in range(count)]
    return pytest.mark.parametrize(("database_url", "seed"), pairs, indirect=["database_url"])


@dataclass(frozen=True)
class Shown:
    """A post as one page shows it."""

    native_id: str
    created_at: int
    author: str | None
    followers: int | None
    tags: tuple[str, ...]
    edited_at: int | None
    levels: Levels


@dataclass(frozen=True)
class Page:
    platform: str
    source: int
    at: int
    posts: tuple[Shown, ...]
    live: bool = True


@dataclass(frozen=True)
class File:
    """Looks from an import of snapshots: (platform, native id, instant, levels)."""

    rows: tuple[tuple[str, str, int, Levels], ...]


Arrival = Page | File

levels = st.tuples(*[st.one_of(st.none(), st.integers(0, 9), st.integers(0, 900))] * len(METRICS))
offsets = st.one_of(
    st.just(0), st.integers(-HOUR, HOUR), st.integers(0, 3 * DAY), st.integers(-DAY, 16 * DAY)
)  # fmt: skip
some_tags = st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True).map(tuple)


@dataclass(frozen=True)
class Life:
    """What is true of a post, from which each page shows a part."""

    native_id: str
    platform: str
    created_at: int
    author: str | None
    tags: tuple[str, ...]
    edited_at: int | None = None
    tags_then: tuple[str, ...] = ()
    says_edited: bool = True

    def shown(self, at: int, author: bool, followers: int | None, levels: Levels) -> Shown:
        edited = self.edited_at is not None and at >= self.edited_at
        name = self.author if author else None
        return Shown(
            self.native_id, self.created_at, name, followers if name else None,
            self.tags_then if edited else self.tags, self.edited_at if edited and self.says_edited else None, levels,
        )  # fmt: skip


@st.composite
def lives(draw: st.DrawFn, number: int, calm: bool) -> Life:
    created = NOW - 17 * DAY + draw(offsets)
    life = Life(
        f"post-{number}", draw(st.sampled_from(["mastodon", "mastodon", "bluesky"])), created,
        draw(st.sampled_from([None, "u1", "u1", "u2", "u3"])), draw(some_tags),
    )  # fmt: skip
    if calm or draw(st.booleans()):
        return life
    edited = created + draw(st.integers(0, 3 * DAY))
    return replace(life, edited_at=edited, tags_then=draw(some_tags), says_edited=draw(st.booleans()))


@st.composite
def arrivals(draw: st.DrawFn, calm: bool = False) -> list[Arrival]:
    """All that comes of a world, each once, in no order. Calm: no edits, and no source but the home one."""
    known = [draw(lives(number, calm)) for number in range(draw(st.integers(1, 5)))]
    instants = [NOW - 17 * DAY + offset for offset in draw(st.lists(offsets, min_size=1, max_size=6, unique=True))]
    pages: dict[tuple[str, int, int], dict[str, Shown]] = {}
    found: list[Arrival] = []
    rows = []
    for life in known:
        sources = LIVE[life.platform][: 1 if calm else 2]
        for at in draw(st.lists(st.sampled_from(instants), min_size=1, max_size=6)):
            if draw(st.integers(0, 4)) == 0:
                rows.append((life.platform, life.native_id, at, draw(levels)))
                continue
            shows, followers = draw(st.booleans()), draw(st.one_of(st.none(), st.integers(0, 99)))
            shown = life.shown(at, shows, followers, draw(levels))
            pages.setdefault((life.platform, draw(st.sampled_from(sources)), at), {})[life.native_id] = shown
        if draw(st.integers(0, 3)) == 0:
            told = life.shown(NOW, draw(st.booleans()), draw(st.one_of(st.none(), st.integers(0, 99))), (None,) * 6)
            tags = life.tags if calm else draw(some_tags)
            found.append(Page(life.platform, IMPORT, NOW, (replace(told, tags=tags, edited_at=None),), live=False))
    found += [Page(*key, tuple(shown.values())) for key, shown in pages.items()]
    unique = {row[:3]: row for row in rows}
    while unique:
        size = draw(st.integers(1, len(unique)))
        part = [unique.pop(key) for key in list(unique)[:size]]
        found.append(File(tuple(part)))
    return found


async def settle(session: Session) -> list[int]:
    """What is followed, and the subjects' ids: two hashtags, a campaign of two, two people with the same account."""
    await subjects.ensure_hashtags(session, TAGS, NOW)
    for kind, refs in (("hashtag", FOLLOWED), ("campaign", ("camp",)), ("influencer", ("star", "fan"))):
        await subjects.ensure(session, kind, refs)
    session.add(Campaign(id="camp", slug="camp", name="Camp", kind="other", created_at=NOW))
    session.add_all(Influencer(id=name, name=name, created_at=NOW) for name in ("star", "fan"))
    session.add_all(
        CampaignHashtag(campaign_id="camp", hashtag_id=subjects.hashtag_key(tag)) for tag in CAMPAIGN_TAGS
    )  # fmt: skip
    for platform, name in STAR:
        claim = InfluencerAccount(influencer_id="star", platform=platform, native_id=name)
        claim.account_id = account_key(platform, name)
        session.add(claim)
    platform, name = STAR[0]
    also = InfluencerAccount(influencer_id="fan", platform=platform, handle=name)
    also.account_id = account_key(platform, name)
    session.add(also)
    await session.flush()
    return SUBJECTS


SUBJECTS = [
    *(subjects.subject_key("hashtag", tag) for tag in FOLLOWED),
    *(subjects.subject_key(kind, ref) for kind, ref in (("campaign", "camp"), ("influencer", "star"))),
    subjects.subject_key("influencer", "fan"),
]


def as_post(shown: Shown) -> values.Post:
    author = values.Account(shown.author, handle=shown.author, followers=shown.followers) if shown.author else None
    return values.Post(
        shown.native_id, from_ms(shown.created_at), values.Engagement(*shown.levels), author=author,
        tags=tuple(f"#{tag.upper()}" for tag in shown.tags), text="text",
        edited_at=from_ms(shown.edited_at) if shown.edited_at is not None else None,
    )  # fmt: skip


def as_readings(file: File) -> Readings:
    given = [[UNKNOWN if level is None else level for level in row[3]] for row in file.rows]
    return Readings(
        np.array([keep.post_key(*row[:2]) for row in file.rows], dtype=np.int64),
        np.array([row[2] for row in file.rows], dtype=np.int64),
        np.array(given, dtype=np.int64), IMPORT, np.zeros(len(file.rows), dtype=bool),
    )  # fmt: skip


async def arrive(session: Session, arrival: Arrival) -> list[Arrival]:
    """Keeps it; returns what could not be kept because its post is not known yet."""
    if isinstance(arrival, Page):
        posts = [as_post(shown) for shown in arrival.posts]
        page = keep.Arrivals(arrival.platform, posts, arrival.at, arrival.source, arrival.live, looked=arrival.live)
        for name in (await keep.keep(session, page, NOW)).influencers:
            await rebuild.rebuild(session, subjects.subject_key("influencer", name), NOW)
        return []
    _, unknown = await keep.keep_readings(session, as_readings(arrival), NOW)
    return [File(tuple(arrival.rows[i] for i in unknown))] if unknown else []
