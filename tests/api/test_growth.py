"""Growth curves over HTTP: what is asked, what is refused, and that nothing is sent twice."""

import httpx
import pytest

from app.clock import to_ms
from app.db.engine import Database
from app.store import native_counts
from tests.api.conftest import add_source, ago, arrive, post
from tests.clocks import FakeClock


@pytest.fixture
async def grown(api: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db)
    await api.post("/hashtags", json={"tag": "#Growing"})
    await api.post("/campaigns", json={"slug": "c", "name": "C", "hashtags": ["#growing"]})
    posts = [post(n, ("Growing",), ago(hours=n), likes=10) for n in range(1, 5)]
    await arrive(db, source, posts, ago(minutes=10))


async def test_a_curve_has_its_columns(api: httpx.AsyncClient, grown: None) -> None:
    curve = (await api.get("/hashtags/growing/growth")).json()
    assert list(curve) == [
        "subject", "from", "to", "step", "timezone", "as_of", "series", "platforms", "totals", "summary", "gaps",
    ]  # fmt: skip
    assert (curve["from"], curve["to"], curve["step"]) == ("2026-03-01T08:00:00Z", "2026-03-01T12:00:00Z", "1h")
    assert curve["series"]["posts"] == [1, 1, 1, 1]
    assert sum(curve["series"]["likes"]) == curve["totals"]["likes"] == 40
    assert {len(column) for column in curve["series"].values()} == {4}
    assert (await api.get("/campaigns/c/growth")).json()["series"] == curve["series"]


async def test_metrics_are_chosen_and_platforms_split(api: httpx.AsyncClient, grown: None) -> None:
    for query in ("metric=posts,likes", "metric=posts&metric=likes"):
        curve = (await api.get(f"/hashtags/growing/growth?{query}")).json()
        assert set(curve["series"]) == {"time", "posts", "likes"}
    split = (await api.get("/hashtags/growing/growth?split=platform&metric=posts")).json()
    assert split["platforms"]["mastodon"]["series"]["posts"] == [1, 1, 1, 1]
    other = (await api.get("/hashtags/growing/growth?platform=bluesky")).json()
    assert other["platforms"] == {}


async def test_a_question_without_an_answer_is_refused(api: httpx.AsyncClient, grown: None) -> None:
    for query, field in [
        ("step=2h", "step"),
        ("step=5m&from=2026-01-01T00:00:00Z", "step"),
        ("step=15m&from=2020-01-01T00:00:00Z", "step"),
        ("tz=Mars/Olympus", "tz"),
        ("tz=../../etc/passwd", "tz"),
        ("tz=", "tz"),
        ("metric=money", "metric.0"),
        ("from=2026-03-01&to=2026-02-01", "from"),
        ("from=soon", "from"),
        ("from=1e300", "from"),
        ("to=99999999999999", "to"),
        ("split=author", "split"),
        ("stepp=1h", "stepp"),
    ]:
        answer = await api.get(f"/hashtags/growing/growth?{query}")
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field


async def test_too_fine_a_step_names_the_one_that_would_do(api: httpx.AsyncClient, grown: None) -> None:
    answer = await api.get("/hashtags/growing/growth?step=15m&from=2020-01-01T00:00:00Z")
    assert "step=6h" in answer.json()["detail"]


async def test_the_same_numbers_are_not_sent_twice(
    api: httpx.AsyncClient, grown: None, clock: FakeClock, db: Database
) -> None:
    url = "/hashtags/growing/growth?to=2026-03-01T12:00:00Z"
    tag = (await api.get(url)).headers["etag"]
    clock.advance(5)
    again = await api.get(url, headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    source = await add_source(db, "two.example")
    await arrive(db, source, [post(9, ("Growing",), ago(hours=1))], ago(minutes=5))
    assert (await api.get(url, headers={"If-None-Match": tag})).status_code == 200


async def test_a_platforms_own_count_stands_beside_ours_and_changes_the_etag(
    api: httpx.AsyncClient, grown: None, db: Database, clock: FakeClock
) -> None:
    url, day = "/hashtags/growing/growth?step=1d&from=2026-03-01&to=2026-03-02", to_ms(ago(hours=12))
    plain = await api.get(url)
    async with db.write() as session:
        await native_counts.keep(session, [(1, day, 86_400_000, 70, None, None, None)], to_ms(clock.now()))
    told = await api.get(url, headers={"If-None-Match": plain.headers["etag"]})
    assert (told.status_code, told.json()["platforms"]["mastodon"]["native_posts"]) == (200, [70])
    assert (told.json()["series"], told.json()["totals"]) == (plain.json()["series"], plain.json()["totals"])


async def test_a_curve_as_it_was_known_does_not_see_what_came_later(
    api: httpx.AsyncClient, grown: None, db: Database, clock: FakeClock
) -> None:
    url = "/hashtags/growing/growth?to=2026-03-01T12:00:00Z"
    then = (await api.get(url)).json()
    source = await add_source(db, "two.example")
    clock.advance(600)
    await arrive(db, source, [post(9, ("Growing",), ago(hours=1))], ago(minutes=-5))
    assert (await api.get(url)).json()["series"] != then["series"]
    assert (await api.get(f"{url}&as_of={then['as_of']}")).json() == then
    for path in ("/hashtags/growing/growth", f"/posts/{(await api.get('/posts')).json()['items'][0]['id']}/engagement"):
        answer = await api.get(f"{path}?as_of=2026-03-02")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "as_of")


async def test_what_is_not_followed_has_no_curve(api: httpx.AsyncClient) -> None:
    for path in ["/hashtags/none", "/campaigns/none", "/influencers/none"]:
        assert (await api.get(f"{path}/growth")).status_code == 404
