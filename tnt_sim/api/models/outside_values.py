"""Lists of other programs for Python users: dicts, series, tables, or a solved PuLP problem of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tnt_sim.api.models.model import Model
from tnt_sim.engine.outside_solution import ValueUnit, check_allocation, read_values
from tnt_sim.engine.result import ResultData
from tnt_sim.errors import DataError, Defect, UsageError
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import FloatArray
from tnt_sim.i18n.message import _
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData, is_sequence
from tnt_sim.verify.allocation_reading import Allocation

UNITS = {"granted_cents": ValueUnit.CENTS, "granted": ValueUnit.EUROS, "funded": ValueUnit.FUNDED}
"""Columns of a table that say what a dossier gets, the first that is there."""
WHOLE = 1e-5
"""How far a column of a float solver may be from a whole number."""


def check_values(scenario: ScenarioData, values: object, unit: str, *, prove: bool) -> ResultData:
    """Read a list in one of the forms that `Scenario.check` names, and check it.

    Raises
    ------
    UsageError
        For an unknown unit or form, and for a scenario with steps.
    """
    if is_sequence(scenario):
        raise UsageError(_("a list is checked against one decision, and this scenario has steps."))
    problem = compile_problem(scenario)
    return check_allocation(problem, _read(problem, values, unit), prove=prove)


def _read(problem: Problem, values: object, unit: str) -> Allocation:
    if hasattr(values, "variables") and hasattr(values, "constraints"):
        return _read_pulp(problem, values)
    columns = getattr(values, "columns", None)
    if columns is not None:
        return _read_table(problem, values, [str(name) for name in columns])
    if unit not in {item.value for item in ValueUnit}:
        listed = ", ".join(ValueUnit)
        raise UsageError(_('unit: "{unit}" is none of {listed}.', unit=unit, listed=listed))
    if isinstance(values, Mapping) or hasattr(values, "items"):
        return read_values(problem, dict(values.items()), ValueUnit(unit))
    raise UsageError(
        _(
            "a list is a dict or a series by application, a table, or a PuLP problem, not {kind}.",
            kind=type(values).__name__,
        )
    )


def _read_table(problem: Problem, table: Any, columns: list[str]) -> Allocation:
    name = next((name for name in UNITS if name in columns), None)
    if "dossier" not in columns or name is None:
        listed = ", ".join(columns)
        raise DataError(
            [
                Defect(
                    "columns",
                    _(
                        "a table has `dossier` and {names}, not {listed}.",
                        names=", ".join(UNITS),
                        listed=listed,
                    ),
                )
            ]
        )
    pairs = dict(zip(list(table["dossier"]), list(table[name]), strict=True))
    return read_values(problem, pairs, UNITS[name])


def _read_pulp(problem: Problem, solved: Any) -> Allocation:
    """Read the variables of `Model.to_pulp` by their names; further variables of the user count for nothing."""
    form = formulate(problem, whole=False)
    names = Model(problem.scenario, problem, form).named.columns
    values = {variable.name: variable.value() for variable in solved.variables()}
    missing = [name for name in names if values.get(name) is None]
    if missing:
        raise DataError([Defect("variables", _('the problem has no value for "{name}".', name=missing[0]))])
    return _round_point(form, names, np.array([values[name] for name in names], dtype=np.float64))


def _round_point(form: Formulation, names: tuple[str, ...], values: FloatArray) -> Allocation:
    """Round the columns of dossiers to whole numbers; other columns follow from them in the exact reading."""
    n_awards = form.recovery.n_columns
    whole = np.rint(values)
    broken = np.flatnonzero(
        np.abs(values - whole)[:n_awards] > WHOLE * np.maximum(1, np.abs(whole[:n_awards]))
    )
    if len(broken):
        raise DataError(
            [
                Defect(
                    "fraction", _("{name} is {value}, no whole number.", name=names[k], value=str(values[k]))
                )
                for k in broken[:20].tolist()
            ]
        )
    return Allocation(*form.recovery.compute_awards(whole.astype(np.int64)))
