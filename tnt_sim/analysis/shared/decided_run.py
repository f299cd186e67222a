"""Decision under analysis, from a result in memory or from a verified run folder.

The module also compares two solutions as the tie-break does. Solution v precedes w if, at the first
stage where they differ, v is better; if no stage differs, v grants less in all; if it grants the
same, the first application (in rank order) funded in only one of them is funded in v; otherwise the
first differing amount is larger in v.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock, ReadingPace
from tnt_sim.engine.result import ALLOWED, ResultData, Status, build_dossier_table, build_own_verification
from tnt_sim.engine.run_folder.run_access import read_decision
from tnt_sim.errors import Defect, NothingDecided, UsageError, find_nearest_name
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.parameters import Items
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData, list_decision_steps
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.decision_reasons import Reasons, determine_reasons
from tnt_sim.verify.run_files import read_summary
from tnt_sim.verify.run_replay import Replay
from tnt_sim.verify.step_reading import StepDecision
from tnt_sim.verify.verification import Verification


@dataclass(frozen=True, slots=True)
class DecidedRun:
    """One decision and its context.

    Attributes
    ----------
    problem : problem of the last step, with the grants of earlier steps fixed
    allocation, reading, reasons : the decision, its exact figures, and what blocks each application
    codes, sentences : reason code and reason of each application as the run stated them, String
    (n,)
    best : whether the run established the canonical optimum: optimal, with all ties broken
    proof : evidence of optimality
    on_reserve : rank and cents of the applications on the reserve list, by number
    verification : what was verified here and what the run only claims; None if nothing was checked
    run_dir : run folder, if the decision comes from one
    clock : time limit of the questions; unlimited by default
    slowdown : seconds that passed for each processor second while the run was read, at least 1
    """

    problem: Problem
    allocation: Allocation
    reading: AllocationReading
    reasons: Reasons
    codes: pl.Series
    sentences: pl.Series
    best: bool
    proof: str | None = None
    on_reserve: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    verification: Verification | None = None
    run_dir: Path | None = None
    clock: Clock = field(default_factory=lambda: Clock(None))
    slowdown: float = 1.0

    @property
    def scenario(self) -> ScenarioData:
        """Return the scenario of the last step, with earlier grants kept like commitments."""
        last = list_decision_steps(self.problem.scenario)[-1].scenario
        return replace(last, portfolio=self.problem.case.portfolio)

    @property
    def is_optimal(self) -> bool:
        """Whether a certificate or a second solver supports optimality."""
        return self.proof in ALLOWED[Status.OPTIMAL]

    @property
    def lang(self) -> Lang:
        """Return the language of the scenario."""
        return Lang(self.problem.scenario.spec.locale)

    @property
    def numbers(self) -> pl.Series:
        """Return the application numbers, String (n,)."""
        return self.problem.case.table["dossier"]


def of_result(result: ResultData) -> DecidedRun:
    """Return the decision of a result."""
    if result.allocation is None or result.reading is None or result.reasons is None:
        raise _build_no_allocation_error(result.problem.scenario.id)
    return DecidedRun(
        problem=result.problem,
        allocation=result.allocation,
        reading=result.reading,
        reasons=result.reasons,
        codes=result.dossiers["reason_code"],
        sentences=result.dossiers["reason"],
        best=result.status is Status.OPTIMAL and result.data.canonical,
        proof=result.data.proof,
        on_reserve=_map_reserve(result.dossiers),
        verification=build_own_verification(result),
    )


def of_run(run_dir: Path, project: Path | None = None, deadline: Deadline = UNLIMITED) -> DecidedRun:
    """Read the decision of a run folder and verify it from its inputs in exact integers; see `check_run`."""
    pace = ReadingPace()
    summary = read_summary(run_dir)
    if summary.get("status") in ("infeasible", "stopped"):
        raise _build_no_allocation_error(str(summary.get("scenario")))
    decided = of_replay(*read_decision(run_dir, project, deadline))
    return replace(decided, slowdown=pace.compute_slowdown())


def of_replay(run: Replay, whole: StepDecision, verification: Verification) -> DecidedRun:
    """Return the decision of a run folder that was read and verified."""
    assert run.table is not None  # a decision was read from it
    problem, allocation, reading = whole.problem, whole.allocation, whole.reading
    why = determine_reasons(problem, allocation, reading)
    table = build_dossier_table(problem, allocation, why, Lang(problem.scenario.spec.locale))
    retained = table.select("dossier").join(run.table, on="dossier", how="left", maintain_order="left")
    return DecidedRun(
        problem=problem,
        allocation=allocation,
        reading=reading,
        reasons=why,
        codes=_fill_column(retained, table, "reason_code"),
        sentences=_fill_column(retained, table, "reason"),
        best=run.summary.get("status") == "optimal" and run.summary.get("canonical") is True,
        proof=run.summary.get("proof"),
        on_reserve=_map_reserve(run.table),
        verification=verification,
        run_dir=run.run_dir,
    )


def _map_reserve(table: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Return rank and cents of the applications on the reserve list, by number."""
    if "reserve_rank" not in table.columns:
        return {}
    listed = table.filter(pl.col("reserve_rank").is_not_null())
    return {
        name: (rank, cents)
        for name, rank, cents in listed.select("dossier", "reserve_rank", "reserve_cents").iter_rows()
    }


def _fill_column(granted: pl.DataFrame, stored: pl.DataFrame, column: str) -> pl.Series:
    """Take a column of the run's table; applications missing from it take the newly computed value."""
    return granted[column].zip_with(granted[column].is_not_null(), stored[column])


def find_rows(decided: DecidedRun, names: Sequence[str]) -> tuple[list[int], tuple[Defect, ...]]:
    """Return the rows of some applications, without repeats, and a defect for each unknown name."""
    wanted = pl.DataFrame({"dossier": list(dict.fromkeys(names))}, schema={"dossier": pl.String})
    known = decided.numbers.to_frame().with_row_index("row")
    placed = wanted.join(known, on="dossier", how="left", maintain_order="left")
    missing = placed.filter(pl.col("row").is_null())["dossier"].to_list()
    every = decided.numbers.to_list() if missing else []
    return placed["row"].drop_nulls().to_list(), tuple(_build_unknown_defect(name, every) for name in missing)


def _build_unknown_defect(name: str, known: Sequence[str]) -> Defect:
    close = find_nearest_name(name, known)
    return Defect(
        "unknown-dossier",
        _('application "{name}" is not in this run.', name=name),
        hint=None if close is None else _('Did you mean "{close}"?', close=close),
    )


def refuse_all_unknown(rows: Sequence[int], faults: Sequence[Defect]) -> None:
    """Raise `UsageError` if every name is unknown."""
    if rows or not faults:
        return
    lines = [Items([fault.text, *([fault.hint] if fault.hint else [])], "") for fault in faults]
    raise UsageError(_("{sentences}", sentences=Items(lines, ";")), code="unknown-dossier")


def _build_no_allocation_error(scenario: str) -> NothingDecided:
    return NothingDecided(
        _(
            'the run of "{scenario}" found no allocation: there is no decision to explain. Ask '
            "`tnt-sim conflict SCENARIO`, which says which rules clash.",
            scenario=scenario,
        )
    )


def compute_gains(
    stages: Sequence[ObjectiveStage], value: Sequence[Fraction], than: Sequence[Fraction]
) -> tuple[Fraction, ...]:
    """Return by how much each stage of one solution is better than that of another; negative is worse."""
    return tuple(
        (a - b) if stage.sense is Sense.MAXIMISE else (b - a)
        for stage, a, b in zip(stages, value, than, strict=True)
    )


def sign_of(gained: Sequence[Fraction]) -> int:
    """Return the sign of the first non-zero gain: 1 better, −1 worse, 0 equal."""
    first = next((gain for gain in gained if gain), Fraction(0))
    return (first > 0) - (first < 0)


def compare_tie_break(allocation: Allocation, other: Allocation) -> int:
    """Decide the tie-break between two allocations with equal stages: 1 the first, −1 the other, 0 the same."""
    less = int(other.granted_cents.sum()) - int(allocation.granted_cents.sum())
    if less:
        return 1 if less > 0 else -1
    for a, b in ((allocation.funded, other.funded), (allocation.granted_cents, other.granted_cents)):
        apart = np.flatnonzero(a != b)
        if len(apart):
            return 1 if a[apart[0]] > b[apart[0]] else -1
    return 0


def with_tolerance(problem: Problem) -> bool:
    """Whether a stage may give up some of its best value for later stages.

    Then stages are not compared in strict lexicographic order.
    """
    return any(stage.tolerance for stage in problem.stages)
