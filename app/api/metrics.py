"""What Prometheus reads: requests answered here; sources, alerts and deliveries as they stand at each scrape."""

from collections.abc import Iterable
from typing import get_args

from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from starlette.types import Scope

from app.api.schemas.endpoints import State
from app.store.source_reads import SourceState
from app.store.standing import Standing

SEVERITIES = ("low", "medium", "high", "critical")
STATES = get_args(State)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One registry per app, so that two apps in one process do not count each other's requests."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self._requests = Counter("groundswell_http_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "groundswell_http_request_seconds", "How long answers took.", ("route",),
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        # A path that nobody knows is not a label: a scanner would fill the memory.
        path = route.path if isinstance(route, APIRoute) else "other"
        method = scope["method"] if scope["method"] in ("GET", "POST", "PATCH", "DELETE", "HEAD") else "other"
        self._requests.labels(method, path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def page(self, sources: Iterable[SourceState], standing: Standing) -> bytes:
        return generate_latest(self.registry) + _of_sources(sources) + _of_alerts(standing) + _of_deliveries(standing)


def _of_sources(sources: Iterable[SourceState]) -> bytes:
    registry = CollectorRegistry()
    names = ("source", "platform")
    up = Gauge("groundswell_source_up", "1 while the source answers.", names, registry=registry)
    late = Gauge("groundswell_source_lateness_seconds", "Age of its most overdue track.", names, registry=registry)
    tracks = Gauge("groundswell_source_tracks", "Hashtags that it is asked for.", names, registry=registry)
    left = Gauge("groundswell_budget_remaining", "What is left to spend.", (*names, "budget"), registry=registry)
    heard = Gauge("groundswell_stream_up", "1 while the source's stream is heard.", names, registry=registry)
    for source in sources:
        mine = (source.name, source.platform)
        if source.stream and source.stream.state != "off":
            heard.labels(*mine).set(source.stream.state == "live")
        up.labels(*mine).set(source.state in ("ok", "waiting"))
        late.labels(*mine).set((source.late_ms or 0) / 1_000)
        tracks.labels(*mine).set(source.tracks)
        for budget in source.budgets:
            left.labels(*mine, budget.name).set(budget.remaining)
    return generate_latest(registry)


def _of_alerts(standing: Standing) -> bytes:
    registry = CollectorRegistry()
    count = Gauge("groundswell_alerts_open", "Alerts that are firing.", ("severity",), registry=registry)
    for severity in {*SEVERITIES, *standing.alerts}:
        count.labels(severity).set(standing.alerts.get(severity, 0))
    labels = ("rule", "subject", "severity")
    firing = Gauge("groundswell_alert_firing", "1 for each alert that is firing.", labels, registry=registry)
    for one in standing.firing:
        firing.labels(one.rule, one.subject, one.severity).set(1)
    return generate_latest(registry)


def _of_deliveries(standing: Standing) -> bytes:
    registry = CollectorRegistry()
    states = Gauge("groundswell_deliveries", "Deliveries by state.", ("state",), registry=registry)
    for state in STATES:
        states.labels(state).set(standing.states.get(state, 0))
    late = Gauge(
        "groundswell_delivery_lateness_seconds", "How long the most overdue one has been due.", registry=registry
    )
    late.set(standing.late_ms / 1_000)
    tried = Gauge(
        "groundswell_delivery_attempts_last_hour", "Attempts by how they ended.", ("outcome",), registry=registry
    )
    for outcome in ("taken", "failed"):
        tried.labels(outcome).set(standing.tried.get(outcome, 0))
    ill = Gauge("groundswell_endpoints_failing", "Endpoints whose last try failed.", registry=registry)
    ill.set(standing.failing)
    off = Gauge("groundswell_endpoints_disabled", "Endpoints that are disabled.", registry=registry)
    off.set(standing.disabled)
    return generate_latest(registry)
