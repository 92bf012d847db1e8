"""A person erased, how long things are kept, and the proof of what each platform's terms ask. For administrators."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.api.deps import Changing, Made, Now, Page, Posting, Reading, needs
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.schemas.common import when
from app.api.schemas.privacy import (
    ErasureBody,
    ErasureList,
    FoundBody,
    NamedBody,
    NewErasure,
    PrivacyBody,
    RetentionBody,
    RetentionChange,
    ThereBody,
    Who,
)
from app.clock import rfc3339
from app.db.engine import Session
from app.privacy import report, sweep
from app.store import erasures, retention
from app.store.erasures import There

router = APIRouter(tags=["privacy"], route_class=Route, dependencies=[needs("admin")])
IdInPath = Annotated[str, Path(max_length=64, examples=["era_0123456789abcdef"])]


def _told(model: Any, status: int, what: str) -> Responses:
    return {status: {"model": model, "description": what}}


@router.get("/privacy", responses=problems())
async def read_privacy(session: Reading, now: Now) -> PrivacyBody:
    """What each platform's terms ask, and what is over a limit: nothing, when all is well."""
    return PrivacyBody.model_validate(await report.made(session, now))


@router.get("/retention", responses=problems())
async def read_retention(session: Reading) -> RetentionBody:
    """For how many days texts, readings and posts are kept; null is for good."""
    return _kept(await retention.days(session))


def _kept(days: dict[str, int]) -> RetentionBody:
    return RetentionBody(text=days.get("text"), snapshots=days.get("snapshots"), posts=days.get("posts"))


@router.patch(
    "/retention", response_model=None,
    responses=_told(RetentionBody, 200, "as it is now") | problems(413),
)  # fmt: skip
async def change_retention(asked: RetentionChange, writing: Changing) -> Response:
    """Change what is given. What is past its days goes within a day; sums stay, and a rebuild finds them again."""

    async def work(session: Session) -> Made:
        await retention.set_days(session, {name: getattr(asked, name) for name in asked.model_fields_set})
        return Made(_kept(await retention.days(session)), "retention")

    return await writing.once("retention", work)


@router.post("/erasures/search", responses=problems(413))
async def search_person(asked: Who, session: Reading) -> FoundBody:
    """Whom that may mean, and what is there of them. Nothing is changed."""
    found = await erasures.find(session, asked.who)
    return FoundBody(
        accounts=[_there(one) for one in found.accounts],
        influencers=[NamedBody(id=key, name=name) for key, name in found.influencers], mentions=list(found.mentions),
    )  # fmt: skip


def _there(one: There) -> ThereBody:
    given = asdict(one) | {"first_at": when(one.first_at), "last_at": when(one.last_at)}
    return ThereBody(readings=given.pop("looks"), **given)


@router.post(
    "/erasures", status_code=202, response_model=None,
    responses=_told(ErasureBody, 202, "begun; GET its Location says when it is done") | problems(404, 409, 413),
)  # fmt: skip
async def erase_person(asked: NewErasure, writing: Posting) -> Response:
    """Erase accounts, or an influencer with theirs: text, names, ids and addresses go; times and counts stay."""

    async def work(session: Session) -> Made:
        accounts = [int(key) for key in asked.accounts if int(key) < 2**63]
        key = await erasures.ask(session, accounts, asked.influencer, writing.now)
        body = _body(await erasures.by_id(session, key))
        return Made(body, f"erasure {key}", 202, {"Location": f"/api/v1/erasures/{key}"})

    answer = await writing.once("person.erase", work)
    await sweep.erase_all(writing.db, writing.now)
    return answer


@router.get("/erasures", responses=problems())
async def list_erasures(session: Reading, page: Page) -> ErasureList:
    """The newest first."""
    found, following = page.finish(await erasures.listed(session, page.after, page.limit), lambda one: [one.at, one.id])
    return ErasureList(items=[_body(one) for one in found], next=following)


@router.get("/erasures/{id}", responses=problems(404))
async def read_erasure(
    id: IdInPath,  # noqa: A002 - the name that the address has
    session: Reading,
) -> ErasureBody:
    """Whether it is done, and how much it took."""
    return _body(await erasures.by_id(session, id))


def _body(row: erasures.Row) -> ErasureBody:
    return ErasureBody(
        id=row.id, asked_at=rfc3339(row.at), done_at=when(row.done_at), posts=row.posts, messages=row.messages
    )
