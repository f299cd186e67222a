"""One stage of a formulation with names for solvers and one scaling: amounts in euros, values in their own unit.

The engine solves whole numbers: cents, and the least common unit of each row and objective. This module writes
the same rows as a planner reads them:

    row_i        multiplied by scale_i, so that a row about money counts in euros and every other row in the
                 unit of its measure
    objective    multiplied by its scale, so that it counts points, dossiers, inhabitants or euros
    columns      as they are: 0 or 1, a number of steps, or what a rule counts; what moves or is short is scaled
                 as its rows are, so that money counts in euros, in parts of a cent too

A coefficient is a decimal number with at most 15 significant digits, so that the float nearest to it prints
exactly that number. Where a unit has no such decimals (a third of a euro), the row is multiplied by the whole
number that removes the fraction, and `unit` says what 1 is worth. A row with two different bounds is written
as two rows, each of which has one dual price.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from tnt_sim.formulation.formulate import Formulation, ModelStage
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, BoolArray, FloatArray, IntArray, LinearModel
from tnt_sim.rules.protocols import RowLabel, Sense, Unit
from tnt_sim.sparse_matrix import SparseMatrix

LONGEST_NAME = 60
"""Characters of a name before its number: readers of LP and MPS files accept 255, and some only 100."""
MOST_DIGITS = 10**15
"""Decimal numbers below this, their point left out, are printed exactly by the nearest float."""
LEAST, MOST, EQUAL = ">=", "<=", "="


@dataclass(frozen=True, eq=False)
class NamedModel:
    """One stage as a mixed-integer program in euros and points, with a name for each row and column.

        maximise or minimise  cost·x    subject to  matrix·x (≥, ≤ or =) rhs,  lower ≤ x ≤ upper,  x integer

    Attributes
    ----------
    name, stage : id of the scenario, and name of the objective
    linear : the same rows in whole numbers, one bound each (two where they are equal)
    rows, columns : unique names of ASCII letters, digits and underscores
    labels : what each row stands for, None for the value of an earlier stage
    senses : `>=`, `<=` or `=` for each row
    row_scales, cost_scale, column_scales : what the whole numbers are multiplied by
    row_units, cost_unit : what 1 of the row or of the objective is worth in its measure: 1, unless a fraction
    without decimals was removed
    measures : « € » or « 1 » for each row
    offset : what the objective leaves out, in its unit: commitments. Value = cost·x + offset
    """

    name: str
    stage: str
    linear: LinearModel
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    labels: tuple[RowLabel | None, ...]
    senses: tuple[str, ...]
    row_scales: tuple[Fraction, ...]
    cost_scale: Fraction
    column_scales: tuple[Fraction, ...]
    row_units: tuple[Fraction, ...]
    cost_unit: Fraction
    measures: tuple[str, ...]
    offset: Fraction

    @property
    def is_maximised(self) -> bool:
        """Whether the objective is maximised."""
        return self.linear.sense is Sense.MAXIMISE

    @cached_property
    def cost(self) -> FloatArray:
        """Coefficients of the objective, float64 (n_cols,)."""
        scale = _list_parts([self.cost_scale / unit for unit in self.column_scales])
        return self.linear.objective * scale[0] / scale[1]

    @cached_property
    def matrix(self) -> SparseMatrix:
        """Coefficients of the rows, float64 (n_rows, n_cols)."""
        whole = self.linear.matrix
        rows, columns = _list_parts(self.row_scales), _list_parts(self.column_scales)
        above = whole.data * rows[0][whole.row] * columns[1][whole.indices]
        return whole.with_data(above / (rows[1][whole.row] * columns[0][whole.indices]))

    @cached_property
    def rhs(self) -> FloatArray:
        """Right-hand sides, float64 (n_rows,)."""
        at_least = np.array([sense != MOST for sense in self.senses], dtype=np.bool_)
        bound = np.where(at_least, self.linear.row_lower, self.linear.row_upper)
        scale = _list_parts(self.row_scales)
        return bound * scale[0] / scale[1]

    @property
    def row_bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper bounds of the rows, ±∞ where there is none."""
        senses = np.array(self.senses, dtype=np.str_)
        return np.where(senses == MOST, -np.inf, self.rhs), np.where(senses == LEAST, np.inf, self.rhs)

    @property
    def column_bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper bounds of the columns, ±∞ where there is none."""
        low, high = self.linear.col_lower, self.linear.col_upper
        scale = _list_parts(self.column_scales)
        return (
            np.where(low == NO_LOWER, -np.inf, low * scale[0] / scale[1]),
            np.where(high == NO_UPPER, np.inf, high * scale[0] / scale[1]),
        )

    @cached_property
    def integer(self) -> BoolArray:
        """Which columns are whole numbers, Boolean (n_cols,): all but those that are scaled."""
        return self.linear.integer & np.array([scale == 1 for scale in self.column_scales], dtype=np.bool_)

    def to_value(self, whole: Fraction | int) -> Fraction:
        """Return the value of the stage for a number of whole units of the objective, commitments included."""
        return whole * self.cost_scale * self.cost_unit + self.offset


def _list_parts(scales: Sequence[Fraction]) -> tuple[IntArray, FloatArray]:
    parts = [(scale.numerator, scale.denominator) for scale in scales]
    numerator, denominator = np.array(parts, dtype=np.int64).reshape(-1, 2).T
    return numerator, denominator.astype(np.float64)


def choose_scale(unit: Fraction, largest: int) -> Fraction:
    """Choose what whole numbers up to `largest` are multiplied by, each unit of which is worth `unit`.

    >>> choose_scale(Fraction(1, 100), 150_000), choose_scale(Fraction(1, 300), 7)
    (Fraction(1, 100), Fraction(1, 100))
    >>> choose_scale(Fraction(1, 8), 10**14)
    Fraction(1, 1)
    """
    rest, places = unit.denominator, 0
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest, power = rest // prime, power + 1
        places = max(places, power)
    scale = unit * rest
    is_short = largest * scale.numerator * 10**places < MOST_DIGITS * scale.denominator
    return scale if is_short and largest * scale.numerator < 2**53 else Fraction(1)


@dataclass(frozen=True, slots=True)
class FixedStage:
    """An earlier stage, whose value is a row of a later one: its number from 1, and the worst whole units."""

    number: int
    stage: ModelStage
    limit: int


def build_named_model(
    form: Formulation, stage: ModelStage, fixed_stages: Sequence[FixedStage], name: str
) -> NamedModel:
    """Build the model of one stage, with a row for the value of each earlier one.

    Parameters
    ----------
    form : built with `whole=False`, so that bounds are as the planner wrote them
    """
    model = form.model.with_objective(stage.objective, stage.sense)
    for fixed in fixed_stages:
        model = model.with_kept_objective(
            fixed.stage.name, fixed.stage.objective, fixed.stage.sense, fixed.limit
        )
    bases = [
        *(_build_row_name(label) for label in form.labels),
        *(f"stage_{fixed.number}_{fixed.stage.name}" for fixed in fixed_stages),
    ]
    units = (*form.units, *(fixed.stage.scale for fixed in fixed_stages))
    measures = (
        *form.row_measures,
        *("€" if fixed.stage.unit is Unit.MONEY else "1" for fixed in fixed_stages),
    )
    labels: tuple[RowLabel | None, ...] = (*form.labels, *(None for _ in fixed_stages))
    origin, senses, names = _split_rows(model, bases)
    linear = _take_rows(model, origin, senses)
    reach = _find_largest(linear)
    scales = [choose_scale(units[row], size) for row, size in zip(origin, reach, strict=True)]
    cost_scale = choose_scale(stage.scale, int(np.abs(stage.objective).max(initial=0)))
    own = form.recovery.n_columns
    farthest = np.where(linear.col_upper == NO_UPPER, 0, linear.col_upper)[own:].tolist()
    column_scales = [choose_scale(unit, size) for unit, size in zip(form.extra_units, farthest, strict=True)]
    return NamedModel(
        name=name,
        stage=stage.name,
        linear=linear,
        rows=build_unique_names(names),
        columns=build_unique_names(_build_column_names(form)),
        labels=tuple(labels[row] for row in origin),
        senses=tuple(senses),
        row_scales=tuple(scales),
        cost_scale=cost_scale,
        column_scales=(*[Fraction(1)] * own, *column_scales),
        row_units=tuple(units[row] / scale for row, scale in zip(origin, scales, strict=True)),
        cost_unit=stage.scale / cost_scale,
        measures=tuple(measures[row] for row in origin),
        offset=stage.scale * stage.constant,
    )


def _split_rows(model: LinearModel, bases: Sequence[str]) -> tuple[list[int], list[str], list[str]]:
    """Return row, direction and name of each one-sided row; a row without bounds disappears."""
    origin, senses, names = [], [], []
    bounds = zip(model.row_lower.tolist(), model.row_upper.tolist(), bases, strict=True)
    for row, (low, high, base) in enumerate(bounds):
        if low == high:
            sides = [(EQUAL, base)]
        elif low != NO_LOWER and high != NO_UPPER:
            sides = [(LEAST, f"{base}_min"), (MOST, f"{base}_max")]
        else:
            sides = [(LEAST, base)] * (low != NO_LOWER) + [(MOST, base)] * (high != NO_UPPER)
        for sense, name in sides:
            origin.append(row)
            senses.append(sense)
            names.append(name)
    return origin, senses, names


def _take_rows(model: LinearModel, origin: list[int], senses: list[str]) -> LinearModel:
    at = np.array(origin, dtype=np.int64)
    direction = np.array(senses, dtype=np.str_)
    return LinearModel(
        matrix=model.matrix[at],
        row_lower=np.where(direction == MOST, NO_LOWER, model.row_lower[at]),
        row_upper=np.where(direction == LEAST, NO_UPPER, model.row_upper[at]),
        col_lower=model.col_lower,
        col_upper=model.col_upper,
        integer=model.integer,
        objective=model.objective,
        sense=model.sense,
        row_names=tuple(model.row_names[row] for row in origin),
        col_names=model.col_names,
    )


def _find_largest(model: LinearModel) -> list[int]:
    """Return the largest magnitude of each row, its bound included."""
    largest: IntArray = model.matrix.reduce_rows(np.maximum, 0)
    for bound, absent in ((model.row_lower, NO_LOWER), (model.row_upper, NO_UPPER)):
        largest = np.maximum(largest, np.where(bound == absent, 0, np.abs(bound)))
    sizes: list[int] = largest.tolist()
    return sizes


def _build_row_name(label: RowLabel) -> str:
    return "_".join(part for part in (label.kind.value, label.id, label.group or "", label.side) if part)


def _build_column_names(form: Formulation) -> list[str]:
    recovery = form.recovery
    ids = recovery.dossier.to_list()
    return [
        *(f"fund_{ids[row]}" for row in recovery.candidate.tolist()),
        *(f"steps_{ids[row]}" for row in recovery.amount_rows.tolist()),
        *(
            f"level_{ids[row]}_{step}"
            for row, step in zip(recovery.options.row.tolist(), recovery.options.step.tolist(), strict=True)
        ),
        *(f"aux_{name}" for name in form.model.col_names[recovery.n_columns :]),
    ]


def build_unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Reduce names to ASCII letters, digits and underscores; a name that stands twice gets a number.

    >>> build_unique_names(["fund_É 1", "fund_e-1", "fund_É-1"])
    ('fund_E_1', 'fund_e_1', 'fund_E_1_2')
    """
    taken: set[str] = set()
    counts: dict[str, int] = {}
    result = []
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:LONGEST_NAME]
        unique = slug
        while unique in taken:
            counts[slug] = counts.get(slug, 1) + 1
            unique = f"{slug}_{counts[slug]}"
        taken.add(unique)
        result.append(unique)
    return tuple(result)
