"""How many it can have come to: bounds of reach, and engagement rates as ratios of sums."""

from app.analysis.statistics.measured import Measured, exactly, unknown

ONLY_BOUNDS = "reach is known in bounds only"


def reach(largest: int | None, distinct: int | None, why_not: str | None = None) -> Measured:
    """max f <= reach <= sum of f over distinct authors; never a value.

    Source: SMM standards ("unique people who had an opportunity to see"); a union of audiences is at least the
    largest and at most their sum. Unit: people. `high` None: the sum is not known, `why_not` says why.
    """
    if largest is not None and distinct is not None and largest > distinct:
        distinct = None
        why_not = why_not or "the sum of followers is of part of the authors"
    reason = ONLY_BOUNDS if not why_not else f"{ONLY_BOUNDS}; {why_not}"
    return unknown("people", reason, low=largest, high=distinct)


def rate_by_reach(engagement: float | None, people: Measured) -> Measured:
    """ERR = E / reach, so bounded by E / the bounds of reach; never a value. Unit: engagements a person."""
    if engagement is None or engagement < 0:
        return unknown(
            "engagements/person", "engagement is not known" if engagement is None else "more was lost than gained"
        )
    low = engagement / people.high if people.high else None
    high = engagement / people.low if people.low else None
    return unknown("engagements/person", people.reason or ONLY_BOUNDS, low=low, high=high)


def rate_by_views(engagement: float | None, views: float | None) -> Measured:
    """ERI = E / impressions, impressions the platform's own view counts. Unit: engagements a view. Null: none shown."""
    return per(engagement, views, "view", "the platform shows no views")


def rate_by_followers(engagement: float | None, followers: float | None) -> Measured:
    """ERF = E / sum of f over distinct posting authors. Unit: engagements a follower. Null: no follower known."""
    return per(engagement, followers, "follower", "no author's followers are known")


def per(amount: float | None, base: float | None, noun: str, no_base: str, what: str = "engagements") -> Measured:
    """A ratio of sums (never a mean of ratios), such as likes, replies or reposts a post (Kaushik 2011)."""
    unit = f"{what}/{noun}"
    if amount is None:
        return unknown(unit, f"{what} are not known")
    if not base:
        return unknown(unit, no_base)
    return exactly(amount / base, unit)
