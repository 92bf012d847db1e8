"""Further platforms, one file each: what the world has on Mastodon, as another platform shows it, under `/<name>`."""

from collections.abc import Mapping

from starlette.routing import BaseRoute

from sandbox.platforms import (
    feeds,
    instagram,
    lemmy,
    misskey,
    peertube,
    reddit,
    threads,
    tiktok,
    tumblr,
    vk,
    wordpress,
    x,
    youtube,
)
from sandbox.platforms.shown import REVOKED, Now, Routes
from sandbox.posts import World

__all__ = ["PLATFORMS", "REVOKED", "all_routes"]

PLATFORMS: Mapping[str, Routes] = {
    "feeds": feeds.routes,
    "instagram": instagram.routes,
    "lemmy": lemmy.routes,
    "misskey": misskey.routes,
    "peertube": peertube.routes,
    "reddit": reddit.routes,
    "threads": threads.routes,
    "tiktok": tiktok.routes,
    "tumblr": tumblr.routes,
    "vk": vk.routes,
    "wordpress": wordpress.routes,
    "x": x.routes,
    "youtube": youtube.routes,
}


def all_routes(world: World, now: Now) -> list[BaseRoute]:
    return [route for routes in PLATFORMS.values() for route in routes(world, now)]
