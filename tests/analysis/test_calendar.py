"""Where buckets begin: days of 23, 23.5, 24, 24.5 and 25 hours, midnights that are skipped, dates that never were."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from app.analysis import calendar
from app.clock import HOUR, MINUTE, to_ms


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def days(zone: str, start: str, end: str, step: str = "1d") -> list[str]:
    edges = calendar.edges(at(start), at(end), step, ZoneInfo(zone))
    return [datetime.fromtimestamp(edge / 1_000, UTC).strftime("%m-%d %H:%M") for edge in edges.tolist()]


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T12:00+00:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00+00:00", 25),
        ("America/New_York", "2026-03-08T12:00+00:00", 23),
        ("Australia/Lord_Howe", "2026-04-04T14:00+00:00", 24.5),
        ("Australia/Lord_Howe", "2026-10-03T16:00+00:00", 23.5),
        ("Asia/Kathmandu", "2026-05-05T12:00+00:00", 24),
    ],
)
def test_a_day_has_the_length_that_its_zone_gives_it(zone: str, start: str, hours: float) -> None:
    edges = calendar.edges(at(start), at(start) + MINUTE, "1d", ZoneInfo(zone))
    assert [b - a for a, b in pairwise(edges.tolist())] == [hours * HOUR]


def test_a_zone_off_the_hour_begins_its_day_off_the_hour() -> None:
    assert days("Asia/Kathmandu", "2026-05-05T12:00+00:00", "2026-05-05T13:00+00:00") == ["05-04 18:15", "05-05 18:15"]


def test_where_midnight_is_skipped_the_day_begins_when_the_clock_goes_on() -> None:
    # Beirut, 29 March 2026: 00:00 becomes 01:00, so the first instant of the date is 22:00 UTC.
    assert days("Asia/Beirut", "2026-03-29T06:00+00:00", "2026-03-29T07:00+00:00") == ["03-28 22:00", "03-29 21:00"]


def test_where_midnight_comes_twice_the_day_begins_with_the_first() -> None:
    # Havana, 1 November 2026: 01:00 goes back to 00:00.
    assert days("America/Havana", "2026-11-01T12:00+00:00", "2026-11-01T13:00+00:00")[0] == "11-01 04:00"


def test_a_date_that_a_zone_skipped_is_no_bucket() -> None:
    edges = days("Pacific/Apia", "2011-12-29T12:00+00:00", "2012-01-01T00:00+00:00")
    assert edges == ["12-29 10:00", "12-30 10:00", "12-31 10:00", "01-01 10:00"]


def test_weeks_begin_on_monday() -> None:
    assert days("UTC", "2026-11-24T00:00+00:00", "2026-11-25T00:00+00:00", "1w") == ["11-23 00:00", "11-30 00:00"]


def test_steps_within_a_day_count_from_its_beginning() -> None:
    edges = calendar.edges(at("2026-03-28T23:00+00:00"), at("2026-03-29T22:00+00:00"), "6h", ZoneInfo("Europe/Berlin"))
    assert [(b - a) / HOUR for a, b in pairwise(edges.tolist())] == [6, 6, 6, 5]


@pytest.mark.parametrize("step", list(calendar.STEPS))
@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham"]
)
def test_edges_hold_the_range_and_rise(step: str, zone: str) -> None:
    start, end = at("2026-03-27T03:07+00:00"), at("2026-04-06T17:51+00:00")
    edges = calendar.edges(start, end, step, ZoneInfo(zone)).tolist()
    assert edges[0] <= start < edges[1]
    assert edges[-2] < end <= edges[-1]
    assert all(a < b for a, b in pairwise(edges))
    assert all(edge % (15 * MINUTE) == 0 for edge in edges) or step == "5m"


def test_too_many_buckets_name_the_step_that_would_do() -> None:
    start = at("2020-01-01T00:00+00:00")
    with pytest.raises(calendar.TooMany, match="step=1h"):
        calendar.edges(start, start + int(timedelta(days=400) / timedelta(milliseconds=1)), "15m", ZoneInfo("UTC"))


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "UTC\0"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        calendar.zone(name)
