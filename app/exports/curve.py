"""One growth curve as a table, CSV, JSON or Parquet: the same numbers as the API's, one row a bucket."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.analysis.curve import SERIES
from app.clock import parse_time, rfc3339
from app.errors import Invalid
from app.exports.writers import writer
from app.store.columns import CURVES, File

FORMATS = ("table", "csv", "json", "parquet")
Curve = Mapping[str, Any]


def write(curve: Curve, form: str) -> bytes:
    if form not in FORMATS:
        raise Invalid("format", form, f"must be one of {', '.join(FORMATS)}")
    if form == "json":
        return json.dumps(curve, ensure_ascii=False).encode() + b"\n"
    names = _names(curve)
    if form == "table":
        return table(names, rows(curve)).encode()
    out = writer(File({name: CURVES.columns[name] for name in names}, len(names)), form)
    picked = [CURVES.names.index(name) for name in names]
    return out.rows([[row[index] for index in picked] for row in rows(curve)]) + out.end()


def _names(curve: Curve) -> list[str]:
    """What the curve was asked for."""
    return [name for name in CURVES.names if name not in SERIES or name in curve["series"]]


def rows(curve: Curve) -> list[tuple[Any, ...]]:
    """In the order of CURVES' columns. Times in milliseconds; None where nothing is known or nothing was asked."""
    kind, series = curve["subject"]["kind"], curve["series"]
    name = next(value for key, value in curve["subject"].items() if key != "kind")
    time = [parse_time(text) for text in series["time"]]
    nothing = [None] * len(time)
    columns = [series.get(column, nothing) for column in SERIES]
    return [(kind, name, *row) for row in zip(time, *columns, strict=True)]


def table(names: Sequence[str], found: Sequence[Sequence[Any]]) -> str:
    """For a terminal: numbers to the right, `·` where nothing is known."""
    shown = [name for name in names if name not in ("kind", "subject")]
    picked = [CURVES.names.index(name) for name in shown]
    lines = [shown]
    for row in found:
        cells = [row[index] for index in picked]
        lines.append([rfc3339(cells[0]), *("·" if cell is None else f"{cell:,}" for cell in cells[1:])])
    widths = [max(len(line[index]) for line in lines) for index in range(len(shown))]
    return "".join(
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]) + "\n"
        for line in lines
    )
