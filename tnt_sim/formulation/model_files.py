"""LP and MPS files of a named model: every number as it stands in the model, in its shortest decimal form.

Both formats leave out the constant of the objective, which readers treat differently; a comment gives it. An MPS
file always minimises, with the costs of a maximised stage negated: CBC 2.10 reads no section `OBJSENSE` in a free
file, and would minimise what is to be maximised.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from tnt_sim.formulation.named_model import EQUAL, LEAST, MOST, NamedModel
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.sparse_matrix import SparseMatrix

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
