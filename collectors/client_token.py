"""A token that an app's id and secret are changed into (OAuth 2, client credentials): kept until it runs out."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import httpx
import msgspec

from collectors.answer import Answer
from collectors.contract import Credential, Keeper
from collectors.errors import Unauthorized
from collectors.http import Http, Spend
from collectors.reading import Count, Id, Reader

_EARLY = timedelta(minutes=1)  # a token that ends on the way is one call lost


class _Token(msgspec.Struct):
    access_token: Id
    expires_in: Count = 3600


_TOKEN = Reader(_Token)


class ClientToken:
    """`login` is where id and secret go, by HTTP Basic or, with `named`, in the form under these two names."""

    def __init__(
        self, login: Http, path: str, credential: Credential, keeper: Keeper, now: Callable[[], datetime],
        *, named: tuple[str, str] | None = None, spend: Spend = ("calls",),
    ) -> None:  # fmt: skip
        self._login, self._path, self._keeper, self._now = login, path, keeper, now
        self._id, self._secret, self._named = credential.identifier or "", credential.secret, named
        self._spend, self._lock = spend, asyncio.Lock()

    async def calling(self, api: Http, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to `call`, made again with a new token where the kept one is not taken any more."""
        await self._put_into(api)
        try:
            return await call()
        except Unauthorized:
            await self._put_into(api, fresh=True)
            return await call()

    async def _put_into(self, api: Http, *, fresh: bool = False) -> None:
        """`api` gets the token that is kept, or a new one where that has run out or `fresh` is asked for."""
        async with self._lock:
            kept = {} if fresh else await self._keeper.load()
            if kept.get("of") != self._mark() or datetime.fromisoformat(kept["until"]) <= self._now():
                kept = await self._new()
            api.secret = kept["token"]

    async def _new(self) -> Mapping[str, str]:
        form, headers = {"grant_type": "client_credentials"}, {}
        if self._named:
            form |= dict(zip(self._named, (self._id, self._secret), strict=True))
        else:
            pair = base64.b64encode(f"{self._id}:{self._secret}".encode()).decode()
            headers = {"authorization": f"Basic {pair}"}
        answer = await self._login.post(
            self._path, form=form, headers=headers, spend=self._spend, expect={400, 401, 403}
        )
        if answer.status != httpx.codes.OK or answer.said("error"):
            raise Unauthorized(f"{self._login.base.host} does not take this id and secret")
        said = _TOKEN.one(answer.body)
        until = self._now() + timedelta(seconds=min(said.expires_in, 10**7)) - _EARLY
        kept = {"of": self._mark(), "token": said.access_token, "until": until.isoformat()}
        await self._keeper.save(kept)
        return kept

    def _mark(self) -> str:
        """Whose token this is: another app, secret or server does not take it over."""
        return hashlib.sha256("\n".join((str(self._login.base), self._id, self._secret)).encode()).hexdigest()
