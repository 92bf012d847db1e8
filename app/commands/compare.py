"""`groundswell compare`: campaigns side by side in the terminal."""

import json
from typing import Annotated, Any, Literal

import typer

from app.commands.frame import database, instant, now, run, settings
from app.commands.growth import sparkline
from app.commands.show import say

UNCOVERED = (
    "import posts --from --to, or a coverage file, says what was; --metric native_posts compares platforms' own counts"
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def compare(
    campaigns: Annotated[list[str], typer.Argument(metavar="A B [C...]", help="2 to 5 slugs")],
    align: Annotated[Literal["launch"], typer.Option(help="what is hour 0")] = "launch",  # noqa: ARG001 - one so far
    metric: Annotated[str, typer.Option(help="what the ratios are of")] = "engagement",
    per: Annotated[str, typer.Option(help="absolute, post, follower or day")] = "absolute",
    tz: Annotated[str, typer.Option(help="an IANA zone")] = "UTC",
    as_of: Annotated[str | None, typer.Option("--as-of", help="as it was known then. Default: now")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Put campaigns side by side: aligned at their launches, cut at the youngest's age."""
    found = run(_compared(campaigns, metric, per, tz, instant("as_of", as_of)))
    say(json.dumps(found, ensure_ascii=False) if as_json else told(found))


async def _compared(slugs: list[str], metric: str, per: str, tz: str, as_of: int | None) -> dict[str, Any]:
    from app.store import comparing

    async with database(settings()) as db, db.read() as session:
        return await comparing.side_by_side(session, slugs, now(), metric, per, tz, as_of)


def told(found: dict[str, Any]) -> str:
    """What is compared, the curves as lines of blocks, the table, and the ratios."""
    each, seen = found["campaigns"], found["intersection"]
    covered = f"{seen['buckets']} of {seen['of']} buckets were observed for all"
    if not seen["buckets"]:
        covered += f" ({UNCOVERED})"
    lines = [f"{span(found['age_hours'])} from launch, cut at the youngest; {covered}"]
    for one in each:
        when = f"{DAYS[one['weekday']]} {one['hour']:02}h" if one["weekday"] is not None else "?"
        lines.append(f"{one['slug']}: launch {one['launch']['value']} ({when}, {one['launch']['reason']})")
        lines.append(f"  {found['metric']}  {sparkline(one['series']['gain'])}")
    lines += ["", *_table(found["table"], [one["slug"] for one in each]), ""]
    lines += [_ratio(one, found) for one in found["log_ratios"]]
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]], slugs: list[str]) -> list[str]:
    notes: dict[str, int] = {}
    cells = [["", *slugs]] + [
        [row["name"].replace("_", " "), *(_cell(row["values"][slug], notes) for slug in slugs)] for row in rows
    ]
    widths = [max(len(line[place]) for line in cells) for place in range(len(slugs) + 1)]
    shown = [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in cells
    ]
    return [*shown, *(f"[{number}] {note}" for note, number in notes.items())]


def _cell(value: dict[str, Any], notes: dict[str, int]) -> str:
    """The number and its unit, bounds where they differ, and a note for what is to be known of it."""
    low, high = value["low"], value["high"]
    unit = "hours" if value["unit"].startswith("hours") else value["unit"]
    if value["value"] is not None:
        text = _said(value["value"], unit)
        if (low, high) != (value["value"], value["value"]):
            whole = f"{text} ({_said(low, unit)} to {_said(high, unit)})"
            text = f"at least {text}" if low == value["value"] and high is None else whole
    elif low is not None and high is None:
        text = f"at least {_said(low, unit)}"
    elif low is not None or high is not None:
        text = f"{_said(low, unit)} to {_said(high, unit)}"
    else:
        return f"· [{notes.setdefault(value['reason'], len(notes) + 1)}]"
    text += "" if unit in ("posts", "authors", "share", "hours") else f" {unit}"
    return f"{text} [{notes.setdefault(value['reason'], len(notes) + 1)}]" if value["reason"] else text


def _said(value: float | None, unit: str) -> str:
    return span(value) if unit == "hours" and value is not None else number(value)


def number(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1_000 else f"{value:,.3g}"


def span(hours: float) -> str:
    return f"{hours / 24:,.1f} days" if hours >= 48 else f"{hours:,.3g} hours"


def _ratio(one: dict[str, Any], found: dict[str, Any]) -> str:
    per = "" if found["per"] == "absolute" else f" per {found['per']}"
    head = f"{found['metric']}{per} of {one['of']} to {one['to']}"
    if one["value"] is None:
        return f"{head}: · ({one['reason']})"
    low, value, high = one["ratio"]
    return f"{head}: {value:.3g} times (95 %: {low:.3g} to {high:.3g})"
