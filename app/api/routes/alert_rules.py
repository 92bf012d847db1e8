"""Rules: what is to be told, and a dry run that says when it would have been."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app.alerts import dry_run
from app.alerts.wanted import TOLD, check_change, checked, seconds, usual_s, words
from app.api.deps import Changing, IfMatch, Made, Now, Page, Posting, Reading, check_match, etag, needs
from app.api.openapi import changed, problems
from app.api.route import Route
from app.api.schemas.alerts import DryRun, DryRunBody, NewRule, RuleBody, RuleChange, RuleList, WouldFire
from app.api.schemas.common import when
from app.clock import rfc3339
from app.db.engine import Database, ReadSession, Session
from app.errors import Invalid
from app.store import rules
from app.store.rules import Rule, Watched

router = APIRouter(tags=["alerts"], route_class=Route)
IdInPath = Annotated[str, Path(max_length=64, examples=["rul_0123456789abcdef"])]
READ, WRITE = [needs("stats:read")], [needs("rules:write")]
MOST_FIRED = 200


def _body(rule: Rule) -> RuleBody:
    it = rule.it
    return RuleBody(
        id=rule.id, name=it.name, kind=it.kind, subject={it.subject[0]: rule.label}, metric=it.metric,
        above=it.above, window=words(it.window_s, it.kind), severity=it.severity, enabled=it.enabled,
        endpoints=None if it.endpoints is None else list(it.endpoints), built_in=rule.id == rules.BUILT_IN,
        timezone=it.zone,
        created_at=rfc3339(rule.created_at), changed_at=rfc3339(rule.changed_at),
    )  # fmt: skip


def _etag(rule: Rule) -> dict[str, str]:
    return etag(rule.version, rule.id)


async def _watched(session: ReadSession, asked: NewRule) -> Watched:
    subject = await rules.subject_of(session, "subject", asked.subject.named())
    await rules.check_endpoints(session, asked.endpoints)
    window = usual_s(asked.kind) if asked.window is None else seconds(asked.window)
    endpoints = None if asked.endpoints is None else tuple(dict.fromkeys(asked.endpoints))
    return checked(
        Watched(
            asked.name,
            asked.kind,
            subject,
            asked.metric,
            asked.above,
            window,
            asked.severity,
            endpoints,
            asked.enabled,
            asked.timezone,
        )
    )


@router.get("/alert-rules", dependencies=READ, responses=problems())
async def list_rules(session: Reading, page: Page) -> RuleList:
    """Rules, the oldest first; the one that is there from the beginning is the first."""
    rows = await rules.listed(session, page.after, page.limit)
    found, following = page.finish(rows, lambda rule: [rule.created_at, rule.id])
    return RuleList(items=[_body(rule) for rule in found], next=following)


@router.post(
    "/alert-rules", dependencies=WRITE, status_code=201, response_model=None,
    responses=changed(RuleBody, 201) | problems(409, 413),
)  # fmt: skip
async def create_rule(asked: NewRule, writing: Posting) -> Response:
    """Watch for a spike, a threshold or a silence, or be told of each day or week (a digest) or month (a report)."""

    async def work(session: Session) -> Made:
        rule = await rules.create(session, await _watched(session, asked), writing.now)
        headers = {**_etag(rule), "Location": f"/api/v1/alert-rules/{rule.id}"}
        return Made(_body(rule), f"rule {rule.id}", 201, headers)

    return await writing.once("rule.create", work)


@router.post("/alert-rules/dry-run", dependencies=READ, responses=problems(413))
async def try_rule(asked: DryRun, request: Request, now: Now) -> DryRunBody:
    """When the rule would have fired over what is known, how often a month, and whether it ever or always would."""
    first = dry_run.earliest(now)
    start, end = (
        asked.start if asked.start is not None else first,
        min(asked.end if asked.end is not None else now, now),
    )
    if start < first:
        raise Invalid(
            "from", rfc3339(start), f"five-minute sums are kept for 14 days: {rfc3339(first)} at the earliest"
        )
    if end <= start:
        raise Invalid("to", rfc3339(end), f"must lie after from ({rfc3339(start)}), and not in the future")
    db: Database = request.app.state.db
    async with db.read() as session:
        watched = await _watched(session, asked)
    if watched.kind in TOLD:
        told = f"a {watched.kind} does not fire: it is told once a period, whatever happened"
        raise Invalid("kind", watched.kind, told)
    if watched.subject[0] == "source":
        raise Invalid("subject.source", watched.subject[1], "what a source brought has no sums to run over")
    outcome = await dry_run.run(db, watched, start, end, now)
    shown = outcome.fired[:MOST_FIRED]
    return DryRunBody(**{
        "from": rfc3339(start), "to": rfc3339(end), "subjects": outcome.subjects, "evaluations": outcome.evaluations,
        "fired": [
            WouldFire(subject=dict([one.subject]), at=rfc3339(one.at), ends_at=when(one.ends_at), peak=one.peak)
            for one in shown
        ],
        "truncated": len(outcome.fired) - len(shown), "per_month": outcome.per_month(end - start),
        "warnings": outcome.warnings(watched),
    })  # fmt: skip


@router.get("/alert-rules/{id}", dependencies=READ, responses=changed(RuleBody) | problems(404))
async def read_rule(
    id: IdInPath,  # noqa: A002 - the name that the address has
    session: Reading,
    response: Response,
) -> RuleBody:
    """One rule, with its ETag."""
    rule = await rules.by_id(session, id)
    response.headers.update(_etag(rule))
    return _body(rule)


@router.patch(
    "/alert-rules/{id}", dependencies=WRITE, response_model=None,
    responses=changed(RuleBody) | problems(404, 409, 412, 413),
)  # fmt: skip
async def change_rule(
    id: IdInPath,  # noqa: A002
    asked: RuleChange,
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Change what is given. What fires for a subject that it is no longer on ends."""
    plain = asked.model_fields_set - {"subject", "window", "timezone"}
    given: dict[str, Any] = {name: getattr(asked, name) for name in plain}
    if "endpoints" in given and given["endpoints"] is not None:
        given["endpoints"] = tuple(dict.fromkeys(given["endpoints"]))
    if "window" in asked.model_fields_set:
        given["window_s"] = seconds(asked.window)
    if "timezone" in asked.model_fields_set:
        given["zone"] = asked.timezone

    async def work(session: Session) -> Made:
        old = await rules.by_id(session, id)
        check_match(if_match, _etag(old))
        if "subject" in asked.model_fields_set:
            given["subject"] = await rules.subject_of(session, "subject", asked.subject.named())
        await rules.check_endpoints(session, given.get("endpoints"))
        new = checked(replace(old.it, **given))
        check_change(old.it, new)
        rule = await rules.change(session, old, new, writing.now)
        return Made(_body(rule), f"rule {id}", 200, _etag(rule))

    return await writing.once("rule.change", work)


@router.delete(
    "/alert-rules/{id}", dependencies=WRITE, status_code=204, response_model=None,
    responses=problems(404, 409, 412),
)  # fmt: skip
async def delete_rule(
    id: IdInPath,  # noqa: A002
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Delete a rule. What it fires for ends, and is said to have; its past alerts stay."""

    async def work(session: Session) -> Made:
        old = await rules.by_id(session, id)
        check_match(if_match, _etag(old))
        await rules.remove(session, old, writing.now)
        return Made(None, f"rule {id}", 204)

    return await writing.once("rule.delete", work)
