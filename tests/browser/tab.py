"""A tab of Chromium that remembers what went wrong in it: errors, reports of the CSP, requests to elsewhere."""

from typing import Any

from playwright.sync_api import Browser, Page, Request, Response

from tests.browser import chromium

WIDTHS = {"desk": (1440, 900), "phone": (360, 740)}
# What a theme changes is colours alone: the other rules are asked once.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
_WATCH = """document.addEventListener('securitypolicyviolation',
    (event) => console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI));"""

_UNSAID = """(all) => all.filter((one) =>
    !document.getElementById(one.getAttribute('aria-describedby'))?.textContent.trim()
    || !document.querySelector('table')
).map((one) => one.textContent.trim().slice(0, 80))"""
_FOCUSED = """() => {
    const one = document.activeElement;
    return one.getAttribute('href') ?? one.getAttribute('name') ?? one.id ?? one.tagName.toLowerCase();
}"""
_IS_SEEN = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    return one === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
}"""


class Tab:
    def __init__(self, browser: Browser, root: str, lang: str = "en", width: str = "desk", dark: bool = False) -> None:
        wide, high = WIDTHS[width]
        self.context = browser.new_context(
            viewport={"width": wide, "height": high}, color_scheme="dark" if dark else "light",
            base_url=root,
        )  # fmt: skip
        self.context.set_extra_http_headers({"Accept-Language": lang})
        self.context.add_init_script(_WATCH)
        self.page: Page = self.context.new_page()
        self.root, self.trouble = root, list[str]()
        self.page.on("console", lambda said: self.trouble.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", self._look_at)

    def _look_at(self, request: Request) -> None:
        if not request.url.startswith((f"{self.root}/", "data:", "blob:", "about:")):
            self.trouble.append(f"asked {request.url}")

    def go(self, path: str, lang: str | None = None) -> Response:
        if lang:
            self.context.set_extra_http_headers({"Accept-Language": lang})
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None
        return answer

    def weigh(self, path: str, lang: str | None = None) -> tuple[Response, float]:
        """The answer, and what came over the wire for it in kilobytes."""
        came: list[float] = []
        line = self.context.new_cdp_session(self.page)
        line.send("Network.enable")
        line.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
        answer = self.go(path, lang)
        line.detach()
        return answer, sum(came) / 1_000

    def look(self, width: str, dark: bool) -> None:
        """The page that is open, on another screen."""
        wide, high = WIDTHS[width]
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        self.page.set_viewport_size({"width": wide, "height": high})

    def violations(self, options: dict[str, Any] | None = None) -> list[str]:
        """What axe-core finds: rule, the element, and why."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(chromium.AXE.read_text())
        told = {"resultTypes": ["violations"], **(options or {})}
        found = self.page.evaluate("(options) => axe.run(document, options)", told)
        return [
            f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
            for one in found["violations"] for node in one["nodes"]
        ]  # fmt: skip

    def sticks_out(self) -> int:
        """By how many pixels the page is wider than the screen."""
        return int(self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth"))

    def unsaid_charts(self) -> list[str]:
        """The charts that no sentence describes, and all of them where the page has no table."""
        return list(self.page.locator("svg.plot").evaluate_all(_UNSAID))

    def focused(self) -> str:
        """What a person at the keyboard is on: its address or name."""
        return str(self.page.evaluate(_FOCUSED))

    def tab_to(self, wanted: str, most: int = 60) -> None:
        """By the Tab key alone; what has the focus on the way must be seen to have it."""
        passed = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            passed.append(self.focused())
            assert self.page.evaluate(_IS_SEEN), f"nobody sees that {passed[-1]} has the focus"
            if passed[-1] == wanted:
                return
        raise AssertionError(f"no way to {wanted}: {passed}")

    def close(self) -> None:
        self.context.close()
