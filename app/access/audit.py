"""What was done, by whom and from where: appended, never changed."""

import hashlib
import json

from app.access.principal import Principal
from app.db.engine import Session
from app.store import access as rows


async def record(
    session: Session,
    who: Principal,
    action: str,
    now: int,
    *,
    subject: str | None = None,
    ip: str | None = None,
    before: object = None,
    after: object = None,
) -> None:
    """In the transaction of what it tells about. `before` and `after` are kept as hashes, so no content stays here."""
    await rows.add_audit(session, now, who.actor, action, subject, ip, (_digest(before), _digest(after)))


def _digest(value: object) -> str | None:
    if value is None:
        return None
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
