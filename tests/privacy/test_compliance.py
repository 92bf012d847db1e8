"""Compliance jobs: what X says is gone loses its words here, round by round, through failures and strange addresses."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import respx
from sqlalchemy import select, update

from app.clock import DAY, HOUR, MINUTE, to_ms
from app.db.engine import Database
from app.models import ComplianceJob, Post, PostText, Source
from app.privacy import compliance, sweep
from app.settings import Settings
from app.store import following
from collectors.x import X
from tests.api.conftest import KEY, NOON, add_source, ago, arrive, post
from tests.clocks import FakeClock

STORE = "https://storage.googleapis.com"


def _job(status: str, **values: str) -> httpx.Response:
    return httpx.Response(200, json={"data": {"id": "7", "type": "tweets", "status": status, **values}})


@pytest.fixture
def router() -> Iterator[respx.Router]:
    with respx.mock(assert_all_called=False) as made:
        yield made


@pytest.fixture
async def source(db: Database, tmp_path: Path) -> int:
    token = tmp_path / "token"
    token.write_text("a-bearer-token")
    made = await add_source(db, "x", "x", credential_file=str(token), base_url="https://api.x.com")
    async with db.write() as session:
        await following.follow(session, "#Rain", [made], 0, 300)
    await arrive(db, made, [post(number, ("Rain",), ago(days=2)) for number in (1, 2, 3)], NOON, "x")
    return made


async def test_a_round_is_begun_asked_for_applied_and_begun_again(
    db: Database, source: int, clock: FakeClock, router: respx.Router
) -> None:
    settings = Settings(_env_file=None, secret_key=KEY, database_url=db.url)
    made = router.post("https://api.x.com/2/compliance/jobs").mock(
        return_value=_job("created", upload_url=f"{STORE}/in?s=1")
    )
    put = router.put(f"{STORE}/in?s=1").respond(200)
    job = router.get("https://api.x.com/2/compliance/jobs/7").mock(return_value=_job("in_progress"))
    lines = [{"id": "2", "action": "delete", "reason": "deleted"}, {"id": "3", "action": "keep"}]
    out = router.get(f"{STORE}/out?s=2").respond(200, text="\n".join(map(json.dumps, lines)) + "\n")

    async def step() -> int:
        return await compliance.ask(db, settings, clock)

    assert [await step(), await step()] == [0, 0]
    assert sorted(put.calls.last.request.content.split()) == [b"1", b"2", b"3"]
    assert "authorization" not in put.calls.last.request.headers
    job.mock(return_value=_job("complete", download_url=f"{STORE}/out?s=2"))
    assert await step() == 1
    async with db.read() as session:
        gone = (await session.execute(select(Post.local_id).where(Post.state == "gone"))).scalars().all()
        assert (gone, len((await session.execute(select(PostText.post_id))).all())) == (["2"], 2)
    assert "authorization" not in out.calls.last.request.headers
    assert (await step(), made.call_count) == (0, 1)
    clock.advance((compliance.EVERY + MINUTE) / 1_000)
    assert (await step(), made.call_count) == (0, 2)
    job.mock(return_value=httpx.Response(503))
    assert [(await step(), made.call_count) for _ in range(2)] == [(0, 2)] * 2, "a job is not lost for a bad moment"
    job.mock(return_value=_job("failed"))
    assert await step() == 0
    assert (await step(), made.call_count) == (0, 3)
    late = to_ms(clock.now()) + 2 * DAY
    async with db.write() as session:
        assert [(one.rule, one.posts) for one in await sweep.over(session, late)] == [
            ("deleted", 1),
            ("not asked about", 2),
        ]
        await session.execute(update(Source).values(removed_at=late))
    await sweep.sweep(db, late)
    async with db.read() as session:
        assert await sweep.over(session, late + 9 * DAY) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_job_is_asked_for_by_whose_it_is(
    db: Database, source: int, clock: FakeClock, router: respx.Router, tmp_path: Path
) -> None:
    """Another credential that shares the work has more left, and knows nothing of the job."""
    (tmp_path / "lent").write_text("another-token")
    told = {"credential_file": str(tmp_path / "lent"), "base_url": "https://api.x.com", "lends_to": source}
    lent = await add_source(db, "lent", "x", **told)
    async with db.write() as session:
        await session.execute(update(Source).values(limits='{"money": 1000000}'))
    router.post("https://api.x.com/2/compliance/jobs").mock(return_value=_job("created", upload_url=f"{STORE}/in"))
    router.put(f"{STORE}/in").respond(200)
    job = router.get("https://api.x.com/2/compliance/jobs/7").mock(return_value=_job("in_progress"))
    settings = Settings(_env_file=None, secret_key=KEY, database_url=db.url)
    for _ in range(2):
        await compliance._step(db, settings, clock, source)
    assert lent != source
    assert job.calls.last.request.headers["authorization"] == "Bearer a-bearer-token"


@pytest.mark.parametrize("address", ["https://evil.example/in", "http://storage.googleapis.com/in", "https://[", ""])
async def test_ids_go_to_nobody_else(
    db: Database, source: int, clock: FakeClock, router: respx.Router, address: str
) -> None:
    router.post("https://api.x.com/2/compliance/jobs").mock(return_value=_job("created", upload_url=address))
    await compliance.ask(db, Settings(_env_file=None, secret_key=KEY, database_url=db.url), clock)
    async with db.read() as session:
        assert (await session.execute(select(ComplianceJob))).scalars().all() == []
    assert len(router.calls) == 1


def test_a_round_fits_into_what_the_terms_allow() -> None:
    """Learned of by the second hourly step after a round, and taken out at once."""
    hours = X.offer.policy.purge_within / timedelta(hours=1)
    assert hours >= 2 * compliance.EVERY / HOUR + 2
