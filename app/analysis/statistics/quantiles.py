"""Quantiles of Student's t and of the gamma distribution, and ln Gamma of columns: the little of scipy that intervals
need, without the 28 MB and the half second that importing it costs a running service."""

import math
from collections.abc import Callable

import numpy as np

from app.analysis.shape import Floats, Ints

_SMALL = 32
_LN_FACTORIAL = np.array([math.lgamma(n + 1) for n in range(_SMALL)])


def ln_factorial(n: Ints) -> Floats:
    """ln n! of whole numbers: a table below 32, Stirling's series above (off by less than 1e-15 of it)."""
    x = np.maximum(n, _SMALL).astype(np.float64)
    series = (x + 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + 1 / (12 * x) - 1 / (360 * x**3)
    series += 1 / (1260 * x**5) - 1 / (1680 * x**7)
    result: Floats = np.where(n < _SMALL, _LN_FACTORIAL[np.clip(n, 0, _SMALL - 1)], series)
    return result


def student_t(freedom: float, p: float) -> float:
    """The p-quantile (0.5 < p < 1) of Student's t; `freedom` need not be whole."""

    def above(t: float) -> float:
        return 1 - p - 0.5 * _beta(freedom / 2, 0.5, freedom / (freedom + t * t))

    high = 2.0
    while above(high) < 0:
        high *= 2
    return _root(above, 0.0, high)


def gamma(shape: float, p: float) -> float:
    """The p-quantile of the gamma distribution of scale 1."""

    def above(x: float) -> float:
        return _lower_gamma(shape, x) - p

    wide = 10 * math.sqrt(shape) + 50
    return _root(above, max(0.0, shape - wide), shape + wide)


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where it crosses 0 between two points: the Illinois variant of false position (Dowell and Jarratt 1971)."""
    a, b = rising(low), rising(high)
    if a >= 0:
        return low
    middle = high
    for _ in range(100):
        before, middle = middle, high - b * (high - low) / (b - a)
        value = rising(middle)
        if value == 0 or abs(middle - before) <= 1e-14 * abs(middle):
            break
        if value > 0:
            if b > 0 and middle < before:
                a /= 2
            high, b = middle, value
        else:
            if middle > before:
                b /= 2
            low, a = middle, value
    return middle


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8; Lentz)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 10_000):
        for part in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + part / c, 1 / (1 + part * d)
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return math.exp(front) * found / a


def _lower_gamma(a: float, x: float) -> float:
    """The regularised incomplete gamma function P(a, x), by its series (A&S 6.5.29): terms until they are nothing."""
    if x <= 0:
        return 0.0
    total, scale, k = 1.0, 1.0, 0
    while scale > 1e-17 * total:
        terms = scale * np.cumprod(x / (a + np.arange(k + 1, k + 513)))
        total, scale, k = total + float(terms.sum()), float(terms[-1]), k + 512
    return min(1.0, math.exp(a * math.log(x) - x - math.lgamma(a + 1)) * total)
