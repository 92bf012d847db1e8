"""Outcomes and annotations as they are sent and shown. Of a donor there is a number, never a name."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, ValidationError, model_validator
from pydantic import Tag as Branch
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.analysis.money import AMOUNT, micros
from app.api.schemas.common import Asked, Instant, Line, Time, Told, example, unset
from app.store.columns import NO_NAMES
from app.store.outcomes import KIND, currency

MOST = 5_000
"""Outcomes in one request; there is `import outcomes` for more."""


def _kind(text: str) -> str:
    if not re.fullmatch(KIND, text):
        raise ValueError("must be a word such as donation or sign-up: a-z, 0-9, - and _")
    return text.lower()


def _amount(text: str) -> str:
    micros(text)
    return text


def _url(text: str) -> str:
    if not re.fullmatch(_URL, text):
        raise ValueError("must begin with https:// or http://")
    return text


_URL = r"https?://[^\s\x00-\x1f\x7f]+"
Kind = Annotated[
    str, StringConstraints(max_length=40), AfterValidator(_kind), Field(json_schema_extra={"pattern": f"^{KIND}$"})
]
Amount = Annotated[str, AfterValidator(_amount), Field(json_schema_extra={"pattern": f"^{AMOUNT}$"})]
Currency = Annotated[str, AfterValidator(currency), Field(json_schema_extra={"pattern": "^[A-Za-z]{3}$"})]
Code = Annotated[Line, Field(max_length=200)]
Donors = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Note = Annotated[Line, Field(max_length=2_000)]
Url = Annotated[
    str,
    StringConstraints(max_length=2_048),
    AfterValidator(_url),
    Field(json_schema_extra={"pattern": "^https?://[^\\s]+$"}),
]


class Nameless(Asked):
    """Whatever else a donation platform knows of a donor is refused, and not said back."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_else(cls, given: Any) -> Any:
        more = [name for name in given if name not in cls.model_fields] if isinstance(given, dict) else []
        if more:
            wrong = PydanticCustomError("not_kept", f"is not known, and {NO_NAMES}: leave it out")
            found = [InitErrorDetails(type=wrong, loc=(str(name),), input="…") for name in more[:20]]
            raise ValidationError.from_exception_data(cls.__name__, found)
        return given


_GIFT = {
    "id": "gift-1",
    "occurred_at": "2026-11-24T04:05:06Z",
    "kind": "donation",
    "amount": "35.00",
    "currency": "USD",
    "code": "JEROME",
    "donors": 1,
}


class NewOutcome(Nameless):
    """`amount` is a decimal as text, negative for a refund; `id` is yours: the same twice counts once."""

    model_config = example(_GIFT)
    id: Line
    occurred_at: Instant
    kind: Kind
    amount: Amount | None = None
    currency: Currency | None = None
    code: Code | None = None
    donors: Donors | None = None


Several = Annotated[list[NewOutcome], Field(min_length=1, max_length=MOST)]
OneOrMore = Annotated[
    Annotated[NewOutcome, Branch("branch-one")] | Annotated[Several, Branch("branch-list")],
    Discriminator(lambda given: "branch-list" if isinstance(given, list) else "branch-one"),
]


class OutcomeChange(Nameless):
    """What is left out stays as it is."""

    model_config = example({"amount": "30.00"})
    occurred_at: Instant = unset
    kind: Kind = unset
    amount: Amount | None = None
    currency: Currency | None = None
    code: Code | None = None
    donors: Donors | None = None


class OutcomeBody(Told):
    model_config = example({**_GIFT, "recorded_at": "2026-11-24T04:05:07Z"})
    id: str
    occurred_at: Time
    kind: str
    amount: str | None
    currency: str | None
    code: str | None
    donors: int | None
    recorded_at: Time


class OutcomeList(Told):
    items: list[OutcomeBody]
    next: str | None


class OutcomesKept(Told):
    """`repeated`: those that were known with the same words."""

    model_config = example({"new": 1, "repeated": 0})
    new: int
    repeated: int


class Part(Told):
    """`share` is of the amount, of the count where there is no money; null where the whole is nothing or less.

    `donors_at_least`: some of the outcomes do not say how many donors they are of.
    """

    count: int
    amount: str | None
    donors: int | None
    donors_at_least: bool
    share: float | None


class InfluencerPart(Part):
    influencer: str
    name: str


class OneSum(Part):
    kind: str
    currency: str | None
    influencers: list[InfluencerPart]
    unattributed: Part


def _part(count: int, amount: str, donors: int, share: float) -> dict[str, Any]:
    return {"count": count, "amount": amount, "donors": donors, "donors_at_least": False, "share": share}


class OutcomeSums(Told):
    """One entry for each kind and currency: they are never summed."""

    model_config = example(
        {
            "campaign": "love-army",
            "from": None,
            "to": None,
            "items": [
                {
                    **_part(4, "140.00", 4, 1.0),
                    "kind": "donation",
                    "currency": "USD",
                    "influencers": [
                        {**_part(1, "35.00", 1, 0.25), "influencer": "inf_0123456789abcdef", "name": "Jerome"}
                    ],
                    "unattributed": _part(3, "105.00", 3, 0.75),
                }
            ],
        }
    )
    campaign: str
    start: Annotated[Time | None, Field(alias="from")]
    to: Time | None
    items: list[OneSum]


_NOTE = {"at": "2026-11-24T04:00:00Z", "text": "The plane took off", "url": "https://news.example/plane"}


class NewAnnotation(Asked):
    model_config = example(_NOTE)
    at: Instant
    text: Note
    url: Url | None = None


class AnnotationChange(Asked):
    """What is left out stays as it is."""

    model_config = example({"text": "The plane took off with 60 t of food"})
    at: Instant = unset
    text: Note = unset
    url: Url | None = None


class AnnotationBody(Told):
    model_config = example({"id": "ann_0123456789abcdef", **_NOTE, "created_at": "2026-11-24T04:05:06Z"})
    id: str
    at: Time
    text: str
    url: str | None
    created_at: Time


class AnnotationList(Told):
    items: list[AnnotationBody]
    next: str | None
