"""Everything but solving, on the frozen `tnt-2021`: reading, formulating, verifying, telling; medians of runs.

uv run python benchmarks/front.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frozen import FLAGSHIP

from tnt_sim.engine.solve import solve
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

TIMES = 15


def timed(what: Callable[[], Any]) -> float:
    """Median seconds over TIMES calls, the first left out."""
    what()
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        what()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def process(*command: str) -> float:
    """Median seconds of a whole process."""
    return timed(lambda: subprocess.run(command, check=True, capture_output=True))


def main() -> None:
    scenario = load_scenario(FLAGSHIP)
    problem = compile_problem(scenario)
    result = solve(scenario, cross_check="never")
    allocation = result.allocation
    assert allocation is not None

    def verify(found: Allocation = allocation) -> None:
        assert not list_broken_rules(problem, found, read_allocation(problem, found))

    seconds = {
        "read": timed(lambda: load_scenario(FLAGSHIP)),
        "compile": timed(lambda: compile_problem(scenario)),
        "formulate": timed(lambda: formulate(problem)),
        "verify": timed(verify),
    }
    for phase, value in seconds.items():
        print(f"{phase:<12}{1000 * value:8.1f} ms")
    print(f"{'together':<12}{1000 * sum(seconds.values()):8.1f} ms for {problem.case.n} dossiers")
    base = process(sys.executable, "-c", "import typer")
    helped = process(str(Path(sys.executable).parent / "tnt-sim"), "--help")
    print(f"tnt-sim --help {helped:.3f} s, import typer {base:.3f} s: {helped / base:.2f} times")


if __name__ == "__main__":
    main()
