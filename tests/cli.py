"""The command as a test calls it: in this process, or as the process that a user starts."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from app.cli import app

PROGRAM = [sys.executable, "-c", "from app.cli import main; main()"]
HOUSE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str


def call(*words: str, given: str | None = None) -> Done:
    """In this process, with the environment and the folder that it has now."""
    done = CliRunner().invoke(app, list(words), input=given, prog_name="groundswell")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def well(*words: str, given: str | None = None) -> str:
    """What a command that must succeed says."""
    done = call(*words, given=given)
    assert done.code == 0, done
    return done.out


def one_line(done: Done) -> str:
    """The error of a command that failed, proved to be one line without a traceback."""
    lines = done.err.splitlines()
    assert len(lines) == 1, done
    assert lines[0].startswith("groundswell: ")
    return lines[0]


def environment(**settings: str) -> dict[str, str]:
    """A user's: nothing of ours but what is named."""
    return {**os.environ, "PYTHONPATH": str(HOUSE), **{f"GROUNDSWELL_{k.upper()}": v for k, v in settings.items()}}


def start(*words: str, folder: Path, **settings: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*PROGRAM, *words], cwd=folder, env=environment(**settings), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def process(*words: str, folder: Path, **settings: str) -> Done:
    with start(*words, folder=folder, **settings) as running:
        out, err = running.communicate(timeout=100)
    return Done(running.returncode, out, err)
