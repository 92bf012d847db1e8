"""`python -m sandbox --port 8900`: the small social network on its own, until it is interrupted."""

import argparse
import asyncio
import contextlib

from sandbox import demo, platforms
from sandbox.mastodon_json import FLAVOURS
from sandbox.posts import DAY
from sandbox.server import clock, start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8900, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=demo.SEED, help="another number is another world")
    parser.add_argument("--days", type=int, default=demo.WEEKS * 7, help="how old the world is already")
    parser.add_argument("--flavour", choices=sorted(FLAVOURS), default="mastodon", help="whose Mastodon API to speak")
    parser.add_argument("--token", help="the token that the Mastodon side takes; any, where it is left out")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


async def _serve(given: argparse.Namespace) -> None:
    began = demo.began(clock()) + (demo.WEEKS * 7 - given.days) * DAY
    async with await start(
        given.port, seed=given.seed, began=began, flavour=given.flavour, token=given.token
    ) as running:
        others = ", ".join(f"/{name}" for name in platforms.PLATFORMS)
        said = f"{running.url}  (Mastodon's API under /api, Bluesky's under /xrpc, others under {others})"
        print(said, flush=True)  # noqa: T201
        for campaign in demo.CAMPAIGNS:
            print("  " + " ".join(f"#{tag}" for tag in campaign.tags), flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
