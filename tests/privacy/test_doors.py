"""A person erased, and days set, by the API, on the page and by command."""

import json
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.access.marks import Marks
from app.db.engine import Database
from app.settings import Settings
from app.store import following
from app.store.keep import post_key
from tests.api.conftest import NOON, add_source, ago, api, app, arrive, minted, post
from tests.cli import call, one_line, well
from tests.dashboard.conftest import browser_of, parsed, said
from tests.dashboard.test_entry import SAME

__all__ = ["api", "app", "minted"]
HANDLE = "user1@one.example"


async def filled(db: Database, settings: Settings) -> None:
    db.keyed = Marks(settings)
    source = await add_source(db)
    async with db.write() as session:
        await following.follow(session, "#Rain", [source], 0, 300)
    await arrive(db, source, [post(1, ("Rain",), ago(days=1)), post(2, ("Rain",), ago(days=2))], NOON)


async def test_over_http_and_on_the_page(app: FastAPI, api: httpx.AsyncClient, db: Database) -> None:
    await filled(db, app.state.settings)
    assert (await api.patch("/retention", json={"snapshots": 3})).json()["errors"][0]["field"] == "snapshots"
    kept = await api.patch("/retention", json={"text": 90})
    assert kept.json() == (await api.get("/retention")).json() == {"text": 90, "snapshots": None, "posts": None}
    assert (await api.get("/privacy")).json()["over"] == []
    found = (await api.post("/erasures/search", json={"who": HANDLE})).json()["accounts"]
    assert [(one["handle"], one["posts"]) for one in found] == [(HANDLE, 1)]
    begun = await api.post("/erasures", json={"accounts": [found[0]["id"]]})
    done = (await api.get(begun.headers["Location"].removeprefix("/api/v1"))).json()
    assert (begun.status_code, done["posts"], done["done_at"] is not None) == (202, 1, True)
    again = await api.post("/erasures", json={"accounts": [found[0]["id"]]})
    assert (again.status_code, (await api.post("/erasures", json={})).status_code) == (404, 422)
    here = post_key("mastodon", "https://one.example/posts/1")
    assert (await api.get(f"/posts/{here}")).status_code == 410
    async with browser_of(app, **SAME) as browser:
        assert (await browser.get(f"/posts/{here}?lang=fr")).status_code == 410
        for lang in ("en", "fr"):
            page = await browser.get(f"/settings/privacy?lang={lang}")
            assert (page.status_code, done["id"] in said(page)) == (200, True)
        wrong = await browser.post("/settings/privacy", data={"text": "9", "posts": "2"})
        assert (wrong.status_code, parsed(wrong).every("input", name="posts")[0].attrs["aria-invalid"]) == (422, "true")
        assert (await browser.post("/settings/privacy", data={"text": "", "posts": "400"})).status_code == 303
        shown = await browser.post("/settings/privacy/search", data={"who": "user2@one.example"})
        (box,) = parsed(shown).every("input", name="account")
        unsure = await browser.post("/settings/privacy/erase", data={"account": str(box.attrs["value"])})
        assert unsure.status_code == 422
        sure = {"account": str(box.attrs["value"]), "sure": "yes"}
        assert (await browser.post("/settings/privacy/erase", data=sure)).status_code == 303
        gone = await browser.post("/settings/privacy/search", data={"who": "user2@one.example"})
        assert parsed(gone).every("input", name="account") == []
    assert (await api.get("/retention")).json() == {"text": None, "snapshots": None, "posts": 400}
    audit = said(await browser_of(app, **SAME).get("/settings/audit"))
    assert "person.erase" in audit
    assert "user1" not in audit


def test_by_command(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", database_url)
    rows = "mastodon,https://a.example/1,2026-03-01T10:00:00Z,#Climate,u1,ana\n"
    Path("posts.csv").write_text(f"platform,native_id,created_at,hashtags,author_id,author\n{rows}")
    well("import", "posts", "posts.csv")
    assert json.loads(well("erase", "ana", "--show", "--json"))["accounts"][0]["posts"] == 1
    told = json.loads(well("erase", "-", "--yes", "--json", given="ana\n"))
    assert (told["posts"], told["rewritten"]) == (1, True)
    assert "nobody is known" in one_line(call("erase", "ana", "--yes"))
    again = json.loads(well("import", "posts", "posts.csv", "--json"))
    assert again["rejected"] == 0
    assert "ana" not in well("export", "posts")
    assert "at least" not in well("rollups", "verify")
    assert json.loads(well("retention", "--text", "30", "--json")) == {"text": 30, "snapshots": None, "posts": None}
    assert call("retention", "--posts", "3").code == 2
    assert json.loads(well("privacy", "--sweep", "--json"))["over"] == []
    assert "0 posts are over a limit" in well("privacy")
    well("retention", "--text", "forever")
