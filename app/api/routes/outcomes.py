"""What a campaign brought in: donations, sign-ups and refunds, listed, sent, mended and summed."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.analysis.money import decimal
from app.api.deps import Changing, IfMatch, Made, Page, Posting, Reading, check_match, etag
from app.api.openapi import Responses, changed, problems
from app.api.route import Route
from app.api.routes.campaigns import READ, WRITE, SlugInPath
from app.api.schemas.common import Instant, when
from app.api.schemas.outcomes import (
    InfluencerPart,
    Kind,
    NewOutcome,
    OneOrMore,
    OneSum,
    OutcomeBody,
    OutcomeChange,
    OutcomeList,
    OutcomesKept,
    OutcomeSums,
    Part,
)
from app.clock import rfc3339
from app.db.engine import Session
from app.errors import Conflict, FieldError, Invalid
from app.store import campaigns, outcomes, people
from app.store.outcomes import Brought, Gift, Kept, Which

router = APIRouter(tags=["outcomes"], route_class=Route)
IdInPath = Annotated[str, Path(max_length=200, examples=["gift-1"])]
Start = Annotated[Instant | None, Query(alias="from")]
End = Annotated[Instant | None, Query()]


def _body(kept: Kept) -> OutcomeBody:
    it = kept.it
    return OutcomeBody(
        id=it.id, occurred_at=rfc3339(it.occurred_at), kind=it.kind, amount=it.amount, currency=it.currency,
        code=it.code, donors=it.donors, recorded_at=rfc3339(kept.recorded_at),
    )  # fmt: skip


def _etag(kept: Kept) -> dict[str, str]:
    return etag(kept.version, f"{kept.campaign_id} {kept.it.id} {kept.recorded_at}")


def gifts_of(asked: NewOutcome | list[NewOutcome]) -> list[Gift]:
    """Invalid with every field that is not right, named by its place in the list."""
    found, wrong = [], []
    for place, one in enumerate(asked if isinstance(asked, list) else [asked]):
        try:
            found.append(outcomes.checked(Gift(**one.model_dump())))
        except Invalid as error:
            (at_fault,) = error.errors
            field = f"{place}.{at_fault.field}" if isinstance(asked, list) else at_fault.field
            wrong.append(FieldError(field, at_fault.value, at_fault.message))
    if wrong:
        refused = Invalid(wrong[0].field, wrong[0].value, wrong[0].message)
        refused.errors = tuple(wrong[:20])
        raise refused
    return found


async def keep(session: Session, campaign_id: str, gifts: Sequence[Gift], now: int) -> OutcomesKept:
    """All of them or, where an id is known with other words, none."""
    kept = await outcomes.keep(session, campaign_id, gifts, now)
    if not kept.conflicts:
        return OutcomesKept(new=kept.new, repeated=kept.repeated)
    told = "is known with other words: PATCH or DELETE that outcome, or send another id"
    fields = [
        FieldError(f"{place}.id" if len(gifts) > 1 else "id", gifts[place].id, told) for place in kept.conflicts[:20]
    ]
    raise Conflict(f"nothing was kept: the id {gifts[kept.conflicts[0]].id!r} {told}", fields)


@router.get("/campaigns/{slug}/outcomes", dependencies=READ, responses=problems(404))
async def list_outcomes(
    slug: SlugInPath, session: Reading, page: Page, start: Start = None, to: End = None, kind: Kind | None = None
) -> OutcomeList:
    """Outcomes in the order of time."""
    campaign = await campaigns.by_slug(session, slug)
    rows = await outcomes.listed(session, campaign.id, Which(start, to, kind), page.after, page.limit)
    found, following = page.finish(rows, lambda kept: [kept.it.occurred_at, kept.it.id])
    return OutcomeList(items=[_body(row) for row in found], next=following)


@router.post(
    "/campaigns/{slug}/outcomes", dependencies=WRITE, status_code=201, response_model=None,
    responses=Responses({
        200: {"model": OutcomesKept, "description": "all of them were known"},
        201: {"model": OutcomesKept, "description": "kept"},
    }) | problems(404, 409, 413),
)  # fmt: skip
async def send_outcomes(slug: SlugInPath, asked: OneOrMore, writing: Posting) -> Response:
    """Send one outcome or a list. The same `id` twice counts once; with other words it is a 409, and none is kept."""
    gifts = gifts_of(asked)

    async def work(session: Session) -> Made:
        campaign = await campaigns.by_slug(session, slug)
        kept = await keep(session, campaign.id, gifts, writing.now)
        return Made(kept, f"campaign {slug}", 201 if kept.new else 200)

    return await writing.once("outcome.create", work)


@router.get("/campaigns/{slug}/outcomes/summary", dependencies=READ, responses=problems(404))
async def sum_outcomes(slug: SlugInPath, session: Reading, start: Start = None, to: End = None) -> OutcomeSums:
    """What came in by kind, currency and influencer, and the share that bears nobody's code."""
    campaign = await campaigns.by_slug(session, slug)
    found = await outcomes.totals(session, campaign.id, start, to)
    names = await people.names(session, sorted({one.influencer_id for one in found if one.influencer_id}))
    sums = [_sum(list(parts), names) for _, parts in groupby(found, lambda one: (one.kind, one.currency))]
    return OutcomeSums(campaign=slug, **{"from": when(start)}, to=when(to), items=sums)


def _sum(parts: Sequence[Brought], names: dict[str, str]) -> OneSum:
    whole = _added(parts)
    theirs = [
        InfluencerPart(influencer=one.influencer_id, name=names.get(one.influencer_id, ""), **_part([one], whole))
        for one in sorted(parts, key=lambda one: (-one.micros, -one.count))
        if one.influencer_id
    ]
    nobody = Part(**_part([one for one in parts if not one.influencer_id], whole))
    return OneSum(
        kind=whole.kind, currency=whole.currency, influencers=theirs, unattributed=nobody, **_part(parts, whole)
    )


def _added(parts: Sequence[Brought]) -> Brought:
    first = parts[0]
    count, amount = sum(one.count for one in parts), sum(one.micros for one in parts)
    donors = [one.donors for one in parts if one.donors is not None]
    said = sum(one.said for one in parts)
    return Brought(first.kind, first.currency, None, count, amount, sum(donors) if donors else None, said)


def _part(parts: Sequence[Brought], whole: Brought) -> dict[str, Any]:
    it = _added(parts) if parts else Brought(whole.kind, whole.currency, None, 0, 0, 0, 0)
    money = whole.currency is not None
    size, all_of_it = (it.micros, whole.micros) if money else (it.count, whole.count)
    return {
        "count": it.count, "amount": decimal(it.micros) if money else None, "donors": it.donors,
        "donors_at_least": it.said < it.count, "share": size / all_of_it if all_of_it > 0 else None,
    }  # fmt: skip


@router.get("/campaigns/{slug}/outcomes/{id:path}", dependencies=READ, responses=changed(OutcomeBody) | problems(404))
async def read_outcome(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002 - the name that the address has
    session: Reading,
    response: Response,
) -> OutcomeBody:
    """One outcome, with its ETag."""
    row = await outcomes.by_id(session, (await campaigns.by_slug(session, slug)).id, id)
    response.headers.update(_etag(row))
    return _body(row)


@router.patch(
    "/campaigns/{slug}/outcomes/{id:path}", dependencies=WRITE, response_model=None,
    responses=changed(OutcomeBody) | problems(404, 409, 412, 413),
)  # fmt: skip
async def change_outcome(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002
    asked: OutcomeChange,
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Change what is given."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}

    async def work(session: Session) -> Made:
        old = await outcomes.by_id(session, (await campaigns.by_slug(session, slug)).id, id)
        check_match(if_match, _etag(old))
        row = await outcomes.change(session, old, replace(old.it, **given), writing.now)
        return Made(_body(row), f"outcome {id} of campaign {slug}", 200, _etag(row))

    return await writing.once("outcome.change", work)


@router.delete(
    "/campaigns/{slug}/outcomes/{id:path}", dependencies=WRITE, status_code=204, response_model=None,
    responses=problems(404, 412),
)  # fmt: skip
async def delete_outcome(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Delete an outcome that was wrong. A refund is an outcome of its own, with a negative amount."""

    async def work(session: Session) -> Made:
        old = await outcomes.by_id(session, (await campaigns.by_slug(session, slug)).id, id)
        check_match(if_match, _etag(old))
        await outcomes.remove(session, old, writing.now)
        return Made(None, f"outcome {id} of campaign {slug}", 204)

    return await writing.once("outcome.delete", work)
