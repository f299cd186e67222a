"""Gomory mixed-integer cuts at the root, read off the basis as recipes that the checker derives again.

A refutation of one system: rounds at the root, then pieces or a tree; the certificate as plain JSON values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.certify.certificate import Round, next_round
from tnt_sim.certify.derived_rows import Recipe, derived, sharpen
from tnt_sim.certify.single_row_bound import closed_by_row
from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.deadline import Deadline
from tnt_sim.prove.branch_search import NotProved, PointFound, Search
from tnt_sim.prove.decomposition_proof import apart
from tnt_sim.prove.kernel_proofs import by_blocks, by_caps
from tnt_sim.prove.proof_lp import Answer, FloatArray, LiveLp, Relaxed, whole_multipliers
from tnt_sim.rules.linear_terms import IntArray

__all__ = ["NotProved", "PointFound", "refute"]

MAX_PASSES = 25
PER_PASS = 30
AWAY = 0.005
"""A basic value must be that far from whole."""
MIN_DEPTH = 1e-3
"""A cut must cut the point off by that much, in the length of its row."""
BITS = 40


def cut_off(system: System, goal: int, deadline: Deadline) -> tuple[System, list[Recipe]]:
    """The system with rows that cut off the points of its linear program, and their recipes."""
    recipes: list[Recipe] = []
    started: float | None = None
    best, stalled = -np.inf, 0
    for _ in range(MAX_PASSES):
        lp = LiveLp(system, goal)
        found = lp.solve(system.box(), deadline)
        if found.answer is not Answer.BOUNDED:
            break
        started = found.cost if started is None else started
        stalled = stalled + 1 if found.cost <= best + 1e-3 * max(1.0, best - started) else 0
        best = max(best, found.cost)
        closed = goal >= 0 and found.cost > float(system.rows.upper[goal])
        if closed or stalled > 2 or deadline.expired:
            break
        fresh = _separated(system, lp, found.x)
        if not fresh:
            break
        for recipe, (col, value, bound) in fresh:
            recipes.append(recipe)
            system = system.with_rows(system.rows.with_row(col, value, bound, f"cut {len(recipes)}"))
    return system, recipes


def _separated(
    system: System, lp: LiveLp, x: FloatArray
) -> list[tuple[Recipe, tuple[IntArray, IntArray, int]]]:
    """The deepest cuts of this basis."""
    found: list[tuple[float, Recipe, tuple[IntArray, IntArray, int]]] = []
    if not lp.highs.getNumRow():
        return []  # without rows there is no basis, and asking for one ends the process
    status, basic = lp.highs.getBasicVariables()
    at_upper = _at_upper(lp)
    if status.name == "kError":
        return []
    basic = np.asarray(basic)
    inside = np.flatnonzero(basic >= 0)
    distance = np.abs(x[basic[inside]] - np.rint(x[basic[inside]]))
    order = inside[np.argsort(-distance, kind="stable")]
    for place in order[: 3 * PER_PASS].tolist():
        if abs(x[basic[place]] - np.rint(x[basic[place]])) < AWAY:
            break
        recipe = _cut_recipe(system, lp, place, at_upper)
        try:
            col, value, bound = derived(system, recipe)
        except MultiplierError:
            continue
        norm = float(np.sqrt((value.astype(float) ** 2).sum()))
        depth = (float(value.astype(float) @ x[col]) - bound) / max(norm, 1e-9)
        if depth > MIN_DEPTH:
            found.append((depth, recipe, (col, value, bound)))
    found.sort(key=lambda item: -item[0])
    return [(recipe, cut) for _, recipe, cut in found[:PER_PASS]]


def _cut_recipe(system: System, lp: LiveLp, place: int, at_upper: IntArray) -> Recipe:
    _, row = lp.highs.getBasisInverseRow(place)
    u = np.asarray(row) * np.concatenate([lp.unit, np.ones(len(lp.wide))])
    index = np.arange(system.rows.n + len(lp.wide), dtype=np.int64)
    index[system.rows.n :] = system.rows.n + lp.wide
    weights = np.rint(u * 2.0**BITS)
    used = (np.abs(u) > 1e-11) & (np.abs(weights) < 2.0**62) & (weights != 0)
    return Recipe(index[used], weights[used].astype(np.int64), at_upper, 2**BITS)


def _at_upper(lp: LiveLp) -> IntArray:
    """The columns that the basis holds at their upper bound."""
    basis: Any = lp.highs.getBasis()
    names = [status.name for status in basis.col_status]
    return np.array([c for c, name in enumerate(names) if name == "kUpper"], dtype=np.int64)


MAX_ROUNDS = 10
MAX_NODES = 100_000
MAX_ENTRIES = 3_000_000
"""Beyond, the first linear program alone would take minutes."""
CUT_COLUMNS = 6_000
"""Wider systems are not cut: reading their basis takes longer than the cuts save."""
ROW_COLUMNS = 6_000
"""Wider systems are narrowed first."""
TRIED_ROWS = 3
"""The longest rows, each of which might settle all by itself."""
QUICK_WORK = 500_000
"""States that such a trial may look at."""
SHRINKS = 0.98
"""A round that leaves more than this part of the columns was the last of its kind."""


def refute(
    system: System,
    deadline: Deadline,
    max_nodes: int = MAX_NODES,
    tell: Callable[[int], None] | None = None,
    cost: IntArray | None = None,
) -> dict[str, Any]:
    """A certificate that the system holds no point; with `cost`, (n_cols,), caps on cost are tried first.

    Raises
    ------
    NotProved
        When none is found within the limits.
    PointFound
        When the system holds a point.
    DeadlineExpired
        When time is up inside a kernel.
    """
    small = system.n_choices <= ROW_COLUMNS
    found = by_blocks(system, deadline) if small else None
    found = found or (None if cost is None else by_caps(system, cost, deadline))
    if found is not None:
        return found
    if len(system.rows.row) > MAX_ENTRIES:
        raise NotProved("only trees of caps are tried on so many rows")
    root = _Root(sharpen(system), deadline)
    found = root.by_one_row()
    if found is not None:
        return found
    while root.narrow(()) and not root.closed:
        pass
    if not root.closed:
        found = (root.by_one_row() if root.rounds else None) or root.fall_apart()
        if found is not None:
            return found
    while not root.closed and root.cut():
        pass
    if root.closed:
        return {"rounds": root.rounds, "pool": [], "tree": []}
    search = Search(root.system, root.lp(), root.deadline, max_nodes, tell=tell)
    search.run()
    return {"rounds": root.rounds, "pool": search.pool, "tree": search.tokens}


@dataclass
class _Root:
    """The system as the rounds leave it."""

    system: System
    deadline: Deadline
    rounds: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False

    @property
    def goal(self) -> int:
        """The row that prices are made for, or -1."""
        return self.system.rows.goal

    def by_one_row(self) -> dict[str, Any] | None:
        """A proof by one of the longest rows, whose knapsack alone closes the system."""
        system, goal = self.system, self.goal
        if goal < 0 or system.n_cols > ROW_COLUMNS:
            return None
        length = np.bincount(system.rows.row, minlength=system.rows.n)
        length[goal] = 0
        for row in np.argsort(-length, kind="stable")[:TRIED_ROWS].tolist():
            try:
                if length[row] and closed_by_row(system, system.box(), goal, row, QUICK_WORK, self.deadline):
                    return {"rounds": self.rounds, "pool": [], "tree": [["knapsack", goal, row]]}
            except MultiplierError:
                continue
        return None

    def lp(self) -> LiveLp:
        """The linear program of the present system."""
        return LiveLp(self.system, self.goal)

    def narrow(self, cuts: Sequence[Recipe], cut: System | None = None) -> bool:
        """One round; whether another of its kind may help."""
        if len(self.rounds) >= MAX_ROUNDS or self.deadline.expired:
            return False
        wider = self.system if cut is None else cut
        step = self._multipliers(wider)
        if step is None:
            return False
        before = self.system.n_cols
        after = next_round(self.system, Round(cuts, [step]))
        self.rounds.append({"cuts": [_recipe(r) for r in cuts], "narrow": [_flat(step)]})
        if after is None:
            self.closed = True
            return False
        self.system = after
        return after.n_cols < SHRINKS * before

    def cut(self) -> bool:
        """One round of cuts."""
        if not 0 < self.system.n_cols <= CUT_COLUMNS or self.deadline.expired:
            return False
        wider, recipes = cut_off(self.system, self.goal, self.deadline)
        return self.narrow(recipes, wider) if recipes else False

    def fall_apart(self) -> dict[str, Any] | None:
        """A proof by pieces, where the system has some."""
        found = self.lp().solve(self.system.box(), self.deadline)
        if found.answer is not Answer.BOUNDED:
            return None
        pieces = apart(self.system, self.goal, found.prices, self.deadline, refute)
        return None if pieces is None else {"rounds": self.rounds, **pieces}

    def _multipliers(self, system: System) -> tuple[IntArray, IntArray] | None:
        """The prices of the root; None when they say nothing."""
        found = LiveLp(system, self.goal).solve(system.box(), self.deadline)
        if found.answer is not Answer.BOUNDED:
            return None
        _refuse_point(system, found)
        return whole_multipliers(system, found.prices)


def _refuse_point(system: System, found: Relaxed) -> None:
    """A whole point of the linear program that keeps every row, the goal's too, ends the search."""
    x = np.rint(found.x).astype(np.int64)
    if (np.abs(found.x - x) <= 1e-9).all():
        left = np.zeros(system.rows.n, dtype=np.int64)
        np.add.at(left, system.rows.row, system.rows.value * x[system.rows.col])
        if (left <= system.rows.upper).all():
            raise PointFound(x)


def _flat(y: tuple[IntArray, IntArray]) -> list[int]:
    flat: list[int] = np.stack(y, axis=1).ravel().tolist()
    return flat


def _recipe(recipe: Recipe) -> dict[str, Any]:
    return {
        "u": _flat((recipe.index, recipe.u)),
        "complement": recipe.complement.tolist(),
        "divisor": recipe.divisor,
    }
