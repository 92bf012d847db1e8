"""Signed webhooks by which a donation platform sends outcomes: set up, rotated, taken away, and taken in."""

import hashlib
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.access import signed
from app.access.principal import Principal
from app.access.seal import Keyring, Unsealable
from app.access.signed import Signed
from app.api.deps import Changing, Made, Now, Page, Posting, Reading, Writing
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.routes.campaigns import READ, WRITE, SlugInPath
from app.api.routes.outcomes import gifts_of, keep
from app.api.schemas.common import when
from app.api.schemas.inbound import InboundBody, InboundList, InboundMessage, InboundSecret, NewInbound
from app.api.schemas.outcomes import OutcomesKept
from app.clock import rfc3339
from app.db.engine import Session
from app.errors import Invalid, Unauthenticated
from app.store import campaigns, inbound
from app.store.inbound import Hook

router = APIRouter(tags=["inbound"], route_class=Route)
IdInPath = Annotated[str, Path(max_length=64, examples=["inb_0123456789abcdef"])]


def _facts(row: Hook, slug: str) -> dict[str, Any]:
    return {
        "id": row.id, "name": row.name, "campaign": slug, "url": f"/api/v1/inbound/{row.id}",
        "created_at": rfc3339(row.created_at), "previous_until": when(row.previous_until),
    }  # fmt: skip


def _made(row: Hook, slug: str, secret: str, status: int) -> Made:
    facts, subject = _facts(row, slug), f"inbound {row.id} of campaign {slug}"
    return Made(InboundSecret(**facts, secret=secret), subject, status, kept=InboundSecret(**facts, secret=None))


@router.get("/campaigns/{slug}/inbound", dependencies=READ, responses=problems(404))
async def list_inbound(slug: SlugInPath, session: Reading, page: Page) -> InboundList:
    """The addresses at which a campaign's outcomes come in. Secrets are not shown again."""
    campaign = await campaigns.by_slug(session, slug)
    found, following = page.finish(
        await inbound.listed(session, campaign.id, page.after, page.limit), lambda row: [row.id]
    )
    return InboundList(items=[InboundBody(**_facts(row, slug)) for row in found], next=following)


@router.post(
    "/campaigns/{slug}/inbound", dependencies=WRITE, status_code=201, response_model=None,
    responses=Responses({201: {"model": InboundSecret, "description": "made"}}) | problems(404, 409, 413),
)  # fmt: skip
async def create_inbound(slug: SlugInPath, asked: NewInbound, writing: Posting, request: Request) -> Response:
    """Make an address for a donation platform that signs by Standard Webhooks."""
    keys: Keyring = request.app.state.keys

    async def work(session: Session) -> Made:
        campaign = await campaigns.by_slug(session, slug)
        name, secret = f"inb_{secrets.token_hex(8)}", signed.new_secret()
        sealed = keys.seal(secret, signed.purpose(name))
        hook = Hook(name, campaign.id, asked.name, writing.now, sealed)
        await inbound.create(session, hook)
        return _made(hook, slug, secret, 201)

    return await writing.once("inbound.create", work)


@router.post(
    "/campaigns/{slug}/inbound/{id}/rotate", dependencies=WRITE, response_model=None,
    responses=Responses({200: {"model": InboundSecret, "description": "the new secret"}}) | problems(404, 409, 413),
)  # fmt: skip
async def rotate_inbound(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002 - the name that the address has
    writing: Posting,
    request: Request,
) -> Response:
    """A new secret. The one before is good for 24 hours more."""
    keys: Keyring = request.app.state.keys

    async def work(session: Session) -> Made:
        row = await inbound.by_id(session, id, (await campaigns.by_slug(session, slug)).id)
        secret = signed.new_secret()
        sealed, until = keys.seal(secret, signed.purpose(id)), writing.now + signed.GRACE_MS
        return _made(await inbound.rotate(session, row, sealed, until), slug, secret, 200)

    return await writing.once("inbound.rotate", work)


@router.delete(
    "/campaigns/{slug}/inbound/{id}", dependencies=WRITE, status_code=204, response_model=None, responses=problems(404)
)
async def delete_inbound(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002
    writing: Changing,
) -> Response:
    """Take an address away. What came in by it stays."""

    async def work(session: Session) -> Made:
        row = await inbound.by_id(session, id, (await campaigns.by_slug(session, slug)).id)
        await inbound.remove(session, row)
        return Made(None, f"inbound {id} of campaign {slug}", 204)

    return await writing.once("inbound.delete", work)


# The body is read once its signature is known to be right, so the framework does not see it.
_MESSAGE = InboundMessage.model_json_schema(ref_template="#/components/schemas/{model}")
del _MESSAGE["$defs"]
Said = Annotated[str | None, Header(max_length=1_024)]


@router.post(
    "/inbound/{id}", response_model=None,
    responses=Responses({200: {"model": OutcomesKept, "description": "taken in"}}) | problems(404, 409, 413),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _MESSAGE}}}},
)  # fmt: skip
async def take_in(
    id: IdInPath,  # noqa: A002
    request: Request,
    now: Now,
    webhook_id: Said = None,
    webhook_timestamp: Said = None,
    webhook_signature: Said = None,
) -> Response:
    """For a donation platform, by Standard Webhooks: signed, five minutes old at most. A message is taken once."""
    state, body = request.app.state, await request.body()
    async with state.db.read() as session:
        row = await inbound.by_id(session, id)
    good = _secrets(state.keys, row, now)
    if wrong := signed.problem(Signed(webhook_id, webhook_timestamp, webhook_signature), body, good, now):
        raise Unauthenticated(wrong)
    gifts, peer = gifts_of(_message(body).data), request.client.host if request.client else None
    digest = hashlib.sha256(body).hexdigest()
    who = Principal("anybody", id, row.name, frozenset())
    writing = Writing(state.db, state.settings, who, peer, now, webhook_id, digest)

    async def work(session: Session) -> Made:
        return Made(await keep(session, row.campaign_id, gifts, now), f"inbound {id}")

    return await writing.once("outcome.inbound", work)


def _secrets(keys: Keyring, row: Hook, now: int) -> list[str]:
    """The secret, and the one before it for as long as that is good."""
    sealed = [row.sealed]
    if row.previous and row.previous_until and now < row.previous_until:
        sealed.append(row.previous)
    try:
        return [keys.unseal(one, signed.purpose(row.id)) for one in sealed]
    except Unsealable:
        raise Unauthenticated("the secret of this address was lost with the key file: rotate it") from None


def _message(body: bytes) -> InboundMessage:
    try:
        return InboundMessage.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False)
        if found[0]["type"] == "json_invalid":
            raise Invalid("body", None, f"must be JSON: {found[0]['ctx']['error']}") from None
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None
