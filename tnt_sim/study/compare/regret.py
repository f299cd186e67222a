"""What each portfolio is worth where another scenario comes true, and what it then costs to have chosen it.

    regret_ij = max(0, best_j − value_j(portfolio i))    better up, in the unit of the first goal of j

A portfolio that breaks a rule of scenario j has no value there; what it breaks is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.scenario.objective import Sense
from tnt_sim.study.compare.side import Side
from tnt_sim.verify.figures import decimal_text
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation

SCHEMA = {
    "portfolio": pl.String,
    "scenario": pl.String,
    "value": pl.String,
    "regret": pl.String,
    "holds": pl.Boolean,
    "broken": pl.String,
}


def regrets(sides: Sequence[Side]) -> pl.DataFrame:
    """A row a portfolio and a scenario; `value` and `regret` are exact decimals, null where it does not hold."""
    return pl.DataFrame([_under(i, j) for j in sides for i in sides], schema=SCHEMA, orient="row")


def _under(side: Side, scenario: Side) -> tuple[object, ...]:
    """One portfolio read under another scenario."""
    awards = side.granted_by_dossier()
    table = scenario.problem.case.table
    granted = np.array([awards.get(name, 0) for name in table["dossier"].to_list()], dtype=np.int64)
    funded = table["dossier"].is_in(list(awards)).to_numpy()
    unknown = len(awards) - int(funded.sum())
    names = (side.name, scenario.name)
    if unknown:
        return (*names, None, None, False, f"dossier ×{unknown}")
    allocation = Allocation(funded, granted)
    reading = read_allocation(scenario.problem, allocation)
    broken = broken_rules(scenario.problem, allocation, reading)
    if broken:
        codes = dict.fromkeys(defect.code for defect in broken)
        return (*names, None, None, False, ", ".join(codes))
    value, best = reading.values[0], scenario.reading.values[0]
    sign = 1 if scenario.problem.stages[0].sense is Sense.MAXIMISE else -1
    lost = max(
        Fraction(0), sign * (best - value)
    )  # a list may be better where a limit stopped, or in a tolerance
    return (*names, decimal_text(value), decimal_text(lost), True, "")


def worst_regret(table: pl.DataFrame) -> pl.DataFrame:
    """The greatest regret of each portfolio over the scenarios it holds in, and whether it holds in all."""
    rows = []
    for (name,), part in table.group_by("portfolio", maintain_order=True):
        known = part["regret"].drop_nulls().to_list()
        rows.append((name, max(known, key=Fraction, default=None), bool(part["holds"].all())))
    schema = {"portfolio": pl.String, "worst_regret": pl.String, "holds_everywhere": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")
