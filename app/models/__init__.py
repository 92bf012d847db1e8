"""The tables. Importing this package makes `Base.metadata` complete."""

from app.models.access import (
    Audit,
    Idempotency,
    KeyMark,
    LoginSession,
    RecoveryCode,
    SecondFactor,
    SetupCode,
    Share,
    Token,
    User,
)
from app.models.alerts import Alert, AlertRule, AlertState, AlertTransition, DetectorState, Job, Silence
from app.models.base import Base
from app.models.campaigns import Campaign, CampaignHashtag, CampaignInfluencer, Influencer, InfluencerAccount
from app.models.deliveries import Attempt, Delivery, Endpoint, Event
from app.models.news import News
from app.models.outcomes import Annotation, InboundHook, InfluencerCode, Outcome
from app.models.posts import Account, AccountLook, Post, PostText, Snapshot, Tagging
from app.models.privacy import Chore, ComplianceJob, Erasure, Retention, Seal, Tombstone
from app.models.rollups import Debut, Member, Rollup, Subject
from app.models.tracking import NETWORK, Budget, Coverage, Hashtag, NativeCount, Pass, Source, Stream, Track

__all__ = [
    "NETWORK",
    "Account", "AccountLook", "Alert", "AlertRule", "AlertState", "AlertTransition", "Annotation", "Attempt",
    "Audit", "Base", "Budget", "Campaign", "CampaignHashtag", "CampaignInfluencer", "Chore", "ComplianceJob",
    "Coverage", "Debut", "Delivery", "DetectorState", "Endpoint", "Erasure", "Event", "Hashtag", "Idempotency",
    "InboundHook", "Influencer", "InfluencerAccount", "InfluencerCode", "Job", "KeyMark", "LoginSession", "Member",
    "NativeCount", "News", "Outcome", "Pass", "Post", "PostText", "RecoveryCode", "Retention", "Rollup", "Seal",
    "SecondFactor", "SetupCode", "Share", "Silence", "Snapshot", "Source", "Stream", "Subject", "Tagging", "Token",
    "Tombstone", "Track", "User",
]  # fmt: skip
