"""What one run of an import knows from batch to batch, and what every kind of file has."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from app.db.engine import Session
from app.imports.batch import Raw
from app.store import imports
from app.store.imports import Span


@dataclass(slots=True)
class Run:
    """What one run of an import knows from batch to batch."""

    now: int
    span: Span | None = None
    sources: dict[str, int] = field(default_factory=dict)
    spans: dict[tuple[str, int], Span] = field(default_factory=dict)
    stated: dict[tuple[str, int], Span] = field(default_factory=dict)
    recognised: set[str] = field(default_factory=set)
    campaign: str = ""
    """Whose outcomes they are: the campaign's id."""

    def trial(self) -> "Run":
        """One to go on with, so that this one stays true where a transaction comes to nothing."""
        return Run(self.now, self.span, dict(self.sources), dict(self.spans), dict(self.stated), campaign=self.campaign)

    async def source(self, session: Session, platform: str) -> int:
        if platform not in self.sources:
            self.sources[platform], _ = await imports.source(session, f"import:{platform}", platform, self.now)
        return self.sources[platform]


class Kind(Protocol):
    """`read` is pure and may run beside the database's work; `keep` says how many rows were new. Both tell faults.

    `tags` are the hashtags that get a curve before `keep` is called.
    """

    batch: int

    def read(self, raw: Raw) -> Any: ...
    def tags(self, read: Any) -> set[str]: ...
    async def keep(self, session: Session, raw: Raw, read: Any, run: Run) -> int: ...


def by_platform(raw: Raw, platforms: list[str | None]) -> dict[str, list[int]]:
    """Places of the good rows, by platform."""
    found: dict[str, list[int]] = {}
    for place in raw.good().tolist():
        found.setdefault(str(platforms[place]), []).append(place)
    return found


def widen(spans: dict[Any, Span], key: Any, start: int, end: int) -> None:
    low, high = spans.get(key, (start, end))
    spans[key] = min(low, start), max(high, end)
