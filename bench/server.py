"""A real server process on a database, and one who asks it: connections stay open, answers are read to the end."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sys.executable).parent / "groundswell"
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int

    def cpu_s(self) -> float:
        """What it has used of processors."""
        used = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(url: str) -> Iterator[Server]:
    """`groundswell serve` on the database, which is migrated."""
    port = free_port()
    env = os.environ | {"GROUNDSWELL_PORT": str(port), "GROUNDSWELL_DATABASE_URL": url}
    process = subprocess.Popen([COMMAND, "serve"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(port)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_until_ready(port: int, patience_s: float = 60.0) -> None:
    began = time.monotonic()
    while time.monotonic() - began < patience_s:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the server was not ready within {patience_s:.0f} s")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Client:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> tuple[float, int, bytes]:
        """Seconds until the last byte, the status, the body."""
        began = time.perf_counter()
        self._connection.request("GET", API + path)
        answer = self._connection.getresponse()
        body = answer.read()
        return time.perf_counter() - began, answer.status, body

    def close(self) -> None:
        self._connection.close()


def percentile(seconds: Sequence[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1_000


def told(seconds: Sequence[float], *shares: float) -> str:
    return ", ".join(f"p{share * 100:.0f} {percentile(seconds, share):.1f} ms" for share in shares)
