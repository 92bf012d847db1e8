"""Whether a call may be made: spending counted in slices of a rolling window, so that no window ever holds too much."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.clock import HOUR

SLICES = 20
AGAIN = 0.5
"""The part of a budget with a long window that reading known posts again may spend, evenly over the window."""
AT_ONCE = 0.25
"""The part of its own that finding posts may spend at once, as when many hashtags are followed on one day."""
SAME_RESET = 2_000
"""Resets that lie this close (milliseconds) are one: some servers compute theirs anew for each answer."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent, by slice number (time // slice length), and what the platform's headers said. Milliseconds."""

    slices: Mapping[int, int]
    told_limit: int | None = None
    told_remaining: int | None = None
    told_resets_at: int | None = None


def left(spent: Spent, limit: int, window_ms: int, now: int, spare: int = 0) -> int:
    """Units that may be spent now, all but `spare`. A window that began anywhere in the past holds at most `limit`."""
    ours = _narrowed(spent, limit) - used(spent, window_ms, now)
    if spent.told_remaining is not None and spent.told_resets_at is not None and spent.told_resets_at > now:
        ours = min(ours, spent.told_remaining)
    return max(0, ours - spare)


def used(spent: Spent, window_ms: int, now: int) -> int:
    """One slice more than the window has is counted: its beginning may lie anywhere in the oldest one."""
    oldest = now // max(1, window_ms // SLICES) - SLICES
    return sum(units for number, units in spent.slices.items() if number >= oldest)


def _narrowed(spent: Spent, limit: int) -> int:
    """What headers say of the limit narrows ours, and never widens it. A limit of nothing is a mistake."""
    return min(limit, spent.told_limit) if spent.told_limit else limit


def take(spent: Spent, limit: int, window_ms: int, units: int, now: int, spare: int = 0) -> Spent | int:
    """The new state, or the time in milliseconds from which it is worth asking again."""
    width = max(1, window_ms // SLICES)
    slices = {number: used for number, used in spent.slices.items() if number >= now // width - SLICES}
    if left(spent, limit, window_ms, now, spare) < units:
        return _again_at(spent, slices, _narrowed(spent, limit), width, units + spare, now)
    slices[now // width] = slices.get(now // width, 0) + units
    told = None if spent.told_remaining is None else max(0, spent.told_remaining - units)
    return replace(spent, slices=slices, told_remaining=told)


def evenly(limit: int, window_ms: int, most: int, part: float = 1 / SLICES) -> tuple[int, int]:
    """A shorter window with its part of the limit, so that what is spent lasts; with room for two calls at least."""
    if limit <= 0:
        return 0, window_ms
    part = min(1.0, max(part, 2 * most / limit))
    return int(limit * part), int(window_ms * part)


def of_this_width(spent: Spent, window_ms: int, now: int) -> Spent:
    """Without slices that are still to come: they were numbered for a narrower window, before a limit was lowered, and
    would be counted for decades.
    """
    here = now // max(1, window_ms // SLICES)
    return replace(spent, slices={number: units for number, units in spent.slices.items() if number <= here})


def give_back(spent: Spent, window_ms: int, units: int, taken_at: int) -> Spent:
    """What was taken at `taken_at` and not used leaves the slice that it was counted in: any other would hold less
    than was truly spent in it, and some window too much.
    """
    number = taken_at // max(1, window_ms // SLICES)
    if number not in spent.slices:
        return spent
    return replace(spent, slices={**spent.slices, number: max(0, spent.slices[number] - units)})


def _again_at(spent: Spent, slices: Mapping[int, int], limit: int, width: int, needed: int, now: int) -> int:
    waits = [now + width]
    room = limit - sum(slices.values())
    for number in sorted(slices):
        if room >= needed:
            break
        room += slices[number]
        waits.append((number + SLICES + 1) * width)
    if spent.told_remaining is not None and spent.told_remaining < needed and (spent.told_resets_at or 0) > now:
        waits.append(spent.told_resets_at or 0)
    return max(waits)


def hear(spent: Spent, window_ms: int, said: tuple[int | None, int | None, int | None], now: int) -> Spent:
    """What headers `said` (limit, remaining, reset), taken in. A reset further off than an hour is not believed.

    Answers overtake each other: within one window, what is left only falls.
    """
    limit, remaining, resets_at = said
    if remaining is None or resets_at is None or resets_at <= now:
        return spent  # a cached answer repeats old headers: a reset that has passed says nothing
    resets_at = min(resets_at, now + max(window_ms, HOUR))
    known = spent.told_resets_at if spent.told_remaining is not None else None
    if known is not None and known > now:
        if resets_at < known - SAME_RESET:
            return spent
        if resets_at <= known + SAME_RESET:
            remaining = min(remaining, spent.told_remaining or 0)
    return replace(spent, told_limit=limit or spent.told_limit, told_remaining=remaining, told_resets_at=resets_at)
