"""One growth curve as a table, CSV, JSON or Parquet: the same numbers as the API's, one row a bucket."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.analysis.curve import SERIES
from app.clock import parse_time
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
    if form == "table":
        return table(curve, [name for name in SERIES if name in curve["series"]]).encode()
    out = writer(file(tuple(curve["series"])), form)
    return out.add(columns(curve)) + out.end()


def file(metrics: Sequence[str] | None) -> File:
    """The columns of a curve that was asked for these (None: for all)."""
    names = [name for name in CURVES.names if metrics is None or name not in SERIES or name in metrics]
    return File({name: CURVES.columns[name] for name in names}, 3)


def columns(curve: Curve) -> list[Sequence[Any]]:
    """In the order of the file's columns. Times in milliseconds; None where nothing is known."""
    kind, series = curve["subject"]["kind"], curve["series"]
    name = next(value for key, value in curve["subject"].items() if key != "kind")
    time = [parse_time(text) for text in series["time"]]
    return [[kind] * len(time), [name] * len(time), time, *(series[each] for each in SERIES if each in series)]


def table(curve: Curve, names: Sequence[str]) -> str:
    """For a terminal: numbers to the right, `·` where nothing is known."""
    series, lines = curve["series"], [["time", *names]]
    for time, *cells in zip(series["time"], *(series[name] for name in names), strict=True):
        lines.append([time, *("·" if cell is None else f"{cell:,}" for cell in cells)])
    widths = [max(len(line[index]) for line in lines) for index in range(len(names) + 1)]
    return "".join(
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]) + "\n"
        for line in lines
    )
