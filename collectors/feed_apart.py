"""Feeds read where they can do no harm: a small one in a thread, a large one in a process whose time is limited.

Feedparser takes half a minute for a megabyte made to be slow, and a thread cannot be stopped.
"""

import asyncio
import sys

import msgspec

from collectors import feed_reading
from collectors.errors import Malformed
from collectors.feed_reading import Feed

SMALL = 64 * 1024
CPU_SECONDS = 10  # ten times what the largest honest feed takes
WAIT_SECONDS = 60  # on a machine that is busy with other things

_TOLD: msgspec.msgpack.Decoder[Feed | str] = msgspec.msgpack.Decoder(Feed | str)


async def read(body: bytes, url: str) -> Feed:
    """As `feed_reading.read`; Malformed also for what takes too long."""
    if len(body) <= SMALL or len(body) > feed_reading.MAX_FEED:
        return await asyncio.to_thread(feed_reading.read, body, url)
    # The address goes in with the feed: it may hold a key, and arguments are shown to everybody on the machine.
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            out, _ = await child.communicate(url.encode() + b"\0" + body)
    except TimeoutError:
        raise Malformed("takes longer to read than any feed should") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise Malformed("takes longer to read than any feed should")
    told = _TOLD.decode(out)
    if isinstance(told, str):
        raise Malformed(told)
    return told


def main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    url, _, body = sys.stdin.buffer.read().partition(b"\0")
    try:
        told: Feed | str = feed_reading.read(body, url.decode())
    except Malformed as error:
        told = str(error)
    sys.stdout.buffer.write(msgspec.msgpack.encode(told))


if __name__ == "__main__":
    main()
