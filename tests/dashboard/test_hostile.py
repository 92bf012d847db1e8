"""What strangers write reaches the page as text, wherever it stands, and leads nowhere but to the web."""

import httpx

from app.dashboard.render import outward
from tests.dashboard.conftest import ATTACKS, Page, parsed
from tests.dashboard.test_pages import check_whole

OUR_TAGS = {
    "a", "article", "b", "bdi", "body", "button", "caption", "circle", "code", "datalist", "dd", "defs", "details",
    "div", "dl", "dt", "figcaption", "figure", "footer", "form", "g", "h1", "h2", "h3", "h4", "head", "header", "html",
    "img", "input", "label", "li", "line", "link", "main", "meta", "nav", "noscript", "ol", "option", "p", "path",
    "pattern", "rect", "script", "section", "select", "small", "span", "strong", "summary", "svg", "table", "tbody",
    "td", "text", "th", "thead", "title", "tr", "ul",
}  # fmt: skip


async def test_no_text_becomes_markup(browser: httpx.AsyncClient, hostile: list[str]) -> None:
    for path in hostile:
        answer = await browser.get(path)
        assert answer.status_code == 200
        page = parsed(answer)
        check_whole(page)
        assert {one.tag for one in page.elements} <= OUR_TAGS
        assert [one for one in page.every("img") if not (one.attrs["src"] or "").startswith("/static/")] == []
        _check_links(page)
        assert "49" not in [one.text.strip() for one in page.every("bdi")]


def _check_links(page: Page) -> None:
    for one in page.every("a"):
        href = one.attrs["href"] or ""
        if href.startswith(("/", "?", "#")) and not href.startswith("//"):
            continue
        if href == "":
            continue  # this page again, for a reader without a script
        assert href.startswith(("https://", "http://"))
        assert one.attrs["rel"] == "noopener noreferrer nofollow"


async def test_the_text_is_shown_as_it_was_written(browser: httpx.AsyncClient, hostile: list[str]) -> None:
    page = parsed(await browser.get("/hashtags/x"))
    shown = {one.text for one in page.every("p", class_="text")}
    strongest = [" ".join(text.split()) for text in ATTACKS[-10:]]
    assert shown == set(strongest)


async def test_an_address_that_is_markup_is_told_as_text(browser: httpx.AsyncClient) -> None:
    for attack in ATTACKS:
        answer = await browser.get("/", params={"tz": attack, "lang": attack, "platform": attack})
        assert answer.status_code == 422
        page = parsed(answer)
        assert {one.tag for one in page.elements} <= OUR_TAGS
        _check_links(page)


def test_links_lead_to_the_web_or_nowhere() -> None:
    assert outward("https://good.example/a?b=c") == "https://good.example/a?b=c"
    for text in (*ATTACKS[:-1], None, "", "//evil.example", "ftp://x.example", "https:", "http://[", "https:///path"):
        assert outward(text) is None
