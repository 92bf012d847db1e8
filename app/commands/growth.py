"""`groundswell growth`: a curve in the terminal or a file, the same numbers as the API's."""

import sys
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.commands.frame import database, instant, now, run, settings
from app.errors import Invalid

Format = Literal["table", "csv", "json", "parquet"]
NAMED: dict[str, Format] = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".txt": "table"}
SHOWN = ("posts", "posts_total", "authors_new", "engagement", "engagement_total", "coverage")
BLOCKS = "▁▂▃▄▅▆▇█"


def growth(
    tag: Annotated[str | None, typer.Argument(metavar="[TAG]", help="a hashtag; or --campaign, --influencer")] = None,
    campaign: Annotated[str | None, typer.Option(help="a campaign's slug")] = None,
    influencer: Annotated[str | None, typer.Option(help="an influencer's id")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="RFC 3339 or unix seconds. Default: the first post")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="likewise. Default: now")] = None,
    step: Annotated[str, typer.Option(help="5m 15m 1h 6h 1d 1w")] = "1h",
    tz: Annotated[str, typer.Option(help="an IANA zone: where days begin")] = "UTC",
    metric: Annotated[list[str] | None, typer.Option(help="columns; may be repeated. Default: all")] = None,
    platform: Annotated[str | None, typer.Option(help="one platform alone")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="as it was known then. Default: now")] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="what to write. Default: as --out is named, else table")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="a file: .csv, .json or .parquet; parquet needs one")] = None,
) -> None:
    """Show how a hashtag, a campaign or an influencer grew."""
    from app.store.curves import Ask

    names = tuple(name for one in metric or () for name in one.replace(",", " ").split())
    known = instant("as_of", as_of)
    ask = Ask(instant("from", start), instant("to", end), step, tz, names or None, platform, as_of=known)
    chosen = _format(form, out)
    curve = run(_curve(_subject(tag, campaign, influencer), ask))
    _write(curve, chosen, out)


def _format(form: Format | None, out: Path | None) -> Format:
    if form == "parquet" and out is None:
        raise Invalid("out", None, "parquet goes into a file: --out curve.parquet")
    if form is not None or out is None:
        return form or "table"
    found = NAMED.get(out.suffix.lower())
    if found is None:
        raise Invalid("out", str(out), f"{out} does not say what to write: name it {', '.join(NAMED)}, or say --format")
    return found


def _subject(tag: str | None, campaign: str | None, influencer: str | None) -> tuple[str, str]:
    given = [(kind, ref) for kind, ref in (("hashtag", tag), ("campaign", campaign), ("influencer", influencer)) if ref]
    if len(given) != 1:
        raise Invalid("subject", None, "name one: a '#tag', --campaign or --influencer")
    return given[0]


async def _curve(subject: tuple[str, str], ask: Any) -> dict[str, Any]:
    from app.store import campaigns, curves

    kind, ref = subject
    async with database(settings()) as db, db.read() as session:
        label = None
        if kind == "hashtag":
            ref = normal_tag(ref)
        elif kind == "campaign":
            ref, label = (await campaigns.by_slug(session, ref)).id, ref
        return await curves.growth(session, kind, ref, ask, now(), label)


def normal_tag(tag: str) -> str:
    from app.analysis.tags import normal, wrong

    if problem := wrong(tag):
        raise Invalid("tag", tag, problem)
    return normal(tag)


def _write(curve: dict[str, Any], form: Format, out: Path | None) -> None:
    from app.exports.curve import write

    text = _table(curve).encode() if form == "table" else write(curve, form)
    if out is not None:
        out.write_bytes(text)
    else:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()


def _table(curve: dict[str, Any]) -> str:
    """A line for each bucket, and above them the curve as one line of blocks."""
    from app.exports.curve import table

    subject, series = curve["subject"], curve["series"]
    name = f"#{subject['hashtag']}" if subject["kind"] == "hashtag" else next(reversed(subject.values()))
    chosen = [name for name in series if name != "time" and (name in SHOWN or len(series) <= len(SHOWN) + 1)]
    lines = [f"{name}, {curve['from']} to {curve['to']}, step {curve['step']}, {curve['timezone']}"]
    drawn = next((name for name in ("engagement", *chosen) if any(v is not None for v in series.get(name, ()))), None)
    if drawn:
        lines.append(f"{drawn}  {sparkline(series[drawn])}")
    told = table(_with_percent(curve), chosen).splitlines()
    lines += [told[0], *_without_long_gaps(told[1:], [series[name] for name in chosen if not name.endswith("_total")])]
    for gap in curve["gaps"]:
        why = gap["reason"] or gap["state"]
        lines.append(f"not observed on {gap['source']} (#{gap['hashtag']}): {gap['from']} to {gap['to']}: {why}")
    if curve["totals"].get("at_least"):
        lines.append("some of it was not observed: totals are at least what is shown")
    return "\n".join(lines) + "\n"


class _Percent(float):
    """A share as it is read: never 100 % where something is missing, never 0 % where something is there."""

    def __format__(self, _: str) -> str:
        whole = min(max(round(self * 100), 1), 99) if 0 < self < 1 else round(self * 100)
        return f"{whole} %"


def _with_percent(curve: dict[str, Any]) -> dict[str, Any]:
    shares = {
        name: [None if one is None else _Percent(one) for one in curve["series"][name]]
        for name in ("coverage", "estimated") if name in curve["series"]
    }  # fmt: skip
    return {**curve, "series": {**curve["series"], **shares}}


def _without_long_gaps(lines: list[str], columns: list[list[float | None]]) -> list[str]:
    """Stretches of buckets of which nothing is known become one line that says how many there are."""
    unknown = [not any(column[at] for column in columns) and columns[0][at] is None for at in range(len(lines))]
    found: list[str] = []
    for hidden, group in groupby(enumerate(lines), key=lambda numbered: unknown[numbered[0]]):
        part = [line for _, line in group]
        short = not hidden or len(part) <= 3
        found += part if short else [part[0], f"… {len(part) - 2:,} more without a look …", part[-1]]
    return found


def sparkline(values: list[float | None], width: int = 72) -> str:
    """Sums of neighbours where there are more values than columns; a space is a gap, never a zero."""
    chunk = -(-len(values) // width)
    parts = [values[at : at + chunk] for at in range(0, len(values), chunk)]
    sums = [None if all(v is None for v in part) else sum(v or 0 for v in part) for part in parts]
    top = max((value for value in sums if value is not None), default=0)
    scale = (len(BLOCKS) - 1) / top if top > 0 else 0
    return "".join(" " if value is None else BLOCKS[max(0, round(value * scale))] for value in sums)
