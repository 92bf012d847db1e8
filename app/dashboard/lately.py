"""What moved in the last 24 hours, and how sure that is: two sentences, from a curve of 48 hours by five minutes."""

from collections.abc import Sequence
from typing import Any

from app.dashboard.words import Words


def moved(series: dict[str, list[Any]], words: Words, authors: bool = True) -> tuple[str, str]:
    """What moved in the last 24 hours, and how sure that is: two sentences."""
    half = len(series["posts"]) // 2
    before, last = (
        {name: column[part] for name, column in series.items()} for part in (slice(half), slice(half, None))
    )
    covered = last["coverage"][:-3] or [0.0]
    # The newest quarter of an hour is the next pass's work.
    share = sum(covered) / len(covered)
    sums = {name: _known_sum(last[name]) for name in ("posts", "engagement", "authors_new")}
    if share == 0 and not any(sums.values()):
        return words("moved.nothing"), ""
    sure = _sure(last, share, words)
    if not any(sums.values()):
        return words("moved.still"), sure
    named = [("posts", "posts"), ("engaged", "engagement"), ("authors", "authors_new")]
    parts = [_amount(words, key, sums[name]) for key, name in named if name != "authors_new" or authors]
    said = words("moved" if share >= 1 else "moved.least", what=words.listed(parts))
    compared = _compared(_known_sum(before["posts"]), sums["posts"], min(before["coverage"] or [0]), share, words)
    return (f"{said[:-1]}{words('and')}{compared}." if compared else said), sure


def _known_sum(column: Sequence[int | None]) -> int | None:
    known = [value for value in column if value is not None]
    return sum(known) if known else None


def _amount(words: Words, key: str, n: int | None) -> str:
    return words(f"unknown.{key}") if n is None else words.count(key, n)


def _compared(before: int | None, now: int | None, covered_before: float, covered: float, words: Words) -> str:
    """Only two days that were wholly seen can be compared."""
    if not before or now is None or covered_before < 1 or covered < 1:
        return ""
    change = now / before - 1
    if change >= 1:
        return words("than_before.times", n=_times(words, now / before))
    if round(change * 100) == 0:
        return words("than_before.same")
    return words(
        "than_before.more" if change > 0 else "than_before.less",
        share=words.percent(abs(change)),
    )


def _times(words: Words, ratio: float) -> str:
    return words.number(round(ratio)) if ratio >= 9.95 or round(ratio, 1) % 1 == 0 else words.number(round(ratio, 1))


def _sure(last: dict[str, list[Any]], share: float, words: Words) -> str:
    if share == 0:
        return words("sure.none") + "."
    seen = words("sure.all") if share >= 1 else words("sure.part", share=words.percent(share))
    pairs = [
        (abs(gain), part)
        for gain, part in zip(last["engagement"], last["estimated"], strict=True)
        if part is not None and gain
    ]
    moved = sum(weight for weight, _ in pairs)
    guessed = sum(weight * part for weight, part in pairs) / moved if moved else 0.0
    guess = words("sure.guess", share=words.percent(guessed)) if guessed else words("sure.exact")
    return f"{seen}{words('and')}{guess}."
