"""A post and an account as Mastodon's API writes them, in the dialect of the server that the sandbox plays."""

import html
import re
from dataclasses import dataclass
from typing import Any

from sandbox.ids import DOMAIN, MASTODON, fold, instant
from sandbox.posts import Levels, Person, Post, World, followers, rfc3339

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HASHTAG = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Flavour:
    """What sets one implementation of the API apart from the others."""

    name: str
    version: str
    modern: bool = True  # reads without a token, look-ups of many ids (else 405), quotes, counts of tags
    unknown_tag: int = 200
    replies: str = "all"  # which replies a tag timeline shows: all, own or none
    ulids: bool = False
    rated: bool = True
    html_errors: bool = False
    links_home: bool = False  # Link headers name the network's own address, not the one that was asked


FLAVOURS = {
    "mastodon": Flavour("mastodon", "4.5.2"),
    "gotosocial": Flavour("gotosocial", "0.20.0", modern=False, unknown_tag=404, replies="own", ulids=True),
    "takahe": Flavour(
        "takahe", "takahe/0.11.0", modern=False, replies="none", rated=False, html_errors=True, links_home=True
    ),
}


def local_id(place: int, flavour: Flavour) -> str:
    """A decimal snowflake, or the 26 letters of a ULID."""
    if not flavour.ulids:
        return str(place)
    value = (instant(place) << 80) | ((place & 0xFFFF) << 64)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def place_of(identifier: str, flavour: Flavour) -> int | None:
    """The position that an id of this server names; None for what is no id here."""
    if not flavour.ulids:
        return int(identifier) if identifier.isascii() and identifier.isdigit() and len(identifier) < 20 else None
    if len(identifier) != 26 or any(letter not in _CROCKFORD for letter in identifier):
        return None
    value = 0
    for letter in identifier:
        value = value << 5 | _CROCKFORD.index(letter)
    return (value >> 80) << 16 | (value >> 64) & 0xFFFF


def status(world: World, post: Post, now: int, flavour: Flavour, *, nested: bool = False) -> dict[str, Any]:
    levels = world.levels(post, now)
    answered = post.answers
    found: dict[str, Any] = {
        "id": local_id(post.position, flavour),
        "created_at": rfc3339(post.created_at),
        "in_reply_to_id": local_id(answered.position, flavour) if answered else None,
        "in_reply_to_account_id": answered.person.account_id if answered else None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": post.lang,
        "uri": post.native_id,
        "url": post.url,
        **_counts(levels, flavour),
        "edited_at": rfc3339(post.edited_at) if post.edited_at else None,
        "content": _content(post.text),
        "reblog": None,
        "account": account(post.person, now, flavour),
        "media_attachments": [],
        "mentions": [],
        "tags": [
            {"name": name, "url": f"https://{DOMAIN}/tags/{name}"} for name in dict.fromkeys(map(fold, post.tags))
        ],
        "emojis": [],
        "card": None,
        "poll": None,
    }
    if flavour.modern:
        found["quote"] = _quote(world, post, now, flavour) if not nested else None
    return found


def account(person: Person, now: int, flavour: Flavour) -> dict[str, Any]:
    noindex = "!no-unauthenticated" in person.labels
    found = {
        "id": person.account_id,
        "username": person.name,
        "acct": person.name,
        "display_name": person.shown,
        "locked": False,
        "bot": False,
        "discoverable": not noindex,
        "group": False,
        "created_at": rfc3339(person.joined - person.joined % 86_400_000),
        "note": "",
        "url": person.native_id(MASTODON),
        "avatar": f"https://{DOMAIN}/avatars/missing.png",
        "followers_count": followers(person, now),
        "following_count": 80,
        "statuses_count": 200,
        "last_status_at": rfc3339(now)[:10],
        "emojis": [],
        "fields": [],
    }
    return found | (
        {"uri": f"https://{DOMAIN}/users/{person.name}", "noindex": noindex, "indexable": not noindex}
        if flavour.modern
        else {}
    )


def _counts(levels: Levels, flavour: Flavour) -> dict[str, int]:
    counts = {"replies_count": levels.replies, "reblogs_count": levels.reposts, "favourites_count": levels.likes}
    return counts | ({"quotes_count": levels.quotes} if flavour.modern else {})


def _quote(world: World, post: Post, now: int, flavour: Flavour) -> dict[str, Any] | None:
    if post.quotes is None:
        return None
    quoted = world.find(post.network, post.quotes.position, now)
    if quoted is None:
        return {"state": "deleted", "quoted_status": None}
    return {"state": "accepted", "quoted_status": status(world, quoted, now, flavour, nested=True)}


def _content(text: str) -> str:
    def link(found: re.Match[str]) -> str:
        href = f"https://{DOMAIN}/tags/{fold(found[1])}"
        return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{found[1]}</span></a>'

    return f"<p>{_HASHTAG.sub(link, html.escape(text, quote=False))}</p>"
