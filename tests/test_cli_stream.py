"""A source that is heard: added without a password, its stream shown, set and left out."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli import call, one_line, well


@pytest.fixture(autouse=True)
def _migrated(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "data" / "groundswell.db")


def test_bluesky_needs_no_password_to_be_heard() -> None:
    """Its search does: where a server of one's own is named, whose stream nobody knows, one is asked for."""
    well("sources", "add", "bluesky", "--name", "sky", "--unchecked")
    assert "has no stream now" in well("sources", "stream", "sky")
    refused = call("sources", "add", "bluesky", "--name", "own", "--url", "https://203.0.112.1", "--unchecked")
    assert "identifier" in one_line(refused)


def test_a_stream_is_set_left_out_and_left_to_itself() -> None:
    well("sources", "add", "bluesky", "--name", "sky", "--unchecked")

    def stream() -> dict[str, str | None] | None:
        shown = json.loads(well("sources", "stream", "sky", "--json"))["stream"]
        listed = json.loads(well("sources", "list", "--json"))["items"][0]["stream"]
        assert shown == listed
        return shown  # type: ignore[no-any-return]

    assert stream() is None
    well("sources", "stream", "sky", "--off")
    assert (stream() or {})["state"] == "off"
    well("sources", "stream", "sky", "--url", "wss://93.184.215.14")
    assert (stream() or {})["url"] == "wss://93.184.215.14"
    assert "GROUNDSWELL_ALLOW_NETWORKS" in one_line(call("sources", "stream", "sky", "--url", "ws://127.0.0.1:9"))
    assert "one of" in one_line(call("sources", "stream", "sky", "--off", "--by-itself"))
    well("sources", "stream", "sky", "--by-itself")
    assert ((stream() or {})["state"], (stream() or {})["url"]) == ("cut", None)
    assert "no source 'sea'" in one_line(call("sources", "stream", "sea"))
