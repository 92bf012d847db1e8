"""The past in files: the same posts, ids and counters as the two APIs show."""

import csv
from pathlib import Path

import httpx
import pytest

from sandbox import demo, history
from sandbox.ids import MASTODON, fold
from sandbox.posts import HOUR, rfc3339
from sandbox.process import Process
from sandbox.server import start

NOW = 1_795_500_000_000
TAGS = {fold(tag) for campaign in demo.CAMPAIGNS for tag in campaign.tags}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> history.Written:
    return history.write(tmp_path_factory.mktemp("past"), NOW)


def test_files_have_the_columns_that_import_takes_and_the_rows_they_say(written: history.Written) -> None:
    posts, snapshots, accounts = rows(written.posts), rows(written.snapshots), rows(written.accounts)
    assert written.rows == {
        "posts": len(posts), "snapshots": len(snapshots), "accounts": len(accounts),
        "coverage": len(rows(written.coverage)),
    }  # fmt: skip
    assert list(posts[0])[:4] == ["platform", "native_id", "created_at", "hashtags"]
    assert list(snapshots[0])[:3] == ["platform", "native_id", "observed_at"]
    assert list(accounts[0])[:4] == ["platform", "native_id", "observed_at", "followers"]
    assert 5 < len(snapshots) / len(posts) < 14


def test_every_snapshot_belongs_to_a_post_and_no_look_is_doubled_or_late(written: history.Written) -> None:
    known = {row["native_id"] for row in rows(written.posts)}
    looks = [(row["native_id"], row["observed_at"]) for row in rows(written.snapshots)]
    assert {native for native, _ in looks} == known
    assert len(set(looks)) == len(looks)
    assert max(at for _, at in looks) <= "2026-11-24T06:00:00.000Z"


def test_the_past_and_the_world_agree_post_by_post(written: history.Written) -> None:
    world = Process(demo.SEED, demo.began(NOW))
    known = {row["native_id"] for row in rows(written.posts)}
    off, on = (demo.began(NOW) + at for at in demo.OUTAGE)
    public = {
        post.native_id for tag in TAGS for post in world.posts(tag, NOW - HOUR) if not off <= post.created_at < on
    }  # fmt: skip
    assert public <= known  # all that was public an hour ago, and not in the outage, had been looked at


def test_one_outage_is_in_it_and_is_said(written: history.Written) -> None:
    missed = {(row["from"], row["to"]) for row in rows(written.coverage) if row["state"] == "missed"}
    ((off, on),) = missed
    times = [row["created_at"] for row in rows(written.posts)] + [row["observed_at"] for row in rows(written.snapshots)]
    assert [at for at in times if off <= at < on] == []
    world = Process(demo.SEED, demo.began(NOW))
    assert any(off <= rfc3339(post.created_at) < on for tag in TAGS for post in world.posts(tag, NOW))
    said = [
        row for row in rows(written.coverage) if row["hashtag"] == "waterforrohingya" and row["platform"] == MASTODON
    ]
    assert [row["state"] for row in said] == ["imported", "missed", "imported"]
    assert [row["from"] for row in said[1:]] == [row["to"] for row in said[:-1]]


def test_what_is_watched_goes_on_where_the_past_ends() -> None:
    world = Process(demo.SEED, demo.began(NOW))

    def posts(start: float, hours: float) -> float:
        born = world.births(NOW + int(start * HOUR), NOW + int((start + hours) * HOUR))
        return sum("WaterForRohingya" not in one.post.tags for one in born) / hours

    quiet = (demo.began(NOW) + demo.TAKES_OFF - NOW) / HOUR
    before, after, peak = posts(-6, 6), posts(0, quiet), posts((32 - 42) * 24 + 2, 6)
    assert before / 2 < after < 2 * before
    assert 10 < after < peak
    assert posts(quiet, 0.5) > 8 * after  # and then it takes off


def test_what_is_new_since_a_time_completes_what_was_written_before(tmp_path: Path, written: history.Written) -> None:
    began, middle = demo.began(NOW), NOW - 30 * HOUR
    before = history.write(tmp_path / "a", middle, began=began)
    after = history.write(tmp_path / "b", NOW, began=began, since=middle)
    for kind in ("posts", "snapshots"):
        halves = rows(getattr(before, kind)) + rows(getattr(after, kind))
        assert sorted(map(str, halves)) == sorted(map(str, rows(getattr(written, kind))))


async def test_the_api_gives_the_same_ids_people_and_counters_as_the_files(written: history.Written) -> None:
    snapshots = {(row["native_id"], row["observed_at"]): row for row in rows(written.snapshots)}
    world = Process(demo.SEED, demo.began(NOW))
    for row in [row for row in rows(written.posts) if row["platform"] == MASTODON][::400]:
        (_, at), look = next(entry for entry in snapshots.items() if entry[0][0] == row["native_id"])
        instant = world.find(MASTODON, int(row["native_id"].rpartition("/")[2]), NOW)
        if instant is None:
            continue
        moment = _ms(at)
        async with (
            await start(began=demo.began(NOW), now=lambda moment=moment: moment) as running,  # type: ignore[misc]
            httpx.AsyncClient(base_url=running.url) as client,
        ):
            status = (await client.get(f"/api/v1/statuses/{instant.position}")).json()
        assert status["uri"] == row["native_id"]
        assert status["account"]["url"] == row["author_id"]
        assert str(status["favourites_count"]) == look["likes"]
        assert str(status["reblogs_count"]) == look["reposts"]
        assert str(status["account"]["followers_count"]) == row["followers"]


def _ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1_000)
