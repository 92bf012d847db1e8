"""The summary of a curve: every name that product documents, each true to its own reasons."""

import json
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.statistics.columns import HOUR, read
from app.analysis.statistics.summary import Known, summary
from tests.analysis.statistics.curves import columns, hours

NAMES = {
    "velocity", "acceleration", "peak", "peak_at", "launch", "doubling_time", "posts_doubling_time", "half_life",
    "originality", "amplification", "share_of_voice", "reproduction_number", "gini", "top10_share", "reach",
    "engagement_rate_by_reach", "engagement_rate_by_views", "engagement_rate_by_followers",
    "applause", "conversation", "amplification_rate", "time_to_100",
}  # fmt: skip
GOOD = columns([1] * 30 + [5, 9, 12] + [3] * 100, [0] * 30 + [200, 300, 900] + [20] * 100)


def test_every_statistic_is_there_with_the_same_five_keys() -> None:
    found = summary(GOOD, hours(133), 133 * HOUR, Known(launch=30 * HOUR, posts_per_author=[1] * 20, largest=100))
    assert NAMES | {"time_to_1000", "time_to_10000"} == set(found)
    for name, each in found.items():
        assert list(each) == ["value", "low", "high", "unit", "reason"], name
        assert each["value"] is not None or each["reason"], name
    assert found["launch"]["value"] == "1970-01-02T06:00:00Z"
    assert found["time_to_1000"]["value"] == 2 + 500 / 900
    assert found["peak"]["value"] == 900
    json.dumps(found, allow_nan=False)


def test_an_empty_curve_has_only_reasons() -> None:
    empty = columns([0, 0], [0, 0])
    before = summary(empty, hours(2), 0)
    assert [name for name, each in before.items() if each["value"] is not None] == []
    after = summary(empty, hours(2), 2 * HOUR)
    assert {name: each["value"] for name, each in after.items() if each["value"] is not None} == {"velocity": 0}


def test_reposts_unseen() -> None:
    unseen = columns([1] * 40, [3] * 40, reposts=[None] * 40, likes=[3] * 40)
    found = summary(unseen, hours(40), 40 * HOUR)
    for name in ("originality", "amplification", "reproduction_number"):
        assert found[name]["reason"] == "reposts unseen", name


def test_the_bucket_that_is_not_over_is_not_a_velocity() -> None:
    found = summary(GOOD, hours(133), 132 * HOUR + 60_000)
    assert found["velocity"]["value"] == 20
    curve = read(GOOD, hours(133), 132 * HOUR + 60_000)
    assert (curve.whole, len(curve.gain)) == (132, 133)


def test_the_bucket_that_the_next_pass_completes_is_not_over_yet() -> None:
    lagging = GOOD | {"coverage": [1.0] * 132 + [0.8]}
    assert read(lagging, hours(133), 133 * HOUR + 60_000).whole == 132
    assert read(lagging, hours(133), 134 * HOUR).whole == 133


def test_a_curve_that_begins_late_knows_neither_hours_nor_reach() -> None:
    late = GOOD | {"posts_total": [500 + x for x in GOOD["posts_total"]]}
    found = summary(late, hours(133), 133 * HOUR, Known(largest=100))
    assert found["time_to_100"]["reason"] == found["half_life"]["reason"] == "the curve begins after the first post"
    assert found["reach"]["high"] is None
    assert found["engagement_rate_by_followers"]["value"] is None


def test_share_of_voice_with_another_hashtag() -> None:
    other = columns([3] * 133, [1] * 133, coverage=[0.0] * 30 + [1.0] * 103)
    found = summary(GOOD, hours(133), 133 * HOUR, Known(others=[other]))["share_of_voice"]
    assert found["value"] == 326 / (326 + 309)
    assert found["reason"] == "30 of 133 buckets left out: not observed for all"


buckets = st.tuples(
    st.integers(0, 5), st.one_of(st.none(), st.integers(-5, 300)), st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([None, 0.0, 1.0]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(buckets, max_size=60), st.integers(0, 61 * HOUR))
def test_whatever_the_columns_it_answers(rows: list[tuple[int, int | None, float, float | None]], now: int) -> None:
    series = columns([row[0] for row in rows], [row[1] for row in rows], coverage=[row[2] for row in rows],
                     estimated=[row[3] for row in rows])  # fmt: skip
    found = summary(series, hours(len(rows)), now, Known(posts_per_author=[row[0] for row in rows], largest=7))
    assert set(found) >= NAMES
    for each in found.values():
        assert each["value"] is not None or each["reason"]
        assert all(math.isfinite(x) for x in each.values() if isinstance(x, float))


def test_ninety_days_of_hours_take_little() -> None:
    """What the API adds to a curve: kept far below the time of reading it."""
    import time

    rng = np.random.default_rng(1)
    series = columns(rng.poisson(3, 2_160).tolist(), rng.poisson(50, 2_160).tolist(), estimated=[0.1] * 2_160)
    summary(series, hours(2_160), 2_160 * HOUR)
    began = time.perf_counter()
    summary(series, hours(2_160), 2_160 * HOUR)
    assert time.perf_counter() - began < 0.1
