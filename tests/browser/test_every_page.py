"""Every page in a real browser: nobody is shut out, it fits a phone, weighs little, and nothing goes wrong."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Site
from tests.browser.pages import NAMES, every
from tests.browser.tab import COLOURS, Tab

FIRST_KB, LATER_KB = 450, 60
STATUS = {"missing": 404}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_everyone(site: Site, open_tab: Callable[..., Tab], name: str) -> None:
    """The first visit is in English, the second in French; what a theme changes is colours alone, in any language."""
    tab, path, status = open_tab(), every(site.world)[name], STATUS.get(name, 200)
    for lang, most_kb in (("en", FIRST_KB), ("fr", LATER_KB)):
        answer, weight = tab.weigh(path, lang)
        assert answer.status == status
        assert 1 < weight <= most_kb
        assert tab.page.locator("html").get_attribute("lang") == lang
        assert tab.unsaid_charts() == []
        for width in ("desk", "phone"):
            if lang == "en":
                tab.look(width, dark=True)
                assert tab.violations(COLOURS) == [], (lang, width, "dark")
            tab.look(width, dark=False)
            assert tab.violations() == [], (lang, width)
            assert tab.sticks_out() == 0, (lang, width)
    assert [one for one in tab.trouble if name not in STATUS or f"status of {status}" not in one] == []


def test_what_is_wrong_is_noticed(site: Site, open_tab: Callable[..., Tab]) -> None:
    """A page without faults proves nothing where no fault would be seen."""
    tab = open_tab()
    tab.go("/login")
    tab.page.evaluate("""() => {
        const image = document.createElement('img');
        image.src = 'https://elsewhere.example/x.png';
        document.body.append(image);
        document.body.style.width = '3000px';
    }""")
    tab.page.wait_for_timeout(100)
    assert any("CSP" in one for one in tab.trouble)
    assert any("image-alt" in one for one in tab.violations())
    assert tab.sticks_out() > 0
