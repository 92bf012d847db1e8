"""Keeps the rows that could not be taken, each with its line and the reason, beside the file they came from."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from app.errors import Invalid
from app.imports.batch import Raw


class Rejects:
    """The file is made when the first row is refused. It comes in again by `import` once its rows are put right."""

    def __init__(self, source: Path, header: Sequence[str]) -> None:
        self._source, self._header = source, header
        self._file: IO[str] | None = None
        self.path: Path | None = None
        self.count = 0
        self.first: list[tuple[int, str]] = []

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, raw: Raw, shown_first: int = 20) -> None:
        """Keep every row of the batch that has a fault."""
        if not raw.faults:
            return
        rows = csv.writer(self._file or self._open())
        for place in sorted(raw.faults):
            line, why = raw.lines[place], raw.faults[place]
            rows.writerow([line, why, *raw.shown(place)])
            if len(self.first) < shown_first:
                self.first.append((line, why))
        self.count += len(raw.faults)

    def _open(self) -> IO[str]:
        name = f"{self._source.name}.rejects.csv"
        for path in (self._source.with_name(name), Path.cwd() / name):
            try:
                self._file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
            except OSError:
                continue
            self.path = path
            csv.writer(self._file).writerow(["line", "reason", *self._header])
            return self._file
        raise Invalid("file", name, f"{name} can be written neither beside the file nor in the working folder")
