"""LP and MPS files of a named model: every number as it stands in the model, in its shortest decimal form.

Both formats leave out the constant of the objective, which readers treat differently; a comment gives it. An MPS
file always minimises, with the costs of a maximised stage negated: CBC 2.10 reads no section `OBJSENSE` in a free
file, and would minimise what is to be maximised.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.named_model import EQUAL, LEAST, MOST, NamedModel
from tnt_sim.i18n.numbers import EURO, get_currency, localise_currency
from tnt_sim.scenario.problem import Problem
from tnt_sim.sparse_matrix import SparseMatrix


def build_row_table(problem: Problem, model: NamedModel) -> pl.DataFrame:
    """Build one line per row: `name`, `kind`, `id`, `group`, `side`, `title`, `sense`, `rhs`, `measure`, `unit`.

    `measure` is the sign of the currency or « 1 »; `unit` is what 1 of the row is worth in it, as a fraction. The
    kind `stage` is the value of an earlier stage, `link` a technical row.
    """
    titles = _collect_titles(problem)
    labels = model.labels
    return pl.DataFrame(
        {
            "name": model.rows,
            "kind": ["stage" if label is None else label.kind.value for label in labels],
            "id": [
                model.linear.row_names[row].removeprefix("stage ") if label is None else label.id
                for row, label in enumerate(labels)
            ],
            "group": [None if label is None else label.group for label in labels],
            "side": [None if label is None else label.side or None for label in labels],
            "title": ["" if label is None else titles.get(label.id, "") for label in labels],
            "sense": model.senses,
            "rhs": model.rhs,
            "measure": [localise_currency(measure) for measure in model.measures],
            "unit": [str(unit) for unit in model.row_units],
        },
        schema_overrides={"group": pl.String, "side": pl.String},
    )


def build_column_table(problem: Problem, form: Formulation, model: NamedModel) -> pl.DataFrame:
    """Build one line per column: `name`, `kind`, `dossier`, `title`, `amount`, `lower`, `upper`, `cost`.

    The kind is `funded` (0 or 1), `steps` (of the amount above the least), `level` (0 or 1) or `auxiliary`: what
    rules count, or money that moves, in euros. `amount` is what one unit of the column grants.
    """
    recovery = form.recovery
    dossier_rows = np.concatenate([recovery.candidate, recovery.amount_rows, recovery.options.row])
    levelled = np.isin(recovery.amount_rows, recovery.options.row)
    cents = np.concatenate(
        [
            recovery.base_cents[recovery.candidate],
            np.where(levelled, 0, recovery.unit_cents[recovery.amount_rows]),
            recovery.options.cents,
        ]
    )
    n_others = len(model.columns) - len(dossier_rows)
    kinds = ("funded", "steps", "level", "auxiliary")
    sizes = (len(recovery.candidate), len(recovery.amount_rows), len(recovery.options.row), n_others)
    table = problem.case.table
    blank = pl.Series([None] * n_others, dtype=pl.String)
    lower, upper = model.column_bounds
    return pl.DataFrame(
        {
            "name": model.columns,
            "kind": [kind for kind, size in zip(kinds, sizes, strict=True) for _ in range(size)],
            "dossier": pl.concat([table["dossier"].gather(dossier_rows), blank]),
            "title": pl.concat([table["title"].cast(pl.String).gather(dossier_rows), blank])
            if "title" in table.columns
            else pl.Series([None] * len(model.columns), dtype=pl.String),
            "amount": pl.concat([pl.Series(cents / 100), pl.Series([None] * n_others, dtype=pl.Float64)]),
            "lower": lower,
            "upper": upper,
            "cost": model.cost,
        }
    )


def _collect_titles(problem: Problem) -> Mapping[str, str]:
    """Return the title of each envelope, rule and cap by its id in row labels."""
    spec = problem.scenario.spec
    tree = problem.case.tree
    named = {f"cap:{cap.id}": getattr(cap, "title", "") for cap in spec.caps if getattr(cap, "id", "")}
    rules = {rule.id: rule.title for rule in spec.rules}
    return {**dict(zip(tree.ids, tree.titles, strict=True)), **named, **rules}


WIDTH = 200

"""Characters of a line, at most: readers of LP files accept 510 or more."""

NO_CANDIDATE = "no_candidate"

"""Name of the column that a file has where no dossier is left to decide."""

_LETTERS = {LEAST: "G", MOST: "L", EQUAL: "E"}


def format_number(value: float) -> str:
    """Write a number in its shortest form that reads back as the same float.

    >>> format_number(150000.0), format_number(0.25), format_number(-1e22)
    ('150000', '0.25', '-1e+22')
    """
    text = repr(float(value) + 0.0)  # no negative zero
    return text.removesuffix(".0")


def render_lp(model: NamedModel) -> str:
    """Return the model as a CPLEX LP file."""
    model = _fill_without_columns(model)
    lines = [*_list_comments(model, "\\", 1), "Maximize" if model.is_maximised else "Minimize"]
    places = np.flatnonzero(model.cost)
    lines += _wrap_terms("objective", places.tolist(), model.cost[places].tolist(), model, "")
    lines.append("Subject To")
    for name, columns, values, sense, rhs in _iterate_rows(model):
        lines += _wrap_terms(name, columns, values, model, f" {sense} {format_number(rhs)}")
    lines += ["Bounds", *_list_lp_bounds(model)]
    whole = [name for name, is_whole in zip(model.columns, model.integer.tolist(), strict=True) if is_whole]
    if whole:
        lines += ["Generals", *(f" {name}" for name in whole)]
    return "\n".join([*lines, "End", ""])


def render_mps(model: NamedModel) -> str:
    """Return the model as a free MPS file, which minimises: costs of a maximised stage are negated."""
    model = _fill_without_columns(model)
    sign = -1 if model.is_maximised else 1
    lines = [*_list_comments(model, "*", sign), "NAME model FREE", "ROWS", " N objective"]
    lines += [f" {_LETTERS[sense]} {row}" for row, sense in zip(model.rows, model.senses, strict=True)]
    lines += ["COLUMNS", *_list_mps_columns(model, sign)]
    lines.append("RHS")
    lines += [
        f" RHS {row} {format_number(bound)}"
        for row, bound in zip(model.rows, model.rhs.tolist(), strict=True)
        if bound
    ]
    lines += ["BOUNDS", *_list_mps_bounds(model), "ENDATA", ""]
    return "\n".join(lines)


def _fill_without_columns(model: NamedModel) -> NamedModel:
    """Return the model; one without candidates gets a column fixed at 0, since files need a column."""
    if model.columns:
        return model
    linear, zero = model.linear, np.zeros(1, dtype=np.int64)
    matrix = linear.matrix
    filled = replace(
        linear,
        matrix=SparseMatrix(matrix.data, matrix.indices, matrix.indptr, (matrix.shape[0], 1)),
        col_lower=zero,
        col_upper=zero,
        integer=np.ones(1, dtype=np.bool_),
        objective=zero,
        col_names=(NO_CANDIDATE,),
    )
    return replace(model, linear=filled, columns=(NO_CANDIDATE,), column_scales=(Fraction(1),))


def _list_comments(model: NamedModel, mark: str, sign: int) -> list[str]:
    offset = format_number(float(model.offset))
    objective = "objective" if sign == 1 else "-objective"
    currency = get_currency()
    money = "euros" if currency == EURO else currency.code or currency.symbol
    return [
        f"{mark} {model.name}, stage {model.stage}: amounts in {money}, values in their unit".encode(
            "ascii", "replace"
        ).decode(),
        f"{mark} value of the stage = {objective} + {offset}",
    ]


def _iterate_rows(model: NamedModel) -> Iterator[tuple[str, list[int], list[float], str, float]]:
    matrix = model.matrix
    starts, indices, data = matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
    for row, (name, sense, rhs) in enumerate(zip(model.rows, model.senses, model.rhs.tolist(), strict=True)):
        begin, end = starts[row], starts[row + 1]
        yield name, indices[begin:end], data[begin:end], sense, rhs


def _wrap_terms(
    name: str, columns: Iterable[int], values: Iterable[float], model: NamedModel, ending: str
) -> list[str]:
    """Return the lines of one row; a row without terms has its first column times 0."""
    terms = [
        f"{'-' if value < 0 else '+'} {format_number(abs(value))} {model.columns[column]}"
        for column, value in zip(columns, values, strict=True)
    ] or [f"+ 0 {model.columns[0]}"]
    lines, current = [], f" {name}:"
    for term in terms:
        if len(current) + len(term) + 1 > WIDTH:
            lines.append(current)
            current = "  "
        current += f" {term}"
    return [*lines, current + ending]


def _list_lp_bounds(model: NamedModel) -> Iterator[str]:
    for name, low, high in _iterate_bounds(model):
        lower = "-inf" if math.isinf(low) else format_number(low)
        upper = "" if math.isinf(high) else f" <= {format_number(high)}"
        yield f" {lower} <= {name}{upper}"


def _list_mps_bounds(model: NamedModel) -> Iterator[str]:
    for name, low, high in _iterate_bounds(model):
        yield f" MI BND {name}" if math.isinf(low) else f" LO BND {name} {format_number(low)}"
        yield f" PL BND {name}" if math.isinf(high) else f" UP BND {name} {format_number(high)}"


def _iterate_bounds(model: NamedModel) -> Iterator[tuple[str, float, float]]:
    lower, upper = model.column_bounds
    yield from zip(model.columns, lower.tolist(), upper.tolist(), strict=True)


def _list_mps_columns(model: NamedModel, sign: int) -> Iterator[str]:
    """Yield the entries by column, columns of whole numbers between markers."""
    by_column = model.matrix.T
    starts, indices, data = by_column.indptr.tolist(), by_column.indices.tolist(), by_column.data.tolist()
    cost, whole = (sign * model.cost).tolist(), model.integer.tolist()
    is_open = False
    for column, name in enumerate(model.columns):
        if whole[column] != is_open:
            is_open = whole[column]
            yield f" MARKER 'MARKER' '{'INTORG' if is_open else 'INTEND'}'"
        entries = range(starts[column], starts[column + 1])
        if cost[column] or not entries:
            yield f" {name} objective {format_number(cost[column])}"
        for k in entries:
            yield f" {name} {model.rows[indices[k]]} {format_number(data[k])}"
    if is_open:
        yield " MARKER 'MARKER' 'INTEND'"
