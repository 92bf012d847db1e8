"""A rule as a form: filled from what is kept or from an address, and read back into what the store keeps."""

from dataclasses import replace

from app.alerts.wanted import DIGEST, MONTH_S, REPORT, SPIKE_S, TOLD, check_change, checked, seconds, words
from app.dashboard import named, told
from app.dashboard.forms import Checks, Typed
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.errors import Invalid
from app.store import rules
from app.store.rules import EVERY, Rule, Subject, Watched
from app.store.watching import METRICS

KINDS = ("threshold", "spike", "quiet", DIGEST, REPORT)
SEVERITIES = ("low", "medium", "high", "critical")
UNITS, PERIODS = ("m", "h", "d"), ("d", "w")
MOST_ABOVE = 10**12
LONGEST_NAME = 200


def filled(rule: Rule) -> Typed:
    it, window = rule.it, words(rule.it.window_s, rule.it.kind)
    return Typed({
        "kind": [it.kind], "name": [it.name], "subject": [f"{it.subject[0]}:{rule.label}"],
        "metric": [it.metric or METRICS[0]], "above": [str(it.above or "")], "window": [window[:-1]],
        "unit": [window[-1]], "severity": [it.severity], "tell": ["all" if it.endpoints is None else "some"],
        "endpoints": list(it.endpoints or ()), "enabled": ["on"] if it.enabled else [],
        "timezone": [it.zone or "UTC"],
        "version": [str(rule.version)],
    })  # fmt: skip


def overlaid(kept: Typed, asked: Typed) -> Typed:
    """What the address says instead; a form that was sent says it of every field, a box that is not ticked too."""
    if asked("try"):
        return Typed({**asked.fields, "version": kept.fields.get("version", [])})
    return Typed({**kept.fields, **asked.fields})


async def read(session: ReadSession, form: Typed, w: Words, old: Rule | None) -> Watched:
    """Invalid names the fields of the form."""
    kind, checks = _one_of(form, "kind", KINDS), Checks()
    subject, metric, above, window, severity, name = ("hashtag", EVERY), METRICS[0], None, SPIKE_S, "", ""
    endpoints = form.every("endpoints") if form("tell") == "some" else None
    with checks.of():
        subject = await _subject(session, form, old)
    with checks.of():
        metric = METRICS[0] if kind in TOLD else _one_of(form, "metric", METRICS)
    with checks.of():
        above = _above(form) if kind == "threshold" else None
    with checks.of():
        window = _window(form, kind)
    with checks.of():
        severity = _one_of(form, "severity", SEVERITIES) if kind not in TOLD else old.it.severity if old else "low"
    with checks.of():
        await _check_endpoints(session, endpoints)
    with checks.of():
        name = form.line("name") if form("name") else ""
    checks.finish()
    bare, zone = subject[0] == "source" or kind in TOLD, form("timezone") if kind == REPORT else None
    it = checked(Watched(
        name, kind, subject, None if bare else metric, above, window, severity, endpoints, bool(form("enabled")), zone
    ))  # fmt: skip
    if old is not None:
        check_change(old.it, it)
    return it if name else replace(it, name=await _called(session, it, w))


async def _check_endpoints(session: ReadSession, endpoints: tuple[str, ...] | None) -> None:
    if endpoints == ():
        raise Invalid("endpoints", None, "must be one at least")
    await rules.check_endpoints(session, endpoints)


async def _called(session: ReadSession, it: Watched, w: Words) -> str:
    """One that is given no name is called what it says."""
    names = await named.names(session, [it.subject], w)
    return told.rule(it, names[it.subject].text, w)[:LONGEST_NAME]


async def _subject(session: ReadSession, form: Typed, old: Rule | None) -> Subject:
    chosen = form("subject")
    if old is not None and chosen == f"{old.it.subject[0]}:{old.label}":
        return old.it.subject  # it may be followed no longer: that is no reason to refuse another change
    kind, _, name = chosen.partition(":")
    if kind not in ("hashtag", "campaign", "influencer", "source") or not name:
        raise Invalid("subject", chosen, "must be one of the list")
    return await rules.subject_of(session, "subject", {kind: name})


def _above(form: Typed) -> int:
    above = form.whole("above")
    if not 1 <= above <= MOST_ABOVE:
        raise Invalid("above", form("above"), "must be at least 1")
    return above


def _window(form: Typed, kind: str) -> int:
    fixed = {"spike": SPIKE_S, REPORT: MONTH_S}
    if kind in fixed:
        return fixed[kind]
    units = PERIODS if kind == DIGEST else UNITS
    try:
        return seconds(f"{form('window').lstrip('0')}{_one_of(form, 'unit', units)}")
    except ValueError as error:
        raise Invalid("window", form("window"), str(error)) from None


def _one_of(form: Typed, name: str, known: tuple[str, ...]) -> str:
    if form(name) not in known:
        raise Invalid(name, form(name), f"must be one of {' '.join(known)}")
    return form(name)
