"""A problem becomes one integer model and its inverse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.builder import Builder, Goal
from tnt_sim.formulation.linear_model import IntArray, LinearModel, ModelError, Sense
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.i18n.message import Text
from tnt_sim.rules.envelopes.tree_rows import EnvelopeRows
from tnt_sim.rules.linear_terms import Unit, checked_product, common_scale
from tnt_sim.rules.protocols import Mode, RowKind, RowLabel, Soft
from tnt_sim.scenario.objective import Sense as Direction
from tnt_sim.scenario.objective import Stage
from tnt_sim.scenario.problem import Problem

GRANTED = "granted"


@dataclass(frozen=True, eq=False)
class ModelStage:
    """One stage over the model's columns: value = scale · (objective·x + constant)."""

    name: str
    objective: IntArray
    sense: Sense
    constant: int
    scale: Fraction
    unit: Unit
    tolerance: Fraction


@dataclass(frozen=True, eq=False)
class Formulation:
    """The model, its inverse, and what its rows stand for.

    Attributes
    ----------
    model : without objective; every column whole
    recovery : columns back to awards
    stages : the planner's goals, in order
    least_granted : the first tie-break of every decision
    labels : what each row stands for; link rows that are nobody's rule included
    units : value of one unit of each row, in the unit of its measure
    row_measures : what one unit of measure is: « € » or « 1 »
    """

    model: LinearModel
    recovery: Recovery
    stages: tuple[ModelStage, ...]
    least_granted: ModelStage
    labels: tuple[RowLabel, ...]
    units: tuple[Fraction, ...]
    row_measures: tuple[str, ...]


def formulate(
    problem: Problem,
    *,
    whole: bool = True,
    relief: Mapping[int, Soft] = MappingProxyType({}),
    deadline: Deadline = UNLIMITED,
) -> Formulation:
    """Write every envelope, rule and goal as integer rows over the candidates.

    With `whole`, bounds are rounded to what whole points can reach, which would cut off fractions that the
    linear program of `--relax` allows. `relief` prices each euro added to the amount of an envelope, by node.

    Raises
    ------
    DeadlineExpired
        When the time is up before the model is written.
    """
    deadline.check()
    recovery = Recovery.of(problem.offers, problem.case.table["dossier"])
    builder = Builder(recovery, deadline)
    EnvelopeRows(problem.case, problem.offers, relief=relief).rows(builder)
    for limit in problem.limits:
        limit.rows(builder)
    deadline.check()
    problem.offers.common.rows(builder)
    problem.caps.rows(builder, problem.offers)
    for rule in (*problem.rules, *problem.table_rules):
        if rule.mode is Mode.HARD:
            rule.rows(builder)
        elif rule.mode is Mode.PENALTY and rule.penalty is not None:
            rule.soft_rows(builder, rule.penalty.soft)
    for number, stage in enumerate(problem.stages):
        for part in stage.parts:
            part.write(builder, number)
    least = Stage(GRANTED, Direction.MINIMISE, problem.granted)
    goals = [(stage, builder.objective(stage.terms, _sense(stage))) for stage in (*problem.stages, least)]
    model = builder.model(whole=whole)
    stages = [
        _stage(stage, goal, model.n_cols, [(c, price) for c, k, price in builder.prices if k == number])
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
    )


def formulated_again(
    form: Formulation, problem: Problem, deadline: Deadline = UNLIMITED
) -> Formulation | None:
    """The formulation with the amounts and the goals of a problem that writes the same rows otherwise.

    None where its envelopes' rows are others. Raises `DeadlineExpired` as `formulate` does.
    """
    builder = Builder(form.recovery, deadline)
    EnvelopeRows(problem.case, problem.offers).rows(builder)
    place = {label: row for row, label in enumerate(form.labels) if label.kind is RowKind.ENVELOPE}
    upper = form.model.row_upper.copy()
    for label, bound, unit in zip(builder.labels, builder.upper, builder.units, strict=True):
        row = place.get(label)
        if row is not None:
            upper[row] = bound // int(form.units[row] / unit)
        elif bound < 0:  # a row without entries is left out as long as it holds
            return None
    if builder.n_cols != form.recovery.n_columns:
        return None
    model = form.model.with_row_bounds(form.model.row_lower, upper)
    stages = tuple(
        _stage(stage, builder.objective(stage.terms, _sense(stage)), model.n_cols, ())
        for stage in problem.stages
    )
    return replace(form, model=model, stages=stages)


def _sense(stage: Stage) -> Sense:
    return Sense(stage.sense.value)


def _stage(stage: Stage, goal: Goal, n_cols: int, prices: Sequence[tuple[int, Fraction]]) -> ModelStage:
    """A stage in a scale in which its terms and every price of a broken rule are whole."""
    scale = common_scale([stage.terms.scale, *(price for _, price in prices if price)])
    factor = int(stage.terms.scale / scale)
    worse = -1 if _sense(stage) is Sense.MAXIMISE else 1
    try:
        objective = checked_product(goal.dense(n_cols), factor)
        for column, price in prices:
            objective[column] += worse * int(price / scale)
    except OverflowError:
        raise _too_fine(stage.goal) from None
    return ModelStage(
        name=stage.goal,
        objective=objective,
        sense=_sense(stage),
        constant=goal.constant * factor,
        scale=scale,
        unit=stage.terms.unit,
        tolerance=stage.tolerance,
    )


def _too_fine(goal: str) -> ModelError:
    return ModelError(
        Text(
            f"l'objectif « {goal} » et les prix de ses règles n'ont pas d'unité commune assez grande pour un "
            "calcul exact : prenez des poids et des prix de tailles plus proches.",
            f'the goal "{goal}" and the prices of its rules share no unit that is large enough for exact work: '
            "take weights and prices of closer sizes.",
        )
    )


def rows_of_rules(labels: Sequence[RowLabel]) -> list[int]:
    """The rows that a planner knows: envelopes and rules."""
    return [row for row, label in enumerate(labels) if label.kind.value != "link"]
