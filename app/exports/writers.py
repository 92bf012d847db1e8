"""Columns of cells into bytes: CSV, JSONL and Parquet, piece by piece, for a file, standard output or HTTP alike."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import numpy as np

from app.clock import rfc3339
from app.errors import Invalid
from app.store.columns import FORMULA, TEXT, File, Holds, guard

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson", "parquet": "application/vnd.apache.parquet",
}  # fmt: skip
FORMATS = tuple(MEDIA_TYPES)
Cells = Sequence[Any]


class Writer(Protocol):
    """Each call gives the bytes that are ready; `end` the last ones."""

    def add(self, columns: Sequence[Cells]) -> bytes: ...
    def end(self) -> bytes: ...


def writer(file: File, form: str, *, goes_on: bool = False) -> Writer:
    """`goes_on`: what comes is put after rows that were written before, so there is no header."""
    if form not in FORMATS:
        raise Invalid("format", form, f"must be one of {', '.join(FORMATS)}")
    if form == "parquet":
        return Parquet(file)
    return Csv(file, header=not goes_on) if form == "csv" else Jsonl(file)


class Csv:
    """With a header, also where no row follows. Text that a spreadsheet would run is guarded."""

    def __init__(self, file: File, *, header: bool = True) -> None:
        self._out = io.StringIO(newline="")
        self._writer = csv.writer(self._out, lineterminator="\n")
        # Else a bare carriage return would stand unquoted, and end the row for whoever reads it.
        self._quoting = csv.writer(self._out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self._holds = list(file.columns.values())
        if header:
            self._writer.writerow(file.names)

    def add(self, columns: Sequence[Cells]) -> bytes:
        cells = [_cells(column, holds) for column, holds in zip(columns, self._holds, strict=True)]
        rows = zip(*cells, strict=True)
        torn = {place for column, holds in zip(cells, self._holds, strict=True) for place in _torn(column, holds)}
        if torn:
            for place, row in enumerate(rows):
                (self._quoting if place in torn else self._writer).writerow(row)
        else:
            self._writer.writerows(rows)
        return self.end()

    def end(self) -> bytes:
        data = self._out.getvalue().encode()
        self._out.seek(0)
        self._out.truncate()
        return data


def _cells(column: Cells, holds: Holds) -> Cells:
    if holds == "time":
        return times(column)
    if holds not in TEXT or _SUSPECT.isdisjoint({cell[:1] for cell in column if cell}):
        return column
    return [guard(cell, holds) if cell else cell for cell in column]


_SUSPECT = FORMULA | {"'"}


def _torn(column: Cells, holds: Holds) -> list[int]:
    return [place for place, cell in enumerate(column) if cell and "\r" in cell] if holds in TEXT else []


def times(column: Cells) -> Cells:
    """RFC 3339 of milliseconds, all at once: an export has millions."""
    if None in column:
        return [None if cell is None else rfc3339(cell) for cell in column]
    at = np.array(column, dtype=np.int64)
    if (at % 1_000).any():
        return [rfc3339(cell) for cell in column]
    seconds = (at // 1_000).astype("datetime64[s]")
    shown: list[str] = np.datetime_as_string(seconds, unit="s", timezone="UTC").tolist()
    return shown


class Jsonl:
    """One object a line, with the same names; null where a value is unknown."""

    def __init__(self, file: File) -> None:
        self._names, self._holds = file.names, list(file.columns.values())
        self._encoder = msgspec.json.Encoder()

    def add(self, columns: Sequence[Cells]) -> bytes:
        cells = [
            times(column) if holds == "time" else column for column, holds in zip(columns, self._holds, strict=True)
        ]
        names = self._names
        return self._encoder.encode_lines([dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)])

    def end(self) -> bytes:
        return b""


class Parquet:
    """Times are timestamps in UTC, counts 64-bit integers, null where a value is unknown."""

    def __init__(self, file: File) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise Invalid("format", "parquet", "needs pyarrow: pip install 'groundswell[export]'") from None
        kinds = {"time": pa.timestamp("ms", tz="UTC"), "count": pa.int64(), "share": pa.float64()}
        self._arrow = pa
        self._schema = pa.schema([(name, kinds.get(holds, pa.string())) for name, holds in file.columns.items()])
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema)

    def add(self, columns: Sequence[Cells]) -> bytes:
        arrays = [self._arrow.array(cells, type=field.type) for cells, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        del arrays
        self._arrow.default_memory_pool().release_unused()  # else what one page needed stays taken
        return self._sink.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.taken()


class _Sink(io.RawIOBase):
    """Where the Parquet writer writes; its bytes are taken away as they come."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._gone = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._data += data
        return len(data)

    def tell(self) -> int:
        return self._gone + len(self._data)

    def taken(self) -> bytes:
        data = bytes(self._data)
        self._gone += len(data)
        self._data.clear()
        return data
