"""What forms about campaigns are made of: hashtags, sources, moments and addresses as people type them."""

import re
import unicodedata

from app.analysis.tags import wrong
from app.dashboard import asked
from app.dashboard.forms import Typed
from app.db.engine import ReadSession
from app.errors import Invalid
from app.store import following, source_reads
from app.store.source_reads import Allowed

SLUG = r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?"
MOST_TAGS, MOST_SOURCES = 100, 100


def tags(form: Typed, name: str) -> tuple[str, ...]:
    """However they are put apart: by spaces, commas or lines."""
    found = tuple(dict.fromkeys(part for part in re.split(r"[\s,;]+", form(name)) if part))
    if not found or len(found) > MOST_TAGS:
        raise Invalid(name, form(name), f"must be one hashtag at least, and {MOST_TAGS} at most")
    for tag in found:
        if problem := wrong(tag):
            raise Invalid(name, tag, problem)
    return found


def moment(form: Typed, name: str) -> int | None:
    """In the zone of the form; None where it was left empty."""
    try:
        return asked.read({"from": form(name), "tz": form("tz")}, "en").start
    except Invalid as problem:
        raise Invalid(name, form(name), problem.detail) from None


def slug(form: Typed, name: str) -> str:
    """The one that was typed, else one made of the campaign's name."""
    plain = unicodedata.normalize("NFKD", form("name")).encode("ascii", "ignore").decode().lower()
    text = form(name) or re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")
    if not re.fullmatch(SLUG, text):
        raise Invalid(name, form(name), "has 1 to 64 of a-z, 0-9, - and _, a letter or digit at both ends")
    return text


def web(form: Typed, name: str) -> str | None:
    if form(name) and (len(form(name)) > 2_048 or not re.fullmatch(r"https?://[^\s\x00-\x1f\x7f]+", form(name))):
        raise Invalid(name, form(name), "must begin with https:// or http://")
    return form(name) or None


def line(form: Typed, name: str) -> str | None:
    return form.line(name) if form(name) else None


def text(form: Typed, name: str, most: int) -> str:
    """One line of what may be longer than a name."""
    found = " ".join(form(name).split())
    if not found or len(found) > most or any(ord(one) < 32 or 127 <= ord(one) < 160 for one in found):
        raise Invalid(name, form(name), f"must be some words, {most} characters at most")
    return found


async def sources(session: ReadSession, form: Typed) -> list[int] | None:
    """None: on every one that there is."""
    if form("where") != "some":
        return None
    if not form.every("sources"):
        raise Invalid("sources", None, "must be one at least")
    return await following.source_ids(session, form.every("sources"))


async def live(session: ReadSession, now: int, allowed: dict[str, tuple[Allowed, ...]]) -> list[tuple[str, str]]:
    """(name, platform) of the sources to choose from."""
    rows = await source_reads.listed(session, None, MOST_SOURCES, now, allowed)
    return [(one.name, one.platform) for one in rows if one.kind == "live"]
