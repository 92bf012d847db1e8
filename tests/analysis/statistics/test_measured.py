"""A statistic is a number with its bounds, or the reason why there is none."""

import pytest

from app.analysis.statistics.measured import TIME, Measured, exactly, unknown


def test_no_value_without_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Measured(None, None, None, "share")


def test_bounds_hold_the_value() -> None:
    with pytest.raises(ValueError, match="low, value, high"):
        Measured(1.0, 2.0, 3.0, "share")


def test_a_time_goes_out_as_rfc_3339() -> None:
    assert exactly(1_000, TIME).as_json() == {
        "value": "1970-01-01T00:00:01Z", "low": "1970-01-01T00:00:01Z", "high": "1970-01-01T00:00:01Z",
        "unit": "time", "reason": None,
    }  # fmt: skip


def test_what_is_unknown_may_have_bounds() -> None:
    assert unknown("people", "bounds only", low=3, high=7).as_json() == {
        "value": None, "low": 3, "high": 7, "unit": "people", "reason": "bounds only",
    }  # fmt: skip
