"""Whose voice it is: share of voice, originality and amplification."""

import math

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Floats
from app.analysis.statistics.measured import Measured, exactly, unknown

UNSEEN = "reposts unseen"
Z95 = 1.959963984540054


def share_of_voice(mine: Floats, others: list[Floats], covered: NDArray[np.bool_]) -> Measured:
    """V / sum V over the buckets that were covered for all (of posts, authors or engagement; NaN is not covered).

    Source: SMM standards; the same platforms, window and buckets for each. Unit: 0 to 1. Null: no other, no bucket in
    common, or nothing in those.
    """
    if not others:
        return unknown("share", "no other hashtag to share with")
    rows = np.vstack([mine, *others])
    both = covered & ~np.isnan(rows).any(axis=0)
    if not both.any():
        return unknown("share", "no bucket was observed for all of them")
    whole = float(rows[:, both].sum())
    if whole <= 0:
        return unknown("share", "nothing in the buckets that were observed for all")
    left_out = int((~both).sum())
    note = f"{left_out} of {len(both)} buckets left out: not observed for all" if left_out else None
    return exactly(float(rows[0, both].sum()) / whole, "share", note)


def originality(originals: int | None, posts: int, all_seen: bool) -> Measured:
    """V_o / V: original posts among all posts of the window, reposts counted as posts.

    Unit: 0 to 1. Exact when every post was seen, else Wilson's 95 % interval (1927), as if those seen were a random
    part. Null: `originals` None (the platform shows no reposts), or no posts.
    """
    if originals is None:
        return unknown("share", UNSEEN)
    if posts <= 0:
        return unknown("share", "no posts")
    if all_seen:
        return exactly(originals / posts, "share")
    low, high = wilson(originals, posts)
    return Measured(originals / posts, low, high, "share", "posts were missed: as if those seen were a random part")


def amplification(originals: int | None, posts: int, all_seen: bool) -> Measured:
    """(originals + reposts) / originals = 1 / originality, over the posts of the window.

    Unit: posts an original. Robust when both are missed alike; young originals are not reposted yet. Null as
    originality, or no original among them.
    """
    share = originality(originals, posts, all_seen)
    if share.value is None:
        return unknown("posts/original", share.reason or UNSEEN)
    if share.value == 0:
        return unknown("posts/original", "no original among them")
    low = None if share.high is None else 1 / share.high
    high = None if not share.low else 1 / share.low
    return Measured(1 / share.value, low, high, "posts/original", share.reason)


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a proportion."""
    p = part / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half))
