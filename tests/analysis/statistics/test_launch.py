"""The launch that is found, against a search written out."""

import statistics

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.statistics import launch
from app.analysis.statistics.columns import HOUR
from tests.analysis.statistics.curves import hours

QUIET = [1.0, 0, 2, 1] * 10


def test_it_is_the_first_of_three_above_the_bar() -> None:
    volume = np.array([*QUIET, 50, 1, 40, 50, 60, 5])
    found = launch.found(hours(len(volume)), volume, np.ones(len(volume), dtype=bool))
    assert (found.value, found.low, found.high) == (42 * HOUR, 42 * HOUR, 43 * HOUR)
    assert found.reason == "found, not declared"


def test_a_bucket_that_was_not_seen_breaks_the_run() -> None:
    volume = np.array([*QUIET, 40, 50, 60, 50])
    seen = np.ones(len(volume), dtype=bool)
    seen[41] = False
    assert launch.found(hours(len(volume)), volume, seen).value is None


def test_one_post_in_a_silence_is_no_launch() -> None:
    volume = np.array([0.0] * 40 + [1, 2, 3, 3])
    seen = np.ones(44, dtype=bool)
    assert launch.found(hours(44), volume, seen).value is None
    volume[41:] = 4
    assert launch.found(hours(44), volume, seen).value == 41 * HOUR


def test_a_day_must_have_been_observed_before() -> None:
    volume = np.array([0.0] * 21 + [50, 50, 50])
    assert "24 observed buckets" in (launch.found(hours(24), volume, np.ones(24, dtype=bool)).reason or "")
    assert launch.found(hours(0), np.zeros(0), np.zeros(0, dtype=bool)).value is None


def test_of_days_the_four_weeks_before_are_the_baseline() -> None:
    volume = np.array([5.0, 6, 4, 5] * 8 + [50, 60, 70])
    edges = hours(35) * 24
    assert launch.found(edges, volume, np.ones(35, dtype=bool)).value == 32 * 24 * HOUR


def naive(volume: list[float], seen: list[bool]) -> int | None:
    for k in range(len(volume) - 2):
        base = [volume[j] for j in range(max(0, k - 168), k) if seen[j]]
        if len(base) < 24:
            continue
        bar = statistics.fmean(base) + 3 * max(statistics.stdev(base), statistics.fmean(base) ** 0.5, 1)
        if all(seen[j] and volume[j] > bar for j in range(k, k + 3)):
            return k
    return None


@given(st.integers(0, 10_000), st.floats(0.2, 20), st.integers(24, 400))
def test_it_is_the_one_that_a_plain_search_finds(seed: int, base: float, n: int) -> None:
    rng = np.random.default_rng(seed)
    volume = rng.poisson(base * np.where(np.arange(n) > rng.integers(n), 4, 1)).astype(float)
    seen = rng.random(n) > 0.02
    found = launch.found(hours(n), np.where(seen, volume, np.nan), seen).value
    expected = naive(volume.tolist(), seen.tolist())
    assert found == (None if expected is None else expected * HOUR)
