"""Between the password and the code: a sealed word that the password was right. It opens nothing by itself."""

import re

from app.access.seal import Keyring, Unsealable
from app.clock import MINUTE
from app.db.engine import ReadSession
from app.errors import Unauthenticated
from app.store import access as rows

LASTS = 10 * MINUTE


class CodeNeeded(Unauthenticated):
    """Name and password are right; `word` is to come back with the code."""

    def __init__(self, word: str) -> None:
        super().__init__("a code is needed too: send that of the authenticator app, or a recovery code, as `code`")
        self.word = word


async def word_for(session: ReadSession, keys: Keyring, user_id: int, now: int) -> str:
    """Sealed for this password: it ends when that is changed."""
    found = await rows.user(session, user_id)
    if found is None:
        raise Unauthenticated("there is no such user any more")
    return f"{user_id}.{keys.seal(str(now), _purpose(user_id, found.password_hash))}"


async def whose(session: ReadSession, keys: Keyring, word: str, now: int) -> tuple[int, str] | None:
    """Id and name of who gave the password; None where it was not us who said so, or too long ago."""
    number, _, sealed = word.partition(".")
    found = await rows.user(session, int(number)) if re.fullmatch("[0-9]{1,9}", number) else None
    if found is None or found.disabled_at is not None:
        return None
    try:
        at = int(keys.unseal(sealed, _purpose(found.id, found.password_hash)))
    except Unsealable:
        return None
    return (found.id, found.name) if 0 <= now - at < LASTS else None


def _purpose(user_id: int, password_hash: str) -> str:
    return f"half a login of user {user_id} {password_hash}"
