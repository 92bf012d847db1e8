"""Further platforms, one file each: what the world has on Mastodon, as another platform shows it, under `/<name>`."""

from collections.abc import Callable, Mapping, Sequence

from starlette.routing import BaseRoute

from sandbox.posts import World

Now = Callable[[], int]
Routes = Callable[[World, Now], Sequence[BaseRoute]]

REVOKED = "revoked"  # the one credential that none of them takes

PLATFORMS: Mapping[str, Routes] = {
    "youtube": youtube.routes,
}


def all_routes(world: World, now: Now) -> list[BaseRoute]:
    return [route for routes in PLATFORMS.values() for route in routes(world, now)]
