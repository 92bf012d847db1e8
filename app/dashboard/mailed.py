"""A campaign's month as mail: the report as programs for mail show it, its charts as pictures, and no script.

The door hands `writer` to whoever sends: the alerts know nothing of pages (docs/decisions/0016).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.alerts.letters import Enclosed, Writer
from app.analysis.money import micros
from app.clock import parse_time
from app.dashboard import asked, brought, picture, raster, render, report
from app.dashboard.panels import Panel
from app.dashboard.picture import Told
from app.dashboard.words import Words
from app.db.engine import Database
from app.errors import NotFound
from app.store import campaigns

MOST_PEOPLE, MOST_UNSEEN = 8, 5


def writer(db: Database) -> Writer:
    """None of a campaign that is gone: who was erased since the month was over is in no mail either."""

    async def write(body: Mapping[str, Any], lang: str) -> Enclosed | None:
        data, w, now = body["data"], Words(lang), parse_time(body["timestamp"])
        given = {"from": data["period"]["from"], "to": data["period"]["to"], "tz": data["timezone"]}
        try:
            async with db.read() as session:
                kept = await campaigns.by_slug(session, data["subject"]["campaign"])
                found = await report.gathered(session, kept, asked.read(given, lang), w, now)
        except NotFound:
            return None
        return await asyncio.to_thread(_written, found, data, w)

    return write


def _written(found: Mapping[str, Any], data: Mapping[str, Any], w: Words) -> Enclosed:
    pictures = _pictures(found["panels"], found["told"], w)
    html = render.fragment("mailed.html", **{
        **found, "people": found["people"][:MOST_PEOPLE], "unseen": found["unseen"][:MOST_UNSEEN],
        "more": found["more"] + max(0, len(found["unseen"]) - MOST_UNSEEN),
        "month": _month(data["month"], w), "link": data["links"]["dashboard"], "pictures": pictures,
        "gave": [_gave(one, w) for one in data["outcomes"]],
    })  # fmt: skip
    return Enclosed(html, pictures)


def _pictures(drawn: Sequence[Panel], told: Told, w: Words) -> dict[str, bytes]:
    """None on a machine without fonts: what they show stands in words and numbers too."""
    try:
        return {one.name: raster.png(picture.svg(one, told, w, alone=False, narrow=True)) for one in drawn}
    except NotFound:
        return {}


def _month(name: str, w: Words) -> str:
    """`2026-10`, as a title says it."""
    return w.month(date.fromisoformat(f"{name}-01"))


def _gave(one: Mapping[str, Any], w: Words) -> tuple[str, str]:
    what = w.or_same(f"brought.{one['kind']}", one["kind"])
    if one["currency"] is None:
        return what, w.number(one["count"])
    return what, brought.money(micros(one["amount"]), one["currency"], w)
