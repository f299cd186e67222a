"""Would a compiled kernel pay? The frontiers of N by numpy and by numba, and what numba costs to start.

uv run --with numba python benchmarks/compiled.py LIST.csv

Processor seconds. « Start » is the import and the first call, compiled code kept from one process to the next; the
frontiers are compared. Scores are drawn: SYNTHETIC.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from families import write_n

from tnt_sim.formulation.formulate import formulate
from tnt_sim.kernel.profit_frontier import build_frontier, estimate_additions
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

Leaf = tuple[np.ndarray, np.ndarray, int]


def leaves(source: Path) -> list[Leaf]:
    """Profits, weights and the cap of each leaf, as the kernel gets them."""
    with tempfile.TemporaryDirectory() as folder:
        form = formulate(compile_problem(load_scenario(write_n(Path(folder), 0, source))))
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


def compiled() -> Any:
    """The same program over profits, as a plain loop for numba."""
    import numba

    @numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def least_weights(profit: np.ndarray, weight: np.ndarray, never: int) -> np.ndarray:
        least = np.full(profit.sum() + 1, never, dtype=np.int32)
        least[0] = 0
        top = 0
        for j in range(len(profit)):
            p, w = profit[j], np.int32(weight[j])
            for q in range(top, -1, -1):
                least[q + p] = min(least[q + p], least[q] + w)
            top += p
        return least

    return least_weights


def main() -> None:
    parts = leaves(Path(sys.argv[1]))
    began = time.process_time()
    by_numpy = [build_frontier(*part) for part in parts]
    numpy_seconds = time.process_time() - began
    began = time.process_time()
    loop = compiled()
    loop(np.array([1]), np.array([1]), 2**30)
    start = time.process_time() - began
    began = time.process_time()
    for (profit, weight, cap), known in zip(parts, by_numpy, strict=True):
        order = np.argsort(profit, kind="stable")
        least = loop(profit[order], weight[order], 2**30)
        after = np.append(np.minimum.accumulate(least[::-1])[::-1][1:], 2**30)
        assert np.array_equal(np.flatnonzero((least < after) & (least <= cap)), known.profit)
    numba_seconds = time.process_time() - began
    print(
        f"{len(parts)} leaves: numpy {numpy_seconds:.2f} s, numba {numba_seconds:.2f} s; start {start:.2f} s"
    )


if __name__ == "__main__":
    main()
