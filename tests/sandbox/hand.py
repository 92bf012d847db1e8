"""A clock of milliseconds that moves when told."""

from datetime import UTC, datetime


class Hand:
    def __init__(self) -> None:
        self.at = 1_795_500_000_000

    def __call__(self) -> int:
        return self.at

    def datetime(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1_000, UTC)
