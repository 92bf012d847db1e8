"""X's batch compliance: a job that is given ids of posts and tells which are gone, with no post to be paid for."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from collectors.errors import Malformed, Unavailable
from collectors.http import CONNECT, DEADLINE, Http
from collectors.rates import no_rates
from collectors.reading import Reader

JOBS = "/2/compliance/jobs"
STORAGE = "storage.googleapis.com"


class _Job(msgspec.Struct):
    id: str
    status: str = ""
    upload_url: str = ""
    download_url: str = ""


class _Told(msgspec.Struct):
    data: _Job


class _Line(msgspec.Struct):
    id: str
    action: str = ""


_TOLD, _LINE = Reader(_Told), msgspec.json.Decoder(_Line)


class Complying:
    """What X has beside its searches. `_http["look"]` and `_client` are those of the collector."""

    jobs_of = 50_000
    _http: Mapping[str, Http]
    _client: httpx.AsyncClient
    _meter: Any

    async def begin(self, ids: Sequence[str]) -> str:
        answer = await self._http["look"].post(JOBS, {"type": "tweets"}, spend=("look",))
        job = _TOLD.one(answer.body).data
        url = self._storage(job.upload_url)
        timeout = httpx.Timeout(DEADLINE, connect=CONNECT)
        put = self._client.build_request(
            "PUT", url, content="\n".join(ids).encode(), headers={"content-type": "text/plain"}, timeout=timeout
        )
        try:
            async with asyncio.timeout(DEADLINE):
                done = await self._client.send(put, follow_redirects=False)
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable(f"{url.host}: the ids were not taken") from error
        if done.status_code not in (200, 201):
            raise Unavailable(f"{url.host}: the ids were not taken: it answered {done.status_code}")
        return job.id

    async def gone(self, job: str) -> frozenset[str] | None:
        answer = await self._http["look"].get(f"{JOBS}/{job}", spend=("look",))
        told = _TOLD.one(answer.body).data
        if told.status in ("created", "in_progress"):
            return None
        if told.status != "complete":
            raise Malformed(f"the compliance job ended as {told.status!r}: a new one is begun")
        url = self._storage(told.download_url)
        storage = Http(self._client, f"{url.scheme}://{url.netloc.decode()}", self._meter, no_rates)
        found = await storage.get(url.raw_path.decode(), spend=())
        try:
            lines = [_LINE.decode(line) for line in found.body.splitlines() if line.strip()]
        except msgspec.DecodeError as error:
            raise Malformed(f"{url.host}: a line of the compliance file cannot be read") from error
        return frozenset(line.id for line in lines if line.action == "delete")

    def _storage(self, address: str) -> httpx.URL:
        """Where X keeps such files, or X's own server: ids go nowhere else, and the token not even there."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL as error:
            raise Malformed("the compliance job names no address") from error
        if not (self._http["look"].ours(url) or (url.scheme == "https" and url.host == STORAGE)):
            raise Malformed(f"the compliance job leads to {url.host or 'nowhere'}")
        return url
