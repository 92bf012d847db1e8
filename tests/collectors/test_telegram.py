"""Telegram's bytes: a search over pages, posts read again, salts and waits on the way, and answers that are spoilt."""

import random
import sys
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked

from collectors import open_collector
from collectors.contract import Credential
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.posts import Account, Engagement
from tests.collectors.centre import Centre, streamed
from tests.collectors.stage import NEWEST, CountingMeter, MemoryKeeper

WIDTH = 2


def channel(number: int) -> Any:
    photo = types.ChatPhotoEmpty()
    name = f"walks{number}"
    return types.Channel(
        number, f"Walks {number}", photo, NEWEST, access_hash=-9, username=name, participants_count=120
    )


def post(number: int, text: str = "Out again #HarvestDay", **more: Any) -> Any:
    date = NEWEST - timedelta(minutes=number)
    reactions = types.MessageReactions([types.ReactionCount(types.ReactionEmoji("❤"), 3)])
    replies = types.MessageReplies(4, 0)
    return types.Message(
        number, types.PeerChannel(7), date, text, views=90, forwards=2, reactions=reactions, replies=replies, **more
    )


POSTS = [post(1), post(2), post(3)]


def say(method: Any) -> Any:
    """Three posts of one channel, two a page; the third is deleted. A vector of users has no constructor of its own."""
    if isinstance(method, functions.channels.SearchPostsRequest):
        shown = [one for one in POSTS if one.id > method.offset_id]
        if len(shown) <= WIDTH:
            return types.messages.Messages(shown, [], [channel(7)], [])
        return types.messages.MessagesSlice(3, shown[:WIDTH], [], [channel(7)], [], next_rate=55)
    if isinstance(method, functions.channels.GetMessagesRequest):
        number = method.id[0].id
        found = [one for one in POSTS if one.id == number != 3] or [types.MessageEmpty(number, types.PeerChannel(7))]
        return types.messages.ChannelMessages(1, 1, found, [], [channel(7)], [])
    return b"\x15\xc4\xb5\x1c\x01\x00\x00\x00" + bytes(types.User(5, username="walker"))


@pytest.fixture
def centre() -> Centre:
    return Centre(say)


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()


@pytest.fixture
async def telegram(centre: Centre, meter: CountingMeter) -> AsyncIterator[Any]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(centre)) as client:
        yield opened(client, meter, centre.session)


def opened(client: httpx.AsyncClient, meter: CountingMeter, session: str, number: str = "12345") -> Any:
    credential = Credential(session, number)
    return open_collector(
        "telegram", client=client, base_url=None, credential=credential, meter=meter, keeper=MemoryKeeper(),
        now=lambda: NEWEST,
    )  # fmt: skip


async def test_a_hashtag_is_walked_from_a_cursor_that_another_process_could_take(
    telegram: Any, centre: Centre, meter: CountingMeter
) -> None:
    one, two = [page async for page in telegram.search("HarvestDay")]
    assert [each.native_id for page in (one, two) for each in page.posts] == ["7/1", "7/2", "7/3"]
    assert (one.cursor, two.cursor) == ("55/7:-9/2", None)
    asked = centre.asked[1]
    assert (asked.hashtag, asked.offset_rate, asked.offset_id, asked.offset_peer.channel_id) == ("HarvestDay", 55, 2, 7)
    first = one.posts[0]
    assert first.engagement == Engagement(likes=3, reposts=2, replies=4, views=90)
    assert first.author == Account("7", "walks7", "Walks 7", 120)
    assert (first.created_at, first.tags) == (NEWEST - timedelta(minutes=1), ("HarvestDay",))
    assert first.url == "https://t.me/walks7/1"
    assert meter.spent == ["calls"] * 3, "a salt that was not known, then two pages"


async def test_posts_are_read_again_and_what_is_deleted_is_absent(telegram: Any, centre: Centre) -> None:
    looked = await telegram.look(["7:-9/1", "7:-9/3"])
    assert [each.local_id for each in looked.posts] == ["7:-9/1"]
    assert looked.absent == {"7:-9/3"}
    centre.say = lambda _: types.RpcError(400, "CHANNEL_PRIVATE")
    assert (await telegram.look(["7:-9/1"])).absent == {"7:-9/1"}


async def test_a_session_says_whose_it_is(telegram: Any) -> None:
    assert await telegram.check() == {"server": "venus.web.telegram.org", "account": "walker"}


async def test_a_result_may_come_packed_or_after_something_else(telegram: Any, centre: Centre) -> None:
    centre.say = lambda method: GzipPacked(bytes(say(method)))
    centre.first = [bytes(types.NewSessionCreated(1, 2, 77)), None]
    assert len((await anext(telegram.search("HarvestDay"))).posts) == 2


@pytest.mark.parametrize(
    ("code", "said", "error"),
    [
        (420, "FLOOD_WAIT_33", RateLimited), (420, "FROZEN_METHOD_INVALID", Unauthorized),
        (401, "AUTH_KEY_UNREGISTERED", Unauthorized), (403, "PREMIUM_ACCOUNT_REQUIRED", Unauthorized),
        (303, "USER_MIGRATE_4", Unauthorized), (400, "HASHTAG_INVALID", Refused), (-503, "Timeout", Unavailable),
    ],
)  # fmt: skip
async def test_an_error_is_named_by_what_to_do_next(
    telegram: Any, centre: Centre, code: int, said: str, error: type[CollectorError]
) -> None:
    centre.say = lambda _: types.RpcError(code, said)
    with pytest.raises(error, match=said) as caught:
        await telegram.check()
    if isinstance(caught.value, RateLimited):
        assert caught.value.until == NEWEST + timedelta(seconds=33)
    assert centre.session[1:20] not in str(caught.value)


async def test_a_session_that_is_none_or_not_known_is_named_so(
    telegram: Any, centre: Centre, meter: CountingMeter
) -> None:
    centre.status = 404
    with pytest.raises(Unauthorized, match="does not know"):
        await telegram.check()
    async with httpx.AsyncClient(transport=httpx.MockTransport(centre)) as client:
        for session in ("not-a-session", "1" + "A" * 352, "1"):
            with pytest.raises(Unauthorized):
                await opened(client, meter, session).check()
        with pytest.raises(Unauthorized, match="api_id"):
            opened(client, meter, centre.session, "my-app")


async def test_without_the_extra_it_is_said_how_to_get_it(telegram: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "telethon", None)
    with pytest.raises(Refused, match=r"pip install 'groundswell\[telegram\]'"):
        await telegram.check()


async def test_an_answer_that_is_spoilt_is_a_named_error_or_right(telegram: Any, centre: Centre) -> None:
    """Bytes changed or cut off inside of what was sealed: what is read then is a whole page, or nothing."""
    dice, read = random.Random(7), 0

    def spoilt(inner: bytes) -> bytes:
        at = dice.randrange(len(inner))
        return inner[:at] if dice.random() < 0.3 else inner[:at] + dice.randbytes(1) + inner[at + 1 :]

    await telegram.check()
    centre.spoil = spoilt
    for _ in range(700):
        try:
            page = await anext(telegram.search("HarvestDay"))
        except CollectorError:
            continue
        read += 1
        assert len(page.posts) + len(page.skipped) <= WIDTH
        assert all(each.created_at.tzinfo is UTC for each in page.posts)
    assert read


@pytest.mark.parametrize("body", [b"<html>log in</html>", bytes(40), bytes(4)])
async def test_what_is_no_answer_of_telegrams_is_malformed(meter: CountingMeter, centre: Centre, body: bytes) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: streamed(body))) as client:
        with pytest.raises(Malformed):
            await opened(client, meter, centre.session).check()
