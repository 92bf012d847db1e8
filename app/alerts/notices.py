"""What is said of the deliveries themselves, to the other endpoints: one that fails, one that was disabled."""

from typing import Any

from app.alerts import payload
from app.store.endpoints import Health
from app.store.outbox import Event
from app.store.sending import Claimed


def failing(claimed: Claimed, health: Health, problem: str, now: int) -> Event:
    """Once for each time that an endpoint falls ill, however many of its deliveries fail."""
    since = health.failing_since or now
    data = {
        "endpoint": _endpoint(claimed), "failing_since": payload.instant(since), "failures": health.failures,
        "problem": problem, "message": {"id": claimed.event_id, "type": claimed.type},
    }  # fmt: skip
    return _event("delivery.failing", f"endpoint:{claimed.endpoint_id}:failing:{since}", now, data)


def disabled(claimed: Claimed, health: Health, why: str, now: int) -> Event:
    since = health.failing_since or now
    data = {"endpoint": _endpoint(claimed), "failing_since": payload.instant(since), "reason": why}
    return _event("endpoint.disabled", f"endpoint:{claimed.endpoint_id}:disabled:{since}", now, data)


def test(endpoint_id: str, name: str, mark: str, now: int) -> Event:
    """`mark` tells one test from another."""
    data = {"endpoint": {"id": endpoint_id, "name": name}, "test": True}
    return _event("endpoint.test", f"endpoint:{endpoint_id}:test:{mark}", now, data)


def _endpoint(claimed: Claimed) -> dict[str, str]:
    return {"id": claimed.endpoint_id, "name": claimed.endpoint}


def _event(kind: str, key: str, now: int, data: dict[str, Any]) -> Event:
    return Event(payload.message_id(key, 1), kind, now, payload.written(kind, now, data).decode())
