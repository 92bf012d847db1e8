"""Reports: a campaign's month, told once when it is over, as mail with its charts; on both databases."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from app.access import keyfile
from app.alerts import channels, monthly
from app.alerts.addresses import Address
from app.alerts.letters import Enclosed
from app.alerts.mail import Mail
from app.alerts.words import told
from app.analysis import calendar
from app.clock import DAY, HOUR, to_ms
from app.dashboard import mailed
from app.db.engine import Database
from app.models import AlertState
from app.store import campaigns, curves, endpoints, outcomes
from app.store.curves import Ask
from app.store.endpoints import Described, Kept
from app.store.outcomes import Gift
from app.store.rules import Rule
from tests.alerts import schemas
from tests.alerts.field import TAG, Field
from tests.alerts.mail_server import mail_server
from tests.alerts.outbox import Book, Office, office
from tests.alerts.test_digest import at, brings
from tests.clocks import FakeClock

PARIS = ZoneInfo("Europe/Paris")
APRIL = to_ms(datetime(2026, 3, 31, 22, tzinfo=UTC))
"""April of Paris begins, by summer time; the clock stands at the noon of the first of March."""
on_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def field(db: Database) -> Field:
    return await made(Field(db))


async def made(field: Field) -> Field:
    await field.follow()
    async with field.db.write() as session:
        it = campaigns.Described("wet", "Wet & <b>wild</b>", "other", field.now - DAY, None, (TAG,))
        kept = await campaigns.create(session, it, field.now, 300)
        gifts = [Gift("1", APRIL - DAY, "donation", "12.50", "EUR"), Gift("2", APRIL + DAY, "donation", "99", "EUR")]
        await outcomes.keep(session, kept.id, gifts, field.now)
    await field.poll(since=field.now - DAY)
    await brings(field, APRIL - 10 * DAY, 6)
    return field


async def of(field: Field, **given: Any) -> Rule:
    async with field.db.read() as session:
        kept = await campaigns.by_slug(session, "wet")
    about = {"kind": "report", "name": "To the board", "metric": None, "above": None, "window_s": 2_592_000}
    return await field.rule(**{**about, "subject": ("campaign", kept.id), "zone": "Europe/Paris", **given})


async def reports(field: Field) -> list[dict[str, Any]]:
    return [schemas.check(event.body) for event in await field.events() if event.type == "report"]


@pytest.mark.parametrize(
    ("now", "month"),
    [
        (APRIL, "2026-03"), (APRIL - 1, "2026-02"),
        (to_ms(datetime(2026, 1, 15, tzinfo=UTC)), "2025-12"),
    ],
    ids=["at once", "not before", "over a year's end"],
)  # fmt: skip
def test_a_month_is_over_at_the_first_of_the_next_where_it_is_read(now: int, month: str) -> None:
    assert monthly.over("Europe/Paris", now)[-1].name == month


def test_a_month_in_which_the_clocks_change_is_whole() -> None:
    start, end = calendar.month_before(APRIL, PARIS)
    assert end - start == 31 * DAY - HOUR


async def test_a_month_is_told_once_when_it_is_over_and_seen_with_the_page_s_numbers(field: Field) -> None:
    rule = await of(field)
    for early in (APRIL - 60_000, APRIL + 540_000):
        await at(field, early)
        assert await reports(field) == []
    await at(field, APRIL + 600_000)
    (body,) = await reports(field)
    said = body["data"]
    assert (said["month"], said["period"]["to"]) == ("2026-03", "2026-03-31T22:00:00.000Z")
    assert said["outcomes"] == [{"kind": "donation", "currency": "EUR", "count": 1, "amount": "12.50"}]
    async with field.db.read() as session:
        kept = await campaigns.by_slug(session, "wet")
        start, end = calendar.month_before(APRIL, PARIS)
        ask = Ask(start, end, monthly.STEP, "Europe/Paris")
        page = await curves.growth(session, "campaign", kept.id, ask, field.now)
    assert {name: said["gained"][name] for name in monthly.NUMBERS} == {
        name: page["totals"][name] for name in monthly.NUMBERS
    }
    async with field.db.write() as session:  # what a worker that stopped before the mark leaves
        assert (await session.execute(delete(AlertState).where(AlertState.rule_id == rule.id))).rowcount == 1  # type: ignore[attr-defined]
    field.watch = field.worker()
    await at(field, APRIL + 2 * HOUR)
    await at(field, APRIL + 20 * DAY)
    assert len(await reports(field)) == 1


async def test_of_several_workers_at_once_one_tells_it(field: Field) -> None:
    await of(field)
    field.clock.advance((APRIL + HOUR - field.now) / 1_000)
    await field.poll()
    await asyncio.gather(*(field.worker().run() for _ in range(3)))
    assert len(await reports(field)) == 1


@on_file
async def test_months_that_were_missed_are_told_once_each_when_it_is_back_and_none_of_before_the_rule(
    field: Field,
) -> None:
    await of(field)
    for when in (APRIL + 61 * DAY + 3 * HOUR, APRIL + 61 * DAY + 4 * HOUR):
        await at(field, when)
        assert [body["data"]["month"] for body in await reports(field)] == ["2026-03", "2026-04", "2026-05"]


@on_file
async def test_a_campaign_that_is_gone_is_told_of_no_more(field: Field) -> None:
    await of(field)
    async with field.db.write() as session:
        await campaigns.remove(session, await campaigns.by_slug(session, "wet"))
    await at(field, APRIL + HOUR)
    assert await reports(field) == []


@on_file
async def test_by_mail_it_is_a_page_with_its_charts_and_elsewhere_a_few_lines(db: Database) -> None:
    clock = FakeClock()
    book, write = Book(mail_test=["127.0.0.1"]), mailed.writer(db)
    async with mail_server() as server, office(db, clock, book, writer=write) as ours:
        field = await made(Field(db, clock))
        await mail_endpoint(ours, server.port)
        await of(field)
        await at(field, APRIL + HOUR)
        assert await ours.tick() == 1
        (body,) = await reports(field)
    text, page = told(body, "fr"), await write(body, "fr")
    (mail,) = server.mails
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert page is not None
    assert (mail["Subject"], plain.get_content().splitlines()) == (text.title, text.whole.splitlines())
    assert html.get_content().splitlines() == page.html.splitlines()
    pictures = {
        part["Content-ID"]: part.get_content() for part in mail.walk() if part.get_content_type() == "image/png"
    }
    assert pictures == {f"<{name}>": png for name, png in page.pictures.items()}
    assert text.title == "Wet & <b>wild</b> : le rapport du mois (mars 2026)"
    assert text.detail.split("\n")[1] == "Cela a rapporté : dons 12,50\N{NO-BREAK SPACE}€."
    assert "Wet &amp; &lt;b&gt;wild" in page.html
    assert "<b>wild" not in page.html
    assert not re.search(r"<script|<link|<style|src=\"http|url\(", page.html)
    assert set(re.findall(r'src="cid:([^"]+)"', page.html)) == set(page.pictures) == {"posts", "engagement"}
    assert all(png.startswith(b"\x89PNG") for png in page.pictures.values())
    assert letter(body, page).content == letter(body, page).content


async def mail_endpoint(ours: Office, port: int) -> None:
    url = f"mailto://mail.test:{port}?to=board@ngo.example&from=watch@ngo.example"
    sealed = Address("mailto", "mailto://…", url).sealed(keyfile.keyring(ours.settings), "end_mail")
    it = Described("Board", "mailto://…", None, "mailto", "fr", sealed)
    async with ours.db.write() as session:
        await endpoints.create(session, Kept("end_mail", 1, ours.now, it))


def letter(body: dict[str, Any], page: Enclosed) -> Mail:
    box = channels.read("mailto://mail.test:25?to=a@b.example&from=c@d.example")
    made = box.letter(told(body, "fr"), "msg_1", body["timestamp"], page)  # type: ignore[call-arg]
    assert isinstance(made, Mail)
    return made
