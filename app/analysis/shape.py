"""How a gain between two looks is spread over time: one fixed, versioned shape, in whole numbers.

F(age) = 1 - (1 + age / 10 min)^-0.4, a power-law decay of attention as measured on public cascades (Crane and
Sornette, PNAS 2008; Zhao et al., KDD 2015). The exponent is part of the stored numbers: to change it is a new version.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

VERSION = 1
FIVE_MINUTES = 300_000
LONG_SPAN = 2 * 86_400_000
EDGES = 64
_SCALE_MS = 600_000.0
_POWER = -0.4


def remaining(age_ms: Floats) -> Floats:
    """1 - F(age): the share of a post's whole growth that is still to come. Ages in milliseconds, not negative."""
    result: Floats = (1.0 + age_ms / _SCALE_MS) ** _POWER
    return result


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches between two looks at one metric of one post: equal-length arrays, milliseconds, start <= end."""

    birth: Ints
    start: Ints
    end: Ints
    before: Ints
    after: Ints


@dataclass(frozen=True, slots=True)
class Pieces:
    """Whole gains: `span` is an index into the spans, `bucket` the beginning of the five minutes that it falls in."""

    span: Ints
    bucket: Ints
    gain: Ints


def spread(spans: Spans) -> Pieces:
    """Each span's gain over its five-minute buckets: pieces sum to `after - before` exactly; no piece is zero.

    A level at a five-minute edge is before + floor((after - before) * (F(edge) - F(start)) / (F(end) - F(start))).
    A span of no length falls in its instant's bucket; one longer than two days takes at most 64 edges, at equal shares
    of its growth, and what is gained between two of them falls in the bucket where that stretch begins: growth that
    nobody watched is put early, never on the day it was found.
    """
    moved = np.flatnonzero(spans.after != spans.before)
    first = spans.start[moved] // FIVE_MINUTES
    last = np.maximum((spans.end[moved] - 1) // FIVE_MINUTES, first)
    long = spans.end[moved] - spans.start[moved] > LONG_SPAN
    parts = [_stepped(spans, moved[long]), _even(spans, moved[~long], first[~long], last[~long])]
    return Pieces(*(np.concatenate([part[i] for part in parts]) for i in range(3)))


def _even(spans: Spans, which: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints, Ints]:
    """Every five-minute edge of short spans. `first` and `last` are bucket numbers."""
    counts = last - first + 1
    owner = np.repeat(np.arange(len(which)), counts)
    begins = np.cumsum(counts) - counts
    bucket = first[owner] + (np.arange(len(owner)) - begins[owner])
    edge = (bucket + 1) * FIVE_MINUTES
    level = _levels(spans, which, owner, edge)
    ends = begins + counts - 1
    gain = _per_piece(level, spans, which, begins, ends)
    return _without_zeros(which[owner], bucket * FIVE_MINUTES, gain)


def _stepped(spans: Spans, which: Ints) -> tuple[Ints, Ints, Ints]:
    """At most 64 edges of long spans, at equal shares of the growth between start and end."""
    begin = remaining((spans.start[which] - spans.birth[which]).astype(np.float64))
    there = remaining((spans.end[which] - spans.birth[which]).astype(np.float64))
    share = np.arange(1, EDGES + 1) / (EDGES + 1)
    left = begin[:, None] - (begin - there)[:, None] * share
    age = (left ** (1 / _POWER) - 1.0) * _SCALE_MS
    edge = np.ceil((spans.birth[which][:, None] + age) / FIVE_MINUTES).astype(np.int64) * FIVE_MINUTES
    # An edge outside the span, or met twice, moves to the last one inside: its piece then gains nothing more.
    inside = (spans.end[which] - 1) // FIVE_MINUTES * FIVE_MINUTES
    edge = np.minimum(np.maximum(edge, spans.start[which][:, None]), inside[:, None])
    starts = np.concatenate([spans.start[which][:, None], edge], axis=1)
    stops = np.concatenate([edge, spans.end[which][:, None]], axis=1)
    pieces = starts.shape[1]
    owner = np.repeat(np.arange(len(which)), pieces)
    begins = np.arange(len(which)) * pieces
    level = _levels(spans, which, owner, stops.ravel())
    gain = _per_piece(level, spans, which, begins, begins + pieces - 1)
    return _without_zeros(which[owner], starts.ravel() // FIVE_MINUTES * FIVE_MINUTES, gain)


def _levels(spans: Spans, which: Ints, owner: Ints, edge: Ints) -> Ints:
    """The level at each edge, rounded down; what lies at or after a span's end is its last level."""
    start, end = spans.start[which], spans.end[which]
    there = _grown(spans, which, end - start)
    part = _grown(spans, which[owner], np.minimum(edge, end[owner]) - start[owner])
    # A span of no length has no shape: its one piece is set to the last level anyway.
    share = np.divide(part, there[owner], out=np.ones(len(owner)), where=there[owner] < 0)
    before, after = spans.before[which], spans.after[which]
    level = before[owner] + np.floor((after - before)[owner] * share).astype(np.int64)
    # Floats cannot say every share of a huge level: never pass what was seen.
    inside: Ints = np.clip(level, np.minimum(before, after)[owner], np.maximum(before, after)[owner])
    return inside


def _grown(spans: Spans, which: Ints, elapsed: Ints) -> Floats:
    """How much of what remained at the start is gone after `elapsed`, as a negative share.

    Said so rather than as a difference of two F, whose last digits, for looks close together on an old post, would
    differ from machine to machine, and with them a level that is rounded down.
    """
    scale = _SCALE_MS + (spans.start[which] - spans.birth[which])
    share: Floats = np.expm1(_POWER * np.log1p(elapsed / scale))
    return share


def _per_piece(level: Ints, spans: Spans, which: Ints, begins: Ints, ends: Ints) -> Ints:
    """Differences of successive levels, where each span's last level is the one that was seen."""
    level[ends] = spans.after[which]
    gain = np.diff(level, prepend=0)
    gain[begins] = level[begins] - spans.before[which]
    return gain


def _without_zeros(span: Ints, bucket: Ints, gain: Ints) -> tuple[Ints, Ints, Ints]:
    some = np.flatnonzero(gain)
    return span[some], bucket[some], gain[some]
