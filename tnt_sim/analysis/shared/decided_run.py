"""The decision that is asked about: from a result in hand, or from a run folder read again.

Two answers weighed against each other, as the contract breaks ties: stages, then money, then rank order.

v beats w  ⇔  at the first stage where they differ v is better; at none, v grants less; as much, and the
              first dossier funded in only one of the two is funded in v; else the first greater amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import ALLOWED, Result, Status, dossier_table
from tnt_sim.errors import Defect, NothingDecided, UsageError, nearest
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.reporting.run_folder.run_access import read_decision
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import Scenario, decision_steps
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.decision_reasons import Reasons, reasons
from tnt_sim.verify.run_files import read_summary
from tnt_sim.verify.verification import Verification, of_fresh


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, as it was taken.

    Attributes
    ----------
    problem : what the last step was asked, grants of earlier steps kept in it
    allocation, reading, reasons : the decision, its figures, and what stands in the way of each dossier
    codes, sentences : reason code and reason of each dossier as the run told them, String (n,)
    best : whether the run found the one answer: the best, its ties broken to the end
    proof : what supports that
    on_reserve : rank and cents of the dossiers of the reserve list, by number
    verification : what is shown of it here and what only its run claims; None where nothing was checked
    run_dir : the run folder it comes from
    clock : when questions about it must be answered; without a limit by default
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

    @property
    def asked(self) -> Scenario:
        """The scenario of the last decision alone, with what earlier steps granted kept like commitments."""
        last = decision_steps(self.problem.scenario)[-1].scenario
        return replace(last, portfolio=self.problem.case.portfolio)

    @property
    def is_optimal(self) -> bool:
        """Whether a certificate or a second solver supports that it is the best."""
        return self.proof in ALLOWED[Status.OPTIMAL]

    @property
    def lang(self) -> Lang:
        """The language of the scenario."""
        return Lang(self.problem.scenario.spec.locale)

    @property
    def numbers(self) -> pl.Series:
        """The dossiers' numbers, String (n,)."""
        return self.problem.case.table["dossier"]


def of_result(result: Result) -> Decided:
    """The decision of a result; NothingDecided where there is none."""
    if result.allocation is None or result.reading is None or result.reasons is None:
        raise _nothing(result.problem.scenario.id)
    return Decided(
        problem=result.problem,
        allocation=result.allocation,
        reading=result.reading,
        reasons=result.reasons,
        codes=result.dossiers["reason_code"],
        sentences=result.dossiers["reason"],
        best=result.document["status"] == "optimal" and result.document["canonical"],
        proof=result.document["proof"],
        on_reserve=_on_reserve(result.dossiers),
        verification=of_fresh(result.document),
    )


def of_run(run_dir: Path, project: Path | None = None) -> Decided:
    """The decision of a run folder, read again from its inputs in integers.

    Raises
    ------
    DataError
        It is no run folder.
    VerificationError
        What the folder says does not hold when it is read again.
    NothingDecided
        The run found no allocation.
    """
    summary = read_summary(run_dir)
    if summary.get("status") in ("infeasible", "stopped"):
        raise _nothing(str(summary.get("scenario")))
    run, whole, found = read_decision(run_dir, project)
    assert run.table is not None  # a decision was read from it
    problem, allocation, reading = whole.problem, whole.allocation, whole.reading
    why = reasons(problem, allocation, reading)
    told = dossier_table(problem, allocation, why, Lang(problem.scenario.spec.locale))
    kept = told.select("dossier").join(run.table, on="dossier", how="left", maintain_order="left")
    return Decided(
        problem=problem,
        allocation=allocation,
        reading=reading,
        reasons=why,
        codes=_filled(kept, told, "reason_code"),
        sentences=_filled(kept, told, "reason"),
        # 0.1.0 also called optimal what one solver alone had closed
        best=run.summary.get("status") == "optimal"
        and run.summary.get("proof") in ALLOWED[Status.OPTIMAL]
        and run.summary.get("canonical") is True,
        proof=run.summary.get("proof"),
        on_reserve=_on_reserve(run.table),
        verification=found,
        run_dir=run_dir,
    )


def _on_reserve(table: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Rank and cents of the dossiers of the reserve list, by number."""
    if "reserve_rank" not in table.columns:
        return {}
    listed = table.filter(pl.col("reserve_rank").is_not_null())
    return {
        name: (rank, cents)
        for name, rank, cents in listed.select("dossier", "reserve_rank", "reserve_cents").iter_rows()
    }


def _filled(kept: pl.DataFrame, told: pl.DataFrame, column: str) -> pl.Series:
    """A column as the run told it; as it is told now for dossiers that the run's table does not hold."""
    return kept[column].zip_with(kept[column].is_not_null(), told[column])


def rows_of(decided: Decided, names: Sequence[str]) -> tuple[list[int], tuple[Defect, ...]]:
    """The rows of some dossiers, each once, and a defect for each name that is none."""
    place = dict(zip(decided.numbers.to_list(), range(len(decided.numbers)), strict=True))
    rows: list[int] = []
    faults: list[Defect] = []
    for name in dict.fromkeys(names):
        if name in place:
            rows.append(place[name])
        else:
            faults.append(_unknown(name, place))
    return rows, tuple(faults)


def _unknown(name: str, known: dict[str, Any]) -> Defect:
    close = nearest(name, known)
    return Defect(
        "unknown-dossier",
        Text(f"le dossier « {name} » n'est pas dans ce calcul.", f'dossier "{name}" is not in this run.'),
        hint=None if close is None else Text(f"Vouliez-vous « {close} » ?", f'Did you mean "{close}"?'),
    )


def refuse_all_unknown(rows: Sequence[int], faults: Sequence[Defect]) -> None:
    """When every name is unknown there is nothing to answer."""
    if rows or not faults:
        return
    lines = [fault.text for fault in faults]
    hints = [fault.hint for fault in faults]
    text = Text(
        " ; ".join(
            f"{one.fr}{f' {hint.fr}' if hint else ''}" for one, hint in zip(lines, hints, strict=True)
        ),
        "; ".join(f"{one.en}{f' {hint.en}' if hint else ''}" for one, hint in zip(lines, hints, strict=True)),
    )
    raise UsageError(text, code="unknown-dossier")


def _nothing(scenario: str) -> NothingDecided:
    return NothingDecided(
        Text(
            f"le calcul de « {scenario} » n'a trouvé aucune répartition : il n'y a pas de décision à expliquer. "
            "Demandez `tnt-sim conflict SCENARIO` : il dit quelles règles se contredisent.",
            f'the run of "{scenario}" found no allocation: there is no decision to explain. '
            "Ask `tnt-sim conflict SCENARIO`, which says which rules clash.",
        )
    )


def gains(
    stages: Sequence[Stage], value: Sequence[Fraction], than: Sequence[Fraction]
) -> tuple[Fraction, ...]:
    """By how much each stage of one answer is better than that of another (negative: worse)."""
    return tuple(
        (a - b) if stage.sense is Sense.MAXIMISE else (b - a)
        for stage, a, b in zip(stages, value, than, strict=True)
    )


def sign_of(gained: Sequence[Fraction]) -> int:
    """1 when the first stage that differs is better, -1 when it is worse, 0 when none differs."""
    first = next((gain for gain in gained if gain), Fraction(0))
    return (first > 0) - (first < 0)


def goes_first(one: Allocation, other: Allocation) -> int:
    """Which of two allocations of equal stages is the one answer: 1 the first, -1 the other, 0 the same."""
    less = int(other.granted_cents.sum()) - int(one.granted_cents.sum())
    if less:
        return 1 if less > 0 else -1
    for a, b in ((one.funded, other.funded), (one.granted_cents, other.granted_cents)):
        apart = np.flatnonzero(a != b)
        if len(apart):
            return 1 if a[apart[0]] > b[apart[0]] else -1
    return 0


def units(problem: Problem, deadline: Deadline = UNLIMITED) -> tuple[Fraction, ...]:
    """For each stage a step of which all its values are whole multiples: what the least gain can be."""
    return tuple(stage.scale for stage in formulate(problem, deadline=deadline).stages)


def with_tolerance(problem: Problem) -> bool:
    """Whether a stage may give up some of its best for later ones: then answers are not weighed in order."""
    return any(stage.tolerance for stage in problem.stages)
