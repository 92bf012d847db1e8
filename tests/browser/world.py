"""A world to look at: two campaigns, 90 days by the hour, a day that was missed, gifts, notes, alerts, and trouble."""

import asyncio
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
from pydantic import SecretStr
from sqlalchemy import select, update

from app.access import keyfile
from app.alerts import signing
from app.clock import DAY, HOUR, MINUTE, SystemClock, from_ms, to_ms
from app.db.engine import Database
from app.db.migrate import upgrade
from app.models import Alert, AlertRule, Annotation, Audit, Coverage, Endpoint, Silence, Source, Track
from app.settings import Settings
from app.store import (
    annotations,
    campaigns,
    coverage,
    endpoints,
    episodes,
    following,
    outbox,
    outcomes,
    people,
    silences,
)
from app.store.annotations import Note
from app.store.campaigns import Described
from app.store.keep import post_key
from app.store.outcomes import Gift
from app.store.people import Claim
from collectors.posts import Account, Engagement, Post
from tests.alerts.outbox import alert
from tests.api.conftest import add_source, arrive
from tests.api.serving import served
from tests.store import sky

DAYS, PEOPLE = 90, 200
ENDPOINT = "end_0123456789abcdef"
ALERT = "alr_0123456789abcdef0123456789abcdef"
SAID = (
    "The harvest is in: every basket counts. #harvest",
    "ফসল উঠেছে, সবাই মিলে ভাগ করি। #harvest",
    "الحصاد بدأ، شكرا لكل من شارك #harvest",
    "La récolte est là : chaque panier compte ! #harvest",
)
NAMES = ("Amina", "Bashir", "Chantal", "Dawit", "Esma", "Farid", "Goran", "Hana", "Ibrahim", "Jaya")


@dataclass(frozen=True, slots=True)
class World:
    """`now`: when it was made. `post`: one that was looked at often, `person`: an influencer."""

    now: int
    source: int
    post: int
    person: str


async def furnish(settings: Settings) -> World:
    db, now = Database(settings.database_url), to_ms(SystemClock().now())
    try:
        source = await _sources(db, now)
        dice = random.Random(2017)
        await sky.rain(db, source, "harvest", _rows(now, dice, 1.0))
        await sky.rain(db, source, "wells", _rows(now, dice, 0.6)[::3])
        posts = [_post(number, now) for number in range(len(SAID))]
        for hours in (20, 15, 9, 4, 2, 1, 0.2):
            seen = now - round(hours * HOUR)
            await arrive(
                db, source, [_looked_at(one, seen) for one in posts if to_ms(one.created_at) <= seen], from_ms(seen)
            )
        person = await _people(db, now)
        await _rest(db, settings, now)
        return World(now, source, post_key("mastodon", posts[0].native_id), person)
    finally:
        await db.close()


async def _sources(db: Database, now: int) -> int:
    start = now - DAYS * DAY
    source = await add_source(db, "sky.example", base_url="https://sky.example", state_at=start)
    ill = await add_source(
        db, "old.example", state="failing", state_at=now - 3 * HOUR, reason="the instance did not answer"
    )
    async with db.write() as session:
        for tag in ("#Harvest", "#Wells"):
            await following.follow(session, tag, [source], start, 300)
        await following.follow(session, "#Quiet", [ill], now - DAY, 300)
        query = select(Track.id).where(Track.source_id == source)
        for track in (await session.execute(query)).scalars().all():
            missed = now - 30 * DAY
            await coverage.write(session, track, start, missed, "complete")
            await coverage.write(session, track, missed, missed + DAY, "missed", "the instance did not answer")
            await coverage.write(session, track, missed + DAY, now - 5 * MINUTE, "complete")
    return source


def _rows(now: int, dice: random.Random, force: float) -> list[sky.Row]:
    """A launch, days and nights, and few who are heard far; none while nobody looked, none in the last hour."""
    found = []
    for hour in range(DAYS * 24 - 2):
        at = now - DAYS * DAY + hour * HOUR + dice.randrange(50) * MINUTE
        heat = force * (1 + 5 * math.exp(-((hour - 200) ** 2) / 4_000)) * (1.3 + math.sin(hour / 24 * 2 * math.pi))
        for _ in range(max(1, round(heat))):
            who = min(int(dice.paretovariate(0.6)) - 1, PEOPLE - 1) if dice.random() < 0.5 else dice.randrange(PEOPLE)
            if not 0 <= at - (now - 30 * DAY) < DAY:
                found.append(
                    (
                        at + dice.randrange(9) * MINUTE,
                        f"u{who}",
                        90_000 // (who + 1) + 40,
                        dice.randrange(60) // (who // 20 + 1),
                    )
                )
    return list({(at, who): (at, who, followers, gain) for at, who, followers, gain in found}.values())


def _post(number: int, now: int) -> Post:
    name, handle = NAMES[number], f"{NAMES[number].lower()}@sky.example"
    author = Account(f"https://sky.example/users/u{number}", handle, name, 90_000 // (number + 1))
    return Post(
        f"https://sky.example/posts/{number}", from_ms(now) - timedelta(hours=20.5 - number), Engagement(),
        local_id=f"seen-{number}", tags=("harvest",), text=SAID[number], url=f"https://sky.example/@{name}/{number}",
        lang=("en", "bn", "ar", "fr")[number], author=author,
    )  # fmt: skip


def _looked_at(post: Post, at: int) -> Post:
    age = (at - to_ms(post.created_at)) / HOUR
    level = round(900 * (1 - math.exp(-age / 6)))
    return msgspec.structs.replace(post, engagement=Engagement(level, level // 4, level // 9))


async def _people(db: Database, now: int) -> str:
    async with db.write() as session:
        ids = []
        for number, name in enumerate(NAMES):
            claims = [Claim("mastodon", None, f"https://sky.example/users/u{number}")]
            ids.append((await people.create(session, name, "person", claims, now, [f"{name.upper()}"])).id)
        launched = now - 82 * DAY
        told = Described("harvest", "Harvest for all", "influencer-led", launched, None, ("#Harvest",), tuple(ids))
        first = await campaigns.create(session, told, now, 300)
        wells = Described("wells", "Wells", "association-led", launched, None, ("#Wells",))
        second = await campaigns.create(session, wells, now, 300)
        await outcomes.keep(session, first.id, _gifts(launched, now, 40), now)
        await outcomes.keep(session, second.id, _gifts(launched, now, 15), now)
        await annotations.create(
            session, first.id, Note(launched + 9 * DAY, "On the evening news", "https://news.example/1"), now
        )
        await annotations.create(session, first.id, Note(now - 40 * DAY, "The first wagons arrive", None), now)
    return ids[0]


def _gifts(start: int, now: int, count: int) -> list[Gift]:
    step = (now - start) // (count + 1)
    codes = [NAMES[n % 4].upper() if n % 5 else None for n in range(count)]
    return [
        Gift(f"gift-{n}", start + n * step, "donation", f"{20 + n * 7 % 90}.00", "EUR", code, 1 + n % 3)
        for n, code in enumerate(codes)
    ]


async def _rest(db: Database, settings: Settings, now: int) -> None:
    keys = keyfile.keyring(settings)
    async with db.write() as session:
        sealed = keys.seal(signing.new_keys(asymmetric=False), signing.purpose(ENDPOINT))
        it = endpoints.Described("Newsroom", "https://news.example/hook", None)
        await endpoints.create(session, endpoints.Kept(ENDPOINT, 1, now, it, keys=sealed))
        await outbox.put(session, alert(1, now), None, now)
        quiet = silences.Quiet(("hashtag", "wells"), now, now + DAY, "the press day")
        await silences.create(session, quiet, "local", now)
        began = now - 50 * MINUTE
        evidence = [{"post_id": "1", "url": None, "interactions": 9, "influencer": None}]
        told = episodes.Episode(
            ALERT, "rul_spikes", "Spikes", 1, "spike", "high", "hashtag:harvest", 1, 1, "firing", "posts", 3_600, 412.0,
            412.0, 120.0, 31.5, began, began, None, evidence,
        )  # fmt: skip
        await episodes.keep(session, told, [episodes.Turn(1, "firing", began, 412.0, "sent")], now)


async def spoil(settings: Settings) -> None:
    """Markup in words of strangers: what a page would run of it is an error on its console, or a report of the CSP."""
    attack = "\"'><img src=x onerror=console.error(1)><script>console.error(2)</script>\u202e" + "long" * 12
    db = Database(settings.database_url)
    try:
        async with db.write() as session:
            for column in (Source.reason, Annotation.text, AlertRule.name, Alert.rule_name, Silence.comment,
                           Endpoint.name, Coverage.reason):  # fmt: skip
                await session.execute(update(column.class_).values({column.key: attack}))
            at = to_ms(SystemClock().now())
            session.add(Audit(at=at, actor=attack, action=attack, subject=attack, ip=attack))
    finally:
        await db.close()


@contextmanager
def standing(folder: Path) -> Iterator[tuple[str, Settings, World]]:
    """Where it listens, its settings, and what is in it."""
    key = "a key that is long enough for the tests"
    settings = Settings(
        _env_file=None, secret_key=SecretStr(key), database_url=f"sqlite:///{folder / 'groundswell.db'}"
    )
    with asyncio.Runner() as runner:
        runner.run(upgrade(settings.database_url))
        made = runner.run(furnish(settings))
    with served(settings) as root:
        yield root, settings, made
