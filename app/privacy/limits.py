"""What each platform's terms ask, from its collector's own declaration, in the store's units."""

from collections.abc import Mapping
from datetime import timedelta

import collectors
from app.store.purging import Limits
from collectors.policy import USUAL, Policy


def policies() -> dict[str, Policy]:
    return {name: platform.offer.policy for name, platform in collectors.PLATFORMS.items()}


def policy(platform: str) -> Policy:
    """Of a platform that only imports know, what every platform may expect."""
    return policies().get(platform, USUAL)


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1_000)


def of(one: Policy) -> Limits:
    return Limits(_ms(one.purge_within), None if one.reread_within is None else _ms(one.reread_within))


def limits() -> Mapping[str, Limits]:
    return {name: of(one) for name, one in policies().items()}


def with_jobs() -> list[str]:
    """Platforms whose deletions are learned of by compliance jobs."""
    return [name for name, platform in collectors.PLATFORMS.items() if hasattr(platform, "jobs_of")]
