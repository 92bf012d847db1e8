"""The pages over a fresh database of each kind, and a hashtag that was seen, missed for a day, and seen again."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.clock import DAY, to_ms
from app.db.engine import Database
from app.main import create_app
from app.models import Track
from app.settings import Settings
from app.store import campaigns, coverage, following, people
from app.store.campaigns import Described
from app.store.people import Claim
from collectors.posts import Account, Engagement
from tests.api.conftest import KEY, NOON, add_source, ago, arrive, minted, post
from tests.built import once
from tests.clocks import FakeClock

ROOT = "http://127.0.0.1:8000"
NOW = to_ms(NOON)

__all__ = ["minted"]


@pytest.fixture
def app(db: Database, clock: FakeClock) -> FastAPI:
    return create_app(Settings(_env_file=None, secret_key=KEY, database_url=db.url), db, clock)


def browser_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 51000))
    return httpx.AsyncClient(transport=transport, base_url=ROOT, headers={"Accept": "text/html", **headers})


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(app) as client:
        yield client


@pytest.fixture
async def rain(db: Database) -> str:
    return await once(db, _rain, lambda: _rain(db))


async def _rain(db: Database) -> str:
    """#rain in the campaign `wet`: three days, of which the middle one was missed. Returns the influencer's id."""
    source = await add_source(db)
    async with db.write() as session:
        await following.follow(session, "#Rain", [source], NOW - 3 * DAY, 300)
        track = (await session.execute(select(Track.id))).scalar_one()
        await coverage.write(session, track, NOW - 3 * DAY, NOW - 2 * DAY, "complete")
        await coverage.write(session, track, NOW - 2 * DAY, NOW - DAY, "missed", "the instance did not answer")
        await coverage.write(session, track, NOW - DAY, NOW, "complete")
        wet = Described("wet", "Wet", "influencer-led", NOW - 2 * DAY, None, ("#Rain",))
        await campaigns.create(session, wet, NOW, 300)
        claims = [Claim("mastodon", None, "https://one.example/users/1")]
        person = await people.create(session, "Ada Rain", "person", claims, NOW)
    # Looked at within two hours, then once more after five: what came between is estimated.
    first, last = [ago(days=2, hours=20), ago(days=2, hours=18)], [ago(hours=9), ago(hours=8), ago(minutes=20)]
    for number, at in enumerate([*first, *last], 1):
        await arrive(db, source, [post(number, ("Rain",), at, likes=number)], at + timedelta(minutes=10))
    later = ago(hours=3)
    grown = [post(number, ("Rain",), at, likes=100 * number) for number, at in enumerate(last[:2], 3)]
    await arrive(db, source, grown, later)
    return person.id


@pytest.fixture
async def hostile(db: Database) -> list[str]:
    return await once(db, _hostile, lambda: _hostile(db))


async def _hostile(db: Database) -> list[str]:
    """A post, an author, a campaign and an influencer for each way that text tries to become markup."""
    source = await add_source(db, "one.example")
    async with db.write() as session:
        await following.follow(session, "#x", [source], NOW - DAY, 300)
        for number, text in enumerate(ATTACKS):
            name = " ".join(text.split())
            made = Described(f"c{number}", name, "other", None, None, ("#x",))
            await campaigns.create(session, made, NOW, 300)
    posts = [
        post(
            number,
            ("x",),
            ago(hours=1),
            text=text,
            url=text,
            author=Account(f"https://one.example/users/{number}", handle=text, name=text),
            engagement=Engagement(likes=100 + number),
        )
        for number, text in enumerate(ATTACKS)
    ]
    await arrive(db, source, posts, ago(minutes=30))
    async with db.write() as session:
        claims = [Claim("mastodon", None, "https://one.example/users/0")]
        person = await people.create(session, ATTACKS[0], "person", claims, NOW)
    return ["/", "/campaigns/c0", "/hashtags/x", f"/influencers/{person.id}"]


ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea></style><iframe src=//evil.example>",
    "{{ 7 * 7 }}{% raw %}",
    '<!--<a href="javascript:alert(1)">x</a>',
    "\u202etxet\u202c <b onmouseover=alert(1)>",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    'https://good.example/" onclick="alert(1)',
)
VOID = {"meta", "link", "img", "input", "br"}


@dataclass
class Element:
    tag: str
    attrs: dict[str, str | None]
    inside: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """What a browser makes of the page: its elements, each with the text that stands in it."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(one.tag for one in self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(one.tag for one in self.open)))

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for one in self.open:
            one.text += data

    def every(self, tag: str, **attrs: str) -> list[Element]:
        wanted = {name.rstrip("_"): value for name, value in attrs.items()}
        return [
            one for one in self.elements
            if one.tag == tag and all(value in (one.attrs.get(name) or "").split() for name, value in wanted.items())
        ]  # fmt: skip


def parsed(answer: httpx.Response) -> Page:
    page = Page()
    page.feed(answer.text)
    return page


def said(answer: httpx.Response) -> str:
    """The page's text, its white space made one."""
    return re.sub(r"\s+", " ", "".join(one.text for one in parsed(answer).every("main")))
