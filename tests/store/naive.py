"""Curves from all that ever arrived, kept in plain dictionaries and summed from the beginning every time."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from app.db.types import hash_id
from app.store.accounts import account_key
from tests.analysis.naive import FIVE, NAMES, Levels, contribution
from tests.store.world import CAMPAIGN_TAGS, FOLLOWED, HOUR, NOW, STAR, Arrival, File, Page, Shown

GRAINS = (FIVE, 15 * 60_000, HOUR)
FINE_FROM = (NOW - 14 * 24 * HOUR) // HOUR * HOUR
Key = tuple[int, int, str, int]


@dataclass
class Known:
    id: int
    platform: str
    created_at: int
    author: str | None = None
    home: int | None = None
    edited_at: int | None = None
    tags: dict[str, int | None] = field(default_factory=dict)  # since when; None: from birth
    looks: dict[tuple[int, int], Levels] = field(default_factory=dict)
    shown: list[tuple[int, int]] = field(default_factory=list)  # followers at an instant
    told: int | None = None  # followers that a file gave

    @property
    def born_at(self) -> int:
        return min([self.created_at, *(at for at, _ in self.looks)])

    @property
    def followers(self) -> int | None:
        return min(self.shown)[1] if self.shown else self.told

    def levels(self) -> Levels:
        known: list[int | None] = [None] * 6
        for _, levels in sorted(self.looks.items()):
            known = [new if new is not None else old for old, new in zip(known, levels, strict=True)]
        return tuple(known)


class Naive:
    def __init__(self) -> None:
        self.posts: dict[tuple[str, str], Known] = {}

    def arrive(self, arrival: Arrival) -> None:
        if isinstance(arrival, File):
            for platform, native_id, at, levels in arrival.rows:
                if post := self.posts.get((platform, native_id)):
                    post.looks.setdefault((at, 9), levels)
            return
        for shown in arrival.posts:
            self._show(arrival, shown)

    def _show(self, page: Page, shown: Shown) -> None:
        key = (page.platform, shown.native_id)
        new = key not in self.posts
        post = self.posts.setdefault(key, Known(hash_id(*key), page.platform, shown.created_at))
        had_home = post.home is not None
        if page.live and not had_home:
            post.home = page.source
        post.author = post.author or shown.author
        if shown.edited_at is not None:
            post.edited_at = max(post.edited_at or 0, shown.edited_at)
        for tag in shown.tags:
            post.tags.setdefault(tag, None if new else self._since(post, page, had_home))
        if page.live and page.source == post.home:
            post.looks.setdefault((page.at, page.source), shown.levels)
            if shown.followers is not None:
                post.shown.append((page.at, shown.followers))
        elif not page.live and shown.followers is not None and post.told is None:
            post.told = shown.followers

    @staticmethod
    def _since(post: Known, page: Page, had_home: bool) -> int | None:
        if post.edited_at is not None:
            return max(post.edited_at, post.born_at)
        return max(page.at, post.born_at) if had_home and page.live else None

    def members(self) -> dict[tuple[str, str], list[tuple[Known, int | None]]]:
        """By subject: the posts, and since when where an edit brought them."""
        found: dict[tuple[str, str], list[tuple[Known, int | None]]] = defaultdict(list)
        for post in self.posts.values():
            own = [tag for tag in FOLLOWED if tag in post.tags]
            ways = {("hashtag", tag): [tag] for tag in own}
            ways["campaign", "camp"] = [tag for tag in CAMPAIGN_TAGS if tag in post.tags]
            if (post.platform, post.author) in STAR:
                ways["influencer", "star"] = own
            if (post.platform, post.author) == STAR[0]:
                ways["influencer", "fan"] = own
            for subject, tags in ways.items():
                times = [post.tags[tag] for tag in tags]
                if times:
                    found[subject].append((post, None if None in times else min(t for t in times if t is not None)))
        return found

    def rollups(self) -> dict[Key, dict[str, int]]:
        """Rows by (subject, grain, platform, bucket); nothing that is zero."""
        found: dict[Key, Counter[str]] = defaultdict(Counter)
        for subject, members in self.members().items():
            for platform, at, column, amount in _entries(members):
                for grain in GRAINS:
                    if grain != FIVE or at >= FINE_FROM:
                        found[hash_id(*subject), grain, platform, at - at % grain][column] += amount
        rows = {key: {name: amount for name, amount in row.items() if amount} for key, row in found.items()}
        return {key: row for key, row in rows.items() if row}


def _entries(members: list[tuple[Known, int | None]]) -> list[tuple[str, int, str, int]]:
    found: list[tuple[str, int, str, int]] = []
    firsts: dict[int, tuple[int, int, Known]] = {}
    for post, since in members:
        start = post.born_at if since is None else since
        counts = {"posts": 1, "authored": int(post.author is not None), "impressions": post.followers or 0}
        counts["followed"] = int(post.followers is not None)
        counts |= {f"gave_{name}": int(level is not None) for name, level in zip(NAMES, post.levels(), strict=False)}
        found += [(post.platform, start, column, amount) for column, amount in counts.items()]
        if post.author is not None:
            who = account_key(post.platform, post.author)
            firsts[who] = min(firsts.get(who, (start, post.id, post)), (start, post.id, post), key=lambda f: f[:2])
        gains = contribution(post.born_at, [(at, source, levels) for (at, source), levels in post.looks.items()])
        first = start // FIVE * FIVE if since is not None else -(2**62)
        found += [
            (post.platform, bucket, column, amount) for (bucket, column), amount in gains.items() if bucket >= first
        ]
    for start, _, post in firsts.values():
        found += [(post.platform, start, "authors_new", 1), (post.platform, start, "followers", post.followers or 0)]
    return found
