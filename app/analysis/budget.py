"""Whether a call may be made: spending counted in slices of a rolling window, so that no window ever holds too much."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

SLICES = 20


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent, by slice number (time // slice length), and what the platform's headers said. Milliseconds."""

    slices: Mapping[int, int]
    told_limit: int | None = None
    told_remaining: int | None = None
    told_resets_at: int | None = None


def left(spent: Spent, limit: int, window_ms: int, now: int) -> int:
    """Units that may be spent now. A window that began anywhere in the past holds at most `limit`."""
    width = max(1, window_ms // SLICES)
    # One slice more than the window has: its beginning may lie anywhere in the oldest one.
    used = sum(units for number, units in spent.slices.items() if number >= now // width - SLICES)
    ours = limit - used
    if spent.told_remaining is not None and spent.told_resets_at is not None and spent.told_resets_at > now:
        ours = min(ours, spent.told_remaining)
    return max(0, ours)


def take(spent: Spent, limit: int, window_ms: int, units: int, now: int) -> Spent | int:
    """The new state, or the time in milliseconds from which it is worth asking again."""
    width = max(1, window_ms // SLICES)
    slices = {number: used for number, used in spent.slices.items() if number >= now // width - SLICES}
    if left(spent, limit, window_ms, now) < units:
        return _again_at(spent, slices, limit, width, units, now)
    slices[now // width] = slices.get(now // width, 0) + units
    told = None if spent.told_remaining is None else max(0, spent.told_remaining - units)
    return replace(spent, slices=slices, told_remaining=told)


def _again_at(spent: Spent, slices: dict[int, int], limit: int, width: int, units: int, now: int) -> int:
    waits = [now + width]
    room = limit - sum(slices.values())
    for number in sorted(slices):
        if room >= units:
            break
        room += slices[number]
        waits.append((number + SLICES + 1) * width)
    if spent.told_remaining is not None and spent.told_remaining < units and (spent.told_resets_at or 0) > now:
        waits.append(spent.told_resets_at or 0)
    return max(waits)
