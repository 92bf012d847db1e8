"""The processes that run on, started as a user starts them: ready, at work, and ended by a signal."""

import asyncio
import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import sandbox.server
from app.clock import DAY
from sandbox import demo
from tests.cli import Done, one_line, process, start, well


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str) -> Any:
    """The JSON of an answer; None while nobody answers, or not with 200."""
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return json.loads(answer.read() or "null")
    except (urllib.error.URLError, OSError):
        return None


def wait_for(port: int, path: str, right: Any, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask(port, path)
        if answer is not None and right(answer):
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{path} did not come in {seconds} s: {ask(port, path)}")


@contextmanager
def running(*words: str, folder: Path, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    started = start(*words, folder=folder, **settings)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def ended(running: "subprocess.Popen[str]", name: signal.Signals) -> Done:
    running.send_signal(name)
    out, err = running.communicate(timeout=30)
    return Done(running.returncode, out, err)


def resident_mb(running: "subprocess.Popen[str]") -> float:
    status = Path(f"/proc/{running.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_the_demo_is_ready_shows_both_campaigns_and_ends_when_asked(tmp_path: Path) -> None:
    port = free_port()
    with running("up", "--demo", folder=tmp_path, port=str(port)) as up:
        wait_for(port, "/readyz", lambda _: True, 30)
        for campaign in demo.CAMPAIGNS:
            path = f"/api/v1/campaigns/{campaign.slug}/growth?step=1d"
            wait_for(port, path, lambda a: (a["totals"]["likes"] or 0) > 99 and len(a["series"]["time"]) >= 42, 40)
        states = wait_for(
            port, "/api/v1/sources", lambda a: any(s["name"] == "sandbox-bluesky" for s in a["items"]), 10
        )
        assert {s["state"] for s in states["items"]} == {"ok"}
        ends = time.monotonic() + 20  # while its past comes in, for a moment, it takes some 270
        while resident_mb(up) >= 250:
            assert time.monotonic() < ends
            time.sleep(0.5)
        done = ended(up, signal.SIGTERM)
    assert done.code == 0
    assert "Groundswell is ready: http://127.0.0.1:" in done.out
    assert "Traceback" not in done.err


def test_the_demo_goes_on_after_a_kill_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(answer: Any) -> bool:
        return all(campaign["influencers"] for campaign in answer["items"]) and len(answer["items"]) == 2

    for _ in range(2):  # killed in the middle of the import, then started anew
        port = free_port()
        with running("up", "--demo", folder=tmp_path, port=str(port)):
            wait_for(port, "/api/v1/campaigns", lambda a: bool(a["items"]), 40)
    port = free_port()
    with running("up", "--demo", folder=tmp_path, port=str(port)) as up:
        wait_for(port, "/api/v1/campaigns", whole, 60)
        people = ask(port, "/api/v1/influencers")["items"]
        assert len(people) == len({one["name"] for one in people})
        assert ended(up, signal.SIGINT).code == 0
    monkeypatch.chdir(tmp_path)
    well("rollups", "verify")


def test_without_the_demo_this_machine_is_not_called(tmp_path: Path) -> None:
    port = free_port()
    with running("up", folder=tmp_path, port=str(port)) as up:
        wait_for(port, "/readyz", lambda _: True, 30)
        added = process("sources", "add", "mastodon", "--name", "m", "--url", "http://127.0.0.1:9", folder=tmp_path)
        assert added.code == 2
        assert ended(up, signal.SIGTERM).code == 0
    assert not list((tmp_path / "data").glob("*.secret"))


def test_serve_and_work_run_apart_and_end_when_asked(tmp_path: Path) -> None:
    port = free_port()
    assert process("migrate", folder=tmp_path).code == 0
    with (
        running("serve", folder=tmp_path, port=str(port)) as serve,
        running("work", folder=tmp_path, log_format="json") as work,
    ):
        wait_for(port, "/readyz", lambda _: True, 30)
        assert work.stdout is not None
        assert "at work" in work.stdout.readline()
        assert ended(work, signal.SIGTERM).code == 0
        assert ended(serve, signal.SIGINT).code == 0


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    process("migrate", folder=tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        done = process("serve", folder=tmp_path, port=str(holder.getsockname()[1]))
    assert "set GROUNDSWELL_PORT" in one_line(done)
    assert done.code == 1


async def test_collect_says_what_came_from_both_networks(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(demo.BLUESKY_PASSWORD)
    settings = {"allow_networks": "127.0.0.0/8"}

    async def do(*words: str) -> Done:
        return await asyncio.to_thread(process, *words, folder=tmp_path, **settings)

    tag = demo.WATER.tags[0]
    young = demo.began(sandbox.server.clock()) + (demo.WEEKS * 7 - 9) * DAY
    async with await sandbox.server.start(began=young) as world:
        assert (await do("migrate")).code == 0
        added = await do("sources", "add", "mastodon", "--name", "m", "--url", world.url)
        assert added.code == 0, added
        who = ("--identifier", demo.BLUESKY_IDENTIFIER, "--token-file", "secret")
        added = await do("sources", "add", "bluesky", "--name", "b", "--url", world.url, *who)
        assert added.code == 0, added
        assert demo.BLUESKY_IDENTIFIER in added.out
        done = await do("collect", tag, "--source", "m", "--json")
        told = json.loads(done.out)["sources"]
        assert [one["source"] for one in told] == ["m"]
        assert told[0]["posts_new"] == told[0]["posts"] > 0
        assert done.err == ""
        done = await do("collect", tag, "--json")
        assert done.code == 0, done
        both = json.loads(done.out)["sources"]
        assert {one["source"]: one["state"] for one in both} == {"m": "ok", "b": "ok"}
        exported = await do("export", "posts", "--hashtag", tag)
        assert len(exported.out.splitlines()) - 1 == sum(one["posts_new"] for one in [*told, *both])
        (tmp_path / "wrong").write_text("not the password")
        who = ("--identifier", demo.BLUESKY_IDENTIFIER, "--token-file", "wrong")
        refused = await do("sources", "add", "bluesky", "--name", "w", "--url", world.url, *who)
        assert refused.code == 2
        assert "token: " in refused.err
        assert "w" not in {one["name"] for one in json.loads((await do("sources", "list", "--json")).out)["items"]}
        await do("sources", "add", "bluesky", "--name", "w", "--url", world.url, *who, "--unchecked")
        failed = await do("collect", tag, "--source", "w")
    assert failed.code == 1
    assert failed.out.startswith("w: failed: ")
    assert "source w" in (await do("doctor")).out
