"""Times as people and programs write them, and what is none."""

import pytest

from app.clock import from_ms, parse_time, rfc3339, to_ms


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-11-24T04:05:06Z", "2026-11-24T04:05:06Z"),
        ("2026-11-24t04:05:06.789z", "2026-11-24T04:05:06.789Z"),
        ("2026-11-24T04:05:06.7891234+05:45", "2026-11-23T22:20:06.789Z"),
        ("2026-11-24 04:05", "2026-11-24T04:05:00Z"),
        ("2026-11-24", "2026-11-24T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2028-02-29", "2028-02-29T00:00:00Z"),
        ("2038-01-19T03:14:08Z", "2038-01-19T03:14:08Z"),
        (1_795_493_106, "2026-11-24T04:05:06Z"),
        ("1795493106.789", "2026-11-24T04:05:06.789Z"),
        (-1, "1969-12-31T23:59:59Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_rfc_3339_or_unix_seconds(given: str | float, shown: str) -> None:
    assert rfc3339(parse_time(given)) == shown
    assert to_ms(from_ms(parse_time(given))) == parse_time(given)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-13-01",
        "24/11/2026",
        "2026-11-24T25:00",
        "nan",
        "inf",
        "1e308",
        10**30,
        1e308,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-11-24",
        "2026-W48-2",
    ],
)
def test_what_is_no_time_is_refused_in_words(given: str | float) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|is not a time|outside the years"):
        parse_time(given)
