"""What commands print: JSON for programs, columns for people, and a bar where it lasts and someone looks."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import typer

PATIENCE_S = 1.0
"""What is done sooner than this needs no bar."""


def say(text: str) -> None:
    typer.echo(text)


def as_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))


def columns(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A plain table: words to the left, numbers to the right, unknown as a dash."""
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [all(isinstance(row[n], int | float | None) for row in rows) for n in range(len(header))]
    widths = [max(_width(row[n]) for row in [list(header), *cells]) for n in range(len(header))]
    for row in [list(header), *cells]:
        padded = (
            " " * (width - _width(text)) + text if right else text + " " * (width - _width(text))
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        typer.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    text = f"{value:,}" if isinstance(value, int) else str(value)
    # A name may hold anything: what moves the cursor must not reach the terminal.
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


class Bar(Protocol):
    def __call__(self, done: int, total: int | None = None) -> None: ...


@contextmanager
def progress(what: str) -> Iterator[Bar]:
    """Call it with how much is done. Shown on standard error once it has lasted, and only on a terminal."""
    if not sys.stderr.isatty():
        yield _unseen
        return
    bar = _LateBar(what)
    try:
        yield bar
    finally:
        bar.close()


def _unseen(done: int, total: int | None = None) -> None:
    pass


class _LateBar:
    def __init__(self, what: str) -> None:
        self._what, self._began = what, time.monotonic()
        self._rich: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int | None = None) -> None:
        if self._rich is None and time.monotonic() - self._began > PATIENCE_S:
            self._open()
        if self._rich is not None:
            self._rich.update(self._task, completed=done, total=total)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._rich = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._rich.start()
        self._task = self._rich.add_task(self._what, total=None)

    def close(self) -> None:
        if self._rich is not None:
            self._rich.stop()
