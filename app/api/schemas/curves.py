"""Growth curves as they are shown: columns, and what is said about them."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from app.api.schemas.common import Time, Told

Step = Literal["5m", "15m", "1h", "6h", "1d", "1w"]
Metric = Literal[
    "posts", "posts_total", "authors_new", "authors_total", "likes", "reposts", "replies", "quotes", "views",
    "engagement", "engagement_total", "followers", "potential_impressions", "coverage", "estimated",
]  # fmt: skip
Ints = list[int | None]
Shares = list[float | None]
_GAP = {
    "from": "2026-11-24T02:00:00Z",
    "to": "2026-11-24T03:00:00Z",
    "state": "missed",
    "reason": "the instance did not answer",
    "hashtag": "lovearmyforrohingyas",
    "source": "mastodon.example",
    "platform": "mastodon",
}
_TOTALS = {
    "posts": 3,
    "authors": 2,
    "likes": 40,
    "reposts": 12,
    "replies": 2,
    "quotes": 0,
    "views": None,
    "engagement": 54,
    "followers": 5400,
    "potential_impressions": 10800,
    "at_least": False,
    "newest_is_partial": True,
}
_CURVE: dict[str, Any] = {
    "subject": {"kind": "hashtag", "hashtag": "lovearmyforrohingyas"},
    "from": "2026-11-24T00:00:00Z",
    "to": "2026-11-24T02:00:00Z",
    "step": "1h",
    "timezone": "UTC",
    "as_of": "2026-11-24T01:30:00Z",
    "series": {
        "time": ["2026-11-24T00:00:00Z", "2026-11-24T01:00:00Z"],
        "posts": [1, 2],
        "posts_total": [1, 3],
        "coverage": [1.0, 0.5],
    },
    "platforms": {"mastodon": {"totals": _TOTALS, "coverage": [1.0, 0.5]}},
    "totals": _TOTALS,
    "summary": {},
    "gaps": [_GAP],
}
_ALWAYS: list[Any] = [
    "subject", "from", "to", "step", "timezone", "as_of", "series", "platforms", "totals", "summary", "gaps",
]  # fmt: skip


class Gap(Told):
    """[from, to) that was owed and not observed, and why."""

    start: Annotated[Time, Field(alias="from")]
    to: Time
    state: Literal["partial", "missed"]
    reason: str | None
    hashtag: str
    source: str
    platform: str


class Series(Told):
    """Columns of one length; `metric` chooses among them. null: unknown, or not observed and nothing moved."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(required=["time"]))
    time: list[Time]
    posts: Ints
    posts_total: Ints
    authors_new: Ints
    authors_total: Ints
    likes: Ints
    reposts: Ints
    replies: Ints
    quotes: Ints
    views: Ints
    engagement: Ints
    engagement_total: Ints
    followers: Ints
    potential_impressions: Ints
    coverage: Shares
    estimated: Shares


class Totals(Told):
    """Sums over the range. `at_least`: not all of it was observed, so each is a lower bound."""

    posts: int | None
    authors: int | None
    likes: int | None
    reposts: int | None
    replies: int | None
    quotes: int | None
    views: int | None
    engagement: int | None
    followers: int | None
    potential_impressions: int | None
    at_least: bool
    newest_is_partial: bool


class PlatformPart(Told):
    """One platform's part; `series` with split=platform. `native_…`: the platform's own counts, by bucket.

    They are there where the platform told any whose buckets nest in the step and the zone, and are in no sum of ours.
    """

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(required=["totals", "coverage"]))
    totals: Totals
    coverage: Shares
    series: Series
    native_posts: Ints
    native_authors: Ints
    native_views: Ints
    native_engagement: Ints


class Brought(Told):
    """Outcomes of one kind and currency by bucket. `amount` is a decimal as text, null where there is no money."""

    count: list[int]
    amount: list[str | None]


class Curve(Told):
    """A growth curve. `time` is each bucket's beginning; `as_of` when it was asked for, or the instant asked about.

    `outcomes`, of a campaign alone: by kind and by currency (`none` where there is no money), never summed.
    """

    model_config = ConfigDict(json_schema_extra={"example": _CURVE, "required": _ALWAYS})
    subject: dict[str, str]
    start: Annotated[Time, Field(alias="from")]
    to: Time
    step: Step
    timezone: str
    as_of: Time
    series: Series
    platforms: dict[str, PlatformPart]
    totals: Totals
    summary: dict[str, Any]
    gaps: list[Gap]
    outcomes: dict[str, dict[str, Brought]]
