"""The world as a blog's feed, `/feeds/<tag>`: RSS of the last posts, and how often each was commented on."""

from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.shown import Now, newest
from sandbox.posts import Post, World

LAST = 50


def routes(world: World, now: Now) -> list[BaseRoute]:
    def feed(request: Request) -> Response:
        tag = request.path_params["tag"]
        items = "".join(item(post, world.levels(post, now()).replies) for post in newest(world, tag, now(), LAST))
        return rss(f"#{tag}", str(request.base_url), items)

    return [Route("/feeds/{tag}", feed)]


def rss(title: str, link: str, items: str) -> Response:
    spaces = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    channel = f"<channel><title>{escape(title)}</title><link>{escape(link)}</link>{items}</channel>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {spaces}>{channel}</rss>'
    return Response(body, media_type="application/rss+xml")


def item(post: Post, comments: int) -> str:
    date = format_datetime(datetime.fromtimestamp(post.created_at / 1_000, UTC))
    said = escape(post.text)
    tags = "".join(f"<category>{escape(tag)}</category>" for tag in post.tags)
    return (
        f"<item><title>{said[:60]}</title><link>{escape(post.url)}</link><guid>{escape(post.url)}</guid>"
        f"<pubDate>{date}</pubDate><dc:creator>{escape(post.person.shown)}</dc:creator>{tags}"
        f"<description>{said}</description><slash:comments>{comments}</slash:comments></item>"
    )
