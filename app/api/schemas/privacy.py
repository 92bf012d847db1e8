"""Erasures, retention, and what the terms of platforms ask, as they are sent and shown."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.common import Asked, Line, Time, Told, example, unset

_RETENTION = {"text": 90, "snapshots": None, "posts": None}
Text = Annotated[int | None, Field(strict=True, ge=1, le=36_500)]
Facts = Annotated[int | None, Field(strict=True, ge=15, le=36_500)]


class RetentionChange(Asked):
    """In days; null: for good. What is left out stays as it is."""

    model_config = example({"text": 90})
    text: Text = unset
    snapshots: Facts = unset
    posts: Facts = unset


class RetentionBody(Told):
    model_config = example(_RETENTION)
    text: int | None
    snapshots: int | None
    posts: int | None


class Who(Asked):
    """A handle, a name, an account's id there, an influencer's id. In the body, since addresses are written down."""

    model_config = example({"who": "jerome@mastodon.example"})
    who: Line


class ThereBody(Told):
    """`texts`: posts with words. `readings`: of the account's followers. `messages`: events that name a post of it."""

    id: str
    platform: str
    native_id: str
    handle: str | None
    name: str | None
    influencer: str | None
    posts: int
    texts: int
    readings: int
    messages: int
    first_at: Time | None
    last_at: Time | None


class NamedBody(Told):
    id: str
    name: str


class FoundBody(Told):
    """`mentions`: where the owner's own words hold the name. They are left to a person."""

    model_config = example({
        "accounts": [{
            "id": "362655275872247755", "platform": "mastodon", "native_id": "https://mastodon.example/users/jerome",
            "handle": "jerome@mastodon.example", "name": "Jerome", "influencer": "inf_0123456789abcdef", "posts": 12,
            "texts": 12, "readings": 30, "messages": 2, "first_at": "2026-11-01T04:05:06Z",
            "last_at": "2026-11-24T04:05:06Z",
        }],
        "influencers": [{"id": "inf_0123456789abcdef", "name": "Jerome"}], "mentions": ["annotation 7"],
    })  # fmt: skip
    accounts: list[ThereBody]
    influencers: list[NamedBody]
    mentions: list[str]


Key = Annotated[str, StringConstraints(pattern="^[0-9]{1,19}$")]


class NewErasure(Asked):
    """`accounts`: their ids here, as the search shows them. `influencer`: with all accounts of theirs."""

    model_config = example({"accounts": ["362655275872247755"], "influencer": None})
    accounts: Annotated[list[Key], Field(max_length=50)] = Field(default_factory=list)
    influencer: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class ErasureBody(Told):
    """That somebody was erased, and never who."""

    model_config = example({
        "id": "era_0123456789abcdef", "asked_at": "2026-11-24T04:05:06Z", "done_at": None, "posts": 0, "messages": 0,
    })  # fmt: skip
    id: str
    asked_at: Time
    done_at: Time | None
    posts: int
    messages: int


class ErasureList(Told):
    items: list[ErasureBody]
    next: str | None


class PlatformTerms(Told):
    """`oldest_reading`: when the post with words that was not read for longest was read."""

    platform: str
    purge_hours: int
    looks_days: int | None
    reread_days: int | None
    handed_on: Literal["all", "ids", "nothing"]
    withheld: list[str]
    terms: str
    oldest_reading: Time | None


class OverBody(Told):
    platform: str
    rule: str
    posts: int
    since: Time | None


_TERMS = {
    "platform": "mastodon", "purge_hours": 24, "looks_days": 30, "reread_days": None, "handed_on": "all",
    "withheld": ["noindex"], "terms": "Each server has rules of its own.", "oldest_reading": "2026-11-24T04:05:06Z",
}  # fmt: skip


class PrivacyBody(Told):
    """`over`: posts past a limit, none when all is well. `unfinished`: erasures under way. `removed_at`: when something
    was taken out last; `rewritten_at`: when the database file was last made anew.
    """

    model_config = example({
        "platforms": [_TERMS], "retention": _RETENTION, "over": [], "unfinished": 0,
        "removed_at": None, "rewritten_at": None,
    })  # fmt: skip
    platforms: list[PlatformTerms]
    retention: RetentionBody
    over: list[OverBody]
    unfinished: int
    removed_at: Time | None
    rewritten_at: Time | None
