"""The spike detector with the threshold that ships: labelled series, bursts of known onset, what is no news, speed.

`GROUNDSWELL_SHARED` names the folder with the series; without it only the faults and the speed are measured.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.analysis.spikes import STEP, THRESHOLD, Detector, judge
from app.clock import HOUR, parse_time
from bench.machine import Figure
from bench.spike_faults import FAULTS, background, case, false_alarms

RUNS = 125
"""Of each fault: 1,000 in all."""
TAGS = 10_000
REACH = {"3": "x3 >= 80 % in 3 h", "8": "x8 >= 90 % in 3 h", "20": "x20 >= 95 % in 3 h, >= 75 % in 1 h"}
EPISODE_MS = 6 * HOUR


def run() -> list[Figure]:
    shared = os.environ.get("GROUNDSWELL_SHARED")
    figures = []
    if shared:
        folder = Path(shared)
        figures += [*labelled(folder / "spikes"), *bursts(folder / "spikes"), topics(folder / "growth")]
    return [*figures, *faults(), *speed()]


def scores(shared: Path, out: Path) -> None:
    """What `--stream` says of each labelled series, as score.py wants it."""
    for path in sorted((shared / "data").glob("*.csv")):
        with path.open() as lines:
            rows = [(line["timestamp"], float(line["value"])) for line in csv.DictReader(lines)]
        verdicts = judge([parse_time(when) for when, _ in rows], [value for _, value in rows])
        with (out / path.name).open("w") as told:
            told.write("timestamp,value,anomaly_score\n")
            for (when, value), verdict in zip(rows, verdicts, strict=True):
                told.write(f"{when},{value:g},{min(verdict.score, THRESHOLD)!r}\n")


def scored(shared: Path) -> dict[str, Any]:
    """By profile: at the threshold that ships, whole and by series, and with one chosen on the other series."""
    score = _loaded(shared / "score.py")
    windows = json.loads((shared / "windows.json").read_text())
    with TemporaryDirectory() as out:
        scores(shared, Path(out))
        data = score.load(out, windows)
    found: dict[str, Any] = {}
    for profile, weights in score.PROFILES.items():
        whole, parts = score.evaluate(data, THRESHOLD, profile)
        others = [[one for one in data if one is not left] for left in data]
        chosen = [score.optimise(rest, profile) for rest in others]
        raw = sum(score.evaluate([one], best, profile)[0]["raw"] for one, best in zip(data, chosen, strict=True))
        left_out = score.normalise(raw, *score.totals(data), weights)
        found[profile] = {"whole": whole, "parts": parts, "left_out": left_out, "chosen": chosen}
    return found


def _loaded(path: Path) -> Any:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def labelled(shared: Path) -> list[Figure]:
    found = scored(shared)
    figures = []
    for profile, reach in (("standard", ">= 70"), ("reward_low_FP_rate", ">= 65"), ("reward_low_FN_rate", "")):
        whole, left_out = found[profile]["whole"], found[profile]["left_out"]
        parts = ", ".join(f"{name.split('_')[-1][:-4]} {part['score']:.1f}" for name, part in found[profile]["parts"])
        what = f"{whole['score']:.1f} ({parts}); threshold chosen on the other four: {left_out:.1f}"
        figures.append(Figure(f"labelled series, {profile}, threshold {THRESHOLD:g}", what, reach))
    whole = found["standard"]["whole"]
    weekly = whole["fp_episodes"] / (whole["days"] / 7)
    events = f"{whole['tp']} of {whole['windows']} windows found, {whole['fp']} false rows"
    return [*figures, Figure(f"labelled series: {events}", f"{weekly:.2f} false episodes a series-week", "<= 0.7")]


def bursts(shared: Path) -> list[Figure]:
    detector = [str(Path(sys.executable).parent / "groundswell"), "spikes", "--stream"]
    command = [
        sys.executable, str(shared / "bursts.py"), "--data", str(shared / "data"), "--seed", "7",
        "--shapes", str(shared / "extra" / "TwtHtag.txt"), "--threshold", str(THRESHOLD), "--", *detector,
    ]  # fmt: skip
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(told.splitlines()[-1])
    weekly = f"{found['false_alarm_rows_per_week']:.2f} false rows a series-week"
    figures = []
    for one in found["sizes"]:
        part = ", ".join(f"{within} {100 * share:.0f} %" for within, share in one["found"].items())
        what = f"{part}; by luck {100 * one['by_luck']:.0f} %; {weekly}"
        figures.append(Figure(f"bursts x{one['size']:g} found within", what, REACH.get(f"{one['size']:g}", "")))
    return figures


def topics(shared: Path) -> Figure:
    """Weibo's topics: gains of discussions an hour, where both its ends were seen. Every episode counts as false."""
    levels: dict[str, dict[int, float]] = defaultdict(dict)
    with gzip.open(shared / "weibo_topics_hourly.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            if row["ads"] != "1" and row["discuss"]:
                levels[row["title"]][int(row["ts"]) * 1000 // HOUR] = float(row["discuss"])
    episodes = hours = 0
    for level in levels.values():
        detector, last = Detector(HOUR), 0
        for hour in sorted(level):
            gain = max(0.0, level[hour] - level[hour - 1]) if hour - 1 in level else None
            hours += gain is not None
            if detector.push(hour * HOUR, gain).score >= THRESHOLD:
                episodes += hour * HOUR - last > EPISODE_MS
                last = hour * HOUR
    daily = episodes / (hours / 24) * 1000
    return Figure(
        f"Weibo, {len(levels):,} topics, {hours:,} topic-hours", f"{daily:.2f} episodes a day per 1,000", "<= 1"
    )


def faults() -> list[Figure]:
    raised, near = 0, 0
    for name in FAULTS:
        for seed in range(RUNS):
            one = case(name, seed)
            raised += bool(false_alarms(one))
            near += bool(false_alarms(one, THRESHOLD))
    what = f"{raised} of {RUNS * len(FAULTS):,} ({near} where the twin without the fault was near an alarm itself)"
    return [Figure(f"false alarms from: {', '.join(FAULTS)}", what, "0 of 1,000")]


def speed() -> list[Figure]:
    counts = background(1).tolist()
    times = range(0, len(counts) * STEP, STEP)
    began = time.process_time()
    for _ in range(20):
        judge(times, counts)
    judged = 20 * len(counts) / (time.process_time() - began)
    detector = Detector()
    for at, value in zip(times, counts, strict=True):
        detector.push(at, value)
    states = [detector.dump()] * TAGS
    began = time.process_time()
    for state in states:
        Detector.load(state).dump()
    kept = TAGS / (time.process_time() - began)
    began = time.process_time()
    for state in states:
        other = Detector.load(state)
        other.push(times[-1] + STEP, 3.0)
        other.dump()
    tick = time.process_time() - began
    return [
        Figure("judged in process, one core", f"{judged:,.0f} rows/s", ">= 100,000 rows/s"),
        Figure(f"restored and saved ({len(states[0]):,} bytes a series)", f"{kept:,.0f} series/s", ">= 5,000 series/s"),
        Figure("10,000 tags restored, judged and saved in one tick", f"{tick:.2f} s", "< 10 s"),
    ]
