"""The table that a user chooses by is what the collectors declare."""

from collectors import PLATFORMS
from collectors.described import page
from tests.cli import HOUSE


def test_the_page_of_platforms_is_made_from_the_declarations() -> None:
    assert (HOUSE / "docs" / "platforms.md").read_text("utf-8") == page(), "make platforms writes it anew"


def test_every_platform_has_its_row_and_its_terms() -> None:
    said = page()
    for name, platform in PLATFORMS.items():
        assert f"\n| [{name}](#{name}) |" in said
        assert platform.offer.policy.terms in said
        assert all(note in said for note in platform.offer.notes)
