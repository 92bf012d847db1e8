"""Collector CPU: a page of forty read into values, on one core, from saved answers of our own making."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from bench.machine import Figure
from collectors import bluesky_view, mastodon_status

SAVED = Path(__file__).parent.parent / "tests" / "collectors" / "saved"
SECONDS = 3.0


def run() -> list[Figure]:
    status = json.loads((SAVED / "mastodon" / "status.json").read_text())
    post = json.loads((SAVED / "bluesky" / "post.json").read_text())
    return [
        _measure("Mastodon", json.dumps([status] * 40).encode(), mastodon_status.read_page),
        _measure("Bluesky", json.dumps({"posts": [post] * 40, "cursor": "40"}).encode(), bluesky_view.read_page),
    ]


def _measure(name: str, body: bytes, read: Callable[[bytes], object]) -> Figure:
    ours, bare = _rate(body, read), _rate(body, json.loads)
    return Figure(
        f"collector CPU, {name} page of 40 ({len(body) / 1024:.0f} KiB)", f"{ours:,.0f} pages/s", "5,000 pages/s",
        f"{ours / bare:.1f} times the standard library's json.loads alone ({bare:,.0f}/s)",
    )  # fmt: skip


def _rate(body: bytes, read: Callable[[bytes], object]) -> float:
    count, began = 0, time.process_time()
    while time.process_time() - began < SECONDS:
        read(body)
        count += 1
    return count / (time.process_time() - began)
