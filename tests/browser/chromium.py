"""The system's Chromium, and axe-core as npm brought it: neither is in the repository."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"


def path() -> str | None:
    """`CHROMIUM` names one that is elsewhere."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def missing() -> str | None:
    """What to do where something is not there."""
    if path() is None:
        return "no Chromium: on Debian, apt install chromium; elsewhere let CHROMIUM name one"
    return None if AXE.exists() else "no axe-core: npm reached no registry when `make test` installed"


@contextmanager
def started() -> Iterator[Browser]:
    with sync_playwright() as driver:
        # Chromium's own sandbox cannot be made by root, nor in most containers; it sees our own pages alone.
        browser = driver.chromium.launch(executable_path=path(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()
