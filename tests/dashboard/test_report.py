"""The report for a board: whole by itself, true, printed to A4, and silent about those who ask for it."""

import re
import shutil
from pathlib import Path

import httpx
import pytest

from app.commands import report as command
from app.errors import Problem
from tests.dashboard.conftest import ATTACKS, Page, parsed


async def test_it_says_what_grew_what_came_and_what_was_not_seen(browser: httpx.AsyncClient, rain: str) -> None:
    assert rain
    for lang, said in (
        ("en", ("How it grew", "Who made it grow", "Ada Rain", "not distinguishable", "the instance did not answer")),
        ("fr", ("Comment elle a grandi", "Qui l’a fait grandir", "Ada Rain", "non distinguable", "du 27 févr. 2026")),
    ):
        page = await browser.get(f"/campaigns/wet/report?lang={lang}")
        assert page.status_code == 200, page.text
        text = re.sub(r"\s+", " ", "".join(one.text for one in parsed(page).every("body")))
        assert all(word in text for word in said), text
    api = (await browser.get("/api/v1/campaigns/wet/growth")).json()["totals"]
    assert f"at least {api['posts']} posts" in (await browser.get("/campaigns/wet/report")).text


async def test_it_needs_nothing_else(browser: httpx.AsyncClient, rain: str) -> None:
    assert rain
    answer = await browser.get("/campaigns/wet/report")
    page = parsed(answer)
    assert not [one for one in page.elements if one.tag in ("script", "img", "link", "iframe", "form")]
    assert not [one for one in page.elements if "style" in one.attrs or "src" in one.attrs]
    allowed = answer.headers["content-security-policy"]
    assert "unsafe" not in allowed
    assert "default-src 'none'; style-src 'sha256-" in allowed
    assert "frame-ancestors 'none'" in allowed
    assert "@page { size: A4" in answer.text


async def test_hostile_names_stay_text(browser: httpx.AsyncClient, hostile: list[str]) -> None:
    assert hostile
    for number in (0, 5, 6, 8):
        page: Page = parsed(await browser.get(f"/campaigns/c{number}/report"))
        assert not [one for one in page.elements if one.tag in ("script", "img", "iframe", "textarea")]
        assert not [name for one in page.elements for name in one.attrs if name.startswith("on")]
        assert page.every("h1")[0].text.strip() == " ".join(ATTACKS[number].split())


def test_without_a_browser_a_pdf_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="printed by Chromium or Chrome"):
        command.report("wet", tmp_path / "report.pdf")
    with pytest.raises(Problem, match=r"name it \.html or \.pdf"):
        command.report("wet", tmp_path / "report.doc")


def test_what_prints_nothing_is_named(tmp_path: Path) -> None:
    false = shutil.which("false")
    assert false
    with pytest.raises(Problem, match="printed nothing"):
        command._print(false, "<p>", tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()
