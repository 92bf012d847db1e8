"""Puts the web side together: the door, the routes of the API, the pages, and the database that they read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from types import ModuleType

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app import sources as live
from app.access import keyfile, users
from app.access.marks import Marks
from app.access.throttle import Throttle
from app.api import errors
from app.api.door import API, Door
from app.api.downloads import Downloads
from app.api.live import Live
from app.api.metrics import Metrics
from app.api.openapi import describe
from app.api.routes import (
    access,
    alert_rules,
    alerts,
    annotations,
    campaigns,
    compare,
    deliveries,
    endpoints,
    events,
    exports,
    growth,
    hashtags,
    health,
    inbound,
    influence,
    influencers,
    outcomes,
    posts,
    privacy,
    sources,
)
from app.clock import Clock, SystemClock, to_ms
from app.db import ready
from app.db.engine import Database
from app.settings import Settings

log = structlog.get_logger()


def create_app(settings: Settings, db: Database | None = None, clock: Clock | None = None) -> FastAPI:
    """The whole web side. Workers are not started here. With `db` it is ready at once; else its lifespan opens one."""
    app = FastAPI(
        title="Groundswell", version=version("groundswell"), summary="Watch a campaign's hashtags grow.",
        lifespan=_lifespan,
        openapi_url=f"{API}/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False,
        generate_unique_id_function=_id_of,
    )  # fmt: skip
    state = app.state
    state.settings, state.clock = settings, clock or SystemClock()
    state.db, state.keys = db, keyfile.keyring(settings) if db else None
    if db and db.keyed is None:
        db.keyed = Marks(settings, state.keys)
    state.metrics, state.throttle, state.live = Metrics(), Throttle(), Live()
    state.downloads = Downloads()
    state.allowed = live.allowed()  # known to collectors, which the API does not import
    errors.install(app)
    app.add_middleware(Door, metrics=state.metrics)
    app.router.routes.extend(_routes())
    if pages := _pages():
        errors.show_nowhere(app, pages.show_nowhere)
        app.add_middleware(import_module("app.dashboard.packed").Packed)
    describe(app)
    return app


def _id_of(route: APIRoute) -> str:
    return route.name


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Once for all apps: FastAPI reads every signature again where a router is included again."""
    whole = APIRouter(generate_unique_id_function=_id_of)
    rooms = (
        access, campaigns, influence, compare, outcomes, annotations, inbound, hashtags, influencers, growth, posts,
        sources, events, exports, endpoints, deliveries, alert_rules, alerts, privacy, health,
    )  # fmt: skip
    for room in rooms:
        whole.include_router(room.router, prefix=API)
    # Watchdogs and scrapers look for these at the root.
    whole.include_router(health.router, include_in_schema=False)
    if pages := _pages():
        whole.include_router(pages.router, include_in_schema=False)
    return tuple(whole.routes)


@cache
def _pages() -> ModuleType | None:
    return import_module("app.dashboard.pages") if find_spec("app.dashboard.pages") else None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    opened = None if state.db else Database(state.settings.database_url, Marks(state.settings))
    state.db = state.db or opened
    try:
        await ready.check(state.db.url)
        state.keys = state.keys or keyfile.keyring(state.settings)
        async with state.db.write() as session:
            await keyfile.check_mark(session, state.keys)
            code = await users.new_setup_code(session, state.keys, to_ms(state.clock.now()))
        if code:
            log.info("setup_code", code=code, use="open /setup to make the first user")
        yield
    finally:
        if opened:
            await opened.close()
            state.db = None
