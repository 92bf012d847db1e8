"""What each platform cannot give, and how far and how often it may be asked: from the collectors' own words."""

from dataclasses import dataclass

from app.analysis.dollars import MICRO
from app.dashboard.words import Words
from collectors.contract import Allowance, Offer

TITLES = {"peertube": "PeerTube", "tiktok": "TikTok", "vk": "VK", "wordpress": "WordPress", "youtube": "YouTube"}
METRICS = ("likes", "reposts", "replies", "quotes", "views", "bookmarks")


@dataclass(frozen=True, slots=True)
class Note:
    """`lang` is the language it is in: a collector speaks English, and what nobody put into French stays so."""

    text: str
    lang: str


@dataclass(frozen=True, slots=True)
class Platform:
    """`title`: as it calls itself."""

    name: str
    title: str
    gives: str
    lacks: tuple[str, ...]
    spends: tuple[str, ...]
    bills: bool
    cost: str
    notes: tuple[Note, ...]
    credential: Note | None
    needs_credential: bool
    needs_url: bool
    url: Note | None
    needs_identifier: bool
    identifier: Note | None
    limits: tuple[str, ...]  # what only its owner can say


def told(offer: Offer, w: Words) -> Platform:
    given = [w(f"metric.{name}") for name in METRICS if name in offer.metrics]
    bills = any(one.unit == MICRO for one in offer.allowances)
    return Platform(
        offer.platform, TITLES.get(offer.platform, offer.platform.capitalize()), w.listed(given) or "–",
        tuple(_lacks(offer, w)), tuple(_spends(one, w) for one in offer.allowances),
        bills, w("cost.some" if bills else "cost.none"), tuple(_note(text, w) for text in offer.notes),
        _or_none(offer.credential_words, w), offer.needs_credential, offer.needs_url, _or_none(offer.url_words, w),
        offer.needs_identifier, _or_none(offer.identifier_words, w),
        tuple(_asks(one, w) for one in offer.allowances if one.limit == 0),
    )  # fmt: skip


def _lacks(offer: Offer, w: Words) -> list[str]:
    absent = [w(f"metric.{name}") for name in METRICS if name not in offer.metrics]
    found = [w("lacks.metrics", what=w.listed(absent))] if absent else []
    if not offer.page_size:
        found.append(w("lacks.search"))
    elif offer.needs_credential:
        found.append(w("lacks.anonymous"))
    if not offer.batch_size:
        found.append(w("lacks.refresh"))
    if not offer.accounts_batch:
        found.append(w("lacks.accounts"))
    if offer.look_back is not None:
        found.append(w("lacks.older", span=w.span(int(offer.look_back.total_seconds() * 1_000))))
    if offer.delay:
        found.append(w("lacks.sooner", span=w.span(int(offer.delay.total_seconds() * 1_000))))
    return found


def _spends(one: Allowance, w: Words) -> str:
    span = w.span(int(one.window.total_seconds() * 1_000))
    name = w.or_same(f"budget.name.{one.name}", one.name)
    allows = w("allows", n=w.number(one.limit), span=span) if one.limit else w("allows.owner", span=span)
    return f"{name}{w('colon')}{allows}"


def _asks(one: Allowance, w: Words) -> str:
    """How much its owner lets it spend, and in what."""
    span = w.span(int(one.window.total_seconds() * 1_000))
    return w("join.limit.money" if one.unit == MICRO else "join.limit.units", span=span)


def _or_none(text: str, w: Words) -> Note | None:
    return _note(text, w) if text else None


def _note(text: str, w: Words) -> Note:
    said = w.or_same(f"note.{text}", "")
    return Note(said, w.lang) if said else Note(text, "en")
