"""Who is asking, and what they may do."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from app.errors import Invalid

Scope = Literal[
    "posts:read", "stats:read", "export", "tags:write", "rules:write", "endpoints:write", "audit:read", "admin"
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """`touch` is the key of the row whose last use should be written down, None where that was done just now."""

    kind: Literal["anybody", "local", "user", "token"]
    id: str
    name: str
    scopes: frozenset[Scope]
    touch: str | None = None

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"{self.kind}:{self.id}" if self.id else self.kind

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or "admin" in self.scopes


ALL: frozenset[Scope] = frozenset(SCOPES)
ANYBODY = Principal("anybody", "", "anybody", frozenset())
LOCAL = Principal("local", "", "this machine", ALL)


def parse_scopes(text: str) -> frozenset[Scope]:
    """Scopes separated by spaces or commas."""
    words = [word for word in re.split(r"[\s,]+", text) if word]
    unknown = [word for word in words if word not in SCOPES]
    if unknown or not words:
        raise Invalid("scopes", text, f"{' '.join(unknown) or 'nothing'} is no scope; there are {' '.join(SCOPES)}")
    return frozenset(scope for scope in SCOPES if scope in words)
