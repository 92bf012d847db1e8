"""Tokens: their form, what the database keeps of them, and when they stop working."""

import hmac
import math
import re
import zlib
from collections import Counter
from itertools import pairwise

import pytest
from sqlalchemy import text

from app.access import tokens
from app.access.admit import touch
from app.access.principal import ALL, parse_scopes
from app.access.seal import Keyring
from app.clock import DAY, MINUTE
from app.db.engine import Database
from app.errors import Invalid, NotFound
from tests.access.conftest import NOW

READ = parse_scopes("posts:read stats:read")


async def make(db: Database, keys: Keyring, days: float = 90) -> tokens.Minted:
    async with db.write() as session:
        return await tokens.create(session, keys, "reader", READ, NOW, days)


async def who(db: Database, keys: Keyring, bearer: str, now: int = NOW) -> str | None:
    async with db.read() as session:
        found = await tokens.authenticate(session, keys, bearer, now)
    return found.actor if found else None


def test_a_token_has_a_form_that_scanners_find() -> None:
    token_id, made = tokens.mint()
    assert re.fullmatch(r"gsw_[0-9A-Za-z]{57}", made)
    assert made[4:12] == token_id
    assert tokens.read_id(made) == token_id


def test_the_checksum_is_a_crc32_of_what_is_before_it() -> None:
    _, made = tokens.mint()
    number = 0
    for digit in made[-6:]:
        number = number * 62 + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".index(digit)
    assert number == zlib.crc32(made[4:-6].encode())


def test_every_single_typing_error_is_noticed() -> None:
    _, made = tokens.mint()
    for at in range(4, len(made)):
        for wrong in "0aZ":
            typed = made[:at] + wrong + made[at + 1 :]
            assert typed == made or tokens.read_id(typed) is None
    swaps = [made[:at] + b + a + made[at + 2 :] for at, (a, b) in enumerate(pairwise(made)) if at >= 4 and a != b]
    assert all(tokens.read_id(typed) is None for typed in swaps)


@pytest.mark.parametrize(
    "wrong", ["", "gsw_", "hm_x", "gsw_" + "a" * 57, "GSW_" + "a" * 57, "gsw_" + "é" * 57, "x" * 10_000, "\0"]
)
def test_what_is_no_token_has_no_id(wrong: str) -> None:
    assert tokens.read_id(wrong) is None


def test_secrets_differ_and_use_the_whole_alphabet_evenly() -> None:
    made = [tokens.mint()[1] for _ in range(2_000)]
    assert len(set(made)) == len(made)
    # The first digit of 43 carries less than a whole one: 62^43 is a little more than 2^256.
    counts = Counter("".join(each[13:55] for each in made))
    total = sum(counts.values())
    entropy = -sum(n / total * math.log2(n / total) for n in counts.values())
    assert entropy > math.log2(62) - 0.01


async def test_a_token_names_its_principal_and_scopes(db: Database, keys: Keyring) -> None:
    made = await make(db, keys)
    async with db.read() as session:
        found = await tokens.authenticate(session, keys, made.text, NOW)
    assert found is not None
    assert (found.kind, found.name, found.scopes) == ("token", "reader", READ)
    assert found.may("posts:read")
    assert not found.may("tags:write")


async def test_a_token_that_is_nearly_right_is_nobody(db: Database, keys: Keyring) -> None:
    made = await make(db, keys)
    _, other = tokens.mint()
    body = made.text[4:12] + other[12:55]
    forged = "gsw_" + body + tokens._checksum(body)
    assert tokens.read_id(forged) == made.facts.id
    for wrong in (
        forged,
        other,
        made.text[:-1],
        made.text + "a",
        f" {made.text}",
        made.text.lower(),
        made.facts.id,
        "",
    ):
        assert await who(db, keys, wrong) is None


async def test_a_token_made_with_another_key_is_nobody(db: Database, keys: Keyring) -> None:
    made = await make(db, keys)
    assert await who(db, Keyring.of(b"another master key, as long as it"), made.text) is None


async def test_a_token_ends_after_90_days_or_as_told(db: Database, keys: Keyring) -> None:
    made, short = await make(db, keys), await make(db, keys, days=0.5)
    assert await who(db, keys, made.text, NOW + 90 * DAY - 1)
    assert await who(db, keys, made.text, NOW + 90 * DAY) is None
    assert await who(db, keys, short.text, NOW + DAY // 2 - 1)
    assert await who(db, keys, short.text, NOW + DAY // 2) is None


async def test_a_revoked_token_is_nobody_at_once(db: Database, keys: Keyring) -> None:
    by_id, by_text = await make(db, keys), await make(db, keys)
    assert await who(db, keys, by_id.text)
    async with db.write() as session:
        await tokens.revoke(session, by_id.facts.id, NOW + 1)
        await tokens.revoke(session, by_text.text, NOW + 1)
    assert await who(db, keys, by_id.text, NOW + 1) is None
    assert await who(db, keys, by_text.text, NOW + 1) is None
    async with db.read() as session:
        assert [each.revoked_at for each in await tokens.everything(session)] == [NOW + 1, NOW + 1]


async def test_revoking_twice_keeps_the_first_time_and_an_unknown_one_is_named(db: Database, keys: Keyring) -> None:
    made = await make(db, keys)
    async with db.write() as session:
        await tokens.revoke(session, made.facts.id, NOW + 1)
        await tokens.revoke(session, made.facts.id, NOW + 2)
        assert (await tokens.everything(session))[0].revoked_at == NOW + 1
        with pytest.raises(NotFound):
            await tokens.revoke(session, "unknown1", NOW)


async def test_the_last_use_is_written_once_a_minute(db: Database, keys: Keyring) -> None:
    made = await make(db, keys)
    written = []
    for now in (NOW, NOW + 1, NOW + MINUTE - 1, NOW + MINUTE):
        async with db.write() as session:
            found = await tokens.authenticate(session, keys, made.text, now)
            assert found is not None
            if found.touch:
                written.append(now)
                await touch(session, found, now)
    assert written == [NOW, NOW + MINUTE]
    async with db.read() as session:
        assert (await tokens.everything(session))[0].last_used_at == NOW + MINUTE


async def test_the_database_holds_no_usable_token(db: Database, keys: Keyring) -> None:
    made = await make(db, keys)
    async with db.read() as session:
        dump = repr((await session.execute(text("SELECT * FROM token"))).all())
    assert made.text not in dump
    assert made.text[12:55] not in dump
    assert made.facts.id in dump
    for stolen in re.findall(r"[0-9A-Za-z_]{8,}", dump):
        assert await who(db, keys, stolen) is None


async def test_a_token_is_shown_once_and_never_by_accident(db: Database, keys: Keyring) -> None:
    made = await make(db, keys)
    async with db.read() as session:
        listed = await tokens.everything(session)
    assert listed == [made.facts]
    assert made.text not in f"{made} {listed}"


async def test_tokens_are_compared_in_constant_time(
    db: Database, keys: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(db, keys)
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest

    def noted(one: str, other: str) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    assert await who(db, keys, made.text)
    assert compared == [(keys.mac(made.text), keys.mac(made.text))]


@pytest.mark.parametrize("days", [0, -1, 3651, float("nan"), float("inf")])
async def test_a_life_that_is_none_is_refused(db: Database, keys: Keyring, days: float) -> None:
    with pytest.raises(Invalid, match="days"):
        await make(db, keys, days)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "a\0b", "\ud800"])
async def test_a_name_that_cannot_be_shown_is_refused(db: Database, keys: Keyring, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        async with db.write() as session:
            await tokens.create(session, keys, name, ALL, NOW)
