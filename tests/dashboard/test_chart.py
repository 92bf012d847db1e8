"""Shapes of a curve: what is not known is not drawn, and what is estimated or not over looks it."""

import re
from zoneinfo import ZoneInfo

import pytest

from app.clock import DAY, HOUR, parse_time
from app.dashboard import chart, panels, ticks
from app.dashboard.asked import step_for
from app.dashboard.chart import Curve, Unseen

START = parse_time("2026-03-01T00:00:00Z")
PARIS = ZoneInfo("Europe/Paris")


def hours(values: list[int | None], guessed: list[float | None] | None = None, **more: object) -> Curve:
    edges = [START + place * HOUR for place in range(len(values) + 1)]
    return Curve(edges, values, guessed or [None] * len(values), bool(more.get("partial", False)))


def reached(path: str) -> set[tuple[int, int]]:
    """Every point that a path goes through, moves included."""
    at, points = (0, 0), set()
    for command, numbers in re.findall(r"([MVHLZ])([-\d ]*)", path):
        given = [int(number) for number in numbers.split()]
        if command == "V":
            at = (at[0], given[0])
        elif command == "H":
            at = (given[0], at[1])
        elif command != "Z":
            at = (given[0], given[1])
        points.add(at)
    return points


def test_a_gap_is_not_drawn_and_not_joined() -> None:
    drawn = chart.draw(hours([4, None, None, 2]), [])
    for path in (drawn.seen, drawn.line, drawn.dashed, drawn.guess):
        # Four buckets of 2,500 units each: the second and third hold nothing.
        assert all(x <= 2_500 or x >= 7_500 for x, _ in reached(path))
    assert drawn.seen.count("M") == 2
    assert not re.search(r"M2500 \d+L", drawn.line)


def test_a_zero_is_drawn_as_a_zero() -> None:
    drawn = chart.draw(hours([4, 0, 0, 2]), [])
    assert {(5_000, 1_000), (7_500, 1_000)} <= reached(drawn.line)
    assert drawn.seen.count("M") == 1


def test_what_a_curve_is_measured_against_lies_within_the_plot() -> None:
    drawn = chart.draw(hours([4, 2]), [], lines=[chart.Line(8, "takes 8")])
    assert drawn.lines == ((0.0, "takes 8"),)
    assert max(level for _, level in drawn.levels) == 8


def test_a_total_leaves_out_what_was_not_observed_and_goes_on_after_it() -> None:
    curve = Curve([START + n * HOUR for n in range(5)], [4, 4, 4, 6], [None] * 4, False, True, [4, None, None, 2])
    assert chart.draw(curve, []).line == "M0 1000L2500 333M7500 333L10000 0"


def test_what_is_estimated_is_told_apart() -> None:
    drawn = chart.draw(hours([4, 4], [0.0, 0.75]), [])
    assert drawn.line == "M0 0V0H5000"
    assert drawn.dashed == "M5000 0V0H10000"
    assert drawn.guess == "M5000 750V0H10000V750Z"  # three quarters of the bar


def test_the_newest_bucket_is_marked_while_it_is_not_over() -> None:
    drawn = chart.draw(hours([4, 2], partial=True), [])
    assert drawn.partial == "M5000 1000V500H10000V1000Z"
    assert "10000" not in drawn.line
    assert "H10000" in drawn.dashed


def test_falls_go_below_zero() -> None:
    drawn = chart.draw(hours([4, -4]), [])
    levels = [level for _, level in drawn.levels]
    assert min(levels) <= -4
    assert max(levels) >= 4
    assert 0 in levels


def test_nothing_known_is_an_empty_chart() -> None:
    drawn = chart.draw(hours([None, None]), [])
    assert drawn.empty
    assert drawn.seen == drawn.line == drawn.dashed == ""


def test_bands_say_why_and_leave_the_newest_alone() -> None:
    curve = hours([1, None, None, 3, None], partial=True)
    unseen = [Unseen(START + HOUR, START + 3 * HOUR, "one: down"), Unseen(START + 3 * HOUR, START + 4 * HOUR, "two")]
    found = chart.bands(curve, [1.0, 0.0, 0.0, 0.5, 0.0], unseen, "not followed")
    assert [(band.at, band.wide, band.whole, band.why) for band in found] == [
        (20.0, 40.0, True, "one: down"), (60.0, 20.0, False, "two"),
    ]  # fmt: skip


def test_a_time_before_it_was_followed_says_so() -> None:
    found = chart.bands(hours([None, 1]), [0.0, 1.0], [], "not followed")
    assert [(band.whole, band.why) for band in found] == [(True, "not followed")]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 1]),
        (0, 3, [0, 1, 2, 3]),
        (0, 7, [0, 2, 4, 6, 8]),
        (0, 302, [0, 100, 200, 300, 400]),
        (0, 42_413, [0, 20_000, 40_000, 60_000]),
        (-3, 5, [-4, -2, 0, 2, 4, 6]),
        (0, 10**15, [n * 5 * 10**14 for n in range(3)]),
    ],
)
def test_levels_are_round_whole_numbers(low: int, high: int, expected: list[int]) -> None:
    assert ticks.numbers(low, high) == expected


@pytest.mark.parametrize(
    ("high", "expected"),
    [
        (1, [0, 1, 10]),
        (10, [0, 1, 10]),
        (11, [0, 1, 10, 100]),
        (10**7, [0, *(10**n for n in range(8))]),
        (10**9, [0, 10, 1_000, 100_000, 10**7, 10**9]),
    ],
)
def test_levels_of_a_log_scale_are_powers_of_ten(high: int, expected: list[int]) -> None:
    assert ticks.powers(high) == expected


def test_on_a_log_scale_powers_are_as_far_apart_and_nothing_is_on_the_ground() -> None:
    drawn = chart.draw(hours([1, 10, 100, 0]), [], log=True)
    assert drawn.levels == ((1.0, 0), (0.8, 1), (0.4, 10), (0.0, 100))
    assert {(2_500, 800), (5_000, 400), (7_500, 0), (10_000, 1_000)} <= reached(drawn.line)


def test_on_a_log_scale_a_fall_lies_on_the_ground_and_a_gap_stays_one() -> None:
    drawn = chart.draw(hours([10, -7, None, 10]), [], log=True)
    assert {y for _, y in reached(drawn.line)} == {0, 1_000}
    assert drawn.seen.count("M") == 2


def test_a_sum_goes_on_over_what_was_not_observed_and_begins_where_something_is_known() -> None:
    assert panels.running([None, 3, None, 4], 0) == [None, 3, 3, 7]
    assert panels.running([None, 3], 5) == [5, 8]


@pytest.mark.parametrize("length", [1, 6, 24, 72, 168, 42 * 24, 300 * 24, 4_000 * 24, 90_000 * 24])
def test_times_are_few_and_round(length: int) -> None:
    span = length * HOUR
    found = ticks.moments(START, START + span, PARIS)
    assert 2 <= len(found) <= ticks.MOST_WIDE
    assert 1 <= sum(moment.narrow for moment in found) <= ticks.MOST_NARROW
    assert all(START <= moment.at <= START + span for moment in found)


def test_days_begin_where_the_zone_says_also_when_clocks_change() -> None:
    start, end = parse_time("2026-03-27T23:00:00Z"), parse_time("2026-03-31T22:00:00Z")
    days = [moment.at for moment in ticks.moments(start, end, PARIS) if moment.unit == "day"]
    assert days[:4] == [
        parse_time(text) for text in
        ("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("span", "back", "step"),
    [(HOUR, 0, "5m"), (HOUR, 20 * DAY, "15m"), (DAY, 0, "15m"), (7 * DAY, 0, "1h"), (42 * DAY, 0, "6h"),
     (365 * DAY, 0, "1d"), (3_000 * DAY, 0, "1w")],
)  # fmt: skip
def test_the_step_is_chosen_by_the_span(span: int, back: int, step: str) -> None:
    assert step_for(START - back - span, START - back, START) == step
