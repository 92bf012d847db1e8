"""The audit log: who did what in words of both languages, page by page, and narrowed down."""

import ast
from pathlib import Path

import httpx
import pytest

import app as service
from app.dashboard.words import LANGUAGES
from app.db.engine import Database
from app.models import Audit
from app.store import people
from tests.dashboard.conftest import NOW, parsed, said
from tests.dashboard.test_entry import SAME
from tests.dashboard.test_pages import check_whole

PASSWORD = "correct horse battery"
WRITERS = {"once", "change", "record", "opened"}


def actions() -> set[str]:
    """Whatever the code writes into the log."""
    root = Path(service.__file__).parent
    calls = [
        node for path in root.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in WRITERS
    ]  # fmt: skip
    texts = {arg.value for call in calls for arg in call.args if isinstance(arg, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and text not in ("id", "kept")} | {people.MERGED}


def test_every_action_has_its_words() -> None:
    found = actions()
    assert {"login", "campaign.create", "user.totp.on", "token.revoke", "export", people.MERGED} <= found
    for texts in LANGUAGES.values():
        assert {action for action in found if f"did.{action}" not in texts} == set()


async def test_it_names_who_did_what_page_by_page(browser: httpx.AsyncClient, db: Database) -> None:
    await browser.post("/settings/users", data={"name": "<b>amina", "password": PASSWORD}, headers=SAME)
    async with db.write() as session:
        session.add_all([Audit(at=NOW, actor="user:1", action=f"thing.{n}", subject="x") for n in range(100)])
    await browser.post("/login", data={"user": "<b>amina", "password": PASSWORD}, headers=SAME)
    first = await browser.get("/settings/audit")
    assert "thing.99" in said(first)
    assert "<b>amina" in said(first)
    assert "made a user user.create" not in said(first)
    older = next(one.attrs["href"] or "" for one in parsed(first).every("a") if "before=" in (one.attrs["href"] or ""))
    second = await browser.get(older)
    assert "this machine|made a user user.create|<b>amina|127.0.0.1" in lines(second)[-1]
    assert (await browser.get("/settings/audit?before=x")).status_code == 422


ROWS = (
    ("local", "campaign.create", "campaign wet"), ("user:7", "rule.delete", "rule rul_1"),
    ("user:7", "login", None), ("anybody:hook_1", "outcome.inbound", "outcome a of campaign wet"),
    ("token:abc", "export", "posts"), ("local", "new.of.tomorrow", None),
)  # fmt: skip


@pytest.fixture
async def told(db: Database) -> None:
    async with db.write() as session:
        session.add_all(
            [Audit(at=NOW - hour * 3_600_000, actor=who, action=did, subject=which)
             for hour, (who, did, which) in enumerate(ROWS)]
        )  # fmt: skip


def lines(answer: httpx.Response) -> list[str]:
    """Each row of the table."""
    cells = [" ".join(one.text.split()) for one in parsed(answer).every("td")]
    return ["|".join(cells[at : at + 4]) for at in range(0, len(cells), 4)]


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ("", {0, 1, 2, 3, 4, 5}), ("who=user:7", {1, 2}), ("what=rule.delete", {1}), ("who=local&what=login", set()),
        ("from=2026-03-01T10:00", {0, 1, 2}), ("to=2026-03-01T10:00", {3, 4, 5}),
        ("from=2026-03-01T10:00&to=2026-03-01T12:00", {1, 2}), ("from=2026-03-01T16:00&tz=Asia/Dhaka", {0, 1, 2}),
        ("who=nobody", set()), ("what='+OR+1=1", set()), ("who=user:7&from=2026-03-01T11:00", {1}),
    ],
)  # fmt: skip
async def test_it_is_narrowed_by_who_what_and_when(
    browser: httpx.AsyncClient, told: None, query: str, hours: set[int]
) -> None:
    answer = await browser.get(f"/settings/audit?{query}")
    check_whole(parsed(answer))
    found = {n for n, (_, did, _) in enumerate(ROWS) if any(did in line for line in lines(answer))}
    assert found == hours
    assert ("Nothing that is asked for" in said(answer)) == (not hours)
    wanted = dict(part.split("=", 1) for part in query.split("&") if part)
    chosen = [one.attrs["value"] for one in parsed(answer).every("option") if "selected" in one.attrs]
    assert set(chosen) <= set(wanted.values())


async def test_what_is_asked_for_goes_on_to_the_older_ones(browser: httpx.AsyncClient, db: Database) -> None:
    async with db.write() as session:
        session.add_all([Audit(at=NOW, actor=f"user:{n % 2}", action="login") for n in range(204)])
    href, counts = "/settings/audit?who=user:1&tz=Asia/Dhaka&lang=fr", []
    while href:
        page = parsed(await browser.get(href))
        counts.append(len(page.every("tr")) - 1)
        hrefs = [one.attrs["href"] or "" for one in page.every("a")]
        href = next((one for one in hrefs if "before=" in one and one.startswith("/")), "")
        assert not href or "who=user%3A1" in href
    assert counts == [100, 2]


async def test_a_french_page_says_it_in_french(browser: httpx.AsyncClient, told: None) -> None:
    answer = await browser.get("/settings/audit?lang=fr")
    assert lines(answer) == [
        "cette machine|a créé une campagne campaign.create|campagne wet|–",
        "user:7 user:7|a supprimé une règle rule.delete|règle rul_1|–", "user:7 user:7|s’est connecté login|–|–",
        "une adresse d’entrée anybody:hook_1|a fait entrer des résultats outcome.inbound|résultat a (campagne wet)|–",
        "token:abc token:abc|a exporté export|publications|–", "cette machine|new.of.tomorrow new.of.tomorrow|–|–",
    ][::-1]  # fmt: skip
    bare = [one.text for one in parsed(answer).every("option")]
    assert not [text for text in bare if "." in text and text != "new.of.tomorrow"]


@pytest.mark.parametrize("query", ["from=soon", "from=2026-03-02T00:00&to=2026-03-01T00:00", "tz=Mars/Base"])
async def test_what_cannot_be_asked_is_said(browser: httpx.AsyncClient, query: str) -> None:
    assert (await browser.get(f"/settings/audit?{query}")).status_code == 422
