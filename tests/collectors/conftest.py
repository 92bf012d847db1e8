"""A client whose calls respx answers, and a stage of each platform behind it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import respx

from tests.collectors.stage import BlueskyStage, MastodonStage


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        yield client


@pytest.fixture
def router() -> Iterator[respx.Router]:
    """A call that no route answers fails the test: nothing leaves this machine."""
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def mastodon(router: respx.Router) -> MastodonStage:
    stage = MastodonStage()
    stage.mount(router)
    return stage


@pytest.fixture
def bluesky(router: respx.Router) -> BlueskyStage:
    stage = BlueskyStage()
    stage.mount(router)
    return stage
