"""The tables. Importing this package makes `Base.metadata` complete."""

from app.models.base import Base
from app.models.campaigns import Campaign, CampaignHashtag, CampaignInfluencer, Influencer, InfluencerAccount
from app.models.posts import Account, AccountLook, Post, PostText, Snapshot, Tagging
from app.models.rollups import Debut, Member, Rollup, Subject
from app.models.tracking import Budget, Coverage, Hashtag, NativeCount, Pass, Source, Track

__all__ = [
    "Account", "AccountLook", "Base", "Budget", "Campaign", "CampaignHashtag", "CampaignInfluencer", "Coverage",
    "Debut", "Hashtag", "Influencer", "InfluencerAccount", "Member", "NativeCount", "Pass", "Post", "PostText",
    "Rollup", "Snapshot", "Source", "Subject", "Tagging", "Track",
]  # fmt: skip
