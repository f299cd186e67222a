"""Bare solvers on an integer model: gap 0, one thread; the point that each calls the best, and what it took.

highspy, CP-SAT and SCIP begin from a model in memory: building it is not counted. The PuLP loops build their
problem each time, as a user's loop does, and that counts; CBC is a process of its own, whose seconds count too.
`LiveHighs` keeps its solver between questions, with its last point.
Seconds are processor time. Solvers that are not installed are left out.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pulp

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.highs import import_highspy
from tnt_sim.solve.backends.pulp_bridge import to_pulp

Answer = tuple[float, np.ndarray | None]
Peer = Callable[[LinearModel, float], Answer | None]


def spent() -> float:
    """Processor seconds of this process and of all that it has started and seen end."""
    below = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + below.ru_utime + below.ru_stime


def highs_model(model: LinearModel, limit: float) -> tuple[Any, Any]:
    """A highspy solver, cold, and the program that it is still to be given."""
    highspy: Any = import_highspy()
    highs = highspy.Highs()
    highs.silent()
    for name, value in (("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0), ("time_limit", limit)):
        highs.setOptionValue(name, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.n_cols, model.n_rows
    up = model.sense is Sense.MAXIMISE
    lp.sense_ = highspy.ObjSense.kMaximize if up else highspy.ObjSense.kMinimize
    lp.col_cost_ = model.objective.astype(float)
    lp.col_lower_, lp.col_upper_ = model.col_lower.astype(float), model.col_upper.astype(float)
    lp.row_lower_ = np.where(model.row_lower == NO_LOWER, -highspy.kHighsInf, model.row_lower.astype(float))
    lp.row_upper_ = np.where(model.row_upper == NO_UPPER, highspy.kHighsInf, model.row_upper.astype(float))
    lp.integrality_ = [highspy.HighsVarType.kInteger] * model.n_cols
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = model.matrix.indptr, model.matrix.indices
    lp.a_matrix_.value_ = model.matrix.data.astype(float)
    return highs, lp


def highs_point(highs: Any) -> np.ndarray | None:
    """The best point, where the solver ended by itself."""
    if highs.getModelStatus().name != "kOptimal":
        return None
    return np.rint(np.array(highs.getSolution().col_value)).astype(np.int64)


def bare_highs(model: LinearModel, limit: float) -> Answer:
    """highspy, cold."""
    highs, lp = highs_model(model, limit)
    began = spent()
    highs.passModel(lp)
    highs.run()
    return spent() - began, highs_point(highs)


class LiveHighs:
    """highspy kept alive between questions: what changed is changed in place, and the last point is handed on."""

    def __init__(self) -> None:
        self.highs: Any = None
        self.model: LinearModel | None = None

    def __call__(self, model: LinearModel, limit: float) -> Answer:
        highspy: Any = import_highspy()
        last, program = self.model, None
        if last is None or not _has_same_rows(last, model):
            highs, program = highs_model(model, limit)
            point = None if self.highs is None else self.highs.getSolution()
            self.highs = highs
        began = spent()
        if program is not None:
            self.highs.passModel(program)
            if point is not None and len(point.col_value) == model.n_cols:
                self.highs.setSolution(point)
        else:
            point = self.highs.getSolution()
            self._change(highspy, model)
            self.highs.setSolution(point)
        self.highs.run()
        self.model = model
        return spent() - began, highs_point(self.highs)

    def _change(self, highspy: Any, model: LinearModel) -> None:
        infinity, highs = highspy.kHighsInf, self.highs
        every = np.arange(model.n_rows, dtype=np.int32)
        lower = np.where(model.row_lower == NO_LOWER, -infinity, model.row_lower.astype(float))
        upper = np.where(model.row_upper == NO_UPPER, infinity, model.row_upper.astype(float))
        highs.changeRowsBounds(len(every), every, lower, upper)
        every = np.arange(model.n_cols, dtype=np.int32)
        highs.changeColsBounds(
            len(every), every, model.col_lower.astype(float), model.col_upper.astype(float)
        )
        highs.changeColsCost(len(every), every, model.objective.astype(float))
        up = model.sense is Sense.MAXIMISE
        highs.changeObjectiveSense(highspy.ObjSense.kMaximize if up else highspy.ObjSense.kMinimize)


def _has_same_rows(one: LinearModel, other: LinearModel) -> bool:
    """Whether two models differ in bounds and objective alone."""
    a, b = one.matrix, other.matrix
    return a.shape == b.shape and all(
        np.array_equal(getattr(a, part), getattr(b, part)) for part in ("indptr", "indices", "data")
    )


def cp_sat_model(model: LinearModel, limit: float) -> tuple[Any, Any, Any, list[Any]] | None:
    """CP-SAT's module, its solver with one worker, the model and its variables; None where it is not installed."""
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        return None
    cp = cp_model.CpModel()
    x = [cp.new_int_var(int(a), int(b), "") for a, b in zip(model.col_lower, model.col_upper, strict=True)]
    m = model.matrix
    for row in range(model.n_rows):
        part = slice(int(m.indptr[row]), int(m.indptr[row + 1]))
        expression = cp_model.LinearExpr.weighted_sum([x[j] for j in m.indices[part]], m.data[part].tolist())
        low, high = int(model.row_lower[row]), int(model.row_upper[row])
        cp.add_linear_constraint(
            expression, low if low != NO_LOWER else -(2**60), high if high != NO_UPPER else 2**60
        )
    goal = cp_model.LinearExpr.weighted_sum(x, model.objective.tolist())
    (cp.maximize if model.sense is Sense.MAXIMISE else cp.minimize)(goal)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = limit
    solver.parameters.presolve_inclusion_work_limit = 0
    return cp_model, solver, cp, x


def bare_cp_sat(model: LinearModel, limit: float) -> Answer | None:
    """CP-SAT, one worker."""
    made = cp_sat_model(model, limit)
    if made is None:
        return None
    cp_model, solver, cp, x = made
    began = spent()
    status = solver.solve(cp)
    seconds = spent() - began
    if status != cp_model.OPTIMAL:
        return seconds, None
    return seconds, np.array([solver.value(v) for v in x], dtype=np.int64)


def scip_model(model: LinearModel, limit: float) -> tuple[Any, list[Any]] | None:
    """A SCIP model through PySCIPOpt and its variables; None where it is not installed."""
    try:
        from pyscipopt import Model, quicksum
    except ImportError:
        return None
    scip = Model()
    scip.hideOutput()
    scip.setParam("limits/time", limit)
    x = [
        scip.addVar(vtype="I", lb=int(a), ub=int(b))
        for a, b in zip(model.col_lower, model.col_upper, strict=True)
    ]
    m = model.matrix
    for row in range(model.n_rows):
        part = slice(int(m.indptr[row]), int(m.indptr[row + 1]))
        sum_ = quicksum(int(a) * x[j] for a, j in zip(m.data[part], m.indices[part], strict=True))
        low, high = int(model.row_lower[row]), int(model.row_upper[row])
        if low != NO_LOWER:
            scip.addCons(sum_ >= low)
        if high != NO_UPPER:
            scip.addCons(sum_ <= high)
    goal = quicksum(int(c) * v for c, v in zip(model.objective, x, strict=True))
    scip.setObjective(goal, "maximize" if model.sense is Sense.MAXIMISE else "minimize")
    return scip, x


def scip_point(scip: Any, x: list[Any]) -> np.ndarray | None:
    """The best point, where the solver ended by itself."""
    if scip.getStatus() != "optimal":
        return None
    return np.array([round(scip.getVal(v)) for v in x], dtype=np.int64)


def bare_scip(model: LinearModel, limit: float) -> Answer | None:
    """SCIP."""
    made = scip_model(model, limit)
    if made is None:
        return None
    scip, x = made
    began = spent()
    scip.optimize()
    return spent() - began, scip_point(scip, x)


def through_pulp(name: str) -> Peer:
    """A PuLP loop's turn: the problem is built and solved."""

    def ask(model: LinearModel, limit: float) -> Answer | None:
        if name not in pulp.listSolvers(onlyAvailable=True):
            return None
        import_highspy()  # its banner, which PuLP would let through
        began = spent()
        problem, x = to_pulp(model)
        stats = problem.solve(pulp.getSolver(name, msg=False, gapRel=0.0, threads=1, timeLimit=limit))
        seconds = spent() - began
        if stats.status != pulp.LpSolveStatus.Optimal:
            return seconds, None
        return seconds, np.array([round(v.varValue or 0) for v in x], dtype=np.int64)

    return ask


PEERS: dict[str, Peer] = {
    "highspy": bare_highs,
    "PuLP+HiGHS": through_pulp("HiGHS"),
    "PuLP+CBC": through_pulp("COIN_CMD"),
    "CP-SAT": bare_cp_sat,
    "SCIP": bare_scip,
}
