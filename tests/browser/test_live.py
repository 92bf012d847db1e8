"""An open page follows what happens, and whoever reads it, or is at the keyboard, stays where they are."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from app.clock import DAY, from_ms
from app.db.engine import Database
from collectors.posts import Account, Engagement, Post
from tests.api.conftest import arrive
from tests.browser.conftest import Site
from tests.browser.tab import Tab

# The reader has opened the table, is at a link below it, and marks where they are.
_SETTLE = """() => {
    document.querySelector("details").open = true;
    const row = document.querySelector("#rows tr:last-child");
    const link = document.querySelector("#strongest-list a");
    link.focus();
    window.mine = { row, link, time: row.cells[0].textContent, href: link.getAttribute("href"), moved: 0 };
    new MutationObserver(() => { window.mine.moved += 1; })
        .observe(row, { subtree: true, childList: true, characterData: true });
}"""
_STAYED = """() => {
    const { row, link, time, href, moved } = window.mine;
    return [row.isConnected && row.cells[0].textContent === time, moved,
        document.activeElement === link && link.getAttribute("href") === href, document.querySelector("details").open];
}"""
_HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def write_post(site: Site, number: int) -> None:
    now = datetime.now(UTC)
    author = Account(f"https://sky.example/users/new{number}", f"new{number}@sky.example", f"New {number}", 7)
    post = Post(
        f"https://sky.example/posts/new-{number}", now - timedelta(seconds=2), Engagement(1, 0, 0),
        local_id=f"new-{number}", tags=("wells",), text="One more #wells", author=author,
    )  # fmt: skip

    async def keep() -> None:
        db = Database(site.settings.database_url)
        await arrive(db, site.world.source, [post], now)
        await db.close()

    # Playwright has a loop running in this thread.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, keep()).result(10)


def path(site: Site) -> str:
    """From a fixed instant on: no row falls off while the test runs."""
    return f"/hashtags/wells?from={from_ms(site.world.now - DAY):%Y-%m-%dT%H:%M}"


def one_more(tab: Tab) -> str:
    """What is true once the page shows a post more than it does now."""
    shown = re.sub(r"\D", "", tab.page.locator("#sums dd").first.inner_text())
    return f"() => document.querySelector('#sums dd').textContent.replace(/\\D/g, '') === '{int(shown) + 1}'"


def test_a_new_post_comes_onto_the_page_and_the_reader_stays(site: Site, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    with tab.page.expect_response("**/api/v1/events"):
        tab.go(path(site))
    more = one_more(tab)
    tab.page.evaluate(_SETTLE)
    write_post(site, 1)
    tab.page.wait_for_function(more, timeout=4_500)
    assert tab.page.evaluate(_STAYED) == [True, 0, True, True]
    assert tab.trouble == []


def test_a_page_that_hears_nothing_reads_itself_again_and_a_hidden_one_rests(
    site: Site, open_tab: Callable[..., Tab]
) -> None:
    tab, asked = open_tab(), list[str]()
    tab.page.route("**/api/v1/events", lambda route: route.fulfill(status=503))
    tab.page.on("request", lambda request: asked.append(request.url.removeprefix(site.root)))
    tab.page.clock.install()
    tab.go(path(site))
    more = one_more(tab)
    write_post(site, 2)
    with tab.page.expect_response(f"**{path(site)}"):
        tab.page.clock.run_for(5_100)
    tab.page.wait_for_function(more)
    tab.page.evaluate(_HIDE, True)
    asked.clear()
    tab.page.clock.run_for(120_000)
    assert asked == []
    with tab.page.expect_response("**/api/v1/events"), tab.page.expect_response(f"**{path(site)}"):
        tab.page.evaluate(_HIDE, False)
        tab.page.clock.run_for(10)
