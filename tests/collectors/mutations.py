"""Answers spoilt in one place each: cut off, types changed, fields gone, numbers and text that no database takes.

Chance comes from the caller: the same dice spoil alike.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from tests.collectors.exchanges import Exchange

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Spoilt:
    kind: str
    response: httpx.Response
    path: Path = ()

    @property
    def within_one_item(self) -> bool:
        """One item of a list, or less than that, was changed: the other items are as they were."""
        return any(isinstance(step, int) for step in self.path)


OTHERS: tuple[Any, ...] = (None, True, False, 0, 5, -1, 1.5, "", "x", "12", [], {}, [None], {"id": 1}, ["a", ["b"]])
NUMBERS = ("1e999", "9" * 400, str(2**63), str(-(2**63)), "-0.0", "1e3", "0.1", str(2**53 + 1))
DIRTY = (
    "\0",
    "a\0b",
    "\ud800",
    "x\udc00y",
    "\ud83c",
    "\u202e#\u200b",
    "#" * 300,
    "\x1f\x7f",
    "é" * 3_000,
    "%00%zz/../",
)
DATES = ("0000-00-00T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "soon", "1e18")
_ORIGIN = re.compile(r"https?://[^/?#\s\"'<>\\\\]+")
MARK = "\ue000mark\ue000"


def spoil(exchange: Exchange, dice: Random) -> Spoilt:
    try:
        body = json.loads(exchange.content)
    except ValueError:
        return dice.choice(BYTES)(exchange, dice)
    kind = dice.choice((*BYTES, *JSON * 3))
    return kind(exchange, dice) if kind in BYTES else _in_json(exchange, body, kind, dice)


def _in_json(exchange: Exchange, body: Any, kind: Callable[..., Any], dice: Random) -> Spoilt:
    places = list(_places(body))
    path = dice.choice(places) if places else ()
    text = json.dumps(body) if not path else kind(body, path, dice)
    return Spoilt(kind.__name__.strip("_"), _answer(exchange, text.encode()), path)


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from _places(inner, (*path, step))


def _at(body: Any, path: Path) -> tuple[Any, Any]:
    for step in path[:-1]:
        body = body[step]
    return body, path[-1]


def _with(body: Any, path: Path, value: Any, raw: str | None = None) -> str:
    holder, last = _at(body, path)
    holder[last] = MARK if raw is not None else value
    text = json.dumps(body)
    return text if raw is None else text.replace(json.dumps(MARK), raw)


def gone(body: Any, path: Path, _: Random) -> str:
    holder, last = _at(body, path)
    del holder[last]
    return json.dumps(body)


def other_type(body: Any, path: Path, dice: Random) -> str:
    return _with(body, path, dice.choice(OTHERS))


def number(body: Any, path: Path, dice: Random) -> str:
    return _with(body, path, None, dice.choice(NUMBERS))


def dirty(body: Any, path: Path, dice: Random) -> str:
    holder, last = _at(body, path)
    before = holder[last] if isinstance(holder[last], str) else ""
    at = dice.randint(0, len(before))
    return _with(body, path, before[:at] + dice.choice(DIRTY) + before[at:])


def date(body: Any, path: Path, dice: Random) -> str:
    return _with(body, path, dice.choice(DATES))


def doubled(body: Any, path: Path, dice: Random) -> str:
    """The same key twice in one object, or the same item twice in one list."""
    holder, last = _at(body, path)
    if isinstance(holder, list):
        holder.insert(last, holder[last])
        return json.dumps(body)
    holder[MARK] = dice.choice(OTHERS)
    return json.dumps(body).replace(json.dumps(MARK), json.dumps(last))


def nested(body: Any, path: Path, dice: Random) -> str:
    depth = dice.choice((2, 200, 20_000))
    opened, closed = dice.choice((("[", "]"), ('{"a":', "}")))
    return _with(body, path, None, opened * depth + "1" + closed * depth)


JSON = (gone, other_type, number, dirty, date, doubled, nested)


def cut_off(exchange: Exchange, dice: Random) -> Spoilt:
    return Spoilt("cut_off", _answer(exchange, exchange.content[: dice.randint(0, max(len(exchange.content) - 1, 0))]))


def byte_changed(exchange: Exchange, dice: Random) -> Spoilt:
    body = bytearray(exchange.content or b"{}")
    body[dice.randrange(len(body))] = dice.randrange(256)
    return Spoilt("byte_changed", _answer(exchange, bytes(body)))


def piece_moved(exchange: Exchange, dice: Random) -> Spoilt:
    """A piece lost, said twice, or something else in its place."""
    body = exchange.content
    start = dice.randint(0, len(body))
    end = min(len(body), start + dice.randint(1, 60))
    piece = dice.choice((b"", body[start:end] * 2, b"<", b"&x;", b"]]>", b"\0", b'"', b"}", "é".encode("latin-1")))
    return Spoilt("piece_moved", _answer(exchange, body[:start] + piece + body[end:]))


def header(exchange: Exchange, dice: Random) -> Spoilt:
    """What stands beside the body: totals, links, cursors, rates."""
    headers = dict(exchange.headers) or {"x-ratelimit-remaining": "5"}
    headers[dice.choice(sorted(headers))] = dice.choice(("", "-1", "9" * 30, "NaN", "1.5", "<", "x\x7f", *DATES))
    return Spoilt("header", _answer(exchange, exchange.content, headers))


def status(exchange: Exchange, dice: Random) -> Spoilt:
    """The right body under another number."""
    code = dice.choice((200, 201, 204, 206, 304, 400, 404, 410, 418, 451, 500, 503, 599))
    return Spoilt("status", httpx.Response(code, headers=dict(exchange.headers), content=exchange.content))


def elsewhere(exchange: Exchange, _: Random) -> Spoilt:
    """Every address that it names is another server's: links to further pages too."""
    headers = {name: _ORIGIN.sub("https://evil.example", value) for name, value in exchange.headers.items()}
    body = _ORIGIN.sub("https://evil.example", exchange.content.decode("utf-8", "surrogateescape"))
    return Spoilt("elsewhere", _answer(exchange, body.encode("utf-8", "surrogateescape"), headers))


BYTES = (cut_off, byte_changed, piece_moved, header, status, elsewhere)


def _answer(exchange: Exchange, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    kept = exchange.headers if headers is None else headers
    return httpx.Response(exchange.status, headers=dict(kept), content=body)
