"""Opens a file of rows: CSV, JSONL or Parquet, plain or gzipped, read in batches at constant memory."""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from app.errors import Invalid
from app.imports.batch import Raw
from app.store.columns import TEXT, File, guard

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
LONGEST_LINE = 1 << 20


class Reader(Protocol):
    """`header` names the columns of the rejects file. `at` and `total` tell how far the reading is."""

    header: tuple[str, ...]

    def batches(self, size: int) -> Iterator[Raw]: ...
    def at(self) -> int: ...

    total: int


@contextmanager
def opened(path: Path, named: str | None, file: File) -> Iterator[Reader]:
    """The reader for a file of this kind; a header that does not fit is told in one line."""
    form = format_of(path, named)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise Invalid("file", str(path), f"{path} cannot be read: {error.strerror}") from error
    with raw:
        packed = raw.peek(2)[:2] == b"\x1f\x8b"
        stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        total = path.stat().st_size
        try:
            if form == "parquet":
                yield Parquet(stream, file)
            else:
                yield (Csv if form == "csv" else Jsonl)(stream, raw, total, file)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Invalid("file", str(path), f"{path} is damaged, what came before that is kept: {error}") from error


def format_of(path: Path, named: str | None) -> str:
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    form = named or FORMATS.get(suffix.lower(), "")
    if form not in FORMATS.values():
        raise Invalid("format", named or path.name, f"{named or path.name}: say --format csv, jsonl or parquet")
    return form


def _fits(header: list[str], file: File) -> tuple[str, ...]:
    if any(not cell.isprintable() for cell in header):
        raise Invalid("file", None, "the header is not text in UTF-8")
    columns = f"columns are {', '.join(file.must)}; then if there are any {', '.join(file.names[file.required :])}"
    if missing := [name for name in file.must if name not in header]:
        separated = " (separate cells by commas)" if len(header) == 1 else ""
        raise Invalid("file", header, f"the header lacks {', '.join(missing)}{separated}: {columns}")
    if unknown := [name for name in header if name not in file.columns]:
        named = f"the header has {', '.join(map(repr, unknown))}, which is unknown"
        raise Invalid("file", header, f"{named}{f' ({file.note})' if file.note else ''}: {columns}")
    if len(set(header)) < len(header):
        raise Invalid("file", header, "the header names a column twice")
    return tuple(header)


class Csv:
    """A line that ends inside quotes goes on in the next; a row's line is the one on which it began."""

    def __init__(self, stream: BinaryIO, raw: BinaryIO, total: int, file: File) -> None:
        # Bytes that are not UTF-8 become lone surrogates, so that one bad row does not end the file.
        self._text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        self._raw, self.total = raw, total
        self._rows = csv.reader(_bounded(self._text))
        header = [cell.strip() for cell in next(self._rows, [])]
        # A rejects file comes in again as it is, once its rows are put right.
        self._skip = 2 if header[:2] == ["line", "reason"] and file.must[0] in header else 0
        self.header = _fits(header[self._skip :], file)

    def at(self) -> int:
        return self._raw.tell()

    def batches(self, size: int) -> Iterator[Raw]:
        while True:
            lines, rows, broken = self._read(size)
            if not lines:
                return
            width = len(self.header)
            if set(map(len, rows)) != {width}:
                for place, row in enumerate(rows):
                    if len(row) != width:
                        broken.setdefault(place, f"has {len(row)} cells where the header has {width}")
            even = [[""] * width if place in broken else row for place, row in enumerate(rows)] if broken else rows
            columns = dict(zip(self.header, map(list, zip(*even, strict=True)), strict=True))
            yield Raw(lines, columns, rows.__getitem__, guarded=True, faults=broken)

    def _read(self, size: int) -> tuple[list[int], list[list[str]], dict[int, str]]:
        lines: list[int] = []
        rows: list[list[str]] = []
        broken: dict[int, str] = {}
        reader, skip = self._rows, self._skip
        while len(rows) < size:
            began = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                broken[len(rows)] = f"cannot be read as CSV: {error}"
                row = [""] * skip
            if row or len(rows) in broken:
                lines.append(began)
                rows.append(row[skip:] if skip else row)
        return lines, rows, broken


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines, none longer than LONGEST_LINE: what is cut off one makes it a bad row, and memory stays small."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            while (rest := text.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                pass
        yield line


class Jsonl:
    """One object a line."""

    def __init__(self, stream: BinaryIO, raw: BinaryIO, total: int, file: File) -> None:
        self._stream, self._raw, self.total, self._file = stream, raw, total, file
        self.header = file.names
        self._line = 0

    def at(self) -> int:
        return self._raw.tell()

    def batches(self, size: int) -> Iterator[Raw]:
        decoder = msgspec.json.Decoder(dict[str, Any])
        more = True
        while more:
            lines: list[int] = []
            rows: list[dict[str, Any]] = []
            torn: dict[int, tuple[bytes, str]] = {}
            while len(rows) < size and (more := bool(line := self._next())):
                if line.isspace():
                    continue
                try:
                    rows.append(decoder.decode(line))
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    torn[len(rows)] = line, f"is not a JSON object: {error}"
                    rows.append({})
                lines.append(self._line)
            if lines:
                yield self._raw_of(lines, rows, torn)

    def _next(self) -> bytes:
        line = self._stream.readline(LONGEST_LINE)
        self._line += 1
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := self._stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        return line.removeprefix(b"\xef\xbb\xbf") if self._line == 1 else line

    def _raw_of(self, lines: list[int], rows: list[dict[str, Any]], torn: dict[int, tuple[bytes, str]]) -> Raw:
        columns = {name: [row.get(name) for row in rows] for name in self.header}
        shown = _shower(columns, self._file, {place: line for place, (line, _) in torn.items()})
        raw = Raw(lines, columns, shown, faults={place: why for place, (_, why) in torn.items()})
        for place, row in enumerate(rows):
            if unknown := row.keys() - self._file.columns.keys():
                raw.fault(place, f"{min(unknown)}: is not a column ({', '.join(self.header)})")
        return raw


class Parquet:
    """A row's line is its number."""

    def __init__(self, stream: BinaryIO, file: File) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise Invalid("format", "parquet", "needs pyarrow: pip install 'groundswell[export]'") from None
        try:
            self._parquet = pq.ParquetFile(pa.PythonFile(stream, mode="r"))
        except pa.ArrowInvalid as error:
            raise Invalid("file", "parquet", f"this is not a Parquet file: {error}") from error
        self._file, self._done, self._arrow = file, 0, pa
        self.header = _fits(list(self._parquet.schema_arrow.names), file)
        self.total = int(self._parquet.metadata.num_rows)

    def at(self) -> int:
        return self._done

    def batches(self, size: int) -> Iterator[Raw]:
        for part in self._parquet.iter_batches(batch_size=size):
            columns = {name: self._cells(column) for name, column in zip(part.schema.names, part.columns, strict=True)}
            lines = range(self._done + 1, self._done + part.num_rows + 1)
            self._done += part.num_rows
            yield Raw(lines, columns, _shower(columns, self._file, {}))

    def _cells(self, column: Any) -> list[Any]:
        types = self._arrow.types
        if types.is_timestamp(column.type):
            column = column.cast(self._arrow.timestamp("ms", column.type.tz), safe=False)
        if types.is_dictionary(column.type):
            column = column.dictionary_decode()
        return column.to_pylist()  # type: ignore[no-any-return]


def _shower(columns: dict[str, list[Any]], file: File, torn: Mapping[int, bytes]) -> Callable[[int], Sequence[Any]]:
    """How a row of values, or a line that is none, stands in a rejects file."""

    def cell(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return " ".join(map(str, value))
        holds = file.columns[name]
        return guard(value, holds) if isinstance(value, str) and holds in TEXT else value

    def shown(place: int) -> Sequence[Any]:
        if place in torn:
            return [torn[place].decode("utf-8", "surrogateescape").rstrip("\r\n")]
        return [cell(name, cells[place]) for name, cells in columns.items()]

    return shown
