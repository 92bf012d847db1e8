"""A post on a page: what its author lets us show of it, as text."""

from dataclasses import dataclass

from app.access.principal import Principal
from app.store.overview import Strong
from app.store.post_reads import Found

NO_STRANGERS = "!no-unauthenticated"
ADULT = frozenset({"porn", "sexual", "nudity", "graphic-media", "sensitive"})
LONGEST = 280
METRICS = ("likes", "reposts", "replies", "quotes", "views")


@dataclass(frozen=True, slots=True)
class Card:
    """`hidden` says why there are no words: gone, erased, withheld, no_text; None where there are some."""

    ref: str
    platform: str
    created_at: int
    author: str | None
    handle: str | None
    text: str | None
    lang: str | None
    url: str | None
    hidden: str | None
    sensitive: bool
    levels: tuple[tuple[str, int], ...]


def card(found: Strong | Found, who: Principal) -> Card:
    post, author, text = found.post, found.author, found.text
    labels = post.labels.split() if post.labels else []
    erased = author is not None and author.erased_at is not None
    hidden = None
    if erased:
        hidden = "erased"
    elif NO_STRANGERS in labels and who.kind not in ("user", "token"):
        hidden = "withheld"
    elif post.state == "gone":
        hidden = "gone"
    elif text is None or not text.text:
        hidden = "no_text"
    closed = hidden in ("erased", "withheld")
    levels = tuple((name, level) for name in METRICS if (level := getattr(post, name)) is not None)
    return Card(
        str(post.id), post.platform, post.created_at, None if author is None or closed else author.name,
        None if author is None or closed else author.handle, _short(text.text) if text and not hidden else None,
        text.lang if text else None, text.url if text and hidden in (None, "no_text") else None, hidden,
        not ADULT.isdisjoint(labels), levels,
    )  # fmt: skip


def _short(text: str | None) -> str:
    text = " ".join((text or "").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
