"""The two campaigns of the demo: who leads them, and when those people speak. All of it is invented."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox import people
from sandbox.ids import BLUESKY, NETWORKS
from sandbox.posts import DAY, HOUR, MINUTE, Person

WEEKS = 12
SEED = 2017

# How the demo's sources log in. The sandbox takes these, and asks Mastodon's side for no token.
BLUESKY_IDENTIFIER = people.OBSERVER.handle(BLUESKY)
BLUESKY_PASSWORD = "sandbox-app-password"  # noqa: S105 - opens nothing but the sandbox


@dataclass(frozen=True, slots=True)
class Named:
    """An account of an influencer, as `accounts.csv` and both APIs call it."""

    platform: str
    native_id: str
    handle: str


@dataclass(frozen=True, slots=True)
class Influencer:
    name: str
    kind: str
    accounts: tuple[Named, ...]
    code: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """`launch` is in milliseconds after the world began."""

    slug: str
    name: str
    kind: str
    tags: tuple[str, ...]
    launch: int
    influencers: tuple[Influencer, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """Someone with an audience speaks and others follow: `force` posts an hour at once, fading over `lasts` hours."""

    at: int
    person: Person
    force: float
    lasts: float


def _influencer(person: Person, kind: str = "person") -> Influencer:
    return Influencer(
        person.shown,
        kind,
        tuple(Named(network, person.native_id(network), person.handle(network)) for network in NETWORKS),
        code_of(person),
    )


def code_of(person: Person) -> str:
    """By which gifts are put down to someone."""
    return person.name.upper()


LOVE_ARMY = Campaign(
    slug="love-army",
    name="Love Army for the Rohingyas",
    kind="influencer-led",
    tags=("LoveArmyForRohingyas", "LoveArmy4Rohingyas"),
    launch=10 * 7 * DAY,
    influencers=tuple(_influencer(person) for person in people.LEADERS),
)
WATER = Campaign(
    slug="water-for-rohingya",
    name="Water for Rohingya",
    kind="association-led",
    tags=("WaterForRohingya",),
    launch=0,
    influencers=(_influencer(people.ASSOCIATION, "association"), _influencer(people.AMBASSADOR)),
)
CAMPAIGNS = (LOVE_ARMY, WATER)

# (day, hour, who, force, lasts): one begins and few heed her; then the launch, and four days on the take-off, when
# those with the large audiences speak for the first time. The weeks before are what their lift is told against.
_PAST = (
    (0, 1, 3, 6, 3), (1, 18, 3, 4, 3), (4, 20, 3, 2, 3), (11, 18, 3, 2, 3), (19, 21, 3, 3, 3), (33, 19, 3, 2, 3),
    (47, 12, 3, 2, 3), (61, 20, 3, 3, 3),
    (74, 2, 0, 60, 3), (74, 3, 1, 80, 3), (74, 5, 2, 45, 3), (75, 4, 0, 35, 3), (76, 2, 1, 25, 3), (77, 3, 3, 14, 3),
    (78, 5, 0, 20, 3), (79, 20, 2, 10, 3), (80, 4, 1, 12, 3), (82, 3, 0, 10, 3), (83, 6, 3, 7, 3),
    # The second wave: what one watches goes on from here.
    (83, 8, 0, 12, 4), (83, 13, 1, 22, 5), (83, 18, 2, 30, 5),
)  # fmt: skip

OUTAGE = (77 * DAY + 9 * HOUR, 77 * DAY + 23 * HOUR)
"""After the world began: nobody watched. What was posted then was never found, on any network."""
OUTAGE_REASON = "the machine that watches was switched off"


TAKES_OFF = WEEKS * 7 * DAY + 20 * MINUTE
"""After the world began: a quarter of an hour after the demo opens, give or take five minutes. One watches for it."""


def began(now: int) -> int:
    """When a world began that is twelve weeks old at `now`."""
    return now - now % (10 * MINUTE) - WEEKS * 7 * DAY


def beats(campaign: Campaign, start: int) -> Iterator[Beat]:
    """Every beat of a campaign in order of time, without end."""
    return _led(start) if campaign is LOVE_ARMY else _weekly(start)


def _led(start: int) -> Iterator[Beat]:
    for day, hour, who, force, lasts in _PAST:
        yield Beat(start + day * DAY + hour * HOUR, people.LEADERS[who], force, lasts)
    at, turn = start + WEEKS * 7 * DAY - 40 * MINUTE, 0
    while True:
        yield Beat(at, people.LEADERS[turn % 3], 36, 5)
        if turn == 0:
            yield Beat(start + TAKES_OFF, people.LEADERS[1], 700, 2)
        at, turn = at + 4 * HOUR, turn + 1


def _weekly(start: int) -> Iterator[Beat]:
    """The association writes on Tuesdays at nine, its ambassador on Fridays at noon (the epoch was a Thursday)."""
    week = start // (7 * DAY) * 7 * DAY
    while True:
        for at, person, force in (
            (week + DAY + 12 * HOUR, people.AMBASSADOR, 2.0),
            (week + 5 * DAY + 9 * HOUR, people.ASSOCIATION, 7.0),
        ):
            if at >= start:
                yield Beat(at, person, force, 4)
        week += 7 * DAY
