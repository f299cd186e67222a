"""Distance between allocations, as an objective and as a list of changes.

With L a list of funded applications and a_i its amounts::

    changed = Σ_{i ∉ L} x_i + Σ_{i ∈ L} (1 − x_i)        number of applications (Hamming distance)
    moved   = Σ_{i ∉ L} g_i + Σ_{i ∈ L} (a_i − g_i)      money, with 0 ≤ g_i ≤ a_i

`moved` is the money that goes elsewhere. It is exact if each application gets a fixed amount or
nothing; for a variable amount, what exceeds a_i is subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.documents import TableRows
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.linear_terms import BoolArray, Terms, Unit, sum_exactly
from tnt_sim.rules.protocols import CompiledRule, Mode, Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

CHANGED = "changed"


def build_change_terms(problem: Problem, lists: Sequence[BoolArray]) -> Terms:
    """Return the number of applications that differ from some lists, summed over the lists, as a linear form."""
    n = problem.case.n
    zeros = np.zeros(n, dtype=np.int64)
    change, constant = zeros.copy(), 0
    for funded in lists:
        change += np.where(funded, -1, 1)
        constant += int(funded.sum())
    return Terms(Fraction(1), Unit.NUMBER, change, zeros, (), constant)


def build_moved_money_terms(problem: Problem, lists: Sequence[Allocation]) -> Terms:
    """Return the money granted elsewhere than in some lists, summed over the lists, as a linear form."""
    n = problem.case.n
    zeros = np.zeros(n, dtype=np.int64)
    change, constant = zeros.copy(), 0
    for one in lists:
        change += np.where(one.funded, -1, 1)
        constant += sum_exactly(one.granted_cents[one.funded])
    return Terms(CENT, Unit.MONEY, zeros, change, (), constant)


def with_last_stage(problem: Problem, n_kept: int, stage: ObjectiveStage) -> Problem:
    """Keep the first stages of a problem and append another objective.

    Penalties charged to a removed stage become reports.
    """
    return replace(
        problem,
        stages=(*problem.stages[:n_kept], stage),
        rules=tuple(_of_stages(rule, n_kept) for rule in problem.rules),
    )


def with_first_stage(problem: Problem, stage: ObjectiveStage) -> Problem:
    """Insert an objective before those of a problem; penalties stay with their own stages."""
    return replace(
        problem,
        stages=(stage, *problem.stages),
        rules=tuple(_shift_penalty_stage(rule) for rule in problem.rules),
    )


def _shift_penalty_stage(rule: CompiledRule) -> CompiledRule:
    if rule.penalty is None:
        return rule
    penalty = replace(rule.penalty, stage=rule.penalty.stage + 1)
    later: CompiledRule = replace(rule, penalty=penalty)  # type: ignore[type-var]
    return later


def _of_stages(rule: CompiledRule, n_kept: int) -> CompiledRule:
    if rule.mode is Mode.PENALTY and rule.penalty is not None and rule.penalty.stage >= n_kept:
        reported: CompiledRule = replace(rule, mode=Mode.REPORT)  # type: ignore[type-var]
        return reported
    return rule


def build_min_changes_problem(problem: Problem, n_kept: int, funded: BoolArray) -> Problem:
    """Keep the first stages, then minimise the Hamming distance to a list."""
    return with_last_stage(
        problem, n_kept, ObjectiveStage(CHANGED, Sense.MINIMISE, build_change_terms(problem, [funded]))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """One dossier whose decision or amount differs between two lists."""

    dossier: str
    title: str
    before_cents: int
    after_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChanges:
    """Who enters, who leaves and whose amount changes, by rank."""

    enter: Sequence[ListChange]
    leave: Sequence[ListChange]
    amount: Sequence[ListChange]


def list_changes(problem: Problem, before: Allocation, after: Allocation) -> ListChanges:
    """List who enters, who leaves and whose amount changes, by rank, with both amounts in cents."""
    enter = after.funded & ~before.funded
    leave = before.funded & ~after.funded
    other = before.funded & after.funded & (before.granted_cents != after.granted_cents)
    return ListChanges(
        enter=_build_change_rows(problem, enter, before, after),
        leave=_build_change_rows(problem, leave, before, after),
        amount=_build_change_rows(problem, other, before, after),
    )


def _build_change_rows(
    problem: Problem, mask: BoolArray, before: Allocation, after: Allocation
) -> TableRows[ListChange]:
    rows = np.flatnonzero(mask)
    changed = problem.case.table.select("dossier", "title")[rows].with_columns(
        before_cents=pl.Series(before.granted_cents[rows], dtype=pl.Int64),
        after_cents=pl.Series(after.granted_cents[rows], dtype=pl.Int64),
    )
    return TableRows(changed, ListChange)
