"""What is watched for, what was said of it, and where each thing stands: rules, episodes, silences, detectors."""

from sqlalchemy import Float, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import CLUSTERED
from app.models.base import Base, Count, Id, Millis, Words


class AlertRule(Base):
    """What is to be told. `subject_ref`: a hashtag's normal form or `*`, else the id of what is named.

    A deleted rule stays as a row until nothing of it is open, so that what it said can be taken back.
    """

    __tablename__ = "alert_rule"
    # The rows that the migrations themselves make: a database with these alone is empty (app.db.move).
    __table_args__ = ({"info": {"built_in": 1}},)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[Words]
    kind: Mapped[Words]  # spike, threshold, quiet, digest, report
    subject_kind: Mapped[Words]  # hashtag, campaign, influencer, source
    subject_ref: Mapped[Words]
    metric: Mapped[Words | None]  # posts, authors, engagement, views; None: a source, a digest and a report have none
    above: Mapped[Count | None]
    window_s: Mapped[int]
    severity: Mapped[Words]  # low, medium, high, critical
    endpoints: Mapped[Words | None]  # JSON, ids; None: all
    enabled: Mapped[bool]
    zone: Mapped[Words | None]  # of a report: where its months begin
    created_at: Mapped[Millis]
    changed_at: Mapped[Millis]
    deleted_at: Mapped[Millis | None]
    version: Mapped[int] = mapped_column(default=1)


class AlertState(Base):
    """Where a rule stands on one subject (`kind:ref`). `state` is app.alerts.episode.State as JSON."""

    __tablename__ = "alert_state"
    __table_args__ = (Index(None, "status"), CLUSTERED)
    rule_id: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    judged_to: Mapped[Millis]
    status: Mapped[Words]  # ok, pending, firing
    state: Mapped[Words]


class Alert(Base):
    """An episode: from the first time that it fired to its end, with its returns within the cooldown."""

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("rule_id", "subject", "episode"), Index(None, "started_at", "id"))
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    rule_id: Mapped[Words]
    rule_name: Mapped[Words]
    rule_version: Mapped[int]
    kind: Mapped[Words]
    severity: Mapped[Words]
    subject: Mapped[Words]
    episode: Mapped[int]
    sequence: Mapped[int]
    status: Mapped[Words]  # firing, resolved
    metric: Mapped[Words | None]
    window_s: Mapped[int]
    value: Mapped[float | None] = mapped_column(Float)
    peak: Mapped[float | None] = mapped_column(Float)
    threshold: Mapped[float | None] = mapped_column(Float)
    baseline: Mapped[float | None] = mapped_column(Float)
    pending_since: Mapped[Millis]
    started_at: Mapped[Millis]
    ends_at: Mapped[Millis | None]
    evidence: Mapped[Words]  # JSON


class AlertTransition(Base):
    """One thing that was said of an episode. `told`: sent, or why it was not (silenced, inhibited, flapping)."""

    __tablename__ = "alert_transition"
    __table_args__ = (CLUSTERED,)
    alert_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[Words]  # firing, escalated, resolved, flapping
    at: Mapped[Millis]
    value: Mapped[float | None] = mapped_column(Float)
    told: Mapped[Words]


class Silence(Base):
    """What is recorded and not sent, from when until when."""

    __tablename__ = "silence"
    __table_args__ = (Index(None, "ends_at"),)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    matcher_kind: Mapped[Words]  # hashtag, campaign, influencer, source, rule
    matcher_ref: Mapped[Words]
    starts_at: Mapped[Millis]
    ends_at: Mapped[Millis]
    comment: Mapped[Words | None]
    author: Mapped[Words]
    created_at: Mapped[Millis]


class DetectorState(Base):
    """What the detector knows of one metric of one subject: it goes on exactly from here."""

    __tablename__ = "detector_state"
    subject_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    metric: Mapped[str] = mapped_column(Text, primary_key=True)
    judged_to: Mapped[Millis]  # the end of the last bucket that it was shown for good
    seen_to: Mapped[Millis]  # how far posts were known when it was last asked
    raised: Mapped[float | None] = mapped_column(Float)  # what an alarm that still stands took above the usual
    basis: Mapped[Id]  # the tracks that it rests on: with others its past is another
    state: Mapped[bytes] = mapped_column(LargeBinary)


class Job(Base):
    """Work that one worker does at a time. `term` rises with each claim and fences whoever held it before."""

    __tablename__ = "job"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    term: Mapped[int]
    claimed_until: Mapped[Millis | None]
