"""The audit log: who did what, when, in words, and narrowed down to what is looked for."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.access import tokens, users
from app.dashboard import forms, render
from app.dashboard.render import asked_of, page, words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import audited
from app.store.audited import Sought

router = APIRouter(route_class=render.Page)
MOST_ROWS = 100


@router.get("/settings/audit")
async def show_audit(request: Request) -> Response:
    render.check_may(request, "audit:read")
    asked, it, w = forms.asked(request), asked_of(request, "all"), words_of(request)
    before = asked.whole("before") if asked("before") else None
    sought = Sought(asked("who") or None, asked("what") or None, it.start, it.end)
    async with render.reading(request) as session:
        found = await audited.found(session, sought, before, MOST_ROWS + 1)
        doers, deeds = await audited.those_who(session), await audited.what_was_done(session)
        names = await _names(session, w, doers)
    shown, narrowed = found[:MOST_ROWS], sought != Sought()
    older = {"who": sought.actor, "what": sought.action, "from": it.local(it.start), "to": it.local(it.end)}
    return page(
        request, "audit.html", rows=[(row, _subject(w, row.subject)) for row in shown],
        tz=it.tz, it=it, narrowed=narrowed, deeds=_by_word(w, deeds), names=names, sought=sought,
        older=_query(request, {**older, "before": shown[-1].id}) if len(found) > MOST_ROWS else None,
    )  # fmt: skip


def _query(request: Request, values: Mapping[str, object]) -> str:
    kept = {name: request.query_params[name] for name in ("tz", "lang") if name in request.query_params}
    return urlencode({name: value for name, value in {**values, **kept}.items() if value is not None})


async def _names(session: ReadSession, w: Words, actors: Sequence[str]) -> dict[str, str]:
    """Actors as people know them."""
    people = {f"user:{one.id}": one.name for one in await users.everyone(session)}
    programs = {f"token:{one.id}": one.name for one in await tokens.everything(session)}
    known = {**people, **programs, "local": w("audit.local")}
    return {one: known.get(one) or (w("audit.hook") if one.startswith("anybody:") else one) for one in actors}


def _by_word(w: Words, deeds: Sequence[str]) -> list[tuple[str, str]]:
    return sorted(((one, w.or_same(f"did.{one}", one)) for one in deeds), key=lambda pair: pair[1].casefold())


def _subject(w: Words, text: str | None) -> tuple[str, str]:
    """What kind of thing it was, in words, and which one."""
    if text is None:
        return "", ""
    kind, _, which = text.partition(" ")
    said = w.or_same(f"thing.{kind}", "")
    of, _, slug = which.partition(" of campaign ")
    if slug:
        which = f"{of} ({w('thing.campaign')} {slug})"
    elif kind == "influencer":
        which = which.replace(" into ", " → ").replace(" from ", " ← ")
    return (said, which) if said else ("", text)
