"""What PuLP's solvers are asked with: gaps, tolerances, limits, paths, and a scale that they can read."""

from __future__ import annotations

from typing import Any

import numpy as np

from tnt_sim.formulation.linear_model import LinearModel
from tnt_sim.solve.backend import Limits, Tuning

_FAMILY = {"PULP_CBC_CMD": "cbc", "COIN_CMD": "cbc", "CyLP": "cbc", "GLPK_CMD": "glpk", "SCIP_PY": "scip",
           "SCIP_CMD": "scip", "FSCIP_CMD": "scip", "CPSAT": "cpsat", "HiGHS": "highs",
           "HiGHS_CMD": "highs"}  # fmt: skip


def _cbc(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    # With its own settings CBC 2.10 called 19 of 300 tight envelopes infeasible or solved to a wrong
    # optimum; with these, 2 of 1,200 (tests/solve/test_integral.py, the near-miss family).
    tolerance = max(min(tuning.tolerance or 1e-9, 1e-9), 1e-10)
    settings = ["preprocess off", f"integerT {tolerance}"]
    if tuning.presolve:  # the other path does without: it made CBC call feasible models infeasible
        settings.append(f"primalT {tolerance}")
    options: dict[str, Any] = {"options": settings}
    if limits.nodes is not None:
        options["maxNodes"] = limits.nodes
    if not tuning.presolve:
        options |= {"presolve": False, "cuts": False}
    if tuning.seed is not None:
        options["randomSeed"] = tuning.seed
    return options


def _scip(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    options: dict[str, Any] = {} if limits.nodes is None else {"maxNodes": limits.nodes}
    # SCIP's tolerance is relative to the row: 1e-6 of 100 M€ is 100 €. (Below 1e-7 it warns on stderr.)
    # Its knapsacks of 10⁸ cents are simplified step by step: 5 s for 10 dossiers, minutes for others.
    settings = [
        f"numerics/feastol={max(min(tuning.tolerance or 1e-7, 1e-7), 1e-9)}",
        "constraints/knapsack/simplifyinequalities=0",
    ]
    if not tuning.presolve:
        settings.append("presolving/maxrounds=0")
    if tuning.seed is not None:
        settings.append(f"randomization/randomseedshift={tuning.seed}")
    return options | {"options": settings}


def _scip_cmd(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    options = _scip(limits, tuning)
    # the command line reads FALSE only, PySCIPOpt a number only
    options["options"] = [text.replace("inequalities=0", "inequalities=FALSE") for text in options["options"]]
    return options


def _highs(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    options: dict[str, Any] = {"threads": 1}
    if limits.nodes is not None:
        options["mip_max_nodes"] = limits.nodes
    if not tuning.presolve:
        options["presolve"] = "off"
    if tuning.seed is not None:
        options["random_seed"] = tuning.seed
    if tuning.tolerance is not None:
        options["mip_feasibility_tolerance"] = max(tuning.tolerance, 1e-10)
    return options


def _cpsat(_limits: Limits, tuning: Tuning) -> dict[str, Any]:
    # Presolve's « inclusion » step gave wrong optima (or-tools #5293).
    return {"threads": 1, "presolve_inclusion_work_limit": 0, "cp_model_presolve": tuning.presolve}


def _plain(_limits: Limits, _tuning: Tuning) -> dict[str, Any]:
    return {}


_OPTIONS = {
    "cbc": _cbc, "scip": _scip, "scip_cmd": _scip_cmd, "cpsat": _cpsat, "highs": _highs,
    "glpk": _plain, "other": _plain,
}  # fmt: skip


def solver_options(solver_name: str, limits: Limits, tuning: Tuning) -> dict[str, Any]:
    """The keyword arguments of a solver of PuLP, beyond those that all of them have."""
    family = family_of(solver_name)
    by_command = family == "scip" and solver_name.endswith("_CMD")
    return _OPTIONS["scip_cmd" if by_command else family](limits, tuning)


def family_of(solver_name: str) -> str:
    """The solver behind one of PuLP's names: `cbc`, `glpk`, `scip`, `cpsat`, `highs` or `other`."""
    return _FAMILY.get(solver_name, "other")


def refused_option(solver_name: str, solver: Any, log: str) -> str | None:
    """What a solver did not take, after its solve: a bad option is silent in CBC and HiGHS; SCIP raises.

    `solver` is PuLP's `solverModel`, of in-process solvers; `log` is what the solver printed.
    """
    family = family_of(solver_name)
    if family == "cbc":
        bad = ("No match for", "valid range is")
        return next((line for line in log.splitlines() if any(word in line for word in bad)), None)
    if family == "highs" and hasattr(solver, "getOptionValue"):
        wanted = {"threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}
        found = {name: solver.getOptionValue(name)[1] for name in wanted}
        return None if found == wanted else f"{found}"
    return None


def as_asked(model: LinearModel, solver_name: str) -> LinearModel:
    """The model as it is handed over: for GLPK, with its objective times a power of ten.

    GLPK compares prices with 10⁻⁷ after scaling rows of 10⁸ cents to 1, and then calls 0 the optimum of
    « 2 x » (seen with 5.0). Its value is read from its point, so the factor needs no way back.
    """
    if family_of(solver_name) != "glpk":
        return model
    largest, rows = (int(np.abs(a).max(initial=0)) for a in (model.objective, model.matrix.data))
    factor = 1
    while largest and largest * factor * 10 <= min(10 * rows, 10**12):
        factor *= 10
    return model.with_objective(model.objective * factor, model.sense) if factor > 1 else model
