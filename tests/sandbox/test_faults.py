"""Errors on demand, over the wire."""

import httpx
import pytest

from sandbox.server import Running

TAG = "/api/v1/timelines/tag/farm"


async def test_the_next_answers_fail_as_asked_and_then_no_more(client: httpx.AsyncClient) -> None:
    await client.get("/_control/fail", params={"next": 2, "status": 503, "retry_after": 7})
    answers = [await client.get(TAG) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "7"


async def test_only_the_path_that_is_named_fails(client: httpx.AsyncClient) -> None:
    await client.get("/_control/fail", params={"status": 500, "path": "/xrpc/"})
    assert (await client.get(TAG)).status_code == 200
    assert (await client.get("/xrpc/app.bsky.feed.getPosts")).status_code == 500
    await client.get("/_control/fail", params={"next": 9})
    await client.get("/_control/heal")
    assert (await client.get(TAG)).status_code == 200


async def test_an_answer_may_be_cut_off_garbled_html_or_falsely_empty(
    client: httpx.AsyncClient, running: Running
) -> None:
    running.faults.fail(kind="cut")
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/api/v2/instance")
    running.faults.fail(kind="garbage")
    with pytest.raises(ValueError, match="Expecting"):
        (await client.get(TAG)).json()
    running.faults.fail(kind="html", status=403)
    assert (await client.get(TAG)).headers["content-type"].startswith("text/html")
    running.faults.fail(kind="empty")
    assert (await client.get("/xrpc/app.bsky.feed.getPosts")).json() == {"posts": []}
    running.faults.fail(kind="slow", seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        await client.get(TAG, timeout=0.05)


async def test_what_was_asked_is_remembered(client: httpx.AsyncClient, running: Running) -> None:
    await client.get(TAG, params={"limit": 3})
    (asked,) = (await client.get("/_control/requests")).json()
    assert (asked["path"], asked["query"], asked["status"]) == (TAG, "limit=3", 200)
    assert running.faults.asked[0].method == "GET"


@pytest.mark.parametrize("query", ["next=x", "kind=unknown", "seconds=soon"])
async def test_a_fault_that_makes_no_sense_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/_control/fail?{query}")).status_code == 422
    assert (await client.get("/_control/nothing")).status_code == 404
