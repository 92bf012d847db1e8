"""PeerTube's own traps: a list names no tags, and an account is looked up by its handle."""

import json
from pathlib import Path

import httpx
import pytest
import respx

from collectors.errors import Refused
from collectors.peertube import Peertube
from tests.collectors.stage import CountingMeter

SAVED = Path(__file__).parent / "saved" / "peertube"
HOME = "https://meadow.example"


def body(name: str) -> object:
    return json.loads((SAVED / f"{name}.json").read_text("utf-8"))["body"]


def collector(client: httpx.AsyncClient) -> Peertube:
    return Peertube(client=client, base_url=HOME, credential=None, meter=CountingMeter(), keeper=CountingMeter())  # type: ignore[arg-type]


async def test_what_was_found_by_a_tag_carries_it_and_a_look_tells_all_tags() -> None:
    async with httpx.AsyncClient() as client:
        with respx.mock(base_url=HOME) as served:
            served.get("/api/v1/videos").respond(json=body("search"))
            served.get(url__regex=r".*/videos/0.*").respond(json=body("look"))
            page = await anext(collector(client).search("HarvestDay"))
            looked = await collector(client).look([page.posts[0].local_id or ""])
    first, second = page.posts
    assert (first.tags, second.labels, second.author and second.author.local_id) == (
        ("HarvestDay",), ("sensitive",), "pier@lagoon.example",
    )  # fmt: skip
    assert first.native_id == "https://meadow.example/videos/watch/00000003-aaaa-4bbb-8ccc-dddddddddddd"
    assert looked.posts[0].tags == ("HarvestDay", "apples", "Harvest")
    assert (looked.posts[0].engagement.likes, looked.posts[0].engagement.views) == (11, 120)


async def test_another_server_and_an_id_that_leads_elsewhere_are_refused() -> None:
    async with httpx.AsyncClient() as client:
        with respx.mock(base_url=HOME) as served:
            served.get("/api/v1/config").respond(json={"version": "4.3"})
            with pytest.raises(Refused, match="not as PeerTube does"):
                await collector(client).check()
        with pytest.raises(Refused, match="no id of PeerTube"):
            await collector(client).look(["../config"])
