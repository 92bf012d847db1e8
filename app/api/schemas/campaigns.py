"""Campaigns as they are sent and shown."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.common import Asked, Line, MaybeInstant, Slug, Tag, Time, Told, example, unset

Kind = Literal["influencer-led", "association-led", "other"]
Tags = Annotated[list[Tag], Field(max_length=100)]
People = Annotated[list[Line], Field(max_length=500)]

_NEW = {
    "slug": "love-army",
    "name": "Love Army for Rohingyas",
    "kind": "influencer-led",
    "launched_at": "2017-11-24T18:00:00Z",
    "ended_at": None,
    "hashtags": ["#LoveArmyForRohingyas"],
    "influencers": [],
}


class NewCampaign(Asked):
    model_config = example(_NEW)
    slug: Slug
    name: Line
    kind: Kind = "other"
    launched_at: MaybeInstant = None
    ended_at: MaybeInstant = None
    hashtags: Tags = Field(default_factory=list)
    influencers: People = Field(default_factory=list)


class CampaignChange(Asked):
    """What is left out stays as it is; a list given replaces the list that was there."""

    model_config = example({"ended_at": "2017-12-31T00:00:00Z"})
    name: Line = unset
    kind: Kind = unset
    launched_at: MaybeInstant = None
    ended_at: MaybeInstant = None
    hashtags: Tags = unset
    influencers: People = unset


class CampaignBody(Told):
    model_config = example({**_NEW, "created_at": "2026-11-24T04:05:06Z"})
    slug: str
    name: str
    kind: Kind
    launched_at: Time | None
    ended_at: Time | None
    hashtags: list[str]
    influencers: list[str]
    created_at: Time


class Launch(Told):
    """`found`: nobody declared it; the first of 3 buckets above what was usual before."""

    model_config = example({"at": "2017-11-24T18:00:00Z", "found": False})
    at: Time
    found: bool


class CampaignRead(CampaignBody):
    """`launch`: null where none is declared and none was found."""

    model_config = example(
        {**_NEW, "created_at": "2026-11-24T04:05:06Z", "launch": {"at": "2017-11-24T18:00:00Z", "found": False}}
    )
    launch: Launch | None


class CampaignList(Told):
    items: list[CampaignBody]
    next: str | None
