"""E-mail as a people's channel: an address as Apprise writes it, and the message that one reader gets."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import SplitResult, unquote

from app.alerts.letters import Enclosed
from app.alerts.words import Text

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_ASKED = ("to", "from")
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
# Seven bits: a server between here and the reader need not know more.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One reader, and the server that takes mail for them. `tls`: from the first byte; otherwise by STARTTLS."""

    kind: str
    host: str
    port: int
    to: str
    sender: str
    user: str | None
    password: str = field(repr=False)

    @property
    def tls(self) -> bool:
        return self.kind == "mailtos"

    @property
    def shown(self) -> str:
        return f"{self.kind}://{self.host}:{self.port}?to={self.to}"

    def letter(self, text: Text, message_id: str, at: str, enclosed: Enclosed | None = None) -> "Mail":
        message = _message(self, text, message_id, datetime.fromisoformat(at))
        if enclosed is not None:
            _enclose(message, enclosed, message_id)
        return Mail(self, message.as_bytes())


@dataclass(frozen=True, slots=True)
class Mail:
    """A message on its way: the same bytes at every try."""

    box: Mailbox
    content: bytes


def read(parts: SplitResult, pieces: list[str]) -> Mailbox:
    """ValueError where it is not written so."""
    # Not as a form is read: a plus in an address is a plus.
    asked = [one.partition("=") for one in parts.query.split("&") if one]
    given = {name: unquote(value) for name, _, value in asked}
    if len(pieces) != 1 or parts.fragment or not parts.hostname or len(given) < len(asked) or given.keys() - {*_ASKED}:
        raise ValueError
    user, password = unquote(parts.username or "") or None, unquote(parts.password or "")
    if (user is None) != (not password):
        raise ValueError
    own = user if user is None or "@" in user else f"{user}@{parts.hostname}"
    to, sender = (_address(given.get(name, own)) for name in _ASKED)
    port = parts.port or (465 if parts.scheme == "mailtos" else 587)
    return Mailbox(parts.scheme, parts.hostname, port, to, sender, user, password)


def _address(text: str | None) -> str:
    if text is None or not _ADDRESS.fullmatch(text):
        raise ValueError
    return text


def _message(box: Mailbox, text: Text, message_id: str, at: datetime) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"] = box.sender, box.to
    # A name that a stranger chose ends no header.
    message["Subject"] = _CONTROLS.sub(" ", text.title).strip()
    message["Date"] = format_datetime(at)
    # Whatever is sent again is the same mail: many a reader's program keeps it once.
    message["Message-ID"] = f"<{message_id}@{box.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.whole, charset="utf-8")
    return message


def _enclose(message: EmailMessage, enclosed: Enclosed, message_id: str) -> None:
    """The page as the richer of two, its pictures with it. Boundaries are not drawn by lot: each try is the same."""
    message.make_alternative(boundary=f"=_{message_id}_a")
    page = EmailMessage(policy=_POLICY)
    page.set_content(enclosed.html, subtype="html", charset="utf-8")
    if enclosed.pictures:
        page.make_related(boundary=f"=_{message_id}_r")
    for name, png in enclosed.pictures.items():
        page.add_related(png, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
    del page["MIME-Version"]
    message.attach(page)
