"""A walk: from the newest post back in time to a goal, page by page; unfinished ones are taken up again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

MOST = 20
"""Unfinished walks that a track keeps: each stands for a gap that may still be closed."""
BEARS = 3
"""Passes that may fail at a place of a walk while the platform answers otherwise; after one more it is given up."""


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """Times in milliseconds. `cursor` None: begin at the newest. `goal` None: all that the platform still shows.

    Everything born in [low, top) that the platform shows has been kept. `overlaps`: what lies below the goal is known
    from an earlier walk, so this one must meet it. `flaw`: what could not be read of the last page, and so lies between
    its posts, below `low`. `failures`: passes in a row that came no further. `cut`: the platform shows no older posts,
    though there may be some.
    """

    top: int
    goal: int | None = None
    cursor: str | None = None
    low: int | None = None
    oldest: int | None = None
    overlaps: bool = False
    flaw: str | None = None
    failures: int = 0
    cut: bool = False

    @property
    def begun(self) -> bool:
        return self.cursor is not None or self.low is not None


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
    known = window.walked_to - window.lag
    goals = [known, *([window.now - window.rewalk] if window.rewalk is not None else [])]
    goal = min([*goals, *([since] if since is not None else [])])
    return Walk(top=window.now, goal=goal, overlaps=goal == known)


def after_page(
    walk: Walk, cursor: str | None, births: Sequence[int], unread: str | None = None, *, cut: bool = False
) -> Walk:
    """The walk after one more page. All after its newest post is proved: items within a page may be out of order.

    After it, not from it on: another post of that same instant may stand on the next page.
    """
    reached = min(max(births) + 1, walk.top) if births else walk.low
    low = reached if walk.low is None or reached is None else min(walk.low, reached)
    oldest = min([*births, *([walk.oldest] if walk.oldest is not None else [])], default=None)
    flaw = unread or (walk.flaw if low == walk.low else None)
    return replace(walk, cursor=cursor, low=low, oldest=oldest, flaw=flaw, cut=cut)


def is_done(walk: Walk, *, all_new: bool = False) -> bool:
    """The whole last page was older than the goal, or the platform has no more.

    A page of posts that were dated back is older than any goal: where nothing on it was known, the walk goes on.
    """
    if walk.cursor is None:
        return True
    reached = walk.goal is not None and walk.low is not None and walk.low <= walk.goal
    return reached and not (walk.overlaps and all_new)


def proved(before: Walk, walk: Walk, lag: int, *, ended: bool, reach: int | None = None) -> tuple[int, int] | None:
    """The stretch that the walk has covered since it was as `before`, less the lag that the next walk reads again.

    `reach`: from when on the platform still shows posts. That it showed none before proves nothing.
    """
    until = walk.top - lag if before.low is None else min(before.low, walk.top - lag)
    whole = walk.goal if walk.goal is not None and not hidden_below(walk) else walk.oldest
    start = whole if ended else walk.low
    if start is not None and reach is not None:
        start = max(start, reach)
    return (start, until) if start is not None and start < until else None


def hidden_below(walk: Walk) -> tuple[int, int] | None:
    """The stretch down to its goal that the platform does not show, though there may be posts in it."""
    if not walk.cut or walk.goal is None or walk.oldest is None or walk.oldest <= walk.goal:
        return None
    return walk.goal, walk.oldest


def owed(walk: Walk, lag: int, since: int) -> tuple[int, int] | None:
    """The stretch that an unfinished walk has not covered yet."""
    start = walk.goal if walk.goal is not None else since
    end = walk.low if walk.low is not None else walk.top - lag
    return (start, end) if start < end else None


def push(walks: Sequence[Walk], walk: Walk) -> tuple[list[Walk], list[Walk]]:
    """The walks with one more, newest first; and those that are given up for it.

    Those that never saw a page become part of the new one: after an outage one walk catches up on all of it. So do
    those whose gap the new one leads through anyway.
    """
    taken_in = [one for one in walks if not one.begun or _leads_through(walk, one)]
    if taken_in:
        goals = [one.goal for one in [*taken_in, walk]]
        known = [goal for goal in goals if goal is not None]
        goal = min(known) if len(known) == len(goals) else None
        walk = replace(walk, goal=goal, overlaps=False, failures=max(one.failures for one in taken_in))
    kept = [walk, *(one for one in walks if one not in taken_in)]
    return kept[:MOST], kept[MOST:]


def _leads_through(walk: Walk, gap: Walk) -> bool:
    return gap.low is not None and walk.goal is not None and walk.goal <= gap.low


def deepened(walks: Sequence[Walk], since: int | None) -> list[Walk]:
    """The one that goes back furthest goes on to `since`."""
    *newer, last = walks
    if since is not None and last.goal is not None:
        last = replace(last, goal=min(last.goal, since))
    return [*newer, last]


def after_failure(walk: Walk, *, answering: bool) -> Walk:
    """Its cursor may lead nowhere any more: it goes on from the time that it had reached.

    `answering`: other pages were read well in the same pass, so it is this place that fails.
    """
    return replace(walk, cursor=None, failures=walk.failures + answering)
