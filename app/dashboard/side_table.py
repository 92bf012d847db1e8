"""The table of a comparison in words: each value with its unit and its bounds, notes numbered below."""

from dataclasses import dataclass
from typing import Any

from app.clock import HOUR
from app.dashboard.reasons import told
from app.dashboard.words import Words


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    note: int | None


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    unit: str
    cells: list[Cell]


def rows(found: dict[str, Any], w: Words) -> tuple[list[Row], list[str]]:
    """And the notes, in the order of their numbers."""
    notes: dict[str, int] = {}
    slugs = [one["slug"] for one in found["campaigns"]]
    return [_row(row, slugs, w, notes) for row in found["table"]], [told(w, note) for note in notes]


def _row(row: dict[str, Any], slugs: list[str], w: Words, notes: dict[str, int]) -> Row:
    name, _, currency = row["name"].rpartition("_") if row["name"][-3:].isupper() else (row["name"], "", "")
    if name == "gini":  # a share by its unit, but an index by its use
        row = {**row, "values": {slug: {**one, "unit": "index"} for slug, one in row["values"].items()}}
    label = w(f"side.{name}") + (f" ({currency})" if currency else "")
    return Row(
        label, w.or_same(f"side.unit.{row['unit']}", ""), [_cell(row["values"][slug], w, notes) for slug in slugs]
    )


def _cell(value: dict[str, Any], w: Words, notes: dict[str, int]) -> Cell:
    note = notes.setdefault(value["reason"], len(notes) + 1) if value["reason"] else None
    low, middle, high = (_said(value[name], value["unit"], w) for name in ("low", "value", "high"))
    return Cell(_bounded(value, low, middle, high), note)


def _bounded(value: dict[str, Any], low: str, middle: str, high: str) -> str:
    """The value and what bounds it; a bound that is the value itself, or is not there, goes without saying."""
    if value["low"] is None and value["high"] is None:
        return "–" if value["value"] is None else middle
    if value["high"] is None:
        return f"≥ {low}" if value["value"] in (None, value["low"]) else f"{middle} (≥ {low})"
    if value["low"] is None:
        return f"≤ {high}" if value["value"] in (None, value["high"]) else f"{middle} (≤ {high})"
    if value["value"] is None:
        return f"{low} – {high}"
    return middle if value["low"] == value["value"] == value["high"] else f"{middle} ({low} – {high})"


def _said(value: float | None, unit: str, w: Words) -> str:
    if value is None:
        return "?"
    if unit == "share":
        return w.share(value)
    if unit.startswith("hours"):
        return ("-" if value < 0 else "") + w.span(round(abs(value) * HOUR))
    return number(value, w)


def number(value: float | None, w: Words) -> str:
    """Three figures that count; whole from a thousand on."""
    if value is None:
        return "?"
    shown = value if abs(value) >= 1_000 else float(f"{value:.3g}")
    return w.number(round(shown)) if abs(value) >= 1_000 or shown == int(shown) else w.number(shown)
