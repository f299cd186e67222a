"""Rules that cross, against bare solvers: processor seconds to a proven gap of 0.01 % and to the end.

    uv run [--with ortools] python benchmarks/crossing_peers.py FAMILY SEED… [--limit SECONDS] [--only NAME,…]

Families B to D (`families.py`; `b4` is B with four floors). Every peer solves the goal alone, gap 0, one thread,
on the same whole numbers, and tells its incumbent and its bound as it goes; the engine settles every stage,
« least granted » and, where a kernel does, whether the answer is the only one. « 0.01 % » is the first moment when
bound − incumbent is at most that part of the incumbent. Seconds are processor seconds of this process and of those
that it began, so that other work on the machine counts little. All answers are read again in whole numbers.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import peers
from families import write
from peers import spent

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import LinearModel, SolveStage
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.highs import HighsBackend, import_highspy
from tnt_sim.solve.methods.exact_kernels import WORDS, solve_exactly
from tnt_sim.solve.methods.lexicographic import Progress, solve_lexicographic
from tnt_sim.solve.methods.tie_break import find_canonical_point
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening

NEAR = 1e-4


@dataclass
class Trace:
    """What one solve came to: its best value and bound so far, when they were near, and when it ended."""

    began: float = field(default_factory=spent)
    best: float = -np.inf
    bound: float = np.inf
    near: float | None = None
    ended: float | None = None
    point: np.ndarray | None = None

    def hear(self, best: float, bound: float) -> None:
        """Take in an incumbent and a bound (infinite where there is none)."""
        if np.isfinite(best) and abs(best) < 1e19:
            self.best = max(self.best, best)
        if np.isfinite(bound) and abs(bound) < 1e19:
            self.bound = min(self.bound, bound)
        if self.near is None and np.isfinite(self.best) and self.bound - self.best <= NEAR * abs(self.best):
            self.near = spent() - self.began

    def end(self, point: np.ndarray | None) -> None:
        """Ended by itself, with its best point."""
        self.ended, self.point = spent() - self.began, point
        self.near = self.ended if self.near is None else self.near

    def ended_at(self, point: np.ndarray | None) -> Trace:
        """The trace of a solver that ended by itself with a point, or was stopped (None)."""
        if point is not None:
            self.end(point)
        return self


def highs(model: LinearModel, limit: float) -> Trace:
    """highspy, cold."""
    solver, lp = peers.highs_model(model, limit)
    trace = Trace()

    def hear(_kind: Any, _message: str, out: Any, _answer: Any, _data: Any) -> None:
        trace.hear(out.mip_primal_bound, out.mip_dual_bound)

    kinds = import_highspy().cb.HighsCallbackType
    solver.setCallback(hear, None)
    for kind in (kinds.kCallbackMipInterrupt, kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipLogging):
        solver.startCallback(kind)
    solver.passModel(lp)
    solver.run()
    return trace.ended_at(peers.highs_point(solver))


def scip(model: LinearModel, limit: float) -> Trace | None:
    """SCIP."""
    made = peers.scip_model(model, limit)
    if made is None:
        return None
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr

    class Ear(Eventhdlr):  # type: ignore[misc]
        """Hears of every node, linear program and better point."""

        def eventinit(self) -> None:
            for kind in (SCIP_EVENTTYPE.NODESOLVED, SCIP_EVENTTYPE.LPSOLVED, SCIP_EVENTTYPE.BESTSOLFOUND):
                self.model.catchEvent(kind, self)

        def eventexec(self, _event: Any) -> None:
            trace.hear(self.model.getPrimalbound(), self.model.getDualbound())

    solver, x = made
    ear = Ear()
    solver.includeEventhdlr(ear, "ear", "hears of bounds")
    trace = Trace()
    solver.optimize()
    return trace.ended_at(peers.scip_point(solver, x))


def cp_sat(model: LinearModel, limit: float) -> Trace | None:
    """CP-SAT, one worker."""
    made = peers.cp_sat_model(model, limit)
    if made is None:
        return None
    cp_model, solver, cp, x = made

    class Ear(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
        """Hears of better points."""

        def on_solution_callback(self) -> None:
            trace.hear(self.objective_value, self.best_objective_bound)

    solver.best_bound_callback = lambda bound: trace.hear(-np.inf, bound)
    trace = Trace()
    if solver.solve(cp, Ear()) == cp_model.OPTIMAL:
        trace.end(np.array([solver.value(v) for v in x], dtype=np.int64))
    return trace


def cbc(model: LinearModel, limit: float) -> Trace | None:
    """CBC through PuLP, its own process; its bounds are not heard."""
    trace = Trace()
    answer = peers.PEERS["PuLP+CBC"](model, limit)
    if answer is None:
        return None
    if answer[1] is not None:  # its bounds are not heard: no moment of 0.01 %
        trace.ended, trace.point = spent() - trace.began, answer[1]
    return trace


PEERS: dict[str, Callable[[LinearModel, float], Trace | None]] = {
    "highspy": highs,
    "scip": scip,
    "cp-sat": cp_sat,
    "cbc": cbc,
}


def engine(form: Formulation, limit: float) -> tuple[Trace, str]:
    """All stages by the engine, and by which way; « 0.01 % » is told of the goal alone.

    Where no kernel settles them, the stages go to HiGHS and the list to the tie-break; « 0.01 % » is then the end
    of the first stage, since the solver's own bounds are not heard.
    """
    stages = [
        SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant)
        for s in (*form.stages, form.least_granted)
    ]
    goal, least = stages
    model = form.model.with_objective(goal.objective, goal.sense)
    unit = int(np.abs(least.objective // np.gcd.reduce(least.objective)).sum()) + 1

    def hear(taken: np.ndarray | None, bound: float) -> None:
        kept = taken is not None and len(taken) == model.n_cols and model.is_feasible(taken.astype(np.int64))
        best = model.compute_value(taken.astype(np.int64)) if kept and taken is not None else -np.inf
        trace.hear(best, np.floor(bound / unit) + 1 if np.isfinite(bound) else np.inf)

    trace = Trace()
    found = solve_exactly(form.model, stages, heard=hear)
    if found is not None:
        trace.end(found[0].values)
        return trace, WORDS[found[0].stages[0].solver]
    return trace, by_solver(form, stages, limit, trace)


def by_solver(form: Formulation, stages: list[SolveStage], limit: float, trace: Trace) -> str:
    """The stages by HiGHS, then the tie-break; says when each was done."""
    said = []

    def tell(step: Progress) -> None:
        if step.result is not None:
            said.append(f"{step.name} {spent() - trace.began:.2f} s")
            if step.result.termination is Termination.OPTIMAL and trace.near is None:
                trace.near = spent() - trace.began

    solver, limits = HighsBackend(), Limits(Deadline(limit))
    outcome = solve_lexicographic(CoefficientTightening().apply(form.model)[0], stages, solver, limits, tell)
    if outcome.values is not None and outcome.is_optimal:
        columns = form.recovery.funded_columns, form.recovery.amount_columns
        one = find_canonical_point(outcome.model, outcome.values, *columns, solver, limits, stages[0])
        trace.end(one.values)
        said.append(f"tie-break {'proven' if one.proven else 'not proven'}")
    return "direct: " + ", ".join(said)


def told(name: str, trace: Trace, model: LinearModel, best: float) -> str:
    """A peer's line: what it took, and what its answer is worth."""
    near = "–" if trace.near is None else f"{trace.near:.2f}"
    if trace.ended is None:
        gap = (trace.bound - trace.best) / max(1.0, abs(trace.best))
        return f"{name} 0.01 % {near} s, not ended (best {trace.best:.0f}, gap {gap:.4%})"
    assert trace.point is not None
    kept = model.is_feasible(trace.point)
    value = model.compute_value(trace.point)
    word = (
        "equal"
        if kept and value == best
        else f"wrong ({value - best:+.0f}, rows {'kept' if kept else 'broken'})"
    )
    return f"{name} 0.01 % {near} s, end {trace.ended:.2f} s {word}"


def compare(path: Path, limit: float, names: list[str]) -> dict[str, Trace]:
    """One scenario, all that are asked; prints a line for each."""
    form = formulate(compile_problem(load_scenario(path)))
    goal = form.stages[0]
    model = form.model.with_objective(goal.objective, goal.sense)
    found: dict[str, Trace] = {}
    way = ""
    for name in names:
        if name == "engine":
            found[name], way = engine(form, limit)
            continue
        answer = PEERS[name](model, limit)
        if answer is not None:
            found[name] = answer
    ends = [
        model.compute_value(t.point)
        for t in found.values()
        if t.point is not None and model.is_feasible(t.point)
    ]
    best = float(max(ends, default=-np.inf))
    for name, trace in found.items():
        print(
            f"{path.parent.name} {told(name, trace, model, best)} {way if name == 'engine' else ''}",
            flush=True,
        )
    return found


def summary(name: str, traces: list[Trace]) -> str:
    """Median and range of one solver's seconds over the seeds; a limit counts as endless."""
    words = []
    for label, seconds in (("0.01 %", [t.near for t in traces]), ("end", [t.ended for t in traces])):
        known = sorted(np.inf if s is None else s for s in seconds)
        if known[0] == np.inf:
            words.append(f"{label} never")
            continue
        words.append(f"{label} median {statistics.median(known):.2f} s, {known[0]:.2f} to {known[-1]:.2f}")
    return f"{name:8} " + "; ".join(words)


def main() -> None:
    words = sys.argv[1:]
    limit = float(words[words.index("--limit") + 1]) if "--limit" in words else 120.0
    only = words[words.index("--only") + 1].split(",") if "--only" in words else ["engine", *PEERS]
    seeds = [int(w) for k, w in enumerate(words[1:], 1) if w.isdigit() and words[k - 1] != "--limit"]
    with tempfile.TemporaryDirectory() as folder:
        places = [write(words[0], seed, Path(folder) / f"{words[0]}-{seed}") for seed in seeds]
        every = [compare(place, limit, only) for place in places]
    for name in every[0]:
        print(summary(name, [found[name] for found in every if name in found]))


if __name__ == "__main__":
    main()
