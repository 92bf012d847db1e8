"""The second factor: codes as RFC 6238 computes them, each taken once, and recovery codes that no database tells."""

import asyncio
import base64
import re

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from sqlalchemy import text

from app.access import halfway, totp, users
from app.access.seal import Keyring
from app.clock import HOUR, MINUTE
from app.db.engine import Database
from app.errors import Conflict, TooManyRequests
from app.store import access as rows
from tests.access.conftest import NOW

PASSWORD = "correct horse battery"
# The secret of RFC 6238, appendix B, and the last six digits of its values for SHA-1.
RFC = base64.b32encode(b"12345678901234567890").decode()
TABLE = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}


@pytest.mark.parametrize(("at", "code"), TABLE.items())
def test_the_codes_are_those_of_the_rfc_and_of_one_step_around(at: int, code: str) -> None:
    step = at // 30
    for late in (-1, 0, 1):
        assert totp.step_of(RFC, f" {code[:3]} {code[3:]} ", (step + late) * totp.STEP) == step
    for late in (-2, 2):
        assert totp.step_of(RFC, code, (step + late) * totp.STEP) is None


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708a", "٢٨٧٠٨٢", "²87082", "287 082 0", "\ud800"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.step_of(RFC, code, 59_000) is None


def test_an_app_reads_name_and_secret_from_the_address() -> None:
    found = totp.address(RFC, "amina & <b>")
    assert found.startswith("otpauth://totp/Groundswell:amina%20%26%20%3Cb%3E?")
    assert f"secret={RFC}" in found
    assert "issuer=Groundswell" in found


def code_at(secret: str, now: int) -> str:
    """What the app shows."""
    return HOTP(base64.b32decode(secret), 6, SHA1()).generate(now // totp.STEP).decode()


async def set_up(db: Database, keys: Keyring, now: int = NOW) -> tuple[int, str, list[str]]:
    async with db.write() as session:
        anna = await users.create(session, "anna", PASSWORD, NOW)
        await totp.begin(session, keys, anna.id, now)
        secret = await totp.pending(session, keys, anna.id) or ""
        codes = await totp.confirm(session, keys, anna.id, code_at(secret, now), now)
    assert codes is not None
    return anna.id, secret, list(codes)


async def spent(db: Database, keys: Keyring, user: int, given: str, now: int = NOW) -> str | None:
    async with db.write() as session:
        return await totp.spend(session, keys, user, given, now)


async def test_a_secret_asks_for_nothing_until_a_code_has_confirmed_it(db: Database, keys: Keyring) -> None:
    async with db.write() as session:
        anna = await users.create(session, "anna", PASSWORD, NOW)
        await totp.begin(session, keys, anna.id, NOW)
        first = await totp.pending(session, keys, anna.id) or ""
        assert await totp.standing(session, anna.id) is None
        await totp.begin(session, keys, anna.id, NOW)  # once more: another secret
        second = await totp.pending(session, keys, anna.id) or ""
        assert first != second
        assert len(base64.b32decode(second)) == 20
        assert await totp.spend(session, keys, anna.id, code_at(second, NOW), NOW) is None
        assert await totp.confirm(session, keys, anna.id, code_at(first, NOW), NOW) is None
        codes = await totp.confirm(session, keys, anna.id, code_at(second, NOW), NOW)
        assert codes is not None
        assert len(set(codes)) == totp.RECOVERY_CODES
        assert await totp.standing(session, anna.id) == totp.Standing(NOW, totp.RECOVERY_CODES)
        assert await totp.pending(session, keys, anna.id) is None
        with pytest.raises(Conflict):
            await totp.begin(session, keys, anna.id, NOW)


async def test_a_code_is_taken_once_and_none_from_before_it(db: Database, keys: Keyring) -> None:
    user, secret, _ = await set_up(db, keys)
    assert await spent(db, keys, user, code_at(secret, NOW)) is None, "it has confirmed the secret"
    later = NOW + totp.STEP
    assert await spent(db, keys, user, code_at(secret, later), NOW) == "code", "a phone that is ahead"
    for now in (NOW, later, later + totp.STEP):
        assert await spent(db, keys, user, code_at(secret, later), now) is None
    assert await spent(db, keys, user, code_at(secret, NOW), later) is None
    assert await spent(db, keys, user, code_at(secret, later + totp.STEP), later + totp.STEP) == "code"


async def test_of_two_who_send_the_same_code_at_once_one_gets_in(db: Database, keys: Keyring) -> None:
    user, secret, codes = await set_up(db, keys)
    later = NOW + MINUTE
    for given in (code_at(secret, later), codes[0]):
        both = await asyncio.gather(*(spent(db, keys, user, given, later) for _ in range(2)))
        assert sorted(map(bool, both)) == [False, True]


async def test_a_recovery_code_is_good_once_for_its_user_however_it_is_typed(db: Database, keys: Keyring) -> None:
    user, _, codes = await set_up(db, keys)
    assert all(re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)
    assert await spent(db, keys, user + 1, codes[0]) is None
    assert await spent(db, keys, user, f" {codes[0].upper().replace('-', ' ')}") == "recovery"
    assert await spent(db, keys, user, codes[0]) is None
    async with db.read() as session:
        assert await totp.standing(session, user) == totp.Standing(NOW, 9)


async def test_after_ten_wrong_codes_only_a_recovery_code_is_taken_for_an_hour(db: Database, keys: Keyring) -> None:
    user, secret, codes = await set_up(db, keys)
    now = NOW + HOUR
    for _ in range(10):
        assert await spent(db, keys, user, "000000" if code_at(secret, now) != "000000" else "000001", now) is None
    for given in ("123456", code_at(secret, now)):
        with pytest.raises(TooManyRequests):
            await spent(db, keys, user, given, now + HOUR - 1)
    assert await spent(db, keys, user, codes[0], now) == "recovery"
    now += HOUR
    assert await spent(db, keys, user, code_at(secret, now), now) == "code"
    assert [await spent(db, keys, user, "1", now) for _ in range(10)] == [None] * 10, "a right one begins anew"


async def test_nothing_in_the_database_is_a_code_or_makes_one(db: Database, keys: Keyring) -> None:
    user, secret, codes = await set_up(db, keys)
    async with db.read() as session:
        dump = repr((await session.execute(text("SELECT * FROM second_factor"))).all())
        dump += repr((await session.execute(text("SELECT * FROM recovery_code"))).all())
    for kept in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert kept not in dump
    for hours, stolen in enumerate(re.findall(r"\w{16,}", dump)):
        for given in (stolen, stolen[:16]):
            assert await spent(db, keys, user, given, NOW + hours * HOUR) is None


async def test_the_word_between_password_and_code_ends_and_is_nobody_elses(db: Database, keys: Keyring) -> None:
    user, _, _ = await set_up(db, keys)
    async with db.write() as session:
        bert = await users.create(session, "bert", PASSWORD, NOW)
        word = await halfway.word_for(session, keys, user, NOW)
        for at, found in ((0, (user, "anna")), (halfway.LASTS - 1, (user, "anna")), (halfway.LASTS, None), (-1, None)):
            assert await halfway.whose(session, keys, word, NOW + at) == found
        sealed = word.split(".", 1)[1]
        for wrong in ("", ".", "1", "x.y", f"{bert.id}.{sealed}", f"²{word}", f"{'9' * 30}.{sealed}", "\ud800"):
            assert await halfway.whose(session, keys, wrong, NOW) is None
        await users.change_password(session, user, PASSWORD, "staple of another kind")
        assert await halfway.whose(session, keys, word, NOW) is None
        word = await halfway.word_for(session, keys, user, NOW)
        await rows.disable_user(session, user, NOW)
        session.expire_all()
        assert await halfway.whose(session, keys, word, NOW) is None
