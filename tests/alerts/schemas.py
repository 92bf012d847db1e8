"""Bodies against the schemas of docs/schemas: the shape that is promised, and not a field more."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schemas"


@cache
def _validator(kind: str) -> Any:
    schema = json.loads((FOLDER / f"{kind}.json").read_text())
    _close(schema)
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def _close(schema: dict[str, Any]) -> None:
    """For a receiver a field more is no error; for us it is one that was not written down."""
    if "properties" in schema:
        schema["additionalProperties"] = False
    for each in schema.get("properties", {}).values():
        _close(each)
    if "items" in schema:
        _close(schema["items"])


def check(body: str | bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(body)
    wrong = [f"{error.instance_path}: {error.message}" for error in _validator(read["type"]).iter_errors(read)]
    assert not wrong, (read["type"], wrong)
    assert len(body if isinstance(body, bytes) else body.encode()) <= 20_000
    return read
