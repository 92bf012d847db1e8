"""Every saved and every recorded answer, spoilt in one place each: a typed error or right values, never half a page.

MUTATIONS says how many in all (`make soak`: 10,000), MUTATIONS_SEED which.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import respx

from collectors import PLATFORMS
from collectors.errors import CollectorError
from tests.collectors.exchanges import FOLDERS, Exchange, Given, Played, SavedPlatform, call, calls_of, saved_platform
from tests.collectors.mutations import Spoilt, spoil
from tests.collectors.sound import assert_sound
from tests.collectors.stage import SECRET, STAGES, opened

SLICE = 1_200
SHARED = os.environ.get("GROUNDSWELL_SHARED")
SPEAKS = {"gotosocial": "mastodon", "takahe": "mastodon"}
NAMES = sorted({*FOLDERS, *(kind.platform for kind in STAGES)})
LONGEST = 5.0  # seconds for one call of one answer: what takes longer hangs


async def as_saved(name: str) -> SavedPlatform:
    """A folder, or what a stage answers when each call is made of it once."""
    if name in FOLDERS:
        return saved_platform(name)
    stage = next(kind for kind in STAGES if kind.platform == name)()
    stage.fill(5)
    with respx.mock(assert_all_called=False) as router:
        stage.mount(router)
        router.get(path="/api/v1/accounts/verify_credentials").respond(json={"id": "1", "acct": "watcher"})
        router.get(path__regex="^/api/v1/tags/").respond(json={"history": [{"day": "1795478400", "uses": "17"}]})
        async with httpx.AsyncClient(trust_env=False) as client:
            said: dict[str, Any] = {
                "base_url": stage.base,
                "tag": "harvestday",
                "secret": SECRET,
                "identifier": "watcher.example",
            }
            said["look"] = [stage.local(post) for post in stage.posts]
            platform = SavedPlatform(name, said, [])
            collector = opened(name, client, stage.base)
            page = await anext(collector.search("harvestday"))
            said["accounts"] = [page.posts[0].author.local_id]
            for what in calls_of(collector):
                await call(what, platform, collector)
        played = [(c.request, c.response) for c in router.calls if c.request.url.host == httpx.URL(stage.base).host]
    made = {
        (r.method, r.url.path): Exchange(
            r.url.path.strip("/"), r.method, r.url.path, (), a.status_code, kept_headers(a), a.content
        )
        for r, a in played
    }
    return SavedPlatform(name, said, list(made.values()))


def kept_headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in HOPS}


HOPS = {"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive"}


def recorded(name: str) -> list[Exchange]:
    """What was recorded of the platform, where GROUNDSWELL_SHARED names the folder."""
    folders = [name, *(kind for kind, spoken in SPEAKS.items() if spoken == name)]
    paths = [
        path
        for kind in ("recorded", "live")
        for folder in folders
        if SHARED
        for path in sorted((Path(SHARED) / "platforms" / kind / folder).glob("*"))
        if path.suffix in {".json", ".xml"} and not path.name.endswith(".meta.json")
    ]
    return [_recorded(path) for path in paths]


def _recorded(path: Path) -> Exchange:
    body, status, headers = path.read_bytes(), 200, {}
    if path.suffix == ".json" and isinstance(held := json.loads(body), dict) and {"request", "status"} <= set(held):
        status = held["status"]
        headers = {key: value for key, value in held["headers"] if key.lower() not in HOPS}
        text = held.get("body_text")
        body = text.encode() if held.get("body") is None and text is not None else json.dumps(held.get("body")).encode()
    return Exchange(f"{path.parent.name}/{path.stem}", "GET", "", (), status, headers, body)


class Trial:
    """One platform: which call meets which exchange, and what comes out when that one is spoilt."""

    def __init__(self, platform: SavedPlatform) -> None:
        self.platform = platform
        self.played = Played(platform, strict=False)
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self.played.answer), trust_env=False)
        self.meets: list[tuple[str, Exchange]] = []
        self.good: dict[str, Given] = {}

    async def learn(self) -> None:
        for what in calls_of(self.platform.opened(self.client)):
            self.played.touched.clear()
            self.good[what] = await call(what, self.platform, self.platform.opened(self.client))
            names = set(self.played.touched)
            self.meets += [(what, one) for one in self.platform.exchanges if one.name in names]

    async def run(self, what: str, exchange: Exchange, answer: httpx.Response) -> Given | CollectorError:
        self.played.instead = {exchange.name: answer}
        began = time.perf_counter()
        try:
            given = await call(what, self.platform, self.platform.opened(self.client))
            assert_sound(given)
        except CollectorError as error:
            assert len(str(error)) < 400  # noqa: PT017
            return error
        finally:
            self.played.touched.clear()
            self.played.requests.clear()
            assert time.perf_counter() - began < LONGEST
        return given


def keys(given: Given) -> set[str]:
    return {post.native_id for page in given.pages for post in page.posts} | {post.native_id for post in given.posts}


def assert_whole(spoilt: Spoilt, before: Given, given: Given) -> None:
    """What is spoilt in one item is not paid for by its neighbours: nothing comes, or all but that item."""
    known, shown = keys(before), keys(given)
    if spoilt.kind == "cut_off" and len(known) > 1:
        assert not shown & known or shown >= known
    if spoilt.within_one_item and shown and len(given.pages) == len(before.pages):
        assert len(known - shown) <= 1


async def trials(name: str, count: int, seed: str) -> int:
    """How many of them were answered with values; the others with a typed error."""
    trial = Trial(await as_saved(name))
    await trial.learn()
    found = recorded(name)
    values = 0
    for number in range(count):
        dice = Random(f"{seed}/{name}/{number}")
        what, exchange = dice.choice(trial.meets)
        source: Sequence[Exchange] = found if found and dice.random() < 0.4 else (exchange,)
        shown = dice.choice(source)
        spoilt = spoil(shown, dice)
        try:
            given = await trial.run(what, exchange, spoilt.response)
            if isinstance(given, Given):
                values += 1
                if shown is exchange:
                    assert_whole(spoilt, trial.good[what], given)
        except Exception as crash:
            crash.add_note(
                f"{seed}/{name}/{number}: {what}, {exchange.name} as {shown.name}, {spoilt.kind} {spoilt.path}"
            )
            raise
    await trial.client.aclose()
    return values


def test_there_is_something_of_every_platform() -> None:
    assert set(NAMES) == set(PLATFORMS)


@pytest.mark.parametrize("name", NAMES)
async def test_an_answer_that_is_spoilt_is_an_error_or_right(name: str) -> None:
    count = SLICE // len(NAMES)
    values = await trials(name, count, "harvest")
    assert 0 < values < count


@pytest.mark.parametrize("name", NAMES)
async def test_each_recorded_answer_is_an_error_or_right_wherever_it_is_given(name: str) -> None:
    trial = Trial(await as_saved(name))
    await trial.learn()
    for answer in recorded(name):
        for what, exchange in trial.meets:
            try:
                await trial.run(what, exchange, answer.response())
            except Exception as crash:
                crash.add_note(f"{what}, {exchange.name} as {answer.name}")
                raise
    await trial.client.aclose()


@pytest.mark.soak
async def test_soak_ten_thousand_spoilt_answers(capfd: pytest.CaptureFixture[str]) -> None:
    """MUTATIONS says how many, MUTATIONS_SEED which: chance where it is not set."""
    count = int(os.environ.get("MUTATIONS") or 10_000)
    seed = os.environ.get("MUTATIONS_SEED") or str(Random().randrange(10**6))
    values = sum([await trials(name, -(-count // len(NAMES)), seed) for name in NAMES])
    done = -(-count // len(NAMES)) * len(NAMES)
    with capfd.disabled():
        print(  # noqa: T201
            f"\n{done:,} spoilt answers of {len(NAMES)} platforms, MUTATIONS_SEED={seed}: "
            f"{values:,} were read, {done - values:,} were named errors, none crashed"
        )


def test_the_dice_spoil_alike() -> None:
    exchange: Any = saved_platform("misskey").exchanges[0]
    first, second = (spoil(exchange, Random("one")) for _ in range(2))
    assert (first.kind, first.path, first.response.content) == (second.kind, second.path, second.response.content)
