"""Logged in at Bluesky: one session, kept over restarts and refreshed, for new ones are scarce (30 in 5 minutes)."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import msgspec

from collectors.answer import Answer
from collectors.contract import Credential, Keeper, Meter, Told
from collectors.errors import Unauthorized
from collectors.http import Http, Params
from collectors.rates import ReadRates, unix_reset, window
from collectors.reading import Id, Reader

ENTRYWAY = "https://bsky.social"
_STALE = frozenset({"ExpiredToken", "InvalidToken"})  # an expired token is answered with 400


class _Service(msgspec.Struct, rename="camel"):
    kind: str | None = msgspec.field(default=None, name="type")
    service_endpoint: str | None = None


class _Document(msgspec.Struct):
    service: list[_Service] = []


class _Session(msgspec.Struct, rename="camel"):
    access_jwt: Id
    refresh_jwt: Id
    did: Id
    did_doc: _Document | None = None


_SESSION = Reader(_Session)


class Session:
    """`login` is where the password goes. The session's tokens go to the account's own server, and nowhere else."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        login: str,
        meter: Meter,
        credential: Credential,
        keeper: Keeper,
        now: Callable[[], datetime],
    ) -> None:
        self._client, self._meter, self._keeper, self._now = client, meter, keeper, now
        self._credential = credential
        self._login = self._http(login, _session_rates)
        self._lock = asyncio.Lock()
        self._pds: Http | None = None
        self._refresh = ""
        self.did = ""

    async def get(self, path: str, params: Params = ()) -> Answer:
        """As Http.get; a session that has run out is renewed once on the way."""
        pds = await self._opened()
        used = pds.secret
        answer = await pds.get(path, params, expect={400, 401})
        if _stale(answer):
            async with self._lock:
                if pds.secret == used:  # else another call has renewed it meanwhile
                    pds = await self._renew(pds)
            answer = await pds.get(path, params, expect={400, 401})
        if _stale(answer):
            raise Unauthorized(f"{pds.base.host} does not take the session that it has just given")
        if answer.status != httpx.codes.OK:
            raise pds.failure(answer)
        return answer

    async def host(self) -> str:
        return (await self._opened()).base.host

    async def _opened(self) -> Http:
        async with self._lock:
            if self._pds is None:
                kept = await self._keeper.load()
                if kept.get("login") == self._mark():
                    return self._take(kept["access"], kept["refresh"], kept["did"], kept["pds"])
                return await self._create()
            return self._pds

    async def _create(self) -> Http:
        body = {"identifier": self._credential.identifier or "", "password": self._credential.secret}
        answer = await self._login.post(
            "/xrpc/com.atproto.server.createSession", body, spend=("session", "session-day"), expect={400, 401}
        )
        if answer.status != httpx.codes.OK:
            raise Unauthorized(f"{self._login.base.host} does not take this identifier and app password")
        return await self._keep(answer, None)

    async def _renew(self, pds: Http) -> Http:
        """By the refresh token, which is used up thereby; where that has run out too, by the password."""
        refreshing = self._http(str(pds.base), unix_reset("calls"))
        refreshing.secret = self._refresh
        answer = await refreshing.post(
            "/xrpc/com.atproto.server.refreshSession", None, spend=("calls",), expect={400, 401}
        )
        if answer.status == httpx.codes.OK:
            return await self._keep(answer, str(pds.base))
        return await self._create()

    async def _keep(self, answer: Answer, base: str | None) -> Http:
        said = _SESSION.one(answer.body)
        pds = self._take(said.access_jwt, said.refresh_jwt, said.did, base or self._home(said.did_doc))
        await self._keeper.save(
            {
                "login": self._mark(),
                "access": said.access_jwt,
                "refresh": said.refresh_jwt,
                "did": said.did,
                "pds": str(pds.base),
            }
        )
        return pds

    def _take(self, access: str, refresh: str, did: str, pds: str) -> Http:
        if self._pds is None or str(self._pds.base) != pds:
            self._pds = self._http(pds, unix_reset("calls"))
        self._pds.secret, self._refresh, self.did = access, refresh, did
        return self._pds

    def _http(self, base: str, rates: ReadRates) -> Http:
        return Http(self._client, base, self._meter, rates, hidden=self._credential.secret, now=self._now)

    def _home(self, document: _Document | None) -> str:
        """Bluesky's entryway names the account's own server; any other that takes the password is it."""
        if str(self._login.base) == ENTRYWAY and document:
            for service in document.service:
                if service.kind == "AtprotoPersonalDataServer" and (service.service_endpoint or "").startswith(
                    "https://"
                ):
                    return service.service_endpoint or ""
        return str(self._login.base)

    def _mark(self) -> str:
        """Whose session this is: another account, password or server does not take it over."""
        parts = (str(self._login.base), self._credential.identifier or "", self._credential.secret)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _stale(answer: Answer) -> bool:
    return answer.status == httpx.codes.UNAUTHORIZED or (answer.status != httpx.codes.OK and answer.error() in _STALE)


def _session_rates(headers: httpx.Headers) -> Told | None:
    length = window(headers)
    return unix_reset("session-day" if length and length >= timedelta(days=1) else "session")(headers)
