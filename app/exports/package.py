"""`datapackage.json` (Frictionless): what lies in a folder of exports, read by programs that know nothing of us."""

import json
import re
from pathlib import Path
from typing import Any

from app.clock import rfc3339
from app.exports.dictionary import of
from app.exports.writers import MEDIA_TYPES
from app.store.columns import File

OURS = "groundswell"


def resource(kind: str, form: str, file: File, path: Path, size: int, sha256: str) -> dict[str, Any]:
    fields = [_field(one) for one in of(kind, file)]
    csv = {"dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True}}
    return {
        "name": re.sub(r"[^a-z0-9._-]+", "-", path.name.lower()).strip("-.") or kind,
        "title": f"{kind}: {path.name}",
        "path": path.name,
        "profile": "tabular-data-resource" if form == "csv" else "data-resource",
        "format": form,
        "mediatype": MEDIA_TYPES[form].partition(";")[0],
        **({} if form == "parquet" else {"encoding": "utf-8"}),
        **(csv if form == "csv" else {}),
        "bytes": size,
        "hash": f"sha256:{sha256}",
        "schema": {"fields": fields, **({"missingValues": [""]} if form == "csv" else {})},
    }


def _field(one: dict[str, Any]) -> dict[str, Any]:
    # Milliseconds are there where there are some, which the default format of a datetime does not know.
    form = {"format": "any"} if one["type"] == "datetime" else {}
    needed = {"constraints": {"required": True}} if one["null"] == "never empty" else {}
    return {"name": one["name"], "type": one["type"], **form, "description": one["description"], **needed}


def with_resource(folder: Path, name: str, one: dict[str, Any], now: int, version: str) -> tuple[Path, bytes]:
    """The folder's package with this file in it, and where it goes: beside the file where the folder has another's."""
    path = folder / "datapackage.json"
    there = _ours(path)
    if there is None and path.exists():
        path, there = folder / f"{name}.datapackage.json", None
    others = [each for each in (there or {}).get("resources", []) if each["name"] != one["name"]]
    kept = [each for each in others if (folder / str(each.get("path"))).exists()]
    package = {
        "profile": "data-package",
        "name": "groundswell-export",
        "title": "Exported by Groundswell",
        "created": rfc3339(now),
        OURS: {"version": version},
        "resources": sorted([*kept, one], key=lambda each: str(each["name"])),
    }
    return path, json.dumps(package, ensure_ascii=False, indent=2).encode() + b"\n"


def _ours(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or OURS not in found:
        return None
    resources = found.get("resources")
    named = isinstance(resources, list) and all(isinstance(one, dict) and "name" in one for one in resources)
    return found if named else None  # mended by hand, and not to be overwritten
