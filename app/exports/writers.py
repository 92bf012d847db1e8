"""Rows into bytes: CSV, JSONL and Parquet, piece by piece, for a file, standard output or an HTTP answer alike."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from app.clock import rfc3339
from app.errors import Invalid
from app.store.columns import File, guard

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson", "parquet": "application/vnd.apache.parquet",
}  # fmt: skip
FORMATS = tuple(MEDIA_TYPES)
Rows = Sequence[Sequence[Any]]


class Writer(Protocol):
    """Each call gives the bytes that are ready; `end` the last ones."""

    def rows(self, rows: Rows) -> bytes: ...
    def end(self) -> bytes: ...


def writer(file: File, form: str) -> Writer:
    if form not in FORMATS:
        raise Invalid("format", form, f"must be one of {', '.join(FORMATS)}")
    if form == "parquet":
        return Parquet(file)
    return Csv(file) if form == "csv" else Jsonl(file)


class Csv:
    """With a header, also where no row follows. Text that a spreadsheet would run is guarded."""

    def __init__(self, file: File) -> None:
        self._out = io.StringIO(newline="")
        self._writer = csv.writer(self._out, lineterminator="\n")
        # Else a bare carriage return would stand unquoted, and end the row for whoever reads it.
        self._quoting = csv.writer(self._out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self._free = [index for index, holds in enumerate(file.columns.values()) if holds == "free"]
        self._writer.writerow(file.names)
        self._cells = [_CELLS.get(holds) for holds in file.columns.values()]

    def rows(self, rows: Rows) -> bytes:
        for row in rows:
            cells = [
                cell if make is None or cell is None else make(cell)
                for make, cell in zip(self._cells, row, strict=True)
            ]
            torn = any("\r" in (cells[index] or "") for index in self._free)
            (self._quoting if torn else self._writer).writerow(cells)
        return self.end()

    def end(self) -> bytes:
        data = self._out.getvalue().encode()
        self._out.seek(0)
        self._out.truncate()
        return data


_CELLS: dict[str, Callable[[Any], str]] = {"time": rfc3339, "free": guard}


class Jsonl:
    """One object a line, with the same names; null where a value is unknown."""

    def __init__(self, file: File) -> None:
        self._names = file.names
        self._times = [index for index, holds in enumerate(file.columns.values()) if holds == "time"]

    def rows(self, rows: Rows) -> bytes:
        return msgspec.json.Encoder().encode_lines([self._object(row) for row in rows])

    def _object(self, row: Sequence[Any]) -> dict[str, Any]:
        cells = dict(zip(self._names, row, strict=True))
        for index in self._times:
            cells[self._names[index]] = rfc3339(row[index])
        return cells

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

    def rows(self, rows: Rows) -> bytes:
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._schema)
        arrays = [self._arrow.array(cells, type=field.type) for cells, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
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
