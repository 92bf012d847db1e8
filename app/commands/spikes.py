"""`groundswell spikes`: the live detector on any series of counts, from a file or row by row from standard input."""

import os
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Annotated, Any, NamedTuple

import typer

from app.analysis.spikes import EVIDENCE, STEP, THRESHOLD, Detector, Verdict
from app.clock import HOUR, parse_time, rfc3339
from app.errors import Invalid

SAME_EVENT_MS = 6 * HOUR
WIDTH = 72


class Row(NamedTuple):
    at: int
    value: float | None


def spikes(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE.csv]", help="rows of timestamp,value")] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="read rows from standard input, answer each with its score at once")
    ] = False,
    threshold: Annotated[
        bool, typer.Option("--threshold", help="print the score from which a row is an alarm, and end")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
) -> None:
    """Find the spikes in any series of counts: the detector that watches the hashtags."""
    if [file is not None, stream, threshold].count(True) != 1:
        raise Invalid("spikes", None, "name one: a FILE.csv, --stream or --threshold")
    if threshold:
        sys.stdout.write(f"{THRESHOLD}\n")
    elif file is not None:
        _tell(file, json)
    else:
        _answer()


def _answer() -> None:
    """One line in, one score out. The step is that of the first rows: a smaller one there begins anew with it."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # what is no text is a bad line with a number, like any other
    first: list[Row] = []
    detector = Detector(STEP)
    try:
        for row in _rows(sys.stdin):
            if len(first) <= EVIDENCE:
                first.append(row)
                detector = Detector(_step([row.at for row in first], smallest=True))
                score = [detector.push(*known) for known in first][-1].score
            else:
                score = detector.push(*row).score
            # What an alarm exceeds 1 by orders nothing: later rows of its event are held against a higher bar.
            sys.stdout.write(f"{min(score, THRESHOLD)!r}\n")
            sys.stdout.flush()
    except (BrokenPipeError, KeyboardInterrupt):
        # Who asked has left: what is still buffered goes nowhere, and nobody is told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        when, _, rest = line.strip().partition(",")
        try:
            at = parse_time(when.strip('" '))
        except ValueError as error:
            if number == 1:
                continue  # a header
            raise Invalid(f"line {number}", when, str(error)) from None
        yield Row(at, _value(number, rest.split(",")[0].strip('" ')))


def _value(number: int, text: str) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        value = float("nan")
    if value is not None and not 0 <= value < float("inf"):
        raise Invalid(f"line {number}", text, f"{text!r} is not a count: a number from 0 on, or empty where unknown")
    return value


def _step(times: list[int], smallest: bool = False) -> int:
    apart = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    if not apart:
        return STEP
    return min(apart) if smallest else median_low(apart)


class Found(NamedTuple):
    """An event: its first alarm, the strongest of its verdicts at alarms, and how many rows were alarms."""

    at: int
    peak: Verdict
    alarms: int


def _tell(file: Path, json: bool) -> None:
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            rows = list(_rows(lines))
    except FileNotFoundError:
        raise Invalid("FILE", str(file), f"there is no file {file}") from None
    if not rows:
        raise Invalid("FILE", str(file), f"{file} has no rows of timestamp,value")
    step = _step([row.at for row in rows])
    verdicts = list(_judged(rows, step))
    found = _events([row.at for row in rows], verdicts, max(SAME_EVENT_MS, 6 * step))
    judged = sum(verdict.observed is not None for verdict in verdicts)
    if json:
        _as_json(rows, step, judged, found)
    else:
        _as_table(rows, step, judged, found)


def _judged(rows: list[Row], step: int) -> Iterator[Verdict]:
    from app.commands import show

    detector = Detector(step)
    with show.progress("judging") as bar:
        for place, row in enumerate(rows):
            if place % 10_000 == 0:
                bar(place, len(rows))
            yield detector.push(*row)


def _events(times: list[int], verdicts: list[Verdict], apart: int) -> list[Found]:
    found: list[Found] = []
    last = 0
    for at, verdict in zip(times, verdicts, strict=True):
        if verdict.score < THRESHOLD:
            continue
        if found and at - last <= apart:
            former = found[-1]
            found[-1] = Found(former.at, max(former.peak, verdict, key=lambda v: v.observed or 0), former.alarms + 1)
        else:
            found.append(Found(at, verdict, 1))
        last = at
    return found


def _as_json(rows: list[Row], step: int, judged: int, found: list[Found]) -> None:
    from app.commands import show

    show.as_json(
        {
            "rows": len(rows), "judged": judged, "step_s": step / 1000, "threshold": THRESHOLD,
            "from": rfc3339(rows[0].at), "to": rfc3339(rows[-1].at), "episodes": [_described(one) for one in found],
        }
    )  # fmt: skip


def _described(one: Found) -> dict[str, Any]:
    peak = one.peak
    return {
        "at": rfc3339(one.at), "since": rfc3339(peak.since) if peak.since is not None else None, "score": peak.score,
        "observed": peak.observed, "baseline": peak.baseline, "ratio": peak.ratio, "window_s": peak.window_ms / 1000,
        "rarity": peak.rarity, "alarms": one.alarms,
    }  # fmt: skip


def _as_table(rows: list[Row], step: int, judged: int, found: list[Found]) -> None:
    from app.commands import show
    from app.commands.growth import sparkline

    seconds = f"{step / 1000:g} s"
    show.say(f"{len(rows):,} rows of {seconds}, {rfc3339(rows[0].at)} to {rfc3339(rows[-1].at)}; {judged:,} judged")
    show.say(sparkline([row.value for row in rows], WIDTH))
    show.say(_marks([row.at for row in rows], found))
    if not found:
        show.say("no spike")
        return
    minutes = found[0].peak.window_ms / 60_000
    show.columns(["alarm", "since", "score", "observed", "expected", "times", "a year"], [_line(one) for one in found])
    show.say(f"an alarm scores {THRESHOLD:g} or more; observed and expected: in the {minutes:g} minutes before;")
    show.say("a year: rows that stand out so far in a year without events")


def _marks(times: list[int], found: list[Found]) -> str:
    """Under the blocks of the chart, which sum neighbours in the same way: where the alarms are."""
    chunk = -(-len(times) // WIDTH)
    places = {at: place // chunk for place, at in enumerate(times)}
    at = {places[one.at] for one in found}
    return "".join("^" if place in at else " " for place in range(max(at, default=-1) + 1))


def _line(one: Found) -> list[object]:
    peak = one.peak
    since = rfc3339(peak.since) if peak.since is not None else None
    a_year = f"{peak.rarity:.1g}" if peak.rarity >= 1e-3 else "< 0.001"
    return [rfc3339(one.at), since, peak.score, peak.observed, peak.baseline, peak.ratio, a_year]
