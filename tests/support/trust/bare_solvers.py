"""What a script without any guard does: euros in floats, the solver's status taken as the answer.

For tests that show an instance to be one on which a solver alone goes wrong; the product never does any of this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pulp

from support.trust.instances import MICRO, Instance, brute_force
from tnt_sim.solve.backends.highs import import_highspy


class Fault(StrEnum):
    """What a bare solver's answer is, read exactly."""

    RIGHT = "right"
    OVERSPENT = "overspent"
    SUBOPTIMAL = "suboptimal"
    FALSE_INFEASIBLE = "false infeasible"
    NAN = "nan"
    NO_ANSWER = "no answer"


@dataclass(frozen=True)
class Claim:
    """The status in the solver's own words, and its point (None when it holds none)."""

    status: str
    values: list[float] | None


def fault_of(instance: Instance, claim: Claim) -> Fault:
    """Read a claim of « optimal » or « infeasible » against all 2^n sets."""
    best = brute_force(instance)
    if "nfeasible" in claim.status:
        return Fault.RIGHT if best is None else Fault.FALSE_INFEASIBLE
    if "ptimal" not in claim.status or claim.values is None:
        return Fault.NO_ANSWER
    if not np.isfinite(claim.values).all():
        return Fault.NAN
    funded = [j for j, value in enumerate(claim.values) if value > 0.5]
    if instance.breaks(funded):
        return Fault.OVERSPENT
    assert best is not None
    worse = instance.micro[funded].sum() < instance.micro[best].sum()
    return Fault.SUBOPTIMAL if worse else Fault.RIGHT


def _rows(instance: Instance, cents: bool = False) -> list[tuple[list[float], float, float]]:
    """Rows over money in euros, as a script has them, or in cents; other rows as they are."""
    found = []
    for row in instance.rows:
        scale = 100 if np.abs(row.a).max(initial=0) > 1000 and not cents else 1
        low = -np.inf if row.lower is None else row.lower / scale
        high = np.inf if row.upper is None else row.upper / scale
        found.append(([int(a) / scale for a in row.a], low, high))
    return found


def highs(**options: Any) -> Callable[[Instance], Claim]:
    """highspy as its manual shows it, with these options."""

    def ask(instance: Instance) -> Claim:
        solver = import_highspy().Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        for name, value in options.items():
            solver.setOptionValue(name, value)
        whole = import_highspy().HighsVarType.kInteger
        for j, micro in enumerate(instance.micro.tolist()):
            solver.addVar(0.0, 1.0)
            solver.changeColCost(j, micro / MICRO)
            solver.changeColIntegrality(j, whole)
        for values, low, high in _rows(instance):
            used = np.flatnonzero(values).astype(np.int32)
            solver.addRow(low, high, len(used), used, np.array(values)[used])
        solver.changeObjectiveSense(import_highspy().ObjSense.kMaximize)
        solver.run()
        return Claim(solver.getModelStatus().name, list(solver.getSolution().col_value))

    return ask


def through_pulp(name: str, cents: bool = False) -> Callable[[Instance], Claim]:
    """A solver of PuLP as its manual shows it."""

    def ask(instance: Instance) -> Claim:
        problem = pulp.LpProblem("bare", pulp.LpMaximize)
        x = [problem.add_variable(f"x{j}", 0, 1, "Integer") for j in range(instance.n)]
        problem.setObjective(
            pulp.lpSum(micro / MICRO * v for micro, v in zip(instance.micro, x, strict=True))
        )
        for values, low, high in _rows(instance, cents):
            total = pulp.lpSum(a * v for a, v in zip(values, x, strict=True) if a)
            if np.isfinite(high):
                problem.addConstraint(total <= high)
            if np.isfinite(low):
                problem.addConstraint(total >= low)
        found = problem.solve(pulp.getSolver(name, msg=False))
        values_found = [v.varValue for v in x]
        return Claim(found.status.name, None if None in values_found else values_found)

    return ask


def scip(instance: Instance) -> Claim:
    """PySCIPOpt as its manual shows it."""
    import pyscipopt

    model = pyscipopt.Model()
    model.hideOutput()
    x = [model.addVar(vtype="B") for _ in range(instance.n)]
    model.setObjective(
        pyscipopt.quicksum(micro / MICRO * v for micro, v in zip(instance.micro.tolist(), x, strict=True)),
        "maximize",
    )
    for values, low, high in _rows(instance):
        total = pyscipopt.quicksum(a * v for a, v in zip(values, x, strict=True) if a)
        if np.isfinite(high):
            model.addCons(total <= high)
        if np.isfinite(low):
            model.addCons(total >= low)
    model.optimize()
    holds = model.getNSols() > 0
    return Claim(model.getStatus(), [model.getVal(v) for v in x] if holds else None)
