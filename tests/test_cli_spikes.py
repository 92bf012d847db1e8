"""`groundswell spikes`: the detector on a file and on standard input, as a person and as a program meet it."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.analysis.spikes import STEP, THRESHOLD, judge
from app.clock import rfc3339
from tests.analysis.test_spikes import DAY, quiet, times
from tests.cli import PROGRAM, call, environment, one_line, well

SPIKE = 6 * DAY + 30


@pytest.fixture
def counts() -> list[float]:
    found = quiet(4, 7 * DAY)
    found[SPIKE] = 150.0
    return found


@pytest.fixture
def file(tmp_path: Path, counts: list[float]) -> Path:
    lines = [f"{rfc3339(at)},{value:g}" for at, value in zip(times(len(counts)), counts, strict=True)]
    path = tmp_path / "mentions.csv"
    path.write_text("\n".join(["timestamp,value", *lines]) + "\n")
    return path


def test_the_threshold_is_printed_and_no_more() -> None:
    assert float(well("spikes", "--threshold")) == THRESHOLD


def test_a_file_is_told_as_a_table_with_a_chart(file: Path) -> None:
    lines = well("spikes", str(file)).splitlines()
    assert lines[0] == f"{7 * DAY:,} rows of 300 s, 1970-01-01T00:00:00Z to 1970-01-07T23:55:00Z; {7 * DAY:,} judged"
    assert set(lines[1]) <= set("▁▂▃▄▅▆▇█")
    assert lines[2].strip() == "^"
    assert len(lines[2]) - 1 == SPIKE // -(-7 * DAY // 72)
    assert lines[4].split()[:2] == [rfc3339(SPIKE * STEP)] * 2


def test_a_file_is_told_to_a_program(file: Path, counts: list[float]) -> None:
    told = json.loads(well("spikes", "--json", str(file)))
    verdict = judge(times(len(counts)), counts)[SPIKE]
    assert (told["rows"], told["judged"], told["step_s"], told["threshold"]) == (7 * DAY, 7 * DAY, 300, THRESHOLD)
    assert told["episodes"] == [
        {
            "at": rfc3339(SPIKE * STEP), "since": rfc3339(SPIKE * STEP), "score": verdict.score, "alarms": 1,
            "observed": verdict.observed, "baseline": verdict.baseline, "ratio": verdict.ratio,
            "window_s": 3600, "rarity": verdict.rarity,
        }
    ]  # fmt: skip


def test_a_file_without_a_spike_says_so(tmp_path: Path) -> None:
    path = tmp_path / "calm.csv"
    path.write_text("".join(f"{1_500_000_000 + 3600 * hour},{hour % 3}\n" for hour in range(100)))
    lines = well("spikes", str(path)).splitlines()
    assert lines[0].startswith("100 rows of 3600 s, ")
    assert lines[-1] == "no spike"
    assert json.loads(well("spikes", "--json", str(path)))["episodes"] == []


def test_an_empty_value_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("".join(f"{1_500_000_000 + 300 * row},{'' if row % 3 == 0 else 2}\n" for row in range(30)))
    assert json.loads(well("spikes", "--json", str(path)))["judged"] == 20


def test_a_stream_gets_the_scores_of_the_series(file: Path, counts: list[float]) -> None:
    told = well("spikes", "--stream", given=file.read_text()).splitlines()
    assert [float(line) for line in told] == [min(v.score, THRESHOLD) for v in judge(times(len(counts)), counts)]
    assert told[SPIKE] == "1.0"


def test_a_stream_that_begins_with_a_gap_still_finds_its_step() -> None:
    rows = [0, 5, *range(6, 3 * DAY)]
    lines = "".join(f"{1_500_000_000 + 300 * row},3\n" for row in rows)
    expected = judge([1_500_000_000_000 + STEP * row for row in rows], [3.0] * len(rows))
    told = [float(line) for line in well("spikes", "--stream", given=lines).splitlines()]
    assert told[20:] == [verdict.score for verdict in expected][20:]


@pytest.fixture
def stream(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    words = [*PROGRAM, "spikes", "--stream"]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment(), text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield process
        process.kill()


def test_each_row_is_answered_before_the_next_is_read(stream: "subprocess.Popen[str]") -> None:
    assert stream.stdin is not None
    assert stream.stdout is not None
    for row in range(30):
        stream.stdin.write(f"2026-11-24 {row // 12:02}:{row % 12 * 5:02}:00,3\n")
        stream.stdin.flush()
        float(stream.stdout.readline())
    stream.stdin.close()
    assert stream.wait(10) == 0


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    rows = tmp_path / "many.csv"
    rows.write_text("".join(f"{1_500_000_000 + 300 * row},1\n" for row in range(20_000)))
    command = f"{shlex.join(PROGRAM)} spikes --stream < many.csv | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=False, cwd=tmp_path, env=environment(), capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"0.0\n", b"")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timestamp,value\n1500000000,5\nyesterday,5\n", "line 3: 'yesterday' is not a time"),
        ("1500000000,5\n1500000300,many\n", "line 2: 'many' is not a count"),
        ("1500000000,5\n1500000300,-1\n", "line 2: '-1' is not a count"),
        ("1500000000,nan\n", "line 1: 'nan' is not a count"),
        ("1500000000,5\n\n1500000600,inf\n", "line 3: 'inf' is not a count"),
        ("1500000000,5\n\x00\xff,1\n", "line 2: "),
    ],
    ids=["time", "word", "negative", "nan", "inf", "bytes"],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, "latin-1")
    done = call("spikes", str(path))
    assert done.code == 2
    assert one_line(done).startswith(f"groundswell: {said}")


def test_a_bad_line_of_a_stream_is_named_after_the_answers_before_it(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"1500000000,5\n1500000300,\xff\n1500000600,5\n")
    with (tmp_path / "bad.csv").open("rb") as given:
        done = subprocess.run(
            [*PROGRAM, "spikes", "--stream"], check=False, cwd=tmp_path, env=environment(), stdin=given,
            capture_output=True, text=True,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "0.0\n")
    assert done.stderr.startswith("groundswell: line 2: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name one: a FILE.csv, --stream or --threshold"),
        (["x.csv", "--stream"], "name one: a FILE.csv, --stream or --threshold"),
        (["nowhere.csv"], "there is no file nowhere.csv"),
    ],
    ids=["nothing", "both", "missing"],
)
def test_misuse_says_what_would_be_right(words: list[str], said: str) -> None:
    done = call("spikes", *words)
    assert done.code == 2
    assert said in one_line(done)


@pytest.mark.parametrize("text", ["", "timestamp,value\n", "\n\n"], ids=["empty", "header", "blank"])
def test_a_file_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(text)
    done = call("spikes", str(path))
    assert done.code == 2
    assert "has no rows of timestamp,value" in one_line(done)
