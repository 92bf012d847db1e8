"""Forms: what was typed, kept where it is refused, and one change in one transaction, written into the audit log."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse

from app.access import audit
from app.dashboard.render import now_of, who_of
from app.dashboard.words import LANGUAGES
from app.db.engine import Database, Session
from app.errors import FieldError, Invalid, Problem
from app.store import access as rows

LONGEST = 32_768
MOST_FIELDS = 300
LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form brought; a field that was not there is empty. `digest` tells one sending from another."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    digest: str = ""

    def __call__(self, name: str, otherwise: str = "") -> str:
        return next(iter(self.fields.get(name, ())), otherwise).strip()

    def every(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.fields.get(name, ())))

    def whole(self, name: str) -> int:
        """A whole number, however people group its digits."""
        text = "".join(self(name).split()).replace(",", "").replace("'", "")
        if not text.isdecimal() or len(text) > 13:
            raise Invalid(name, self(name), "must be a whole number")
        return int(text)

    def line(self, name: str) -> str:
        text = self(name)
        if not text or len(text) > LONGEST_LINE or any(ord(one) < 32 or 127 <= ord(one) < 160 for one in text):
            raise Invalid(name, text, f"must be one line of at most {LONGEST_LINE} characters")
        return text


async def typed(request: Request) -> Typed:
    body = await request.body()
    if len(body) > LONGEST:
        raise Invalid("form", "…", f"has at most {LONGEST // 1024} KiB")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Invalid("form", "…", "must be a form as browsers send it") from None
    return Typed(fields, hashlib.sha256(request.url.path.encode() + b"\n" + body).hexdigest())


def asked(request: Request) -> Typed:
    """What the address fills in beforehand."""
    names = request.query_params
    return Typed({name: names.getlist(name) for name in names})


def mark() -> str:
    """Hidden in a form that makes something, so that the same form sent twice makes it once."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Done:
    """`subject` goes into the audit log, with a hash of `after`; `to` is the page that shows what was done."""

    subject: str
    to: str
    after: object = None


async def change(request: Request, action: str, form: Typed, work: Callable[[Session], Awaitable[Done]]) -> str:
    """The page to go on to. A marked form that comes again does nothing more, and leads there again."""
    db: Database = request.app.state.db
    who, now = who_of(request), now_of(request)
    key = f"form:{form.digest}" if form("mark") else ""
    async with db.write() as session:
        if key and (before := await rows.claim_key(session, who.actor, key, form.digest, now)):
            return before.answer or "/"
        done = await work(session)
        ip = request.client.host if request.client else None
        await audit.record(session, who, action, now, subject=done.subject, ip=ip, after=done.after)
        if key:
            await rows.answer_key(session, who.actor, key, 303, done.to)
    return done.to


def go(request: Request, to: str, done: str = "") -> RedirectResponse:
    """To a page of ours, which says what was `done`, in the language of the form's address."""
    lang = request.query_params.get("lang")
    query = urlencode({name: text for name, text in (("done", done), ("lang", lang)) if text})
    return RedirectResponse(f"{to}{'&' if '?' in to else '?'}{query}" if query else to, 303)


class Several(Invalid):
    """Every field of a form that is not right: nobody likes to be told of one after the other."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        Problem.__init__(self, "; ".join(f"{error.field}: {error.message}" for error in errors), errors)


@dataclass(slots=True)
class Checks:
    """Reads one field after the other, and says in the end what was wrong with any of them."""

    errors: list[FieldError] = field(default_factory=list)

    @contextmanager
    def of(self) -> Iterator[None]:
        try:
            yield
        except Invalid as problem:
            self.errors += problem.errors

    def finish(self) -> None:
        if self.errors:
            raise Several(self.errors)


def wrong(problem: Problem) -> dict[str, str]:
    """By field, what would be right."""
    return {error.field.split(".")[0]: error.message for error in problem.errors}


def done(request: Request) -> str:
    """What the page before has done, where it is one of ours to say."""
    said = request.query_params.get("done", "")
    return said if f"done.{said}" in LANGUAGES["en"] else ""


def before(request: Request) -> list[object] | None:
    """After which row an older part of a list begins: an instant and an id."""
    text = request.query_params.get("before", "")
    at, _, name = text.partition(".")
    if text and not (at.isdecimal() and len(at) <= 15 and name):
        raise Invalid("before", text, "is what a link to older ones holds")
    return [int(at), name[:64]] if text else None
