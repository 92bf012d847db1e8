import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import from_ms
from app.db.engine import Database
from app.exports import rows as pages
from app.exports.rows import Query
from app.exports.stream import stream
from app.models import Source
from app.store import following, keep
from app.store.curves import Ask, growth
from collectors.posts import Account, Engagement, Post
from tests.imports.files import BORN, NOW, bring, brought, differences, everything, look, post

KINDS = ("accounts", "posts", "snapshots", "coverage")


async def moved(db: Database, other: Database, folder: Path, form: str, **query: Any) -> None:
    """Everything out of the one and into the other, by files."""
    for kind in KINDS:
        path = folder / f"out-{kind}.{form}"
        with path.open("wb") as file:
            async for data in stream(db, kind, Query(**query), form, NOW):
                file.write(data)
        summary = await brought(other, kind, path)
        assert (summary.rejected, summary.first_rejects) == (0, ())


async def curve(db: Database, tag: str = "rain") -> dict[str, Any]:
    async with db.read() as session:
        return await growth(session, "hashtag", tag, Ask(step="1h"), NOW)


ODD = ["=1+1", "'=1", "-", "@me", "\tx", "\rx", "'quoted'", '"a, b"\n', "ok", None, "日本 🌊", "+", "''"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_what_is_exported_comes_in_again_as_it_was(
    db: Database, empty: Database, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    monkeypatch.setattr(pages, "POSTS_OF_LOOKS", 4)
    monkeypatch.setattr(pages, "LOOKS_PAGE", 5)
    rng = random.Random(3)
    tags = ["#Rain", "rain #Wind", "#Ｒain wind"]
    posts = [
        post(n, hashtags=tags[n % 3], created_at=BORN + n * 997 + 0.125, lang="fr", url="https://a.example")
        for n in range(1, 30)
    ]
    looks = {}
    for n in [n for n in range(1, 25) for _ in range(6)]:
        after, likes, views = rng.randrange(5, 10**6), rng.choice([None, 0, 5, 90]), rng.choice([None, 10**12])
        looks[n, after] = look(n, after, likes=likes, views=views, bookmarks=2)
    await bring(db, tmp_path, "posts", posts)
    await bring(db, tmp_path, "snapshots", list(looks.values()))
    await moved(db, empty, tmp_path, form)
    assert await everything(empty) == await everything(db)
    assert await curve(empty) == await curve(db)
    assert await differences(empty) == []
    before = await everything(empty)
    await moved(empty, empty, tmp_path, form)
    assert await everything(empty) == before


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_text_of_strangers_is_guarded_in_csv_and_comes_back_exactly(
    db: Database, empty: Database, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "odd.jsonl"
    import json

    path.write_text("".join(json.dumps(post(n, text=text, author=text or "u")) + "\n" for n, text in enumerate(ODD)))
    assert (await brought(db, "posts", path)).kept == len(ODD)
    out = b"".join([data async for data in stream(db, "posts", Query(), "csv", NOW)]).decode()
    assert ",'=1+1," in out
    assert ",''=1," in out
    assert ",=1" not in out
    await moved(db, empty, tmp_path, form)
    assert (await everything(empty))["post_text"] == (await everything(db))["post_text"]


async def test_what_was_collected_live_gives_the_same_curve_elsewhere(
    db: Database, empty: Database, tmp_path: Path
) -> None:
    async with db.write() as session:
        for name in ("a.example", "b.example"):
            session.add(Source(name=name, platform="mastodon", kind="live", state="ok", state_at=NOW, created_at=NOW))
        await session.flush()
        await following.follow(session, "Rain", None, BORN * 1_000, 300)
        at = from_ms(BORN * 1_000)
        author = Account("https://a.example/u/1", "u1", followers=40)
        for step, source in ((0, 1), (1, 1), (2, 2)):  # the second source is a witness
            levels = Engagement(likes=10 * step, reposts=step)
            page = [
                Post(f"https://a.example/{n}", at + timedelta(minutes=n), levels, str(n), author, ("rain",), text="t")
                for n in range(5)
            ]
            seen = BORN * 1_000 + step * 3_600_000 + 120_000
            await keep.keep(session, keep.Arrivals("mastodon", page, seen, source), NOW)
    from app.store import coverage
    from app.store.subjects import hashtag_key
    from app.store.tracks import of_hashtag

    async with db.write() as session:
        tracks = await of_hashtag(session, hashtag_key("rain"))
        start = BORN * 1_000
        await coverage.write(session, tracks[0].id, start, start + 7_200_000, "complete")
        await coverage.write(session, tracks[1].id, start, start + 1_800_000, "partial", "page limit")
    await moved(db, empty, tmp_path, "csv", hashtags=("#RAIN",))
    live, imported = await curve(db), await curve(empty)
    for part in ("series", "totals"):
        assert imported[part] == live[part]
    assert await differences(empty) == []


async def test_a_hashtag_a_campaign_and_a_span_narrow_what_comes_out(db: Database, tmp_path: Path) -> None:
    from app.models import Campaign, CampaignHashtag
    from app.store.rebuild import rebuild
    from app.store.subjects import ensure, hashtag_key, subject_key

    await bring(db, tmp_path, "posts", [post(1), post(2, hashtags="#Sun"), post(3, hashtags="#Sun #Wind")])
    await bring(db, tmp_path, "snapshots", [look(n, after) for n in (1, 2, 3) for after in (60, 600)])
    async with db.write() as session:
        session.add(Campaign(id="c", slug="dry", name="Dry", kind="other", created_at=0, version=1))
        session.add_all(CampaignHashtag(campaign_id="c", hashtag_id=hashtag_key(tag)) for tag in ("sun", "wind"))
        await session.flush()
        await ensure(session, "campaign", ["c"])
        await rebuild(session, subject_key("campaign", "c"), NOW)

    async def out(kind: str, **query: Any) -> list[Any]:
        return [
            row async for page in pages.pages(db, kind, Query(**query), NOW) for row in zip(*page.columns, strict=True)
        ]

    names = [sorted(row[1][-1] for row in await out("posts", **query)) for query in (
        {}, {"hashtags": ("#SUN",)}, {"hashtags": ("wind",)}, {"campaign": "dry"},
        {"start": (BORN + 120) * 1_000, "end": (BORN + 180) * 1_000},
    )]  # fmt: skip
    assert names == [["1", "2", "3"], ["2", "3"], ["3"], ["2", "3"], ["2"]]
    assert len(await out("snapshots", campaign="dry", start=(BORN + 600) * 1_000)) == 2
    assert len(await out("accounts", campaign="dry")) == 2
    assert {row[2] for row in await out("coverage", campaign="dry")} == {"#sun", "#wind"}
    assert sum(row[3] for row in await out("curves", campaign="dry", step="1d") if row[3]) == 2
