"""The half of the server that speaks XRPC: a PDS's sessions, and search, posts and profiles as the AppView has them."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bluesky_json import post_view, profile
from sandbox.bluesky_search import search
from sandbox.bluesky_session import Refused, Sessions, invalid
from sandbox.ids import BLUESKY, DOMAIN, number_of, place_of
from sandbox.limits import Limits, Windows
from sandbox.people import OBSERVER
from sandbox.posts import Person, Post, World

_BATCH = 25


class Bluesky:
    def __init__(self, world: World, now: Callable[[], int], sessions: Sessions, limits: Limits) -> None:
        self.world, self.now, self.sessions, self.limits = world, now, sessions, limits
        self._windows = Windows(now)
        self._methods: dict[str, Callable[[Request], Any]] = {
            "app.bsky.feed.searchPosts": self.search,
            "app.bsky.feed.getPosts": self.posts,
            "app.bsky.actor.getProfiles": self.profiles,
            "app.bsky.actor.getProfile": self.profile,
            "com.atproto.identity.resolveHandle": self.resolve,
            "com.atproto.server.describeServer": lambda _: {
                "did": f"did:web:{DOMAIN}",
                "availableUserDomains": [f".{DOMAIN}"],
            },
            "com.atproto.server.getSession": self.session,
        }
        self._procedures: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "com.atproto.server.createSession": self.create_session,
            "com.atproto.server.refreshSession": self.refresh_session,
        }

    def routes(self) -> list[Route]:
        return [Route("/xrpc/{method}", self.respond, methods=["GET", "POST"])]

    async def respond(self, request: Request) -> Response:
        method, headers = request.path_params["method"], self._standing(request)
        try:
            if headers.get("retry-after"):
                raise Refused(429, "RateLimitExceeded", "Rate Limit Exceeded")
            if request.method == "POST" and method in self._procedures:
                answer = await self._procedures[method](request)
            elif method in self._methods:
                answer = self._methods[method](request)
            else:
                raise Refused(501, "MethodNotImplemented", "Method Not Implemented")
        except Refused as refused:
            return _json({"error": refused.name, "message": refused.message}, refused.status, headers)
        return _json(answer, 200, headers)

    def _standing(self, request: Request) -> dict[str, str]:
        """A PDS counts and says so; what is asked without a login goes to the AppView, which says nothing."""
        server = request.path_params["method"].startswith("com.atproto.server.")
        if not server and "authorization" not in request.headers:
            return {}
        if request.path_params["method"].endswith(".createSession"):
            standing = self._windows.take("sessions", self.limits.sessions, 5)
        else:
            standing = self._windows.take(request.client.host if request.client else "", self.limits.bluesky, 5)
        headers = {
            "ratelimit-limit": str(standing.limit),
            "ratelimit-remaining": str(standing.remaining),
            "ratelimit-reset": str(standing.resets_at // 1_000),
            "ratelimit-policy": f"{standing.limit};w={standing.window // 1_000}",
        }
        wait = -(-(standing.resets_at - self.now()) // 1_000)
        return headers | ({"retry-after": str(wait)} if standing.refused else {})

    async def create_session(self, request: Request) -> dict[str, Any]:
        try:
            given = msgspec.json.decode(await request.body(), type=dict[str, str])
        except msgspec.DecodeError:
            raise Refused(400, "InvalidRequest", "Input must be JSON") from None
        return self.sessions.create(given.get("identifier", ""), given.get("password", ""), _home(request))

    async def refresh_session(self, request: Request) -> dict[str, Any]:
        return self.sessions.refresh(request.headers.get("authorization", ""), _home(request))

    def session(self, request: Request) -> dict[str, Any]:
        self.sessions.check(request.headers.get("authorization", ""))
        return {"did": OBSERVER.did, "handle": OBSERVER.handle(BLUESKY), "active": True}

    def search(self, request: Request) -> dict[str, Any]:
        self.sessions.check(request.headers.get("authorization", ""))
        return search(self.world, request.query_params, self.now())

    def posts(self, request: Request) -> dict[str, Any]:
        uris = request.query_params.getlist("uris")
        if len(uris) > _BATCH:
            raise invalid("getPosts", f"array too big (maximum {_BATCH}, got {len(uris)})")
        if bad := next((uri for uri in uris if not uri.startswith("at://")), None):
            raise invalid("getPosts", f'Invalid at-uri (got "{bad}")')
        found = [self._post(uri) for uri in dict.fromkeys(uris)]
        return {"posts": [post_view(self.world, post, self.now()) for post in found if post]}

    def _post(self, uri: str) -> Post | None:
        place = place_of(uri.rpartition("/")[2])
        post = self.world.find(BLUESKY, place, self.now()) if place is not None else None
        return post if post and post.native_id == uri else None

    def profiles(self, request: Request) -> dict[str, Any]:
        actors = request.query_params.getlist("actors")
        if len(actors) > _BATCH:
            raise invalid("getProfiles", f"array too big (maximum {_BATCH}, got {len(actors)})")
        people = [self._person(actor) for actor in actors]
        return {"profiles": [profile(person, self.now()) for person in people if person]}

    def profile(self, request: Request) -> dict[str, Any]:
        person = self._person(request.query_params.get("actor", ""))
        if person is None:
            raise Refused(400, "InvalidRequest", "Profile not found")
        return profile(person, self.now())

    def resolve(self, request: Request) -> dict[str, str]:
        person = self._person(request.query_params.get("handle", ""))
        if person is None:
            raise Refused(400, "InvalidRequest", "Unable to resolve handle")
        return {"did": person.did}

    def _person(self, actor: str) -> Person | None:
        if not actor.startswith("did:"):
            return self.world.named(actor.removesuffix(f".{DOMAIN}")) if actor.endswith(f".{DOMAIN}") else None
        number = number_of(actor)
        person = self.world.person(number) if number is not None else None
        return person if person and person.did == actor else None


def _home(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _json(value: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(value), status, headers, "application/json; charset=utf-8")
