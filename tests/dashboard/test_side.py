"""The pages that compare campaigns and say who made one grow: the numbers as the API's, in both languages."""

import httpx
import pytest

from app.clock import to_ms
from app.dashboard import reasons
from app.dashboard.reasons import told
from app.dashboard.words import Words
from app.db.engine import Database
from app.store import campaigns, outcomes, people
from app.store.outcomes import Gift
from app.store.people import Claim
from tests.api.conftest import NOON
from tests.built import once
from tests.dashboard.conftest import parsed
from tests.store.sky import DAY, HOUR, campaign, follow, rain

NOW = to_ms(NOON)


@pytest.fixture
async def two(db: Database) -> None:
    await once(db, _two, lambda: _two(db))


async def _two(db: Database) -> None:
    source = await follow(db, ["#A", "#B"], NOW - 5 * DAY, NOW)
    async with db.write() as session:
        claims = [Claim("mastodon", None, "https://sky.example/users/a1")]
        person = await people.create(session, "Ada <b>Rain</b>", "person", claims, NOW)
    await campaign(db, "first", "#A", NOW - 4 * DAY, NOW, [person.id])
    await campaign(db, "second", "#B", NOW - 2 * DAY, NOW)
    for tag, start, size in (("A", NOW - 4 * DAY, 5), ("B", NOW - 2 * DAY, 3)):
        rows = [(start + n * HOUR, f"{tag.lower()}{n % 7}", 100 + n, size * (n % 5)) for n in range(40)]
        await rain(db, source, tag, rows)


@pytest.mark.usefixtures("two")
async def test_side_by_side_in_both_languages(browser: httpx.AsyncClient) -> None:
    english = await browser.get("/compare?campaign=first&campaign=second")
    french = await browser.get("/compare?campaign=first&campaign=second&lang=fr")
    assert (english.status_code, french.status_code) == (200, 200), english.text
    table = (await browser.get("/api/v1/compare?campaign=first&campaign=second")).json()["table"]
    engagement = next(row for row in table if row["name"] == "engagement")["values"]
    for page, words in ((english.text, ("Side by side", "Half-life")), (french.text, ("Côte à côte", "Demi-vie"))):
        assert all(word in page for word in words)
        assert all(f">{one['value']:.0f}<" in page for one in engagement.values())
        assert page.count('class="seen solid"') == 2
    assert "buckets were observed for all" in english.text
    assert "First had 1.67 times the engagement of Second" in english.text
    assert "Engagement gained in each 1 h from launch on" in english.text
    for word in ("se poursuit", "engagements par heure", "First a eu 1,67 fois l’engagement de Second"):
        assert word in french.text
    assert "goes on" not in french.text


async def test_the_very_small_is_drawn_beside_the_very_big(db: Database, browser: httpx.AsyncClient) -> None:
    source = await follow(db, ["#Big", "#Small"], NOW - 3 * DAY, NOW)
    for slug, size in (("big", 90), ("small", 1)):
        await campaign(db, slug, f"#{slug.title()}", NOW - 2 * DAY, NOW)
        await rain(
            db, source, slug.title(), [(NOW - 2 * DAY + n * HOUR, f"a{n}", 9, size * (n % 3)) for n in range(40)]
        )
    page = (await browser.get("/compare?campaign=big&campaign=small")).text
    assert page.count("Drawn on its own scale, as it would be flat beside 180.") == 1
    (small,) = [part for part in page.split("<figure")[1:] if "Drawn on its own scale" in part]
    assert '<text class="y" x="-8" y="16">2</text>' in small


async def test_where_nothing_was_collected_the_platforms_own_counts_are_offered(
    db: Database, browser: httpx.AsyncClient
) -> None:
    for slug in ("one", "two"):
        await campaign(db, slug, f"#{slug}", NOW - 2 * DAY, NOW)
    for lang, words in (("en", "Nothing was collected for all of them"), ("fr", "Rien n’a été relevé pour toutes")):
        page = (await browser.get(f"/compare?campaign=one&campaign=two&lang={lang}")).text
        assert words in page
        assert "metric=native_posts" in page
    native = (await browser.get("/compare?campaign=one&campaign=two&metric=native_posts")).text
    assert "as the platforms themselves count them" in native
    assert "metric=native_posts" in native.split("/api/v1/compare")[1]


def test_reasons_are_told_in_french_with_numbers_as_they_are_written_there() -> None:
    french, english = Words("fr"), Words("en")
    reason = "of 555172 by the newest look, 91.2% of what is expected; something else of 12345"
    assert told(english, reason) == "of 555,172 by the newest look, 91.2% of what is expected; something else of 12,345"
    assert told(french, reason).startswith("de 555\N{NARROW NO-BREAK SPACE}172 au dernier relevé, 91,2 % de ce qui")
    assert told(french, "{braces} of N") == "{braces} of N"
    assert all(key.count("N") == there.count("{}") for key, there in reasons.FRENCH.items())


async def test_what_was_known_then(two: None, browser: httpx.AsyncClient) -> None:
    at = "2026-02-28T12:00:00Z"
    for path in ("/compare?campaign=first&campaign=second", "/campaigns/first/influencers?"):
        page = await browser.get(f"{path}&as_of={at}")
        assert page.status_code == 200
        assert "As of 28 Feb 2026 12:00." in page.text
        assert f"as_of={at.replace(':', '%3A')}" in page.text
        assert (await browser.get(f"{path}&as_of=2999-01-01T00:00:00Z")).status_code == 422


@pytest.mark.usefixtures("two")
async def test_what_is_to_be_compared_can_be_chosen(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/compare")).text
    assert page.count('type="checkbox"') == 2
    assert 'href="/compare?campaign=first&amp;campaign=second"' in (await browser.get("/")).text
    wrong = await browser.get("/compare?campaign=first")
    assert wrong.status_code == 422
    assert (await browser.get("/compare?campaign=first&campaign=none")).status_code == 404


@pytest.mark.usefixtures("two")
async def test_who_made_it_grow(browser: httpx.AsyncClient) -> None:
    assert "/campaigns/first/influencers" in (await browser.get("/campaigns/first")).text
    for lang, words in (("en", "not distinguishable"), ("fr", "non distinguable")):
        page = await browser.get(f"/campaigns/first/influencers?lang={lang}")
        assert page.status_code == 200, page.text
        assert "Ada &lt;b&gt;Rain" in page.text
        assert words in page.text
    assert (await browser.get("/campaigns/none/influencers")).status_code == 404


@pytest.mark.usefixtures("two")
async def test_one_campaign_alone_keeps_its_tick_and_says_what_would_be_right(browser: httpx.AsyncClient) -> None:
    wrong = await browser.get("/compare?campaign=second")
    assert wrong.status_code == 422
    assert "Choose two to five campaigns." in wrong.text
    assert 'value="second" checked' in wrong.text
    nothing = await browser.get("/compare?lang=fr")
    assert "Choisissez de deux à cinq campagnes." in nothing.text
    assert nothing.text.count(" checked") == 2


async def test_what_it_brought_in_stands_on_its_own_page(two: None, db: Database, browser: httpx.AsyncClient) -> None:
    assert "What it brought in" not in (await browser.get("/campaigns/first")).text
    gifts = [
        Gift("1", NOW - DAY, "donation", "1200.50", "EUR", "ada10", 3), Gift("2", NOW - DAY, "donation", "7", "USD"),
        Gift("3", NOW - DAY, "donation", "400", "EUR"), Gift("4", NOW - DAY, "donation", "-100", "EUR"),
        Gift("5", NOW - DAY, "sign-up"),
    ]  # fmt: skip
    async with db.write() as session:
        who = (await people.listed(session, None, 1))[0]
        await people.change(session, who, who.name, who.kind, None, NOW, ["ADA10"])
        await outcomes.keep(session, (await campaigns.by_slug(session, "first")).id, gifts, NOW)
    page = parsed(await browser.get("/campaigns/first"))
    english = " ".join(one.text for one in page.elements if one.tag in ("th", "td")).replace("\xa0", " ")
    assert "Donations 1,500.50 EUR 4 375.12 EUR Ada <b>Rain</b> 80%, nobody’s code 20%" in english
    assert "Donations 7.00 USD 1 7.00 USD nobody’s code 100%" in english
    assert "Sign-ups 1 – –" in english
    assert "Ce qu’elle a rapporté" in (await browser.get("/campaigns/first?lang=fr")).text


@pytest.mark.usefixtures("two")
async def test_the_charts_leave_as_one_file(browser: httpx.AsyncClient) -> None:
    query = "campaign=first&campaign=second"
    assert f"/compare/charts/gain.svg?{query}".replace("&", "&amp;") in (await browser.get(f"/compare?{query}")).text
    told = (await browser.get(f"/compare/charts/gain.csv?{query}")).text.splitlines()
    rows = [line.split(",") for line in told if not line.startswith("#")]
    assert rows[0] == ["hours_since_launch", "first", "second"]
    found = (await browser.get(f"/api/v1/compare?{query}")).json()["campaigns"]
    for place, one in enumerate(found, 1):
        gains = [row[place] for row in rows[1:]]
        assert gains == ["" if gain is None else f"{gain:g}" for gain in one["series"]["gain"]]
    drawing = (await browser.get(f"/compare/charts/gain.svg?{query}")).text
    for text in (told[0], drawing):
        assert "Engagement gained in each 1 h from launch on" in text
    for word in ("buckets were observed for all", "As of 1 Mar 2026 12:00", "Source: Groundswell", "First", "Second"):
        assert word in drawing
        assert any(word in line for line in told)
    assert (await browser.get(f"/compare/charts/posts.svg?{query}")).status_code == 404
    assert (await browser.get("/compare/charts/gain.svg?campaign=first")).status_code == 422
