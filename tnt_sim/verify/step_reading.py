"""Exact check of the steps of a stored run: each step starts from the grants of the earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Defects, InputError
from tnt_sim.i18n.message import _
from tnt_sim.rules.linear_terms import BoolArray, IntArray, sum_exactly
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData, Step, build_reserve_step, list_decision_steps
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
)
from tnt_sim.verify.run_document import format_fraction
from tnt_sim.verify.stored_allocation import AWARDS, has_columns

COLUMNS = {**AWARDS, "step": pl.String()}
CLOSE = 1e-14
"""Relative difference above which floats order quotients of 64-bit integers correctly."""
RESERVE_COLUMNS = {"reserve_rank": pl.Int64(), "reserve_cents": pl.Int64()}


def build_reserve_list(problem: Problem, funded: BoolArray, granted_cents: IntArray) -> pl.DataFrame:
    """Build the reserve list (dossier, reserve_rank, reserve_cents) of what the step `reserve` would fund.

    It is ordered by decreasing value of the first objective per euro, compared as fractions; ties by rank.
    """
    stage = problem.stages[0]
    worth = stage.terms.per_funded + stage.terms.per_cent * granted_cents
    for part in stage.terms.once:
        worth = worth + part.sum_worth_per_dossier(len(worth))
    rows = np.flatnonzero(funded & ~problem.offers.committed)
    better = worth[rows] if stage.sense is Sense.MAXIMISE else -worth[rows]
    rows = rows[sort_by_quotient(better, np.maximum(1, granted_cents[rows]))]
    return pl.DataFrame(
        {
            "dossier": problem.case.table["dossier"].gather(rows),
            "reserve_rank": pl.Series(np.arange(1, len(rows) + 1), dtype=pl.Int64),
            "reserve_cents": pl.Series(granted_cents[rows], dtype=pl.Int64),
        }
    )


def sort_by_quotient(numerator: IntArray, denominator: IntArray) -> IntArray:
    """Sort numerator / denominator in decreasing order, exactly; ties keep their order.

    Floats sort the quotients; stretches of close ones are then sorted as fractions.

    Parameters
    ----------
    numerator, denominator : int64 (n,)
        Denominators are positive.

    Examples
    --------
    >>> sort_by_quotient(np.array([1, 2, 3]), np.array([2, 3, 6])).tolist()
    [1, 0, 2]
    """
    quotient = numerator / denominator
    order = np.lexsort((np.arange(len(quotient)), -quotient))
    if not len(order):
        return order
    sorted_ = quotient[order]
    is_close = np.abs(np.diff(sorted_)) <= CLOSE * np.abs(sorted_[:-1])
    divisor = np.gcd(numerator, denominator)
    reduced = np.column_stack([numerator // divisor, denominator // divisor])[order]
    is_other = np.any(reduced[1:] != reduced[:-1], axis=1)
    ends = np.r_[np.flatnonzero(~is_close) + 1, len(order)]
    stretches = np.unique(np.searchsorted(ends, np.flatnonzero(is_close & is_other), side="right"))
    for stretch in stretches.tolist():
        first, end = (int(ends[stretch - 1]) if stretch else 0), int(ends[stretch])
        mine = order[first:end].tolist()
        mine.sort(key=lambda k: (Fraction(-int(numerator[k]), int(denominator[k])), k))
        order[first:end] = mine
    return order


@dataclass(frozen=True, slots=True)
class StepDecision:
    """One decision, checked: its step, problem, allocation and figures."""

    step: Step
    problem: Problem
    allocation: Allocation
    reading: AllocationReading


@dataclass(frozen=True, slots=True)
class StepsRead:
    """The decisions of a run in order, and the one that made the reserve list, or None."""

    done: tuple[StepDecision, ...]
    reserve: StepDecision | None


def read_steps(
    scenario: ScenarioData, table: pl.DataFrame, summary: Mapping[str, object], defects: Defects
) -> StepsRead | None:
    """Check every step of a stored run and record defects in `defects`; None if that is not possible."""
    if not has_columns(table, COLUMNS, defects):
        return None
    steps = list_decision_steps(scenario)
    strange = set(table["step"].drop_nulls().unique()) - {"", *(step.id for step in steps)}
    if strange or table["step"].null_count():
        names = ", ".join(sorted(strange)[:5])
        defects.add("steps", _("unknown step: {names}.", names=names))
        return None
    sentences = list_step_entries(summary)
    nameless = steps[0].id == ""
    done: list[StepDecision] = []
    for k, step in enumerate(steps):
        before = [] if nameless else [other.id for other in steps[:k]]
        decision = _check_step(step, table, before, defects)
        if decision is None:
            return None
        _check_amounts(decision, sentences[k] if k < len(sentences) else {}, defects)
        done.append(decision)
    last = build_reserve_step(scenario)
    reserve = None
    if last is not None and "reserve_rank" in table.columns:
        reserve = _check_reserve(
            last, table, sentences[len(steps)] if len(steps) < len(sentences) else {}, defects
        )
    return StepsRead(tuple(done), reserve)


def list_step_entries(summary: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """Return the entries of `steps`; what is not an object counts as empty."""
    told = summary.get("steps")
    return [entry if isinstance(entry, dict) else {} for entry in told] if isinstance(told, list) else []


def _compile_problem(
    scenario: ScenarioData, earlier_grants: pl.DataFrame, defects: Defects
) -> Problem | None:
    try:
        return compile_problem(scenario.with_kept(earlier_grants))
    except InputError as error:
        defects.entries.extend(error.defects)
        return None


def _select_grants(table: pl.DataFrame, cents: str) -> pl.DataFrame:
    return table.select("dossier", pl.col(cents).alias("kept_cents"))


def _check_step(
    step: Step, table: pl.DataFrame, before: Sequence[str], defects: Defects
) -> StepDecision | None:
    """Check one decision: earlier grants are kept, and its own are read on top."""
    kept = table.filter(pl.col("funded") & pl.col("step").is_in([name for name in before if name]))
    problem = _compile_problem(step.scenario, _select_grants(kept, "granted_cents"), defects)
    if problem is None:
        return None
    held = table.filter(pl.col("funded") & pl.col("step").is_in(["", *before, step.id]))
    return _read(step, problem, _build_allocation(problem, held, "granted_cents"), defects)


def _build_allocation(problem: Problem, held: pl.DataFrame, cents: str) -> Allocation:
    known = problem.case.table.select("dossier").join(
        held.select("dossier", pl.col(cents).alias("cents")), on="dossier", how="left", maintain_order="left"
    )["cents"]
    return Allocation(
        known.is_not_null().to_numpy().astype(np.bool_), known.fill_null(0).to_numpy().astype(np.int64)
    )


def _read(step: Step, problem: Problem, allocation: Allocation, defects: Defects) -> StepDecision:
    reading = read_allocation(problem, allocation)
    defects.entries.extend(list_broken_rules(problem, allocation, reading))
    return StepDecision(step, problem, allocation, reading)


def _check_amounts(decision: StepDecision, entry: Mapping[str, Any], defects: Defects) -> None:
    """Check the figures of a step against the summary."""
    new = decision.allocation.funded & ~decision.problem.offers.committed
    again = {
        "id": decision.step.id,
        "n_funded": int(new.sum()),
        "granted_cents": sum_exactly(decision.allocation.granted_cents[new]),
        "values": [format_fraction(value) for value in decision.reading.values],
    }
    stored = {key: entry.get(key) for key in ("id", "n_funded", "granted_cents")}
    goals = entry.get("objective")
    stored["values"] = [
        goal.get("value") if isinstance(goal, dict) else None
        for goal in (goals if isinstance(goals, list) else [])
    ]
    if stored != again:
        name = decision.step.id
        defects.add(
            "summary:steps",
            _('summary.json: the step "{name}" is not what the allocation gives.', name=name),
        )


def _check_reserve(
    step: Step, table: pl.DataFrame, entry: Mapping[str, Any], defects: Defects
) -> StepDecision | None:
    """Check that the reserve list fits the freed reserves and has the right order."""
    if not has_columns(table, RESERVE_COLUMNS, defects):
        return None
    funded = table.filter(pl.col("funded"))
    problem = _compile_problem(step.scenario, _select_grants(funded, "granted_cents"), defects)
    if problem is None:
        return None
    listed = table.filter(pl.col("reserve_rank").is_not_null())
    doubled = bool(listed["funded"].any())
    if not doubled:
        both = pl.concat([_select_grants(funded, "granted_cents"), _select_grants(listed, "reserve_cents")])
        decision = _read(step, problem, _build_allocation(problem, both, "kept_cents"), defects)
        _check_amounts(decision, entry, defects)
        again = build_reserve_list(problem, decision.allocation.funded, decision.allocation.granted_cents)
        if listed.select(again.columns).sort("reserve_rank").equals(again):
            return decision
    defects.add(
        "reserve-list",
        _("the reserve list is not the one that the rules give."),
    )
    return None if doubled else decision
