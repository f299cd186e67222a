"""`kill -9` of the coordinator, of a worker and of the writer, many times: nothing lost, doubled or unreadable.

uv run python benchmarks/kill.py [--times 100]

Each time a batch of 36 small scenarios is begun in a process of its own and killed at a random moment (the writer:
while a file of the journal is being written), then run again to its end. The store must then hold the same bytes
as one that was never disturbed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl

SCENARIO = """\
schema_version: 1
id: petit
date: 2026-01-01
programme: {id: p, amount: 60 k€, envelopes: [{id: a, amount: 30 k€}, {id: b, amount: 20 k€}]}
dossiers: [{file: dossiers.csv}]
rules: [{id: plafond, kind: limit, measure: granted, by: department, max: 30 k€}]
objective: [{maximise: {score: 1}}]
"""
BATCH = """\
base: petit.yaml
matrix:
  programme.amount: [50 k€, 60 k€, 70 k€, 80 k€]
  rules.plafond.max: [20 k€, 25 k€, 30 k€]
  envelopes.a.amount: [20 k€, 25 k€, 30 k€]
"""
N_CASES = 36


def project(folder: Path) -> None:
    """The files of a batch."""
    draw = random.Random(7)
    rows = ["dossier,envelope,department,cost,requested,score"]
    for number in range(1, 25):
        cost = draw.randint(4, 12) * 1000
        department = draw.choice(["01", "02", "2A"])
        rows.append(f"D{number},{draw.choice('ab')},{department},{cost},{cost // 2},{draw.randint(1, 20)}")
    (folder / "tnt-sim.toml").write_text("")
    (folder / "dossiers.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "lot.yaml").write_text(BATCH, encoding="utf-8")


def begin(folder: Path, out: Path, *words: str, often: bool = False) -> subprocess.Popen[bytes]:
    """A batch in a process group of its own; `often` commits after every answer."""
    code = (
        "import sys\n"
        "import tnt_sim.analysis.shared.result_store as run\n"
        f"run.COMMIT_RECORDS = {1 if often else run_records()}\n"
        "from tnt_sim.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    sys.exit(main(sys.argv[1:]))\n"
    )
    script = folder / ("often.py" if often else "begin.py")
    script.write_text(code)
    command = [
        sys.executable,
        str(script),
        "batch",
        str(folder / "lot.yaml"),
        "--out",
        str(out),
        "--quiet",
        *words,
    ]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)


def run_records() -> int:
    from tnt_sim.analysis.shared.result_store import COMMIT_RECORDS

    return COMMIT_RECORDS


def children(pid: int) -> list[int]:
    """The worker processes of a coordinator."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(p) for p in found if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]
    except OSError:
        return []


def await_answer(process: subprocess.Popen[bytes], out: Path) -> None:
    """Wait for the first answer on the disk."""
    while process.poll() is None and not list((out / "journal").glob("*.parquet")):
        time.sleep(0.002)


def kept(out: Path) -> int:
    """Answers in the journal."""
    return sum(pl.read_parquet(f, columns=["name"]).height for f in (out / "journal").glob("*.parquet"))


def kill_coordinator(folder: Path, out: Path, draw: random.Random) -> None:
    process = begin(folder, out, "--workers", "2", often=True)
    await_answer(process, out)
    time.sleep(draw.uniform(0, 0.3))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_worker(folder: Path, out: Path, draw: random.Random) -> None:
    process = begin(folder, out, "--workers", "2", often=True)
    await_answer(process, out)
    for _ in range(2):  # a case that stops three workers is recorded as crashed
        time.sleep(draw.uniform(0, 0.1))
        victims = children(process.pid)
        if victims:
            os.kill(draw.choice(victims), signal.SIGKILL)
    process.wait(timeout=300)


def kill_writer(folder: Path, out: Path, draw: random.Random) -> None:
    process = begin(folder, out, "--executor", "serial", often=True)
    journal, wanted = out / "journal", draw.randint(0, N_CASES - 1)
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        if (journal / f"{wanted:08d}.partial").exists() or list(journal.glob(f"{wanted:08d}-*.parquet")):
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stored(out: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted((out / "runs").glob("*.parquet")))


KINDS: dict[str, Callable[[Path, Path, random.Random], None]] = {
    "coordinator": kill_coordinator,
    "worker": kill_worker,
    "writer": kill_writer,
}


def main() -> int:
    """Kill and resume; 1 where a store differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=100)
    times = parser.parse_args().times
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        begin(folder, folder / "alone", "--executor", "serial").wait()
        expected = stored(folder / "alone")
        assert pl.read_parquet(folder / "alone" / "runs").height == N_CASES
        for kind, kill in KINDS.items():
            for number in range(times):
                out = folder / f"{kind}-{number}"
                kill(folder, out, random.Random(f"{kind}{number}"))
                counts[f"{kind}: stopped midway"] += 0 < kept(out) < N_CASES
                code = begin(folder, out, "--executor", "serial").wait()
                same = code == 0 and stored(out) == expected
                counts[f"{kind}: equal"] += same
                counts["different"] += not same
                if not same:
                    print(f"{kind} {number}: exit {code}", flush=True)
            equal, midway = counts[f"{kind}: equal"], counts[f"{kind}: stopped midway"]
            print(f"{kind}: {equal} of {times} equal, {midway} stopped midway", flush=True)
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
