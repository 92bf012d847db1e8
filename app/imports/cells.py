"""From cells to values, a column at a time: fast where all is plain, and cell by cell where something is not."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.analysis.contribution import UNKNOWN
from app.analysis.shape import Ints
from app.analysis.tags import normal, wrong
from app.clock import LATEST, parse_time, to_ms
from app.imports.batch import Raw
from app.store.columns import LARGEST, Holds, unguard

_PLAIN = re.compile(r"[0-9,]*", re.ASCII)
_WHOLE = re.compile(r"\s*(\d{1,30})(?:\.0*)?\s*", re.ASCII)
LONGEST_ID = 2_048
LONGEST_PLATFORM = 64
NONE = "-"
"""Where an empty cell would mean all."""


def known(number: int) -> int | None:
    return None if number == UNKNOWN else int(number)


def counts(raw: Raw, name: str, filled: bool = False) -> Ints:
    """Whole numbers from 0 on; UNKNOWN where the cell is empty."""
    cells = raw.of(name)
    plain = _plain(cells)
    if plain is None or (filled and UNKNOWN in plain) or max(plain, default=0) > LARGEST:
        plain = [_told(raw, place, name, cell, _count, filled, UNKNOWN) for place, cell in enumerate(cells)]
    return np.array(plain, dtype=np.int64)


def _plain(cells: Sequence[Any]) -> list[int] | None:
    """The numbers of a column of nothing but digits and empty cells; None for any other."""
    kinds = set(map(type, cells))
    if kinds <= {str}:
        if _PLAIN.fullmatch(",".join(cells)) and max(map(len, cells), default=0) < 19 and not _commas(cells):
            return [int(cell) if cell else UNKNOWN for cell in cells]
    elif kinds <= {int, type(None)} and min((cell for cell in cells if cell is not None), default=0) >= 0:
        return [UNKNOWN if cell is None else cell for cell in cells]
    return None


def _commas(cells: Sequence[str]) -> bool:
    """`1,000` in quotes is not a plain number, and the joined text cannot tell."""
    return any("," in cell for cell in cells)


def _count(cell: Any) -> int:
    if isinstance(cell, str):
        found = _WHOLE.fullmatch(cell)
        if not found:
            raise ValueError(f"{cell!r} is not a whole number from 0 on")
        cell = int(found[1])
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, int) or cell < 0:
        raise ValueError(f"{cell!r} is not a whole number from 0 on")
    if cell > LARGEST:
        raise ValueError(f"{cell} is more than any count can be ({LARGEST})")
    return cell


def moments(raw: Raw, name: str) -> list[int | None]:
    """Milliseconds; None where the cell is empty."""
    return [_told(raw, place, name, cell, _time, False, None) for place, cell in enumerate(raw.of(name))]


def times(raw: Raw, name: str) -> Ints:
    """Milliseconds; the column is one that must be filled."""
    cells = raw.of(name)
    plain = _plain(cells)
    if plain and UNKNOWN not in plain and max(plain) * 1_000 <= LATEST:
        return np.array(plain, dtype=np.int64) * 1_000
    return np.array([_told(raw, place, name, cell, _time, True, 0) for place, cell in enumerate(cells)], dtype=np.int64)


def _time(cell: Any) -> int:
    if isinstance(cell, datetime):
        return to_ms(cell if cell.tzinfo else cell.replace(tzinfo=UTC))
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError(f"{cell!r} is not a time: use RFC 3339 or unix seconds")
    return parse_time(cell)


def ids(raw: Raw, name: str, filled: bool = False) -> list[str | None]:
    cells = texts(raw, name, filled, "id")
    for place, cell in enumerate(cells):
        if cell is not None and len(cell) > LONGEST_ID:
            raw.fault(place, f"{name}: is longer than {LONGEST_ID} characters")
    return cells


def texts(raw: Raw, name: str, filled: bool = False, holds: Holds = "word") -> list[str | None]:
    """Text as it stands; None where the cell is empty."""
    cells = raw.of(name)
    plain = set(map(type, cells)) <= {str} and _clean("".join(cells))
    if not plain or (filled and not all(map(str.strip, cells))):
        cells = [_told(raw, place, name, cell, _text, filled, None) for place, cell in enumerate(cells)]
    if raw.guarded and any(cell[:1] == "'" for cell in cells if cell):
        return [unguard(cell, holds) if cell else None for cell in cells]
    return [cell or None for cell in cells]


def _text(cell: Any) -> str:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)  # an id that was written without quotes
    if not isinstance(cell, str):
        raise ValueError(f"{cell!r} is not text")  # told like any other wrong cell
    if not _clean(cell):
        raise ValueError("holds a NUL character" if "\0" in cell else "is not UTF-8")
    return cell


def _clean(text: str) -> bool:
    """Free of NUL, which no database takes, and of bytes that were not UTF-8 (read as lone surrogates)."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def platforms(raw: Raw) -> list[str | None]:
    """Any platform's name, in small letters."""
    cells = texts(raw, "platform", filled=True)
    names = {cell: cell.strip().lower() for cell in set(cells) if cell}
    bad = {cell for cell, name in names.items() if len(name.split()) != 1 or len(name) > LONGEST_PLATFORM}
    for place, cell in enumerate(cells) if bad else ():
        if cell in bad:
            raw.fault(place, f"platform: {cell!r} is not a platform's name (one word)")
    return [names[cell] if cell else None for cell in cells]


def tag(raw: Raw, name: str) -> list[str | None]:
    cells = texts(raw, name, filled=True)
    problems = {cell: wrong(cell) for cell in set(cells) if cell}
    for place, cell in enumerate(cells):
        if cell and (problem := problems[cell]):
            raw.fault(place, f"{name}: {cell!r}: {problem}")
    return cells


def tags(raw: Raw, name: str, filled: bool = True) -> list[tuple[str, ...]]:
    """Hashtags separated by spaces, or a list of them where the format has lists."""
    raw.columns[name] = [" ".join(map(str, cell)) if isinstance(cell, list) else cell for cell in raw.of(name)]
    cells = texts(raw, name, filled)
    read = {cell: () if cell == NONE and not filled else tuple(cell.split()) for cell in set(cells) if cell}
    problems = {each: wrong(each) for found in read.values() for each in found}
    for place, cell in enumerate(cells):
        for each in read.get(cell or "", ()):
            if problem := problems[each]:
                raw.fault(place, f"{name}: {each!r}: {problem}")
    return [read.get(cell or "", ()) for cell in cells]


def added(raw: Raw, name: str) -> list[dict[str, int]]:
    """`#tag=time` separated by spaces: by the tag's normal form, from when on the post counts under it."""
    return [_told(raw, place, name, cell, _added, False, {}) for place, cell in enumerate(texts(raw, name))]


def _added(cell: str) -> dict[str, int]:
    found = {}
    for each in cell.split():
        tag, said, at = each.rpartition("=")
        if not said or (problem := wrong(tag)):
            raise ValueError(f"{each!r} is not #tag=time" + (f": {problem}" if said else ""))
        found[normal(tag)] = parse_time(at)
    return found


def _told(raw: Raw, place: int, name: str, cell: Any, read: Callable[[Any], Any], filled: bool, unknown: Any) -> Any:
    """A cell's value; `unknown` where it is empty or wrong, and wrong is said."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        if filled:
            raw.fault(place, f"{name}: is empty")
        return unknown
    try:
        return read(cell)
    except ValueError as error:
        raw.fault(place, f"{name}: {error}")
        return unknown
