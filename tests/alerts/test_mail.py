"""E-mail to people: through the guard and the outbox to a server on a raw socket, encrypted or refused."""

import json
import logging
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import pytest
from sqlalchemy import select

from app import outbound
from app.alerts import channels, mailing, payload
from app.alerts.addresses import checked
from app.alerts.mail import Mail, Mailbox
from app.alerts.schedule import Outcome
from app.alerts.words import told
from app.db.engine import Database
from app.errors import Invalid
from app.main import create_app
from app.models import Attempt, Audit, Endpoint, Event, Idempotency
from app.settings import Settings
from tests.alerts.mail_server import mail_server
from tests.alerts.outbox import BASE, SAID, Book, office
from tests.alerts.test_payload import AT, example
from tests.api.conftest import KEY, client_of
from tests.clocks import FakeClock
from tests.test_outbound import _certificate

INSIDE = Settings(_env_file=None, allow_networks="127.0.0.0/8").allow_networks
BOOK = Book(mail_test=["127.0.0.1"])


def mail_of(url: str, text: str | None = None) -> Mail:
    body = json.loads(text or example("alert.firing"))
    found = channels.read(url).letter(told(body, "fr"), "msg_1", body["timestamp"])
    assert isinstance(found, Mail)
    return found


async def sent(port: int, kind: str = "mailto", login: str = "", host: str = "mail.test") -> Outcome:
    mail = mail_of(f"{kind}://{login}{host}:{port}?to=team@ngo.example&from=watch@ngo.example")
    return await mailing.send(mail, INSIDE, BOOK)


@pytest.mark.parametrize(
    ("url", "port", "to", "sender", "login"),
    [
        ("mailto://ann:p%40ss%2F@mail.example?to=team+x@ngo.example", 587, "team+x@ngo.example", "ann@mail.example",
         ("ann", "p@ss/")),
        ("mailtos://ann%40ngo.example:se-cret@mail.example", 465, "ann@ngo.example", "ann@ngo.example",
         ("ann@ngo.example", "se-cret")),
        ("mailto://10.0.0.5:25?to=a@b.example&from=c@d.example", 25, "a@b.example", "c@d.example", (None, "")),
    ],
    ids=["to", "own", "relay"],
)  # fmt: skip
def test_an_address_is_read_as_apprise_writes_it(
    url: str, port: int, to: str, sender: str, login: tuple[str | None, str]
) -> None:
    box = channels.read(url)
    assert isinstance(box, Mailbox)
    assert (box.port, box.to, box.sender, (box.user, box.password)) == (port, to, sender, login)
    assert login[1] == "" or login[1] not in f"{box.shown} {box!r}"


@pytest.mark.parametrize(
    "url",
    [
        "mailto://mail.example", "mailto://mail.example?to=a@b.example", "mailto://ann@mail.example?to=a@b.example",
        "mailto://a:b@mail.example?to=a@b.example,c@d.example", "mailto://a:b@mail.example?to=a@b.example%0d%0aBcc:x@y.z",
        "mailto://a:b@mail.example?to=a@b.example&mode=ssl", "mailto://a:b@mail.example?to=a@b.example&to=c@d.example",
        "mailto://a:b@mail.example/x?to=a@b.example", "mailto://a:b@mail.example:x", "mailto://a:b@mail.example#x",
    ],
)  # fmt: skip
def test_an_address_that_is_not_right_says_how_it_is_written(url: str) -> None:
    with pytest.raises(ValueError, match=rf"is written {urlsplit(url).scheme}://USER:PASSWORD@HOST"):
        channels.read(url)


def test_the_message_is_the_same_at_every_try_and_a_name_ends_no_header() -> None:
    evil = replace(SAID, rule_name="Été\r\nBcc: x@y.example\r\n\r\nbody\u2028\0 " + "é" * 200)
    body = payload.body("alert.firing", AT, evil, BASE).decode()
    url = "mailto://a:b@mail.example?to=team@ngo.example"
    mail = mail_of(url, body)
    assert mail.content == mail_of(url, body).content
    assert mail.content.isascii()
    message = message_from_bytes(mail.content, policy=default)
    assert sorted(message.keys()) == [
        "Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID",
        "Subject", "To",
    ]  # fmt: skip
    assert message["Subject"].startswith("#example : Été Bcc: x@y.example body éé")
    assert message["Message-ID"] == "<msg_1@mail.example>"
    assert "412 publications" in message.get_content()


async def test_inside_it_goes_plain_where_no_tls_is_offered() -> None:
    async with mail_server() as theirs:
        assert await sent(theirs.port, login="ann:se-cret@") == Outcome(250)
        (mail,) = theirs.mails
        assert (mail["To"], mail["From"]) == ("team@ngo.example", "watch@ngo.example")
        assert theirs.logins == [("ann", "se-cret", False)]
        assert theirs.heard == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_outside_nothing_is_said_before_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "BLOCKED", ())
    async with mail_server() as theirs:
        outcome = await sent(theirs.port, login="ann:se-cret@")
        assert outcome.problem == "it offers no STARTTLS, and nothing is sent in the clear"
        assert (theirs.heard, theirs.came) == (["EHLO"], [])


@pytest.mark.parametrize("kind", ["mailto", "mailtos"])
async def test_a_certificate_is_verified_against_the_name(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem, tls, _ = _certificate(tmp_path, "mail.test")
    async with mail_server(tls, implicit=kind == "mailtos") as theirs:
        for own in (False, True):
            if own:
                monkeypatch.setattr(certifi, "where", lambda: str(pem))
            outcome = await sent(theirs.port, kind, "ann:se-cret@", host="127.0.0.1" if own else "mail.test")
            assert outcome.problem == "its certificate is not trusted, or TLS failed"
        assert (theirs.came, theirs.logins) == ([], [])
        assert await sent(theirs.port, kind, "ann:se-cret@") == Outcome(250)
        assert (len(theirs.came), theirs.logins) == (1, [("ann", "se-cret", True)])


@pytest.mark.parametrize(
    ("word", "says", "problem"),
    [
        ("greeting", "421 busy", "answered 421"),
        ("greeting", "", "the connection broke"),
        ("AUTH", "535 not se-cret", "it refused the user or the password"),
        ("RCPT", "550 no such user", "answered 550"),
        ("RCPT", "451 greylisted", "answered 451"),
        ("MAIL", "553 not yours", "answered 553"),
        ("DATA", "554 no", "answered 554"),
        ("taken", "452 full", "answered 452"),
        ("taken", "", "the connection broke"),
        ("EHLO", "", "the connection broke"),
        ("QUIT", "", None),
        ("QUIT", "500 what", None),
    ],
)
async def test_each_answer_is_judged(word: str, says: str, problem: str | None) -> None:
    async with mail_server() as theirs:
        theirs.says[word] = [says]
        outcome = await sent(theirs.port, login="ann:se-cret@")
        assert outcome.problem == problem
        assert outcome.status == (250 if problem is None else int(says[:3]) if says else None)
        assert "se-cret" not in repr(outcome)


async def test_a_server_that_never_answers_is_cut_off_and_one_that_never_says_goodbye_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailing, "WITHIN_S", 0.3)
    async with mail_server() as theirs:
        theirs.says = {"MAIL": ["250-and"], "QUIT": ["250-and"]}
        assert await sent(theirs.port) == Outcome(problem="no answer in time", slow=True)
        assert await sent(theirs.port) == Outcome(250)


async def test_a_server_inside_is_refused_when_saved_and_when_called() -> None:
    async with mail_server() as theirs:
        url = f"mailto://ann:se-cret@127.0.0.1:{theirs.port}?to=a@b.example&from=a@b.example"
        with pytest.raises(Invalid, match="private or reserved") as refused:
            await checked(url, Settings(_env_file=None))
        assert "se-cret" not in str(refused.value)
        assert (await mailing.send(mail_of(url), (), BOOK)).problem == "the address may not be called"
        assert theirs.heard == []


async def test_what_is_tried_again_is_the_same_mail_and_the_password_lies_sealed(
    db: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with office(db, clock, BOOK, key=KEY) as ours, mail_server() as theirs:
        address = f"mailto://ann:se-cret@127.0.0.1:{theirs.port}?to=team@ngo.example&from=watch@ngo.example"
        async with client_of(create_app(ours.settings, db, clock)) as api:
            asked = {"name": "team", "url": address, "types": ["alert.firing"], "language": "fr"}
            made = await api.post("/endpoints", json=asked, headers={"Idempotency-Key": "1"})
            facts = made.json()
            assert (facts["kind"], facts["secret"]) == ("mailto", None)
            assert facts["url"] == f"mailto://127.0.0.1:{theirs.port}?to=team@ngo.example"
            theirs.says = {
                "AUTH": ["235 welcome", "535 se-cret"],
                "RCPT": ["250 ok", "451 later"],
                "taken": ["250 ok", ""],
            }
            tested = await api.post(f"/endpoints/{facts['id']}/test")
            assert (tested.json()["status"], tested.json()["problem"]) == (250, None)
            message = await ours.say()
            await ours.wait(1)
            told = await api.get("/deliveries")
        one = next(row for row in await ours.deliveries() if row.event_id == message)
        problems = [attempt.problem for attempt in await ours.attempts(one.id)]
        assert problems == ["it refused the user or the password", "answered 451", "the connection broke", None]
        first, again = theirs.came[1:]
        assert first == again
        assert theirs.mails[-1]["Message-ID"] == f"<{message}@ngo.example>"
        async with db.read() as session:
            kept = [
                (await session.execute(select(*table.__table__.columns))).all()
                for table in (Endpoint, Idempotency, Attempt, Audit, Event)
            ]
        assert "se-cret" not in f"{kept}{made.text}{tested.text}{told.text}{caplog.text}"
