"""A dead man's ping: somebody outside is told that the work goes on, and notices when nobody tells it any more."""

import httpx
import structlog

from app import outbound
from app.settings import Settings

log = structlog.get_logger()


async def ping(settings: Settings, resolver: outbound.Resolver = outbound.SYSTEM_RESOLVER) -> None:
    """One GET. A watchdog that does not answer is logged, and changes nothing."""
    async with outbound.client(
        settings.allow_networks, resolver=resolver, timeout=httpx.Timeout(10.0),
        headers={"User-Agent": settings.user_agent},
    ) as client:  # fmt: skip
        try:
            answer = await client.get(settings.ping_url)
            answer.raise_for_status()
        except Exception as error:  # noqa: BLE001
            log.warning("the watchdog was not reached", why=type(error).__name__)
