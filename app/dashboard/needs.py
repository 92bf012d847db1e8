"""What waits for someone today: alerts that are open, and sources that do not go on by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from app.clock import HOUR, SECOND
from app.dashboard.servers import Server
from app.dashboard.told import called
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import episodes, hashtags, rules
from app.store.episodes import Episode

MOST_ALERTS = 10
PATIENCE = HOUR
"""A source that fails for longer does not come back by itself."""


@dataclass(frozen=True, slots=True)
class Open:
    """An alert that is open. `name` is whom it is of, `says` what was seen against what is usual."""

    id: str
    name: str
    rule: str
    severity: str
    since: str
    says: str


@dataclass(frozen=True, slots=True)
class Needs:
    """`answer`: all of it in a sentence."""

    answer: str
    alerts: tuple[Open, ...]
    more_alerts: bool
    sources: tuple[Server, ...]


async def alerts(session: ReadSession, w: Words, tz: ZoneInfo, now: int) -> list[Open]:
    """One more than are shown, where there are more."""
    found = await episodes.listed(session, episodes.Ask("firing"), None, MOST_ALERTS)
    subjects = [_subject(one) for one in found]
    spelt = await hashtags.spellings(session, [ref for kind, ref in subjects if kind == "hashtag"])
    names = {**await rules.called(session, subjects), **{("hashtag", tag): text for tag, text in spelt.items()}}
    return [_open(one, subject[0], names[subject], w, tz, now) for one, subject in zip(found, subjects, strict=True)]


def of(found: Sequence[Open], servers: Sequence[Server], w: Words, now: int) -> Needs:
    ill = tuple(one for one in servers if _is_ill(one, now))
    parts = [
        w.count(key, len(each)) for key, each in (("today.alerts", found[:MOST_ALERTS]), ("today.ill", ill)) if each
    ]
    answer = w("today.waits", what=w.listed(parts)) if parts else w("today.calm")
    return Needs(answer, tuple(found[:MOST_ALERTS]), len(found) > MOST_ALERTS, ill)


def _is_ill(one: Server, now: int) -> bool:
    state, since = one.it.state, one.it.state_at
    return state == "stopped" or (state == "failing" and now - since >= PATIENCE)


def _subject(one: Episode) -> tuple[str, str]:
    kind, _, ref = one.subject.partition(":")
    return kind, ref


def _open(one: Episode, kind: str, name: str, w: Words, tz: ZoneInfo, now: int) -> Open:
    since = w("today.since", time=w.moment(one.started_at, tz), span=w.span(now - one.started_at))
    name = f"#{name}" if kind == "hashtag" else name
    return Open(
        quote(one.id, safe=""), name, called(one.rule_name, w), w(f"today.severity.{one.severity}"), since,
        _says(one, w),
    )  # fmt: skip


def _says(one: Episode, w: Words) -> str:
    if one.value is None or one.metric is None:
        return ""
    what = f"{w.number(round(one.value))} {w(f'measure.{one.metric}').lower()}"
    said = w("today.seen", what=what, span=w.span(one.window_s * SECOND))
    return said if one.baseline is None else w("today.usual", said=said, n=w.number(round(one.baseline, 1)))
