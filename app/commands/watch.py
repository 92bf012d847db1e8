"""`follow`, `unfollow` and `collect`: start and stop watching, and one look now."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import show
from app.commands.frame import database, instant, now, run, settings

if TYPE_CHECKING:
    from app.polling.outcome import PassSummary
    from app.store.following import Followed

Tag = Annotated[str, typer.Argument(metavar="TAG", help="the hashtag; quote it, or leave the # out")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="a source's name; may be repeated. Default: all")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


def follow(
    tag: Tag,
    campaign: Annotated[str | None, typer.Option(help="the slug of a campaign that it becomes part of")] = None,
    source: Sources = None,
    json: AsJson = False,
) -> None:
    """Watch a hashtag from now on."""
    given = settings()

    async def work() -> "Followed":
        from app.store import following

        async with database(given) as db, db.write() as session:
            ids = await following.source_ids(session, source) if source else None
            return await following.follow(session, tag, ids, now(), given.poll_seconds, campaign)

    followed = run(work())
    if json:
        show.as_json({"tag": followed.tag, "sources": list(followed.tracks), "new": followed.new})
        return
    where = ", ".join(followed.tracks) or "no source yet: groundswell sources add mastodon --name NAME --url URL"
    show.say(f"following #{followed.tag} on {where}")


def unfollow(tag: Tag) -> None:
    """Stop watching a hashtag. What was seen stays."""
    given = settings()

    async def work() -> None:
        from app.store import following

        async with database(given) as db, db.write() as session:
            await following.unfollow(session, tag, now())

    run(work())
    show.say(f"no longer following {tag}; what was seen stays")


def collect(
    tag: Tag,
    source: Sources = None,
    since: Annotated[str | None, typer.Option(help="walk back to this time (RFC 3339 or unix seconds)")] = None,
    json: AsJson = False,
) -> None:
    """Make one pass now, and say what came and what was missed."""
    given = settings()
    start = instant("since", since)

    async def work() -> "list[PassSummary]":
        from app import log
        from app.clock import SystemClock
        from app.polling.collect import once

        log.set_up(given, at_least="error")
        with show.progress(f"collecting {tag}") as bar:
            async with database(given) as db:
                return await once(db, given, SystemClock(), tag, source, start, lambda so_far: bar(so_far.posts))

    summaries = run(work())
    if json:
        show.as_json({"tag": tag, "sources": [_as_json(one) for one in summaries]})
    else:
        for one in summaries:
            show.say(_in_words(one))
    if _all_failed(summaries):
        raise typer.Exit(1)


def _all_failed(summaries: Sequence["PassSummary"]) -> bool:
    return all(one.state in ("failed", "skipped") for one in summaries)


def _as_json(one: "PassSummary") -> dict[str, Any]:
    from dataclasses import asdict

    from app.clock import rfc3339

    gaps = [{"from": rfc3339(start), "to": rfc3339(end), "reason": reason} for start, end, reason in one.missed]
    return {**asdict(one), "missed": gaps}


def _in_words(one: "PassSummary") -> str:
    from app.clock import rfc3339

    if one.state in ("failed", "skipped"):
        return f"{one.source}: {one.state}: {one.reason}"
    counts = (
        f"{one.source}: {one.posts} posts on {one.pages} pages, {one.posts_new} of them new; "
        f"{one.looks_new} new readings, {one.refreshed} read again, {one.gone} gone"
    )
    gaps = "".join(f"\n  missed {rfc3339(start)} to {rfc3339(end)}: {reason}" for start, end, reason in one.missed)
    return counts + (f" ({one.state}: {one.reason})" if one.reason else "") + gaps
