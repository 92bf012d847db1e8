"""What lies beside an exported file, one that is broken off and gone on with, and what a row shows of people."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow.parquet as pq
import pytest

from app.access.seal import Keyring
from app.db.engine import Database
from app.errors import Invalid
from app.exports import dictionary
from app.exports import rows as pages
from app.exports.files import to_file
from app.exports.rows import KINDS, Query
from app.exports.shown import Shown
from app.exports.stream import stream
from app.exports.terms import TERMS
from app.store import campaigns, outcomes
from app.store.campaigns import Described
from app.store.columns import FORMULA
from app.store.outcomes import Gift
from tests.imports.files import BORN, NOW, bring, look, post

KEYS = Keyring.of(b"a key that is long enough for the tests")
HIDDEN = Shown(KEYS.pseudonym, KEYS.naming_mark)
HOUSE = Path(__file__).resolve().parents[2]
DRY = Described("dry", "Dry", "other", None, None, ("#rain", "#wind"))

# The rules of the Frictionless profiles `data-package` and `tabular-data-resource` (v1) for what we write.
FIELD = {
    "type": "object", "required": ["name", "type"],
    "properties": {
        "name": {"type": "string"}, "type": {"enum": ["string", "integer", "number", "datetime"]},
        "format": {"type": "string"}, "description": {"type": "string"}, "constraints": {"type": "object"},
    },
}  # fmt: skip
RESOURCE = {
    "type": "object", "required": ["name", "path", "profile", "schema"],
    "properties": {
        "name": {"type": "string", "pattern": "^([-a-z0-9._/])+$"},
        "path": {"type": "string", "pattern": r"^(?=^[^./~])(^((?!\.{2}).)*$).*$"},
        "profile": {"enum": ["tabular-data-resource", "data-resource"]},
        "bytes": {"type": "integer"}, "hash": {"type": "string", "pattern": "^([^:]+:[a-fA-F0-9]+|[a-fA-F0-9]{32}|)$"},
        "encoding": {"type": "string"}, "mediatype": {"type": "string", "pattern": "^(.+)/(.+)$"},
        "schema": {
            "type": "object", "required": ["fields"],
            "properties": {
                "fields": {"type": "array", "minItems": 1, "items": FIELD},
                "missingValues": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
}  # fmt: skip
PACKAGE = {
    "type": "object", "required": ["resources"],
    "properties": {
        "profile": {"const": "data-package"}, "name": {"type": "string", "pattern": "^([-a-z0-9._/])+$"},
        "created": {"type": "string", "format": "date-time"},
        "resources": {"type": "array", "minItems": 1, "items": RESOURCE},
    },
}  # fmt: skip


@pytest.fixture
async def grown(db: Database, tmp_path: Path) -> Database:
    tags = ["#Rain", "#Wind", "#Rain #Wind"]
    await bring(db, tmp_path, "posts", [post(n, hashtags=tags[n % 3], text="hello @u1") for n in range(1, 21)])
    await bring(db, tmp_path, "snapshots", [look(n, 60 * k, likes=k) for n in range(1, 21) for k in range(1, 8)])
    async with db.write() as session:
        campaign = (await campaigns.create(session, DRY, NOW, 300)).id
        gifts = [Gift(f"g{n}", NOW + n, "donation", "3.50", "EUR", "code") for n in range(9)]
        await outcomes.keep(session, campaign, gifts, NOW)
    return db


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAGE", "POSTS_OF_LOOKS", "LOOKS_PAGE"):
        monkeypatch.setattr(pages, name, 2)
    monkeypatch.setattr(pages, "HASHTAGS_PAGE", 1)


def left(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


class Stopped(Exception):
    """Whoever looked on had enough."""


def stopping(at: int) -> Any:
    def look_on(rows: int) -> None:
        if rows >= at:
            raise Stopped

    return look_on


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("kind", ["posts", "snapshots", "accounts", "coverage", "outcomes", "curves"])
async def test_an_export_that_is_broken_off_goes_on_to_the_same_bytes(
    grown: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, form: str
) -> None:
    small(monkeypatch)
    campaign = kind == "outcomes"
    query = Query(() if campaign else ("#rain", "wind"), "dry" if campaign else None, step="1d")
    whole = await to_file(grown, kind, query, form, tmp_path / f"whole.{form}", NOW, shown=HIDDEN)
    path = tmp_path / f"x.{form}"
    for resume in (False, True):
        with pytest.raises(Stopped):
            await to_file(grown, kind, query, form, path, NOW, stopping(whole.rows), shown=HIDDEN, resume=resume)
        assert not path.exists()
        assert (tmp_path / f"x.{form}.part").exists()
    with (tmp_path / f"x.{form}.part").open("ab") as part:
        part.write(b"what came after the last note")
    with pytest.raises(Invalid, match="asked for otherwise"):
        await to_file(grown, kind, query, form, path, NOW, resume=True)
    made = await to_file(grown, kind, query, form, path, NOW + 999, shown=HIDDEN, resume=True)
    assert path.read_bytes() == whole.path.read_bytes()
    told = [json.loads(each.manifest.read_text()) for each in (made, whole)]
    for name in ("rows", "sha256", "platforms", "coverage", "made_at"):
        assert told[0][name] == told[1][name]
    assert left(tmp_path, "*.part*") == []
    with pytest.raises(Invalid, match="nothing to go on with"):
        await to_file(grown, kind, query, form, path, NOW, shown=HIDDEN, resume=True)


async def test_a_parquet_file_is_whole_or_not_there(
    grown: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    path = tmp_path / "x.parquet"
    with pytest.raises(Stopped):
        await to_file(grown, "posts", Query(), "parquet", path, NOW, stopping(6))
    assert left(tmp_path, "x.parquet*") == []
    with pytest.raises(Invalid, match="cannot be gone on with"):
        await to_file(grown, "posts", Query(), "parquet", path, NOW, resume=True)


async def test_the_manifest_says_what_to_cite_and_what_was_not_observed(grown: Database, tmp_path: Path) -> None:
    rows = [
        {"platform": "mastodon", "source": "home", "hashtag": "#rain", "from": BORN, "to": BORN + 6_000, "state": state}
        for state in ("complete",)
    ]
    gap = {**rows[0], "from": BORN + 6_000, "to": BORN + 8_000, "state": "missed", "reason": "down"}
    await bring(grown, tmp_path, "coverage", [*rows, gap])
    made = await to_file(grown, "posts", Query(("rain",)), "csv", tmp_path / "p.csv", NOW, shown=HIDDEN)
    told = json.loads(made.manifest.read_text())
    home = next(one for one in told["coverage"] if one["source"] == "import:home")
    assert (home["owed_s"], home["complete_s"], home["missed_s"], home["share"]) == (8_000, 6_000, 2_000, 0.75)
    assert told["gaps"] == [{
        "hashtag": "#rain", "source": "import:home", "from": "2026-02-25T07:53:20Z", "to": "2026-02-25T08:26:40Z",
        "state": "missed", "reason": "down",
    }]  # fmt: skip
    assert told["people"]["authors"] == "pseudonyms"
    assert told["people"]["key"] == KEYS.naming_mark
    assert any("ids of posts" in note for note in told["people"]["notes"])
    assert told["platforms"]["mastodon"]["rows"] == made.rows
    assert told["platforms"]["mastodon"]["terms"]["delete"]
    assert told["sha256"] in told["cite"]


async def test_a_folder_of_files_is_one_data_package(grown: Database, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for kind, form in (("posts", "csv"), ("snapshots", "jsonl"), ("curves", "parquet"), ("posts", "csv")):
        await to_file(grown, kind, Query(("rain",), step="1d"), form, folder / f"My {kind}.{form}", NOW)
    package = json.loads((folder / "datapackage.json").read_text())
    jsonschema_rs.validate(PACKAGE, package)
    assert [one["path"] for one in package["resources"]] == ["My curves.parquet", "My posts.csv", "My snapshots.jsonl"]
    for one in package["resources"]:
        data = (folder / one["path"]).read_bytes()
        assert one["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        fields = {field["name"]: field["type"] for field in one["schema"]["fields"]}
        words = json.loads((folder / f"{one['path']}.dictionary.json").read_text())["columns"]
        assert {word["name"]: word["type"] for word in words} == fields
        assert list(fields) == _columns(one["format"], data)
    for others in ('{"resources": []}', '{"groundswell": 1, "resources": [{"path": "c.csv"}]}'):
        (folder / "datapackage.json").write_text(others)  # somebody else's, or ours no more
        await to_file(grown, "coverage", Query(), "csv", folder / "c.csv", NOW)
        assert (folder / "datapackage.json").read_text() == others
        jsonschema_rs.validate(PACKAGE, json.loads((folder / "c.csv.datapackage.json").read_text()))


ARROW = {"int64": "integer", "string": "string", "double": "number", "timestamp[ms, tz=UTC]": "datetime"}


def _columns(form: str, data: bytes) -> list[str]:
    if form == "parquet":
        return list(pq.read_schema(io.BytesIO(data)).names)
    return next(csv.reader(io.StringIO(data.decode()))) if form == "csv" else list(json.loads(data.splitlines()[0]))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_column_has_its_word_and_its_type(kind: str) -> None:
    """A column that nobody explains is read as whatever it looks like."""
    from app.exports.writers import writer

    words = dictionary.of(kind, KINDS[kind])
    assert list(dictionary.WORDS[kind]) == list(KINDS[kind].names)
    assert all(word["description"] and word["null"] for word in words)
    schema = pq.read_schema(io.BytesIO(writer(KINDS[kind], "parquet").end()))
    assert {field.name: ARROW[str(field.type)] for field in schema} == {word["name"]: word["type"] for word in words}
    assert dictionary.page(kind, KINDS[kind]) in (HOUSE / "docs" / "exports.md").read_text()


def test_every_platform_s_terms_are_documented() -> None:
    page = (HOUSE / "docs" / "exports.md").read_text()
    assert [name for name, one in TERMS.items() if f"| {name} | {one.republish} | {one.delete} |" not in page] == []


async def said(db: Database, kind: str, form: str, shown: Shown, **query: Any) -> bytes:
    return b"".join([data async for data in stream(db, kind, Query(**query), form, NOW, shown=shown)])


async def test_ids_alone_go_with_their_time_where_the_terms_allow_it(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1, text="t"), post(2, platform="x", native_id="77", text="t")])
    rows = list(csv.DictReader(io.StringIO((await said(db, "posts", "csv", HIDDEN, dehydrated=True)).decode())))
    assert {row["platform"]: row["created_at"] for row in rows} == {"mastodon": "2026-02-25T06:14:20Z", "x": ""}
    assert set(rows[0]) == {"platform", "native_id", "created_at"}
    with pytest.raises(Invalid, match="ids alone are of posts"):
        await said(db, "snapshots", "csv", HIDDEN, dehydrated=True)


async def test_a_person_has_one_pseudonym_in_all_files_and_another_under_another_key(grown: Database) -> None:
    other = Keyring.of(b"another key that is long enough for it")
    names = []
    for shown in (HIDDEN, Shown(other.pseudonym, other.naming_mark)):
        posts = [json.loads(line) for line in (await said(grown, "posts", "jsonl", shown)).splitlines()]
        accounts = [json.loads(line) for line in (await said(grown, "accounts", "jsonl", shown)).splitlines()]
        assert {row["author_id"] for row in posts} == {row["native_id"] for row in accounts}
        assert {row["author"] for row in posts} | {row["handle"] for row in accounts} == {None}
        names.append({row["author_id"] for row in posts})
    assert len(names[0]) == 3
    assert not names[0] & names[1]
    assert other.naming_mark != KEYS.naming_mark
    assert KEYS.mark != KEYS.naming_mark
    name = KEYS.pseudonym("mastodon", "ana")
    assert other.pseudonym("mastodon", name) == name != KEYS.pseudonym("bluesky", "ana")


EVIL = [f"{sign}1+1|x" for sign in sorted(FORMULA)]


async def test_no_cell_of_any_column_is_run_by_a_spreadsheet(db: Database, tmp_path: Path) -> None:
    posts = [
        post(n, native_id=evil, author_id=evil, author=evil, text=evil, url=evil, lang=evil, in_reply_to=evil,
             repost_of=evil, quote_of=evil, labels=evil, platform="=p")
        for n, evil in enumerate(EVIL)
    ]  # fmt: skip
    path = tmp_path / "evil.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in posts))
    from tests.imports.files import brought

    assert (await brought(db, "posts", path)).rejected == 0
    seen = [
        {"platform": "=p", "native_id": evil, "observed_at": BORN - 9, "followers": 1, "handle": evil, "name": evil}
        for evil in EVIL
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in seen))
    assert (await brought(db, "accounts", path)).rejected == 0
    reason = {"platform": "=p", "source": "=s", "hashtag": "#rain", "state": "partial", "reason": "=cmd|x"}
    path.write_text(json.dumps({**reason, "from": BORN, "to": BORN + 9}) + "\n")
    assert (await brought(db, "coverage", path)).rejected == 0
    async with db.write() as session:
        campaign = (await campaigns.create(session, DRY, NOW, 300)).id
        gifts = [Gift(evil.strip() or "g", NOW, "donation", "-3.50", "EUR", evil.strip()) for evil in EVIL]
        await outcomes.keep(session, campaign, gifts, NOW)
    for kind in ("posts", "accounts", "coverage", "outcomes"):
        data = await said(db, kind, "csv", Shown(), campaign="dry" if kind == "outcomes" else None)
        for row in csv.DictReader(io.StringIO(data.decode(), newline="")):
            assert {name: cell for name, cell in row.items() if cell[:1] in FORMULA and name != "amount"} == {}
            assert row.get("amount", "-3.50") == "-3.50"


async def test_an_id_that_begins_with_a_dash_stays_as_the_platform_gives_it(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1, platform="youtube", native_id="-0CMnp02rNY")])
    assert b"\nyoutube,-0CMnp02rNY," in await said(db, "posts", "csv", HIDDEN)
