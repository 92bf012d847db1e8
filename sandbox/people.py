"""Who lives in the sandbox: a few with large audiences, an association, and some thousands with few followers each."""

import random
from functools import lru_cache

from sandbox.posts import Person

ORDINARY = 5_000
_FIRST_ORDINARY = 100  # numbers below are for those whom a campaign names
_JOINED = 1_672_531_200_000  # all before any campaign: audiences then grow alone

_GIVEN = (
    "Ada", "Ben", "Cleo", "Dario", "Edda", "Farid", "Gita", "Hana", "Ilya", "Jun", "Kofi", "Lena", "Mira",
    "Nils", "Odile", "Pia", "Quim", "Rosa", "Sami", "Tove", "Uma", "Vito", "Wanda", "Xenia", "Yara", "Zeno",
)  # fmt: skip
_PLACES = (
    "Reef", "Cove", "Delta", "Fjord", "Dune", "Marsh", "Ridge", "Spring", "Harbour", "Meadow", "Quarry",
    "Orchard",
)  # fmt: skip

# Invented, each of them.
LEADERS = (
    Person(1, "milodrift", "Milo Drift", 1_840_000, _JOINED, 0.006),
    Person(2, "junovale", "Juno Vale", 920_000, _JOINED, 0.008),
    Person(3, "kestrelonair", "Kestrel On Air", 410_000, _JOINED, 0.005),
    Person(4, "odamarlow", "Oda Marlow", 236_000, _JOINED, 0.009),
)
ASSOCIATION = Person(11, "wellsfirst", "Wells First (association)", 38_400, _JOINED, 0.003)
AMBASSADOR = Person(12, "drtamsinquay", "Dr Tamsin Quay", 12_700, _JOINED, 0.003)
# The demo's sources look at the world through this account.
OBSERVER = Person(99, "observer", "Observer", 3, _JOINED)

LEADING = (*LEADERS, ASSOCIATION, AMBASSADOR)

_NAMED = {person.number: person for person in (*LEADING, OBSERVER)}
_BY_NAME = {person.name: person for person in _NAMED.values()}


@lru_cache(maxsize=2_048)
def person(number: int) -> Person | None:
    """The person of that number: the same one, with the same followers, on every machine."""
    if number in _NAMED:
        return _NAMED[number]
    if not _FIRST_ORDINARY <= number < _FIRST_ORDINARY + ORDINARY:
        return None
    dice = random.Random(f"person/{number}")
    given, place = dice.choice(_GIVEN), dice.choice(_PLACES)
    audience = min(int(dice.lognormvariate(5.0, 1.5)), 90_000)
    return Person(
        number, f"{given}{place}{number}".lower(), f"{given} {place}", audience, _JOINED, dice.uniform(0.0, 0.01)
    )


def named(name: str) -> Person | None:
    if name in _BY_NAME:
        return _BY_NAME[name]
    digits = name[len(name.rstrip("0123456789")) :]
    found = person(int(digits)) if digits and len(digits) < 8 else None
    return found if found and found.name == name else None


def someone(dice: random.Random) -> Person:
    """An author of a post. A few post often, most once."""
    found = person(_FIRST_ORDINARY + int(ORDINARY * dice.random() ** 1.7))
    assert found  # noqa: S101 - the number is in range by construction
    return found
