"""An export into a file: under its final name only when it is whole, and what it is beside it.

Until then it is `FILE.part`, with how far it came in `FILE.part.json`: one that was broken off goes on from there.
"""

import fcntl
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.db.engine import Database
from app.errors import Conflict, Invalid
from app.exports import beside
from app.exports.rows import Query, checked
from app.exports.shown import AS_IT_IS, Shown
from app.exports.stream import Done, stream

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Exported:
    path: Path
    manifest: Path
    rows: int
    seconds: float


async def to_file(
    db: Database, kind: str, query: Query, form: str, path: Path, now: int,
    progress: Callable[[int], None] = lambda _rows: None, *, shown: Shown = AS_IT_IS, resume: bool = False,
) -> Exported:  # fmt: skip
    """Write `path` and what is beside it. With `resume` an export that was broken off goes on, as of when it began."""
    began = time.monotonic()
    if form == "parquet" and resume:
        raise Invalid("resume", form, "a Parquet file cannot be gone on with: export it anew, or as csv or jsonl")
    await checked(db, kind, query, now)
    asked = {"kind": kind, "format": form, "query": asdict(query), "authors": shown.mark if shown.name else None}
    with _part(path, resume) as (file, note):
        now, done = _gone_on(file, note, asked) if resume else (now, _anew(file, note))
        digest = _digest(file)
        try:
            async for data in stream(db, kind, query, form, now, progress, shown=shown, done=done):
                digest.update(data)
                file.write(data)
                if form != "parquet":
                    _note(file, note, asked, now, done)
        except BaseException:
            if not note.exists():
                _forget(path, note)
            raise
        about = beside.About(kind, form, query, now, path, done, file.tell(), digest.hexdigest(), shown)
        told = await beside.tell(db, about)
        _settle(file, path, note)
    manifest = beside.write(about, told)
    return Exported(path, manifest, done.rows, time.monotonic() - began)


@contextmanager
def _part(path: Path, resume: bool) -> Iterator[tuple[BinaryIO, Path]]:
    """`FILE.part`, held so that no other export writes there, and where how far it came is noted."""
    part, note = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.json")
    if path.exists() and not path.is_file():  # root may put a file in the place of /dev/null
        raise Invalid("out", str(path), f"{path} is no file: choose another name, or leave it out for standard output")
    try:
        file = part.open("r+b" if resume or part.exists() else "x+b")
    except FileNotFoundError as error:
        raise (_nothing(note) if resume else _unwritable(path, error)) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"another export is writing {part}: wait for it, or choose another file") from None
        if not part.exists() or not os.path.samestat(part.stat(), os.fstat(file.fileno())):
            raise Conflict(f"another export has just written {path}: ask again")
        yield file, note


def _unwritable(path: Path, error: OSError) -> Invalid:
    return Invalid("out", str(path), f"{path} cannot be written: {error.strerror}")


def _nothing(note: Path) -> Invalid:
    return Invalid("resume", str(note), f"there is nothing to go on with: no {note}")


def _anew(file: BinaryIO, note: Path) -> Done:
    file.truncate(0)
    note.unlink(missing_ok=True)
    return Done()


def _gone_on(file: BinaryIO, note: Path, asked: dict[str, Any]) -> tuple[int, Done]:
    """Where it was when it was broken off; what was written after the last note is cut off."""
    try:
        told = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        raise _nothing(note) from None
    if told["asked"] != json.loads(json.dumps(asked)):
        raise Invalid("resume", str(note), "what is there was asked for otherwise: ask the same, or leave --resume out")
    if file.seek(0, os.SEEK_END) < told["bytes"]:
        raise Invalid("resume", str(note), "less is there than was noted: leave --resume out and begin anew")
    file.truncate(told["bytes"])
    return told["now"], Done(told["rows"], Counter(told["platforms"]), told["cursor"])


def _digest(file: BinaryIO) -> Any:
    """Of what is there; the file stands at its end then."""
    digest = hashlib.sha256()
    file.seek(0)
    while data := file.read(BLOCK):
        digest.update(data)
    return digest


def _note(file: BinaryIO, note: Path, asked: dict[str, Any], now: int, done: Done) -> None:
    file.flush()
    told = {
        "asked": asked, "now": now, "bytes": file.tell(), "rows": done.rows, "platforms": done.platforms,
        "cursor": done.cursor,
    }  # fmt: skip
    fresh = note.with_name(f"{note.name}.new")
    fresh.write_text(json.dumps(told), "utf-8")
    fresh.replace(note)


def _settle(file: BinaryIO, path: Path, note: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    path.with_name(f"{path.name}.part").replace(path)
    note.unlink(missing_ok=True)


def _forget(path: Path, note: Path) -> None:
    path.with_name(f"{path.name}.part").unlink(missing_ok=True)
    note.unlink(missing_ok=True)
