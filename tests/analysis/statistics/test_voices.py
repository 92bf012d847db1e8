"""Share of voice, originality and amplification; reach and rates."""

import numpy as np
from scipy import stats

from app.analysis.statistics import reach, voices
from app.analysis.statistics.measured import unknown
from tests.analysis.statistics.curves import isclose


def test_share_of_voice_over_what_was_covered_for_all() -> None:
    mine, other = np.array([1.0, 2, 3, np.nan]), np.array([3.0, 100, 5, 7])
    found = voices.share_of_voice(mine, [other], np.array([True, False, True, True]))
    assert isclose(found.value, 4 / 12)
    assert found.reason == "2 of 4 buckets left out: not observed for all"


def test_shares_of_voice_sum_to_one() -> None:
    rows = [np.array([1.0, 2, 3]), np.array([5.0, 0, 1]), np.array([0.0, 0, 2])]
    covered = np.ones(3, dtype=bool)
    parts = [voices.share_of_voice(rows[k], rows[:k] + rows[k + 1 :], covered).value or 0 for k in range(3)]
    assert isclose(sum(parts), 1)


def test_share_of_voice_has_reasons() -> None:
    one, none = np.array([1.0]), np.array([False])
    assert voices.share_of_voice(one, [], ~none).reason == "no other hashtag to share with"
    assert voices.share_of_voice(one, [one], none).reason == "no bucket was observed for all of them"
    assert voices.share_of_voice(0 * one, [0 * one], ~none).value is None


def test_originality_and_amplification_are_each_others_inverse() -> None:
    assert voices.originality(20, 80, all_seen=True).value == 0.25
    assert voices.amplification(20, 80, all_seen=True).value == 4
    assert voices.originality(None, 80, all_seen=True).reason == "reposts unseen"
    assert voices.amplification(None, 80, all_seen=True).reason == "reposts unseen"
    assert voices.amplification(0, 80, all_seen=True).reason == "no original among them"


def test_the_interval_is_scipys_wilson() -> None:
    found = voices.originality(20, 80, all_seen=False)
    other = stats.binomtest(20, 80).proportion_ci(0.95, method="wilson")
    assert isclose(found.low, other.low)
    assert isclose(found.high, other.high)
    factor = voices.amplification(20, 80, all_seen=False)
    assert isclose(factor.low, 1 / other.high)
    assert isclose(factor.high, 1 / other.low)


def test_reach_is_only_bounds() -> None:
    found = reach.reach(500, 900)
    assert (found.value, found.low, found.high) == (None, 500, 900)
    rate = reach.rate_by_reach(90, found)
    assert (rate.value, rate.low, rate.high) == (None, 90 / 900, 90 / 500)
    assert reach.reach(500, None, "posts were missed").high is None
    assert reach.reach(500, 400).high is None


def test_rates_are_ratios_of_sums() -> None:
    assert reach.rate_by_views(10, 400).value == 0.025
    assert reach.rate_by_views(10, None).reason == "the platform shows no views"
    assert reach.rate_by_followers(10, 0).value is None
    assert reach.rate_by_followers(None, 10).reason == "engagements are not known"
    assert reach.per(30, 10, "post", "no posts", "likes").value == 3
    assert reach.rate_by_reach(10, unknown("people", "bounds")).value is None
