"""One try: a signed letter goes out through the guard, and what comes back is judged."""

import asyncio
from datetime import datetime

import httpx

from app import outbound
from app.alerts.letters import Letter
from app.alerts.schedule import Outcome
from app.clock import to_ms
from app.outbound import ForbiddenAddress
from app.settings import Settings
from collectors import rates

WITHIN_S, CONNECT_S = 15.0, 5.0
READ, KEPT = 4_096, 1_024
"""Bytes of an answer that are read, and those that are kept."""
_LINGER_S = 2.0  # for the rest of an answer, once its status is known


def client(settings: Settings, resolver: outbound.Resolver, pools: int) -> httpx.AsyncClient:
    return outbound.client(
        settings.allow_networks, resolver=resolver, pools=pools,
        timeout=httpx.Timeout(WITHIN_S, connect=CONNECT_S), headers={"User-Agent": settings.user_agent},
    )  # fmt: skip


async def post(client: httpx.AsyncClient, letter: Letter, now: datetime) -> Outcome:
    """Nothing is raised: whatever goes wrong is the outcome. It never says what an address resolved to."""
    status: int | None = None
    try:
        async with (
            asyncio.timeout(WITHIN_S),
            client.stream(letter.method, letter.url, content=letter.body, headers=dict(letter.headers)) as response,
        ):
            status = response.status_code
            return _judged(response, await _beginning(response), now)
    except ForbiddenAddress:
        return Outcome(problem="the address may not be called")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:  # a TimeoutError is an OSError
        # Once the status has come it counts, whatever happens to the rest.
        return _unanswered(error) if status is None else _plain(status)


def _unanswered(error: Exception) -> Outcome:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return Outcome(problem="no answer in time", slow=True)
    return Outcome(problem="no connection" if isinstance(error, httpx.ConnectError) else "the connection broke")


async def _beginning(response: httpx.Response) -> str:
    """What the receiver says is a stranger's: read to a limit, and not waited for."""
    read = b""
    try:
        async with asyncio.timeout(_LINGER_S):
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) >= READ:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass  # what was read is enough
    return read[:KEPT].decode("utf-8", "replace").replace("\0", "\ufffd")


def _judged(response: httpx.Response, answer: str, now: datetime) -> Outcome:
    until = rates.wait_until(response.headers, None, now)
    plain = _plain(response.status_code)
    wait = None if until is None else to_ms(until) - to_ms(now)
    return Outcome(plain.status, plain.problem, wait_ms=wait, answer=answer or None)


def _plain(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status)
    return Outcome(status, f"answered {status}" + (": redirects are not followed" if 300 <= status < 400 else ""))
