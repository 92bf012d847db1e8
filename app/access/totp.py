"""A second factor: codes of an authenticator app (RFC 6238), each good once, and ten recovery codes.

The secret is kept sealed, the recovery codes as keyed hashes. A secret asks for nothing until one code has
confirmed it.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from app.access.seal import Keyring
from app.clock import HOUR, SECOND
from app.db.engine import ReadSession, Session
from app.errors import Conflict, TooManyRequests
from app.store import totp as rows

STEP = 30 * SECOND
DIGITS = 6
AROUND = 1
"""How many steps before and after are taken too: clocks differ."""
RECOVERY_CODES = 10
PER_HOUR = 10
"""Codes tried for one user, right ones apart. Whoever tries has the password: no stranger uses the owner's up."""
ISSUER = "Groundswell"
_RECOVERY = re.compile(r"[a-z2-7]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when a code is asked for, and how many recovery codes are left."""

    since: int
    left: int


async def begin(session: Session, keys: Keyring, user_id: int, now: int) -> None:
    """A new secret in place of one that nobody has confirmed."""
    if await standing(session, user_id):
        raise Conflict("a second factor is there already: switch it off first")
    text = base64.b32encode(secrets.token_bytes(20)).decode()
    await rows.put(session, user_id, keys.seal(text, _purpose(user_id)), now)


async def pending(session: ReadSession, keys: Keyring, user_id: int) -> str | None:
    """The secret that waits for its first code; once confirmed it is shown no more."""
    found = await rows.of_user(session, user_id)
    return keys.unseal(found.sealed, _purpose(user_id)) if found and found.confirmed_at is None else None


async def standing(session: ReadSession, user_id: int) -> Standing | None:
    found = await rows.of_user(session, user_id)
    if found is None or found.confirmed_at is None:
        return None
    return Standing(found.confirmed_at, await rows.count_codes(session, user_id))


async def confirm(session: Session, keys: Keyring, user_id: int, code: str, now: int) -> Sequence[str] | None:
    """The recovery codes, this once; None where the code is not right."""
    text = await pending(session, keys, user_id)
    step = step_of(text, code, now) if text else None
    if step is None:
        return None
    await rows.confirm(session, user_id, step, now)
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    await rows.put_codes(session, user_id, [_mac(keys, user_id, each) for each in codes])
    return ["-".join(each[at : at + 4] for at in range(0, 16, 4)) for each in codes]


async def spend(
    session: Session, keys: Keyring, user_id: int, text: str, now: int
) -> Literal["code", "recovery"] | None:
    """What it was, and it is good no more; None where it was nothing, which the caller's transaction has to keep."""
    recovery = recovery_code(text)
    if recovery:
        return "recovery" if await rows.burn_code(session, user_id, _mac(keys, user_id, recovery)) else None
    found = await rows.of_user(session, user_id)
    if found is None or found.confirmed_at is None:
        return None
    if not await rows.count_try(session, user_id, now, HOUR, PER_HOUR):
        raise TooManyRequests("too many wrong codes: a recovery code is taken, or a code in an hour")
    step = step_of(keys.unseal(found.sealed, _purpose(user_id)), text, now)
    return "code" if step is not None and await rows.take_step(session, user_id, step) else None


async def remove(session: Session, user_id: int) -> bool:
    """Whether there was one."""
    return await rows.remove(session, user_id)


def recovery_code(text: str) -> str | None:
    """As it is compared; None for what has not its shape."""
    bare = re.sub(r"[\s-]", "", text).lower()
    return bare if _RECOVERY.fullmatch(bare) else None


def step_of(secret: str, code: str, now: int) -> int | None:
    """The step that the code is of, the newest first. A code of digits of another script is none."""
    bare = re.sub(r"\s", "", code)
    if not re.fullmatch(f"[0-9]{{{DIGITS}}}", bare, re.ASCII):
        return None
    hotp = HOTP(base64.b32decode(secret), DIGITS, SHA1())  # noqa: S303 - what every authenticator app computes
    here = now // STEP
    steps = range(here + AROUND, max(here - AROUND, 0) - 1, -1)
    return next((step for step in steps if secrets.compare_digest(hotp.generate(step), bare.encode())), None)


def address(secret: str, name: str) -> str:
    """What the QR code holds: apps read the secret and whose it is from it."""
    totp = TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP // SECOND)  # noqa: S303
    return totp.get_provisioning_uri(name, ISSUER)


def _purpose(user_id: int) -> str:
    return f"second factor of user {user_id}"


def _mac(keys: Keyring, user_id: int, code: str) -> str:
    return keys.mac(f"recovery code {user_id} {code}")
