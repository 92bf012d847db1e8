"""Who may come in: one pure decision from what a request shows and what there is."""

import hmac
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_plus

from app.access.asked import Asked, is_loopback, loopback_host, origin_allows, proxied, same_site, site_allows
from app.access.principal import ANYBODY, LOCAL, Principal
from app.access.tokens import SHAPE

HEALTH = frozenset({"/healthz", "/readyz"})
LOGIN, SETUP, STATIC = "/login", "/setup", "/static/"
# What comes in here is signed: the signature is looked at where the secret is.
INBOUND = re.compile("/api/v1/inbound/[^/]+")
# Whoever holds the link sees what it shows: it is looked up, and its one subject read, where the page is made.
SHARED = re.compile(r"/s/[A-Za-z0-9_-]{1,64}(/embed|/charts/[a-z_]+\.[a-z]+)?")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-csrf-token"
_TOKEN_NAMES = frozenset({"token", "access_token", "api_token", "api_key", "apikey", "bearer", "authorization"})


@dataclass(frozen=True, slots=True)
class State:
    """Whether there is a user, a token, and whether the service listens on loopback alone."""

    users: bool
    tokens: bool
    loopback: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """`challenge` goes out as WWW-Authenticate; `go` is the page where a browser can mend it."""

    status: Literal[401, 403]
    detail: str
    challenge: str | None = None
    go: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The credential that a request carries, not yet looked up."""

    kind: Literal["nothing", "token", "login"]
    text: str = field(default="", repr=False)


def shown(asked: Asked) -> Shown | Refusal:
    """A header beats a cookie: a program that sends a token is not to be saved by a browser's login."""
    if _token_in_query(asked.query):
        return _unauthenticated("a token goes into the Authorization header, never into a URL: revoke this one", True)
    given = asked.every("authorization")
    if given:
        scheme, _, text = given[0].strip().partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not text.strip():
            return _unauthenticated("Authorization takes one value: Bearer and a token", True)
        return Shown("token", text.strip())
    cookie = _cookie(asked)
    return Shown("login", cookie) if cookie else Shown("nothing")


def decide(
    asked: Asked, state: State, carried: Shown | Refusal, found: Principal | None, csrf: str = ""
) -> Principal | Refusal:
    """`found` is whom the credential names (None: nobody), `csrf` the token that pages of that login know."""
    if asked.path in HEALTH:
        return ANYBODY
    if isinstance(carried, Refusal):
        return carried
    if _is_open(asked, state):
        return ANYBODY if asked.method in SAFE or same_site(asked) else _cross_site()
    if carried.kind == "token":
        return found or _unauthenticated("this token is not known, has expired or was revoked", True)
    if carried.kind == "login" and found:
        return found if _from_our_pages(asked, csrf) else _cross_site()
    if state.users or state.tokens:
        return _unauthenticated("a login or a token is needed", go=LOGIN if state.users else SETUP)
    if not state.loopback:
        return _unauthenticated("not set up yet: open /setup with the code that the log shows", go=SETUP)
    return _local(asked)


def cookie_name(asked: Asked) -> str:
    """`__Host-` binds a cookie to TLS and to one host. Over loopback there is no TLS, and nobody between."""
    return "groundswell" if loopback_host(asked) else "__Host-groundswell"


def _local(asked: Asked) -> Principal | Refusal:
    if not asked.peer or not is_loopback(asked.peer):
        return _unauthenticated("a login is needed from another machine: groundswell users create", go=SETUP)
    if proxied(asked):
        return _unauthenticated("a login is needed behind a proxy: groundswell users create", go=SETUP)
    if not loopback_host(asked):
        return Refusal(403, "without a login the service answers to localhost and 127.0.0.1 only")
    if not (site_allows(asked) and origin_allows(asked)):
        return _cross_site()
    return LOCAL


def _is_open(asked: Asked, state: State) -> bool:
    path = asked.path
    if path == SETUP or path.startswith(STATIC):
        return True
    shared = asked.method in SAFE and SHARED.fullmatch(path) is not None
    known = path == LOGIN or shared or INBOUND.fullmatch(path) is not None
    return known and (state.users or state.tokens or state.loopback)


def _from_our_pages(asked: Asked, csrf: str) -> bool:
    if asked.method in SAFE:
        return same_site(asked)
    given = "".join(asked.every(CSRF_HEADER))
    known = bool(csrf) and hmac.compare_digest(given.encode(), csrf.encode())
    return (known or not asked.path.startswith("/api/")) and same_site(asked)


def _token_in_query(query: str) -> bool:
    pairs = [part.partition("=") for part in query.split("&") if part]
    return any(
        unquote_plus(name).lower() in _TOKEN_NAMES or SHAPE.search(unquote_plus(f"{name} {value}"))
        for name, _, value in pairs
    )


def _cookie(asked: Asked) -> str | None:
    """Read by hand: the standard library's reader gives up at the first odd cookie that another program has set."""
    name = cookie_name(asked)
    pairs = [part.strip().partition("=") for header in asked.every("cookie") for part in header.split(";")]
    return next((value for each, _, value in pairs if each == name and value), None)


def _unauthenticated(detail: str, bad: bool = False, go: str | None = None) -> Refusal:
    return Refusal(401, detail, 'Bearer realm="groundswell"' + (', error="invalid_token"' if bad else ""), go)


def _cross_site() -> Refusal:
    return Refusal(403, "this request comes from another site's page, or without the token of ours")
