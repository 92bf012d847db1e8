"""Every saved and every recorded answer, spoilt in one place each: a typed error or right values, never half a page.

MUTATIONS says how many in all (`make soak`: 10,000), MUTATIONS_SEED which.
"""

import json
import os
import time
import traceback
from dataclasses import dataclass, field
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
RECORDED = 0.4  # how many of them are recorded answers, where there are any
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


async def opened_trial(name: str) -> "Trial":
    trial = Trial(await as_saved(name))
    await trial.learn()
    return trial


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
            asked, self.played.requests = self.played.requests, []
            assert time.perf_counter() - began < LONGEST
            assert {request.url.netloc for request in asked} <= {httpx.URL(self.platform.base).netloc}
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


@dataclass
class Outcome:
    """Of so many, how many were read; the others were named errors, but for those that are told of in `wrong`."""

    read: int = 0
    wrong: list[str] = field(default_factory=list)


async def spoil_many(name: str, count: int, seed: str) -> Outcome:
    trial, outcome, found = await opened_trial(name), Outcome(), recorded(name)
    for number in range(count):
        dice = Random(f"{seed}/{name}/{number}")
        what, exchange = dice.choice(trial.meets)
        shown = dice.choice(found) if found and dice.random() < RECORDED else exchange
        spoilt = spoil(shown, dice)
        try:
            given = await trial.run(what, exchange, spoilt.response)
            if isinstance(given, Given):
                outcome.read += 1
                if shown is exchange and exchange.name not in trial.platform.said.get("survives", ()):
                    assert_whole(spoilt, trial.good[what], given)
        except Exception as crash:  # noqa: BLE001  all of them are wanted, not the first
            where = traceback.extract_tb(crash.__traceback__)[-1]
            how = f"{what}, {exchange.name} as {shown.name}, {spoilt.kind} {spoilt.path}"
            outcome.wrong.append(f"{seed}/{name}/{number}: {how}: {crash!r:.200} in {where.name}:{where.lineno}")
    return outcome


def test_there_is_something_of_every_platform() -> None:
    assert {*NAMES, "telegram"} == set(PLATFORMS)  # test_telegram spoils its own: they are sealed


@pytest.mark.parametrize("name", NAMES)
async def test_an_answer_that_is_spoilt_is_an_error_or_right(name: str) -> None:
    count = SLICE // len(NAMES)
    outcome = await spoil_many(name, count, "harvest")
    assert outcome.wrong == []
    assert 0 < outcome.read < count


@pytest.mark.parametrize("name", NAMES)
async def test_each_recorded_answer_is_an_error_or_right_wherever_it_is_given(name: str) -> None:
    """In some place, which need not be its own."""
    trial = await opened_trial(name)
    for answer in recorded(name):
        for what, exchange in Random(answer.name).sample(trial.meets, min(3, len(trial.meets))):
            try:
                await trial.run(what, exchange, answer.response())
            except Exception as crash:
                crash.add_note(f"{what}, {exchange.name} as {answer.name}")
                raise


@pytest.mark.soak
async def test_soak_ten_thousand_spoilt_answers(capfd: pytest.CaptureFixture[str]) -> None:
    """MUTATIONS says how many, MUTATIONS_SEED which: chance where it is not set."""
    count = int(os.environ.get("MUTATIONS") or 10_000)
    seed = os.environ.get("MUTATIONS_SEED") or str(Random().randrange(10**6))
    each = -(-count // len(NAMES))
    outcomes = [await spoil_many(name, each, seed) for name in NAMES]
    read, wrong = sum(one.read for one in outcomes), [crash for one in outcomes for crash in one.wrong]
    done = each * len(NAMES)
    with capfd.disabled():
        print(  # noqa: T201
            f"\n{done:,} spoilt answers of {len(NAMES)} platforms, MUTATIONS_SEED={seed}: "
            f"{read:,} were read, {done - read - len(wrong):,} were named errors, {len(wrong)} were wrong"
        )
    assert wrong == []


def test_the_dice_spoil_alike() -> None:
    exchange: Any = saved_platform("misskey").exchanges[0]
    first, second = (spoil(exchange, Random("one")) for _ in range(2))
    assert (first.kind, first.path, first.response.content) == (second.kind, second.path, second.response.content)
