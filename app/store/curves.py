"""Growth curves, from rollup rows alone: the cost follows the answer and not the history. `as_of` asks the facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from app.analysis import calendar, curve
from app.analysis.contribution import COLUMN
from app.analysis.shape import Ints
from app.analysis.sums import HOUR
from app.clock import EARLIEST, LATEST, MINUTE, rfc3339
from app.db.engine import ReadSession
from app.errors import Invalid
from app.models import CampaignHashtag, Member, Post, Subject, Tagging
from app.store import coverage, facts, native_counts, outcome_series, rollups, summaries
from app.store.as_of import AsOf
from app.store.coverage import Observed
from app.store.subjects import hashtag_key, no_curve, subject_key
from app.store.summaries import Drawn
from app.store.sums import Rollups, Source, Sums, nothing


@dataclass(frozen=True, slots=True)
class Ask:
    """What a curve is asked for. Times in milliseconds; None: the subject's first post, and now.

    `as_of`: what would have been shown then, facts that came later unseen.
    """

    start: int | None = None
    end: int | None = None
    step: str = "1h"
    zone: str = "UTC"
    metrics: tuple[str, ...] | None = None
    platform: str | None = None
    split: bool = False
    as_of: int | None = None


async def growth(
    session: ReadSession, kind: str, ref: str, ask: Ask, now: int, label: str | None = None
) -> dict[str, Any]:
    """The curve of a hashtag (by its normal form), a campaign or an influencer (by id; `label` is what to call it).

    Raises NotFound where the subject has no curve, Invalid where the question has no answer.
    """
    tz, at, subject = _zone(ask), moment(ask.as_of, now), subject_key(kind, ref)
    if (await session.execute(select(Subject.id).where(Subject.id == subject))).scalar() is None:
        raise no_curve(kind, ref)
    sums: Source = Rollups(session, subject) if ask.as_of is None else AsOf(session, subject, at)
    edges = await _edges(sums, ask, tz, at)
    rows = await sums.read(edges, ask.step, ask.platform)
    tracks = await _tracks(session, kind, ref, subject, ask.as_of)
    platforms = sorted({*rows, *(track.platform for track in tracks)})
    if ask.platform:
        platforms = [ask.platform] if ask.platform in platforms else []
    name = {"kind": kind, "id" if kind == "influencer" else kind: label or ref}
    shown = [track for track in tracks if not ask.platform or track.platform == ask.platform]
    whole = curve.series(_buckets(edges, [rows[name] for name in platforms if name in rows], shown, at))
    found = _render(name, ask, edges, rows, tracks, platforms, at, whole)
    drawn = Drawn(kind, ref, edges, ask.step, ask.platform, sums, list(rows.values()), shown, ask.as_of)
    found["summary"] = await summaries.of(session, drawn, whole, at)
    if kind != "influencer":  # a platform counts hashtags
        told = await native_counts.by_platform(session, tracks, edges, ask.as_of)
        for platform in platforms:
            found["platforms"][platform] |= told.get(platform, {})
    if kind == "campaign":
        found["outcomes"] = await outcome_series.read(session, ref, edges, ask.as_of)
    return found


async def views_before(
    session: ReadSession, kind: str, ref: str, edges: Sequence[int], step: str, platform: str | None
) -> int:
    """What all posts had gained of views before the first edge. The curve of the same edges has read it already."""
    rows = await Rollups(session, subject_key(kind, ref)).read(np.array(edges, dtype=np.int64), step, platform)
    return sum(int(one.before[COLUMN["views"]]) for one in rows.values())


async def totals(session: ReadSession, kind: str, ref: str, start: int, end: int, now: int) -> dict[str, Any]:
    """The totals that `growth` gives of [start, end) by the hour, alone, and how much of it was observed (0 to 1)."""
    subject, edges = subject_key(kind, ref), calendar.edges(start, end, "1h", calendar.zone("UTC"))
    rows = await Rollups(session, subject).read(edges, "1h", None)
    tracks = await _tracks(session, kind, ref, subject)
    buckets = _buckets(edges, list(rows.values()), tracks, now)
    sums = curve.totals(curve.series(buckets), int((edges[1:] <= now).sum()))
    return {**sums, "coverage": round(float(buckets.covered.mean()), 6)}


def moment(as_of: int | None, now: int) -> int:
    """The instant that is asked about. Nobody knows yet what will be known."""
    if as_of is not None and as_of > now:
        raise Invalid("as_of", rfc3339(as_of), f"must not lie in the future (it is {rfc3339(now)})")
    return now if as_of is None else as_of


def _zone(ask: Ask) -> ZoneInfo:
    if ask.step not in calendar.STEPS:
        raise Invalid("step", ask.step, f"must be one of {' '.join(calendar.STEPS)}")
    unknown = [name for name in ask.metrics or () if name not in curve.SERIES]
    if unknown:
        raise Invalid("metric", unknown[0], f"must be of {' '.join(curve.SERIES)}")
    try:
        return calendar.zone(ask.zone)
    except ValueError as error:
        raise Invalid("tz", ask.zone, str(error)) from None


async def _edges(sums: Source, ask: Ask, tz: ZoneInfo, now: int) -> Ints:
    end = ask.end if ask.end is not None else now
    start = ask.start
    if start is None:
        first = await sums.first()
        start = min(first if first is not None else end - MINUTE, end - 1)
        # One post with a date of long ago must not take the curve away: it still counts in the totals.
        start = max(start, end - (calendar.MOST_BUCKETS - 1) * calendar.STEPS[ask.step])
        if ask.step == "5m":
            start = max(start, rollups.fine_since(now) + HOUR)
    if start >= end:
        raise Invalid("from", rfc3339(start), f"must lie before to ({rfc3339(end)})")
    if ask.step == "5m" and start < rollups.fine_since(now):
        raise Invalid("step", "5m", "is kept for the last 14 days only; step=15m would do")
    if not EARLIEST + 8 * 86_400_000 <= start <= end <= LATEST - 8 * 86_400_000:
        raise Invalid("from", start, "is outside the years that can be shown")
    try:
        return calendar.edges(start, end, ask.step, tz)
    except calendar.TooMany as error:
        raise Invalid("step", ask.step, str(error)) from None


async def _tracks(session: ReadSession, kind: str, ref: str, subject: int, as_of: int | None = None) -> list[Observed]:
    """The tracks whose coverage is the subject's: its hashtags', for an influencer on the platforms of their posts."""
    if kind == "hashtag":
        return await coverage.of_hashtags(session, [hashtag_key(ref)], as_of)
    if kind == "campaign":
        tags = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == ref)
        return await coverage.of_hashtags(session, list((await session.execute(tags)).scalars()), as_of)
    known = (Post.found_at <= as_of, facts.tag_known(as_of)) if as_of is not None else ()
    mine = select(Member.post_id).where(Member.subject_id == subject)
    posts = select(Post.id).join(Tagging, Tagging.post_id == Post.id).where(Post.id.in_(mine), *known)
    tags = select(Tagging.hashtag_id).where(Tagging.post_id.in_(posts)).distinct()
    tracks = await coverage.of_hashtags(session, list((await session.execute(tags)).scalars()), as_of)
    spoken = select(Post.platform).where(Post.id.in_(posts)).distinct()
    platforms = set((await session.execute(spoken)).scalars())
    return [track for track in tracks if track.platform in platforms]


def _render(
    subject: dict[str, str], ask: Ask, edges: Ints, rows: dict[str, Sums], tracks: list[Observed],
    platforms: list[str], now: int, whole: dict[str, curve.Column],
) -> dict[str, Any]:  # fmt: skip
    over = int((edges[1:] <= now).sum())
    shown = [track for track in tracks if not ask.platform or track.platform == ask.platform]
    by_platform = {
        name: whole if len(platforms) == 1 else curve.series(_buckets(
            edges, [rows[name]] if name in rows else [], [t for t in tracks if t.platform == name], now
        ))
        for name in platforms
    }  # fmt: skip
    names = [name for name in curve.SERIES if not ask.metrics or name in ask.metrics]
    time, totals = calendar.texts(edges[:-1]), curve.totals(whole, over)
    return {
        "subject": subject,
        "from": rfc3339(int(edges[0])), "to": rfc3339(int(edges[-1])), "step": ask.step, "timezone": ask.zone,
        "as_of": rfc3339(now),
        "series": {"time": time, **{name: whole[name] for name in names}},
        "platforms": {
            name: {
                "totals": totals if columns is whole else curve.totals(columns, over),
                "coverage": columns["coverage"],
                **({"series": {"time": time, **{n: columns[n] for n in names}}} if ask.split else {}),
            }
            for name, columns in by_platform.items()
        },
        "totals": totals,
        "summary": {},
        "gaps": gaps(shown, int(edges[0]), min(int(edges[-1]), now), now),
    }  # fmt: skip


def _buckets(edges: Ints, sums: Sequence[Sums], tracks: Sequence[Observed], now: int) -> curve.Buckets:
    empty = nothing(edges)
    return curve.Buckets(
        edges,
        sum((one.within for one in sums), empty.within),
        sum((one.before for one in sums), empty.before),
        curve.coverage(edges, [(track.owed(now), track.covered()) for track in tracks]),
    )


def gaps(tracks: Sequence[Observed], start: int, end: int, now: int) -> list[dict[str, Any]]:
    """What was owed in [start, end) and not covered, with the reason where one is known."""
    found = []
    for track in tracks:
        for low, high in track.owed(now):
            at = max(low, start)
            for stretch in [s for s in track.stretches if s.end > at and s.start < min(high, end)]:
                if stretch.start > at:
                    found.append(_gap(track, at, stretch.start, "missed", "not observed"))
                if stretch.state not in coverage.COVERED:
                    found.append(
                        _gap(track, max(at, stretch.start), min(stretch.end, high, end), stretch.state, stretch.reason)
                    )
                at = max(at, stretch.end)
            if at < min(high, end):
                reason = "not observed yet" if high >= now else "not observed"
                found.append(_gap(track, at, min(high, end), "missed", reason))
    return sorted(found, key=lambda gap: (gap["from"], gap["source"]))


def _gap(track: Observed, start: int, end: int, state: str, reason: str | None) -> dict[str, Any]:
    return {
        "from": rfc3339(start), "to": rfc3339(end), "state": state, "reason": reason, "hashtag": track.hashtag,
        "source": track.source, "platform": track.platform,
    }  # fmt: skip
