"""Endpoints: webhooks' addresses, made, changed, tested, their secrets rotated, what was said to them sent again."""

import secrets
from dataclasses import replace
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request, Response

from app.access.seal import Keyring
from app.alerts import addresses, signing, trial
from app.alerts.addresses import Address
from app.api.deps import Changing, IfMatch, Made, Page, Posting, Reading, check_match, etag, needs
from app.api.openapi import Responses, changed, problems
from app.api.route import Route
from app.api.schemas.common import when
from app.api.schemas.endpoints import (
    EndpointBody,
    EndpointChange,
    EndpointList,
    EndpointSecret,
    NewEndpoint,
    Replayed,
    ReplaySince,
    TestOutcome,
)
from app.clock import rfc3339
from app.db.engine import Session
from app.errors import Conflict, Invalid
from app.store import deliveries, endpoints
from app.store.endpoints import Described, Kept

router = APIRouter(tags=["endpoints"], route_class=Route)
IdInPath = Annotated[str, Path(max_length=64, examples=["end_0123456789abcdef"])]
MAY = [needs("endpoints:write")]


def _facts(kept: Kept) -> dict[str, Any]:
    it, health = kept.it, kept.health
    return {
        "id": kept.id, "name": it.name, "kind": it.kind, "url": it.url,
        "types": None if it.types is None else list(it.types), "language": it.language,
        "enabled": health.disabled_at is None, "disabled_reason": health.disabled_why, "failures": health.failures,
        "failing_since": when(health.failing_since), "public_key": kept.public_key,
        "previous_until": when(kept.previous_until), "created_at": rfc3339(kept.created_at),
    }  # fmt: skip


def _etag(kept: Kept) -> dict[str, str]:
    return etag(kept.version, kept.id)


def _with_secret(kept: Kept, keys: str, status: int) -> Made:
    facts, headers = _facts(kept), _etag(kept)
    if status == 201:
        headers |= {"Location": f"/api/v1/endpoints/{kept.id}"}
    shown, lasting = (EndpointSecret(**facts, secret=secret) for secret in (signing.secret_of(keys) or None, None))
    return Made(shown, f"endpoint {kept.id}", status, headers, kept=lasting)


@router.get("/endpoints", dependencies=MAY, responses=problems())
async def list_endpoints(session: Reading, page: Page) -> EndpointList:
    """Endpoints by name. Secrets are not shown again."""
    rows = await endpoints.listed(session, page.after, page.limit)
    found, following = page.finish(rows, lambda kept: [kept.it.name, kept.id])
    return EndpointList(items=[EndpointBody(**_facts(kept)) for kept in found], next=following)


@router.post(
    "/endpoints", dependencies=MAY, status_code=201, response_model=None,
    responses=changed(EndpointSecret, 201) | problems(409, 413),
)  # fmt: skip
async def create_endpoint(asked: NewEndpoint, writing: Posting, request: Request) -> Response:
    """Make an endpoint. Its secret is in this answer and nowhere else; a people's channel has none."""
    address, keyring = await addresses.checked(asked.url, writing.settings), cast(Keyring, request.app.state.keys)
    types = None if asked.types is None else tuple(asked.types)

    async def work(session: Session) -> Made:
        name = f"end_{secrets.token_hex(8)}"
        keys = signing.new_keys(asymmetric=asked.asymmetric) if address.kind == "webhook" else ""
        it = Described(asked.name, address.shown, types, address.kind, asked.language, address.sealed(keyring, name))
        sealed = keyring.seal(keys, signing.purpose(name)) if keys else None
        new = Kept(name, 1, writing.now, it, keys=sealed, public_key=signing.public_key(keys))
        await endpoints.create(session, new)
        return _with_secret(new, keys, 201)

    return await writing.once("endpoint.create", work)


@router.get("/endpoints/{id}", dependencies=MAY, responses=changed(EndpointBody) | problems(404))
async def read_endpoint(
    id: IdInPath,  # noqa: A002 - the name that the address has
    session: Reading,
    response: Response,
) -> EndpointBody:
    """One endpoint, with its ETag, and how it does."""
    kept = await endpoints.by_id(session, id)
    response.headers.update(_etag(kept))
    return EndpointBody(**_facts(kept))


@router.patch(
    "/endpoints/{id}", dependencies=MAY, response_model=None,
    responses=changed(EndpointBody) | problems(404, 409, 412, 413),
)  # fmt: skip
async def change_endpoint(
    id: IdInPath,  # noqa: A002
    asked: EndpointChange,
    writing: Changing,
    request: Request,
    if_match: IfMatch = None,
) -> Response:
    """Change what is given. The next try goes to a new address; one that is enabled again starts afresh."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}
    enabled = given.pop("enabled", None)
    address = await addresses.checked(given.pop("url"), writing.settings) if "url" in given else None
    keyring: Keyring = request.app.state.keys
    if given.get("types"):
        given["types"] = tuple(given["types"])

    async def work(session: Session) -> Made:
        old = await endpoints.by_id(session, id)
        check_match(if_match, _etag(old))
        if address:
            given.update(_moved(old, address), url_sealed=address.sealed(keyring, id))
        wanted = old.health.disabled_at is None if enabled is None else enabled
        kept = await endpoints.change(session, old, replace(old.it, **given), enabled=wanted, now=writing.now)
        return Made(EndpointBody(**_facts(kept)), f"endpoint {id}", 200, _etag(kept))

    return await writing.once("endpoint.change", work)


def _moved(old: Kept, address: Address) -> dict[str, str]:
    if (address.kind == "webhook") != (old.it.kind == "webhook"):
        raise Invalid("url", "…", "a webhook stays a webhook, and a people's channel one: make another endpoint")
    return {"kind": address.kind, "url": address.shown}


@router.delete(
    "/endpoints/{id}", dependencies=MAY, status_code=204, response_model=None, responses=problems(404, 409, 412)
)  # fmt: skip
async def delete_endpoint(
    id: IdInPath,  # noqa: A002
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Delete an endpoint and its secret. What was on its way to it ends; its log stays. No rule may name it."""

    async def work(session: Session) -> Made:
        old = await endpoints.by_id(session, id)
        check_match(if_match, _etag(old))
        await endpoints.remove(session, old, writing.now)
        return Made(None, f"endpoint {id}", 204)

    return await writing.once("endpoint.delete", work)


@router.post(
    "/endpoints/{id}/rotate", dependencies=MAY, response_model=None,
    responses=changed(EndpointSecret) | problems(404, 409, 413),
)  # fmt: skip
async def rotate_endpoint(
    id: IdInPath,  # noqa: A002
    writing: Posting,
    request: Request,
) -> Response:
    """A new secret. For 24 hours both sign, so that the receiver can change over when it likes."""
    keyring: Keyring = request.app.state.keys

    async def work(session: Session) -> Made:
        old = await endpoints.by_id(session, id)
        if old.keys is None:
            raise Conflict("a people's channel has no secret of ours: PATCH its url with what its platform gave you")
        keys = signing.new_keys(asymmetric=old.public_key is not None)
        sealed, until = keyring.seal(keys, signing.purpose(id)), writing.now + signing.GRACE_MS
        kept = await endpoints.rotate(session, old, sealed, signing.public_key(keys), until)
        return _with_secret(kept, keys, 200)

    return await writing.once("endpoint.rotate", work)


@router.post(
    "/endpoints/{id}/test", dependencies=MAY, response_model=None,
    responses=Responses({200: {"model": TestOutcome, "description": "how it went"}}) | problems(404),
)  # fmt: skip
async def test_endpoint(
    id: IdInPath,  # noqa: A002
    writing: Changing,
    request: Request,
) -> Response:
    """Send `endpoint.test` now, signed as everything is. It is not tried again, and each asking sends another."""
    state = request.app.state
    async with writing.db.read() as session:
        kept = await endpoints.by_id(session, id)
    event, tried = await trial.send(writing.settings, state.keys, state.clock, kept)

    async def work(session: Session) -> Made:
        name = await trial.write_down(session, kept, event, tried)
        told = TestOutcome(delivery=name, status=tried.status, problem=tried.problem, took_ms=tried.took_ms)
        return Made(told, f"endpoint {id}")

    return await writing.once("endpoint.test", work)


@router.post(
    "/endpoints/{id}/replay", dependencies=MAY, response_model=None,
    responses=Responses({200: {"model": Replayed, "description": "how many"}}) | problems(404, 409, 413),
)  # fmt: skip
async def replay_endpoint(
    id: IdInPath,  # noqa: A002
    asked: ReplaySince,
    writing: Posting,
) -> Response:
    """Send all again that was said since an instant and meant for this endpoint, under the same ids."""

    async def work(session: Session) -> Made:
        kept = await endpoints.by_id(session, id)
        count = await deliveries.replay_since(session, kept, asked.since, writing.now)
        return Made(Replayed(replayed=count), f"endpoint {id}")

    return await writing.once("endpoint.replay", work)
