"""What looks add to a curve, for any history and any order in which its looks come."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.contribution import COLUMNS, CURVE_METRICS, METRICS, UNKNOWN, Gains, Looks, gains, no_looks
from app.analysis.sums import GRAINS, Amounts, fold
from tests.analysis import naive

BIRTH = 1_772_366_400_123
Look = tuple[int, int, naive.Levels]

levels = st.tuples(*[st.one_of(st.none(), st.integers(0, 50), st.integers(0, 10**12))] * len(METRICS))
waits = st.one_of(st.just(0), st.integers(0, 600_000), st.integers(0, 6 * 3_600_000), st.integers(0, 20 * 86_400_000))


@st.composite
def histories(draw: st.DrawFn) -> list[Look]:
    """Looks at one post, each (instant, source) once."""
    at, found = BIRTH, {}
    for _ in range(draw(st.integers(0, 7))):
        at += draw(waits)
        found[at, draw(st.sampled_from([1, 4]))] = draw(levels)
    return [(*key, shown) for key, shown in found.items()]


def as_looks(many: list[list[Look]]) -> Looks:
    rows = [(post, *look) for post, looks in enumerate(many) for look in looks]
    if not rows:
        return no_looks()
    numbers = [[UNKNOWN if level is None else level for level in row[3]] for row in rows]
    post, at, source = (np.array([row[i] for row in rows]) for i in range(3))
    return Looks(post, at, source, np.array(numbers))


def added(posts: int, *parts: Gains) -> list[Counter[tuple[int, str]]]:
    found: list[Counter[tuple[int, str]]] = [Counter() for _ in range(posts)]
    for part in parts:
        for post, bucket, column, amount in zip(
            *(getattr(part, name).tolist() for name in Gains.__slots__), strict=True
        ):
            found[post][bucket, COLUMNS[column]] += amount
    return [Counter({key: amount for key, amount in each.items() if amount}) for each in found]


@settings(max_examples=150)
@given(st.lists(histories(), min_size=1, max_size=4))
def test_a_history_adds_what_the_slow_rule_gives(many: list[list[Look]]) -> None:
    births = np.full(len(many), BIRTH)
    assert added(len(many), gains(births, no_looks(), as_looks(many))) == [naive.contribution(BIRTH, h) for h in many]


@settings(max_examples=150)
@given(histories(), st.data())
def test_looks_that_come_in_any_order_and_any_groups_add_the_same(history: list[Look], data: st.DataObject) -> None:
    births, kept, parts = np.array([BIRTH]), no_looks(), []
    left = data.draw(st.permutations(history))
    while left:
        size = data.draw(st.integers(1, len(left)))
        new, left = as_looks([left[:size]]), left[size:]
        parts.append(gains(births, kept, new))
        kept = kept + new
    assert added(1, *parts) == [naive.contribution(BIRTH, history)]


@settings(max_examples=50)
@given(histories())
def test_gains_sum_to_the_last_known_level_of_each_metric(history: list[Look]) -> None:
    found = added(1, gains(np.array([BIRTH]), no_looks(), as_looks([history])))[0]
    for index, name in enumerate(CURVE_METRICS):
        known = [shown[index] for *_, shown in sorted(history, key=lambda look: look[:2]) if shown[index] is not None]
        total = sum(amount for (_, column), amount in found.items() if column == name)
        assert total == (known[-1] if known else 0)


def test_what_lies_between_looks_over_two_hours_apart_is_estimated_and_falls_count_as_moved() -> None:
    two_hours = 2 * 3_600_000
    at, then = BIRTH + two_hours, BIRTH + 2 * two_hours + 1
    history: list[Look] = [(at, 1, (10, *[None] * 5)), (then, 1, (4, *[None] * 5))]
    found = added(1, gains(np.array([BIRTH]), no_looks(), as_looks([history])))[0]
    assert sum(n for (_, column), n in found.items() if column == "moved") == 16
    assert sum(n for (_, column), n in found.items() if column == "estimated") == 6


def test_views_and_bookmarks_stand_apart_from_engagement() -> None:
    history: list[Look] = [(BIRTH + 1, 1, (None, None, None, None, 50, 60))]
    found = added(1, gains(np.array([BIRTH]), no_looks(), as_looks([history])))[0]
    assert {column for _, column in found} == {"views"}


@pytest.mark.parametrize("grain", GRAINS)
def test_rows_add_up_by_key_and_drop_what_cancels_out(grain: int) -> None:
    at, of = BIRTH - BIRTH % 3_600_000, COLUMNS.index("likes")
    rows = [(0, 0, at, of, 3), (0, 0, at, of, 4), (0, 1, at, of, 1), (1, 0, at - 300_000, of, 5), (0, 2, at, of, 9)]
    rows += [(0, 2, at, of, -9)]
    folded = fold(Amounts(*np.array(rows).T), grain)
    keys = zip(folded.subject.tolist(), folded.platform.tolist(), folded.bucket.tolist(), strict=True)
    sums = dict(zip(keys, folded.sums[:, of].tolist(), strict=True))
    assert sums == {(0, 0, at): 7, (0, 1, at): 1, (1, 0, at - grain): 5}
