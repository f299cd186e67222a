"""Tables of a decision, in memory or from its run folder, by one list of names."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tnt_sim.engine.result import TABLES, build_frame
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.verify.run_document import RunDocument

RUN_TABLES = ("dossiers", *TABLES, "departments")
"""Names of the tables of a decision, the main one first."""


@dataclass(frozen=True, slots=True)
class DecidedTable:
    """The applications of a decision, and the scenario, which names a map."""

    spec: ScenarioSpec
    table: pl.DataFrame


def build_run_table(name: str, decided: DecidedTable, document: RunDocument) -> pl.DataFrame:
    """Return one of `RUN_TABLES`; amounts in integer cents.

    Raises
    ------
    ValueError
        For another name, with the names that there are.
    """
    if name not in RUN_TABLES:
        raise ValueError(f"table must be one of {', '.join(RUN_TABLES)}, not {name!r}")
    if name == "dossiers":
        return decided.table
    if name == "departments":
        from tnt_sim.reporting.decision_page.subtotals import build_department_table

        return build_department_table(decided)
    return build_frame(document, name)
