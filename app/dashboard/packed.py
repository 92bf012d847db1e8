"""Pages go out gzipped. The API's answers do not: curves are kept as bytes, and events must flow."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SMALLEST = 1_000


class Packed(GZipMiddleware):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, minimum_size=SMALLEST, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        packed = scope["type"] == "http" and not scope["path"].startswith("/api/")
        await (super().__call__ if packed else self.app)(scope, receive, send)
