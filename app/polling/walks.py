"""A walk: from the newest post back in time to a goal, page by page; unfinished ones are taken up again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

MOST = 20
"""Unfinished walks that a track keeps: each stands for a gap that may still be closed."""


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """Times in milliseconds. `cursor` None: begin at the newest. `goal` None: all that the platform still shows.

    Everything born in [low, top) that the platform shows has been kept.
    """

    top: int
    goal: int | None = None
    cursor: str | None = None
    low: int | None = None
    oldest: int | None = None


def load(text: str) -> list[Walk]:
    return msgspec.json.decode(text, type=list[Walk])


def dump(walks: Sequence[Walk]) -> str:
    return msgspec.json.encode(list(walks)).decode()


@dataclass(frozen=True, slots=True)
class Window:
    """What decides how far a new walk goes. Milliseconds."""

    now: int
    walked_to: int | None
    look_back_to: int | None
    lag: int
    rewalk: int | None  # the re-walk window, where it is due


def begin(window: Window, since: int | None = None) -> Walk:
    """A new walk from now down to what the last one proved, less the lag; or through the whole re-walk window."""
    if window.walked_to is None:
        return Walk(top=window.now, goal=since if since is not None else window.look_back_to)
    goal = window.walked_to - window.lag
    if window.rewalk is not None:
        goal = min(goal, window.now - window.rewalk)
    return Walk(top=window.now, goal=goal if since is None else min(goal, since))


def after_page(walk: Walk, cursor: str | None, births: Sequence[int]) -> Walk:
    """The walk after one more page. The newest of the page is what is proved: items within it may be out of order."""
    reached = min(max(births), walk.top) if births else walk.low
    low = reached if walk.low is None or reached is None else min(walk.low, reached)
    oldest = min([*births, *([walk.oldest] if walk.oldest is not None else [])], default=None)
    return Walk(top=walk.top, goal=walk.goal, cursor=cursor, low=low, oldest=oldest)


def is_done(walk: Walk) -> bool:
    """The whole last page was older than the goal, or the platform has no more."""
    if walk.cursor is None:
        return walk.low is not None or walk.oldest is not None
    return walk.goal is not None and walk.low is not None and walk.low <= walk.goal


def proved(walk: Walk, lag: int, ended: bool) -> tuple[int, int] | None:
    """The stretch that the walk has covered so far, less the lag that the next one reads again."""
    until = walk.top - lag
    whole = walk.goal if walk.goal is not None else walk.oldest
    start = whole if ended else walk.low
    return (start, until) if start is not None and start < until else None


def push(walks: Sequence[Walk], walk: Walk) -> tuple[list[Walk], list[Walk]]:
    """The walks with one more, newest first; and those that are given up for it."""
    kept = [walk, *walks]
    return kept[:MOST], kept[MOST:]
