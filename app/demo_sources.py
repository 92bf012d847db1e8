"""The demo's sources: one for each platform that is named, all of them on the sandbox."""

import os
from collections.abc import Sequence
from pathlib import Path

import collectors
import sandbox.demo
import sandbox.platforms
from app import sources
from app.access import keyfile
from app.clock import HOUR, SECOND
from app.db.engine import Database
from app.errors import Invalid
from app.settings import Settings
from app.store import demo as rows
from app.store import following, streams
from app.store import sources as source_rows
from app.store.sources import NewSource
from sandbox.ids import BLUESKY, NETWORKS

KNOWN = (*NETWORKS, *sorted(sandbox.platforms.PLATFORMS))
TAGS = [tag for campaign in sandbox.demo.CAMPAIGNS for tag in campaign.tags]
OFTEN_S = 10
"""Where the platform's budget lasts for that: the others are looked at as often as theirs does."""
LOOK_BACK = 3 * HOUR
"""What is younger is taken over by the live sources, which read its levels on; what is older is history."""
GRANTED = 10_000_000_000
"""Of a budget that only its owner can set: ten thousand dollars a month, as the sandbox takes play money."""


def chosen(words: str | None) -> tuple[str, ...]:
    """Platforms by name, with commas between them."""
    if words is None:
        return NETWORKS
    names = tuple(dict.fromkeys(filter(None, (word.strip().lower() for word in words.split(",")))))
    for name in names or ("",):
        if name not in KNOWN:
            raise Invalid("platforms", name, f"no platform {name!r} in the demo; there are: {', '.join(KNOWN)}")
    return names


async def connect(db: Database, settings: Settings, platforms: Sequence[str], url: str, now: int) -> None:
    """Those of an earlier start move to where the sandbox listens this time, named again or not."""
    async with db.write() as session:
        there = await rows.move(session, {_name(one): _address(url, one) for one in KNOWN})
    for platform in platforms:
        if _name(platform) not in there:
            await sources.add(db, settings, _source(settings, platform, url), now)
    if BLUESKY in platforms or _name(BLUESKY) in there:
        await _hear(db, url, now)


async def _hear(db: Database, url: str, now: int) -> None:
    """The sandbox has a Jetstream of its own, which is heard unless somebody said otherwise."""
    async with db.write() as session:
        sky = await source_rows.named(session, _name(BLUESKY))
        if await streams.url(session, sky.id) != streams.OFF:
            await streams.set_url(session, sky.id, url.replace("http", "ws", 1), now)


async def follow(db: Database, now: int) -> None:
    """Every hashtag of the campaigns, where none was ever followed: what a person changed stays so."""
    async with db.write() as session:
        for source, platform in await rows.idle(session, list(map(_name, KNOWN))):
            back = LOOK_BACK + int(collectors.offer(platform).delay.total_seconds()) * SECOND
            for tag in TAGS:
                await following.follow(session, tag, [source], now, OFTEN_S, look_back=back)


def _name(platform: str) -> str:
    return f"sandbox-{platform}"


def _address(url: str, platform: str) -> str:
    """A feed is of one hashtag."""
    if platform in NETWORKS:
        return url
    return f"{url}/{platform}/{TAGS[0]}" if platform == "feeds" else f"{url}/{platform}"


def _identifier(platform: str) -> str:
    return sandbox.demo.BLUESKY_IDENTIFIER if platform == BLUESKY else "17841400000000001"


def _source(settings: Settings, platform: str, url: str) -> NewSource:
    offer = collectors.offer(platform)
    secret = str(_secret(settings, platform)) if offer.needs_credential else None
    return NewSource(
        platform, _name(platform), _address(url, platform),
        _identifier(platform) if offer.needs_identifier else None, secret,
        limits={one.name: GRANTED for one in offer.allowances if not one.limit},
    )  # fmt: skip


def _secret(settings: Settings, platform: str) -> Path:
    path = keyfile.default_path(settings.database_url).with_name(f"{_name(platform)}.secret")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(sandbox.demo.BLUESKY_PASSWORD + "\n")
    return path.absolute()
