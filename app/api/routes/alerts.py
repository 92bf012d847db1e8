"""What was said: alerts, each with its transitions and its evidence. And silences: what is recorded, and not sent."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from app.alerts.wanted import words
from app.analysis.tags import normal
from app.api.deps import Changing, IfMatch, Made, Page, Posting, Reading, check_match, etag, needs
from app.api.openapi import changed, problems
from app.api.route import Route
from app.api.schemas.alerts import (
    AlertBody,
    AlertList,
    CarrierBody,
    NewSilence,
    SilenceBody,
    SilenceList,
    TurnBody,
    WholeAlert,
)
from app.api.schemas.common import Instant, Slug, Tag, when
from app.clock import DAY, rfc3339
from app.db.engine import ReadSession, Session
from app.errors import Invalid
from app.store import carriers, episodes, rules, silences
from app.store.episodes import Ask, Episode
from app.store.silences import Kept, Quiet

router = APIRouter(tags=["alerts"], route_class=Route)
READ, WRITE = [needs("stats:read")], [needs("rules:write")]
LONGEST = 30 * DAY


async def _facts(session: ReadSession, rows: list[Episode]) -> list[dict[str, Any]]:
    pairs = [tuple(row.subject.split(":", 1)) for row in rows]
    called = await rules.called(session, [(kind, ref) for kind, ref in pairs])
    return [
        {
            **{name: getattr(row, name) for name in _SAME},
            "rule": {"id": row.rule_id, "name": row.rule_name, "version": row.rule_version},
            "subject": {kind: called[kind, ref]}, "window": words(row.window_s),
            "pending_since": rfc3339(row.pending_since), "started_at": rfc3339(row.started_at),
            "ends_at": when(row.ends_at),
        }
        for row, (kind, ref) in zip(rows, pairs, strict=True)
    ]  # fmt: skip


_SAME = (
    "id", "kind", "severity", "episode", "sequence", "status", "metric", "value", "peak", "threshold", "baseline",
)  # fmt: skip


@router.get("/alerts", dependencies=READ, responses=problems(404))
async def list_alerts(
    session: Reading, page: Page,
    status: Annotated[Literal["firing", "resolved"] | None, Query()] = None,
    hashtag: Annotated[Tag | None, Query()] = None,
    campaign: Annotated[Slug | None, Query(description="of the campaign, and of its hashtags")] = None,
    start: Annotated[Instant | None, Query(alias="from", description="began to fire at or after")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="began to fire before")] = None,
) -> AlertList:  # fmt: skip
    """Alerts, the newest first."""
    ask = Ask(status, None if hashtag is None else normal(hashtag), campaign, start, end)
    rows = await episodes.listed(session, ask, page.after, page.limit)
    found, following = page.finish(rows, lambda row: [row.started_at, row.id])
    return AlertList(items=[AlertBody(**facts) for facts in await _facts(session, list(found))], next=following)


@router.get("/alerts/{id}", dependencies=READ, responses=problems(404))
async def read_alert(
    id: Annotated[str, Path(max_length=64, examples=["alr_0123456789abcdef0123456789abcdef"])],  # noqa: A002
    session: Reading,
) -> WholeAlert:
    """An episode, with all that was said of it, and the posts that carried it."""
    row = await episodes.by_id(session, id)
    (facts,) = await _facts(session, [row])
    turns = [
        TurnBody(sequence=one.sequence, type=one.type, at=rfc3339(one.at), value=one.value, told=one.told)
        for one in await episodes.turns(session, id)
    ]
    urls = await carriers.urls(session, [int(each["post_id"]) for each in row.evidence])
    evidence = [CarrierBody(**each, url=urls.get(int(each["post_id"]))) for each in row.evidence]
    return WholeAlert(**facts, transitions=turns, evidence=evidence)


def _body(kept: Kept) -> SilenceBody:
    it = kept.it
    return SilenceBody(
        id=kept.id, matcher={it.matcher[0]: kept.label}, starts_at=rfc3339(it.starts_at), ends_at=rfc3339(it.ends_at),
        comment=it.comment, author=kept.author, created_at=rfc3339(kept.created_at),
    )  # fmt: skip


def _etag(kept: Kept) -> dict[str, str]:
    return etag(1, kept.id)


@router.get("/silences", dependencies=READ, responses=problems())
async def list_silences(session: Reading, page: Page) -> SilenceList:
    """Silences by when they end, the past ones too."""
    rows = await silences.listed(session, page.after, page.limit)
    found, following = page.finish(rows, lambda kept: [kept.it.ends_at, kept.id])
    return SilenceList(items=[_body(kept) for kept in found], next=following)


@router.post(
    "/silences", dependencies=WRITE, status_code=201, response_model=None,
    responses=changed(SilenceBody, 201) | problems(409, 413),
)  # fmt: skip
async def create_silence(asked: NewSilence, writing: Posting) -> Response:
    """Send nothing of a rule or a subject for a time. It is recorded all the same, and sent if it fires after."""
    start = asked.starts_at if asked.starts_at is not None else writing.now

    async def work(session: Session) -> Made:
        named = asked.matcher.named()
        if "rule" in named:
            matcher = await _rule(session, named["rule"])
        else:
            matcher = await rules.subject_of(session, "matcher", named)
        quiet = Quiet(matcher, start, _end(start, asked.ends_at, writing.now), asked.comment)
        kept = await silences.create(session, quiet, writing.who.actor, writing.now)
        return Made(_body(kept), f"silence {kept.id}", 201, _etag(kept))

    return await writing.once("silence.create", work)


async def _rule(session: ReadSession, rule: str) -> rules.Subject:
    if rule not in await rules.with_ids(session, [rule]):
        raise Invalid("matcher.rule", rule, "there is none: GET /alert-rules lists those that there are")
    return "rule", rule


def _end(start: int, end: int, now: int) -> int:
    if end <= max(start, now):
        raise Invalid("ends_at", rfc3339(end), "must lie after starts_at, and in the future")
    if end - start > LONGEST:
        raise Invalid("ends_at", rfc3339(end), f"at most 30 days after it begins: {rfc3339(start + LONGEST)}")
    return end


@router.delete(
    "/silences/{id}", dependencies=WRITE, status_code=204, response_model=None, responses=problems(404, 412)
)  # fmt: skip
async def delete_silence(
    id: Annotated[str, Path(max_length=64, examples=["sil_0123456789abcdef"])],  # noqa: A002
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """End a silence now. What fires and was held back is sent."""

    async def work(session: Session) -> Made:
        kept = await silences.by_id(session, id)
        check_match(if_match, _etag(kept))
        await silences.remove(session, id)
        return Made(None, f"silence {id}", 204)

    return await writing.once("silence.delete", work)
