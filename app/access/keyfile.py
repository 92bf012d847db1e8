"""Where the master key comes from: a setting, a file that a setting names, or a file beside the database, made once."""

import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from app.access.seal import Keyring
from app.db.engine import Session
from app.errors import Invalid, Problem
from app.settings import Settings
from app.store import access as rows

SHORTEST = 32


def keyring(settings: Settings) -> Keyring:
    """Makes the file beside the database when no key is set and none is there."""
    if settings.secret_key and settings.secret_key_file:
        raise Invalid("GROUNDSWELL_SECRET_KEY", "…", "set this or GROUNDSWELL_SECRET_KEY_FILE, not both")
    if settings.secret_key:
        return _keyring("GROUNDSWELL_SECRET_KEY", "…", settings.secret_key.get_secret_value())
    if settings.secret_key_file:
        return _from_file(settings.secret_key_file)
    path = default_path(settings.database_url)
    if not path.exists():
        _make(path)
    return _from_file(path)


def default_path(database_url: str) -> Path:
    """`groundswell.key` beside `groundswell.db`; in `data/` where the database is a server."""
    parts = urlsplit(database_url)
    if parts.netloc or not parts.path.strip("/"):
        return Path("data/groundswell.key")
    return Path(parts.path[1:]).with_suffix(".key")


async def check_mark(session: Session, keys: Keyring) -> None:
    """The first start marks the database with its key; a start with another key is stopped before it harms anything."""
    mark = await rows.key_mark(session)
    if mark is None:
        await rows.set_key_mark(session, keys.mark)
    elif mark != keys.mark:
        raise Problem(
            "the key is not the one that this database was written with: bring back its key file beside the database, "
            "or set GROUNDSWELL_SECRET_KEY or GROUNDSWELL_SECRET_KEY_FILE"
        )


def _from_file(path: Path) -> Keyring:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("GROUNDSWELL_SECRET_KEY_FILE", str(path), f"cannot read {path}: {error}") from None
    return _keyring("GROUNDSWELL_SECRET_KEY_FILE", str(path), text)


def _keyring(setting: str, shown: str, text: str) -> Keyring:
    key = text.strip().encode()
    if len(key) < SHORTEST:
        raise Invalid(setting, shown, f"a key has at least {SHORTEST} characters (openssl rand -base64 32)")
    return Keyring.of(key)


def _make(path: Path) -> None:
    """Complete or absent, and never over one that another process made meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
