"""The spike detector: what it says, what it does not say, and that its state goes on exactly where it was."""

import math
import os
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.spikes import EVIDENCE, STEP, THRESHOLD, Detector, Verdict, judge
from bench import spike_faults
from bench.spikes import scored

HOUR, DAY = 12, 288
MINUTE = 60_000
SHARED = os.environ.get("GROUNDSWELL_SHARED")

values = st.one_of(st.none(), st.integers(0, 5).map(float), st.integers(0, 2_000).map(float), st.just(30_000.0))


def poisson(rate: float, dice: random.Random) -> float:
    """A count from a Poisson distribution (Knuth's product of chances; sums of many small ones where it is large)."""
    left, product, count = math.exp(-min(rate, 30)), dice.random(), 0
    while product > left:
        product *= dice.random()
        count += 1
    return count + (poisson(rate - 30, dice) if rate > 30 else 0)


def quiet(rate: float, rows: int, seed: int = 1) -> list[float]:
    dice = random.Random(seed)
    return [poisson(rate, dice) for _ in range(rows)]


def times(rows: int, step: int = STEP, first: int = 0) -> range:
    return range(first, first + rows * step, step)


def told(found: list[Verdict]) -> list[int]:
    return [place for place, verdict in enumerate(found) if verdict.score >= THRESHOLD]


def alarms(counts: list[float] | list[float | None], step: int = STEP) -> list[int]:
    return told(judge(times(len(counts), step), counts, step))


@settings(max_examples=30, deadline=None)
@given(st.lists(values, min_size=1, max_size=400), st.data(), st.sampled_from([STEP, 12 * STEP, MINUTE, DAY * STEP]))
def test_a_state_that_was_saved_goes_on_with_the_very_same_numbers(
    counts: list[float | None], data: st.DataObject, step: int
) -> None:
    cut = data.draw(st.integers(0, len(counts)))
    whole, part = Detector(step), Detector(step)
    said = [whole.push(at, value) for at, value in zip(times(len(counts), step), counts, strict=True)]
    for at, value in list(zip(times(len(counts), step), counts, strict=True))[:cut]:
        part.push(at, value)
    part = Detector.load(part.dump())
    rest = list(zip(times(len(counts), step), counts, strict=True))[cut:]
    assert [part.push(at, value) for at, value in rest] == said[cut:]
    assert part.dump() == whole.dump()


def test_a_state_is_a_few_hundred_numbers() -> None:
    detector = Detector()
    for at, value in zip(times(20 * DAY), quiet(8, 20 * DAY), strict=True):
        detector.push(at, value)
    assert len(detector.dump()) <= 8 * 300


@settings(max_examples=20, deadline=None)
@given(st.lists(values, min_size=20, max_size=200), st.lists(values, max_size=20))
def test_what_comes_later_changes_nothing_that_was_said(past: list[float | None], future: list[float | None]) -> None:
    whole = past + future
    assert judge(times(len(whole)), whole)[: len(past)] == judge(times(len(past)), past)


def test_a_row_unlike_all_others_is_an_alarm_at_once_and_only_once() -> None:
    counts = quiet(4, 8 * DAY)
    counts[6 * DAY] = 150.0
    found = judge(times(len(counts)), counts)
    assert told(found) == [6 * DAY]
    alarm = found[6 * DAY]
    assert alarm.since == 6 * DAY * STEP
    assert alarm.observed == sum(counts[6 * DAY - 11 : 6 * DAY + 1])
    assert alarm.baseline == pytest.approx(48, rel=0.2)
    assert alarm.ratio == pytest.approx(alarm.observed / alarm.baseline)
    assert alarm.rarity < 1
    assert alarm.window_ms == 60 * MINUTE


def test_a_rise_over_hours_is_one_alarm_before_it_has_trebled() -> None:
    counts = quiet(20, 10 * DAY)
    for hour in range(8):
        for row in range(HOUR):
            counts[8 * DAY + hour * HOUR + row] *= 1 + 0.5 * hour
    found = told(judge(times(len(counts)), counts))
    assert len(found) == 1
    assert 8 * DAY + HOUR <= found[0] <= 8 * DAY + 4 * HOUR


def test_an_event_that_grows_fourfold_is_told_again() -> None:
    counts = quiet(4, 8 * DAY)
    counts[6 * DAY] = 150.0
    counts[6 * DAY + 2 * HOUR] = 15_000.0
    assert alarms(counts) == [6 * DAY, 6 * DAY + 2 * HOUR]


def test_the_same_again_next_week_is_an_alarm_again() -> None:
    counts = quiet(4, 16 * DAY)
    counts[6 * DAY] = counts[13 * DAY] = 150.0
    assert alarms(counts) == [6 * DAY, 13 * DAY]


def test_the_hour_of_the_week_is_learnt() -> None:
    """A talk show each week at the same hour is news for weeks, and then it is not."""
    counts = quiet(4, 84 * DAY)
    shows = [(7 * week + 4) * DAY + 9 * HOUR for week in range(12)]
    for show in shows:
        for row in range(HOUR):
            counts[show + row] += 14
    found = judge(times(len(counts)), counts)
    assert shows[0] < told(found)[0] < max(told(found)) < shows[8]
    assert found[shows[11] + HOUR - 1].baseline > 2 * found[shows[11] + HOUR - 1 - DAY].baseline


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.3, 5.0, 80.0])
def test_a_series_that_begins_is_not_news(rate: float) -> None:
    assert [alarms(quiet(rate, 3 * DAY, seed)) for seed in range(3)] == [[], [], []]


def test_nothing_is_said_before_there_is_evidence() -> None:
    counts = [0.0] * (EVIDENCE - 1) + [5_000.0]
    assert max(verdict.score for verdict in judge(times(EVIDENCE), counts)) == 0.0


def test_a_few_posts_on_a_silent_tag_are_not_news() -> None:
    counts = [0.0] * (20 * DAY)
    for row in range(6):
        counts[15 * DAY + 2 * row] = 1.0
    assert alarms(counts) == []


@pytest.mark.parametrize("name", list(spike_faults.FAULTS))
def test_a_fault_is_not_news(name: str) -> None:
    assert [spike_faults.false_alarms(spike_faults.case(name, seed)) for seed in range(2)] == [[], []]


def test_a_spike_among_faults_is_found() -> None:
    """What keeps the faults silent must not be deafness: the same series with a true rise has its alarm."""
    counts = spike_faults.background(5).tolist()
    for row in range(2 * HOUR):
        counts[8 * DAY + row] = counts[8 * DAY + row] * 12 + 40
    assert 8 * DAY <= alarms(counts)[-1] <= 8 * DAY + 2 * HOUR


def test_a_gap_is_not_a_zero() -> None:
    """A day unseen and a day at zero: only the second lowers what is expected."""
    seen = quiet(10, 6 * DAY)
    unseen: list[float | None] = [*seen[: 5 * DAY], *[None] * (DAY - HOUR), *seen[6 * DAY - HOUR :]]
    found = judge(times(len(unseen)), unseen)
    assert [verdict.observed for verdict in found[5 * DAY : 6 * DAY - HOUR]] == [None] * (DAY - HOUR)
    assert found[-1].baseline == pytest.approx(120, rel=0.1)
    absent = [row for row in zip(times(len(unseen)), unseen, strict=True) if row[1] is not None]
    assert judge([at for at, _ in absent], [value for _, value in absent])[-1] == found[-1]


def test_a_rounded_counter_makes_no_news_of_its_steps() -> None:
    dice = random.Random(3)
    counts = [1000.0 if dice.random() < 0.08 else 0.0 for _ in range(400)]
    assert alarms(counts, 60 * MINUTE) == []
    counts[350:353] = [40_000.0] * 3
    assert alarms(counts, 60 * MINUTE) == [350]


def test_after_days_unseen_a_series_begins_anew() -> None:
    before, after = quiet(1, 5 * DAY), quiet(60, 2 * DAY)
    rows = [*zip(times(5 * DAY), before, strict=True), *zip(times(2 * DAY, STEP, 10 * DAY * STEP), after, strict=True)]
    assert told(judge([at for at, _ in rows], [value for _, value in rows])) == []


@pytest.mark.parametrize("step", [MINUTE, 15 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE])
def test_other_steps_are_judged_likewise(step: int) -> None:
    rows = max(240, 4 * DAY * STEP // step)
    counts = quiet(30, rows) + [400.0] * max(1, 60 * MINUTE // step)
    found = alarms(counts, step)
    assert len(found) == 1
    assert found[0] >= rows


def test_a_row_that_is_not_later_than_the_last_changes_nothing() -> None:
    detector = Detector()
    for at, value in zip(times(DAY), quiet(4, DAY), strict=True):
        detector.push(at, value)
    before = detector.dump()
    said = [detector.push(at, 90_000.0) for at in (0, (DAY - 2) * STEP, (DAY - 1) * STEP)]
    assert [(verdict.score, verdict.observed) for verdict in said] == [(0.0, None)] * 3
    assert detector.dump() == before


def test_times_before_1970_are_times() -> None:
    counts = quiet(4, 4 * DAY)
    counts[3 * DAY] = 900.0
    found = judge(times(len(counts), STEP, -30 * DAY * STEP), counts)
    assert told(found) == [3 * DAY]
    assert found[3 * DAY].since == -27 * DAY * STEP


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="a count is a number"):
        Detector().push(0, value)


@pytest.mark.parametrize("step", [0, -STEP])
def test_a_step_that_takes_no_time_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match="a step takes time"):
        Detector(step)


@pytest.mark.parametrize("state", [b"", b"x", b"\0" * 8, b"\0" * 2200, Detector().dump()[:-8], Detector().dump() * 2])
def test_what_is_no_state_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="state"):
        Detector.load(state)


def test_a_state_of_another_version_is_refused() -> None:
    state = Detector().dump()
    with pytest.raises(ValueError, match="this version"):
        Detector.load(struct.pack("<d", struct.unpack("<d", state[:8])[0] + 1) + state[8:])


@pytest.mark.skipif(SHARED is None, reason="GROUNDSWELL_SHARED names no folder with recorded answers")
def test_the_labelled_series_are_judged_as_well_as_was_written_down() -> None:
    found = scored(Path(SHARED or "") / "spikes")
    assert found["standard"]["whole"]["score"] >= 70
    assert found["reward_low_FP_rate"]["whole"]["score"] >= 65
    assert found["standard"]["whole"]["fp_episodes"] / (found["standard"]["whole"]["days"] / 7) <= 0.7
