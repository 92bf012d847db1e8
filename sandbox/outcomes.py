"""What the demo's campaigns were given, as files for `import outcomes`: sums by the hour, or gift by gift; no names."""

import csv
import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox import demo, people
from sandbox.posts import DAY, HOUR, rfc3339
from sandbox.tune import Tune

HEADER = ["id", "occurred_at", "kind", "amount", "currency", "code", "donors"]
_MANY, _CATCHING, _SMALL = 10.3, 1.35, 36.0
"""Donors of the influencers' campaign in an hour: so many for its posts to this power. What they give on average."""
_FEW, _LARGE = 1.7, 110.0
"""The association's donors for each post, and about what they give."""
_WITH_CODE, _EURO = 0.62, 0.04
_MOST = 100
"""Posts an hour beyond which no more is given: the payment page is what it is."""


def write(folder: Path, now: int, *, seed: int = demo.SEED, began: int | None = None) -> dict[str, Path]:
    """By campaign's slug: all that came in up to the last full hour before `now`."""
    start = began if began is not None else demo.began(now)
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for campaign, given in ((demo.LOVE_ARMY, _by_the_hour), (demo.WATER, _one_by_one)):
        found[campaign.slug] = folder / f"outcomes-{campaign.slug}.csv"
        with found[campaign.slug].open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(HEADER)
            for hour in range(-(-start // HOUR) * HOUR, now - HOUR + 1, HOUR):
                dice = random.Random(f"{seed}/{campaign.slug}/gifts/{hour}")
                out.writerows(given(dice, campaign, Tune(campaign, start), hour))
    return found


def _by_the_hour(dice: random.Random, campaign: demo.Campaign, tune: Tune, hour: int) -> Iterator[Sequence[object]]:
    """Many small gifts, which the platform reports as one row for each code and hour."""
    donors = _MANY * min(tune.rate(hour + HOUR // 2), _MOST) ** _CATCHING * dice.uniform(0.8, 1.2)
    for name, (code, share) in _heard(tune, hour).items():
        many = round(donors * share)
        if many:
            mean = _SMALL * max(0.2, dice.gauss(1, 1.1 / math.sqrt(many)))
            yield _row(campaign, hour, name, many * mean, "EUR" if name == "euro" else "USD", code, many)
    if hour // HOUR % 37 == 0:
        yield _row(campaign, hour, "refund", -dice.choice((5, 10, 20, 35, 50, 100)), "USD", "", "")


def _heard(tune: Tune, hour: int) -> dict[str, tuple[str, float]]:
    """Code and share of each row: of those who spoke lately, as loud as they are still heard; the rest bears none."""
    loud: dict[str, float] = {}
    for beat in tune.beats(hour)[-12:]:
        code = demo.code_of(beat.person)
        loud[code] = loud.get(code, 0.0) + beat.force / (1 + (hour - beat.at) / HOUR / beat.lasts) ** 1.6
    whole = sum(loud.values()) or 1.0
    theirs = {code: (code, _WITH_CODE * part / whole) for code, part in sorted(loud.items())}
    return {**theirs, "none": ("", 1 - _WITH_CODE - _EURO), "euro": ("", _EURO)}


def _one_by_one(dice: random.Random, campaign: demo.Campaign, tune: Tune, hour: int) -> Iterator[Sequence[object]]:
    """Fewer and larger gifts, each by itself; most are of people who know the association already."""
    expected = tune.rate(hour + HOUR // 2) * _FEW
    for number in range(int(expected) + (dice.random() < expected % 1)):
        amount = round(min(_LARGE * dice.lognormvariate(-0.5, 1.0), 5_000) / 5) * 5 or 5
        code = demo.code_of(people.AMBASSADOR) if dice.random() < 0.14 else ""
        yield _row(campaign, hour + number * 40_000 % HOUR, f"{hour // HOUR}-{number}", amount, "USD", code, 1)
    if hour // HOUR % (7 * DAY // HOUR) == 11:
        yield _row(campaign, hour, "refund", -dice.choice((50, 100, 250)), "USD", "", "")


def _row(
    campaign: demo.Campaign, at: int, name: str, amount: float, currency: str, code: str, donors: object
) -> Sequence[object]:  # fmt: skip
    return f"{campaign.slug}-{rfc3339(at)}-{name}", rfc3339(at), "donation", f"{amount:.2f}", currency, code, donors
