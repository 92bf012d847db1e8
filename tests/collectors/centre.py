"""A data centre of Telegram's that knows one session: it reads what Telethon wrote, and answers in the same bytes."""

import os
import struct
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
from telethon.crypto import AES, AuthKey
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.sessions import StringSession
from telethon.tl import core, types

SALT = 77


def streamed(body: bytes, status: int = 200) -> httpx.Response:
    """Read as it comes, as from a socket."""
    return httpx.Response(status, stream=httpx.ByteStream(body))


class Centre:
    """`say` gives the result of a method, or an error. `first` is what the next answers hold before it, or instead."""

    def __init__(self, say: Callable[[Any], Any]) -> None:
        self.key, self.say = AuthKey(bytes(range(256))), say
        self.asked: list[Any] = []
        self.first: list[bytes | None] = []
        self.spoil: Callable[[bytes], bytes] = lambda inner: inner
        self.status, self._waiting = 200, b""

    @property
    def session(self) -> str:
        mine = StringSession()
        mine.set_dc(2, "203.0.113.1", 443)
        mine.auth_key = self.key
        return str(mine.save())

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.status != 200:
            return streamed(b"", self.status)
        salt, session, number, sequence, body = self._read(request.content)
        asked = BinaryReader(body).tgread_object()
        if salt != SALT:
            wrong = types.BadServerSalt(number, sequence, 48, SALT)
            return self._answer(session, bytes(wrong))
        if isinstance(asked, types.HttpWait):
            return self._answer(session, self._waiting)
        method = asked.query.query
        self.asked.append(method)
        said = self.say(method)
        made = said if isinstance(said, bytes) else bytes(said)
        result = struct.pack("<Iq", core.RpcResult.CONSTRUCTOR_ID, number) + made
        if self.first:
            self._waiting = result
            return self._answer(session, self.first.pop(0) or b"")
        return self._answer(session, result)

    def _read(self, data: bytes) -> tuple[int, int, int, int, bytes]:
        key, iv = MTProtoState._calc_key(self.key.key, data[8:24], True)
        plain = AES.decrypt_ige(data[24:], key, iv)
        salt, session, number, sequence, length = struct.unpack("<qqqii", plain[:32])
        return salt, session, number, sequence, plain[32 : 32 + length]

    def _answer(self, session: int, inner: bytes) -> httpx.Response:
        if not inner:
            return streamed(b"")
        inner = self.spoil(inner)
        self._number = max(int(time.time()) << 32 | 1, getattr(self, "_number", 0) + 4)
        plain = struct.pack("<qqqii", SALT, session, self._number, 1, len(inner)) + inner
        plain += os.urandom(-(len(plain) + 12) % 16 + 12)
        mark = sha256(self.key.key[96:128] + plain).digest()[8:24]
        key, iv = MTProtoState._calc_key(self.key.key, mark, False)
        return streamed(struct.pack("<Q", self.key.key_id) + mark + AES.encrypt_ige(plain, key, iv))
