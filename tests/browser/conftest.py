"""One world, served on a socket, and one Chromium for all of these tests.

They stand in one folder, and share what took seconds to make. Playwright keeps a loop running in this thread for as
long as it is there: it ends with the folder, so that whatever a worker runs next may have a loop of its own.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from app.settings import Settings
from tests.browser import chromium, world
from tests.browser.tab import Tab
from tests.browser.world import World


@dataclass(frozen=True, slots=True)
class Site:
    root: str
    settings: Settings
    world: World


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    why = chromium.missing()
    if why:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    with world.standing(tmp_path_factory.mktemp("browser")) as (root, settings, there):
        asyncio.run(world.spoil(settings))
        yield Site(root, settings, there)


@pytest.fixture(scope="package")
def browser(site: Site) -> Iterator[Browser]:
    with chromium.started() as browser:
        yield browser


@pytest.fixture
def open_tab(site: Site, browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens a tab of a browser that knows nothing yet."""
    opened: list[Tab] = []

    def make(**options: Any) -> Tab:
        opened.append(Tab(browser, site.root, **options))
        return opened[-1]

    yield make
    for tab in opened:
        tab.close()
