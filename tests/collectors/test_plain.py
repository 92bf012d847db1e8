"""HTML to text: what people wrote, in lines; and hostile HTML, in no more time than honest HTML."""

import time

import pytest

from collectors.body import clean
from collectors.plain import as_written, plain_texts

CASES = {
    "paragraphs and breaks": (
        "<p>one</p><p>two<br>three<br />four</p>\n<p dir='auto'>five</p>",
        "one\ntwo\nthree\nfour\nfive",
    ),
    "entities": ("<p>a &lt;b&gt; &amp;amp; &#39;c&#39; &nbsp;d</p>", "a <b> &amp; 'c' \xa0d"),
    "a link as Mastodon cuts it": (
        '<a href="https://x.example/?a=1&amp;b=2"><span class="invisible">https://</span><span>x.example</span></a>',
        "https://x.example",
    ),
    "plain": ("no tags > here", "no tags > here"),
    "nothing": ("", ""),
    "left open": ("before <a href='x' and the rest", "before "),
    "ends in a sign": ("<p>5 &gt; 4</p> >", "5 > 4 >"),
    "script": ("<script>alert('x')</script>", "alert('x')"),
    "every script": ("<p>हिन्दी #שלום 🌾</p>", "हिन्दी #שלום 🌾"),
}


@pytest.mark.parametrize(("source", "text"), CASES.values(), ids=CASES.keys())
def test_html_becomes_text(source: str, text: str) -> None:
    assert plain_texts([source]) == [text]


def test_a_page_is_read_as_its_posts_are_one_by_one() -> None:
    assert plain_texts([source for source, _ in CASES.values()]) == [text for _, text in CASES.values()]
    assert plain_texts([]) == []


@pytest.mark.parametrize("part", ["<", "<p", "</p> ", "</p>" + " " * 1000, "<br", "&", "&#", ">", "<a href='"])
def test_hostile_html_takes_no_longer_than_honest_html(part: str) -> None:
    started = time.process_time()
    plain_texts([part * (2_000_000 // len(part))])
    assert time.process_time() - started < 2


def test_spellings_are_taken_from_the_text_where_it_shows_them() -> None:
    assert as_written("#FarmLaunch and #FARMLAUNCH, #Straße", ["farmlaunch", "strasse", "gone", "straße"]) == (
        "FarmLaunch",
        "strasse",
        "gone",
        "Straße",
    )


@pytest.mark.parametrize(
    ("dirty", "kept"),
    [
        (rb'"a\ud800b"', rb'"ab"'),
        (rb'"a\udc00\ud800b"', rb'"ab"'),
        (rb'"\ud83c\udf3e"', rb'"\ud83c\udf3e"'),
        (rb'"\uD83C\uDF3E\uD83C"', rb'"\uD83C\uDF3E"'),
        (rb'"\\ud800"', rb'"\\ud800"'),
        (rb'"\\\ud800"', rb'"\\"'),
        (rb'"\u0000\\u0000"', rb'"\\u0000"'),
        (rb'"\ud83c\u0000\udf3e"', rb'""'),
        (rb'"\u003cp\u003e \ue000"', rb'"\u003cp\u003e \ue000"'),
    ],
)
def test_half_a_pair_and_nul_go_and_all_else_stays(dirty: bytes, kept: bytes) -> None:
    assert clean(dirty) == kept
