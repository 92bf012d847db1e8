"""The way in with a real database behind it, the audit log, and requests that come twice."""

import asyncio

import pytest
from sqlalchemy import text

from app.access import audit, sessions, tokens, users
from app.access.admit import admit
from app.access.asked import Asked
from app.access.gate import Refusal
from app.access.principal import LOCAL, Principal, parse_scopes
from app.access.seal import Keyring
from app.clock import DAY, MINUTE
from app.db.engine import Database
from app.errors import Conflict, Invalid
from app.store import access as rows
from tests.access.conftest import NOW

PASSWORD = "correct horse battery"


async def came_in(
    db: Database, keys: Keyring, *headers: tuple[str, str], method: str = "GET", listens_on: str = "127.0.0.1"
) -> str | int:
    asked = Asked(method, "/api/v1/campaigns", "", "127.0.0.1", "1.1", (("host", "127.0.0.1:8000"), *headers))
    async with db.read() as session:
        found = await admit(session, keys, asked, listens_on, NOW)
    return found.status if isinstance(found, Refusal) else found.actor


async def test_the_first_user_closes_the_door_for_all_without_a_login(db: Database, keys: Keyring) -> None:
    assert await came_in(db, keys) == "local"
    assert await came_in(db, keys, listens_on="0.0.0.0") == 401
    async with db.write() as session:
        anna = await users.create(session, "anna", PASSWORD, NOW)
        cookie = await sessions.log_in(session, keys, anna.id, NOW)
    assert await came_in(db, keys) == 401
    login = ("cookie", f"groundswell={cookie}")
    assert await came_in(db, keys, login, listens_on="0.0.0.0") == f"user:{anna.id}"
    assert await came_in(db, keys, login, method="POST") == 403
    csrf = ("x-csrf-token", sessions.csrf_token(keys, cookie))
    assert await came_in(db, keys, login, csrf, method="POST") == f"user:{anna.id}"
    assert await came_in(db, keys, ("cookie", f"groundswell={cookie}x")) == 401


async def test_a_token_closes_it_too_and_does_not_lock_the_owner_out(db: Database, keys: Keyring) -> None:
    async with db.write() as session:
        made = await tokens.create(session, keys, "reader", parse_scopes("posts:read"), NOW)
    assert await came_in(db, keys) == 401
    assert await came_in(db, keys, ("authorization", f"Bearer {made.text}")) == f"token:{made.facts.id}"
    async with db.write() as session:
        code = await users.new_setup_code(session, keys, NOW)
        assert code is not None
        owner = await users.set_up(session, keys, code, "owner", PASSWORD, NOW)
        assert (await users.create(session, "second", PASSWORD, NOW)).id != owner.id


async def test_taking_the_last_token_and_user_away_opens_nothing(db: Database, keys: Keyring) -> None:
    async with db.write() as session:
        made = await tokens.create(session, keys, "reader", parse_scopes("admin"), NOW)
        await tokens.revoke(session, made.facts.id, NOW)
        await users.create(session, "anna", PASSWORD, NOW)
        await users.disable(session, "anna", NOW)
    assert await came_in(db, keys) == 401
    assert await came_in(db, keys, ("authorization", f"Bearer {made.text}")) == 401


@pytest.mark.parametrize("header", ["authorization", "cookie"])
@pytest.mark.parametrize(
    "value", ["\xff" * 100, "Bearer \xff", "Bearer '; DROP TABLE token; --", "groundswell=\xff\x01"]
)
async def test_garbage_is_refused_and_breaks_nothing(db: Database, keys: Keyring, header: str, value: str) -> None:
    async with db.write() as session:
        await users.create(session, "anna", PASSWORD, NOW)
    assert await came_in(db, keys, (header, value)) == 401


async def test_what_was_done_is_written_down_without_its_content(db: Database) -> None:
    token = Principal("token", "abcdefgh", "reader", frozenset())
    async with db.write() as session:
        await audit.record(session, LOCAL, "user.create", NOW, subject="user:1", after={"name": "anna"})
        await audit.record(
            session, token, "campaign.update", NOW + 1, subject="c", ip="::1", before={"a": 1, "b": 2}, after={"b": 2}
        )
        await audit.record(session, token, "campaign.update", NOW + 2, before={"b": 2, "a": 1})
    async with db.read() as session:
        query = 'SELECT "at", actor, action, subject, ip, "before", "after" FROM audit ORDER BY id'
        first, second, third = (await session.execute(text(query))).all()
    assert tuple(first)[:6] == (NOW, "local", "user.create", "user:1", None, None)
    assert "anna" not in repr(first)
    assert tuple(second)[1:5] == ("token:abcdefgh", "campaign.update", "c", "::1")
    assert second.before == third.before != second.after


async def claim(db: Database, key: str = "k", body: str = "hash", now: int = NOW) -> rows.Answered | None:
    async with db.write() as session:
        return await rows.claim_key(session, "local", key, body, now)


async def answer(db: Database, key: str = "k") -> None:
    async with db.write() as session:
        await rows.answer_key(session, "local", key, 201, '{"id": "1"}')


async def test_a_request_that_comes_twice_gets_the_first_answer(db: Database) -> None:
    assert await claim(db) is None
    await answer(db)
    assert await claim(db) == rows.Answered(201, '{"id": "1"}')
    assert await claim(db, now=NOW + DAY - 1) == rows.Answered(201, '{"id": "1"}')
    assert await claim(db, now=NOW + DAY) is None


async def test_a_key_is_its_senders_own_and_goes_with_one_request(db: Database) -> None:
    await claim(db)
    async with db.write() as session:
        assert await rows.claim_key(session, "token:x", "k", "hash", NOW) is None
    with pytest.raises(Invalid, match="Idempotency-Key"):
        await claim(db, body="another")


async def test_a_key_in_work_is_refused_until_its_worker_must_have_died(db: Database) -> None:
    await claim(db)
    with pytest.raises(Conflict):
        await claim(db, now=NOW + MINUTE - 1)
    assert await claim(db, now=NOW + MINUTE) is None


async def test_a_claim_goes_with_the_transaction_of_its_work(db: Database) -> None:
    async def fails() -> None:
        async with db.write() as session:
            await rows.claim_key(session, "local", "k", "hash", NOW)
            raise RuntimeError("the work failed")

    with pytest.raises(RuntimeError):
        await fails()
    assert await claim(db) is None
    async with db.write() as session:
        await rows.free_key(session, "local", "k")
    assert await claim(db) is None


async def test_of_two_at_once_one_works_and_the_other_gets_its_answer(db: Database) -> None:
    worked: list[int] = []

    async def post() -> rows.Answered | None:
        async with db.write() as session:
            before = await rows.claim_key(session, "local", "k", "hash", NOW)
            if before is None:
                worked.append(1)
                await asyncio.sleep(0.05)
                await rows.answer_key(session, "local", "k", 201, "made")
            return before

    answers = await asyncio.gather(*(post() for _ in range(5)))
    assert worked == [1]
    assert sorted(answers, key=bool) == [None, *[rows.Answered(201, "made")] * 4]


async def test_old_keys_are_swept(db: Database) -> None:
    await claim(db)
    async with db.write() as session:
        await rows.drop_old_keys(session, NOW + DAY)
        assert (await session.execute(text("SELECT count(*) FROM idempotency"))).scalar_one() == 0
