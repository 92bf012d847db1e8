"""What Prometheus is told, and the dashboard and the rules that are built on it."""

import json
import re
from pathlib import Path

import httpx

from app.db.engine import Database
from app.models import Alert
from tests.alerts.outbox import office
from tests.alerts.receiver import answering, receiver
from tests.api.conftest import add_source
from tests.clocks import FakeClock

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAME = r"groundswell_[a-z_]+"


async def test_alerts_and_deliveries_are_counted(api: httpx.AsyncClient, db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as good, receiver(answering(500)) as bad:
        await ours.add(good.url)
        await ours.add(bad.url)
        await ours.say(0)
        await ours.tick()
        async with db.write() as session:
            session.add(alert("alr_1", "firing"))
            session.add(alert("alr_2", "resolved"))
        clock.advance(90)  # the other one is due again
        page = (await api.get("/metrics")).text
    for line in (
        'groundswell_alerts_open{severity="high"} 1.0',
        'groundswell_alerts_open{severity="low"} 0.0',
        'groundswell_alert_firing{rule="Spikes",severity="high",subject="hashtag:farm"} 1.0',
        'groundswell_deliveries{state="delivered"} 1.0',
        'groundswell_deliveries{state="waiting"} 1.0',
        'groundswell_delivery_attempts_last_hour{outcome="failed"} 1.0',
        'groundswell_delivery_attempts_last_hour{outcome="taken"} 1.0',
        "groundswell_endpoints_failing 1.0",
        "groundswell_endpoints_disabled 0.0",
        "groundswell_delivery_lateness_seconds 84.5",
    ):
        assert f"{line}\n" in page, line


def alert(name: str, status: str) -> Alert:
    return Alert(
        id=name, rule_id="rul_spikes", rule_name="Spikes", rule_version=1, kind="spike", severity="high",
        subject="hashtag:farm", episode=int(name[-1]), sequence=1, status=status, window_s=900, pending_since=0,
        started_at=0, evidence="[]",
    )  # fmt: skip


async def test_each_metric_that_is_named_anywhere_is_there(api: httpx.AsyncClient, db: Database) -> None:
    await add_source(db)
    async with db.write() as session:
        session.add(alert("alr_1", "firing"))
    await api.get("/campaigns")
    page = (await api.get("/metrics")).text
    there = set(re.findall(rf"^# TYPE ({NAME}) ", page, re.MULTILINE)) | set(
        re.findall(rf"^({NAME})", page, re.MULTILINE)
    )
    there |= {"groundswell_budget_remaining"}  # of the platforms that have budgets
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text())
    shown = {
        name for panel in dashboard["panels"] for one in panel["targets"] for name in re.findall(NAME, one["expr"])
    }
    assert len(shown) > 10
    assert shown - there == set()
    told = set(re.findall(NAME, (DOCS / "monitoring.md").read_text()))
    assert told - there == set()
    ours = {name for name in there if not name.endswith(("_bucket", "_count", "_sum", "_created"))}
    assert ours - told - {"groundswell_http_requests"} == set()
