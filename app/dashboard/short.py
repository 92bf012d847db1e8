"""A campaign in three answers, above its curve: who began, what it brought in, what was not observed."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.dashboard.brought import Row
from app.dashboard.tables import Missing
from app.dashboard.words import Words
from app.store.overview import First


@dataclass(frozen=True, slots=True)
class Answer:
    """`more`: where on the page, or on which page, the whole of it is. `why`: in words of others."""

    asks: str
    says: str
    more: str
    why: str = ""


def answers(
    first: First | None, gave: Sequence[Row], unseen: Sequence[Missing], path: str, w: Words, tz: ZoneInfo
) -> list[Answer]:  # fmt: skip
    found = []
    if first:
        found.append(Answer(w("short.began"), _began(first, w, tz), f"{path}/influencers"))
    if gave:
        found.append(Answer(w("short.brought"), _gave(gave, w), "#brought"))
    found.append(_unseen(unseen, w))
    return found


def _began(first: First, w: Words, tz: ZoneInfo) -> str:
    when = w.moment(first.at, tz)
    if not first.before:
        return w("short.first", who=first.name, time=when)
    return w("short.after", who=first.name, time=when, others=w.count("short.others", first.before))


def _gave(rows: Sequence[Row], w: Words) -> str:
    return w.listed([
        f"{row.amount} ({w.count('short.donors', row.givers)})" if row.givers else f"{row.what}{w('colon')}{row.amount}"
        for row in rows
    ])  # fmt: skip


def _unseen(unseen: Sequence[Missing], w: Words) -> Answer:
    """The newest gap; one that several hashtags or sources share is one."""
    if not unseen:
        return Answer(w("short.unseen"), w("unseen.none"), "#unseen")
    times = list(dict.fromkeys(one.when for one in unseen))
    more = w.count("short.gaps", len(times) - 1) if len(times) > 1 else ""
    return Answer(w("short.unseen"), f"{times[0]}{more}", "#unseen", unseen[0].why)
