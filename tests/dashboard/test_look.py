"""What can be said of the looks without looking: contrasts, light and dark, nothing from elsewhere."""

import re

import pytest

from app.dashboard import render

CSS = render.STATIC["style.css"].decode()
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in CSS.split("@media", 2)[:2])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_and_lines_can_be_seen(colours: dict[str, str]) -> None:
    assert LIGHT.keys() == DARK.keys()
    for ground in ("bg", "card"):
        for text in ("ink", "quiet", "link", "bad"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["accent"], colours[ground]) >= 3
    assert contrast(colours["on-button"], colours["button"]) >= 4.5
    # The line is told from what it stands on, a gap's hatching from its ground.
    assert contrast(colours["accent"], colours["seen"]) >= 3
    assert contrast(colours["hatch"], colours["gap"]) >= 3


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name, content in render.STATIC.items():
        text = content.decode().replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, name
        assert "@import" not in text
    for path in sorted(render._HERE.glob("templates/*.html")):
        found = set(re.findall(r"https?://[\w.]+", path.read_text()))
        assert found <= {"http://www.w3.org", "https://mastodon.example"}, path.name


def test_a_template_marks_nothing_as_safe() -> None:
    for path in sorted(render._HERE.glob("templates/*.html")):
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text()), path.name
