"""Rules, alerts and silences as they are sent and shown."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from app.alerts.wanted import seconds
from app.analysis.tags import LONGEST_BYTES, wrong
from app.api.schemas.common import Asked, Instant, Line, Time, Told, example, unset

Kind = Literal["spike", "threshold", "quiet", "digest", "report"]
Metric = Literal["posts", "authors", "engagement", "views"]
Severity = Literal["low", "medium", "high", "critical"]
Flag = Annotated[bool, Field(strict=True)]
Above = Annotated[int, Field(strict=True, ge=1, le=10**12)]
Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


def _window(text: str) -> str:
    seconds(text)
    return text


def _every(text: str) -> str:
    if text != "*" and (problem := wrong(text)):
        raise ValueError(problem)
    return text


Window = Annotated[
    str, AfterValidator(_window), Field(max_length=6, json_schema_extra={"pattern": "^([1-9][0-9]{0,4}[mhdw]|1mo)$"})
]
Zone = Annotated[str, Field(min_length=1, max_length=64, examples=["Europe/Paris"])]
EveryTag = Annotated[str, Field(min_length=1, max_length=LONGEST_BYTES), AfterValidator(_every)]


class One(Asked):
    """Exactly one of these."""

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) != 1:
            raise ValueError(f"name exactly one of {', '.join(cls.model_fields)}")
        return given

    def named(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.model_fields_set}


def _one(value: Any) -> Any:
    return {"json_schema_extra": {"example": value, "minProperties": 1, "maxProperties": 1}}


class SubjectIn(One):
    """What is watched. A hashtag `*` stands for every one that is followed."""

    model_config = _one({"hashtag": "LoveArmyForRohingyas"})
    hashtag: EveryTag = unset
    campaign: Name = unset
    influencer: Name = unset
    source: Name = unset


class MatcherIn(One):
    """What is silenced: a campaign's silence is of its hashtags too."""

    model_config = _one({"campaign": "love-army"})
    hashtag: EveryTag = unset
    campaign: Name = unset
    influencer: Name = unset
    source: Name = unset
    rule: Name = unset


_RULE: dict[str, Any] = {
    "name": "A thousand in an hour", "kind": "threshold", "subject": {"hashtag": "LoveArmyForRohingyas"},
    "metric": "posts", "above": 1_000, "window": "1h", "severity": "high", "endpoints": None, "enabled": True,
    "timezone": None,
}  # fmt: skip


class NewRule(Asked):
    """`metric` null: posts. `above`: of a threshold. `window` null: 1h; a digest's is 1d (null) or 1w, a report's 1mo,
    and they have no metric. `endpoints` null: all of them. `timezone`: of a report, where its months begin; null: UTC.
    """

    model_config = example(_RULE)
    name: Line
    kind: Kind
    subject: SubjectIn
    metric: Metric | None = None
    above: Above | None = None
    window: Window | None = None
    severity: Severity = "high"
    endpoints: Ids | None = None
    enabled: Flag = True
    timezone: Zone | None = None


class RuleChange(Asked):
    """What is left out stays as it is."""

    model_config = example({"above": 2_000})
    name: Line = unset
    kind: Kind = unset
    subject: SubjectIn = unset
    metric: Metric | None = None
    above: Above | None = None
    window: Window = unset
    severity: Severity = unset
    endpoints: Ids | None = None
    enabled: Flag = unset
    timezone: Zone | None = None


class DryRun(NewRule):
    """`from` null: as far back as five-minute sums are kept, 14 days. `to` null: now."""

    model_config = example({**_RULE, "from": None, "to": None})
    start: Instant | None = Field(None, alias="from")
    end: Instant | None = Field(None, alias="to")


_SUBJECT = {"hashtag": "lovearmyforrohingyas"}


class RuleBody(Told):
    """`built_in`: there from the beginning; it can be changed and disabled."""

    model_config = example(
        {
            "id": "rul_0123456789abcdef",
            **_RULE,
            "subject": _SUBJECT,
            "built_in": False,
            "created_at": "2026-11-24T04:05:06Z",
            "changed_at": "2026-11-24T04:05:06Z",
        }
    )
    id: str
    name: str
    kind: Kind
    subject: dict[str, str]
    metric: Metric | None
    above: int | None
    window: str
    severity: Severity
    endpoints: list[str] | None
    enabled: bool
    timezone: str | None
    built_in: bool
    created_at: Time
    changed_at: Time


class RuleList(Told):
    items: list[RuleBody]
    next: str | None


class WouldFire(Told):
    """`ends_at` null: it would still fire at the end."""

    model_config = example(
        {"subject": _SUBJECT, "at": "2026-11-20T10:05:00Z", "ends_at": "2026-11-20T14:00:00Z", "peak": 1412.0}
    )
    subject: dict[str, str]
    at: Time
    ends_at: Time | None
    peak: float | None


class DryRunBody(Told):
    """`per_month`: how often in 30 days at this rate; null where nothing was known. `truncated`: not listed."""

    model_config = example(
        {
            "from": "2026-11-10T05:00:00Z",
            "to": "2026-11-24T04:05:06Z",
            "subjects": 1,
            "evaluations": 4_007,
            "fired": [
                {"subject": _SUBJECT, "at": "2026-11-20T10:05:00Z", "ends_at": "2026-11-20T14:00:00Z", "peak": 1412.0}
            ],
            "truncated": 0,
            "per_month": 2.16,
            "warnings": [],
        }
    )
    start: Time = Field(alias="from")
    end: Time = Field(alias="to")
    subjects: int
    evaluations: int
    fired: list[WouldFire]
    truncated: int
    per_month: float | None
    warnings: list[str]


class RuleName(Told):
    """As the rule was when it was said last."""

    id: str
    name: str
    version: int


_ALERT: dict[str, Any] = {
    "id": "alr_0123456789abcdef0123456789abcdef",
    "rule": {"id": "rul_spikes", "name": "Spikes", "version": 1},
    "kind": "spike",
    "severity": "high",
    "subject": _SUBJECT,
    "episode": 1,
    "sequence": 1,
    "status": "firing",
    "metric": "posts",
    "window": "1h",
    "value": 412.0,
    "peak": 412.0,
    "threshold": 120.0,
    "baseline": 31.5,
    "pending_since": "2026-11-24T04:00:06Z",
    "started_at": "2026-11-24T04:05:06Z",
    "ends_at": None,
}
_CARRIER = {"post_id": "6780993723366769677", "url": "https://a.example/1", "interactions": 9_120, "influencer": None}
_TURN = {"sequence": 1, "type": "firing", "at": "2026-11-24T04:05:06Z", "value": 412.0, "told": "sent"}


class AlertBody(Told):
    """An episode. `value`, `threshold` and `baseline` are of the window; `kind` stale is of a source that is behind."""

    model_config = example(_ALERT)
    id: str
    rule: RuleName
    kind: str
    severity: str
    subject: dict[str, str]
    episode: int
    sequence: int
    status: Literal["firing", "resolved"]
    metric: str | None
    window: str
    value: float | None
    peak: float | None
    threshold: float | None
    baseline: float | None
    pending_since: Time
    started_at: Time
    ends_at: Time | None


class AlertList(Told):
    items: list[AlertBody]
    next: str | None


class TurnBody(Told):
    """`told`: sent, or why not: silenced, inhibited, flapping; unsaid: nobody had been told that it fired."""

    model_config = example(_TURN)
    sequence: int
    type: Literal["firing", "escalated", "resolved", "flapping"]
    at: Time
    value: float | None
    told: str


class CarrierBody(Told):
    """A post that carried it; `interactions` is what it gained in the window."""

    model_config = example(_CARRIER)
    post_id: str
    url: str | None
    interactions: int | None
    influencer: str | None


class WholeAlert(AlertBody):
    model_config = example({**_ALERT, "transitions": [_TURN], "evidence": [_CARRIER]})
    transitions: list[TurnBody]
    evidence: list[CarrierBody]


_SILENCE: dict[str, Any] = {
    "matcher": {"campaign": "love-army"},
    "starts_at": "2026-11-24T04:00:00Z",
    "ends_at": "2026-11-25T04:00:00Z",
    "comment": "a planned push",
}


class NewSilence(Asked):
    """It ends, at most 30 days after it begins. `starts_at` null: now."""

    model_config = example(_SILENCE)
    matcher: MatcherIn
    starts_at: Instant | None = None
    ends_at: Instant
    comment: Line | None = None


class SilenceBody(Told):
    model_config = example(
        {
            "id": "sil_0123456789abcdef",
            **_SILENCE,
            "author": "user:usr_0123456789abcdef",
            "created_at": "2026-11-24T04:00:00Z",
        }
    )
    id: str
    matcher: dict[str, str]
    starts_at: Time
    ends_at: Time
    comment: str | None
    author: str
    created_at: Time


class SilenceList(Told):
    items: list[SilenceBody]
    next: str | None
