"""`python -m sandbox` as one types it."""

import signal
import subprocess
import sys

import httpx


def test_it_says_where_it_listens_and_stops_when_interrupted() -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--flavour", "gotosocial", "--token", "t"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().split()[0]
        answer = httpx.get(
            f"{url}/api/v1/timelines/tag/waterforrohingya", headers={"Authorization": "Bearer t"}, trust_env=False
        )
        assert len(answer.json()) == 20
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
