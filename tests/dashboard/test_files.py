"""Charts that leave the page: whole, true to the page's numbers, and telling what they are wherever they go."""

import csv
import io
import re
from xml.etree import ElementTree as ET

import httpx
import pytest

from app.dashboard import downloads, picture, raster
from app.dashboard.words import Words
from tests.dashboard.conftest import ATTACKS, parsed

SVG = "{http://www.w3.org/2000/svg}"


def words_in(answer: httpx.Response) -> str:
    root = ET.fromstring(answer.text)
    return " ".join("".join(one.itertext()) for one in root.iter(f"{SVG}text"))


async def test_each_kind_of_subject_gives_its_charts(browser: httpx.AsyncClient, rain: str) -> None:
    for path in ("/campaigns/wet", "/hashtags/rain", f"/influencers/{rain}"):
        for link in [
            a.attrs["href"] or "" for a in parsed(await browser.get(path)).every("a") if "download" in a.attrs
        ]:
            if ".png" in link:
                continue  # slow to draw: one below is enough
            answer = await browser.get(link)
            assert answer.status_code == 200, (link, answer.text)
            name = link.rpartition("/")[2].partition("?")[0]
            kind = path.split("/")[1].removesuffix("s")
            assert answer.headers["content-disposition"] == f'attachment; filename="groundswell-{kind}-{name}"'
    for wrong in ("posts.pdf", "nothing.svg", "posts", ".svg"):
        assert (await browser.get(f"/campaigns/wet/charts/{wrong}")).status_code == 404
    assert (await browser.get("/campaigns/wet/charts/posts.svg?range=x")).status_code == 422


@pytest.mark.usefixtures("rain")
async def test_the_numbers_are_the_curves(browser: httpx.AsyncClient) -> None:
    query = "range=7d&step=6h&tz=Europe/Paris"
    told = (await browser.get(f"/campaigns/wet/charts/engagement.csv?{query}")).text
    rows = list(csv.DictReader(line for line in told.splitlines() if not line.startswith("#")))
    page = await browser.get("/campaigns/wet?" + query)
    api = next(a.attrs["href"] or "" for a in parsed(page).every("a") if "/growth?" in (a.attrs["href"] or ""))
    series = (await browser.get(api)).json()["series"]
    assert [row["engagement"] for row in rows] == ["" if n is None else str(n) for n in series["engagement"]]
    assert [row["time"] for row in rows] == series["time"]
    assert "" in [row["engagement"] for row in rows], "a gap is empty, never 0"


@pytest.mark.usefixtures("rain")
async def test_title_source_coverage_and_date_are_inside(browser: httpx.AsyncClient) -> None:
    for lang, said in (
        ("en", ("Wet", "of this time was observed", "Observed in part or not at all: ", "State of 1 Mar 2026 12:00")),
        ("fr", ("Wet", "de cette période a été observé", "Observé en partie ou pas du tout", "État au 1 mars 2026")),
    ):
        for form in ("svg", "csv"):
            answer = await browser.get(f"/campaigns/wet/charts/posts.{form}?lang={lang}")
            text = words_in(answer) if form == "svg" else answer.text
            assert all(word in text.replace(" ·", ",") for word in (*said, "mastodon", "#Rain")), text
    total = words_in(await browser.get("/campaigns/wet/charts/posts_total.svg"))
    assert "Posts so far" in total
    assert "not observed" in total


async def test_hostile_names_stay_text(browser: httpx.AsyncClient, hostile: list[str]) -> None:
    assert hostile
    for number, text in enumerate(ATTACKS):
        drawn = await browser.get(f"/campaigns/c{number}/charts/posts.svg")
        root = ET.fromstring(drawn.text)
        assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
            "svg", "title", "desc", "defs", "pattern", "path", "rect", "g", "text", "tspan",
        }  # fmt: skip
        assert not any(
            name.startswith("on") or name == "style" or "href" in name for e in root.iter() for name in e.attrib
        )
        assert picture.clean(text) in "".join(root.itertext())
        table = (await browser.get(f"/campaigns/c{number}/charts/posts.csv")).text
        head = [row for row in csv.reader(io.StringIO(table)) if row and row[0].startswith("#")]
        assert all(len(row) == 1 for row in head)


def test_a_line_above_the_numbers_is_one_cell() -> None:
    assert downloads.comments(['a, b; "c" 1,009,000']) == "# a · b · ”c” 1\u202f009\u202f000\n".encode()


def test_what_xml_and_a_line_cannot_hold_is_left_out() -> None:
    assert picture.clean("a\0b\x0bc\ud800d\u202ee\nf\ufffeg") == "abcde fg"
    assert Words("en")("file.source", where="x").startswith("Source")


async def test_a_chart_as_pixels_is_written_on(browser: httpx.AsyncClient, rain: str) -> None:
    assert rain
    if not raster._can_write():
        assert (await browser.get("/campaigns/wet/charts/posts.png")).status_code == 404
        return
    answer = await browser.get("/campaigns/wet/charts/posts.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    wide, high = (int.from_bytes(answer.content[at : at + 4], "big") for at in (16, 20))
    assert (wide, high > 900) == (2_000, True)
    drawing = (await browser.get("/campaigns/wet/charts/posts.svg")).text
    assert raster.png(re.sub("<text.*?</text>", "", drawing)) != raster.png(drawing)
    assert not raster._can_write(fonts=False), "a machine without a font is noticed"
