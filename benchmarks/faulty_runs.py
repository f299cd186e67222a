"""Runs made by a faulty build, and what the `verify` of that build says of them.

Changes of one line are drawn in `kernel/` and `certify/` (those of `mutate_verifier.py`, without
`certify/verifier.py`, which anybody runs apart). Each is made in a fork, which decides small instances by the
kernels of numpy, writes their runs, and verifies them with the same fault. Enumeration knows the right lists. A
change counts from its first false run: a list below the optimum or behind an equal one, which the run calls
proven. None may be `shown`.

uv run python benchmarks/faulty_runs.py [--wanted 60] [--seed 1] [--instances 24]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from mutants_kept import drawn
from mutate_verifier import PARTS, Mutant, code_mutants
from support.trust.instances import Instance, brute_force, near_miss, random_small
from support.trust.oracle_check import funded_of

from tnt_sim.engine.result import Status
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.kernel.compiled.library import NUMPY, VARIABLE

ROOMS = ("certify.", "kernel.")
APART = "certify.verifier"
SECONDS = 20
"""Processor seconds for one change."""
SHOWN, REFUSED, DOUBTED = "shown", "refused", "not shown"


@dataclass(frozen=True)
class Case:
    """An instance and its right answer."""

    instance: Instance
    best: list[int]


def draw_cases(n: int) -> list[Case]:
    """Draw instances that have an answer."""
    drawn_ones = ((near_miss if seed % 3 == 0 else random_small)(seed) for seed in range(1, 3 * n))
    cases = (Case(one, best) for one in drawn_ones if (best := brute_force(one)))
    return list(islice(cases, n))


def try_fault(mutant: Mutant | None, cases: list[Case], folder: Path) -> Counter[str]:
    """Decide and verify each case with the fault; count what `verify` says of the false runs."""
    said = Counter[str]()
    scenarios = []
    for number, case in enumerate(cases):  # read in the fork: the reader of tables has threads
        (folder / str(number)).mkdir()
        scenarios.append(case.instance.scenario(folder / str(number), "never"))
    if mutant is not None:
        mutant.apply()
    for case, scenario in zip(cases, scenarios, strict=True):
        try:
            result = solve(scenario, time_limit=5)
        except Exception:  # noqa: BLE001
            said["no answer"] += 1
            continue
        if result.status is not Status.OPTIMAL or result.document["proof"] != "PROVED":
            said["no proof"] += 1
            continue
        funded = funded_of(result)
        if funded == case.best:
            said["right"] += 1
            continue
        is_below = case.instance.micro[funded].sum() < case.instance.micro[case.best].sum()
        if not is_below and not result.document["canonical"]:
            said["no proof"] += 1
            continue
        said["false"] += 1
        try:
            checked = verify_run(write_run(result))
        except Exception:  # noqa: BLE001
            said[REFUSED] += 1
            continue
        answer = checked.optimal if is_below else checked.first
        said[REFUSED if not checked.ok else SHOWN if answer.is_shown else DOUBTED] += 1
        if checked.ok and answer.is_shown:
            print(f"SHOWN: {case.instance.name} by {mutant and mutant.name}", flush=True)
    return said


def fork(mutant: Mutant | None, cases: list[Case]) -> dict[str, int]:
    """Return the counts of a fork; empty if it did not end."""
    with tempfile.TemporaryDirectory(prefix="faulty-") as place:
        return _fork(mutant, cases, Path(place))


def _fork(mutant: Mutant | None, cases: list[Case], folder: Path) -> dict[str, int]:
    file = folder / "said.json"
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        try:
            file.write_text(json.dumps(try_fault(mutant, cases, folder)), encoding="utf-8")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    counts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return counts


def main() -> int:
    """Print what each fault with a false run came to, and the sum."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--wanted", type=int, default=60)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--instances", type=int, default=24)
    options = asked.parse_args()
    os.environ[VARIABLE] = NUMPY
    began, total, n_tried, n_faults = time.perf_counter(), Counter[str](), 0, 0
    modules = [name for name in PARTS["exact"] if name.startswith(ROOMS) and name != APART]
    cases = draw_cases(options.instances)
    plain = fork(None, cases)
    if plain.get("right") != len(cases):
        raise SystemExit(f"without a fault: {plain}")
    for mutant in drawn((one for name in modules for one in code_mutants(name)), None, options.seed):
        if n_faults == options.wanted:
            break
        n_tried += 1
        if n_tried % 50 == 0:
            print(f"{n_tried} tried: {dict(total)}", flush=True)
        said = fork(mutant, cases)
        total.update(said or {"did not end": 1})
        if said.get("false"):
            n_faults += 1
            print(f"{n_faults} ({n_tried}) {mutant.name}: {said}", flush=True)
    print(
        f"{n_tried} changes tried, {n_faults} with false runs: {dict(total)}; {time.perf_counter() - began:.0f} s"
    )
    return int(total[SHOWN] > 0)


if __name__ == "__main__":
    sys.exit(main())
