"""What has a curve, as the pages know it: which numbers to read for it, and how recent ones are told."""

from dataclasses import dataclass

from app.clock import DAY
from app.dashboard import lately, panels
from app.dashboard.asked import Asked
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import campaigns, curves, overview
from app.store.curves import Ask


@dataclass(frozen=True, slots=True)
class Subject:
    """Something with a curve. `ref` is how the store knows it, `path` its page, `marks` instants worth a line."""

    kind: str
    ref: str
    path: str
    label: str | None = None
    marks: tuple[tuple[int, str], ...] = ()

    @property
    def name(self) -> str:
        """As the events call it."""
        return f"{self.kind}:{self.label or self.ref}"


async def shown(session: ReadSession, subject: Subject, it: Asked, words: Words, now: int) -> panels.Shown:
    ask = it.curve(await overview.first_post(session, subject.kind, subject.ref), now)
    found = panels.shown(await curves.growth(session, subject.kind, subject.ref, ask, now, subject.label), words)
    if it.show == "total":
        before = await curves.views_before(session, subject.kind, subject.ref, found.edges, found.step, it.platform)
        found.series["views_total"] = panels.running(found.series["views"], before)
    return found


async def last_day(session: ReadSession, subject: Subject, words: Words, now: int) -> tuple[str, str]:
    ask = Ask(now - 2 * DAY, now, "5m", metrics=("posts", "engagement", "authors_new", "coverage", "estimated"))
    curve = await curves.growth(session, subject.kind, subject.ref, ask, now)
    return lately.moved(curve["series"], words, authors=subject.kind != "influencer")


def of_campaign(kept: campaigns.Kept, w: Words) -> Subject:
    named = ((kept.it.launched_at, "launch"), (kept.it.ended_at, "end"))
    marks = tuple((at, w(name)) for at, name in named if at is not None)
    return Subject("campaign", kept.id, f"/campaigns/{kept.it.slug}", kept.it.slug, marks)
