"""From the outbox to a raw socket: what is sent, what is made of each answer, and what is written down. R1 to R9."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from app.access import keyfile
from app.alerts import signing
from app.alerts.ledger import End, settle
from app.alerts.schedule import Outcome
from app.clock import HOUR, MINUTE
from app.db.engine import Database
from app.errors import Conflict
from app.models import Attempt, Endpoint, Event
from app.store import deliveries, endpoints, sending, upkeep
from app.store.sending import Tried
from tests.alerts.outbox import Book, office
from tests.alerts.receiver import Answer, Came, answering, hang_up, receiver, silence
from tests.clocks import FakeClock


async def test_what_is_said_comes_signed_to_each_endpoint_that_wants_it(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as theirs, receiver() as others:
        one = await ours.add(theirs.url)
        two = await ours.add(others.url, types=["alert.firing"], asymmetric=True)
        await ours.add(others.url, types=["alert.resolved"])
        message = await ours.say()
        assert await ours.say() == message  # the same again is not said again
        assert await ours.tick() == 2
        (came,), (other,) = theirs.came, others.came
        assert came.id == other.id == message
        assert came.body == other.body
        assert came.signed_by(ours.secrets[one])
        assert other.signed_by(ours.secrets[two])
        assert not came.signed_by(ours.secrets[two])
        assert came.headers["content-type"] == "application/json"
        assert came.headers["user-agent"].startswith("Groundswell/")
        assert await ours.tick() == 0
        done = await ours.delivery(one)
        (attempt,) = await ours.attempts(done.id)
        assert (done.state, done.due_at, attempt.status, attempt.problem) == ("delivered", None, 204, None)


async def test_r1_a_receiver_that_is_down_for_three_days_gets_everything(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as theirs, receiver() as healthy:
        down = await ours.add(theirs.url, types=["alert.firing"])
        await ours.add(healthy.url)
        await theirs.stop()
        said = [await ours.say(0)]
        await ours.wait(0.5)
        said += [await ours.say(number) for number in range(1, 8)]
        await ours.wait(2.5)
        assert theirs.came == []
        assert (await ours.endpoint(down)).disabled_at is None
        await theirs.start()
        await ours.wait(2)
        assert theirs.ids == dict.fromkeys(said, 1)
        assert {one.state for one in await ours.deliveries()} == {"delivered"}
        assert all(one.signed_by(ours.secrets[down]) for one in theirs.came)
        kinds = [one.body.split(b'"')[3].decode() for one in healthy.came]
        assert kinds.count("alert.firing") == 8  # at once, whatever the other does
        assert kinds.count("delivery.failing") == 1  # and told once of it


async def test_after_ten_tries_it_is_exhausted_and_after_five_days_the_endpoint_is_disabled(
    db: Database, clock: FakeClock
) -> None:
    async with office(db, clock) as ours, receiver(answering(500, body="no" * 2_000)) as theirs, receiver() as other:
        bad = await ours.add(theirs.url, types=["alert.firing"])
        good = await ours.add(other.url, types=["endpoint.disabled"])
        await ours.say(0)
        await ours.wait(5, until="exhausted")
        lost = await ours.delivery(bad)
        tries = await ours.attempts(lost.id)
        assert (lost.state, lost.reason, len(tries)) == ("exhausted", "10 tries failed: answered 500", 10)
        assert [len(one.answer or "") for one in tries] == [1_024] * 10
        span = tries[-1].at - tries[0].at
        assert 75 * HOUR <= span <= 1.2 * 76 * HOUR
        await ours.say(1)
        await ours.wait(3)
        assert (await ours.endpoint(bad)).disabled_why == "nothing came through for five days"
        assert {one.state for one in await ours.deliveries(bad)} == {"exhausted", "disabled"}
        assert (await ours.delivery(good)).state == "delivered"
        await ours.say(2)
        assert {one.state for one in await ours.deliveries(bad)} == {"exhausted", "disabled"}


async def drip(_came: Came, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100:
        writer.write(bytes([letter]))
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", [silence, drip], ids=["silence", "drip"])
async def test_r2_whoever_never_answers_is_cut_off(
    db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, how: Answer
) -> None:
    monkeypatch.setattr("app.alerts.post.WITHIN_S", 0.3)
    async with office(db, clock) as ours, receiver(how) as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        await asyncio.wait_for(ours.tick(), 2)
        one = await ours.delivery(name)
        (attempt,) = await ours.attempts(one.id)
        assert (attempt.status, attempt.problem) == (None, "no answer in time")
        assert one.due_at is not None
        assert one.due_at - ours.now >= MINUTE


async def test_r2_an_endpoint_that_answers_gets_four_at_a_time_and_one_while_it_fails(
    db: Database, clock: FakeClock
) -> None:
    status = [200]

    async def slow(came: Came, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.03)
        await answering(status[0])(came, reader, writer)

    async with office(db, clock) as ours, receiver(slow) as theirs:
        name = await ours.add(theirs.url)
        for number in range(12):
            await ours.say(number)
        await ours.tick()
        assert (theirs.most, len(theirs.came)) == (4, 12)
        status[0], theirs.most = 500, 0
        for number in range(12, 24):
            await ours.say(number)
        for _ in range(5):
            await ours.tick()
        assert theirs.most == 1
        resting = await ours.endpoint(name)
        assert resting.waits_until is not None
        came = len(theirs.came)
        assert await ours.tick() == 0
        clock.advance((resting.waits_until - ours.now) / 1_000)
        assert (await ours.tick(), len(theirs.came)) == (1, came + 1)
        status[0] = 200
        await ours.wait(1)
        assert {one.state for one in await ours.deliveries()} == {"delivered"}
        assert (await ours.endpoint(name)).failures == 0


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_r3_a_redirect_is_a_failure_and_never_followed(db: Database, clock: FakeClock, status: int) -> None:
    async with office(db, clock) as ours, receiver() as secret:
        async with receiver(answering(status, f"location: {secret.url}\r\n")) as theirs:
            name = await ours.add(theirs.url)
            await ours.say()
            await ours.tick()
        (attempt,) = await ours.attempts((await ours.delivery(name)).id)
        assert attempt.problem == f"answered {status}: redirects are not followed"
        assert secret.came == []


async def test_r4_a_name_that_turns_to_a_private_address_is_not_called(db: Database, clock: FakeClock) -> None:
    """127.0.0.2 stands for the public, 127.0.0.1 for the private: once it moves, and once it answers both."""
    book = Book(hook_example=["127.0.0.2"])
    async with office(db, clock, book, allow="127.0.0.2/32") as ours, receiver(host="127.0.0.2") as theirs:
        port = theirs.url.rpartition(":")[2].partition("/")[0]
        name = await ours.add(f"http://hook.example:{port}/hook")
        await ours.say(0)
        await ours.tick()
        assert len(theirs.came) == 1
        assert theirs.came[0].headers["host"] == f"hook.example:{port}"
        await ours.sender.close()
    async with office(db, clock, book, allow="127.0.0.2/32") as ours, receiver() as private:
        port = private.url.rpartition(":")[2].partition("/")[0]
        async with db.write() as session:
            kept = await endpoints.by_id(session, name)
            await endpoints.change(
                session, kept, replace(kept.it, url=f"http://hook.example:{port}/hook"), enabled=True, now=ours.now
            )
        for number, answers in enumerate((["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]), 1):
            book.names["hook.example"] = answers
            await ours.say(number)
            await ours.tick()
        assert private.came == []
        problems = {
            attempt.problem
            for one in await ours.deliveries()
            for attempt in await ours.attempts(one.id)
            if one.state == "waiting"
        }
        assert problems == {"the address may not be called"}


async def test_r5_gone_disables_at_once_and_tells_the_others(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver(answering(410)) as theirs, receiver() as other:
        gone = await ours.add(theirs.url, types=["alert.firing"])
        told = await ours.add(other.url, types=["endpoint.disabled"])
        await ours.say()
        await ours.tick()
        assert (await ours.endpoint(gone)).disabled_why == "it answered 410 Gone"
        one = await ours.delivery(gone)
        assert (one.state, one.reason) == ("disabled", "the endpoint was disabled: it answered 410 Gone")
        await ours.tick()
        assert (await ours.delivery(told)).state == "delivered"


@pytest.mark.parametrize(
    ("status", "header", "least", "most"),
    [
        (429, "", 60, 72),
        (429, "retry-after: 300\r\n", 300, 300),
        (503, "retry-after: 7200\r\n", 3_600, 3_600),
        (503, "retry-after: Sun, 01 Mar 2026 12:02:00 GMT\r\n", 120, 120),
        (503, "retry-after: soon\r\n", 5, 6),
        (503, "retry-after: -5\r\n", 5, 6),
        (503, "", 5, 6),
    ],
)
async def test_r5_too_much_and_retry_after_are_obeyed(
    db: Database, clock: FakeClock, status: int, header: str, least: int, most: int
) -> None:
    async with office(db, clock) as ours, receiver(answering(status, header)) as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        await ours.tick()
        due = (await ours.delivery(name)).due_at
        assert due is not None
        assert least * 1_000 <= due - ours.now <= most * 1_000


async def test_r6_a_good_status_counts_whatever_follows(db: Database, clock: FakeClock) -> None:
    async def then_reset(_came: Came, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    async def endless(_came: Came, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b"400\r\n" + b"x" * 1_024 + b"\r\n")
            await writer.drain()

    async with office(db, clock) as ours, receiver(then_reset) as one, receiver(endless) as two:
        await ours.add(one.url)
        await ours.add(two.url)
        await ours.say()
        await asyncio.wait_for(ours.tick(), 5)
        assert {delivery.state for delivery in await ours.deliveries()} == {"delivered"}
        assert len(one.came) == len(two.came) == 1


async def test_a_broken_connection_is_tried_again(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver(hang_up) as theirs:
        name = await ours.add(theirs.url)
        message = await ours.say()
        await ours.tick()
        theirs.answers = answering(200)
        await ours.wait(1)
        assert theirs.ids == {message: 2}
        assert len({one.digest for one in theirs.came}) == 1
        assert [one.problem for one in await ours.attempts((await ours.delivery(name)).id)] == [
            "the connection broke", None,
        ]  # fmt: skip


async def test_r8_while_a_secret_rotates_both_sign_for_a_day(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver(answering(503)) as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        await ours.tick()
        new = signing.new_keys(asymmetric=False)
        async with db.write() as session:
            kept = await endpoints.by_id(session, name)
            sealed = keyfile.keyring(ours.settings).seal(new, signing.purpose(name))
            await endpoints.rotate(session, kept, sealed, None, ours.now + signing.GRACE_MS)
        await ours.wait(2)
        old = [one.signed_by(ours.secrets[name]) for one in theirs.came]
        assert old[0]
        assert old == sorted(old, reverse=True)
        assert not old[-1]
        assert [one.signed_by(new) for one in theirs.came] == [False, *[True] * (len(theirs.came) - 1)]


async def test_r9_an_endpoint_that_goes_ends_what_was_on_its_way(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver(answering(503)) as theirs:
        one, two = await ours.add(theirs.url, "one"), await ours.add(theirs.url, "two")
        await ours.say()
        await ours.tick()
        async with db.write() as session:
            await endpoints.remove(session, await endpoints.by_id(session, one), ours.now)
            kept = await endpoints.by_id(session, two)
            await endpoints.change(session, kept, kept.it, enabled=False, now=ours.now)
        states = {delivery.endpoint_id: (delivery.state, delivery.reason) for delivery in await ours.deliveries()}
        assert states == {
            one: ("deleted", "the endpoint was deleted"),
            two: ("disabled", "the endpoint was disabled: by its owner"),
        }
        assert await ours.tick() == 0


async def test_r9_a_try_under_way_when_its_endpoint_goes_is_written_down_as_it_ended(
    db: Database, clock: FakeClock
) -> None:
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        (claimed,) = await ours.sender.claim(1, ill=False)
        async with db.write() as session:
            await endpoints.remove(session, await endpoints.by_id(session, name), ours.now)
        await ours.sender.carry(claimed)
        assert (await ours.delivery(name)).state == "delivered"


async def test_r9_a_new_address_is_used_by_the_next_try(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver(answering(500)) as old, receiver() as new:
        name = await ours.add(old.url)
        await ours.say()
        await ours.tick()
        async with db.write() as session:
            kept = await endpoints.by_id(session, name)
            await endpoints.change(session, kept, replace(kept.it, url=new.url), enabled=True, now=ours.now)
        await ours.wait(1)
        assert (len(old.came), len(new.came)) == (1, 1)


async def test_what_was_sent_is_sent_again_under_the_same_id_when_asked(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        said = [await ours.say(number) for number in range(3)]
        await ours.wait(1)
        async with db.write() as session:
            kept = await endpoints.by_id(session, name)
            assert await deliveries.replay_since(session, kept, ours.now, ours.now) == 0
            assert await deliveries.replay_since(session, kept, 0, ours.now) == 3
        await ours.wait(1)
        assert theirs.ids == dict.fromkeys(said, 2)
        assert len({(one.id, one.digest) for one in theirs.came}) == 3


async def test_a_clock_that_was_set_back_leaves_no_delivery_with_a_sender_that_died(
    db: Database, clock: FakeClock
) -> None:
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        async with db.write() as session:
            assert await sending.claim(session, [(await ours.delivery(name)).id], ours.now + HOUR)
        assert await ours.tick() == 1
        assert len(theirs.came) == 1


async def test_a_replay_waits_for_what_is_written_down_and_finds_the_endpoint_as_it_stands(
    db: Database, clock: FakeClock
) -> None:
    async with office(db, clock) as ours:
        name = await ours.add("http://127.0.0.1:9/")
        for number in range(3):
            await ours.say(number)
        last = max(one.id for one in await ours.deliveries())

        async def replayed() -> None:
            async with db.write() as session:
                await deliveries.replay_since(session, await endpoints.by_id(session, name), 0, ours.now)

        async with db.write() as session:
            (claimed,) = await sending.claim(session, [last], ours.now)
        gone = End(claimed, Outcome(410, "answered 410"), Tried(ours.now, 1, 410, "answered 410", None))
        async with db.write() as session:
            await endpoints.hold(session, [name])
            await sending.write_down(session, [(claimed, gone.tried)])
            meanwhile = asyncio.create_task(replayed())
            await asyncio.sleep(0.3)  # it is at the door, or waits for a row
            await settle(session, [gone], ours.now, lambda: 0.5)
        with pytest.raises(Conflict):
            await meanwhile
        assert {one.state for one in await ours.deliveries()} == {"disabled"}


async def test_two_senders_share_what_is_due(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, office(db, clock) as theirs, receiver() as there:
        for _ in range(5):
            await ours.add(there.url)
        said = [await ours.say(number) for number in range(4)]
        await asyncio.gather(ours.tick(), theirs.tick())
        await ours.tick()
        assert there.ids == dict.fromkeys(said, 5)


async def test_what_ended_long_ago_is_swept_and_what_waits_for_nobody_ends(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say(0)
        await ours.tick()
        clock.advance(100 * 86_400)
        await ours.say(1)
        async with db.write() as session:  # as if it went while this was said
            await session.execute(delete(Endpoint).where(Endpoint.id == name))
        async with db.write() as session:
            await upkeep.drop_old(session, ours.now)
        (left,) = await ours.deliveries()
        assert (left.state, left.reason) == ("deleted", "the endpoint is gone")
        async with db.read() as session:
            assert len((await session.execute(select(Event.id))).scalars().all()) == 1
            assert (await session.execute(select(Attempt))).scalars().all() == []
