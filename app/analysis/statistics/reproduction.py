"""The reproduction number: how many reposts each repost brings, with the time that people take to react."""

import numpy as np

from app.analysis.shape import Floats
from app.analysis.statistics.measured import Measured, unknown
from app.analysis.statistics.quantiles import gamma

FLAT_MS = 300_000.0
THETA = 0.24
LONGEST_MS = 7 * 86_400_000.0
PRIOR_SHAPE, PRIOR_SCALE = 1.0, 5.0
KNOWN = 0.9
UNIT = "reposts/repost"


def reacted(ms: Floats) -> Floats:
    """The share of reactions within `ms`: density flat for 5 minutes, then falling with s^-1.24, cut at 7 days.

    Source: SEISMIC (Zhao et al., KDD 2015).
    """
    return _mass(ms) / _mass(np.array([LONGEST_MS]))


def _mass(ms: Floats) -> Floats:
    t = np.clip(ms, 0.0, LONGEST_MS) / FLAT_MS
    return np.where(t <= 1, t, 1 + (1 - np.maximum(t, 1.0) ** -THETA) / THETA)


def density(ms: Floats) -> Floats:
    """phi, whose integral is `reacted`, per millisecond; 0 beyond 7 days and before 0."""
    whole = float(_mass(np.array([LONGEST_MS]))[0]) * FLAT_MS
    value = np.maximum(ms / FLAT_MS, 1.0) ** (-1 - THETA) / whole
    return np.where((ms >= 0) & (ms <= LONGEST_MS), value, 0.0)


def weights(step_ms: int, count: int) -> Floats:
    """w_s, s = 1 .. count buckets back: reactions between (s - 1) and s buckets after."""
    result: Floats = np.diff(reacted(np.arange(count + 1, dtype=np.float64) * step_ms))
    return result


def pressure(incidence: Floats, step_ms: int, window: int) -> tuple[Floats, Floats]:
    """Of the newest `window` buckets: Lambda_t = sum_s w_s I_{t-s} over known buckets, and the share of the weight
    there that was known.

    Before the first bucket there was nothing: that is known.
    """
    w = weights(step_ms, min(len(incidence), int(LONGEST_MS // step_ms) + 1))
    near = incidence[-(window + len(w)) :]
    n = len(near)
    felt = np.concatenate([[0.0], np.convolve(np.nan_to_num(near), w)[: n - 1]])[-window:]
    lost = np.concatenate([[0.0], np.convolve(np.isnan(near).astype(np.float64), w)[: n - 1]])[-window:]
    known = 1 - lost
    return np.divide(felt, known, out=np.zeros(len(felt)), where=known > 0), known


def reproduction(incidence: Floats, step_ms: int, window: int) -> Measured:
    """R = (a + sum I) / (1/b + sum Lambda) over the newest `window` buckets; a gamma posterior, 95 % interval.

    Source: Cori et al. 2013, prior gamma(shape 1, scale 5) as there; uses the past only (Gostic et al. 2020).
    `incidence`: reposts (or new authors) a bucket, equal lengths, NaN where not observed: masked on both sides, so
    constant under-reporting cancels and a gap does not count as calm. Unit: reposts a repost. Null: reposts are unseen
    (all NaN), too few buckets, a gap in the window or over 10 % of what precedes it, or nothing that could have
    brought them.
    """
    if len(incidence) == 0 or bool(np.isnan(incidence).all()):
        return unknown(UNIT, "reposts unseen")
    if len(incidence) <= window:
        return unknown(UNIT, f"needs more than {window} buckets, has {len(incidence)}")
    recent = incidence[-window:]
    felt, known = pressure(incidence, step_ms, window)
    if np.isnan(recent).any() or (known < KNOWN).any():
        return unknown(UNIT, "a gap: not observed, in the window or before it")
    if felt.sum() <= 0:
        return unknown(UNIT, "nothing before that could have brought them")
    shape = PRIOR_SHAPE + float(np.maximum(recent, 0).sum())
    scale = 1 / (1 / PRIOR_SCALE + float(felt.sum()))
    low, high = (gamma(shape, q) * scale for q in (0.025, 0.975))
    return Measured(shape * scale, min(low, shape * scale), max(high, shape * scale), UNIT)
