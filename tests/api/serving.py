"""The service on a real socket, in a thread of its own, over a database with a little of everything in it."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import uvicorn
from fastapi import FastAPI
from sqlalchemy import update

from app.access import keyfile, tokens
from app.access.principal import SCOPES
from app.access.seal import Keyring
from app.alerts import signing
from app.clock import SystemClock, to_ms
from app.db.engine import Database, Session
from app.main import create_app
from app.models import AlertRule, Annotation, Delivery, Influencer, Silence
from app.settings import Settings
from app.store import campaigns, endpoints, episodes, following, outbox, outcomes, rules, silences, subjects
from app.store.campaigns import Described
from app.store.outcomes import Gift
from collectors.posts import Account, Engagement, Post
from tests.alerts.outbox import alert
from tests.api.conftest import add_source, arrive


class Hurried(SystemClock):
    """Nobody waits after a wrong password."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@contextmanager
def served(settings: Settings, app: FastAPI | None = None) -> Iterator[str]:
    """Where it listens, once it is ready."""
    # The protocol by name: asyncio turns Nagle's delay off for those alone.
    with socket.socket(proto=socket.IPPROTO_TCP) as taken:
        taken.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app or create_app(settings, clock=Hurried()),
            log_config=None,
            access_log=False,
            ws="none",
            proxy_headers=False,
            loop="asyncio",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([taken])), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "it did not start"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{taken.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


async def furnish(settings: Settings) -> str:
    """What the examples of the OpenAPI page name is there, with posts. Returns a token for all of it."""
    db = Database(settings.database_url)
    now = datetime.now(UTC)
    try:
        source = await add_source(db, "mastodon.example")
        other = await add_source(db, "bluesky", "bluesky")
        async with db.write() as session:
            session.add(Influencer(id="inf_0123456789abcdef", name="Jerome", kind=None, created_at=0, version=1))
            await subjects.ensure(session, "influencer", ["inf_0123456789abcdef"])
            await following.follow(session, "#LoveArmyForRohingyas", None, to_ms(now - timedelta(hours=9)), 300)
            told = Described("love-army", "Love Army", "influencer-led", None, None, ("#LoveArmyForRohingyas",))
            campaign = (await campaigns.create(session, told, to_ms(now), 300)).id
            gift = Gift("gift-1", to_ms(now), "donation", "35.00", "USD", "JEROME", 1)
            await outcomes.keep(session, campaign, [gift], to_ms(now))
            session.add(Annotation(
                id="ann_0123456789abcdef", campaign_id=campaign, at=0, text="It began", created_at=0, version=1
            ))  # fmt: skip
            keys = keyfile.keyring(settings)
            await _subscribe(session, keys, to_ms(now))
            await _watch(session, to_ms(now))
            minted = await tokens.create(session, keys, "schemathesis", frozenset(SCOPES), to_ms(now))
        await arrive(db, source, [_post(n, now - timedelta(hours=n)) for n in range(1, 8)], now)
        await arrive(db, other, [_post(0, now - timedelta(hours=2), SHOWN)], now, "bluesky")
    finally:
        await db.close()
    return minted.text


async def _subscribe(session: Session, keys: Keyring, now: int) -> None:
    """An endpoint that nobody may call, and something on its way to it."""
    name = "end_0123456789abcdef"
    sealed = keys.seal(signing.new_keys(asymmetric=False), signing.purpose(name))
    it = endpoints.Described("ours", "http://127.0.0.1:9/", None)
    await endpoints.create(session, endpoints.Kept(name, 1, now, it, keys=sealed))
    event = alert(1, now)
    await outbox.put(session, event, None, now)
    mine = Delivery.event_id == event.id
    await session.execute(update(Delivery).where(mine).values(id="dlv_0123456789abcdef"))


async def _watch(session: Session, now: int) -> None:
    """A rule, what it said, and a silence."""
    tag = ("hashtag", "lovearmyforrohingyas")
    rule = await rules.create(session, rules.Watched("x", "quiet", tag, "posts", None, 900, "low", None, True), now)
    await session.execute(update(AlertRule).where(AlertRule.id == rule.id).values(id="rul_0123456789abcdef"))
    quiet = silences.Quiet(("rule", "rul_spikes"), now, now + 86_400_000, "a test")
    silence = await silences.create(session, quiet, "local", now)
    await session.execute(update(Silence).where(Silence.id == silence.id).values(id="sil_0123456789abcdef"))
    told = episodes.Episode(
        "alr_0123456789abcdef0123456789abcdef", "rul_spikes", "Spikes", 1, "spike", "high", ":".join(tag), 1, 1,
        "firing", "posts", 3_600, 412.0, 412.0, 120.0, 31.5, now, now, None,
        [{"post_id": "1", "url": None, "interactions": 9, "influencer": None}],
    )  # fmt: skip
    await episodes.keep(session, told, [episodes.Turn(1, "firing", now, 412.0, "sent")], now)


SHOWN = "at://did:plc:example/app.bsky.feed.post/3lbexample"


def _post(number: int, at: datetime, native_id: str | None = None) -> Post:
    return Post(
        native_id=native_id or f"https://mastodon.example/posts/{number}", created_at=at, text="#LoveArmyForRohingyas",
        tags=("LoveArmyForRohingyas",), author=Account(f"someone {number}", f"a{number}", "A", 100 * number),
        engagement=Engagement(number, number, 0), labels=("!no-unauthenticated",) if number % 2 else (),
    )  # fmt: skip
