"""`make screenshots`: a picture of every page, light and dark, on a desk and on a phone, in English and French."""

import sys
import tempfile
from pathlib import Path

from tests.browser import chromium, world
from tests.browser.pages import every
from tests.browser.tab import WIDTHS, Tab

OUT = Path("screenshots")


def main() -> None:
    why = chromium.missing()
    if why:
        sys.exit(f"screenshots: {why}")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, world.standing(Path(folder)) as (root, _, there):
        wanted = {name: path for name, path in every(there).items() if not sys.argv[1:] or name in sys.argv[1:]}
        with chromium.started() as browser:
            tab = Tab(browser, root)
            for name, path in wanted.items():
                for lang in ("en", "fr"):
                    tab.go(path, lang)
                    for width in WIDTHS:
                        for dark in (False, True):
                            tab.look(width, dark)
                            shown = OUT / f"{name}-{lang}-{width}-{'dark' if dark else 'light'}.png"
                            tab.page.screenshot(path=shown, full_page=True)


if __name__ == "__main__":
    main()
