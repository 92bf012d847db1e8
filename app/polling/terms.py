"""What a platform's terms change of what is kept, and of when a post is looked at again."""

from collections.abc import Callable, Iterable

from app import sources
from app.polling.outcome import believed
from collectors.posts import Account, Post

Plan = Callable[[int], int | None]


def posts(platform: str, shown: Iterable[Post], now: int) -> list[Post]:
    """As they are kept: without what is to be withheld, with times that can be."""
    policy = sources.policy(platform)
    return [believed(policy.shown(post), now) for post in shown]


def authors(platform: str, looked: Iterable[Account]) -> list[Account]:
    """As they are kept: without the names of who wants none kept."""
    return [sources.policy(platform).named(one) for one in looked]


def plan(platform: str, now: int, usual: Plan) -> Plan:
    """However old a post: while its words are kept it is looked at, or its deletion would never be learned of."""
    within = sources.policy(platform).looks_within
    if within is None:
        return usual
    latest = now + int(within.total_seconds() * 1_000)
    return lambda born: latest if (wait := usual(born)) is None else min(wait, latest)
