"""An export as bytes: to standard output or an HTTP answer as they come, or into a file with its manifest beside it."""

import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.clock import rfc3339
from app.db.engine import Database
from app.errors import Invalid
from app.exports.rows import Query, columns, rows
from app.exports.writers import writer


async def stream(
    db: Database, kind: str, query: Query, form: str, now: int, counted: Callable[[int], None] = lambda _rows: None
) -> AsyncIterator[bytes]:
    """The rows alone. `counted` is told how many there are so far."""
    out, done = writer(columns(kind), form), 0
    async for page in rows(db, kind, query, now):
        if data := out.rows(page):
            yield data
        done += len(page)
        counted(done)
    if data := out.end():
        yield data


@dataclass(frozen=True, slots=True)
class Exported:
    path: Path
    manifest: Path
    rows: int
    seconds: float


async def to_file(
    db: Database, kind: str, query: Query, form: str, path: Path, now: int,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Exported:  # fmt: skip
    """Write `path` and `path.manifest.json`. Each appears whole or not at all."""
    began, count, digest = time.monotonic(), [0], hashlib.sha256()

    def counted(done: int) -> None:
        count[0] = done
        progress(done)

    with _Whole(path) as out:
        async for data in stream(db, kind, query, form, now, counted):
            digest.update(data)
            out.write(data)
        size = out.tell()
    manifest = path.with_name(f"{path.name}.manifest.json")
    told = {
        "kind": kind, "format": form, "query": _told(kind, query), "made_at": rfc3339(now),
        "version": version("groundswell"), "file": path.name, "rows": count[0], "bytes": size,
        "sha256": digest.hexdigest(), "columns": list(columns(kind).names),
    }  # fmt: skip
    with _Whole(manifest) as out:
        out.write(json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n")
    return Exported(path, manifest, count[0], time.monotonic() - began)


def _told(kind: str, query: Query) -> dict[str, Any]:
    given: dict[str, Any] = {name: value for name, value in asdict(query).items() if value is not None}
    if kind != "curves":
        del given["step"], given["zone"]
    for name, word in (("start", "from"), ("end", "to"), ("as_of", "as_of")):
        if name in given:
            given[word] = rfc3339(given.pop(name))
    return given


class _Whole:
    """A file that takes its name only once it is complete and on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")

    def __enter__(self) -> Any:
        try:
            self._file = self._part.open("xb")
        except OSError as error:
            raise Invalid("out", str(self._path), f"{self._path} cannot be written: {error.strerror}") from error
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                self._part.replace(self._path)
        finally:
            self._file.close()
            with suppress(FileNotFoundError):
                self._part.unlink()
