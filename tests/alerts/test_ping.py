"""The dead man's ping: it goes out while the work goes on, through the guard, and stops when it does not."""

import asyncio

import pytest

from app import scheduler
from app.clock import SystemClock
from app.db.engine import Database
from app.scheduler import Scheduler
from app.settings import Settings
from tests.alerts.receiver import answering, receiver
from tests.clocks import FakeClock


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_watchdog_hears_of_a_worker_that_goes_well(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "PING_EVERY_S", 1)
    async with receiver(answering(200)) as watchdog:
        settings = Settings(
            _env_file=None, database_url=db.url, secret_key="k" * 40, allow_networks="127.0.0.0/8",
            ping_url=watchdog.url,
        )  # fmt: skip
        worker = Scheduler(db, settings, SystemClock())
        await worker.start()
        for _ in range(400):  # a busy machine takes its time
            await asyncio.sleep(0.05)
            if watchdog.came:
                break
        await worker.stop()
        assert watchdog.came[0].path == "/hook"
        assert watchdog.came[0].headers["user-agent"].startswith("Groundswell/")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_is_silent_when_a_tick_does_not_go_well_and_calls_nobody_inside(
    db: Database, clock: FakeClock
) -> None:
    async with receiver(answering(200)) as watchdog:
        for allow, expected in (("127.0.0.0/8", 1), ("", 1)):
            settings = Settings(
                _env_file=None, database_url=db.url, secret_key="k" * 40, allow_networks=allow, ping_url=watchdog.url
            )
            worker = Scheduler(db, settings, clock)
            await worker.start()
            await worker._ping()
            assert len(watchdog.came) == expected
            clock.advance(61)  # no tick has ended since
            await worker._ping()
            assert len(watchdog.came) == expected
            await worker.stop()
