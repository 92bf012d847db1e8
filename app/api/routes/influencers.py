"""Influencers: people and their accounts."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.deps import Changing, IfMatch, Made, Page, Posting, Reading, check_match, etag, needs
from app.api.openapi import changed, problems
from app.api.route import Route
from app.api.schemas.people import (
    AccountBody,
    ClaimedAccount,
    InfluencerBody,
    InfluencerChange,
    InfluencerList,
    Merge,
    NewInfluencer,
    Split,
)
from app.clock import rfc3339
from app.db.engine import Session
from app.store import people, persons
from app.store.people import Claim, Owned, Person

router = APIRouter(tags=["influencers"], route_class=Route)
IdInPath = Annotated[str, Path(max_length=64, examples=["inf_0123456789abcdef"])]
READ, WRITE = [needs("stats:read")], [needs("tags:write")]


def _body(person: Person) -> InfluencerBody:
    return InfluencerBody(
        id=person.id, name=person.name, kind=person.kind, accounts=[_account(owned) for owned in person.accounts],
        codes=list(person.codes), created_at=rfc3339(person.created_at),
    )  # fmt: skip


def _account(owned: Owned) -> AccountBody:
    return AccountBody(
        platform=owned.claim.platform, handle=owned.claim.handle, native_id=owned.claim.native_id, name=owned.name,
        followers=owned.followers, known=owned.account_id is not None,
        followers_at=rfc3339(owned.followers_at) if owned.followers_at is not None else None,
    )  # fmt: skip


def _claims(accounts: Sequence[ClaimedAccount]) -> list[Claim]:
    return [Claim(account.platform, account.handle, account.native_id) for account in accounts]


def _etag(person: Person) -> dict[str, str]:
    return etag(person.version, person.id)


@router.get("/influencers", dependencies=READ, responses=problems())
async def list_influencers(session: Reading, page: Page) -> InfluencerList:
    """Influencers by id."""
    found, following = page.finish(await people.listed(session, page.after, page.limit), lambda person: [person.id])
    return InfluencerList(items=[_body(person) for person in found], next=following)


@router.post(
    "/influencers", dependencies=WRITE, status_code=201, response_model=None,
    responses=changed(InfluencerBody, 201) | problems(409, 413),
)  # fmt: skip
async def create_influencer(asked: NewInfluencer, writing: Posting) -> Response:
    """Name a person, their accounts and donation codes. Each belongs to one person only."""

    async def work(session: Session) -> Made:
        person = await people.create(
            session, asked.name, asked.kind, _claims(asked.accounts), writing.now, codes=asked.codes
        )
        headers = {**_etag(person), "Location": f"/api/v1/influencers/{person.id}"}
        return Made(_body(person), f"influencer {person.id}", 201, headers)

    return await writing.once("influencer.create", work)


@router.get("/influencers/{id}", dependencies=READ, responses=changed(InfluencerBody) | problems(404))
async def read_influencer(
    id: IdInPath,  # noqa: A002 - the name that the address has
    session: Reading,
    response: Response,
) -> InfluencerBody:
    """One influencer, with the ETag."""
    person = await people.by_id(session, id)
    response.headers.update(_etag(person))
    return _body(person)


@router.patch(
    "/influencers/{id}", dependencies=WRITE, response_model=None,
    responses=changed(InfluencerBody) | problems(404, 409, 412, 413),
)  # fmt: skip
async def change_influencer(
    id: IdInPath,  # noqa: A002
    asked: InfluencerChange,
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Change what is given. The curve is made again where the accounts change."""
    given = asked.model_fields_set

    async def work(session: Session) -> Made:
        old = await people.by_id(session, id)
        check_match(if_match, _etag(old))
        name = asked.name if "name" in given else old.name
        kind = asked.kind if "kind" in given else old.kind
        claims = _claims(asked.accounts) if "accounts" in given else None
        theirs = asked.codes if "codes" in given else None
        person = await people.change(session, old, name, kind, claims, writing.now, theirs)
        return Made(_body(person), f"influencer {id}", 200, _etag(person))

    return await writing.once("influencer.change", work)


@router.delete(
    "/influencers/{id}", dependencies=WRITE, status_code=204, response_model=None, responses=problems(404, 412)
)
async def delete_influencer(
    id: IdInPath,  # noqa: A002
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Delete a person and their curve. Accounts and posts stay: they are facts."""

    async def work(session: Session) -> Made:
        old = await people.by_id(session, id)
        check_match(if_match, _etag(old))
        await people.remove(session, old)
        return Made(None, f"influencer {id}", 204)

    return await writing.once("influencer.delete", work)


@router.post(
    "/influencers/{id}/merge", dependencies=WRITE, response_model=None,
    responses=changed(InfluencerBody) | problems(404, 409, 413),
)  # fmt: skip
async def merge_influencer(
    id: IdInPath,  # noqa: A002
    asked: Merge,
    writing: Posting,
) -> Response:
    """Two influencers are one person: accounts, codes and campaigns go to `into`, whose curve is made again."""

    async def work(session: Session) -> Made:
        person = await persons.merge(session, await people.to_change(session, id), asked.into, writing.now)
        return Made(_body(person), people.merged(id, person.id), 200, _etag(person))

    return await writing.once(people.MERGED, work)


@router.post(
    "/influencers/{id}/split", dependencies=WRITE, status_code=201, response_model=None,
    responses=changed(InfluencerBody, 201) | problems(404, 409, 413),
)  # fmt: skip
async def split_influencer(
    id: IdInPath,  # noqa: A002
    asked: Split,
    writing: Posting,
) -> Response:
    """Some accounts turn out to be someone else's: they become a new influencer, and both curves are made again."""

    async def work(session: Session) -> Made:
        old = await people.to_change(session, id)
        person = await persons.split(session, old, _claims(asked.accounts), asked.name, writing.now)
        headers = {**_etag(person), "Location": f"/api/v1/influencers/{person.id}"}
        return Made(_body(person), f"influencer {person.id} from {id}", 201, headers)

    return await writing.once("influencer.split", work)
