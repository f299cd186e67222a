"""Fuzzing of all that reads a planner's files: ``python benchmarks/fuzz.py yaml|csv|xlsx|ods|parquet|pb|all``.

Each case must end in a scenario, a table, or errors of the house that say where; within 5 s of processor time and
512 MB. Cases run in a worker process with limits, and the parent watches it. ``--seed S --only K --keep DIR`` runs
one case again and leaves its files.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KINDS = ("yaml", "csv", "xlsx", "ods", "parquet", "pb")
MAX_SECONDS = 5.0
HANG_SECONDS = 15.0
"""Of processor time in one case, after which the worker is ended."""
LOST_SECONDS = 300.0
"""Of waiting for one case, whatever the processor does."""
MAX_RSS = 512 * 2**20
ADDRESS_SPACE = 6 * 2**30


def main() -> int:
    """Run the cases and print what was found; 1 when anything was."""
    asked = _arguments()
    if asked.worker:
        return _work(asked)
    kinds = KINDS if asked.kind == "all" else (asked.kind,)
    bad = 0
    for kind in kinds:
        began = time.perf_counter()
        findings, peak, outcomes = _watch(kind, asked)
        bad += len(findings)
        counted = ", ".join(f"{n} {name}" for name, n in sorted(outcomes.items()))
        print(
            f"{kind}: {sum(outcomes.values())} cases ({counted}), {len(findings)} findings,"
            f" peak {peak / 2**20:.0f} MB, {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        for finding in findings[: asked.show]:
            print("  " + json.dumps(finding, ensure_ascii=False))
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=(*KINDS, "all"))
    parser.add_argument("--n", type=int, default=1000, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run one case, by its number, with the traceback")
    parser.add_argument("--keep", type=Path, help="the folder in which the files of --only are left")
    parser.add_argument("--show", type=int, default=20, help="findings to print for each kind")
    parser.add_argument("--worker", type=int, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only is not None:
        asked.worker = [asked.only, asked.only + 1]
    return asked


def _watch(kind: str, asked: argparse.Namespace) -> tuple[list[dict[str, Any]], int, dict[str, int]]:
    """Run workers until every case is done; one that dies, hangs or swells is a finding and is replaced."""
    findings: list[dict[str, Any]] = []
    outcomes: dict[str, int] = {}
    peak, case = 0, 0
    while case < asked.n:
        command = [
            sys.executable,
            __file__,
            kind,
            "--seed",
            str(asked.seed),
            "--worker",
            str(case),
            str(asked.n),
        ]
        environment = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        ) as worker:
            line = _line(worker)  # the first line: everything is imported
            while line is not None and case < asked.n:
                line = _line(worker)
                if line is None:
                    break
                said = json.loads(line)
                case = said["case"] + 1
                peak = max(peak, said["rss"])
                outcomes[said["outcome"]] = outcomes.get(said["outcome"], 0) + 1
                if said["outcome"] not in ("read", "refused"):
                    findings.append(said)
                if said["rss"] > MAX_RSS:
                    break
            if case < asked.n and line is None:
                ended = worker.poll()
                name = "hang" if ended is None else f"died ({ended})"
                findings.append({"case": case, "outcome": name})
                outcomes[name] = outcomes.get(name, 0) + 1
                case += 1
            worker.kill()
    return findings, peak, outcomes


def _line(worker: subprocess.Popen[bytes]) -> bytes | None:
    """The next line of a worker; None when it died or hangs. A busy machine alone makes no hang."""
    assert worker.stdout is not None
    began, used = time.monotonic(), _processor_seconds(worker.pid)
    while time.monotonic() - began < LOST_SECONDS:
        ready, _, _ = select.select([worker.stdout], [], [], 1.0)
        if ready:
            line = worker.stdout.readline()
            if not line:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    worker.wait(5)
            return line or None
        if _processor_seconds(worker.pid) - used > HANG_SECONDS:
            return None
    return None


def _processor_seconds(pid: int) -> float:
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        )
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _work(asked: argparse.Namespace) -> int:
    """Run the cases of one worker, one JSON line for each."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    sys.path.insert(0, str(HERE))
    if asked.kind in ("yaml", "pb"):
        pass

    gc.freeze()
    print("{}", flush=True)
    first, last = asked.worker
    with tempfile.TemporaryDirectory() as folder:
        for case in range(first, last):
            said = _one(
                asked.kind, asked.seed, case, asked.keep or Path(folder), raise_it=asked.only is not None
            )
            rss, seconds = _peak(), time.process_time() - said.pop("began")
            if said["outcome"] in ("read", "refused") and (rss > MAX_RSS or seconds > MAX_SECONDS):
                said["outcome"] = "too much memory" if rss > MAX_RSS else f"slow ({seconds:.1f} s)"
            print(json.dumps({"case": case, "rss": rss, **said}), flush=True)
    return 0


def _forget_peak() -> None:
    """Let the peak of memory count from here: what it took to make a case is not the reader's."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    """The peak of resident memory, bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _one(kind: str, seed: int, case: int, folder: Path, *, raise_it: bool) -> dict[str, Any]:
    rng = random.Random(f"{kind}:{seed}:{case}")
    run = {"yaml": _scenario, "pb": _budget}.get(kind, _table)
    prepared = run(kind, rng, folder)
    _forget_peak()
    return {"began": time.process_time(), **_outcome(prepared, raise_it)}


def _outcome(prepared: Callable[[], None], raise_it: bool) -> dict[str, Any]:
    """What the readers make of a case."""
    from tnt_sim.errors import InputError, UsageError

    try:
        prepared()
    except UsageError:
        return {"outcome": "refused"}
    except InputError as error:
        lost = [d.code for d in error.defects if not d.places or not all(place.file for place in d.places)]
        said = "".join(d.line(lang) for d in error.defects for lang in _languages())
        if lost:
            return {"outcome": "without place", "what": lost[:3], "text": said[:300]}
        return (
            {"outcome": "address quoted", "text": said[:300]}
            if "ville.a@" in said
            else {"outcome": "refused"}
        )
    except BaseException as error:
        if raise_it:
            raise
        where = _innermost(error)
        return {"outcome": "escaped", "what": f"{type(error).__name__}: {error}"[:300], "where": where}
    return {"outcome": "read"}


def _languages() -> tuple[Any, ...]:
    from tnt_sim.i18n.message import Lang

    return tuple(Lang)


def _innermost(error: BaseException) -> str:
    """The last line of our own in the traceback."""
    found, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "tnt_sim" in name:
            found = f"{name.rsplit('tnt_sim', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _scenario(_kind: str, rng: random.Random, folder: Path) -> Any:
    import fuzz_yaml

    from tnt_sim import Scenario
    from tnt_sim.scenario.problem import compile_problem

    for old in folder.iterdir():
        old.unlink()
    for name, data in fuzz_yaml.scenario_files(rng).items():
        (folder / name).write_bytes(data)

    sets = fuzz_yaml.set_texts(rng)

    def run() -> None:
        scenario = Scenario.from_yaml(folder / "scenario.yaml", sets)
        compile_problem(scenario)
        for step in scenario.steps:
            compile_problem(step.scenario)

    return run


def _budget(_kind: str, rng: random.Random, folder: Path) -> Any:
    import fuzz_tables

    from tnt_sim import Scenario
    from tnt_sim.scenario.problem import compile_problem

    path = folder / "quartier.pb"
    path.write_bytes(fuzz_tables.pb_bytes(rng))

    def run() -> None:
        compile_problem(Scenario.from_yaml(path))

    return run


def _table(kind: str, rng: random.Random, folder: Path) -> Any:
    import fuzz_tables

    from tnt_sim.ingest.portfolio_reader import read_dossiers, read_plain
    from tnt_sim.ingest.tables.raw_table import ReadOptions

    data = getattr(fuzz_tables, f"{kind}_bytes")(rng)
    path = folder / f"dossiers.{kind}"
    path.write_bytes(data)
    options = ReadOptions(
        delimiter=rng.choice((*[None] * 12, ";", ",", "\t")) if kind == "csv" else None,
        encoding=rng.choice((*[None] * 9, "utf-8", "cp1252", "iso-8859-15")) if kind == "csv" else None,
        decimal=rng.choice((None, None, None, ",", ".")),
        rounding=rng.choice(("refuse", "nearest")),
        duplicates=rng.choice(("refuse", "last")),
        header_row=rng.choice((*[1] * 20, 2, 500)),
        hidden_rows=rng.choice(("refuse", "keep")),
    )

    def run() -> None:
        if rng.random() < 0.1:
            read_plain(path, shown_as=path.name, read=options)
        else:
            read_dossiers(path, shown_as=path.name, read=options)

    return run


if __name__ == "__main__":
    sys.exit(main())
