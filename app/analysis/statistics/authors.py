"""How concentrated the authors are: Gini, rarefied Gini, and the share of the ten largest."""

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Floats, Ints
from app.analysis.statistics.measured import Measured, exactly, unknown
from app.analysis.statistics.quantiles import ln_factorial

FEWEST = 20
RAREFY = "compare only after rarefaction to equal numbers of posts"


def gini(posts: Ints) -> Measured:
    """G = sum_k (2k - n - 1) x_(k) / (n sum x), x sorted, over the n authors who posted.

    Source: Gini 1912. Unit: 0 (all alike) to 1. It falls as fewer posts are found, so two are compared only after
    `rarefied_gini`. Null: no author is known.
    """
    counts = posts[posts > 0].astype(np.float64)
    if not len(counts):
        return unknown("share", "no author is known")
    return exactly(_weighted_gini(counts, np.ones(len(counts))), "share", RAREFY)


def rarefied_gini(posts: Ints, size: int) -> Measured:
    """The Gini of the expected numbers of authors with 1, 2, ... posts among `size` posts drawn without replacement.

    Source: individual-based rarefaction (Hurlbert 1971): E f_j = sum_i Hypergeometric(j; N, x_i, size). Unit: 0 to 1.
    Null: `size` is under 20 or above the N posts of known authors.
    """
    total = int(posts.sum())
    if size < FEWEST:
        return unknown("share", f"needs {FEWEST} posts, has {size}")
    if size > total:
        return unknown("share", f"cannot be rarefied to {size} posts, has {total}")
    frequency = expected_frequencies(posts, size)
    return exactly(_weighted_gini(np.arange(1, len(frequency) + 1, dtype=np.float64), frequency), "share")


def ginis_at_equal_size(groups: list[Ints]) -> tuple[int, list[Measured]]:
    """The size of the smallest group, and each one's Gini rarefied to it: the only way in which they compare."""
    size = min((int(posts.sum()) for posts in groups), default=0)
    return size, [rarefied_gini(posts, size) for posts in groups]


def expected_frequencies(posts: Ints, size: int) -> Floats:
    """E f_j, j = 1 .. min(most, size): expected authors with j posts among `size`."""
    values, times = np.unique(posts[posts > 0], return_counts=True)
    total = int(posts.sum())
    most = min(int(values[-1]), size)
    found = np.zeros(most)
    for x, n in zip(values.tolist(), times.tolist(), strict=True):
        j = np.arange(max(1, size - (total - x)), min(x, size) + 1)
        found[j - 1] += n * np.exp(_choose(x, j) + _choose(total - x, size - j) - _choose(total, np.array(size)))
    return found


def _choose(n: int, k: NDArray[np.int64]) -> Floats:
    """ln of n over k."""
    return ln_factorial(np.array(n)) - ln_factorial(k) - ln_factorial(n - k)


def _weighted_gini(values: Floats, weights: Floats) -> float:
    """Of `weights` authors with `values` posts each: 1 - sum (L_k + L_{k-1}) w_k, L the share of posts up to k."""
    order = np.argsort(values)
    x, w = values[order], weights[order]
    mass = np.cumsum(x * w)
    lorenz = np.concatenate([[0.0], mass]) / mass[-1]
    return float(np.clip(1 - ((lorenz[1:] + lorenz[:-1]) * w).sum() / w.sum(), 0.0, 1.0))


def top_share(posts: Ints, top: int = 10) -> Measured:
    """Sum of the `top` largest authors / all. Unit: 0 to 1. Null: fewer than `top` + 1 authors, when it must be 1."""
    counts = np.sort(posts[posts > 0])[::-1]
    if len(counts) <= top:
        return unknown("share", f"has {len(counts)} authors: the {top} largest are all of them")
    return exactly(float(counts[:top].sum() / counts.sum()), "share")
