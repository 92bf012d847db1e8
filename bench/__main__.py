"""`make bench`: measures what is named, or all, prints the tables, and writes them into bench/README.md."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from bench import (
    compare,
    curve,
    deliveries,
    dot,
    exports,
    imports,
    ingest,
    jetstream,
    reading,
    rollups,
    serving,
    spikes,
    startup,
    told,
    watch,
)
from bench.machine import described, table

PARTS: dict[str, ModuleType] = {
    "compare": compare, "curve": curve, "deliveries": deliveries, "dot": dot, "exports": exports, "imports": imports,
    "ingest": ingest, "jetstream": jetstream, "reading": reading, "rollups": rollups, "serving": serving,
    "spikes": spikes, "startup": startup, "told": told, "watch": watch,
}  # fmt: skip
RESULTS = Path(__file__).parent / "README.md"
MARK = "## Last results\n"


def main() -> None:
    names = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"no bench {unknown[0]!r}; there are: {', '.join(PARTS)}")
    figures = [figure for name in names for figure in PARTS[name].run()]
    print(table(figures))
    if names == list(PARTS):
        head = RESULTS.read_text().split(MARK)[0]
        RESULTS.write_text(f"{head}{MARK}\n{datetime.now(UTC):%d %B %Y}; {described()}.\n\n{table(figures)}\n")


if __name__ == "__main__":
    main()
