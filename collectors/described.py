"""`docs/platforms.md`, made from what the collectors declare: `python -m collectors.described` prints it."""

import sys
from collections.abc import Iterator
from datetime import timedelta

from collectors import PLATFORMS, Platform
from collectors.contract import Allowance, Cost, Offer

METRICS = ("likes", "reposts", "replies", "quotes", "views", "bookmarks")
HEAD = """# Platforms

What each platform gives, and what it does not: choose by this. It is made from what the collectors declare (`make
platforms`), and a test holds it to that. `groundswell sources plan '#tag'` says what a hashtag of yours would cost.

*Search*: posts that one page of a search holds. *Again*: known posts whose counters are read in one call. *Counts*: the
platform's own counts of a hashtag. *Stream*: posts come as they are written. *Followers*: accounts that are read in one
call. *Back*: how far a search reaches. *Delay*: how long after it was written a post may first be found.
"""
TITLES = (
    "platform", "search", "again", "counts", "stream", "followers", "back", "delay", *METRICS, "needs", "budget",
    "money",
)  # fmt: skip


def page() -> str:
    offers = [(PLATFORMS[name], PLATFORMS[name].offer) for name in sorted(PLATFORMS)]
    lines = [_row(TITLES), _row(["---"] * len(TITLES)), *(_row(_cells(platform, offer)) for platform, offer in offers)]
    return "\n".join([HEAD, *lines, "", *(line for _, offer in offers for line in _section(offer))])


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(platform: Platform, offer: Offer) -> list[str]:
    needs = {"address": offer.needs_url, "identifier": offer.needs_identifier, "credential": offer.needs_credential}
    return [
        f"[{offer.platform}](#{offer.platform})", str(offer.page_size or "no"), str(offer.batch_size or "no"),
        _yes(hasattr(platform, "counts")), _yes(hasattr(platform, "stream")), str(offer.accounts_batch or "no"),
        _span(offer.look_back) if offer.look_back else "all" if offer.page_size else "–", _span(offer.delay) or "none",
        *(_yes(name in offer.metrics) for name in METRICS),
        ", ".join(name for name, is_so in needs.items() if is_so) or "nothing",
        "; ".join(_allowance(one) for one in offer.allowances if one.unit != "microdollar"),
        "yes" if any(one.unit == "microdollar" for one in offer.allowances) else "none",
    ]  # fmt: skip


def _section(offer: Offer) -> Iterator[str]:
    yield from (f"## {offer.platform}", "")
    asked = {"Address": offer.url_words, "Identifier": offer.identifier_words, "Credential": offer.credential_words}
    yield from (f"- {name}: {words}." for name, words in asked.items() if words)
    yield from (f"- {name.capitalize()}: a call takes {_cost(cost)}." for name, cost in sorted(offer.costs.items()))
    yield from (f"- Budget: {_allowance(one)}." for one in offer.allowances)
    yield from (f"- {note}" for note in offer.notes)
    if offer.policy.terms:
        yield f"- Terms: {offer.policy.terms}"
    yield f"- Exports hold {_HANDED[offer.policy.handed_on]}."
    yield ""


_HANDED = {"all": "all that is kept", "ids": "ids, times and counters only", "nothing": "no posts"}


def _cost(cost: Cost) -> str:
    parts = [f"{units:,} of `{name}`" for name, units in cost.call.items() if units]
    parts += [f"{units:,} of `{name}` for each item" for name, units in cost.item.items()]
    return ", ".join(parts) or "nothing"


def _allowance(one: Allowance) -> str:
    if one.limit:
        return f"{one.limit:,} {one.name} in {_span(one.window)}"
    return f"{one.name}: as much in {_span(one.window)} as its owner says"


def _span(it: timedelta) -> str:
    seconds = int(it.total_seconds())
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {name}"
    return ""


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "–"


if __name__ == "__main__":
    sys.stdout.write(page())
