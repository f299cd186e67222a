"""How far two lists of dossiers are from each other, as a goal and as a table of changes.

    changed = Σ_{i not in the list} x_i + Σ_{i in the list} (1 − x_i)          in dossiers
    moved   = Σ_{i not in the list} g_i + Σ_{i in the list} (a_i − g_i)        in money, where 0 ≤ g_i ≤ a_i

`moved` is the money that goes elsewhere, exact where a dossier gets all or nothing; of an open amount, what is
above the list's a_i is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.linear_terms import BoolArray, Terms, Unit, exact_sum
from tnt_sim.rules.protocols import CompiledRule, Mode
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

CHANGED, MOVED = "changed", "moved"


def changed_terms(problem: Problem, lists: Sequence[BoolArray]) -> Terms:
    """In how many dossiers an allocation differs from some lists, summed over them."""
    n = problem.case.n
    zeros = np.zeros(n, dtype=np.int64)
    change, constant = zeros.copy(), 0
    for funded in lists:
        change += np.where(funded, -1, 1)
        constant += int(funded.sum())
    return Terms(Fraction(1), Unit.NUMBER, change, zeros, (), constant)


def moved_terms(problem: Problem, lists: Sequence[Allocation]) -> Terms:
    """How much money goes to other dossiers than in some lists, summed over them."""
    n = problem.case.n
    zeros = np.zeros(n, dtype=np.int64)
    change, constant = zeros.copy(), 0
    for one in lists:
        change += np.where(one.funded, -1, 1)
        constant += exact_sum(one.granted_cents[one.funded])
    return Terms(CENT, Unit.MONEY, zeros, change, (), constant)


def with_last_stage(problem: Problem, n_kept: int, stage: Stage) -> Problem:
    """The first stages of a problem, then another goal; prices of broken rules in later stages are dropped."""
    return replace(
        problem,
        stages=(*problem.stages[:n_kept], stage),
        rules=tuple(_of_stages(rule, n_kept) for rule in problem.rules),
    )


def with_first_stage(problem: Problem, stage: Stage) -> Problem:
    """Another goal before those of a problem; prices of broken rules stay with their own goals."""
    return replace(
        problem, stages=(stage, *problem.stages), rules=tuple(_a_stage_later(rule) for rule in problem.rules)
    )


def _a_stage_later(rule: CompiledRule) -> CompiledRule:
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


def fewest_changes(problem: Problem, n_kept: int, funded: BoolArray) -> Problem:
    """The first stages, and then as few changes against a list as possible."""
    return with_last_stage(problem, n_kept, Stage(CHANGED, Sense.MINIMISE, changed_terms(problem, [funded])))


def changes(problem: Problem, before: Allocation, after: Allocation) -> dict[str, list[dict[str, Any]]]:
    """Who enters, who leaves, and whose amount alone changes, by rank, each with both amounts in cents."""
    enter = after.funded & ~before.funded
    leave = before.funded & ~after.funded
    other = before.funded & after.funded & (before.granted_cents != after.granted_cents)
    return {
        "enter": _listed(problem, enter, before, after),
        "leave": _listed(problem, leave, before, after),
        "amount": _listed(problem, other, before, after),
    }


def _listed(problem: Problem, mask: BoolArray, before: Allocation, after: Allocation) -> list[dict[str, Any]]:
    rows = np.flatnonzero(mask)
    table = problem.case.table
    return [
        {"dossier": name, "title": title, "before_cents": int(a), "after_cents": int(b)}
        for name, title, a, b in zip(
            table["dossier"].gather(rows).to_list(),
            table["title"].gather(rows).to_list(),
            before.granted_cents[rows].tolist(),
            after.granted_cents[rows].tolist(),
            strict=True,
        )
    ]
