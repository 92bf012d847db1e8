"""Two to five campaigns side by side: what `app.analysis.compare` needs of each, read at one step."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, select

from app.analysis import aligned, calendar, compare
from app.analysis.aligned import LEAST, MOST, Campaign, Gifts
from app.clock import rfc3339
from app.db.engine import ReadSession
from app.errors import Invalid
from app.models import Outcome
from app.store import campaigns, counted, lives
from app.store.curves import moment
from app.store.lives import Begun, Life
from app.store.outcomes import GIVERS, SUM, summed

METRICS = (
    "posts", "authors_new", "likes", "reposts", "replies", "quotes", "views", "engagement", "followers",
    "potential_impressions",
)  # fmt: skip
NATIVE = "native_posts"
"""Posts as the platforms count them: all that is compared then is of their own counts."""
PER = tuple(compare.PER)


async def side_by_side(
    session: ReadSession, slugs: Sequence[str], now: int, metric: str = "engagement", per: str = "absolute",
    zone: str = "UTC", as_of: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """NotFound for a campaign that is none, Invalid for what cannot be compared.

    `as_of`: what would have been shown then, facts that came later unseen.
    """
    _check(slugs, metric, per)
    now = moment(as_of, now)
    try:
        tz = calendar.zone(zone)
    except ValueError as error:
        raise Invalid("tz", zone, str(error)) from None
    kept = [await campaigns.by_slug(session, slug) for slug in slugs]
    begun = [await lives.begin(session, one, now, as_of) for one in kept]
    found = await _lives(session, begun, tz, metric == NATIVE)
    bare = [_campaign(life, _launch(life)) for life in found]
    cuts = aligned.cut(bare, now)
    whole = [await _filled(session, life, one, cut) for life, one, cut in zip(found, bare, cuts, strict=True)]
    told = compare.compare(whole, now, "posts" if metric == NATIVE else metric, per, zone)
    return {**told, "metric": metric, "as_of": rfc3339(now)}


async def _lives(session: ReadSession, begun: Sequence[Begun], tz: ZoneInfo, native: bool) -> list[Life]:
    step = lives.step_for(min(one.start for one in begun), begun[0].now)
    found = [await (counted if native else lives).read(session, one, step, tz) for one in begun]
    if native and step == "1h" and any(not any(life.columns["coverage"]) for life in found):
        return [await counted.read(session, one, "1d", tz) for one in begun]  # days are told, and do not nest in hours
    return found


def _check(slugs: Sequence[str], metric: str, per: str) -> None:
    if not LEAST <= len(slugs) <= MOST:
        raise Invalid("campaign", list(slugs), f"must name {LEAST} to {MOST} campaigns")
    if len(set(slugs)) < len(slugs):
        raise Invalid("campaign", list(slugs), "names one campaign twice: a campaign is compared with others")
    if metric not in (*METRICS, NATIVE):
        raise Invalid("metric", metric, f"must be one of {' '.join((*METRICS, NATIVE))}")
    if per not in PER:
        raise Invalid("per", per, f"must be one of {' '.join(PER)}")


def _launch(life: Life) -> int | None:
    """The declared launch; None where it is found, which the alignment does again."""
    began, slug = life.began(), life.kept.it.slug
    if began.value is None:
        told = f'PATCH /api/v1/campaigns/{slug} {{"launched_at": "2026-11-24T18:00:00Z"}} declares one'
        raise Invalid("campaign", slug, f"no launch is declared, and none was found ({began.reason}); {told}")
    if began.value >= life.now:
        raise Invalid("campaign", slug, f"is launched at {rfc3339(int(began.value))}, which is still to come")
    return life.kept.it.launched_at


def _campaign(life: Life, launch: int | None) -> Campaign:
    it = life.kept.it
    return Campaign(it.slug, it.name, it.kind, life.columns, life.edges, launch, it.ended_at)


async def _filled(session: ReadSession, life: Life, bare: Campaign, cut: tuple[int, int]) -> Campaign:
    """With who posted from the launch to the cut, and what was given."""
    authors = await life.sums.authors(np.array(cut, dtype=np.int64), None)
    gifts = await _gifts(session, life)
    return Campaign(
        bare.slug, bare.name, bare.kind, bare.columns, bare.edges, bare.launch, bare.ended, gifts, authors.posts,
        authors.largest,
    )  # fmt: skip


async def _gifts(session: ReadSession, life: Life) -> dict[str, Gifts]:
    """By currency, summed up within buckets, gifts and refunds apart: which bucket a gift is in is all that counts."""
    edges, known = life.edges, () if life.as_of is None else (Outcome.recorded_at <= life.as_of,)
    start, grain = int(edges[0]), int(np.gcd.reduce(np.append(edges - edges[0], 3_600_000)))
    slot = ((Outcome.occurred_at - start) // grain).label("slot")
    given = (Outcome.micros > 0).label("given")
    query = select(Outcome.currency, slot, given, *SUM, func.sum(GIVERS)).where(
        Outcome.campaign_id == life.kept.id, Outcome.micros.is_not(None), *known,
        Outcome.occurred_at >= start, Outcome.occurred_at < int(edges[-1]),
    )  # fmt: skip
    found: dict[str, list[tuple[int, int, int]]] = {}
    for currency, place, _, whole, part, by in await session.execute(query.group_by(Outcome.currency, "slot", "given")):
        row = (start + int(place) * grain, summed(whole, part), int(by or 0))
        found.setdefault(str(currency), []).append(row)
    return {
        currency: Gifts(*(np.array(column, dtype=np.int64) for column in zip(*sorted(rows), strict=True)))
        for currency, rows in sorted(found.items())
    }
