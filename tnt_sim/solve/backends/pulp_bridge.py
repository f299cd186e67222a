"""PuLP backend: any solver that PuLP supports, and export to LP files.

It works around the following, observed with PuLP 4.2:

* files carry 13 significant digits and CBC's answers 8. Longer numbers are rejected on output; integer
  columns are rounded and checked exactly on input (`methods/integral.py`);
* some solvers return `Undefined` for « infeasible »: the linear relaxation is solved before giving up;
* GLPK rejects models without rows and leaves a temporary file behind: it runs in a temporary directory;
* an unknown status, or an exception of PuLP or of a solver, raises SolverError and never becomes a result.

Per solver, the module also sets gaps, tolerances, limits, and an objective scale that the solver handles
well.
"""

from __future__ import annotations

import math
import re
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pulp

from tnt_sim.disk import open_draft
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import (
    Capabilities,
    Limits,
    RawSolution,
    Termination,
    Tuning,
    build_infeasible_solution,
    build_timeout_solution,
    has_crossed_bounds,
    refuse_non_finite,
)
from tnt_sim.solve.backends.solver_process import SolverOverrunError, limit_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAMILY = {"PULP_CBC_CMD": "cbc", "COIN_CMD": "cbc", "CyLP": "cbc", "GLPK_CMD": "glpk", "SCIP_PY": "scip",
           "SCIP_CMD": "scip", "FSCIP_CMD": "scip", "CPSAT": "cpsat", "HiGHS": "highs",
           "HiGHS_CMD": "highs"}  # fmt: skip


def _build_cbc_options(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    # with its default settings CBC 2.10 reported a wrong optimum, or infeasible, for 19 of 300 tight
    # envelopes; with these, for 2 of 1,200 (tests/solve/methods/test_integral.py, the near-miss family)
    tolerance = max(min(tuning.tolerance or 1e-9, 1e-9), 1e-10)
    settings = ["preprocess off", f"integerT {tolerance}"]
    if tuning.presolve:  # not on the other path, where it made CBC report feasible models as infeasible
        settings.append(f"primalT {tolerance}")
    options: dict[str, Any] = {"options": settings}
    if limits.nodes is not None:
        options["maxNodes"] = limits.nodes
    if not tuning.presolve:
        options |= {"presolve": False, "cuts": False}
    if tuning.seed is not None:
        options["randomSeed"] = tuning.seed
    return options


def _build_scip_options(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    options: dict[str, Any] = {} if limits.nodes is None else {"maxNodes": limits.nodes}
    # SCIP's tolerance is relative to the row: 1e-6 of 100 M€ is 100 € (below 1e-7 it warns on stderr).
    # It simplifies knapsack rows of 10⁸ cents step by step, which takes 5 s for 10 dossiers, or minutes.
    settings = [
        f"numerics/feastol={max(min(tuning.tolerance or 1e-7, 1e-7), 1e-9)}",
        "constraints/knapsack/simplifyinequalities=0",
    ]
    if not tuning.presolve:
        settings.append("presolving/maxrounds=0")
    if tuning.seed is not None:
        settings.append(f"randomization/randomseedshift={tuning.seed}")
    return options | {"options": settings}


def _build_scip_cmd_options(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    options = _build_scip_options(limits, tuning)
    # the command line reads FALSE only, PySCIPOpt a number only
    options["options"] = [text.replace("inequalities=0", "inequalities=FALSE") for text in options["options"]]
    return options


def _build_highs_options(limits: Limits, tuning: Tuning) -> dict[str, Any]:
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


def _build_cpsat_options(_limits: Limits, tuning: Tuning) -> dict[str, Any]:
    # the presolve step « inclusion » gave wrong optima (or-tools #5293)
    return {"threads": 1, "presolve_inclusion_work_limit": 0, "cp_model_presolve": tuning.presolve}


def _build_default_options(_limits: Limits, _tuning: Tuning) -> dict[str, Any]:
    return {}


_OPTIONS = {
    "cbc": _build_cbc_options, "scip": _build_scip_options, "scip_cmd": _build_scip_cmd_options,
    "cpsat": _build_cpsat_options, "highs": _build_highs_options,
    "glpk": _build_default_options, "other": _build_default_options,
}  # fmt: skip


def build_solver_options(solver_name: str, limits: Limits, tuning: Tuning) -> dict[str, Any]:
    """Return the keyword arguments specific to a PuLP solver."""
    family = get_solver_family(solver_name)
    by_command = family == "scip" and solver_name.endswith("_CMD")
    return _OPTIONS["scip_cmd" if by_command else family](limits, tuning)


def get_solver_family(solver_name: str) -> str:
    """Return the solver behind a PuLP name: `cbc`, `glpk`, `scip`, `cpsat`, `highs` or `other`."""
    return _FAMILY.get(solver_name, "other")


def build_time_option(solver_name: str, seconds: float | None) -> dict[str, float]:
    """Return the time limit of a PuLP solver as its option; glpsol accepts whole seconds only."""
    if seconds is None:
        return {}
    is_whole = get_solver_family(solver_name) == "glpk"
    return {"timeLimit": max(1, math.ceil(seconds)) if is_whole else max(0.01, seconds)}


def find_refused_option(solver_name: str, solver: object, log: str) -> str | None:
    """Return what shows that a solver ignored an option; None if nothing does. CBC and HiGHS raise no error.

    `solver` is PuLP's `solverModel` for in-process solvers; `log` is what the solver printed.
    """
    family = get_solver_family(solver_name)
    if family == "cbc":
        bad = ("No match for", "valid range is")
        return next((line for line in log.splitlines() if any(word in line for word in bad)), None)
    if family == "highs" and hasattr(solver, "getOptionValue"):
        wanted = {"threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}
        found = {name: solver.getOptionValue(name)[1] for name in wanted}
        return None if found == wanted else f"{found}"
    return None


def convert_for_solver(model: LinearModel, solver_name: str) -> LinearModel:
    """Return the model as passed to the solver: for GLPK the objective is multiplied by a power of ten.

    GLPK compares prices with 10⁻⁷ after scaling rows of 10⁸ cents to 1, and then reports 0 as the optimum of
    « 2 x » (observed with 5.0). The value is read from the point, so the factor needs no inverse.
    """
    if get_solver_family(solver_name) != "glpk":
        return model
    largest, rows = (int(np.abs(a).max(initial=0)) for a in (model.objective, model.matrix.data))
    factor = 1
    while largest and largest * factor * 10 <= min(10 * rows, 10**12):
        factor *= 10
    return model.with_objective(model.objective * factor, model.sense) if factor > 1 else model


_S = pulp.LpSolveStatus
_STATUSES = {
    _S.Optimal: Termination.OPTIMAL,
    _S.Infeasible: Termination.INFEASIBLE,
    _S.Unbounded: Termination.UNBOUNDED,
    _S.Undefined: Termination.INFEASIBLE_OR_UNBOUNDED,
    _S.TimeLimit: Termination.TIME_LIMIT,
    _S.MemoryLimit: Termination.MEMORY_LIMIT,
    _S.NodeLimit: Termination.NODE_LIMIT,
    _S.GapLimit: Termination.SOLUTION_LIMIT,
    _S.SolutionLimit: Termination.SOLUTION_LIMIT,
    _S.IterationLimit: Termination.NUMERIC_TROUBLE,
    _S.Interrupted: Termination.INTERRUPTED,
    _S.NumericalError: Termination.NUMERIC_TROUBLE,
    _S.NotSolved: Termination.FAILED,
}
# Absent on purpose: Stopped (« for a reason the solver does not report ») is interpreted with the limits.

_WITH_DUALS = frozenset({"COIN_CMD", "PULP_CBC_CMD", "HiGHS"})
_READS_FILES = ("_CMD",)


def to_pulp(
    model: LinearModel, *, relax: bool = False, name: str = "tnt_sim"
) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    """Convert the model to a PuLP problem, with its variables in column order.

    A row with two different bounds becomes two constraints, `r3_name_lo` and `r3_name_hi`. Constraints may be
    added, and the problem solved with `problem.solve(solver)`; always name the solver.
    """
    problem, variables, __ = _build(model, relax, name)
    return problem, variables


_SYSTEM = re.compile(r"\(os error (\d+)\)")
"""How PuLP words an error of the operating system."""


def write_lp(model: LinearModel, path: Path) -> None:
    """Write the model as a CPLEX LP file, with the same names on every machine."""
    _refuse_long_figures(model, "LP")
    problem, __ = to_pulp(model)
    with open_draft(path) as draft:
        try:
            problem.writeLP(str(draft), max_length=100)
        except pulp.PulpError as error:
            said = _SYSTEM.search(str(error))
            raise error if said is None else OSError(int(said[1]), str(error)) from error


def list_installed_solvers() -> tuple[str, ...]:
    """List the PuLP solvers installed on this machine, by PuLP name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(dict.fromkeys(pulp.listSolvers(onlyAvailable=True)))


def _build(
    model: LinearModel, relax: bool, name: str
) -> tuple[pulp.LpProblem, list[pulp.LpVariable], list[int]]:
    """Build the problem, its variables, and the row index of each constraint."""
    maximise = model.sense is Sense.MAXIMISE
    problem = pulp.LpProblem(name, pulp.LpMaximize if maximise else pulp.LpMinimize)
    names = model.build_solver_names()
    variables = [
        problem.add_variable(
            column,
            None if low == NO_LOWER else low,
            None if high == NO_UPPER else high,
            "Integer" if whole and not relax else "Continuous",
        )
        for column, low, high, whole in zip(
            names.columns,
            model.col_lower.tolist(),
            model.col_upper.tolist(),
            model.integer.tolist(),
            strict=True,
        )
    ]
    terms = [(variables[j], float(model.objective[j])) for j in np.flatnonzero(model.objective).tolist()]
    problem.setObjective(pulp.LpAffineExpression.from_list(terms, name="objective"))
    origin = []
    for row, constraint, label in _iterate_constraints(model, variables, names.rows):
        problem.addConstraint(constraint, label)
        origin.append(row)
    return problem, variables, origin


def _iterate_constraints(
    model: LinearModel, variables: list[pulp.LpVariable], names: tuple[str, ...]
) -> Iterator[tuple[int, Any, str]]:
    m = model.matrix
    indices, data = m.indices.tolist(), m.data.tolist()
    starts = m.indptr.tolist()
    for row, (low, high) in enumerate(zip(model.row_lower.tolist(), model.row_upper.tolist(), strict=True)):
        begin, end = starts[row], starts[row + 1]
        if begin == end:  # `_has_infeasible_empty_row` checks empty rows
            continue
        pairs = [(variables[j], float(a)) for j, a in zip(indices[begin:end], data[begin:end], strict=True)]
        expression = pulp.LpAffineExpression.from_list(pairs)
        if low == high:
            yield row, expression == low, names[row]
            continue
        two = low != NO_LOWER and high != NO_UPPER
        if low != NO_LOWER:
            yield row, expression >= low, names[row] + ("_lo" if two else "")
        if high != NO_UPPER:
            yield row, expression <= high, names[row] + ("_hi" if two else "")


def _has_infeasible_empty_row(model: LinearModel) -> bool:
    """Whether a row without coefficients excludes 0."""
    empty = np.diff(model.matrix.indptr) == 0
    return bool(np.any(empty & ((model.row_lower > 0) | (model.row_upper < 0))))


def _refuse_long_figures(model: LinearModel, where: str) -> None:
    for values in (model.matrix.data, model.objective, model.row_lower, model.row_upper,
                   model.col_lower, model.col_upper):  # fmt: skip
        for value in values[np.abs(values) >= 10**13].tolist():
            if value not in (NO_LOWER, NO_UPPER) and int(float(f"{value:.12e}")) != value:
                raise SolverError(
                    _(
                        "{where}: {number} has more than 13 digits, the file would lose some",
                        where=where,
                        number=value,
                    ),
                    code="solver.precision",
                )


class PulpBackend:
    """Any solver of PuLP, by its PuLP name: zero gaps, one thread, silent.

    Ctrl-C raises KeyboardInterrupt, because a command-line solver returns nothing then. A solver that still
    runs a second after its time limit is killed with its process group; the log records it.
    """

    def __init__(self, solver_name: str) -> None:
        self.solver_name = solver_name
        self.name = f"pulp:{solver_name}"
        self.family = get_solver_family(solver_name)
        self.capabilities = Capabilities(
            integer=True,
            duals=solver_name in _WITH_DUALS,
            time_limit=True,
            node_limit=self.family in ("cbc", "scip", "highs"),
            start=False,
            tuning=self.family in ("cbc", "scip", "highs"),
            independent_of_highs=self.family in ("cbc", "glpk", "scip", "cpsat"),
            digits=8 if self.family == "cbc" else 15,
        )

    def solve(
        self,
        model: LinearModel,
        *,
        relax: bool = False,
        limits: Limits = Limits(),
        start: IntArray | None = None,
        tuning: Tuning = Tuning(),
    ) -> RawSolution:
        """Solve one model; `start` is ignored, because PuLP's warm starts differ by solver and version."""
        began = time.perf_counter()
        if self.solver_name.endswith(_READS_FILES):
            _refuse_long_figures(model, self.name)
        if has_crossed_bounds(model) or _has_infeasible_empty_row(model):
            return build_infeasible_solution(self.name)
        if not model.matrix.nnz:
            return _solve_without_rows(model, self.name, relax)
        if limits.nodes is not None and not self.capabilities.node_limit:
            raise _build_error(self.name, _("no node limit"))
        if limits.expired:
            return build_timeout_solution(self.name)
        answer = self._ask(model, relax, limits, tuning, began)
        if answer.termination is Termination.INFEASIBLE_OR_UNBOUNDED and not relax and self.family != "cpsat":
            answer = replace(answer, termination=self._resolve_status(model, limits, tuning))
        return refuse_non_finite(answer)

    def _resolve_status(self, model: LinearModel, limits: Limits, tuning: Tuning) -> Termination:
        """Interpret `Undefined` through the linear relaxation: if that is infeasible, so is the model."""
        relaxed = self._ask(model, True, limits, tuning, time.perf_counter()).termination
        if relaxed is Termination.INFEASIBLE:
            return Termination.INFEASIBLE
        unsure = (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED)
        return Termination.INFEASIBLE_OR_UNBOUNDED if relaxed in unsure else Termination.FAILED

    def _ask(
        self, model: LinearModel, relax: bool, limits: Limits, tuning: Tuning, began: float
    ) -> RawSolution:
        problem, variables, origin = _build(convert_for_solver(model, self.solver_name), relax, "tnt_sim")
        with tempfile.TemporaryDirectory(prefix="tnt-sim-") as folder:
            log = Path(folder) / "log.txt"
            try:
                stats = self._solve_problem(problem, limits, tuning, folder, log)
            except SolverOverrunError:
                seconds = time.perf_counter() - began
                return replace(build_timeout_solution(self.name), seconds=seconds, log=_OVERRUN)
            text = log.read_text(errors="replace") if log.exists() else ""
        refused = find_refused_option(self.solver_name, problem.solverModel, text)
        if refused is not None:
            raise _build_error(self.name, _("an option was refused: {refused}", refused=refused))
        termination = self._read_termination(stats, limits)
        holds = bool(stats.has_solution)
        if termination is Termination.OPTIMAL and not holds:
            termination = Termination.NUMERIC_TROUBLE
        values = np.array([v.varValue or 0.0 for v in variables], dtype=np.float64) if holds else None
        objective = float(model.objective.astype(np.float64) @ values) if values is not None else None
        bound = stats.best_bound
        if bound is None and termination is Termination.OPTIMAL:
            bound = objective
        duals = (
            self._read_duals(problem, model, origin) if relax and termination is Termination.OPTIMAL else None
        )
        return RawSolution(
            termination, values, objective, None if bound is None else float(bound),
            duals, None if duals is None else model.objective - duals @ model.matrix,
            self.name, time.perf_counter() - began, text,
        )  # fmt: skip

    def _solve_problem(
        self, problem: pulp.LpProblem, limits: Limits, tuning: Tuning, folder: str, log: Path
    ) -> Any:
        if self.family == "highs":
            from tnt_sim.solve.backends.highs import import_highspy

            import_highspy()
        try:
            solver = pulp.getSolver(self.solver_name, **self._build_options(limits, tuning, log))
            if hasattr(solver, "tmpDir"):
                solver.tmpDir = folder
            if not solver.available():
                raise _build_error(self.name, _("not on this machine"))
            with limit_processes(limits.deadline, solver):
                return problem.solve(solver)
        except (pulp.PulpError, AssertionError, LookupError, OSError, TypeError, ValueError) as error:
            detail = f"{type(error).__name__}: {error}"
            raise _build_error(self.name, detail) from error

    def _build_options(self, limits: Limits, tuning: Tuning, log: Path) -> dict[str, Any]:
        options: dict[str, Any] = {"msg": False, **build_time_option(self.solver_name, limits.time_seconds)}
        if self.family in ("cbc", "scip", "highs"):
            options |= {"gapRel": 0.0, "gapAbs": 0.0, "logPath": str(log)}
        return options | build_solver_options(self.solver_name, limits, tuning)

    def _read_termination(self, stats: Any, limits: Limits) -> Termination:
        status = stats.status
        if status == _S.Stopped:
            if limits.nodes is not None:
                return Termination.NODE_LIMIT
            return Termination.TIME_LIMIT if limits.time_seconds is not None else Termination.FAILED
        if status not in _STATUSES:
            raise _build_error(self.name, _("unknown status {status}", status=status))
        return _STATUSES[status]

    def _read_duals(
        self, problem: pulp.LpProblem, model: LinearModel, origin: list[int]
    ) -> FloatArray | None:
        """Return row prices in our sign; a two-sided row has the sum of its two constraints."""
        if not self.capabilities.duals:
            return None
        duals = np.zeros(model.n_rows)
        for row, constraint in zip(origin, problem.constraints(), strict=True):
            if constraint.pi is None:
                return None
            duals[row] += constraint.pi
        # CBC receives « minimise −c·x » for a maximisation, and PuLP leaves its prices in that sign
        return -duals if self.family == "cbc" and model.sense is Sense.MAXIMISE else duals


_OVERRUN = "tnt_sim: the solver was still running after its time limit; its processes were ended\n"


def _build_error(name: str, reason: Text | str) -> SolverError:
    return SolverError(_("{name}: {reason}", name=name, reason=reason))


def _solve_without_rows(model: LinearModel, name: str, relax: bool) -> RawSolution:
    """Solve a model without coefficients in its rows: each column goes to its better bound."""
    gain = model.objective if model.sense is Sense.MAXIMISE else -model.objective
    idle = np.clip(0, model.col_lower, model.col_upper)
    values = np.where(gain > 0, model.col_upper, np.where(gain < 0, model.col_lower, idle))
    if np.any((values == NO_LOWER) | (values == NO_UPPER)):
        return RawSolution(Termination.UNBOUNDED, None, None, None, None, None, name, 0.0)
    value = float(model.compute_value(values))
    point = values.astype(np.float64)
    prices = np.zeros(model.n_rows) if relax else None
    slopes = model.objective.astype(np.float64) if relax else None
    return RawSolution(Termination.OPTIMAL, point, value, value, prices, slopes, name, 0.0)
