"""What the figures were measured on and with, and how they are printed."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, what it came to, what was hoped for, and the ratio to a bare baseline."""

    what: str
    measured: str
    reach: str = ""
    baseline: str = ""


def described() -> str:
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB; {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def table(figures: Sequence[Figure]) -> str:
    lines = ["| what | measured | reach | bare baseline, same run |", "|---|---|---|---|"]
    lines += [f"| {f.what} | {f.measured} | {f.reach} | {f.baseline} |" for f in figures]
    return "\n".join(lines)
