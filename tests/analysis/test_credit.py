"""Lift: told when it is there, and "not distinguishable" when it is not; credits never sum to more than the growth."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from app.analysis import credit, usual
from app.analysis.credit import Act
from app.analysis.shape import Floats, Ints
from app.analysis.statistics.columns import HOUR
from app.analysis.statistics.reproduction import density
from tests.analysis.statistics.curves import close, hours, isclose

WEEKS = 10
N = WEEKS * 168
EDGES = hours(N)


def daily(rng: np.random.Generator, base: float = 40.0) -> Floats:
    """A rhythm of day and week with bursts."""
    k = np.arange(N)
    mean = base * (1 + 0.6 * np.sin(2 * np.pi * k / 24)) * (1 + 0.3 * (k // 24 % 7 < 5))
    return rng.poisson(mean * rng.gamma(8, 1 / 8, N)).astype(float)


def lifted(gain: Floats, acts: list[Act]) -> list[credit.Lift]:
    return credit.lifts(gain, usual.of_weeks(gain, EDGES), EDGES, acts)


def test_a_lift_of_many_sigma_is_found_near_its_truth() -> None:
    gain = daily(np.random.default_rng(1))
    at = 9 * 168 + 30
    gain[at : at + 12] += 300
    (found,) = lifted(gain, [Act("ana", at * HOUR, 5_000)])
    assert found.credit.value is not None
    assert found.credit.low is not None
    assert found.credit.high is not None
    assert found.credit.low <= 3_600 <= found.credit.high
    assert found.relative is not None
    assert found.relative > 3
    assert found.placebos == credit.MOST_PLACEBOS


def test_nothing_is_not_distinguishable_about_19_times_in_20() -> None:
    rng = np.random.default_rng(2)
    told = 0
    for _ in range(200):
        (found,) = lifted(daily(rng), [Act("ana", int(rng.uniform(9.1, 9.8) * 168) * HOUR)])
        told += found.credit.value is not None
        assert found.credit.value is not None or credit.INDISTINCT in (found.credit.reason or "")
        assert found.credit.low is not None
    assert told / 200 <= 0.05


def test_the_interval_is_students_over_the_placebos() -> None:
    placebos = np.array([3.0, -40, 25, 10, -12, 8, 50, -5])
    found = credit.judged(900.0, 100.0, placebos)
    reach = stats.t.ppf(0.975, 6) * np.std(placebos, ddof=1) * np.sqrt(1 + 1 / 8)
    assert isclose(found.value, 900 - placebos.mean())
    assert isclose(found.low, 900 - placebos.mean() - reach)
    assert isclose(found.high, 900 - placebos.mean() + reach)


def test_what_a_placebo_did_too_is_not_distinguishable() -> None:
    placebos = np.array([0.0] * 19 + [500])
    assert credit.judged(450.0, 10.0, placebos).reason == credit.INDISTINCT
    assert credit.judged(900.0, 10.0, placebos).value is not None


def test_placebos_are_the_same_hours_of_quiet_days() -> None:
    excess = np.arange(N, dtype=float)
    share, busy = np.zeros(N), np.zeros(N, dtype=bool)
    share[1_000:1_003] = 1
    busy[1_000:1_003] = busy[976] = True
    excess[953] = np.nan
    found = credit.placebo_effects(share, excess, EDGES, busy)
    # A day before somebody had posted; two days before an hour was not covered; then every day counts.
    assert found[:2].tolist() == [sum(range(928, 931)), sum(range(904, 907))]


def test_uncovered_buckets_are_left_out_on_both_sides() -> None:
    gain = daily(np.random.default_rng(5))
    at = 9 * 168
    hole = gain.copy()
    hole[at + 5] = np.nan
    (whole,), (found,) = (lifted(x, [Act("ana", at * HOUR)]) for x in (gain, hole))
    expected = usual.of_weeks(gain, EDGES)
    assert isclose(whole.expected, float(expected[at : at + 12].sum()))
    assert isclose(found.expected, float(expected[at : at + 12].sum() - expected[at + 5]))
    assert isclose(found.excess, float((whole.excess or 0) - (gain - expected)[at + 5]))
    hole[at + 3 : at + 9] = np.nan
    assert "not covered" in (lifted(hole, [Act("ana", at * HOUR)])[0].credit.reason or "")


def test_too_short_a_past_is_not_distinguishable() -> None:
    gain = daily(np.random.default_rng(6))
    assert credit.INDISTINCT in (lifted(gain, [Act("ana", 2 * 168 * HOUR)])[0].credit.reason or "")
    early = lifted(gain, [Act("ana", (4 * 168 + 50) * HOUR)])[0]
    assert "quiet days" in (early.credit.reason or "")
    assert lifted(gain, [Act("ana", 2 * N * HOUR)])[0].credit.value is None


def test_posts_that_overlap_share() -> None:
    """By weight and age: at one instant, by weight alone."""
    split = credit.shares(EDGES, [Act("ana", 100 * HOUR, 3), Act("ben", 100 * HOUR, 1), Act("cai", 106 * HOUR, 2)])
    assert isclose(float(split["ana"][102]), 0.75)
    assert isclose(float(split["ben"][102]), 0.25)
    ages = [8.5 * HOUR, 8.5 * HOUR, 2.5 * HOUR]
    pull = np.array([3.0, 1, 2]) * density(np.array(ages))
    for who, expected in zip(("ana", "ben", "cai"), pull / pull.sum(), strict=True):
        assert isclose(split[who][108], float(expected))
    whole = np.sum(list(split.values()), axis=0)
    assert close(whole[[99, 100, 117, 118]], np.array([0.0, 1, 1, 0]))


acts = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(9 * 168, N - 1), st.integers(1, 10_000)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), acts, st.floats(0, 3_000))
def test_credits_never_sum_to_more_than_was_gained(seed: int, rows: list[tuple[str, int, int]], jump: float) -> None:
    gain = daily(np.random.default_rng(seed), 5.0)
    for _, at, _ in rows:
        gain[at : at + 6] += jump
    found = lifted(gain, [Act(who, at * HOUR, weight) for who, at, weight in rows])
    credited = sum(each.credit.value or 0 for each in found)
    assert credited <= gain[9 * 168 :].sum() + 1e-6
    touched = np.zeros(N, dtype=bool)
    for _, at, _ in rows:
        touched[at : at + 13] = True
    assert credited <= gain[touched].sum() + 1e-6


def test_expected_is_the_median_of_the_same_hour_of_the_weeks_before() -> None:
    gain = daily(np.random.default_rng(8))
    gain[5 * 168 + 7] = np.nan
    found = usual.of_weeks(gain, EDGES)
    assert np.isnan(found[: 4 * 168]).all()
    for k in (4 * 168, 5 * 168 + 3, 9 * 168 + 7, N - 1):
        before = [gain[k - w * 168] for w in range(1, 9) if k >= w * 168 and not np.isnan(gain[k - w * 168])]
        assert isclose(float(found[k]), float(np.median(before)))
    short = gain.copy()
    short[3 * 168 + 9] = np.nan
    assert np.isnan(usual.of_weeks(short, EDGES)[4 * 168 + 9])


def test_the_synthetic_control_is_the_mix_that_fits_best() -> None:
    rng = np.random.default_rng(9)
    others = np.vstack([daily(rng), daily(rng, 80), daily(rng, 10)])
    gain = 0.5 * others[0] + 0.25 * others[1] + rng.normal(0, 1, N)
    found = usual.of_others(gain, others, 1_000)
    fit = optimize.lsq_linear(others[:, :1_000].T, gain[:1_000], bounds=(0, np.inf), tol=1e-14)
    assert close(found, fit.x @ others) or np.allclose(found, fit.x @ others, rtol=1e-6)
    assert np.isnan(usual.of_others(gain, others, 47)).all()
    others[1, 1_200] = np.nan
    assert np.isnan(usual.of_others(gain, others, 1_000)[1_200])


def test_a_lift_is_found_over_a_synthetic_control_in_a_young_campaign() -> None:
    rng = np.random.default_rng(10)
    k: Ints = np.arange(21 * 24)
    common = 60 * (1 + 0.5 * np.sin(2 * np.pi * k / 24)) * rng.gamma(20, 1 / 20, len(k))
    others = np.vstack([rng.poisson(common), rng.poisson(2 * common)]).astype(float)
    gain = rng.poisson(0.7 * common).astype(float)
    gain[400:412] += 80
    expected = usual.of_others(gain, others, 400)
    (found,) = credit.lifts(gain, expected, hours(len(k)), [Act("ana", 400 * HOUR)])
    assert found.credit.low is not None
    assert found.credit.high is not None
    assert found.credit.low <= 960 <= found.credit.high
