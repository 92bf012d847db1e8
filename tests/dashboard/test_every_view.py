"""Every page and file of the route table, in a world where each word of a stranger is an attack: text, and no more."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

import app.dashboard
from app.dashboard.report import SHEET
from app.db.engine import Database
from app.store.columns import FORMULA
from tests.api.needs import NEEDS
from tests.dashboard.conftest import Page, browser_of, parsed
from tests.dashboard.hostile import ATTACK, MARK, SAY_NOTHING, furnish

ROOM = Path(app.dashboard.__file__).parent
OURS = "\n".join(path.read_text() for path in [*ROOM.glob("templates/*"), *ROOM.glob("*.py")])
TAGS = set(re.findall(r"<([a-z][a-z0-9]*)", OURS)) | set(re.findall(r"\b(?:tag|name)=\"([a-z]+)\"", OURS))
NAMES = {name.lower() for name in re.findall(r"[\s\"}]([a-zA-Z][\w:-]*)=", OURS)}
BARE = {
    "autofocus", "checked", "data-live", "defer", "disabled", "download", "hidden", "open", "readonly", "required",
    "selected",
}  # fmt: skip
LEADS = ("href", "src", "action", "formaction", "data", "poster", "xlink:href", "srcset")
FEEDS = {"/healthz", "/readyz", "/metrics", "/static/{name}"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_view_shows_attacks_as_text(app: FastAPI, db: Database, rain: str, minted: object) -> None:
    views = await furnish(db, rain)
    routes = {route.split()[1] for route in NEEDS if route.startswith("GET ") and "/api/" not in route}
    assert routes - FEEDS == set(views), "each page has its address in hostile.addresses"
    token = (await minted("admin")).text  # type: ignore[operator]
    async with browser_of(app, Authorization=f"Bearer {token}") as browser:
        for route, paths in views.items():
            shown = ""
            for path in paths:
                answer = await browser.get(path, headers={"Accept-Language": "fr" if "s" in path else "en"})
                assert answer.status_code == 200, (path, answer.text[-2_000:])
                shown += check(path, answer)
            assert (MARK in shown) != (route in SAY_NOTHING), route


def check(path: str, answer: httpx.Response) -> str:
    """What of it people read."""
    assert answer.headers["x-content-type-options"] == "nosniff"
    kind = answer.headers["content-type"].split(";")[0]
    if kind == "text/html":
        return _page(path, parsed(answer))
    if kind == "image/svg+xml":
        return _picture(path, answer.text)
    assert kind == "text/csv", path
    return _table(path, answer.text)


def _page(path: str, page: Page) -> str:
    for one in page.elements:
        assert one.tag in TAGS, (path, one.tag)
        for name in one.attrs:
            assert name in NAMES | BARE, (path, one.tag, name)
            assert not name.startswith("on"), (path, name)
        for name in LEADS:
            _leads(path, one.tag, one.attrs.get(name))
        if one.tag == "script":
            assert (one.attrs.get("src") or "").startswith("/static/"), path
            assert not one.text.strip()
        if one.tag == "style":
            assert one.text.strip() == SHEET
    assert "49" not in [one.text.strip() for one in page.every("bdi")]
    values = [value or "" for one in page.elements for value in one.attrs.values()]
    return "\n".join([*(one.text for one in page.elements if one.tag in ("body", "title")), *values])


def _leads(path: str, tag: str, to: str | None) -> None:
    """To one of our own pages, or out to the web where it is a link."""
    if to is None or re.match(r"(?:/(?!/)|[?#]|$)", to):
        return
    allowed = r"https?://" if tag == "a" else r"data:image/svg\+xml" if tag in ("img", "link") else "nowhere"
    assert re.match(allowed, to), (path, tag, to)


def _picture(path: str, text: str) -> str:
    root = ET.fromstring(text)
    for one in root.iter():
        assert one.tag.split("}")[1] in TAGS, (path, one.tag)
        assert not [name for name in one.attrib if name.startswith("on") or name.endswith("href")], path
    return "".join(root.itertext())


def _table(path: str, text: str) -> str:
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert cell[:1] not in FORMULA or re.fullmatch(r"-?[\d.]+", cell), (path, cell[:40])
    return text


FIELDS = sorted(set(re.findall(r'name="([a-z_]+)"', OURS)))
FORMS = sorted(route.split()[1] for route in NEEDS if route.startswith("POST ") and "/api/" not in route)


@pytest.mark.parametrize(
    ("database_url", "typed"), [("postgresql", "\0"), ("postgresql", "\ud800" + "9" * 400), ("sqlite", ATTACK)],
    ids=["nul", "surrogate", "attack"], indirect=["database_url"],
)  # fmt: skip
async def test_every_form_takes_anything_and_falls_over_nothing(app: FastAPI, rain: str, typed: str) -> None:
    """In each field that any form of ours has: said on a page, or taken, but never an error of ours."""
    assert {"name", "user", "proof", "word", "code", "campaign"} <= set(FIELDS)
    body = {name: typed for name in FIELDS if name != "mark"}
    data = "&".join(f"{name}={quoted(text)}" for name, text in body.items())
    headers = {
        "Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    async with browser_of(app, **headers) as browser:
        for form in FORMS:
            path = form
            for name, value in (("{slug}", "wet"), ("{tag}", "rain"), ("{id}", "rul_spikes"), ("{token}", "x")):
                path = path.replace(name, value)
            answer = await browser.post(re.sub(r"\{\w+\}", "x", path), content=data)
            assert answer.status_code < 500, (form, answer.text[-1_000:])
            if answer.headers.get("content-type", "").startswith("text/html"):
                _page(form, parsed(answer))


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
