"""The page that says who made a campaign grow: people first, then the largest accounts."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.clock import HOUR, rfc3339
from app.dashboard import brought, render
from app.dashboard.asked import Asked
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.store import campaigns, influence
from app.store.influence import Influence, Whose

router = APIRouter(route_class=render.Page)
MOST = 20
MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One person or account in words. `ref`: the page of a person; `wide`: a bar, in hundredths of the longest."""

    name: str
    ref: str | None
    where: str
    cells: tuple[str, ...]
    first: str
    brought: str
    lift: str
    reshares: str
    wide: float


@router.get("/campaigns/{slug}/influencers")
async def show_influence(slug: str, request: Request) -> Response:
    render.check_may(request, "stats:read")
    w, it = words_of(request), render.asked_of(request, "all")
    async with render.reading(request) as session:
        kept = await campaigns.by_slug(session, slug)
        found = await influence.of_campaign(session, kept, MOST, now_of(request), it.as_of)
    known = render.who_of(request).kind in ("user", "token")
    rows = [told(row, found, w, known) for row in found.rows]
    left = w.listed([_brought(one.count, one.micros, one.currency, w) for one in found.unattributed])
    bars = sorted(rows, key=lambda row: -row.wide)[:MOST_BARS]
    return render.page(
        request, "grew.html", answer=_answer(found, w), kept=kept, it=it,
        rows=rows, bars=bars, left=left, authors=w.number(found.authors),
        reposts=w.number(found.reshares.seen) if found.reshares.seen else "",
        api=f"/api/v1/campaigns/{kept.it.slug}/influencers{_known(it)}",
    )  # fmt: skip


def _answer(found: Influence, w: Words) -> str:
    """Who began, and whose lift is the largest that can be told."""
    people = [row for row in found.rows if row.influencer and row.name]
    began = min((row for row in people if row.first_at is not None), key=lambda row: row.first_at or 0, default=None)
    lifted = [(row.lift.credit.value, row) for row in people if row.lift and row.lift.credit.value is not None]
    said = [w("grew.began", who=began.name)] if began else []
    if lifted:
        value, row = max(lifted, key=lambda one: one[0])
        low, high = ((row.lift and getattr(row.lift.credit, name)) or 0 for name in ("low", "high"))
        numbers = {name: w.number(round(x)) for name, x in (("n", value), ("low", low), ("high", high))}
        said.append(w("grew.most", who=row.name, **numbers))
    elif began:
        said.append(w("grew.chance"))
    return " ".join(said)


def _known(it: Asked) -> str:
    return "" if it.as_of is None else f"?{urlencode({'as_of': rfc3339(it.as_of)})}"


def told(row: Whose, found: Influence, w: Words, known: bool) -> Row:
    hidden = row.withheld and not known
    cells = (
        w.number(row.posts), _share(row.posts, found.posts, w),
        w("unknown") if row.followers_then is None else w.number(row.followers_then),
        w("unknown") if row.followers_now is None else w.number(row.followers_now),
        w.number(row.engagement), _share(row.engagement, found.engagement, w),
    )  # fmt: skip
    name = w("post.withheld") if hidden else row.name or w("author.unknown")
    where = ", ".join(dict.fromkeys(account.platform for account in row.accounts))
    given = ", ".join(_brought(one.count, one.micros, one.currency, w) for one in row.brought)
    return Row(
        name, row.influencer, where, cells, _first(row, w), given or "–", _lift(row, w), _reshares(row, w),
        _wide(row, found),
    )  # fmt: skip


def _wide(row: Whose, found: Influence) -> float:
    longest = max((one.engagement for one in found.rows), default=0)
    return round(100 * row.engagement / longest, 2) if longest > 0 and row.engagement > 0 else 0.0


def _share(part: int, whole: int, w: Words) -> str:
    return w.percent(part / whole) if whole > 0 and part >= 0 else "–"


def _first(row: Whose, w: Words) -> str:
    if row.mover is None or row.rank is None:
        return "–"
    lead = row.mover.lead.value
    told = "" if lead is None else w("grew.before" if lead >= 0 else "grew.after", span=w.span(int(abs(lead) * HOUR)))
    return f"{row.rank}. {told}".strip()


def _brought(count: int, micros: int, currency: str | None, w: Words) -> str:
    if currency is None:
        return w.number(count)
    return f"{brought.money(micros, currency, w)} ({w.number(count)})"


def _lift(row: Whose, w: Words) -> str:
    if row.lift is None:
        return "–"
    credit = row.lift.credit
    low, high = (w("unknown") if x is None else w.number(round(x)) for x in (credit.low, credit.high))
    if credit.value is None:
        return w("grew.same")
    return f"{w.number(round(credit.value))} ({low} – {high})"


def _reshares(row: Whose, w: Words) -> str:
    return "–" if row.reshares.value is None else w.number(round(row.reshares.value, 1))
