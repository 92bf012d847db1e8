"""The report for a board: one page that needs nothing else, prints to A4, and says what it does not know."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.dashboard import brought, downloads, grew, panels, picture, render, side_table, subjects, tables
from app.dashboard.asked import Asked
from app.dashboard.panels import Shown
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import campaigns, influence, outcomes, people
from app.store.campaigns import Kept

router = APIRouter(route_class=render.Page)
MOST_PEOPLE, MOST_AUTHORS = 12, 8
FIGURES = ("peak", "doubling_time", "half_life", "top10_share", "reach")
SHEET = Markup(Path(__file__).with_name("report.css").read_text("utf-8").strip())  # noqa: S704 - our own file
# Nothing but this one sheet: neither a script, nor an image, nor a word to another server.
_HASH = base64.b64encode(hashlib.sha256(SHEET.encode()).digest()).decode()
ALLOWS = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"


@router.get("/campaigns/{slug}/report")
async def show_report(slug: str, request: Request) -> Response:
    render.check_may(request, "stats:read")
    w, it, now = words_of(request), render.asked_of(request, "all"), now_of(request)
    async with render.reading(request) as session:
        kept = await campaigns.by_slug(session, slug)
        text = await written(session, kept, it, w, now, f"/campaigns/{slug}", f"/campaigns/{slug}")
    return answer(text, w)


def answer(text: str, w: Words, framed_by: str = "'none'") -> Response:
    told = {"Content-Language": w.lang, "Content-Security-Policy": f"{ALLOWS}; frame-ancestors {framed_by}"}
    return HTMLResponse(text, headers=told)


async def written(
    session: ReadSession, kept: Kept, it: Asked, w: Words, now: int, path: str | None = None, back: str | None = None
) -> str:  # fmt: skip
    """`path`: where its charts are to be had as files; None in a file of its own. `back`: the page to go back to."""
    found = await gathered(session, kept, it, w, now)
    charts = [(one, picture.both(one, found["told"], w)) for one in found["panels"]]
    return render.fragment(
        "report.html", sheet=SHEET, allows=ALLOWS, charts=charts, path=path, back=back, query=it.query(), **found
    )


async def gathered(session: ReadSession, kept: Kept, it: Asked, w: Words, now: int) -> dict[str, Any]:
    """All that a report says, whatever it is written on.

    It goes to people who never logged in: who asks not to be shown to those is not named.
    """
    named = downloads.of_campaign(kept, w)
    shown = await subjects.shown(session, named.subject, it, w, now)
    found = await influence.of_campaign(session, kept, MOST_AUTHORS, now)
    given = await outcomes.totals(session, kept.id)
    names = await people.names(session, sorted({one.influencer_id for one in given if one.influencer_id}))
    rows = brought.rows(given, names, w)
    figures, notes = _figures(shown, kept.it.slug, w)
    unseen, more = tables.missing(shown, it, w)
    return {
        "w": w, "it": it, "kept": kept, "told": picture.told(named.title, shown, it, w, named.tags),
        "panels": panels.panels(shown, it, w, named.subject.marks, most=2)[::-1],
        "says": _says(shown, it, w), "gave": _gave(rows), "totals": tables.totals(shown, w), "figures": figures,
        "notes": notes, "brought": rows, "unseen": unseen, "more": more, "authors": w.number(found.authors),
        "people": [grew.told(row, found, w, known=False) for row in found.rows[:MOST_PEOPLE]],
    }  # fmt: skip


def _says(shown: Shown, it: Asked, w: Words) -> str:
    sums = shown.raw["totals"]
    parts = [
        w(f"unknown.{key}") if sums[name] is None else w.count(key, sums[name])
        for key, name in (("posts", "posts"), ("engaged", "engagement"), ("people", "authors"))
        if key != "people" or sums[name] is not None
    ]
    what = w.listed(parts)
    said = w("at_least", what=what) if sums["at_least"] else what
    start, end = (w.moment(edge, it.tz) for edge in (shown.edges[0], shown.edges[-1]))
    return w("report.says", what=said, **{"from": start, "to": end})


def _gave(rows: list[brought.Row]) -> dict[str, str]:
    """By kind, what came in of each currency."""
    return {row.what: " + ".join(one.amount for one in rows if one.what == row.what) for row in rows}


def _figures(shown: Shown, slug: str, w: Words) -> tuple[list[side_table.Row], list[str]]:
    summary: dict[str, Any] = shown.raw["summary"]
    rows = [
        {"name": name, "unit": summary[name]["unit"], "values": {slug: summary[name]}}
        for name in FIGURES if name in summary
    ]  # fmt: skip
    return side_table.rows({"campaigns": [{"slug": slug}], "table": rows}, w)
