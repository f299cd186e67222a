"""One decision in processor seconds, for machines that do other work: the exact kernels, bare HiGHS and SCIP.

    uv run python benchmarks/processor_time.py FAMILY SEED… [--limit SECONDS] [--peers NAME,…] [--list FILE]

The kernels settle every stage, « least granted » and whether the answer is the only one; the bare solvers solve
the goal alone, gap 0, one thread. Their values are compared.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from families import write
from peers import PEERS

from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import SolveStage
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods.exact_kernels import solve_exactly


def compare(path: Path, limit: float, peers: Sequence[str]) -> None:
    """One scenario; prints a line."""
    form = formulate(compile_problem(load_scenario(path)))
    stages = [
        SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant)
        for s in (*form.stages, form.least_granted)
    ]
    began = time.process_time()
    found = solve_exactly(form.model, stages, recovery=form.recovery)
    ours = time.process_time() - began
    goal = form.stages[0]
    value = None if found is None else found[0].stages[0].value
    words = [
        f"kernel {'none' if found is None else found[0].stages[0].solver} {ours:.3f} s, alone {found and found[1]}"
    ]
    model = form.model.with_objective(goal.objective, goal.sense)
    for name in peers:
        answer = PEERS[name](model, limit)
        if answer is None:
            continue
        seconds, point = answer
        same = "unfinished" if point is None else "equal" if model.compute_value(point) == value else "other"
        words.append(f"{name} {seconds:.2f} s ×{seconds / ours:.1f} {same}")
    print(f"{path.stem} {value}: " + "; ".join(words), flush=True)


def main() -> None:
    words = sys.argv[1:]
    limit = float(words[words.index("--limit") + 1]) if "--limit" in words else 120.0
    peers = words[words.index("--peers") + 1].split(",") if "--peers" in words else ["highspy", "SCIP"]
    source = Path(words[words.index("--list") + 1]) if "--list" in words else None
    seeds = [int(w) for k, w in enumerate(words[1:], 1) if w.isdigit() and words[k - 1] != "--limit"]
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            compare(write(words[0], seed, Path(folder) / str(seed), source), limit, peers)


if __name__ == "__main__":
    main()
