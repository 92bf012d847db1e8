"""Who may come in, and what they did: users, tokens, logins, the set-up code, the audit log, repeated requests.

Nothing here opens a door by itself: secrets are kept as keyed hashes, and the key is not in the database.
"""

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Millis, Words


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[Words]
    folded: Mapped[str] = mapped_column(Text, unique=True)  # the name as it is compared
    password_hash: Mapped[Words]
    created_at: Mapped[Millis]
    disabled_at: Mapped[Millis | None]


class Token(Base):
    """A bearer token. `id` is the readable part of it, `mac` the keyed hash of all of it."""

    __tablename__ = "token"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[Words]
    mac: Mapped[Words]
    scopes: Mapped[Words]  # separated by spaces
    created_at: Mapped[Millis]
    expires_at: Mapped[Millis]
    revoked_at: Mapped[Millis | None]
    last_used_at: Mapped[Millis | None]


class LoginSession(Base):
    __tablename__ = "login_session"
    __table_args__ = (Index(None, "user_id"),)
    mac: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int]
    created_at: Mapped[Millis]
    used_at: Mapped[Millis]


class SecondFactor(Base):
    """The secret of a user's authenticator app. It asks for codes from `confirmed_at` on; `last_step` is spent,
    and of late `tries` codes were wrong.
    """

    __tablename__ = "second_factor"
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[Words]
    created_at: Mapped[Millis]
    confirmed_at: Mapped[Millis | None]
    last_step: Mapped[Millis]
    tries: Mapped[int]
    tried_since: Mapped[Millis]


class RecoveryCode(Base):
    """Good once, in place of a code of the app."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index(None, "user_id"),)
    mac: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int]


class SetupCode(Base):
    """One row at most: the code that makes the first user. A start without users replaces it."""

    __tablename__ = "setup_code"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mac: Mapped[Words]
    created_at: Mapped[Millis]


class KeyMark(Base):
    """One row: by which key the secrets in this database were sealed and hashed."""

    __tablename__ = "key_mark"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mark: Mapped[Words]


class Share(Base):
    """A link that shows `campaigns` (ids, one or those of a comparison) to whoever holds it.

    `mac` is the keyed hash that it is found by, `sealed` its text for its owner, `origins` whose pages may frame it.
    """

    __tablename__ = "share"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    mac: Mapped[str] = mapped_column(Text, unique=True)
    sealed: Mapped[Words]
    campaigns: Mapped[Words]  # separated by spaces, as the origins are
    origins: Mapped[Words]
    author: Mapped[Words]
    created_at: Mapped[Millis]
    expires_at: Mapped[Millis]
    revoked_at: Mapped[Millis | None]


class Audit(Base):
    """Only ever appended to. `before` and `after` are hashes of what was changed."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Millis]
    actor: Mapped[Words]
    action: Mapped[Words]
    subject: Mapped[Words | None]
    ip: Mapped[Words | None]
    before: Mapped[Words | None]
    after: Mapped[Words | None]


class Idempotency(Base):
    """A POST that carried an Idempotency-Key, and what was answered. `status` is null while it is being worked on."""

    __tablename__ = "idempotency"
    __table_args__ = (Index(None, "created_at"),)
    actor: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_hash: Mapped[Words]
    created_at: Mapped[Millis]
    status: Mapped[int | None]
    answer: Mapped[Words | None]
