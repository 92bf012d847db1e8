"""Alerts and rules as sentences. Pure."""

from app.alerts.wanted import DIGEST, REPORT, words
from app.clock import SECOND
from app.dashboard.words import Words
from app.store.episodes import Episode
from app.store.rules import Watched

COUNTS = {"posts": "posts", "authors": "authors", "engagement": "engaged", "views": "seen"}


def amount(metric: str | None, value: float, w: Words) -> str:
    """ "412 posts"; a half post is none."""
    return w.count(COUNTS[metric or "posts"], round(value))


def window(window_s: int, w: Words) -> str:
    return w.span(window_s * SECOND)


def called(name: str, w: Words) -> str:
    """A rule's name; the one that is there from the beginning has ours, as long as nobody gave it another."""
    return w.or_same(f"rule.named.{name}", name)


def alert(one: Episode, name: str, w: Words) -> str:
    """What happens, or happened, in a sentence without its end."""
    text = _alert(one, name, w)
    return text[:1].upper() + text[1:]


def _alert(one: Episode, name: str, w: Words) -> str:
    state, span = "now" if one.status == "firing" else "was", window(one.window_s, w)
    top = one.value if state == "now" and one.value is not None else one.peak
    if one.kind not in ("spike", "threshold") or top is None:
        which = one.kind if one.kind == "stale" else "quiet.source" if one.subject.startswith("source:") else "quiet"
        return w(f"says.{which}.{state}", what=name, span=span, none=w(f"none.{one.metric or 'posts'}"))
    against = one.baseline if one.kind == "spike" else one.threshold
    return w(
        f"says.{one.kind}.{state}", what=name, value=amount(one.metric, top, w), span=span,
        against=w.number(round(against)) if against is not None else w("unknown"),
    )  # fmt: skip


def lasted(one: Episode, now: int, w: Words) -> str:
    span = w.span((one.ends_at or now) - one.started_at)
    return w("says.for" if one.ends_at is None else "says.lasted", span=span)


def rule(it: Watched, name: str, w: Words) -> str:
    """What it waits for. What it is called, whom it tells and how urgent it is stand beside."""
    if it.kind == DIGEST:
        return w(f"when.{DIGEST}.{words(it.window_s, DIGEST)}", what=name)
    if it.kind == REPORT:
        return w(f"when.{REPORT}", what=name, zone=it.zone)
    if it.kind == "quiet":
        which = "quiet.source" if it.subject[0] == "source" else "quiet"
        return w(f"when.{which}", what=name, span=window(it.window_s, w), none=w(f"none.{it.metric or 'posts'}"))
    metric = w(f"of.{it.metric or 'posts'}")
    least = amount(it.metric, it.above, w) if it.above is not None else ""
    return w(f"when.{it.kind}", what=name, metric=metric, value=least, span=window(it.window_s, w))
