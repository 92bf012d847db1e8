"""Bluesky: search by tag with an app password's session; posts and profiles from the public AppView, without one."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import httpx

from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.posts import Looked, Page
from collectors.rates import utc_now


class Bluesky:
    """The network, or one server that a URL names."""

    offer: ClassVar[Offer] = Offer(
        platform="bluesky",
        metrics=frozenset({"likes", "reposts", "replies", "quotes", "bookmarks"}),
        allowances=(
            Allowance("calls", 3000, timedelta(minutes=5)),
            Allowance("appview", 3000, timedelta(minutes=5)),  # ours: the public AppView says no figure
            Allowance("session", 30, timedelta(minutes=5)),
            Allowance("session-day", 300, timedelta(days=1)),
        ),
        page_size=100,
        batch_size=25,
        accounts_batch=25,
        delay=timedelta(seconds=1),
        needs_credential=True,
        credential_words="identifier: the handle; secret: an app password from the settings, never the account's own",
    )

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str | None,
        credential: Credential | None,
        meter: Meter,
        keeper: Keeper,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        raise NotImplementedError

    async def check(self) -> Mapping[str, str]:
        raise NotImplementedError

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        raise NotImplementedError

    async def look(self, ids: Sequence[str]) -> Looked:
        raise NotImplementedError

    async def accounts(self, ids: Sequence[str]) -> Looked:
        raise NotImplementedError
