"""A statistic as it goes out."""

from app.api.schemas.common import Told, example


class Measured(Told):
    """`low` and `high` bound the value (null: nothing does). `reason`: why there is none, or what to know of it."""

    model_config = example({"value": 12.5, "low": 10.0, "high": 15.0, "unit": "engagements/hour", "reason": None})
    value: float | str | None
    low: float | str | None
    high: float | str | None
    unit: str
    reason: str | None
