"""What lies beside an exported file: a manifest to cite it by, its data dictionary, and the folder's data package."""

import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.clock import rfc3339
from app.db.engine import Database
from app.exports import package, terms
from app.exports.dictionary import of
from app.exports.rows import HASHTAGS_PAGE, Query, checked, columns
from app.exports.shown import Shown
from app.exports.stream import Done
from app.store import curves, owing
from app.store.coverage import STATES, Stretch

MOST_GAPS = 1_000


@dataclass(frozen=True, slots=True)
class About:
    """An export that is written: what was asked for, when, and what came of it."""

    kind: str
    form: str
    query: Query
    now: int
    path: Path
    done: Done
    size: int
    sha256: str
    shown: Shown


async def tell(db: Database, about: About) -> dict[str, Any]:
    """The manifest."""
    coverage, gaps, left_out = await _observed(db, about)
    platforms = dict(about.done.platforms) or dict.fromkeys(sorted({one["platform"] for one in coverage}))
    return {
        "kind": about.kind, "format": about.form, "query": _told(about.kind, about.query),
        "made_at": rfc3339(about.now), "version": version("groundswell"), "file": about.path.name,
        "rows": about.done.rows, "bytes": about.size, "sha256": about.sha256,
        "columns": list(columns(about.kind, about.query).names),
        "cite": f"{about.path.name} ({about.kind}), exported by Groundswell {version('groundswell')} on "
        f"{rfc3339(about.now)}, sha256 {about.sha256}",
        "people": _people(about),
        "coverage": coverage, "gaps": gaps, "gaps_left_out": left_out,
        "platforms": {
            name: {"rows": rows, "terms": terms.of(name).as_json()} for name, rows in sorted(platforms.items())
        },
        "terms_are": "our own short words, no legal advice: read what each platform says now before you publish",
    }  # fmt: skip


def _people(about: About) -> dict[str, Any]:
    notes = ["an outcome names nobody: no donor's name is ever kept"] if about.kind == "outcomes" else []
    if about.kind in ("posts", "accounts") and about.shown.name:
        notes.append("authors are keyed hashes of their accounts, the same in every file made with this key")
    if about.kind in ("posts", "snapshots"):
        named = sorted(name for name in about.done.platforms if terms.of(name).ids_identify)
        if named:
            notes.append(f"ids of posts may hold who wrote them ({', '.join(named)}): pseudonyms do not hide that")
    if about.kind == "posts" and not about.query.dehydrated:
        notes.append("texts are as they were written: mentions in them, and a search for them, name people")
    authors = "pseudonyms" if about.shown.name else "as they are"
    return {"authors": authors, "key": about.shown.mark if about.shown.name else None, "notes": notes}


async def _observed(db: Database, about: About) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """By hashtag and source: how much was owed and observed, in seconds; and the first gaps."""
    scope = await checked(db, about.kind, about.query, about.now)
    now = curves.moment(about.query.as_of, about.now)
    found: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    left_out = 0
    async with db.read() as session:
        hashtags = await owing.hashtag_ids(session, scope)
    for start in range(0, len(hashtags), HASHTAGS_PAGE):
        async with db.read() as session:
            parts = await owing.parts(session, hashtags[start : start + HASHTAGS_PAGE], scope, now)
        for part in parts:
            found.append(_part(part))
            room = MOST_GAPS - len(gaps)
            gaps += [_gap(part, one) for one in part.gaps[:room]]
            left_out += max(0, len(part.gaps) - room)
    return found, gaps, left_out


def _part(part: owing.Part) -> dict[str, Any]:
    spent = {f"{state}_s": part.spent.get(state, 0) / 1_000 for state in STATES}
    return {
        "hashtag": f"#{part.hashtag}", "platform": part.platform, "source": part.source,
        "from": rfc3339(part.start), "to": rfc3339(part.end), "owed_s": part.owed / 1_000, **spent,
        "share": part.share,
    }  # fmt: skip


def _gap(part: owing.Part, one: Stretch) -> dict[str, Any]:
    return {
        "hashtag": f"#{part.hashtag}", "source": part.source, "from": rfc3339(one.start), "to": rfc3339(one.end),
        "state": one.state, "reason": one.reason,
    }  # fmt: skip


def _told(kind: str, query: Query) -> dict[str, Any]:
    given: dict[str, Any] = {name: value for name, value in asdict(query).items() if value not in (None, (), False)}
    if kind != "curves":
        del given["step"], given["zone"]
    for name, word in (("start", "from"), ("end", "to"), ("as_of", "as_of")):
        if name in given:
            given[word] = rfc3339(given.pop(name))
    return given


def write(about: About, manifest: dict[str, Any]) -> Path:
    """Each of the three appears whole or not at all. Returns where the manifest is."""
    path, file = about.path, columns(about.kind, about.query)
    told = path.with_name(f"{path.name}.manifest.json")
    _whole(told, _json(manifest))
    _whole(path.with_name(f"{path.name}.dictionary.json"), _json({"file": path.name, "columns": of(about.kind, file)}))
    one = package.resource(about.kind, about.form, file, path, about.size, about.sha256)
    _whole(*package.with_resource(path.parent, path.name, one, about.now, version("groundswell")))
    return told


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _whole(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
