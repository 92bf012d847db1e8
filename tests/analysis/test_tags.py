"""Which spellings are one hashtag, which only look alike, and what cannot be one."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.tags import LONGEST_BYTES, normal, spelling, wrong

NFC, NFD = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("#LoveArmyForRohingyas", "lovearmyforrohingyas"),
        ("LoveArmy", "lovearmy"),
        ("＃ＦarmLaunch", "farmlaunch"),
        ("  #tag\n", "tag"),
        ("##tag", "tag"),
        (f"#{NFD}", NFC),
        (f"#{NFC.upper()}", NFC),
        ("#STRASSE", "strasse"),
        ("#Straße", "strasse"),
        ("#ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("#ｶﾀｶﾅ", "カタカナ"),
        ("#①②", "12"),
        ("#ﬁre", "fire"),
        ("#ラブ💜", "ラブ💜"),
        ("#2017", "2017"),
        ("#K", "k"),
    ],
)
def test_spellings_of_one_hashtag(written: str, name: str) -> None:
    assert normal(written) == name
    assert wrong(written) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("#cafe", "#café"),
        ("#Ιstanbul", "#Istanbul"),  # a Greek iota
        ("#ıstanbul", "#istanbul"),  # dotless
        ("#farm_launch", "#farmlaunch"),
        ("#farmlaunch2", "#farmlaunch"),
        ("#ヘルプ", "#へるぷ"),
        ("#аid", "#aid"),  # a Cyrillic a
    ],
)
def test_near_misses_stay_apart(one: str, other: str) -> None:
    assert normal(one) != normal(other)


EMPTY = ("", "#", "##", "   ", "＃")
BROKEN = ("#a b", "#a\tb", "#a\u00a0b", "#a#b", "#a/b", "#a\\b", "#a?b", "#a\x00b", "#a\u2028b", "#\ud800")
MARKS = ("#-", "#!!", "#…", "#⁉")
LONG = ("#" + "a" * (LONGEST_BYTES + 1), "#" + "あ" * (LONGEST_BYTES // 3 + 1))


@pytest.mark.parametrize("written", [*EMPTY, *BROKEN, *MARKS, *LONG], ids=ascii)
def test_what_cannot_be_a_hashtag_is_told_in_words(written: str) -> None:
    said = wrong(written)
    assert said is not None
    assert "hashtag" in said


def test_the_longest_hashtag_is_taken() -> None:
    assert wrong("#" + "a" * LONGEST_BYTES) is None


def test_the_spelling_is_kept_without_its_mark() -> None:
    assert [spelling(tag) for tag in ("#LoveArmy", "＃LoveArmy", " LoveArmy ")] == ["LoveArmy"] * 3


def test_a_normal_form_is_its_own_normal_form_for_every_character() -> None:
    """Ids are made from it: a name that changes when it is read again would be two hashtags."""
    every = (chr(code) for code in range(sys.maxunicode + 1))
    assert [char for char in every if normal(normal(char)) != normal(char)] == []


@settings(max_examples=300)
@given(st.text(alphabet=st.sampled_from("#＃ \u00b4\u0345\u0301aAßİΐᾳΣ\u1e9e\u0300ﬃ\u00a0"), max_size=6))
def test_a_normal_form_is_its_own_normal_form_for_hard_combinations(tag: str) -> None:
    assert normal(normal(tag)) == normal(tag)
    assert normal(spelling(tag)) == normal(tag)
