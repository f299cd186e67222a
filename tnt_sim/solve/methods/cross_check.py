"""Cross-check: solves the same stages with an independent solver, and keeps models on which solvers disagree.

The second solver confirms a stage if its optimum, checked exactly, has the same value. A better feasible
point proves that the first solver was wrong, and is returned. A worse « optimum » proves that the second
solver is wrong here; it is retried with other options, then the next solver is tried. Exact reduced-cost
fixing (`reductions/fixing.py`) first removes the columns that no point as good as the incumbent can change;
the prices may come from any solver.

`quarantine_model` keeps a model on which two solvers contradict each other. Its folder holds `model.lp` (all
digits), `reduced.lp` (rows and columns removed by delta debugging while the contradiction remains, for a
bounded time) and `claims.json`.

Source: Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, IEEE Trans. Softw. Eng. 28
(2002).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.disk import put_all
from tnt_sim.errors import SolverError, UsageError
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, SolveStage
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits, Termination, Tuning
from tnt_sim.solve.backends.registry import get_backend, list_independent_backends
from tnt_sim.solve.methods.integral import IntegralSolution, solve_integral
from tnt_sim.solve.methods.lexicographic import StageResult, StagesOutcome, with_stage_row
from tnt_sim.solve.reductions.fixing import ReducedCostFixing
from tnt_sim.solve.reductions.restriction import Restriction

_ALIASES = {
    "cbc": ("pulp:COIN_CMD", "pulp:PULP_CBC_CMD"),
    "glpk": ("pulp:GLPK_CMD",),
    "scip": ("pulp:SCIP_PY", "pulp:SCIP_CMD"),
    "cp-sat": ("pulp:CPSAT",),
}

_PATHS = (Tuning(), Tuning(presolve=False, seed=7))


class Verdict(StrEnum):
    """Conclusion of the cross-check, for one stage or for all."""

    AGREES = "agrees"
    BETTER_FOUND = "better_found"  # the first solver is proven wrong
    WORSE = "worse"  # only « optima » that the incumbent proves wrong
    LIMIT = "limit"
    NOT_PROVED = "not_proved"  # the first solver did not finish, so there is nothing to confirm
    FAILED = "failed"
    NO_SOLVER = "no_solver"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class StageCheck:
    """Cross-check of one stage: expected value, value found by the second solver, and verdict.

    Values leave out the constant of the stage; `n_columns` is the size of the model after fixing.
    """

    name: str
    verdict: Verdict
    solver: str | None
    expected: int | None
    observed: int | None
    seconds: float
    n_columns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class CrossCheck:
    """Cross-check of all stages.

    Attributes
    ----------
    agrees : True if every stage is confirmed; False if a solver contradicts the result after all retries;
    None if nothing can be concluded (no solver, a limit, a failure, or a first answer that was not proved)
    improvement : int64 (n_cols,), a feasible point that is better at the first stage that differs; None if
    there is none
    reason : the verdict in words
    """

    agrees: bool | None
    verdict: Verdict
    solver: str | None
    stages: tuple[StageCheck, ...]
    improvement: IntArray | None
    reason: Text
    seconds: float

    def restrict(self, n: int) -> CrossCheck:
        """Return the check of the first n stages, where only a later one is left unconfirmed."""
        agreed = [check.verdict is Verdict.AGREES for check in self.stages[:n]]
        if self.agrees is not None or not agreed or len(agreed) < n or not all(agreed):
            return self
        return replace(self, agrees=True, verdict=Verdict.AGREES, reason=_REASONS[Verdict.AGREES])


_REASONS = {
    Verdict.AGREES: _("the same value, to the unit, at every stage"),
    Verdict.BETTER_FOUND: _("a better point exists: the first solver was wrong"),
    Verdict.WORSE: _("the second solver calls optimal a point worse than the one in hand"),
    Verdict.LIMIT: _("the second solver did not finish within its limit"),
    Verdict.NOT_PROVED: _("the first solver did not finish, so there is nothing to confirm"),
    Verdict.FAILED: _("the second solver failed"),
    Verdict.NO_SOLVER: _("no independent solver on this machine"),
    Verdict.NOT_ASKED: _("no cross-check was asked for"),
}  # fmt: skip

_AGREES = {Verdict.AGREES: True, Verdict.BETTER_FOUND: False, Verdict.WORSE: False}


def cross_check(
    model: LinearModel,
    stages: Sequence[SolveStage],
    outcome: StagesOutcome,
    choice: str = "auto",
    limits: Limits = Limits(),
    *,
    first: str = "highs",
    prices: Backend | None = None,
    before: Sequence[StageCheck] = (),
) -> CrossCheck:
    """Solve each stage of `outcome` with an independent solver, earlier stages kept as constraints.

    Parameters
    ----------
    model
        The model given to `solve_lexicographic`, without constraints of stages.
    choice
        `auto` (the first available of CBC, GLPK, SCIP, CP-SAT), `never`, or a name (`CBC`, `pulp:COIN_CMD`).
    limits
        Cover all stages and all retries together.
    first
        The backend that gave `outcome`; it is never used as the second solver.
    prices
        A backend with dual prices for the fixing. Default: `first`.
    before
        Earlier checks of the same stages: what they confirm is not solved again.
    """
    began = time.perf_counter()
    if choice == "never":
        return _build_cross_check((), Verdict.NOT_ASKED, None, began)
    if limits.expired and not (outcome.is_optimal or outcome.termination is Termination.INFEASIBLE):
        return _build_cross_check((), Verdict.NOT_PROVED, None, began)
    names = _select_solvers(choice, first)
    if not names:
        return _build_cross_check((), Verdict.NO_SOLVER, None, began)
    options = _SolverQueue(tuple(get_backend(name) for name in names), prices or get_backend(first), limits)
    if outcome.values is None:
        check, improvement = options.check_infeasible(model, outcome)
        return _build_cross_check((check,), check.verdict, improvement, began)
    checks, improvement = _check_stages(model, stages, outcome, options, before)
    return _build_cross_check(
        checks, checks[-1].verdict if checks else Verdict.NOT_PROVED, improvement, began
    )


def _check_stages(
    model: LinearModel,
    stages: Sequence[SolveStage],
    outcome: StagesOutcome,
    queue: _SolverQueue,
    before: Sequence[StageCheck],
) -> tuple[tuple[StageCheck, ...], IntArray | None]:
    """Check stage by stage, up to the first that is not confirmed."""
    checks: list[StageCheck] = []
    confirmed = [check for check in before if check.verdict is Verdict.AGREES]
    for stage, result in zip(stages, outcome.stages, strict=False):
        model = model.with_objective(stage.objective, stage.sense)
        if result.skipped and result.termination is Termination.OPTIMAL:
            # determined by an earlier stage, which is confirmed
            checks.append(StageCheck(result.name, Verdict.AGREES, None, result.value, result.value, 0.0))
            continue
        known = confirmed[len(checks) : len(checks) + 1]
        check, improvement = (known[0], None) if known else queue.check_stage(model, result)
        checks.append(check)
        if check.verdict is not Verdict.AGREES:
            return tuple(checks), improvement
        model = with_stage_row(model, stage, result)
    return tuple(checks), None


def _select_solvers(choice: str, first: str) -> tuple[str, ...]:
    here = list_independent_backends()
    if choice == "auto":
        return tuple(name for name in here if name != first)
    alone = choice if choice in here or choice.startswith("pulp:") else f"pulp:{choice}"
    known = _ALIASES.get(choice.lower(), (alone,))
    result = tuple(name for name in known if name in here)
    if not result or result[0] == first:
        listed = ", ".join(here) or "—"
        raise UsageError(
            _(
                'cross_check: "{choice}" cannot cross-check here. Independent ones present: {listed}.',
                choice=choice,
                listed=listed,
            ),
            code="usage.cross_check",
        )
    return result[:1]


def build_unfinished_check() -> CrossCheck:
    """Build the cross-check of an answer that the first solver did not finish."""
    return _build_cross_check((), Verdict.NOT_PROVED, None, time.perf_counter())


def _build_cross_check(
    checks: tuple[StageCheck, ...], verdict: Verdict, improvement: IntArray | None, began: float
) -> CrossCheck:
    solvers = dict.fromkeys(check.solver for check in checks if check.solver)
    return CrossCheck(
        agrees=_AGREES.get(verdict),
        verdict=verdict,
        solver=", ".join(solvers) or None,
        stages=checks,
        improvement=improvement,
        reason=_REASONS[verdict],
        seconds=time.perf_counter() - began,
    )


_Verdict = tuple[StageCheck, IntArray | None]


@dataclass(frozen=True, slots=True)
class _SolverQueue:
    """The solvers to try, in order, and their limits."""

    solvers: tuple[Backend, ...]
    prices: Backend
    limits: Limits

    def check_stage(self, model: LinearModel, result: StageResult) -> _Verdict:
        """Check one stage; `model` has its objective and the constraints of earlier stages."""
        began = time.perf_counter()
        if result.termination is not Termination.OPTIMAL or result.value is None:
            return StageCheck(result.name, Verdict.NOT_PROVED, None, result.value, None, 0.0), None
        small, restriction = Restriction().apply(self._fix_columns(model, result.value))
        expected = result.value - restriction.offset
        check = StageCheck(result.name, Verdict.FAILED, None, result.value, None, 0.0, small.n_cols)
        for solver in self.solvers:
            for tuning in _PATHS if solver.capabilities.tuning else _PATHS[:1]:
                solution = self._solve(small, solver, tuning)
                if solution is None:
                    continue
                verdict = _compare_value(solution, expected, model.sense)
                value = None if solution.value is None else restriction.expand_bound(solution.value)
                seconds = time.perf_counter() - began
                check = replace(
                    check, verdict=verdict, solver=solution.solver, observed=value, seconds=seconds
                )
                if verdict is Verdict.BETTER_FOUND and solution.values is not None:
                    return check, restriction.expand(solution.values)
                if verdict in (Verdict.AGREES, Verdict.LIMIT):
                    return check, None
        return check, None

    def check_infeasible(self, model: LinearModel, outcome: StagesOutcome) -> _Verdict:
        """Check « infeasible » without an objective: a feasible point refutes it."""
        began = time.perf_counter()
        name = outcome.stages[-1].name if outcome.stages else ""
        check = StageCheck(name, Verdict.NOT_PROVED, None, None, None, 0.0, model.n_cols)
        if outcome.termination is not Termination.INFEASIBLE:
            return check, None
        check = replace(check, verdict=Verdict.FAILED)
        goal = model.with_objective(np.zeros(model.n_cols, dtype=np.int64), Sense.MAXIMISE)
        for solver in self.solvers:
            solution = self._solve(goal, solver, Tuning())
            if solution is None:
                continue
            check = replace(check, solver=solution.solver, seconds=time.perf_counter() - began)
            if solution.values is not None:
                return replace(check, verdict=Verdict.BETTER_FOUND), solution.values
            if solution.termination is Termination.INFEASIBLE:
                return replace(check, verdict=Verdict.AGREES), None
            if solution.termination.is_limit:
                return replace(check, verdict=Verdict.LIMIT), None
        return check, None

    def _fix_columns(self, model: LinearModel, value: int) -> LinearModel:
        """Fix the columns that no point of this value or better can change, if there are prices."""
        if not self.prices.capabilities.duals:
            return model
        duals = self.prices.solve(model, relax=True, limits=self.limits).row_duals
        if duals is None:
            return model
        return ReducedCostFixing(duals, value, deadline=self.limits.deadline).apply(model)[0]

    def _solve(self, model: LinearModel, solver: Backend, tuning: Tuning) -> IntegralSolution | None:
        limits = self.limits
        if not solver.capabilities.node_limit:
            limits = replace(limits, nodes=None)
        try:
            return solve_integral(model, solver, limits, tuning=tuning)
        except SolverError:  # a number too long for its files, or a crash: try the next solver
            return None


def _compare_value(solution: IntegralSolution, expected: int, sense: Sense) -> Verdict:
    if solution.value is not None and solution.value != expected:
        better = solution.value > expected if sense is Sense.MAXIMISE else solution.value < expected
        if better:
            return Verdict.BETTER_FOUND
    if solution.termination.is_limit:
        return Verdict.LIMIT
    if solution.termination is Termination.OPTIMAL:
        return Verdict.AGREES if solution.value == expected else Verdict.WORSE
    # « infeasible » despite a feasible incumbent is worse than any value
    return Verdict.WORSE if solution.termination is Termination.INFEASIBLE else Verdict.FAILED


SECONDS = 30.0
"""Time for making a model smaller."""

SECONDS_A_SOLVE = 5.0
"""Time per solve; a smaller model without an answer by then counts as not contradictory."""


@dataclass(frozen=True, slots=True, eq=False)
class SolverClaim:
    """A solver's claim about a model; `values` is its point, which satisfies all rows, or None."""

    solver: str
    termination: Termination
    value: int | None
    values: IntArray | None


@dataclass(frozen=True, slots=True)
class QuarantinedModel:
    """Where a model was kept, whether the contradiction was reproduced, and the size of the reduced model."""

    folder: Path
    reproduced: bool
    n_rows: int
    n_cols: int


def build_stage_model(
    model: LinearModel, stages: Sequence[SolveStage], results: Sequence[StageResult], index: int
) -> LinearModel:
    """Return the model of one stage: its objective, and earlier stages as constraints."""
    for stage, result in zip(stages[:index], results[:index], strict=True):
        model = with_stage_row(model, stage, result)
    return model.with_objective(stages[index].objective, stages[index].sense)


def quarantine_model(
    model: LinearModel, first: Backend, second: Backend, place: Path, deadline: Deadline = UNLIMITED
) -> QuarantinedModel:
    """Solve again with both solvers, reduce the model, and keep it in a folder of `place` named by its hash.

    The work ends at the deadline, and after `SECONDS` at the latest.
    """
    deadline = deadline.tighten(SECONDS)

    def ask(submodel: LinearModel) -> tuple[SolverClaim, SolverClaim]:
        limits = Limits(deadline.tighten(SECONDS_A_SOLVE))
        return _collect_claim(submodel, first, limits), _collect_claim(submodel, second, limits)

    claims = ask(model)
    reproduced = is_contradiction(*claims)
    small, small_claims = model, claims
    if reproduced:
        small = reduce_model(model, lambda part: is_contradiction(*ask(part)), deadline)
        small_claims = ask(small)
        if not is_contradiction(*small_claims):  # out of time, or a solver that does not repeat itself
            small, small_claims = model, claims
    text = render_lp(model)
    folder = place / hashlib.sha256(text.encode()).hexdigest()[:8]
    document = {
        "schema_version": 1,
        "reproduced": reproduced,
        "model": _build_document(model, claims),
        "reduced": _build_document(small, small_claims),
    }
    claims_text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    texts = {"model.lp": text, "reduced.lp": render_lp(small), "claims.json": claims_text}
    put_all({folder / name: told.encode() for name, told in texts.items()})
    return QuarantinedModel(folder, reproduced, small.n_rows, small.n_cols)


def is_contradiction(claim: SolverClaim, other: SolverClaim) -> bool:
    """Whether two claims cannot both be true: two different optima, or « infeasible » against a point."""
    final = (Termination.OPTIMAL, Termination.INFEASIBLE)
    if claim.termination not in final or other.termination not in final:
        return False
    return claim.termination is not other.termination or claim.value != other.value


def reduce_model(model: LinearModel, still: Callable[[LinearModel], bool], deadline: Deadline) -> LinearModel:
    """Remove rows and columns while `still` is true; minimal for single removals, if time permits."""
    size = -1
    while size != model.n_rows + model.n_cols:
        size = model.n_rows + model.n_cols
        model = _with_fewer_rows(model, still, deadline)
        model = _with_fewer_columns(model, still, deadline)
    return model


def _with_fewer_rows(
    model: LinearModel, still: Callable[[LinearModel], bool], deadline: Deadline
) -> LinearModel:
    columns = list(range(model.n_cols))
    rows_left = _reduce_items(
        list(range(model.n_rows)), lambda rows: still(_extract_submodel(model, rows, columns)), deadline
    )
    return _extract_submodel(model, rows_left, columns)


def _with_fewer_columns(
    model: LinearModel, still: Callable[[LinearModel], bool], deadline: Deadline
) -> LinearModel:
    rows = list(range(model.n_rows))
    columns_left = _reduce_items(
        list(range(model.n_cols)), lambda columns: still(_extract_submodel(model, rows, columns)), deadline
    )
    return _extract_submodel(model, rows, columns_left)


def _reduce_items(items: list[int], still: Callable[[list[int]], bool], deadline: Deadline) -> list[int]:
    """Remove halves, quarters, … single items while `still` is true of the rest (delta debugging)."""
    step = len(items)
    while step >= 1:
        begin = 0
        while begin < len(items):
            if deadline.expired:
                return items
            kept = items[:begin] + items[begin + step :]
            if still(kept):
                items = kept
            else:
                begin += step
        step //= 2
    return items


def _extract_submodel(model: LinearModel, rows: list[int], columns: list[int]) -> LinearModel:
    """Return some rows over some columns; the other columns are 0."""
    return LinearModel(
        matrix=model.matrix[rows][:, columns],
        row_lower=model.row_lower[rows],
        row_upper=model.row_upper[rows],
        col_lower=model.col_lower[columns],
        col_upper=model.col_upper[columns],
        integer=model.integer[columns],
        objective=model.objective[columns],
        sense=model.sense,
        row_names=tuple(model.row_names[i] for i in rows),
        col_names=tuple(model.col_names[j] for j in columns),
    )


def _collect_claim(model: LinearModel, backend: Backend, limits: Limits) -> SolverClaim:
    if not backend.capabilities.node_limit:
        limits = replace(limits, nodes=None)
    try:
        solution = solve_integral(model, backend, limits)
    except SolverError:
        return SolverClaim(backend.name, Termination.FAILED, None, None)
    return SolverClaim(solution.solver or backend.name, solution.termination, solution.value, solution.values)


def render_lp(model: LinearModel) -> str:
    """Write the model as text in CPLEX LP format, with all digits."""
    names = model.build_solver_names()
    m = model.matrix
    lines = ["Maximize" if model.sense is Sense.MAXIMISE else "Minimize"]
    lines.append(
        " objective: " + _render_terms(np.flatnonzero(model.objective), model.objective, names.columns)
    )
    lines.append("Subject To")
    for i, name in enumerate(names.rows):
        entries = slice(int(m.indptr[i]), int(m.indptr[i + 1]))
        dense = dict(zip(m.indices[entries].tolist(), m.data[entries].tolist(), strict=True))
        text = _render_terms(np.array(sorted(dense), dtype=np.int64), dense, names.columns)
        low, high = int(model.row_lower[i]), int(model.row_upper[i])
        if low == high:
            lines.append(f" {name}: {text} = {low}")
            continue
        if low != NO_LOWER:
            lines.append(f" {name}_lo: {text} >= {low}")
        if high != NO_UPPER:
            lines.append(f" {name}_hi: {text} <= {high}")
    lines.append("Bounds")
    for name, low, high in zip(
        names.columns, model.col_lower.tolist(), model.col_upper.tolist(), strict=True
    ):
        below = "-inf" if low == NO_LOWER else str(low)
        above = "+inf" if high == NO_UPPER else str(high)
        lines.append(f" {below} <= {name} <= {above}")
    whole = [name for name, integer in zip(names.columns, model.integer.tolist(), strict=True) if integer]
    return "\n".join([*lines, "Generals", *(f" {name}" for name in whole), "End", ""])


def _render_terms(columns: IntArray, values: Any, names: Sequence[str]) -> str:
    """Write a sum such as `+ 3 x0 - 2 x4`, six terms per line; one column times 0 if it is empty."""
    if not len(columns):
        return f"0 {names[0]}" if names else "0 x"
    words = [f"{'-' if values[j] < 0 else '+'} {abs(int(values[j]))} {names[j]}" for j in columns.tolist()]
    return "\n   ".join(" ".join(words[k : k + 6]) for k in range(0, len(words), 6))


def _build_document(model: LinearModel, claims: Sequence[SolverClaim]) -> dict[str, Any]:
    return {
        "rows": model.n_rows,
        "columns": model.n_cols,
        "claims": [
            {
                "solver": claim.solver,
                "termination": claim.termination.value,
                "value": claim.value,
                "point": None if claim.values is None else _map_point(model, claim.values),
            }
            for claim in claims
        ],
    }


def _map_point(model: LinearModel, values: IntArray) -> dict[str, int]:
    names = model.build_solver_names().columns
    return {names[j]: int(values[j]) for j in np.flatnonzero(values).tolist()}
