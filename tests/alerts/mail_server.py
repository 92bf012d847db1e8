"""A mail server on a raw socket: it greets, takes logins and mail, and can be told to refuse or to hang up anywhere."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailServer:
    """`says`: what the next times are answered at a word, "" to hang up. `came`: each mail that was given whole."""

    tls: ssl.SSLContext | None = None
    implicit: bool = False
    port: int = 0
    says: dict[str, list[str]] = field(default_factory=dict)
    came: list[bytes] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(one, policy=default) for one in self.came]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self._tasks.discard(task)
            with suppress(OSError):
                writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer(writer, "greeting", "220 mail.test ESMTP")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            word, _, rest = line.partition(" ")
            self.heard.append(word)
            encrypted = writer.get_extra_info("sslcontext") is not None
            if word == "EHLO":
                offers = "250-STARTTLS\r\n" if self.tls and not encrypted else ""
                await self._answer(writer, word, f"250-mail.test\r\n{offers}250 AUTH PLAIN")
            elif word == "STARTTLS":
                await self._answer(writer, word, "220 go ahead")
                assert self.tls
                await writer.start_tls(self.tls)
            elif word == "AUTH":
                _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
                self.logins.append((user, password, encrypted))
                await self._answer(writer, word, "235 welcome")
            elif word == "DATA":
                if await self._answer(writer, word, "354 go on") == "354":
                    self.came.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                    await self._answer(writer, "taken", "250 taken")
            else:
                await self._answer(writer, word, "221 bye" if word == "QUIT" else "250 ok")

    async def _answer(self, writer: asyncio.StreamWriter, word: str, usual: str) -> str:
        told = self.says.get(word)
        said = told.pop(0) if told else usual
        if not said:
            raise ConnectionAbortedError
        writer.write(f"{said}\r\n".encode())
        await writer.drain()
        return said[:3]

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, *, implicit: bool = False, host: str = "127.0.0.1"
) -> AsyncIterator[MailServer]:
    made = MailServer(tls, implicit)
    async with await asyncio.start_server(made.serve, host, 0, ssl=tls if implicit else None) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made
        await made.stop()
