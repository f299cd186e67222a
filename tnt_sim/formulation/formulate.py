"""Formulation: builds one integer linear program from a problem, with the map back to awards.

Envelopes, caps and hard rules become rows; soft rules become rows with a priced violation; each objective
becomes one stage over the columns. All coefficients are integers, on a common scale per row and per
objective.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import is_
from types import MappingProxyType

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.builder import Builder, GoalRow
from tnt_sim.formulation.linear_model import IntArray, LinearModel, ModelError, SolveStage
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.i18n.message import _
from tnt_sim.rules.envelopes.tree_rows import CENT, EnvelopeRows
from tnt_sim.rules.linear_terms import Unit, find_common_scale, multiply_checked
from tnt_sim.rules.protocols import Mode, RowKind, RowLabel, Sense, Soft
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem

GRANTED = "granted"


@dataclass(frozen=True, eq=False)
class ModelStage:
    """One objective over the model's columns: value = scale · (objective·x + constant).

    Attributes
    ----------
    objective : int64 (n_cols,), violation prices included
    constant : contribution of committed dossiers, in units of `scale`
    scale : exact value of one unit
    unit : what the value measures
    tolerance : share of the best value that later stages may give up
    """

    name: str
    objective: IntArray
    sense: Sense
    constant: int
    scale: Fraction
    unit: Unit
    tolerance: Fraction

    def to_value(self, units: int | Fraction) -> Fraction:
        """Return the exact value of `units` of the objective's columns: scale · (units + constant)."""
        return self.scale * (units + self.constant)

    def round_value(self, value: Fraction) -> int:
        """Return the worst integer units whose value is no worse than `value`.

        They are rounded up when maximising, down when minimising: objective·x is an integer, so that
        no point is lost and none is let in.
        """
        units = value / self.scale - self.constant
        return math.ceil(units) if self.sense is Sense.MAXIMISE else math.floor(units)

    def to_solve_stage(self) -> SolveStage:
        """Return the stage in units of the columns, for the solvers."""
        return SolveStage(self.name, self.objective, self.sense, self.tolerance, self.constant)


def with_kept_values(
    model: LinearModel, stages: Sequence[ModelStage], values: Sequence[Fraction]
) -> LinearModel:
    """Add the constraints that the first stages are no worse than `values`."""
    for stage, value in zip(stages, values, strict=False):
        limit = stage.round_value(value)
        model = model.with_kept_objective(stage.name, stage.objective, stage.sense, limit)
    return model


@dataclass(frozen=True, eq=False)
class Formulation:
    """The integer model, its inverse map, and the meaning of its rows.

    Attributes
    ----------
    model : rows and columns, with a zero objective; all columns are integer
    recovery : map from columns to awards
    stages : the planner's objectives, in order
    least_granted : minimise the total granted, the first tie-break of every decision
    labels : what each row stands for, technical link rows included
    units : value of one unit of each row, in the unit of its measure
    extra_units : what 1 of each column beyond those of the awards is worth in its measure
    row_measures : unit of each row's measure, « € » or « 1 »
    """

    model: LinearModel
    recovery: Recovery
    stages: tuple[ModelStage, ...]
    least_granted: ModelStage
    labels: tuple[RowLabel, ...]
    units: tuple[Fraction, ...]
    row_measures: tuple[str, ...]
    extra_units: tuple[Fraction, ...]


def formulate(
    problem: Problem,
    *,
    whole: bool = True,
    relief: Mapping[int, Soft] = MappingProxyType({}),
    deadline: Deadline = UNLIMITED,
) -> Formulation:
    """Build the integer model of a problem: envelopes, rules and objectives over the candidate dossiers.

    Parameters
    ----------
    whole : bool
        True: divide rows by common divisors and round their bounds. False: keep bounds as they are, for the
        linear relaxation (`--relax`), whose fractional points rounding would cut off.
    relief : mapping from envelope node to price
        Price of each euro added to the amount of that envelope.
    deadline
        When the construction must stop.
    """
    deadline.check()
    recovery = Recovery.of(problem.offers, problem.case.table["dossier"])
    builder = Builder(recovery, deadline)
    EnvelopeRows(problem.case, problem.offers, relief=relief).build_rows(builder)
    for limit in problem.limits:
        limit.build_rows(builder)
    deadline.check()
    problem.offers.common.build_rows(builder)
    problem.caps.build_rows(builder, problem.offers)
    for rule in (*problem.rules, *problem.table_rules):
        if rule.mode is Mode.HARD:
            rule.build_rows(builder)
        elif rule.mode is Mode.PENALTY and rule.penalty is not None:
            rule.build_soft_rows(builder, rule.penalty.soft)
    for number, stage in enumerate(problem.stages):
        for part in stage.goal_parts:
            part.write(builder, number)
    least = ObjectiveStage(GRANTED, Sense.MINIMISE, problem.granted)
    goals = [(stage, builder.build_goal_row(stage.terms, stage.sense)) for stage in (*problem.stages, least)]
    model = builder.build_model(whole=whole)
    stages = [
        _scale_stage(stage, goal, model.n_cols, [(c, price) for c, k, price in builder.prices if k == number])
        for number, (stage, goal) in enumerate(goals)
    ]
    return Formulation(
        model=model,
        recovery=recovery,
        stages=tuple(stages[:-1]),
        least_granted=stages[-1],
        labels=tuple(builder.labels),
        units=tuple(builder.units),
        row_measures=tuple("€" if measure is Unit.MONEY else "1" for measure in builder.measures),
        extra_units=tuple(builder.extra_units),
    )


def update_formulation(
    form: Formulation, before: Problem, problem: Problem, deadline: Deadline = UNLIMITED
) -> Formulation | None:
    """Reuse the formulation of `before` for a problem that differs only in envelope amounts and objectives.

    Only right-hand sides and objective rows are rebuilt. Returns None if the envelope rows need other
    columns, or if a dropped empty row would now be violated. Raises `DeadlineExpired` as `formulate` does.
    """
    deadline.check()
    builder = Builder(form.recovery, deadline)
    model = form.model
    if problem.case.tree is not before.case.tree:
        bounds = _list_envelope_bounds(problem, builder)
        if bounds is None:
            return None
        place = {label: row for row, label in enumerate(form.labels) if label.kind is RowKind.ENVELOPE}
        upper = model.row_upper.copy()
        for label, bound, unit in bounds:
            row = place.get(label)
            if row is not None:
                upper[row] = bound // int(form.units[row] / unit)
            elif bound < 0:  # a row without entries was dropped; it would now be violated
                return None
        model = model.with_row_bounds(model.row_lower, upper)
    stages = form.stages
    if len(stages) != len(problem.stages) or not all(map(is_, before.stages, problem.stages)):
        stages = tuple(
            _scale_stage(stage, builder.build_goal_row(stage.terms, stage.sense), model.n_cols, ())
            for stage in problem.stages
        )
    return replace(form, model=model, stages=stages)


def update_forced(form: Formulation, problem: Problem) -> Formulation:
    """Reuse a formulation for a problem that differs only in the dossiers that must be funded.

    Only the lower bounds of their columns are written again: no row depends on them.
    """
    recovery = replace(form.recovery, forced=problem.offers.forced)
    lower = form.model.col_lower.copy()
    lower[: recovery.n_columns] = recovery.build_column_bounds()[0]
    return replace(form, model=form.model.with_bounds(lower, form.model.col_upper), recovery=recovery)


def _list_envelope_bounds(
    problem: Problem, builder: Builder
) -> Sequence[tuple[RowLabel, int, Fraction]] | None:
    """Return label, bound and unit of each row of the envelope tree; None if it needs further columns."""
    rows = EnvelopeRows(problem.case, problem.offers)
    bounds = rows.list_bounds()
    if bounds is not None:
        return [(label, bound, CENT) for label, bound in bounds]
    rows.build_rows(builder)
    if builder.n_cols != builder.recovery.n_columns:
        return None
    return list(zip(builder.labels, builder.upper, builder.units, strict=True))


def _scale_stage(
    stage: ObjectiveStage, goal: GoalRow, n_cols: int, prices: Sequence[tuple[int, Fraction]]
) -> ModelStage:
    """Scale an objective so that its coefficients and all violation prices are integers."""
    scale = find_common_scale([stage.terms.scale, *(price for __, price in prices if price)])
    factor = int(stage.terms.scale / scale)
    worse = -1 if stage.sense is Sense.MAXIMISE else 1
    try:
        objective = multiply_checked(goal.to_dense(n_cols), factor)
        for column, price in prices:
            objective[column] += worse * int(price / scale)
    except OverflowError:
        raise _build_precision_error(stage.goal) from None
    return ModelStage(
        name=stage.goal,
        objective=objective,
        sense=stage.sense,
        constant=goal.constant * factor,
        scale=scale,
        unit=stage.terms.unit,
        tolerance=stage.tolerance,
    )


def _build_precision_error(goal: str) -> ModelError:
    return ModelError(
        _(
            'the goal "{goal}" and the prices of its rules share no unit that is large enough for '
            "exact work: take weights and prices of closer sizes.",
            goal=goal,
        )
    )


def select_planner_rows(labels: Sequence[RowLabel]) -> list[int]:
    """Return the rows that a planner knows: envelopes and rules, without technical link rows."""
    return [row for row, label in enumerate(labels) if label.kind.value != "link"]
