"""Two solvers that contradict each other on one model: the model is kept with both claims, and made small.

A folder holds `model.lp` (every figure exact), `reduced.lp` (what is left when rows and columns are taken away for
as long as the two still contradict each other: delta debugging, for a bounded time) and `claims.json`.

Source: Zeller & Hildebrandt, Simplifying and isolating failure-inducing input, IEEE TSE 28 (2002).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.disk import put_all
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, Sense
from tnt_sim.solve.backend import Backend, Limits, Termination
from tnt_sim.solve.integral import solve_integral
from tnt_sim.solve.lexicographic import Stage, StageResult, with_stage_row

SECONDS = 30.0
"""How long a model may take to be made smaller."""

SECONDS_A_SOLVE = 5.0
"""After that long without an answer, a smaller model counts as one without contradiction."""


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """What one solver says of a model; `values` is its point, which keeps every row, or None."""

    solver: str
    termination: Termination
    value: int | None
    values: IntArray | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Where a model was put, whether the contradiction came back when asked again, and how small it became."""

    folder: Path
    reproduced: bool
    n_rows: int
    n_cols: int


def stage_model(
    model: LinearModel, stages: Sequence[Stage], results: Sequence[StageResult], index: int
) -> LinearModel:
    """The model of one stage: those before it kept as rows, its own objective."""
    for stage, result in zip(stages[:index], results[:index], strict=True):
        model = with_stage_row(model, stage, result)
    return model.with_objective(stages[index].objective, stages[index].sense)


def quarantine(
    model: LinearModel, first: Backend, second: Backend, place: Path, deadline: Deadline = UNLIMITED
) -> Quarantined:
    """Ask both again, make the model small, and keep it under `place` in a folder named by its content.

    The work ends at the deadline, and after `SECONDS` in any case.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    deadline = deadline.within(SECONDS)

    def ask(part: LinearModel) -> tuple[Claim, Claim]:
        limits = Limits(deadline.within(SECONDS_A_SOLVE))
        return _claim(part, first, limits), _claim(part, second, limits)

    claims = ask(model)
    reproduced = contradict(*claims)
    small, small_claims = model, claims
    if reproduced:
        small = reduced(model, lambda part: contradict(*ask(part)), deadline)
        small_claims = ask(small)
        if not contradict(*small_claims):  # out of time, or a solver that does not repeat itself
            small, small_claims = model, claims
    text = lp_text(model)
    folder = place / hashlib.sha256(text.encode()).hexdigest()[:8]
    document = {
        "schema_version": 1,
        "reproduced": reproduced,
        "model": _told(model, claims),
        "reduced": _told(small, small_claims),
    }
    claims_text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    texts = {"model.lp": text, "reduced.lp": lp_text(small), "claims.json": claims_text}
    put_all({folder / name: told.encode() for name, told in texts.items()})
    return Quarantined(folder, reproduced, small.n_rows, small.n_cols)


def contradict(one: Claim, other: Claim) -> bool:
    """Whether two final claims cannot both be true: two values, or « nothing fits » against a point."""
    final = (Termination.OPTIMAL, Termination.INFEASIBLE)
    if one.termination not in final or other.termination not in final:
        return False
    return one.termination is not other.termination or one.value != other.value


def reduced(model: LinearModel, still: Callable[[LinearModel], bool], deadline: Deadline) -> LinearModel:
    """A part of the model for which `still` holds, and for none with one row or column less, time permitting."""
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
    kept = _fewer(list(range(model.n_rows)), lambda rows: still(_part(model, rows, columns)), deadline)
    return _part(model, kept, columns)


def _with_fewer_columns(
    model: LinearModel, still: Callable[[LinearModel], bool], deadline: Deadline
) -> LinearModel:
    rows = list(range(model.n_rows))
    kept = _fewer(list(range(model.n_cols)), lambda columns: still(_part(model, rows, columns)), deadline)
    return _part(model, rows, kept)


def _fewer(items: list[int], still: Callable[[list[int]], bool], deadline: Deadline) -> list[int]:
    """Take away halves, quarters, … single items for as long as `still` holds of what is kept."""
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


def _part(model: LinearModel, rows: list[int], columns: list[int]) -> LinearModel:
    """Some rows over some columns; the others are 0."""
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


def _claim(model: LinearModel, backend: Backend, limits: Limits) -> Claim:
    if not backend.capabilities.node_limit:
        limits = replace(limits, nodes=None)
    try:
        found = solve_integral(model, backend, limits)
    except SolverError:
        return Claim(backend.name, Termination.FAILED, None, None)
    return Claim(found.solver or backend.name, found.termination, found.value, found.values)


def lp_text(model: LinearModel) -> str:
    """The model as a CPLEX LP file, every figure in full."""
    names = model.names_for_solver()
    m = model.matrix
    lines = ["Maximize" if model.sense is Sense.MAXIMISE else "Minimize"]
    lines.append(" objective: " + _terms(np.flatnonzero(model.objective), model.objective, names.columns))
    lines.append("Subject To")
    for i, name in enumerate(names.rows):
        entries = slice(int(m.indptr[i]), int(m.indptr[i + 1]))
        dense = dict(zip(m.indices[entries].tolist(), m.data[entries].tolist(), strict=True))
        text = _terms(np.array(sorted(dense), dtype=np.int64), dense, names.columns)
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


def _terms(columns: IntArray, values: Any, names: Sequence[str]) -> str:
    """`+ 3 x0 - 2 x4`, a few on each line; one column times 0 where there is none."""
    if not len(columns):
        return f"0 {names[0]}" if names else "0 x"
    words = [f"{'-' if values[j] < 0 else '+'} {abs(int(values[j]))} {names[j]}" for j in columns.tolist()]
    return "\n   ".join(" ".join(words[k : k + 6]) for k in range(0, len(words), 6))


def _told(model: LinearModel, claims: Sequence[Claim]) -> dict[str, Any]:
    return {
        "rows": model.n_rows,
        "columns": model.n_cols,
        "claims": [
            {
                "solver": claim.solver,
                "termination": claim.termination.value,
                "value": claim.value,
                "point": None if claim.values is None else _point(model, claim.values),
            }
            for claim in claims
        ],
    }


def _point(model: LinearModel, values: IntArray) -> dict[str, int]:
    names = model.names_for_solver().columns
    return {names[j]: int(values[j]) for j in np.flatnonzero(values).tolist()}
