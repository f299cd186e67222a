"""What the compiled kernels brings: each work by the numpy path and by the compiled one, in turn, in one process.

uv run python benchmarks/compiled.py [--list LIST.csv] [--rounds N] [WORK …]

Processor seconds, medians of the rounds, and the ratio. The answers of both paths are compared. Works:
`frontiers` of the leaves of N and the decision `n` (both need the list of grants), the decisions `a` (eight seeds)
and `m`. A decision is the goal, « least granted » and the one answer, from the model on. Scores: SYNTHETIC.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from families import write

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.kernel_cases import describe, on_path

from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import SolveStage
from tnt_sim.kernel.compiled.library import COMPILED, NUMPY, get_kernel_path
from tnt_sim.kernel.profit_frontier import build_frontier, estimate_additions
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods.exact_kernels import solve_exactly

Leaf = tuple[np.ndarray, np.ndarray, int]
Work = tuple[str, Callable[[], Any]]


def read_family(name: str, seed: int, source: Path | None) -> Formulation:
    """The model of one member of a family."""
    with tempfile.TemporaryDirectory() as folder:
        return formulate(compile_problem(load_scenario(write(name, seed, Path(folder), source))))


def leaves(form: Formulation) -> list[Leaf]:
    """Profits, weights and the cap of each leaf, as the kernel gets them."""
    goal, cost, matrix = form.stages[0].objective, form.least_granted.objective, form.model.matrix
    unit = int(np.gcd.reduce(cost))
    found = []
    for row in range(form.model.n_rows):
        columns = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        cap = int(form.model.row_upper[row] * (cost[columns[0]] // matrix.data[matrix.indptr[row]])) // unit
        weight = cost[columns] // unit
        inside = weight <= cap
        if estimate_additions(goal[columns]) < 10**8:
            found.append((goal[columns][inside], weight[inside], cap))
    return found


def decide(form: Formulation) -> Any:
    """The goal, « least granted » and the one answer: values, columns and whether it is alone."""
    stages = [
        SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant)
        for s in (*form.stages, form.least_granted)
    ]
    found = solve_exactly(form.model, stages, recovery=form.recovery)
    assert found is not None
    return [found[0].values, [stage.value for stage in found[0].stages], found[1]]


def list_works(names: list[str], source: Path | None) -> Iterator[Work]:
    """The works by name, each with a call."""
    if source is not None and {"frontiers", "n"} & set(names):
        form = read_family("n", 0, source)
        if "frontiers" in names:
            parts = leaves(form)
            yield f"frontiers of {len(parts)} leaves", lambda: [build_frontier(*part) for part in parts]
        if "n" in names:
            yield "decision of N, seed 0", lambda: decide(form)
    if "a" in names:
        for seed in range(8):
            model = read_family("a", seed, None)
            yield f"decision of A, seed {seed}", lambda model=model: decide(model)  # type: ignore[misc]
    if "m" in names:
        million = read_family("m", 0, None)
        yield "decision of M, seed 0", lambda: decide(million)


def measure(call: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Seconds of both paths, medians; their answers are equal."""
    seconds: dict[str, list[float]] = {NUMPY: [], COMPILED: []}
    answers = {}
    for _ in range(rounds):
        for path, measured in seconds.items():
            with on_path(path):
                began = time.process_time()
                answer = call()
                measured.append(time.process_time() - began)
            answers[path] = describe(answer)
        assert answers[NUMPY] == answers[COMPILED], "the paths differ"
    return statistics.median(seconds[NUMPY]), statistics.median(seconds[COMPILED])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("works", nargs="*", default=["frontiers", "n", "a", "m"])
    parser.add_argument("--list", type=Path, dest="source")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    path = get_kernel_path()
    assert path.functions is not None, f"no compiled kernels: {path.reason}"
    for name, call in list_works(given.works, given.source):
        plain, compiled = measure(call, given.rounds)
        print(
            f"{name}: numpy {plain:.4f} s, compiled {compiled:.4f} s, {plain / compiled:.1f} times",
            flush=True,
        )


if __name__ == "__main__":
    main()
