"""Concentration against pairwise differences, scipy's hypergeometric, and what sampling does to it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.analysis.statistics import authors
from tests.analysis.statistics.curves import close, isclose, naive_gini

some = st.lists(st.integers(1, 40), min_size=1, max_size=40)


def formula(counts: list[int]) -> float:
    x, n = sorted(counts), len(counts)
    return sum((2 * k - n - 1) * value for k, value in enumerate(x, 1)) / (n * sum(x))


@given(some)
def test_gini_is_half_the_mean_difference_over_the_mean(counts: list[int]) -> None:
    found = authors.gini(np.array(counts)).value
    assert isclose(found, naive_gini(counts))
    assert isclose(found, formula(counts))


@given(some, st.integers(2, 9))
def test_gini_does_not_see_scale(counts: list[int], factor: int) -> None:
    assert isclose(authors.gini(np.array(counts) * factor).value, authors.gini(np.array(counts)).value or 0)


def test_no_author_no_gini() -> None:
    assert authors.gini(np.array([0, 0])).value is None
    assert authors.gini(np.array([3, 3, 3])).value == 0


@given(some, st.data())
def test_rarefied_frequencies_are_those_of_the_hypergeometric(counts: list[int], data: st.DataObject) -> None:
    total = sum(counts)
    size = data.draw(st.integers(1, total))
    found = authors.expected_frequencies(np.array(counts), size)
    expected = [sum(stats.hypergeom.pmf(j, total, x, size) for x in counts) for j in range(1, len(found) + 1)]
    assert close(found, np.array(expected))
    assert isclose(float((found * np.arange(1, len(found) + 1)).sum()), size)


@given(some.filter(lambda counts: sum(counts) >= authors.FEWEST))
def test_rarefied_to_all_of_it_is_the_gini(counts: list[int]) -> None:
    found = authors.rarefied_gini(np.array(counts), sum(counts)).value
    assert found is not None
    assert abs(found - naive_gini(counts)) < 1e-9


def test_rarefying_refuses_too_few_posts() -> None:
    assert authors.rarefied_gini(np.array([30]), 19).value is None
    assert authors.rarefied_gini(np.array([30]), 31).value is None


def test_sampling_moves_the_gini_and_not_the_rarefied_one() -> None:
    """Half of the posts found: the plain Gini falls; rarefied to the same number of posts the two agree."""
    rng = np.random.default_rng(4)
    counts = np.floor(rng.random(3_000) ** -0.8).astype(np.int64)
    half = rng.binomial(counts, 0.5)
    plain = (authors.gini(counts).value or 0) - (authors.gini(half).value or 0)
    size, (whole, sampled) = authors.ginis_at_equal_size([counts, half])
    assert size == half.sum()
    assert plain > 0.05
    assert abs((whole.value or 0) - (sampled.value or 0)) < 0.01


def test_the_ten_largest() -> None:
    assert authors.top_share(np.array([1] * 5 + [9] * 10)).value == 90 / 95
    assert "all of them" in (authors.top_share(np.array([5] * 10)).reason or "")


@given(st.lists(st.integers(0, 40), min_size=11, max_size=60))
def test_the_ten_largest_hold_between_their_number_and_all(counts: list[int]) -> None:
    found = authors.top_share(np.array(counts)).value
    n = sum(map(bool, counts))
    assert (found is None) == (n <= 10)
    assert found is None or 10 / n - 1e-12 <= found <= 1
