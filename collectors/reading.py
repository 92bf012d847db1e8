"""Typed decoding that takes a page whole when it is as described, and item by item, field by field, when it is not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec

from collectors.body import clean
from collectors.errors import Malformed

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]

T = TypeVar("T", bound=msgspec.Struct)

# UnicodeDecodeError: bytes that are no UTF-8. RecursionError: brackets upon brackets.
BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Reader(Generic[T]):
    """Reads JSON into one struct, or a list of it."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._one = msgspec.json.Decoder(kind)
        self._many = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]

    def one(self, body: bytes) -> T:
        try:
            return self._one.decode(clean(body))
        except BROKEN:
            return _lenient(clean(body), self._kind)

    def many(self, body: bytes) -> tuple[list[T], tuple[str, ...]]:
        """The items, and for each that cannot be read the reason. Raises Malformed when more than half cannot."""
        body = clean(body)
        try:
            return self._many.decode(body), ()
        except BROKEN:
            return self._one_by_one(_pieces(body))

    def _one_by_one(self, pieces: Sequence[msgspec.Raw]) -> tuple[list[T], tuple[str, ...]]:
        items: list[T] = []
        skipped: list[str] = []
        for place, piece in enumerate(pieces):
            try:
                items.append(_lenient(piece, self._kind))
            except Malformed as error:
                skipped.append(f"item {place}: {error}")
        if len(skipped) > len(items):
            raise Malformed(f"{len(skipped)} of {len(pieces)} items cannot be read; {skipped[0]}")
        return items, tuple(skipped)


def utc(moment: datetime) -> datetime:
    """The same instant in UTC; at the ends of the calendar, where that has no name, the nearest that has one."""
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def _pieces(body: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(body, type=list[msgspec.Raw])
    except BROKEN as error:
        raise Malformed(f"not the list that was asked for: {error}") from None


def _lenient(raw: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Each field by itself: one that may be absent and is broken counts as not said; a required one breaks the item."""
    try:
        parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except BROKEN as error:
        raise Malformed(f"not an object: {error}") from None
    values = {}
    for field in msgspec.structs.fields(kind):
        piece = parts.get(field.encode_name)
        if piece is not None:
            try:
                values[field.name] = _field(piece, field.type)
            except (Malformed, *BROKEN) as error:
                if field.required:
                    raise Malformed(f"{field.encode_name}: {error}") from None
        elif field.required:
            raise Malformed(f"{field.encode_name} is missing")
    return kind(**values)


def _field(piece: msgspec.Raw, kind: Any) -> Any:
    try:
        return _decoder(kind).decode(piece)
    except BROKEN:
        kinds = (kind, *get_args(kind)) if get_origin(kind) in (Union, UnionType) else (kind,)
        inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, msgspec.Struct)), None)
        if inner is None or bytes(piece) == b"null":
            raise
        return _lenient(piece, inner)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
