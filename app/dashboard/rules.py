"""Rules: each a sentence, changed as one, with what it would have said over the last two weeks beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request, Response

from app.alerts.wanted import REPORT, TOLD
from app.dashboard import asked, forms, named, render, rule_form, told, tried
from app.dashboard.forms import Done, Typed, change, go
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession, Session
from app.errors import Conflict, Invalid, Problem
from app.store import endpoints, rules
from app.store.rules import EVERY, Rule, Watched

router = APIRouter(route_class=render.Page)
MOST_RULES, MOST_ENDPOINTS = 200, 100
FRESH = {
    "kind": ["threshold"], "metric": ["posts"], "above": ["100"], "window": ["1"], "unit": ["h"], "severity": ["high"],
    "tell": ["all"], "enabled": ["on"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    rule: Rule
    says: str
    tells: str


@router.get("/rules")
async def show_rules(request: Request) -> Response:
    render.check_may(request, "stats:read")
    w = words_of(request)
    async with render.reading(request) as session:
        kept = await rules.listed(session, None, MOST_RULES)
        names = await named.names(session, [one.it.subject for one in kept], w)
        called = {one.id: one.it.name for one in await endpoints.listed(session, None, MOST_ENDPOINTS)}
    rows = [
        Row(one, told.rule(one.it, names[one.it.subject].text, w), _tells(one, called, w))
        for one in kept[:MOST_RULES]
    ]  # fmt: skip
    return render.page(
        request, "rules.html", rows=rows, may=render.who_of(request).may("rules:write"), most=MOST_RULES,
        more=len(kept) > MOST_RULES, none_told=not called, built_in=rules.BUILT_IN, done=forms.done(request),
    )  # fmt: skip


def _tells(rule: Rule, called: dict[str, str], w: Words) -> str:
    if rule.it.endpoints is None:
        return w("tell.all.short")
    return ", ".join(called[one] for one in rule.it.endpoints if one in called) or w("tell.nobody")


@router.get("/rules/new")
async def show_new(request: Request) -> Response:
    render.check_may(request, "rules:write")
    fresh = {**FRESH, "mark": [forms.mark()], "timezone": [render.zone_of(request)]}
    form = rule_form.overlaid(Typed(fresh), forms.asked(request))
    return await _form(request, form, None)


@router.post("/rules")
async def create_rule(request: Request) -> Response:
    render.check_may(request, "rules:write")
    form = await forms.typed(request)
    w, now = words_of(request), now_of(request)

    async def work(session: Session) -> Done:
        rule = await rules.create(session, await rule_form.read(session, form, w, None), now)
        return Done(f"rule {rule.id}", f"/rules/{rule.id}", _plain(rule.it))

    try:
        return go(request, await change(request, "rule.create", form, work), "made")
    except Invalid as wrong:
        return await _form(request, form, None, wrong)


@router.get("/rules/{id}")
async def show_rule(id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    render.check_may(request, "stats:read")
    async with render.reading(request) as session:
        rule = await rules.by_id(session, id)
    return await _form(request, rule_form.overlaid(rule_form.filled(rule), forms.asked(request)), rule)


@router.post("/rules/{id}")
async def change_rule(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "rules:write")
    form = await forms.typed(request)
    w, now = words_of(request), now_of(request)
    async with render.reading(request) as session:
        old = await rules.by_id(session, id)

    async def work(session: Session) -> Done:
        current = await rules.by_id(session, id)
        if str(current.version) != form("version"):
            raise Conflict("it was changed meanwhile")
        rule = await rules.change(session, current, await rule_form.read(session, form, w, current), now)
        return Done(f"rule {id}", f"/rules/{id}", _plain(rule.it))

    try:
        return go(request, await change(request, "rule.change", form, work), "saved")
    except Conflict as wrong:
        # Sent once more, it goes over what the other one did: that is said, and asked for.
        return await _form(request, Typed({**form.fields, "version": [str(old.version)]}), old, wrong)
    except Invalid as wrong:
        return await _form(request, form, old, wrong)


@router.post("/rules/{id}/enabled")
async def switch_rule(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "rules:write")
    form, now = await forms.typed(request), now_of(request)
    wanted = form("enabled") == "on"

    async def work(session: Session) -> Done:
        old = await rules.by_id(session, id)
        rule = await rules.change(session, old, replace(old.it, enabled=wanted), now)
        return Done(f"rule {id}", "/rules", _plain(rule.it))

    return go(request, await change(request, "rule.change", form, work), "on" if wanted else "off")


@router.post("/rules/{id}/delete")
async def delete_rule(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "rules:write")
    form, now = await forms.typed(request), now_of(request)

    async def work(session: Session) -> Done:
        await rules.remove(session, await rules.by_id(session, id), now)
        return Done(f"rule {id}", "/rules")

    return go(request, await change(request, "rule.delete", form, work), "deleted")


def _plain(it: Watched) -> dict[str, Any]:
    return {name: getattr(it, name) for name in Watched.__slots__}


async def _form(request: Request, form: Typed, rule: Rule | None, problem: Problem | None = None) -> Response:
    w, now, it = words_of(request), now_of(request), render.asked_of(request, "all")
    watched = None
    async with render.reading(request) as session:
        if problem is None and (rule is not None or form("try")):
            try:
                watched = await rule_form.read(session, form, w, rule)
            except Invalid as wrong:
                problem = wrong
        more = "source" if form("kind") == "quiet" else ""
        groups = await named.groups(session, w, now, request.app.state.allowed, more=more)
        if form("kind") == REPORT:
            groups = [group for group in groups if group.kind == "campaign"]
        current = await _current(session, rule, groups, request)
        takers = (await endpoints.listed(session, None, MOST_ENDPOINTS))[:MOST_ENDPOINTS]
    # Over every hashtag it takes seconds: only who asks for it waits.
    tries = watched is not None and watched.kind not in TOLD
    quick = watched is not None and watched.subject[1] != EVERY
    found = None
    if watched is not None and tries and (form("try") or quick):
        found = await tried.over_the_past(request.app.state.db, watched, it, w, now)
    wrong_fields = {"changed": ""} if isinstance(problem, Conflict) else forms.wrong(problem) if problem else {}
    return render.page(
        request, "rule.html", problem.status if problem else 200, f=form, rule=rule, groups=groups, current=current,
        takers=takers, tried=found, wrong=wrong_fields, it=it, kinds=_kinds(rule), units=rule_form.UNITS,
        severities=rule_form.SEVERITIES, periods=rule_form.PERIODS, built_in=rules.BUILT_IN, done=forms.done(request),
        says=told.rule(watched, await _name(request, watched), w) if watched else "",
        may=render.who_of(request).may("rules:write"), zones=_zones(form), told=TOLD,
    )  # fmt: skip


def _zones(form: Typed) -> Sequence[str]:
    """The usual ones, and the one that was typed or kept."""
    return tuple(dict.fromkeys((*asked.ZONES, *filter(None, (form("timezone"),)))))


def _kinds(rule: Rule | None) -> Sequence[str]:
    """What it may become."""
    if rule is None:
        return rule_form.KINDS
    return [rule.it.kind] if rule.it.kind in TOLD else [kind for kind in rule_form.KINDS if kind not in TOLD]


async def _name(request: Request, watched: Watched) -> str:
    async with render.reading(request) as session:
        return (await named.names(session, [watched.subject], words_of(request)))[watched.subject].text


async def _current(
    session: ReadSession, rule: Rule | None, groups: Sequence[named.Group], request: Request
) -> tuple[str, str] | None:
    """What the rule is on, where the lists do not hold it: followed no longer, or one of very many."""
    if rule is None:
        return None
    name = (await named.names(session, [rule.it.subject], words_of(request)))[rule.it.subject]
    listed = {choice for group in groups for choice, _ in group.choices}
    return None if name.choice in listed else (name.choice, name.text)
