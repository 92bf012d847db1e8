"""Influencers and their accounts as they are sent and shown."""

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from app.api.schemas.common import Asked, Line, Time, Told, example, unset

Platform = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern="^[a-z0-9][a-z0-9_.-]*$", description="mastodon, bluesky, …"),
]
Name = Annotated[Line, Field(max_length=2048)]
_ACCOUNTS = [{"platform": "mastodon", "handle": "jerome@mastodon.example"}]


class ClaimedAccount(Asked):
    """An account by its handle or by its native id (an actor's URI, a DID), or by both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["handle"], "properties": {"handle": {"type": "string"}}},
                {"required": ["native_id"], "properties": {"native_id": {"type": "string"}}},
            ]
        }
    )
    platform: Platform
    handle: Name | None = None
    native_id: Name | None = None

    @model_validator(mode="after")
    def _named(self) -> "ClaimedAccount":
        if self.handle is None and self.native_id is None:
            raise ValueError("an account needs a handle or a native_id")
        return self


Accounts = Annotated[list[ClaimedAccount], Field(max_length=50)]
Codes = Annotated[list[Line], Field(max_length=100, description="donation codes and UTM contents, in any letters")]


class NewInfluencer(Asked):
    model_config = example({"name": "Jerome", "kind": "comedian", "accounts": _ACCOUNTS, "codes": ["JEROME"]})
    name: Line
    kind: Line | None = None
    accounts: Accounts = Field(default_factory=list)
    codes: Codes = Field(default_factory=list)


class InfluencerChange(Asked):
    """What is left out stays as it is; `accounts` and `codes` replace those that were there."""

    model_config = example({"accounts": _ACCOUNTS})
    name: Line = unset
    kind: Line | None = None
    accounts: Accounts = unset
    codes: Codes = unset


class Merge(Asked):
    """`into`: the influencer who stays."""

    model_config = example({"into": "inf_0123456789abcdef"})
    into: Annotated[Line, Field(max_length=64)]


class Split(Asked):
    """`accounts`: those that become someone new."""

    model_config = example({"accounts": _ACCOUNTS, "name": "Another Jerome"})
    accounts: Annotated[list[ClaimedAccount], Field(min_length=1, max_length=50)]
    name: Line


class AccountBody(Told):
    """`known`: the account was met on its platform, so its posts count."""

    platform: str
    handle: str | None
    native_id: str | None
    name: str | None
    followers: int | None
    followers_at: Time | None
    known: bool


_SHOWN = {
    "id": "inf_0123456789abcdef",
    "name": "Jerome",
    "kind": "comedian",
    "accounts": [
        {
            "platform": "mastodon",
            "handle": "jerome@mastodon.example",
            "native_id": "https://mastodon.example/users/jerome",
            "name": "Jerome",
            "followers": 1200000,
            "followers_at": "2026-11-24T04:00:00Z",
            "known": True,
        }
    ],
    "codes": ["JEROME"],
    "created_at": "2026-11-24T04:05:06Z",
}


class InfluencerBody(Told):
    model_config = example(_SHOWN)
    id: str
    name: str
    kind: str | None
    accounts: list[AccountBody]
    codes: list[str]
    created_at: Time


class InfluencerList(Told):
    items: list[InfluencerBody]
    next: str | None
