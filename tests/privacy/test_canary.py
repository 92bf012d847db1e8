"""A person is erased: whatever names them is looked for in every byte that is kept, and in all that goes out."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select, update

from app.alerts.payload import Evidence
from app.clock import DAY, MINUTE, to_ms
from app.db.engine import Database
from app.exports import rows
from app.models import Account, Audit, Base, Delivery, Endpoint, Erasure, Event, Idempotency, Influencer, Post, PostText
from app.privacy import sweep
from app.store import access, checkup, erasures, following, outbox, people, rebuild
from app.store.curves import totals
from app.store.keep import post_key
from app.store.people import Claim
from collectors.posts import Account as Author
from collectors.posts import Engagement
from collectors.posts import Post as Post_
from tests.alerts import schemas
from tests.alerts.outbox import SAID, alert
from tests.api.conftest import NOON, add_source, arrive, post
from tests.privacy.keys import KEYS

NOW = to_ms(NOON)
HANDLE, NAME, WORDS = "zebrafinch@one.example", "Zebrafinch Quartz", "the quick canary sang of saffron"
NATIVE = "https://one.example/users/zebrafinch"
URL = "https://one.example/@zebrafinch/9"
CANARIES = ("zebrafinch", "quartz", "saffron", "local-canary", "solotag")
SINGER = Author(NATIVE, HANDLE, NAME, followers=500)


def song(number: int, likes: int = 1) -> Post_:
    """One of the person's posts, with a hashtag that nobody follows."""
    return replace_post(
        number, native_id=f"{NATIVE}/statuses/{number}", local_id=f"local-canary-{number}", author=SINGER, url=URL,
        text=f"{WORDS} {number}", engagement=Engagement(likes=likes), tags=("Rain", "solotag"), labels=("zebrafinch",),
    )  # fmt: skip


def replace_post(number: int, **values: object) -> Post_:
    return structs.replace(post(number, ("Rain",), NOON - timedelta(days=2, hours=number)), **values)


@pytest.fixture
async def world(db: Database) -> Database:
    """Two people under a followed hashtag, one of them an influencer; what was said of them, and who was sent it."""
    db.keyed = KEYS.mac
    source = await add_source(db)
    async with db.write() as session:
        await following.follow(session, "#Rain", [source], NOW - 3 * DAY, 300)
        await people.create(session, NAME, "singer", [Claim("mastodon", None, NATIVE)], NOW)
    answer = replace_post(
        7,
        in_reply_to=f"{NATIVE}/statuses/1",
        quote_of="local-canary-2",
        repost_of=f"{NATIVE}/statuses/999",
    )
    await arrive(db, source, [song(1), song(2), answer], NOON - timedelta(hours=20))
    await arrive(db, source, [song(1, 90), song(2, 40)], NOON - timedelta(hours=2))
    key = post_key("mastodon", f"{NATIVE}/statuses/1")
    async with db.write() as session:
        kept = {"kind": "webhook", "language": "en", "created_at": 0, "failures": 0, "exhausted": 0, "version": 1}
        for name, types in (("told", "alert.firing"), ("other", None)):
            session.add(Endpoint(id=name, name=name, url=f"https://{name}.example/", types=types, **kept))
        await session.flush()
        (singer,) = (await session.execute(select(Influencer.id))).scalars()
        evidence = (Evidence(str(key), URL, 90, singer), Evidence("77", "https://else.example/7", 3, None))
        said = replace(SAID, evidence=evidence, subject={"influencer": NAME})
        await outbox.put(session, alert(1, NOW, said), ["told"], NOW)
        await outbox.put(session, alert(2, NOW, SAID), None, NOW)
        await session.execute(update(Delivery).values(attempts=1, state="delivered", due_at=None))
        await access.claim_key(session, "local", "k", "hash", NOW)
        await access.answer_key(session, "local", "k", 201, f'{{"body": "{{\\"name\\": \\"{NAME}\\"}}"}}')
    return db


def _bytes(folder: Path) -> list[str]:
    return [path.read_bytes().decode("latin-1") for path in folder.glob("groundswell.db*")]


async def everything(db: Database, folder: Path) -> str:
    """All tables of either database as text, and each byte of a file and its log."""
    async with db.read() as session:
        found = [
            str(tuple(row)) for table in Base.metadata.sorted_tables for row in await session.execute(select(table))
        ]
    raw = _bytes(folder)
    exported = [
        str(list(page.columns)) for kind in ("posts", "snapshots", "accounts")
        async for page in rows.pages(db, kind, rows.Query(), NOW)
    ]  # fmt: skip
    return "\n".join([*found, *raw, *exported]).lower()


def named_in(text: str) -> list[str]:
    return [word for word in CANARIES if word in text]


async def sums(db: Database) -> list[object]:
    async with db.read() as session:
        for subject in await checkup.subjects(session):
            assert [one async for one in rebuild.verify(session, subject, NOW)] == []
        return list((await totals(session, "hashtag", "rain", NOW - 5 * DAY, NOW, NOW)).items())


async def test_nothing_names_an_erased_person_and_the_sums_stay(
    world: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    db = world
    assert named_in(await everything(db, tmp_path)) == list(CANARIES)
    before = await sums(db)
    async with db.write() as session:
        found = await erasures.find(session, f"@{HANDLE}")
        assert [(one.posts, one.texts, one.messages) for one in found.accounts] == [(2, 2, 1)]
        assert (await erasures.find(session, NATIVE)).accounts == found.accounts
        key = await erasures.ask(session, [int(found.accounts[0].id)], None, NOW)
    await sweep.erase(db, key, NOW)
    assert await sweep.rewrite(db, NOW, asked=True)
    assert named_in(await everything(db, tmp_path)) == []
    assert named_in(caplog.text.lower()) == []
    assert await sums(db) == before
    async with db.read() as session:
        assert (await erasures.find(session, HANDLE)).accounts == ()
        done = (await session.execute(select(Erasure))).scalar_one()
        assert (done.posts, done.messages, done.accounts, done.done_at) == (2, 1, None, NOW)
        answer = (await session.execute(select(Post).where(Post.in_reply_to.is_not(None)))).scalar_one()
        links = [answer.in_reply_to, answer.quote_of]
        assert set((await session.execute(select(Post.native_id))).scalars()) >= set(links)  # still joined
        assert (await session.execute(select(Audit.subject))).scalars().all() == []
        assert (await session.execute(select(Idempotency.answer))).scalars().all() == [None]
        assert (await session.execute(select(Influencer))).scalars().all() == []


async def test_who_was_told_of_them_is_told_to_forget(world: Database) -> None:
    db = world
    async with db.write() as session:
        found = await erasures.find(session, NAME)
        key = await erasures.ask(session, [], found.influencers[0][0], NOW)
    await sweep.erase(db, key, NOW + MINUTE)
    async with db.read() as session:
        events = {row.id: row for row in (await session.execute(select(Event))).scalars()}
        sent = (await session.execute(select(Delivery).where(Delivery.state == "waiting"))).scalars().all()
    redacted = [row for row in events.values() if row.type == "compliance.redacted"]
    named = {str(post_key("mastodon", f"{NATIVE}/statuses/1"))}
    for row in events.values():
        schemas.check(row.body.encode())
    changed = [row for row in events.values() if '"redacted":true' in row.body and row.type == "alert.firing"]
    assert [row.body.count("post_id") for row in changed] == [1]
    posts = {post for row in redacted for post in _data(row)["posts"]}
    assert posts == named
    # Its filter names other types: a duty is told all the same. Who was not sent it hears nothing.
    assert {(one.endpoint_id, one.event_id) for one in sent} == {("told", row.id) for row in redacted}
    assert {_data(row)["message_id"] for row in redacted} == {changed[0].id}


def _data(row: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.body)["data"]
    return found


async def test_nothing_brings_them_back(world: Database) -> None:
    """Neither a re-read, nor a file, nor a new post of theirs; who else posts is kept."""
    db = world
    async with db.write() as session:
        (account,) = (await session.execute(select(Account.id).where(Account.handle == HANDLE))).scalars()
        key = await erasures.ask(session, [account], None, NOW)
    await sweep.erase(db, key, NOW)
    async with db.read() as session:
        before = len((await session.execute(select(Post.id))).scalars().all())
    met, unmet = (f"{NATIVE}/statuses/{number}" for number in (1, 77))
    answer = post(8, ("Rain",), NOON - timedelta(hours=1), in_reply_to=met, quote_of=unmet)
    await arrive(db, 1, [song(1, 99), song(3), answer], NOON)
    async with db.read() as session:
        assert len((await session.execute(select(Post.id))).scalars().all()) == before + 1
        assert (await session.execute(select(Account.id).where(Account.handle == HANDLE))).scalars().all() == []
        links = (await session.execute(select(Post.in_reply_to, Post.quote_of))).all()
        assert [said for row in links for said in row if said and not said.startswith("erased:")] == []
        assert [
            text for text in (await session.execute(select(PostText.text))).scalars() if text and WORDS in text
        ] == []
    nameless = Database(db.url)
    try:
        with pytest.raises(Exception, match="start with the key"):
            await arrive(nameless, 1, [song(1)], NOON)
    finally:
        await nameless.close()
