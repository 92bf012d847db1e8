"""The spreading of gains, against the rule written out slowly and against the words of the rule."""

from collections import defaultdict
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.shape import FIVE_MINUTES, LONG_SPAN, Spans, remaining, spread
from tests.analysis import naive

DAY = 86_400_000
BIRTH = 1_772_366_400_123
Span = tuple[int, int, int, int, int]


def pieces_of(*spans: Span) -> list[dict[int, int]]:
    columns = (np.array(column, dtype=np.int64) for column in zip(*spans, strict=True))
    pieces = spread(Spans(*columns))
    found: list[dict[int, int]] = [defaultdict(int) for _ in spans]
    for which, bucket, gain in zip(
        pieces.span.tolist(), pieces.bucket.tolist(), pieces.gain.tolist(), strict=True
    ):  # fmt: skip
        assert gain != 0
        found[which][bucket] += gain
    return found


def exact_share(birth: int, start: int, end: int, edge: int) -> Decimal:
    """F's share of the span at an edge, to fifty digits."""
    with localcontext() as context:
        context.prec = 50
        left = [(1 + Decimal(t - birth) / 600_000) ** Decimal("-0.4") for t in (start, end, edge)]
        return (left[0] - left[2]) / (left[0] - left[1])


@st.composite
def spans(draw: st.DrawFn, longest: int = 30 * DAY, biggest: int = 10_000, shortest: int = 0) -> Span:
    birth = draw(st.integers(-10 * DAY, 10 * DAY)) + BIRTH
    age = draw(st.one_of(st.just(0), st.integers(0, 3_600_000), st.integers(0, 400 * DAY)))
    length = draw(st.one_of(st.just(0), st.integers(0, 1_200_000), st.integers(shortest, longest)))
    length = max(length, shortest)
    before, after = draw(st.integers(0, biggest)), draw(st.integers(0, biggest))
    start = birth + age
    if draw(st.booleans()):
        start = max(birth, start // FIVE_MINUTES * FIVE_MINUTES)
    return birth, start, start + length, before, after


@settings(max_examples=150)
@given(st.lists(spans(), min_size=1, max_size=6))
def test_many_spans_at_once_are_what_the_slow_rule_gives_one_by_one(many: list[Span]) -> None:
    assert pieces_of(*many) == [naive.span(*each) for each in many]


@settings(max_examples=100)
@given(spans(longest=LONG_SPAN))
def test_levels_are_rounded_down_at_every_five_minute_edge(span: Span) -> None:
    birth, start, end, before, after = span
    gains = pieces_of(span)[0]
    level = before
    for edge in range(start // FIVE_MINUTES * FIVE_MINUTES + FIVE_MINUTES, end, FIVE_MINUTES)[:100]:
        level += gains.get(edge - FIVE_MINUTES, 0)
        true = before + (after - before) * exact_share(birth, start, end, edge)
        floor = int(true.to_integral_value("ROUND_FLOOR"))
        near_a_whole_number = abs(true - true.to_integral_value()) < Decimal("1e-6")
        assert level == floor or (near_a_whole_number and abs(level - true) < 1)


@settings(max_examples=150)
@given(spans(longest=3_000 * DAY, biggest=2**62))
def test_sums_are_exact_and_nothing_rises_and_falls_between_two_looks(span: Span) -> None:
    _, start, end, before, after = span
    gains = pieces_of(span)[0]
    assert sum(gains.values()) == after - before
    assert all((gain > 0) == (after > before) for gain in gains.values())
    assert all(start // FIVE_MINUTES * FIVE_MINUTES <= bucket < max(end, start + 1) for bucket in gains)


@settings(max_examples=100)
@given(spans(longest=3_000 * DAY, biggest=2**40, shortest=LONG_SPAN + 1))
def test_a_span_of_over_two_days_has_64_edges_at_most_with_levels_by_the_rule(span: Span) -> None:
    birth, start, end, before, after = span
    gains = sorted(pieces_of(span)[0].items())
    assert len(gains) <= 65
    level = before
    for (_, gain), (edge, _) in pairwise(gains):
        level += gain
        true = before + (after - before) * exact_share(birth, start, end, edge)
        assert abs(level - true) <= 1 + abs(after - before) * Decimal("1e-9")


@pytest.mark.parametrize("age", [3 * DAY, 30 * DAY, 900 * DAY, 10_000 * DAY])
@pytest.mark.parametrize("level", [1, 3, 65, 5_000, 10**9])
def test_an_old_post_newly_found_adds_nothing_to_the_bucket_of_its_finding(age: int, level: int) -> None:
    gains = pieces_of((BIRTH, BIRTH, BIRTH + age, 0, level))[0]
    found = (BIRTH + age) // FIVE_MINUTES * FIVE_MINUTES
    assert found not in gains
    # Most of it lies in the first days, as the shape says.
    early = sum(gain for bucket, gain in gains.items() if bucket <= BIRTH + age / 10)
    assert early >= level // 2


def test_a_span_of_no_length_falls_in_its_instants_bucket() -> None:
    edge = BIRTH // FIVE_MINUTES * FIVE_MINUTES
    assert pieces_of((edge, edge, edge, 3, 10), (BIRTH, BIRTH + 9, BIRTH + 9, 10, 3)) == [{edge: 7}, {edge: -7}]


def test_a_span_that_ends_on_an_edge_adds_nothing_after_it() -> None:
    edge = BIRTH // FIVE_MINUTES * FIVE_MINUTES
    assert pieces_of((edge, edge, edge + FIVE_MINUTES, 0, 5)) == [{edge: 5}]


def test_finer_steps_sum_to_coarser_ones_for_a_fall_too() -> None:
    rise, fall = pieces_of((BIRTH, BIRTH, BIRTH + DAY, 0, 100), (BIRTH, BIRTH + DAY, BIRTH + 2 * DAY, 100, 40))
    assert sum(rise.values()) == 100
    assert sum(fall.values()) == -60
    assert min(rise.values()) > 0 > max(fall.values())


def test_an_unmoved_level_has_no_pieces_and_no_spans_have_none() -> None:
    assert pieces_of((BIRTH, BIRTH, BIRTH + DAY, 8, 8)) == [{}]
    assert len(spread(Spans(*(np.zeros(0, dtype=np.int64) for _ in range(5)))).gain) == 0


def test_looks_a_millisecond_apart_on_a_post_of_centuries_do_not_invent_a_fall() -> None:
    birth = BIRTH // FIVE_MINUTES * FIVE_MINUTES
    end = birth + 150_000 * DAY + 1
    gains = pieces_of((birth, end - FIVE_MINUTES - 2, end, 0, 1_000_000))[0]
    assert sum(gains.values()) == 1_000_000
    assert min(gains.values()) > 0


def test_growth_before_1970_has_its_buckets() -> None:
    assert pieces_of((-7 * DAY, -7 * DAY, -7 * DAY + 1_000, 0, 4)) == [{-7 * DAY: 4}]


def test_the_shape_is_the_published_one() -> None:
    ages = np.array([0.0, 600_000.0, 6_000_000.0, 86_400_000.0])
    assert remaining(ages).tolist() == pytest.approx([1.0, 0.757858, 0.383215, 0.136601], abs=1e-6)
