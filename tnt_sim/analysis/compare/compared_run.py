"""One side of a comparison: a scenario to solve, a result, or a run folder verified from its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.shared.progress import INTERRUPT
from tnt_sim.deadline import Deadline
from tnt_sim.engine.result import ResultData, Status, build_own_verification
from tnt_sim.engine.run_folder.run_access import read_decision
from tnt_sim.engine.solve import solve
from tnt_sim.errors import LimitReached, NothingDecided
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.inhabitants import find_reached_communes
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.decision_register import find_last_list
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.run_document import select_eligible
from tnt_sim.verify.verification import Verification

ATTRIBUTES = ("title", "applicant_id", "applicant", "applicant_type", "department", "region", "population")


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """Decision to compare.

    Attributes
    ----------
    name : unique among the sides
    problem : compiled problem
    allocation, reading : the decision and its exact figures
    proof : evidence of optimality, as in the contract
    verification : what was verified here, and what only the run claims
    """

    name: str
    problem: Problem
    allocation: Allocation
    reading: AllocationReading
    proof: str | None
    verification: Verification

    def __repr__(self) -> str:
        return f"<ComparedRun {self.name}>"

    @property
    def scenario(self) -> ScenarioData:
        """Return the scenario."""
        return self.problem.scenario

    @property
    def inhabitants(self) -> int | None:
        """Return the inhabitants of the communes its applications reach, each once; None without a map."""
        reach = find_reached_communes(self.problem.case)
        return None if reach is None else reach.count_inhabitants(self.allocation.funded)

    @property
    def node(self) -> IntArray:
        """Return the envelope of each application, int64 (n,)."""
        return self.problem.case.node

    def build_dossier_table(self) -> pl.DataFrame:
        """Return one row per application: attributes, request, envelope, `eligible`, `funded`, `granted_cents`."""
        case = self.problem.case
        ids = pl.Series("envelope", case.tree.ids, dtype=pl.String)
        rural = self.scenario.spec.rural_column
        own = () if rural is None or rural in ATTRIBUTES else (rural,)
        return case.table.select("dossier", *ATTRIBUTES, "requested_cents", *own).with_columns(
            ids.gather(pl.Series(case.node)),
            pl.Series("eligible", select_eligible(self.problem)),
            pl.Series("funded", self.allocation.funded),
            pl.Series("granted_cents", self.allocation.granted_cents),
        )

    def map_granted_cents(self) -> dict[str, int]:
        """Return the cents of each funded application."""
        rows = np.flatnonzero(self.allocation.funded)
        names = self.problem.case.table["dossier"].gather(rows).to_list()
        return dict(zip(names, self.allocation.granted_cents[rows].tolist(), strict=True))


def build_side(
    run: Path | str | ScenarioData | ResultData,
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> ComparedRun:
    """Build a side from a file, a run folder, a scenario or a result."""
    if isinstance(run, str | Path):
        path = Path(run)
        if path.is_dir():
            left: float | None = (options or {}).get("time_limit")
            return _of_run(find_last_list(path), name, Deadline(left))
        run = load_scenario(path)
    if isinstance(run, ScenarioData):
        run = solve(run, **(options or {}))
        if run.interrupted or run.data.stopped_by == INTERRUPT:
            raise KeyboardInterrupt  # an interrupted solve cannot be compared
    return _of_result(run, name)


def _of_result(result: ResultData, name: str | None) -> ComparedRun:
    called = name or result.problem.scenario.id
    if result.status is Status.INFEASIBLE:
        raise NothingDecided(
            _(
                '"{called}": no allocation satisfies all the rules, there is nothing to compare. '
                "`tnt-sim conflict` says which rules contradict each other.",
                called=called,
            )
        )
    if result.allocation is None or result.reading is None:
        raise LimitReached(
            _(
                '"{called}": time ran out before an allocation was found, so there is nothing to compare. '
                "Raise `time_limit`.",
                called=called,
            )
        )
    proof = None if result.proof is None else result.proof.value
    found = build_own_verification(result)
    return ComparedRun(called, result.problem, result.allocation, result.reading, proof, found)


def _of_run(folder: Path, name: str | None, deadline: Deadline) -> ComparedRun:
    run, whole, found = read_decision(folder, deadline=deadline)
    head = name or folder.name, whole.problem, whole.allocation, whole.reading
    return ComparedRun(*head, run.summary.get("proof"), found)
