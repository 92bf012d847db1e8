"""Platforms, spelled out: one line each. What one may offer is in `contract`, what goes wrong in `errors`."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import httpx

from collectors.bluesky import Bluesky
from collectors.contract import Collector, Credential, Keeper, Meter, Offer
from collectors.errors import Refused
from collectors.feeds import Feeds
from collectors.instagram import Instagram
from collectors.lemmy import Lemmy
from collectors.mastodon import Mastodon
from collectors.misskey import Misskey
from collectors.peertube import Peertube
from collectors.rates import utc_now
from collectors.reddit import Reddit
from collectors.telegram import Telegram
from collectors.threads import Threads
from collectors.tiktok import Tiktok
from collectors.tumblr import Tumblr
from collectors.vk import Vk
from collectors.wordpress import Wordpress
from collectors.x import X
from collectors.youtube import Youtube


class Platform(Protocol):
    """A collector's class: what it offers is known without a call, and calling it opens one."""

    offer: Offer

    def __call__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str | None,
        credential: Credential | None,
        meter: Meter,
        keeper: Keeper,
        now: Callable[[], datetime],
    ) -> Collector: ...


PLATFORMS: dict[str, Platform] = {
    "mastodon": Mastodon,  # and all who speak its API: GoToSocial, Takahe, Pixelfed, Pleroma, Akkoma
    "bluesky": Bluesky,
    "feeds": Feeds,
    "instagram": Instagram,
    "lemmy": Lemmy,
    "misskey": Misskey,  # and its forks: Sharkey, Firefish, CherryPick
    "peertube": Peertube,
    "reddit": Reddit,
    "telegram": Telegram,  # with the extra groundswell[telegram]
    "threads": Threads,
    "tiktok": Tiktok,
    "tumblr": Tumblr,
    "vk": Vk,
    "wordpress": Wordpress,
    "x": X,
    "youtube": Youtube,
}


def offer(platform: str) -> Offer:
    """What a platform can give, known without a call."""
    return _named(platform).offer


def open_collector(
    platform: str,
    *,
    client: httpx.AsyncClient,
    base_url: str | None,
    credential: Credential | None,
    meter: Meter,
    keeper: Keeper,
    now: Callable[[], datetime] = utc_now,
) -> Collector:
    """A collector that speaks through `client`. It holds no connection of its own: nothing needs closing."""
    return _named(platform)(
        client=client, base_url=base_url, credential=credential, meter=meter, keeper=keeper, now=now
    )


def _named(platform: str) -> Platform:
    if platform not in PLATFORMS:
        raise Refused(f"no platform {platform!r}; there are: {', '.join(sorted(PLATFORMS))}")
    return PLATFORMS[platform]
