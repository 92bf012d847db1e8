"""Who made a campaign grow, as it is shown."""

from typing import Literal

from app.api.schemas.common import Time, Told, example
from app.api.schemas.measured import Measured

_LEAD = {"value": 3.5, "low": 3.0, "high": 4.0, "unit": "hours", "reason": None}
_CREDIT = {"value": None, "low": -20.0, "high": 90.0, "unit": "engagements", "reason": "not distinguishable"}
_RESHARES = {"value": 120.4, "low": 120.4, "high": 120.4, "unit": "reposts", "reason": None}
_GIVEN = {"kind": "donation", "currency": "EUR", "count": 3, "amount": "120.50", "donors": 3}
_ROW = {
    "influencer": "inf_0123456789abcdef",
    "name": "Jerome",
    "accounts": [{"platform": "mastodon", "handle": "jerome@mastodon.example", "name": "Jerome"}],
    "withheld": False,
    "posts": 4,
    "share_of_posts": 0.1,
    "followers_then": 900000,
    "followers_now": 1200000,
    "engagement": 4200,
    "share_of_engagement": 0.4,
    "first": {"at": "2026-11-24T18:00:00Z", "rank": 1, "stage": "innovator", "lead": _LEAD},
    "donations": [_GIVEN],
    "lift": {"credit": _CREDIT, "excess": 40.0, "expected": 12.0, "relative": 3.3, "placebos": 28},
    "reshares": {"credit": _RESHARES, "own": 2.0},
}


class Handle(Told):
    """null: not known, erased, or withheld."""

    platform: str
    handle: str | None
    name: str | None


class First(Told):
    """The first post. `rank`: among all authors. `lead`: hours before a tenth of the campaign's posts were there."""

    at: Time
    rank: int
    stage: Literal["innovator", "early adopter", "later"] | None
    lead: Measured


class Given(Told):
    """Outcomes of one kind and currency, by code. `amount`: a decimal as text, null where there is no money."""

    kind: str
    currency: str | None
    count: int
    amount: str | None
    donors: int | None


class LiftBody(Told):
    """`credit`: null with "not distinguishable" where what followed is like what followed at placebo times."""

    credit: Measured
    excess: float | None
    expected: float | None
    relative: float | None
    placebos: int


class ResharesBody(Told):
    """`credit`: others' reposts put down to theirs, an expected number; null with "reposts unseen" where the platform
    shows none. `own`: their own reposts of their own.
    """

    credit: Measured
    own: float | None


class InfluenceRow(Told):
    """A person (`influencer` is the id), or an account that is nobody's (null).

    `withheld`: its author asks not to be shown to readers who are not logged in. `lift`: null where it is not told.
    """

    model_config = example(_ROW)
    influencer: str | None
    name: str | None
    accounts: list[Handle]
    withheld: bool
    posts: int
    share_of_posts: float | None
    followers_then: int | None
    followers_now: int | None
    engagement: int
    share_of_engagement: float | None
    first: First | None
    donations: list[Given]
    lift: LiftBody | None
    reshares: ResharesBody


class InfluenceBody(Told):
    """`items`: people first, then the largest other accounts by their own engagement. The sums are of all authors.

    All credits of reshares, own ones and `reposts_unexplained` sum to `reposts_seen`; null: not all are credited.
    """

    model_config = example(
        {
            "items": [_ROW], "authors": 900, "posts": 40, "engagement": 10500, "unattributed": [_GIVEN],
            "reposts_seen": 300, "reposts_unexplained": 4.5, "as_of": "2026-11-24T20:00:00Z",
            "method": "own engagement is the last reading of their posts; …",
        }
    )  # fmt: skip
    items: list[InfluenceRow]
    authors: int
    posts: int
    engagement: int
    unattributed: list[Given]
    reposts_seen: int
    reposts_unexplained: float | None
    as_of: Time
    method: str
