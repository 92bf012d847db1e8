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
        if not boxes.nth(number).is_checked():
            tab.page.keyboard.press("Space")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Enter")
    assert tab.page.locator("table").count() > 0
    assert tab.page.url.count("campaign=") == 2
    assert tab.trouble == []
