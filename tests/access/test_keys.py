"""Sealing, and where the key comes from."""

import re
import stat
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from app.access.keyfile import check_mark, default_path, keyring
from app.access.seal import Keyring, Unsealable
from app.db.engine import Database
from app.errors import Invalid, Problem
from app.settings import Settings

KEY = "k" * 32


@pytest.mark.parametrize("secret", ["", "app-password", "пароль 🔑", "x" * 10_000])
def test_what_is_sealed_comes_back_and_never_looks_the_same(keys: Keyring, secret: str) -> None:
    one, other = keys.seal(secret, "source"), keys.seal(secret, "source")
    assert one != other
    assert keys.unseal(one, "source") == keys.unseal(other, "source") == secret
    assert not secret or secret not in one


def test_another_key_another_purpose_or_a_changed_letter_opens_nothing(keys: Keyring) -> None:
    sealed = keys.seal("a secret", "source")  # 36 bytes in all: every letter of their base 64 counts
    with pytest.raises(Unsealable):
        Keyring.of(b"another").unseal(sealed, "source")
    with pytest.raises(Unsealable):
        keys.unseal(sealed, "endpoint")
    for at in range(len(sealed)):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(Unsealable):
            keys.unseal(changed, "source")
    for garbage in ("", "s1.", "s1.AAAA", "s1.é", "plain", "s2." + sealed[3:], sealed[:20]):
        with pytest.raises(Unsealable):
            keys.unseal(garbage, "source")


def test_a_keyring_shows_no_key(keys: Keyring) -> None:
    assert re.fullmatch(r"Keyring\(mark='[0-9a-f]{16}', naming_mark='[0-9a-f]{16}'\)", repr(keys))


def test_hashes_depend_on_the_key(keys: Keyring) -> None:
    mac = keys.mac("text")
    assert re.fullmatch(r"[0-9a-f]{64}", mac)
    assert keys.same("text", mac)
    assert not keys.same("Text", mac)
    assert Keyring.of(b"another").mac("text") != mac


def settings(folder: Path, **values: object) -> Settings:
    return Settings(_env_file=None, database_url=f"sqlite:///{folder}/data/groundswell.db", **values)  # type: ignore[arg-type]


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    first = keyring(settings(tmp_path))
    path = tmp_path / "data" / "groundswell.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) >= 43
    assert list(path.parent.iterdir()) == [path]
    assert keyring(settings(tmp_path)).mark == first.mark


def test_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPool(8) as pool:
        marks = pool.map(lambda _: keyring(settings(tmp_path)).mark, range(8))
    assert len(set(marks)) == 1


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data/groundswell.db", "data/groundswell.key"),
        ("sqlite:////var/lib/gsw/my.db", "/var/lib/gsw/my.key"),
        ("postgresql://user:word@host/name", "data/groundswell.key"),
    ],
)
def test_the_key_lies_beside_the_database(url: str, path: str) -> None:
    assert default_path(url) == Path(path)


def test_a_key_may_be_given_by_a_setting_or_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    given = keyring(settings(tmp_path, secret_key=KEY))
    assert given.mark == keyring(settings(tmp_path, secret_key_file=path)).mark
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"secret_key": "short"}, "GROUNDSWELL_SECRET_KEY"),
        ({"secret_key": " " * 40}, "GROUNDSWELL_SECRET_KEY"),
        ({"secret_key": KEY, "secret_key_file": Path("x")}, "GROUNDSWELL_SECRET_KEY"),
        ({"secret_key_file": Path("/nowhere/key")}, "GROUNDSWELL_SECRET_KEY_FILE"),
    ],
)
def test_a_key_that_will_not_do_is_named_without_being_shown(
    tmp_path: Path, given: dict[str, object], named: str
) -> None:
    with pytest.raises(Invalid) as caught:
        keyring(settings(tmp_path, **given))
    assert caught.value.errors[0].field == named
    assert KEY not in f"{caught.value} {caught.value.errors}"
    assert "short:" not in str(caught.value)


async def test_a_database_is_not_opened_with_another_key(db: Database, keys: Keyring) -> None:
    async with db.write() as session:
        await check_mark(session, keys)
    async with db.write() as session:
        await check_mark(session, keys)
        with pytest.raises(Problem, match="GROUNDSWELL_SECRET_KEY"):
            await check_mark(session, Keyring.of(b"another"))
