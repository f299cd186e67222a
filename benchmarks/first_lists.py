"""Lists that grow: the engine's best list after some seconds, beside bare solvers that run as long.

    uv run [--with ortools --with pyscipopt] python benchmarks/first_lists.py FAMILY SEED… [--limits 1,5,20]
        [--only NAME,…]

The engine decides the whole scenario within each limit, from the compiled problem on, and tells each better list,
read in integers. The bare solvers (`crossing_peers.py`) solve the goal alone within the longest limit, one thread;
their best values after each limit are told. Seconds are on the clock, as limits are: other work on the machine
takes from all. A value is that of the first goal, in percent of the best that anybody found.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import crossing_peers
from families import write

from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.incumbent import Incumbent
from tnt_sim.engine.optimise import OptimiseOptions, decide_problem
from tnt_sim.errors import TntError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem

Found = list[tuple[float, float]]
"""Seconds and value of each better list."""


def ask_engine(problem: Problem, limit: float) -> tuple[Found, float, str]:
    """The engine's lists within a limit, the seconds that it took, and its last word."""
    found: Found = []
    began = time.perf_counter()

    def hear(incumbent: Incumbent) -> None:
        found.append((time.perf_counter() - began, float(incumbent.value)))

    clock = Clock(limit)
    clock.begin()
    try:
        result = decide_problem(problem, OptimiseOptions(on_incumbent=hear, prove_ties=True), clock=clock)
    except TntError as error:
        return found, time.perf_counter() - began, str(error)
    took = time.perf_counter() - began
    goal = result.data.objective[0]
    found.append((took, float(result.reading.values[0]) if result.reading else 0.0))
    words = f"{result.data.method}, {result.proof.name if result.proof else 'no proof'}, bound {goal.bound}"
    return found, took, words


class ClockTrace(crossing_peers.Trace):
    """A trace that keeps each better value with its seconds on the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.found = time.perf_counter(), []

    def hear(self, best: float, bound: float) -> None:
        """Take in an incumbent and a bound."""
        before = self.best
        super().hear(best, bound)
        if self.best > before:
            self.found.append((time.perf_counter() - self.started, self.best))


def best_after(found: Found, seconds: float) -> float | None:
    """The best value within some seconds."""
    return max((value for at, value in found if at <= seconds), default=None)


def compare(path: Path, limits: Sequence[float], names: Sequence[str]) -> None:
    """One scenario: prints a line for the engine under each limit, and for each peer."""
    problem = compile_problem(load_scenario(path))
    form = formulate(problem)
    goal = form.stages[0]
    model = form.model.with_objective(goal.objective, goal.sense)
    lines: list[tuple[str, Found, str]] = []
    for limit in limits:
        found, took, words = ask_engine(problem, limit)
        lines.append((f"engine {limit:g} s", found, f"took {took:.2f} s {words}"))
    crossing_peers.Trace = ClockTrace  # type: ignore[misc]
    for name in names:
        trace = crossing_peers.PEERS[name](model, max(limits))
        if trace is None:
            continue
        heard = [(at, float(goal.to_value(round(value)))) for at, value in trace.found]
        words = "" if trace.bound == float("inf") else f"bound {float(goal.to_value(int(trace.bound))):.2f}"
        lines.append((name, heard, f"{words}{' ended' if trace.ended else ''}"))
    best = max((value for _, found, _ in lines for _, value in found), default=0.0)
    for name, found, words in lines:
        first = f"first {found[0][0]:.3f} s" if found else "no list"
        cells = []
        for limit in limits:
            value = best_after(found, limit + 2 if name.startswith("engine") else limit)
            cells.append(f"{limit:g} s " + ("–" if value is None else f"{100 * value / best:.3f} %"))
        print(f"{path.parent.name} {name:12} {first}; {'; '.join(cells)}; {words}", flush=True)


def main() -> None:
    words = sys.argv[1:]
    limits, names = [1.0, 5.0, 20.0], ["highspy", "cp-sat", "scip"]
    seeds = []
    options = iter(words[1:])
    for word in options:
        if word == "--limits":
            limits = [float(part) for part in next(options).split(",")]
        elif word == "--only":
            names = [name for name in next(options).split(",") if name != "none"]
        else:
            seeds.append(int(word))
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            compare(write(words[0], seed, Path(folder) / f"{words[0]}-{seed}"), limits, names)


if __name__ == "__main__":
    main()
