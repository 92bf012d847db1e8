"""Whoever has a keyboard alone comes everywhere: to a campaign, its range, its numbers, and to a comparison."""

from collections.abc import Callable

from tests.browser.conftest import Site
from tests.browser.tab import Tab


def test_the_way_through_by_keyboard_alone(site: Site, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    keys = tab.page.keyboard
    tab.go("/")
    tab.tab_to("#content", 1)
    keys.press("Enter")
    tab.tab_to("/campaigns/harvest")
    keys.press("Enter")
    tab.page.wait_for_url("**/campaigns/harvest")
    tab.tab_to("?range=30d")
    keys.press("Enter")
    tab.page.wait_for_url("**/campaigns/harvest?range=30d")
    tab.tab_to("step")
    for _ in range(3):  # to the hour
        keys.press("ArrowDown")
    tab.tab_to("tz")
    keys.type("Europe/Paris")
    keys.press("Enter")
    tab.page.wait_for_url("**tz=Europe*")
    assert "Europe/Paris" in tab.page.locator("#curves").inner_text()
    tab.page.locator("summary").first.focus()
    keys.press("Enter")
    assert tab.page.locator("#rows").is_visible()
    tab.go("/campaigns/harvest")
    tab.tab_to("/campaigns/harvest/influencers")
    keys.press("Enter")
    tab.page.wait_for_url("**/influencers")
    assert tab.page.locator("h1").is_visible()
    assert tab.trouble == []


def test_a_comparison_is_chosen_by_keyboard(site: Site, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(width="phone")
    tab.go("/compare")
    boxes = tab.page.locator("input[name=campaign]")
    for number in range(boxes.count()):
        tab.tab_to("campaign")
        box = boxes.nth(number)
        if box.is_checked() != (box.get_attribute("value") in ("harvest", "wells")):
            tab.page.keyboard.press("Space")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Enter")
    assert tab.page.locator("table").count() > 0
    assert tab.page.url.count("campaign=") == 2
    assert tab.trouble == []


def test_a_campaign_is_started_followed_further_and_noted_by_keyboard(site: Site, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    keys = tab.page.keyboard
    tab.go("/start")
    _type(tab, name="Seeds", hashtags="#seeds")
    _send(tab)
    assert tab.page.url.endswith("/campaigns/seeds")
    tab.go("/follow?campaign=seeds")
    _type(tab, hashtags="#saplings")
    _send(tab)
    assert tab.page.locator("h1").inner_text().startswith("#saplings")
    tab.go("/campaigns/seeds/notes")
    _type(tab, text="Sown", web="nowhere")
    _send(tab)
    assert tab.page.locator("input[name=web]").get_attribute("aria-invalid")
    assert tab.page.locator("input[name=text]").input_value() == "Sown"
    tab.tab_to("web")
    keys.press("Control+A")
    keys.type("https://news.example")
    _send(tab)
    assert tab.page.locator("td", has_text="Sown").count()
    assert [one for one in tab.trouble if "status of 422" not in one] == []


def _type(tab: Tab, **fields: str) -> None:
    for name, text in fields.items():
        tab.tab_to(name)
        tab.page.keyboard.type(text)


def _send(tab: Tab) -> None:
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Enter")
