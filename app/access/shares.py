"""Share links: a random text in an address, which shows one campaign or one comparison and opens nothing else.

The database finds a link by its keyed hash, and keeps its text sealed, so that its owner can copy it again.
"""

import re
import secrets
from collections.abc import Iterable, Sequence

from app.access.seal import Keyring
from app.clock import DAY
from app.db.engine import ReadSession, Session
from app.errors import Gone, Invalid, NotFound
from app.store import shares as rows
from app.store.shares import Link

DAYS, LONGEST_DAYS = 30, 366
MOST, MOST_ORIGINS = 200, 10
MOST_CAMPAIGNS = 5
# No path, no wildcard, and nothing that could end a word of a header.
_ORIGIN = re.compile(
    r"https?://(?=.{1,253}(?::|\Z))([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?(:\d{1,5})?"
)


async def create(
    session: Session, keys: Keyring, slugs: Sequence[str], days: int, origins: Iterable[str], author: str, now: int
) -> tuple[Link, str]:
    """The link, and the text that opens it."""
    if not 1 <= len(slugs) <= MOST_CAMPAIGNS:
        raise Invalid("campaign", " ".join(slugs), f"must name one campaign, or two to {MOST_CAMPAIGNS} to compare")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("days", days, f"a link lives 1 to {LONGEST_DAYS} days")
    known = await rows.ids_of(session, slugs)
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise Invalid("campaign", unknown[0], "there is no such campaign")
    text, share_id = secrets.token_urlsafe(32), f"shr_{secrets.token_hex(8)}"
    link = Link(
        share_id, tuple(known[slug] for slug in slugs), tuple(_checked(origins)), author, now, now + days * DAY,
        sealed=keys.seal(text, _purpose(share_id)),
    )  # fmt: skip
    await rows.add(session, link, keys.mac(_found_by(text)))
    return link, text


async def find(session: ReadSession, keys: Keyring, text: str, now: int) -> Link:
    """NotFound where there never was such a link, Gone where it has ended."""
    link = await rows.by_mac(session, keys.mac(_found_by(text)))
    if link is None:
        raise NotFound("there is no such link")
    if link.revoked_at is not None or now >= link.expires_at:
        raise Gone("this link has ended")
    return link


async def everything(session: ReadSession, keys: Keyring, now: int) -> list[tuple[Link, str]]:
    """Those that are good, the newest first, with their texts."""
    return [(link, keys.unseal(link.sealed, _purpose(link.id))) for link in await rows.live(session, now, MOST)]


async def revoke(session: Session, share_id: str, now: int) -> None:
    """From this moment."""
    if not await rows.is_there(session, share_id):
        raise NotFound("there is no such link")
    await rows.revoke(session, share_id, now)


def _checked(origins: Iterable[str]) -> list[str]:
    found = [origin.strip().rstrip("/").lower() for origin in origins]
    wrong = next((origin for origin in found if not _ORIGIN.fullmatch(origin)), None)
    if wrong is not None or len(found) > MOST_ORIGINS:
        told = f"must be at most {MOST_ORIGINS} origins such as https://www.example.org, without a path"
        raise Invalid("origins", wrong or " ".join(found), told)
    return list(dict.fromkeys(found))


def _found_by(text: str) -> str:
    """Hashed apart from everything else that the pepper hashes: a login's text finds no link, nor a link's a login."""
    return f"share {text}"


def _purpose(share_id: str) -> str:
    return f"share link {share_id}"
