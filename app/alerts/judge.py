"""From sums to evaluations: what the detector, a threshold or a silence of posts says of a subject now. Pure.

What lies after `proved_to` is a lower bound, as posts may still turn up there: it can be enough, never too little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.alerts.episode import CLEAR, Seen
from app.analysis import curve
from app.analysis.spikes import STEP, THRESHOLD, Detector, Verdict
from app.clock import HOUR, MINUTE, bucket_of
from app.store.coverage import Observed
from app.store.watching import COUNTED, Amount, Known

FLOOR = {"posts": 50, "authors": 50, "engagement": 1_000, "views": 1_000}
"""Of the metric in the detector's window: below it nothing is a spike."""
SETTLES = 30 * MINUTE
"""Counters are read again in this time: gains of younger buckets are still to come."""
HOLDS = HOUR
"""A bucket that was not seen whole may still be: after this it is taken as it is."""
LATE = 3 * HOUR
"""An alarm on what was so long ago, when it is learnt of, is history: an old hashtag, or an outage made up for."""


@dataclass(frozen=True, slots=True)
class Series:
    """Five-minute buckets from `start` on. `whole`: all was seen of it; `some`: at least a part may have been."""

    start: int
    values: list[float | None]
    whole: list[bool]
    some: list[bool]
    read_to: int

    def at(self, bucket: int) -> int:
        return (bucket - self.start) // STEP

    def part(self, start: int, end: int) -> slice:
        return slice(max(0, self.at(start)), max(0, self.at(end)))


@dataclass(frozen=True, slots=True)
class Found:
    """An evaluation with what explains it. `took`: the value that it takes to begin. `coverage` is of the window."""

    seen: Seen
    took: float | None = None
    verdict: Verdict | None = None
    coverage: float | None = None
    gaps: int = 0


def series(tracks: Sequence[Observed], amounts: Sequence[Amount], metric: str, start: int, read_to: int) -> Series:
    """`start` is a bucket's edge. Posts of platforms that are not polled are history of others, and left out."""
    count = max(0, -(-(read_to - start) // STEP))
    edges = start + STEP * np.arange(count + 1, dtype=np.int64)
    whole, some = _covered(tracks, edges, read_to)
    platforms = {track.platform for track in tracks if track.kind != "import"}
    values = [0.0] * count
    unsure: dict[int, list[int]] = {}
    for one in amounts:
        place = (one.bucket - start) // STEP
        if one.platform in platforms and 0 <= place < count:
            values[place] += getattr(one, metric)
            if metric not in COUNTED and one.estimated:
                sums = unsure.setdefault(place, [0, 0])
                sums[0], sums[1] = sums[0] + one.estimated, sums[1] + one.moved
    known: list[float | None] = [*(values if metric in COUNTED else _risen(values))]
    for place, (estimated, moved) in unsure.items():
        if 2 * estimated > moved:  # between looks far apart: its time is a guess
            known[place] = None
    return Series(start, known, whole.tolist(), some.tolist(), read_to)


def _risen(gains: Sequence[float]) -> Iterator[float]:
    """What each adds to the highest there was: a count that drops and comes back has gained nothing."""
    level = highest = 0.0
    for gain in gains:
        level += gain
        yield max(0.0, level - highest)
        highest = max(highest, level)


def _covered(tracks: Sequence[Observed], edges: Any, read_to: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Each live track covers what it owed; before any of them owed, an import does."""
    count = len(edges) - 1
    owing, whole, some = (np.zeros(count, dtype=bool) for _ in range(3))
    whole |= True
    imported = np.zeros(count, dtype=bool)
    last = 0
    for track in tracks:
        had = curve.fraction(edges, track.covered())
        if track.kind == "import":
            imported |= had >= STEP - 1
            continue
        due = curve.fraction(edges, track.owed(read_to))
        owing |= due > 0
        whole &= had >= due - 1  # they are floats
        some |= had > 0
        last = max([last, *(end for _, end in track.covered())])
    whole = np.where(owing, whole, imported)
    # What a last walk read is shown up to its top, though it is not claimed yet.
    return whole & (edges[1:] <= read_to), some | imported | (edges[1:] > last)


def spike(metric: str, known: Known, series: Series) -> tuple[Known, Found | None]:
    """Show the detector what is whole, ask it about the rest, and say where the subject stands.

    An alarm raises the detector's own bar: that it still stands is told by what it took above the usual.
    """
    detector = Detector.load(known.state) if known.state else Detector()
    raised, at = known.raised, known.judged_to
    settled = series.read_to - (0 if metric in COUNTED else SETTLES)
    recent: list[Verdict] = []
    while at + STEP <= settled and (series.whole[series.at(at)] or at + STEP <= series.read_to - HOLDS):
        place = series.at(at)
        # Where one source of several stays behind, what the others showed is all that will be known.
        verdict = detector.push(at, series.values[place] if series.whole[place] or series.some[place] else None)
        still = standing(raised, verdict)
        raised = still if raised is not None or at >= series.read_to - LATE else None
        at += STEP
        recent = [*recent[-1:], verdict]
    learnt = Known(
        known.subject_id, metric, at, series.read_to, raised, known.basis,
        detector.dump() if at > known.judged_to else known.state,
    )  # fmt: skip
    for bucket in range(at, series.read_to, STEP):
        place = series.at(bucket)
        verdict = detector.push(bucket, series.values[place] if series.some[place] else None)
        raised = standing(raised, verdict)
        recent = [*recent[-1:], verdict]
    judged = [verdict for verdict in recent if verdict.observed is not None]
    if not judged:
        return learnt, None
    # The newest bucket has only begun: the one before it may say more.
    best = max(judged, key=lambda verdict: (verdict.observed or 0.0) - verdict.baseline)
    return learnt, stands(metric, series.read_to, raised, best)


def standing(raised: float | None, verdict: Verdict) -> float | None:
    """What an alarm took above the usual, from the row that raises it until most of that is gone again."""
    if verdict.observed is None:
        return raised
    above = verdict.observed - verdict.baseline
    if raised is None:
        return above / verdict.score if verdict.score >= THRESHOLD and above > 0 else None
    return raised if above >= CLEAR * raised else None


def stands(metric: str, at: int, raised: float | None, verdict: Verdict) -> Found:
    value = verdict.observed or 0.0
    over = raised is not None and value - verdict.baseline >= raised and value >= FLOOR[metric]
    took = None if raised is None else verdict.baseline + raised
    return Found(Seen(at, over, raised is None, value), took, verdict)


def threshold(above: int, window: int, series: Series) -> Found:
    """That many in a window that ends now, or at the last bucket's edge; a lower bound that reaches it is enough."""
    edge = bucket_of(series.read_to, STEP)
    value = max(_sum(series, end - window, end) for end in {edge, -(-series.read_to // STEP) * STEP})
    blind = not all(series.some[series.part(edge - window, edge)])
    return Found(Seen(series.read_to, value >= above, value < CLEAR * above and not blind, value), float(above))


def quiet(window: int, series: Series) -> Found:
    """Nothing in a window that was seen whole. One post ends it."""
    end = series.start + STEP * max((place + 1 for place, whole in enumerate(series.whole) if whole), default=0)
    value = _sum(series, end - window, series.read_to + STEP)
    seen = end - window >= series.start and all(series.whole[series.part(end - window, end)])
    return Found(Seen(series.read_to, seen and value == 0, value > 0, value), 0.0)


def told_of(found: Found, window: int, series: Series) -> Found:
    """With how much of the window was observed."""
    some = series.some[series.part(series.read_to - window, series.read_to)]
    begins = sum(not here and before for before, here in pairwise([True, *some]))
    return replace(found, coverage=round(sum(some) / len(some), 4) if some else None, gaps=begins)


def _sum(series: Series, start: int, end: int) -> float:
    return float(sum(value for value in series.values[series.part(start, end)] if value))
