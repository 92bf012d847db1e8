"""MTProto over HTTPS, Telegram's own second way in: Telethon writes and reads the bytes, our client carries them."""

import asyncio
import importlib
import io
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from logging import NullHandler, getLogger
from typing import Any

import httpx
import msgspec

from collectors.contract import Credential
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.http import Http

CENTRES = ("pluto", "venus", "aurora", "vesta", "flora")
TRIES = 4  # a new salt, the time put right, and a result that comes with the answer after
_SILENT = getLogger("collectors.telegram")
_SILENT.addHandler(NullHandler())
_SILENT.propagate = False


async def library() -> Any:
    """Telethon, which takes half a second to load and is there only for those who asked for it."""
    try:
        return await asyncio.to_thread(importlib.import_module, "telethon")
    except ImportError:
        raise Refused("Telegram needs what is not installed: pip install 'groundswell[telegram]'") from None


class Wire:
    """One session at its data centre. Nothing is connected between calls, and no secret leaves: it only encrypts."""

    def __init__(
        self, telethon: Any, make: Callable[[str], Http], credential: Credential, now: Callable[[], datetime]
    ) -> None:
        self.types, self.functions, self._core = telethon.tl.types, telethon.tl.functions, telethon.tl.core
        try:
            session = telethon.sessions.StringSession(credential.secret)
            self._http = make(f"https://{CENTRES[session.dc_id - 1]}.web.telegram.org")
        except (ValueError, struct.error, IndexError, TypeError):
            raise Unauthorized("this is no session of Telethon's, as StringSession.save() writes it") from None
        if session.auth_key is None:
            raise Unauthorized("this session was never logged in")
        state = importlib.import_module("telethon.network.mtprotostate")
        self._state = state.MTProtoState(session.auth_key, loggers=defaultdict(lambda: _SILENT))
        self._reader, self._api_id, self._now = telethon.extensions.BinaryReader, int(credential.identifier or 0), now

    @property
    def host(self) -> str:
        return self._http.base.host

    async def ask(self, request: Any) -> Any:
        """The result of one method. What else the answer holds is for clients that stay connected."""
        layer = importlib.import_module("telethon.tl.alltlobjects").LAYER
        about = self.functions.InitConnectionRequest(self._api_id, "Groundswell", "1", "0.1", "en", "", "en", request)
        whole = bytes(self.functions.InvokeWithLayerRequest(layer, about))
        message, sent = whole, 0
        for _ in range(TRIES):
            buffer = io.BytesIO()
            number = self._state.write_data_as_message(buffer, message, message is whole)
            sent = number if message is whole else sent
            again = False
            for one in await self._answered(self._state.encrypt_message_data(buffer.getvalue())):
                if isinstance(one, self._core.RpcResult) and one.req_msg_id == sent:
                    return self._result(request, one)
                if isinstance(one, self.types.BadServerSalt):
                    self._state.salt, again = one.new_server_salt, True
                again = again or isinstance(one, self.types.BadMsgNotification)
            message = whole if again else bytes(self.types.HttpWait(0, 0, 20_000))
        raise Malformed(f"{self.host} gives no result to this call")

    async def _answered(self, data: bytes) -> list[Any]:
        answer = await self._http.post(
            "/apiw1", msgspec.Raw(data), headers={"content-type": "application/octet-stream"}, spend=("calls",),
            expect={404}, reads=True,
        )  # fmt: skip
        if answer.status == httpx.codes.NOT_FOUND or answer.body == struct.pack("<i", -404):
            raise Unauthorized(f"{self.host} does not know this session any more")
        if answer.body == struct.pack("<i", -429):
            raise RateLimited(f"{self.host} asks to wait")
        if not answer.body:
            return []
        try:
            message = self._state.decrypt_message_data(answer.body)
            return list(self._opened(message.obj)) if message else []
        except Exception as error:  # noqa: BLE001  a stranger's bytes, and a library's many ways to say that they are bad
            raise Malformed(f"{self.host}: not an answer of Telegram's ({type(error).__name__})") from None

    def _opened(self, one: Any) -> Iterator[Any]:
        if isinstance(one, self._core.MessageContainer):
            for inner in one.messages:
                yield from self._opened(inner.obj)
        elif isinstance(one, self._core.GzipPacked):
            yield from self._opened(self._reader(one.data).tgread_object())
        else:
            yield one

    def _result(self, request: Any, result: Any) -> Any:
        if result.error:
            raise self._failure(result.error.error_code, result.error.error_message)
        try:
            return request.read_result(self._reader(result.body))
        except Exception as error:  # noqa: BLE001  as above
            raise Malformed(f"{self.host}: a result that cannot be read ({type(error).__name__})") from None

    def _failure(self, code: int, said: str) -> CollectorError:
        words, kind = f"{self.host} answered {said[:100]}", abs(code)
        if kind == 420 and said.rpartition("_")[2].isdecimal():
            return RateLimited(words, self._now() + timedelta(seconds=min(int(said.rpartition("_")[2]), 10**6)))
        if kind in (
            401,
            403,
            420,
            303,
        ):  # 420 without a time: it is frozen; 303: it has moved
            return Unauthorized(words)
        return Unavailable(words) if kind >= 500 else Refused(words)
