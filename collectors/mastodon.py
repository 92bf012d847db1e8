"""Mastodon's API, which GoToSocial, Takahe, Pixelfed, Pleroma and Akkoma also speak, each in its own way."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import httpx

from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.posts import CountBucket, Looked, Page


class Mastodon:
    """One server that speaks Mastodon's API."""

    offer: ClassVar[Offer] = Offer(
        platform="mastodon",
        metrics=frozenset({"likes", "reposts", "replies", "quotes"}),
        allowances=(
            Allowance("calls", 300, timedelta(minutes=5)),
            Allowance("paging", 300, timedelta(minutes=15)),  # every call that pages, besides its place in "calls"
        ),
        page_size=40,
        batch_size=20,
        accounts_batch=40,
        credential_words="an access token of a user with the right to read; many Mastodon servers need none",
        notes=(
            "A server knows the likes, reposts and replies that reached it: on posts of other servers these are lower bounds",
            "Replies: Mastodon lists them under a tag, GoToSocial only those to oneself, Takahe none",
        ),
    )

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str | None,
        credential: Credential | None,
        meter: Meter,
        keeper: Keeper,
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

    async def counts(self, tag: str) -> Sequence[CountBucket]:
        raise NotImplementedError
