"""The door of the Mastodon side: who may come in, how often, and what a refusal looks like there."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.limits import Limits, Standing, Windows
from sandbox.mastodon_json import Flavour
from sandbox.posts import rfc3339

PAGING = ("max_id", "min_id", "since_id", "page")


class Refusal(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class Door:
    """`token` is the one that is taken; None lets anyone read where the flavour does."""

    def __init__(self, now: Callable[[], int], flavour: Flavour, limits: Limits, token: str | None, feeds: str) -> None:
        self.flavour, self.limits, self.token, self.feeds = flavour, limits, token, feeds
        self._windows = Windows(now)

    def answering(self, answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            standing = self._standing(request)
            if standing and standing.refused:
                response = self._error(429, "Too many requests")
            else:
                try:
                    response = answer(request)
                except Refusal as refusal:
                    response = self._error(refusal.status, refusal.error)
            if standing:
                response.headers["x-ratelimit-limit"] = str(standing.limit)
                response.headers["x-ratelimit-remaining"] = str(standing.remaining)
                response.headers["x-ratelimit-reset"] = rfc3339(standing.resets_at)
            return response

        return respond

    def _standing(self, request: Request) -> Standing | None:
        """Of the two limits, the one nearer to its end."""
        if not self.flavour.rated:
            return None
        who = request.headers.get("authorization") or (request.client.host if request.client else "")
        standing = self._windows.take(who, self.limits.mastodon, 5)
        if any(name in request.query_params for name in PAGING):
            paging = self._windows.take(who, self.limits.paging, 15)
            standing = min(standing, paging, key=lambda one: one.remaining - one.refused)
        return standing

    def log_in(self, request: Request, *, needed: bool = True) -> None:
        """As the server of that flavour asks for it: a wrong token is not the same as none."""
        given = request.headers.get("authorization", "")
        token = given[7:] if given.lower().startswith("bearer ") else ""
        html = self.flavour.html_errors
        if token and self.token and token != self.token:
            raise Refusal(400, "Invalid Bearer token") if html else Refusal(401, "The access token is invalid")
        if not token and needed and (not self.flavour.modern or self.feeds == "authenticated"):
            raise Refusal(401, "identity_token_required" if html else "Unauthorized: token not supplied")

    def _error(self, code: int, words: str) -> Response:
        if code == 405:
            return Response("" if self.flavour.html_errors else words, code, {"allow": "POST"}, "text/plain")
        if self.flavour.html_errors and code != 401:
            return Response(f"<!DOCTYPE html><title>{words}</title>", code, media_type="text/html")
        return json_answer({"error": words}, code)


def json_answer(value: Any, code: int = 200) -> Response:
    return Response(msgspec.json.encode(value), code, media_type="application/json; charset=utf-8")
