"""A comparison as it is shown."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.campaigns import Kind
from app.api.schemas.common import Time, Told, example
from app.api.schemas.measured import Measured

Metric = Literal[
    "posts", "authors_new", "likes", "reposts", "replies", "quotes", "views", "engagement", "followers",
    "potential_impressions", "native_posts",
]  # fmt: skip
Per = Literal["absolute", "post", "follower", "day"]
_MEASURED = {"value": 2.0, "low": 2.0, "high": 2.0, "unit": "posts", "reason": None}
_TIME = {"value": "2026-11-24T18:00:00Z", "low": "2026-11-24T18:00:00Z", "high": "2026-11-24T18:00:00Z"}
_RATIO = {"value": 0.1, "low": -0.2, "high": 0.4, "unit": "ln", "reason": None}
_SERIES = {"hours": [0.0, 1.0], "gain": [3.0, None], "total": [3.0, None], "coverage": [1.0, 0.5]}


def _one(slug: str) -> dict[str, object]:
    return {
        "slug": slug, "name": slug, "kind": "other", "launch": {**_TIME, "unit": "time", "reason": "declared"},
        "weekday": 1, "hour": 18, "hours_later_in_the_week_than_first": 0, "coverage": 0.75, "series": _SERIES,
    }  # fmt: skip


class Intersection(Told):
    """Buckets covered for all of them, `of` so many; `hours`: the stretches, in hours since launch."""

    buckets: int
    of: int
    hours: list[list[float]]


class Since(Told):
    """By bucket since launch; null where it was not covered for all. `total`: running sums, divided as `per` says."""

    hours: list[float]
    gain: list[float | None]
    total: list[float | None]
    coverage: list[float]


class Compared(Told):
    """`weekday` (0 is Monday) and `hour` of the launch in the zone that was asked for."""

    slug: str
    name: str
    kind: Kind
    launch: Measured
    weekday: int | None
    hour: int | None
    hours_later_in_the_week_than_first: int | None
    coverage: float
    series: Since


class LogRatio(Measured):
    """ln of the ratio to the first campaign; `ratio` is low, value, high. `whole_weeks`: over whole weeks alone."""

    model_config = example({**_RATIO, "of": "b", "to": "a", "ratio": [0.8, 1.1, 1.5], "whole_weeks": _RATIO})
    of: str
    to: str
    ratio: list[float | None]
    whole_weeks: Measured


class Row(Told):
    """`over`: the stretch that it is of. `values` by campaign."""

    name: str
    unit: str
    over: str
    values: dict[str, Measured]


class Comparison(Told):
    """Campaigns aligned at their launches, cut at the youngest's age."""

    model_config = example(
        {
            "align": "launch",
            "metric": "engagement",
            "per": "absolute",
            "timezone": "UTC",
            "as_of": "2026-11-24T20:00:00Z",
            "age_hours": 2.0,
            "intersection": {"buckets": 1, "of": 2, "hours": [[0.0, 1.0]]},
            "campaigns": [_one("a"), _one("b")],
            "log_ratios": [{**_RATIO, "of": "b", "to": "a", "ratio": [0.8, 1.1, 1.5], "whole_weeks": _RATIO}],
            "method": "ln of the ratio of sums over the common buckets",
            "table": [
                {"name": "posts", "unit": "posts", "over": "buckets covered for all", "values": {"a": _MEASURED}}
            ],
        }
    )
    align: Literal["launch"]
    metric: Metric
    per: Per
    timezone: str
    as_of: Time
    age_hours: Annotated[float, Field(description="how much of each is compared")]
    intersection: Intersection
    campaigns: list[Compared]
    log_ratios: list[LogRatio]
    method: str
    table: list[Row]
