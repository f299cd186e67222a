"""Other solvers on the same rows in whole cents, written apart from the engine; their points are read exactly."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulp

from support.trust.instances import Instance


@dataclass(frozen=True)
class Said:
    """A solver's last word; `value` is that of its point, None unless the point keeps every row exactly."""

    solver: str
    status: str
    finished: bool
    value: int | None


def others(count: int) -> list[Callable[[Instance, float], Said]]:
    """The first so many that are here: CP-SAT, SCIP, CBC."""
    found: list[Callable[[Instance, float], Said]] = []
    if importlib.util.find_spec("ortools"):
        found.append(cp_sat)
    if importlib.util.find_spec("pyscipopt"):
        found.append(scip)
    if pulp.getSolver("COIN_CMD", msg=False).available():
        found.append(cbc)
    return found[:count]


def _said(instance: Instance, solver: str, status: str, final: bool, funded: list[int] | None) -> Said:
    if funded is None:
        return Said(solver, status, final, None)
    if instance.breaks(funded):
        return Said(solver, "overspends", False, None)
    return Said(solver, status, final, int(instance.micro[funded].sum()))


def cp_sat(instance: Instance, seconds: float) -> Said:
    """One worker, without the step of its presolve that gives wrong optima."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    x = [model.new_bool_var(f"x{j}") for j in range(instance.n)]
    for row in instance.rows:
        used = [j for j in range(instance.n) if row.a[j]]
        total: Any = sum(int(row.a[j]) * x[j] for j in used)
        if used and row.lower is not None:
            model.add(total >= row.lower)
        if used and row.upper is not None:
            model.add(total <= row.upper)
    model.maximize(sum(int(value) * v for value, v in zip(instance.micro.tolist(), x, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.presolve_inclusion_work_limit = 0
    status = solver.solve(model)
    held = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    funded = [j for j, v in enumerate(x) if solver.value(v)] if held else None
    final = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    return _said(instance, "CP-SAT", solver.status_name(status).lower(), final, funded)


def scip(instance: Instance, seconds: float) -> Said:
    """PySCIPOpt, gap 0."""
    import pyscipopt

    model = pyscipopt.Model()
    model.hideOutput()
    model.setParam("limits/gap", 0.0)
    model.setParam("limits/time", seconds)
    model.setParam("numerics/feastol", 1e-7)
    model.setParam("constraints/knapsack/simplifyinequalities", False)
    x = [model.addVar(vtype="B") for _ in range(instance.n)]
    for row in instance.rows:
        used = [j for j in range(instance.n) if row.a[j]]
        total = pyscipopt.quicksum(int(row.a[j]) * x[j] for j in used)
        if used and row.lower is not None:
            model.addCons(total >= row.lower)
        if used and row.upper is not None:
            model.addCons(total <= row.upper)
    unit = _unit(instance)
    gain = pyscipopt.quicksum(value // unit * v for value, v in zip(instance.micro.tolist(), x, strict=True))
    model.setObjective(gain, "maximize")
    model.optimize()
    funded = [j for j, v in enumerate(x) if model.getVal(v) > 0.5] if model.getNSols() else None
    status = model.getStatus()
    return _said(instance, "SCIP", status, status in ("optimal", "infeasible"), funded)


def cbc(instance: Instance, seconds: float) -> Said:
    """CBC through PuLP, gaps 0."""
    problem = pulp.LpProblem("other", pulp.LpMaximize)
    x = [problem.add_variable(f"x{j}", 0, 1, "Integer") for j in range(instance.n)]
    unit = _unit(instance)
    gain = [(v, float(value // unit)) for v, value in zip(x, instance.micro.tolist(), strict=True)]
    problem.setObjective(pulp.LpAffineExpression.from_list(gain))
    for row in instance.rows:
        total = pulp.LpAffineExpression.from_list(
            [(x[j], float(row.a[j])) for j in range(instance.n) if row.a[j]]
        )
        if row.a.any() and row.lower is not None:
            problem.addConstraint(total >= row.lower)
        if row.a.any() and row.upper is not None:
            problem.addConstraint(total <= row.upper)
    stats = problem.solve(pulp.getSolver("COIN_CMD", msg=False, gapRel=0.0, gapAbs=0.0, timeLimit=seconds))
    funded = [j for j, v in enumerate(x) if (v.varValue or 0) > 0.5] if stats.has_solution else None
    final = stats.status in (pulp.LpSolveStatus.Optimal, pulp.LpSolveStatus.Infeasible)
    return _said(instance, "CBC", stats.status.name.lower(), final, funded)


def _unit(instance: Instance) -> int:
    """The largest power of ten that every score is a multiple of: small numbers, the same order."""
    unit = 1
    while unit < 10**12 and not (instance.micro % (unit * 10)).any():
        unit *= 10
    return unit
