"""What a post's own row remembers of the looks at it: when the last one was, and the last known level of each metric.

The next look is counted from it alone, so it must be what all looks say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.analysis.contribution import METRICS, UNKNOWN, Looks
from app.analysis.shape import Ints
from app.db.dialect import change
from app.db.engine import Session
from app.models import Post
from app.store.facts import Facts


@dataclass(frozen=True, slots=True)
class Latest:
    """Of the posts that were looked at: when last, and whether some level is older. `levels`: of all posts."""

    place: Ints
    at: Ints
    ragged: NDArray[np.bool_]
    levels: Ints


def latest(looks: Looks, posts: int) -> Latest:
    looks = looks.take(looks.order())
    last = np.flatnonzero(np.diff(looks.post, append=-1))
    levels = np.full((posts, len(METRICS)), UNKNOWN, dtype=np.int64)
    at = np.zeros((posts, len(METRICS)), dtype=np.int64)
    for metric in range(len(METRICS)):
        known = np.flatnonzero(looks.levels[:, metric] != UNKNOWN)
        # Assigned in order of time: the latest known level of each post stays.
        levels[looks.post[known], metric] = looks.levels[known, metric]
        at[looks.post[known], metric] = looks.at[known]
    place, when = looks.post[last], looks.at[last]
    ragged = ((levels[place] != UNKNOWN) & (at[place] < when[:, None])).any(axis=1)
    return Latest(place, when, ragged, levels)


def said(levels: Ints) -> tuple[int | None, ...]:
    return tuple(None if level == UNKNOWN else level for level in levels.tolist())


def misremembered(posts: Sequence[Facts], seen: Looks) -> list[tuple[Facts, Facts]]:
    """Posts whose own row does not say what all looks at them say: as they are, and as they should be."""
    last = latest(seen, len(posts))
    nothing = {"looked_at": None, "ragged": False, "levels": (None,) * len(METRICS)}
    right = [replace(post, **nothing) for post in posts]  # type: ignore[arg-type]
    for place, at, ragged in zip(last.place.tolist(), last.at.tolist(), last.ragged.tolist(), strict=True):
        right[place].looked_at, right[place].ragged = at, ragged
        right[place].levels = said(last.levels[place])
    return [(a, b) for a, b in zip(posts, right, strict=True) if a != b]


async def remind(session: Session, posts: Sequence[Facts]) -> None:
    await change(session, Post, "id", {
        "id": [post.id for post in posts], "looked_at": [post.looked_at for post in posts],
        "ragged": [post.ragged for post in posts],
        **{metric: [post.levels[i] for post in posts] for i, metric in enumerate(METRICS)},
    })  # fmt: skip
