"""What Prometheus reads: how requests were answered here; the state of the sources is asked for at each scrape."""

from collections.abc import Iterable

from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from starlette.types import Scope

from app.store.source_reads import SourceState

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

    def page(self, sources: Iterable[SourceState]) -> bytes:
        return generate_latest(self.registry) + _of_sources(sources)


def _of_sources(sources: Iterable[SourceState]) -> bytes:
    registry = CollectorRegistry()
    names = ("source", "platform")
    up = Gauge("groundswell_source_up", "1 while the source answers.", names, registry=registry)
    late = Gauge("groundswell_source_lateness_seconds", "Age of its most overdue track.", names, registry=registry)
    tracks = Gauge("groundswell_source_tracks", "Hashtags that it is asked for.", names, registry=registry)
    left = Gauge("groundswell_budget_remaining", "What is left to spend.", (*names, "budget"), registry=registry)
    for source in sources:
        mine = (source.name, source.platform)
        up.labels(*mine).set(source.state in ("ok", "waiting"))
        late.labels(*mine).set((source.late_ms or 0) / 1_000)
        tracks.labels(*mine).set(source.tracks)
        for budget in source.budgets:
            left.labels(*mine, budget.name).set(budget.remaining)
    return generate_latest(registry)
