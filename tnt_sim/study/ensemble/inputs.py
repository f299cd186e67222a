"""The uncertain inputs of a scenario, met with its dossiers: which rows each is about, and which move together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.errors import ScenarioError, Text, UsageError
from tnt_sim.portfolio import CANONICAL, ColumnKind, table_column
from tnt_sim.rules.base import Case, IntArray
from tnt_sim.rules.columns import kind_of, text_keys, unknown_column
from tnt_sim.rules.select import select
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.uncertain import UncertainSpec, law_of


@dataclass(frozen=True, eq=False)
class Input:
    """One uncertain input.

    Attributes
    ----------
    spec : as written
    rows : the rows of the table that it is about, int64 (n,)
    group : the group of each row, from 0, int64 (n,); -1 where nothing moves together
    rho : the common share of the variance of a group
    """

    spec: UncertainSpec
    rows: IntArray
    group: IntArray
    rho: float

    @property
    def n_groups(self) -> int:
        """How many groups move together."""
        return int(self.group.max(initial=-1)) + 1

    @property
    def law(self) -> tuple[str, dict[str, float]] | None:
        """The law of a factor or an amount; None for an event that happens or not."""
        given = self.spec.times if self.spec.times is not None else self.spec.plus
        return None if given is None else law_of(given)


def inputs_of(problem: Problem) -> tuple[Input, ...]:
    """Every uncertain input in force, met with the dossiers.

    Raises
    ------
    UsageError
        When the scenario has none.
    ScenarioError
        For a column or a condition that does not exist, or one that is no number.
    """
    spec, case = problem.scenario.spec, problem.case
    before = len(case.defects.found)
    found = []
    for k, entry in enumerate(spec.uncertain):
        if entry.in_force(spec.date):
            made = _input(case, entry, ("uncertain", k))
            if made is not None:
                found.append(made)
    if len(case.defects.found) > before:
        raise ScenarioError(case.defects.found[before:])
    if not found:
        raise UsageError(
            Text(
                "le scénario n'a pas de partie « uncertain » : rien n'y est incertain. Voir docs/ensemble.md.",
                'the scenario has no part "uncertain": nothing in it is uncertain. See docs/ensemble.md.',
            ),
            code="usage.ensemble",
        )
    return tuple(found)


def _input(case: Case, entry: UncertainSpec, path: tuple[str | int, ...]) -> Input | None:
    mask = select(case, entry.where, (*path, "where"))
    if mask is None or not _column_is_known(case, entry, path):
        return None
    rows = np.flatnonzero(mask)
    group, rho = np.full(len(rows), -1, dtype=np.int64), 0.0
    if entry.correlated is not None:
        by = entry.correlated.by
        if kind_of(case, by) is None:
            unknown_column(case, by, (*path, "correlated", "by"))
            return None
        codes = text_keys(case, by).gather(rows)
        names = sorted(set(codes.to_list()))
        place = {name: number for number, name in enumerate(names)}
        group = np.array([place[name] for name in codes.to_list()], dtype=np.int64)
        rho = float(entry.correlated.rho)
    return Input(entry, rows, group, rho)


def _column_is_known(case: Case, entry: UncertainSpec, path: tuple[str | int, ...]) -> bool:
    """The column is a number of the table: an amount of money, or decimals."""
    if entry.column is None:
        return True
    kind = CANONICAL.get(entry.column)
    name = table_column(entry.column)
    if name not in case.table.columns:
        unknown_column(case, entry.column, (*path, "column"))
        return False
    if (
        kind in (ColumnKind.MONEY, ColumnKind.DECIMAL, ColumnKind.INTEGER)
        or case.table.schema[name].is_numeric()
    ):
        return True
    case.fault(
        "uncertain-column",
        Text(f"« {entry.column} » n'est pas un nombre.", f'"{entry.column}" is no number.'),
        (*path, "column"),
    )
    return False
