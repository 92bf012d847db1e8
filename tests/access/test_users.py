"""Users, their passwords and logins, and the code that makes the first one."""

import asyncio
import re

import pytest
from sqlalchemy import text

from app.access import sessions, users
from app.access.admit import touch
from app.access.seal import Keyring
from app.clock import DAY, HOUR, MINUTE
from app.db.engine import Database
from app.errors import Conflict, Forbidden, Invalid, NotFound
from tests.access.conftest import NOW

PASSWORD = "correct horse battery"


async def make(db: Database, name: str = "Anna", password: str = PASSWORD) -> users.Person:
    async with db.write() as session:
        return await users.create(session, name, password, NOW)


async def checked(db: Database, name: str, password: str) -> users.Person | None:
    async with db.read() as session:
        return await users.check_password(session, name, password)


async def logged_in(db: Database, keys: Keyring, user_id: int, now: int = NOW, replaces: str | None = None) -> str:
    async with db.write() as session:
        return await sessions.log_in(session, keys, user_id, now, replaces)


async def who(db: Database, keys: Keyring, cookie: str, now: int = NOW) -> str | None:
    async with db.read() as session:
        found = await sessions.authenticate(session, keys, cookie, now)
    return found.actor if found else None


async def test_the_right_password_names_the_user_however_the_name_is_written(db: Database) -> None:
    anna = await make(db)
    for name in ("Anna", "anna", " ANNA ", "Ａｎｎａ"):
        assert await checked(db, name, PASSWORD) == anna


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", ""), ("anna", "correct horse"), ("anna", PASSWORD.upper()), ("anna", PASSWORD + " "),
        ("anna", "x" * 100_000), ("anna", "\ud800"), ("berta", PASSWORD), ("", ""), ("a\0nna", PASSWORD),
        ("\ud800", PASSWORD),
    ],
)  # fmt: skip
async def test_anything_else_names_nobody(db: Database, name: str, password: str) -> None:
    await make(db)
    assert await checked(db, name, password) is None


async def test_an_unknown_name_costs_the_same_work(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(db)
    verified: list[str] = []
    real = users._verify

    def noted(password_hash: str, password: str) -> bool:
        verified.append(password_hash)
        return real(password_hash, password)

    monkeypatch.setattr(users, "_verify", noted)
    await checked(db, "anna", "wrong password")
    await checked(db, "nobody", "wrong password")
    assert len(verified) == 2
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", verified[0])
    assert verified[0].split("$")[:4] == verified[1].split("$")[:4]


async def test_a_name_is_taken_once(db: Database) -> None:
    await make(db)
    for name in ("Anna", "anna", "ＡＮＮＡ"):
        with pytest.raises(Conflict):
            await make(db, name)
    async with db.read() as session:
        assert [each.name for each in await users.everyone(session)] == ["Anna"]


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("", PASSWORD, "name"), ("   ", PASSWORD, "name"), ("x" * 65, PASSWORD, "name"), ("a\nb", PASSWORD, "name"),
        ("a\0b", PASSWORD, "name"), ("anna", "", "password"), ("anna", "seven77", "password"),
        ("anna", "x" * 257, "password"), ("long-enough", "Long-Enough", "password"),
    ],
)  # fmt: skip
async def test_a_bad_name_or_password_is_named_and_a_password_never_repeated(
    db: Database, name: str, password: str, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await make(db, name, password)
    assert [each.field for each in caught.value.errors] == [field]
    assert not password or field != "password" or password not in repr(caught.value.errors)


async def test_the_database_holds_no_password_and_no_cookie(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    cookie = await logged_in(db, keys, anna.id)
    async with db.read() as session:
        dump = repr((await session.execute(text('SELECT * FROM "user"'))).all())
        dump += repr((await session.execute(text("SELECT * FROM login_session"))).all())
    assert PASSWORD not in dump
    assert cookie not in dump
    for stolen in re.findall(r"\w{20,}", dump):
        assert await who(db, keys, stolen) is None


async def test_a_disabled_user_is_out_at_once(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    cookie = await logged_in(db, keys, anna.id)
    assert await who(db, keys, cookie) == f"user:{anna.id}"
    async with db.write() as session:
        await users.disable(session, "ANNA", NOW + 1)
        await users.disable(session, "anna", NOW + 2)
    assert await who(db, keys, cookie) is None
    assert await checked(db, "anna", PASSWORD) is None
    async with db.write() as session:
        assert (await users.everyone(session))[0].disabled_at == NOW + 1
        with pytest.raises(NotFound):
            await users.disable(session, "berta", NOW)


async def test_a_login_made_while_the_user_is_disabled_is_none(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    async with db.write() as session:
        await users.disable(session, "anna", NOW)
    assert await who(db, keys, await logged_in(db, keys, anna.id)) is None


# Logins end.


async def test_a_login_ends_after_12_idle_hours_and_7_days_in_any_case(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    cookie = await logged_in(db, keys, anna.id)
    assert await who(db, keys, cookie, NOW + 12 * HOUR - 1)
    assert await who(db, keys, cookie, NOW + 12 * HOUR) is None
    now = NOW
    while now < NOW + 7 * DAY - 6 * HOUR:
        now += 6 * HOUR
        async with db.write() as session:
            found = await sessions.authenticate(session, keys, cookie, now)
            assert found is not None
            await touch(session, found, now)
    assert await who(db, keys, cookie, NOW + 7 * DAY - 1)
    assert await who(db, keys, cookie, NOW + 7 * DAY) is None


async def test_a_login_is_written_as_used_every_five_minutes(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    cookie = await logged_in(db, keys, anna.id)
    async with db.read() as session:
        fresh = await sessions.authenticate(session, keys, cookie, NOW + 5 * MINUTE - 1)
        older = await sessions.authenticate(session, keys, cookie, NOW + 5 * MINUTE)
    assert fresh is not None
    assert older is not None
    assert (fresh.touch is None, older.touch is None) == (True, False)


async def test_a_login_gets_a_new_cookie_and_ends_the_one_that_came_with_it(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    first = await logged_in(db, keys, anna.id)
    elsewhere = await logged_in(db, keys, anna.id)
    second = await logged_in(db, keys, anna.id, replaces=first)
    assert len({first, elsewhere, second}) == 3
    assert len(second) >= 43  # 32 random bytes
    assert [await who(db, keys, each) is not None for each in (first, elsewhere, second)] == [False, True, True]


async def test_a_planted_cookie_is_never_adopted(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    assert await logged_in(db, keys, anna.id, replaces="planted by somebody else") != "planted by somebody else"
    assert await who(db, keys, "planted by somebody else") is None


async def test_a_logout_ends_that_login_alone_and_old_ones_are_swept(db: Database, keys: Keyring) -> None:
    anna = await make(db)
    here, there = await logged_in(db, keys, anna.id), await logged_in(db, keys, anna.id)
    async with db.write() as session:
        await sessions.log_out(session, keys, here)
        await sessions.log_out(session, keys, "unknown")
    assert await who(db, keys, here) is None
    assert await who(db, keys, there)
    await logged_in(db, keys, anna.id, NOW + 8 * DAY)
    async with db.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM login_session"))).scalar_one() == 1


def test_each_login_has_its_own_csrf_token(keys: Keyring) -> None:
    one, other = sessions.csrf_token(keys, "one"), sessions.csrf_token(keys, "other")
    assert one != other
    assert one == sessions.csrf_token(keys, "one")
    assert one != keys.mac("one")  # what the database holds


# The set-up code.


async def new_code(db: Database, keys: Keyring) -> str | None:
    async with db.write() as session:
        return await users.new_setup_code(session, keys, NOW)


async def set_up(db: Database, keys: Keyring, code: str, name: str = "owner", password: str = PASSWORD) -> users.Person:
    async with db.write() as session:
        return await users.set_up(session, keys, code, name, password, NOW)


async def test_the_code_makes_the_first_user_once(db: Database, keys: Keyring) -> None:
    code = await new_code(db, keys)
    assert code is not None
    assert re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", code)
    owner = await set_up(db, keys, f" {code.upper()} ")
    assert await checked(db, "owner", PASSWORD) == owner
    with pytest.raises(Forbidden):
        await set_up(db, keys, code, "second")
    assert await new_code(db, keys) is None


async def test_a_wrong_or_older_code_makes_nobody(db: Database, keys: Keyring) -> None:
    with pytest.raises(Forbidden):
        await set_up(db, keys, "")
    older, code = await new_code(db, keys), await new_code(db, keys)
    for wrong in ("", "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", older or "", "\ud800\0"):
        with pytest.raises(Forbidden):
            await set_up(db, keys, wrong)
    assert (await set_up(db, keys, code or "")).name == "owner"


async def test_a_refused_password_leaves_the_code_as_it_was(db: Database, keys: Keyring) -> None:
    code = await new_code(db, keys) or ""
    with pytest.raises(Invalid):
        await set_up(db, keys, code, password="short")
    assert (await set_up(db, keys, code)).name == "owner"


async def test_of_two_who_use_the_code_at_once_one_gets_in(db: Database, keys: Keyring) -> None:
    code = await new_code(db, keys) or ""
    both = await asyncio.gather(set_up(db, keys, code, "one"), set_up(db, keys, code, "other"), return_exceptions=True)
    assert [type(each) for each in both if isinstance(each, Exception)] == [Forbidden]
    async with db.read() as session:
        assert len(await users.everyone(session)) == 1


async def test_a_code_is_void_once_there_is_a_user(db: Database, keys: Keyring) -> None:
    code = await new_code(db, keys) or ""
    await make(db)
    with pytest.raises(Forbidden):
        await set_up(db, keys, code)


async def test_the_database_holds_no_usable_code(db: Database, keys: Keyring) -> None:
    code = await new_code(db, keys) or ""
    async with db.read() as session:
        dump = repr((await session.execute(text("SELECT * FROM setup_code"))).all())
    assert code.replace("-", "") not in dump
    for stolen in re.findall(r"\w{20,}", dump):
        with pytest.raises(Forbidden):
            await set_up(db, keys, stolen)
