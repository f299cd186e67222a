"""What a whole command costs beside a bare process that imports the same libraries and solves the model once.

uv run python benchmarks/startup.py [SCENARIO] [REPEATS]

The bare process imports numpy, polars and highspy and solves the first stage to gap 0 from arrays on disk;
the command reads, solves, proves, verifies and writes. They run in turn. Processor seconds (user and system, of
the child) stand beside the wall clock, since the machine may do other work.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from frozen import FLAGSHIP

from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

BARE = """
import sys, numpy as np, polars, highspy
a = np.load(sys.argv[1])
h = highspy.Highs(); h.silent()
for k, v in (("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0)): h.setOptionValue(k, v)
lp = highspy.HighsLp()
lp.num_col_, lp.num_row_ = len(a["cost"]), len(a["low"])
lp.sense_ = highspy.ObjSense.kMaximize
lp.col_cost_, lp.col_lower_, lp.col_upper_ = a["cost"], a["xlow"], a["xhigh"]
lp.row_lower_, lp.row_upper_ = a["low"], a["high"]
lp.integrality_ = [highspy.HighsVarType.kInteger] * len(a["cost"])
lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = a["start"], a["index"], a["value"]
if len(sys.argv) < 3:
    h.passModel(lp); h.run()
"""


def spent(command: list[str], folder: str) -> tuple[float, float]:
    """Wall and processor seconds of one process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=clean)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_model(scenario: Path, to: Path) -> None:
    """The first stage's model as arrays."""
    form = formulate(compile_problem(load_scenario(scenario)))
    m = form.model
    np.savez(
        to,
        cost=form.stages[0].objective.astype(float),
        xlow=m.col_lower.astype(float),
        xhigh=m.col_upper.astype(float),
        low=np.where(m.row_lower == NO_LOWER, -np.inf, m.row_lower.astype(float)),
        high=np.where(m.row_upper == NO_UPPER, np.inf, m.row_upper.astype(float)),
        start=m.matrix.indptr,
        index=m.matrix.indices,
        value=m.matrix.data.astype(float),
    )


def main() -> None:
    scenario = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else FLAGSHIP
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    tool = str(Path(sys.executable).with_name("tnt-sim"))
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.npz"
        write_model(scenario, model)
        commands = {
            "tnt-sim run": [tool, "run", str(scenario), "--json", "--out", str(Path(folder) / "out")],
            "bare, solved": [sys.executable, "-c", BARE, str(model)],
            "bare, imports": [sys.executable, "-c", BARE, str(model), "no"],
        }
        (Path(folder) / "out").mkdir()
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(repeats + 1):
            for name, command in commands.items():
                one = spent(command, folder)
                if turn:  # the first warms the disk
                    found[name].append(one)
    for name, times in found.items():
        walls, cpus = zip(*times, strict=True)
        print(
            f"{name:14} wall {statistics.median(walls):.2f} s ({min(walls):.2f}-{max(walls):.2f}), "
            f"processor {statistics.median(cpus):.2f} s ({min(cpus):.2f}-{max(cpus):.2f})"
        )
    ours, bare = (statistics.median(c for _, c in found[name]) for name in ("tnt-sim run", "bare, solved"))
    print(f"ratio of processor seconds {ours / bare:.2f}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
