"""`groundswell up --demo` on an empty folder: until it is ready, until the first curve, and what it weighs."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from bench.machine import Figure

COMMAND = Path(sys.executable).parent / "groundswell"
PATIENCE_S = 120.0
WEIGHED_AFTER_S = 60.0


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        env = os.environ | {"GROUNDSWELL_PORT": str(port), "GROUNDSWELL_DATABASE_URL": f"sqlite:///{folder}/demo.db"}
        began = time.perf_counter()
        with subprocess.Popen(
            [COMMAND, "up", "--demo"], env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                ready = _until(began, f"http://127.0.0.1:{port}/readyz", bool)
                curve = _until(began, f"http://127.0.0.1:{port}/api/v1/campaigns/love-army/growth?step=1d", _has_posts)
                time.sleep(WEIGHED_AFTER_S)
                resident = _resident_mib(process.pid)
            finally:
                process.send_signal(signal.SIGTERM)
                code = process.wait(30)
    return [
        Figure("`make run` after the install: ready", f"{ready:.1f} s", "< 5 s"),
        Figure("first curve after ready", f"{curve - ready:.1f} s", "< 15 s"),
        Figure(f"resident with the demo, {WEIGHED_AFTER_S:.0f} s later", f"{resident:.0f} MiB", "< 250 MB"),
        Figure("SIGTERM", f"exit code {code}", "0"),
    ]


def _until(began: float, url: str, good: Callable[[bytes], bool]) -> float:
    while time.perf_counter() - began < PATIENCE_S:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if good(answer.read()):
                    return time.perf_counter() - began
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{url} did not answer within {PATIENCE_S:.0f} s")


def _has_posts(body: bytes) -> bool:
    return bool(json.loads(body)["totals"]["posts"])


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
