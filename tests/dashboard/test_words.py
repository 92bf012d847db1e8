"""Every word in every language, and numbers that do not lie by rounding."""

import ast
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

import app.dashboard
from app.clock import DAY, HOUR, MINUTE, parse_time
from app.dashboard.words import LANGUAGES, ROOMS, Words, chosen

ROOM = Path(app.dashboard.__file__).parent


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_no_page_speaks_over_another() -> None:
    """Two files with one key: the later one would win, on both pages."""
    assert len(LANGUAGES["en"]) == sum(len(room.EN) for room in ROOMS)


def test_every_word_is_there_in_every_language() -> None:
    first, *others = LANGUAGES.values()
    assert others
    for texts in others:
        assert list(texts) == list(first)
        assert {key: fields(text) for key, text in texts.items()} == {key: fields(text) for key, text in first.items()}
        assert all(texts.values())


def test_every_word_that_a_page_asks_for_is_there_and_no_other() -> None:
    sources = {
        path: path.read_text()
        for path in [*ROOM.glob("templates/*.html"), *ROOM.glob("*.py"), ROOM / "words" / "__init__.py"]
    }
    asked = {
        key
        for text in sources.values()
        for key in re.findall(r"""\b(?:w|words|words_of\(request\))(?:\.count)?\(\s*f?["']([^"'{]+)["']""", text)
    }
    known = set(LANGUAGES["en"])
    starts = {key for key in asked if key.endswith(".")}
    assert {key for key in asked - starts if key not in known and f"{key}.one" not in known} == set()
    whole = "\n".join(sources.values())
    literals = {
        node.value for path, text in sources.items() if path.suffix == ".py"
        for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }  # fmt: skip
    unused = [
        key for key in known
        if key not in asked and key not in literals and f'"{key}"' not in whole
        and f"{key.split('.')[0]}." not in whole and key.split(".")[0] not in literals | asked
    ]  # fmt: skip
    assert unused == []


@pytest.mark.parametrize(
    ("wanted", "accepts", "lang"),
    [
        (None, "", "en"), (None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"), (None, "de,fr;q=0.4,en;q=0.6", "en"),
        (None, "en;q=0,fr;q=0.1", "fr"), ("fr", "en", "fr"), ("xx", "fr", "fr"), (None, "fr;q=x, *", "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_asked_for_or_liked(wanted: str | None, accepts: str, lang: str) -> None:
    assert chosen(wanted, accepts) == lang


@pytest.mark.parametrize(("share", "whole"), [(1.0, "100"), (0.9999, ">99"), (0.504, "50"), (0.0001, "<1"), (0.0, "0")])
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, whole: str) -> None:
    assert Words("en").percent(share) == f"{whole}%"
    assert Words("fr").percent(share) == f"{whole}\N{NO-BREAK SPACE}%"


def test_numbers_are_written_as_the_language_does() -> None:
    assert Words("en").number(1234567) == "1,234,567"
    assert Words("fr").number(1234567) == "1\u202f234\u202f567"
    assert Words("fr").number(7.5) == "7,5"
    assert [Words("en").short(n) for n in (0, 999, -1_500, 20_000, 2_500_000)] == ["0", "999", "-1.5K", "20K", "2.5M"]
    assert [Words("fr").short(n) for n in (20_000, 1_500_000_000)] == ["20\xa0k", "1,5\xa0Md"]
    assert [Words(lang).amount(Decimal("-1500.50")) for lang in ("en", "fr")] == ["-1,500.50", "-1\u202f500,50"]
    assert [Words(lang).share(0.91234) for lang in ("en", "fr")] == ["91.2%", "91,2\xa0%"]


def test_one_and_none_take_the_form_of_the_language() -> None:
    assert [Words("en").count("posts", n) for n in (0, 1, 2)] == ["0 posts", "1 post", "2 posts"]
    assert [Words("fr").count("posts", n) for n in (0, 1, 2)] == ["0 publication", "1 publication", "2 publications"]


def test_whatever_is_counted_has_every_form() -> None:
    for texts in LANGUAGES.values():
        counted = {key.rpartition(".")[0] for key in texts if key.endswith((".one", ".many"))}
        assert counted
        assert all({f"{key}.one", f"{key}.many"} <= set(texts) for key in counted)
    assert Words("fr").count("days.more", 1).startswith("1 plus ancienne n’est")
    assert Words("fr").count("posts", 1_000_000) == "1\u202f000\u202f000 publications"


def test_a_list_ends_in_the_word_of_the_language() -> None:
    assert [Words("en").listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert Words("fr").listed(list("abc")) == "a, b et c"


def test_days_and_months_bear_the_names_of_the_language() -> None:
    at, utc = parse_time("2026-02-28T23:30:00Z"), ZoneInfo("UTC")
    assert [Words("en").tick(at, unit, utc) for unit in ("hour", "day", "month", "year")] == [
        "23:30", "28 Feb", "Feb 2026", "2026",
    ]  # fmt: skip
    assert [Words("fr").tick(at, unit, utc) for unit in ("day", "month")] == ["28 févr.", "févr. 2026"]
    assert [Words("fr").month(date(2026, 8, 1)), Words("en").month(date(2026, 8, 1), "MMM")] == ["août 2026", "Aug"]
    assert [Words("en").weekday(0), Words("fr").weekday(6), Words("fr").clock(at, utc)] == ["Mon", "dim.", "23:30:00"]


def test_times_are_told_in_the_zone() -> None:
    at = parse_time("2026-02-28T23:30:00Z")
    assert Words("en").moment(at, ZoneInfo("Europe/Paris")) == "1 Mar 2026 00:30"
    assert Words("fr").moment(at, ZoneInfo("UTC")) == "28 févr. 2026 23:30"


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0, "0 s"), (45_000, "45 s"), (90 * MINUTE, "1 h 30 min"), (3 * DAY + 4 * HOUR + MINUTE, "3 d 4 h")],
)
def test_spans_are_told_by_their_two_largest_parts(ms: int, said: str) -> None:
    assert Words("en").span(ms) == said
