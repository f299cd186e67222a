"""Branch and bound that records its tree as a certificate.

Depth first. Each subproblem is closed by the dual values of its linear relaxation, or by a dual ray if that
is infeasible, rounded to integers and checked exactly. Reduced-cost fixing is recorded where it excludes
enough choices. The branching column is chosen by pseudo-costs. Where floats mislead, the search decides
without the linear program.

Source: Bénichou and others, *Experiments in mixed-integer linear programming*, Mathematical Programming 1
(1971), for pseudo-costs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.certify.certificate import branch_box
from tnt_sim.certify.system import Box, MultiplierError, System, Weighed, compute_slack, narrow_box, weigh
from tnt_sim.deadline import Deadline
from tnt_sim.prove.proof_lp import FloatArray, LpSolution, LpStatus, ProofLp, round_multipliers
from tnt_sim.rules.linear_terms import IntArray

NEAR = 1e-6
"""Distance from an integer below which a value counts as integer."""


class NotProved(Exception):
    """No proof was found; `args[0]` says why."""


class PointFound(Exception):
    """The system has a solution, `point` (n_cols,), so the claim to be proved is false."""

    def __init__(self, point: IntArray) -> None:
        super().__init__("a point was found")
        self.point = point


@dataclass
class BranchSearch:
    """Branch and bound on one system; `pool` (multipliers) and `tokens` (the tree) are its certificate."""

    system: System
    lp: ProofLp
    deadline: Deadline
    max_nodes: int
    pool: list[list[int]] = field(default_factory=list)
    tokens: list[Any] = field(default_factory=list)
    gains: _PseudoCosts = field(init=False)

    def __post_init__(self) -> None:
        self.gains = _PseudoCosts.of(self.system.n_cols)

    def run(self) -> None:
        """Search the tree and fill the certificate."""
        waiting: list[tuple[Box, _Parent | None]] = [(self.system.build_box(), None)]
        while waiting:
            if len(self.tokens) >= self.max_nodes or self.deadline.expired:
                raise NotProved(f"stopped after {len(self.tokens)} nodes")
            box, parent = waiting.pop()
            waiting.extend(self._expand_node(box, parent))

    def _expand_node(self, box: Box, parent: _Parent | None) -> list[tuple[Box, _Parent | None]]:
        """Close a subproblem, or return the subproblems that it branches into."""
        relaxation = self.lp.solve(box, self.deadline)
        if relaxation.answer is LpStatus.UNCLEAR:
            self.deadline.check()
            return self._branch_without_lp(box)
        if parent is not None and relaxation.answer is LpStatus.BOUNDED:
            self.gains.record_bound(parent, relaxation.cost)
        closing = self._weigh_rows(relaxation.compute_multipliers())
        if closing is not None and compute_slack(self.system, box, closing[1])[0] < 0:
            self.tokens.append(self._pool_multipliers(closing[0]))
            return []
        if relaxation.answer is LpStatus.EMPTY:
            return self._branch_without_lp(box)
        if closing is not None:
            smaller = box.copy()
            narrow_box(self.system, smaller, closing[1])
            if int(box.open.sum() - smaller.open.sum()) >= max(2, len(box.open) // 50):
                self.tokens.append(["narrow", self._pool_multipliers(closing[0])])
                box = smaller
        return self._branch(box, relaxation)

    def _weigh_rows(self, prices: FloatArray) -> tuple[tuple[IntArray, IntArray], Weighed] | None:
        """Round prices to multipliers and apply them; None if they exceed 64 bits."""
        y = round_multipliers(self.system, prices)
        try:
            return y, weigh(self.system, *y)
        except MultiplierError:
            return None

    def _pool_multipliers(self, y: tuple[IntArray, IntArray]) -> int:
        """Add multipliers to the pool and return their number."""
        self.pool.append(np.stack(y, axis=1).ravel().tolist())
        return len(self.pool) - 1

    def _branch(self, box: Box, solution: LpSolution) -> list[tuple[Box, _Parent | None]]:
        """Branch on a fractional column; without one, test the integer point."""
        n = self.system.n_choices
        part = np.abs(solution.x - np.rint(solution.x))
        loose = np.flatnonzero(part > NEAR)
        if not len(loose):
            return self._branch_without_lp(box, np.rint(solution.x).astype(np.int64))
        choices = loose[loose < n]
        c = int(self.gains.select_column(choices if len(choices) else loose, solution.x))
        kind = ["branch", c] if c < n else ["split", c, int(np.floor(solution.x[c]))]
        return self._split(box, kind, solution, first_is_up=c < n)

    def _split(
        self, box: Box, kind: list[Any], solution: LpSolution | None, first_is_up: bool
    ) -> list[tuple[Box, _Parent | None]]:
        """Record a branch and return its subproblems, the first one on top of the stack."""
        self.tokens.append(kind)
        first, second = branch_box(self.system, box, str(kind[0]), kind[1:])
        c = int(kind[1])
        ahead: list[_Parent | None] = [None, None]
        if solution is not None:
            down = float(solution.x[c] - np.floor(solution.x[c]))
            both = [_Parent(c, True, 1 - down, solution.cost), _Parent(c, False, down, solution.cost)]
            ahead = [both[0], both[1]] if first_is_up else [both[1], both[0]]
        return [(second, ahead[1]), (first, ahead[0])]

    def _branch_without_lp(self, box: Box, point: IntArray | None = None) -> list[tuple[Box, _Parent | None]]:
        """Close or branch a subproblem without the linear program.

        It is used when the relaxation has an integer point that violates a row by less than float tolerances,
        when a dual ray does not prove infeasibility exactly, or when the solver gives no answer.
        """
        system, rows = self.system, self.system.rows
        if point is not None:
            left = np.zeros(rows.n, dtype=np.int64)
            np.add.at(left, rows.row, rows.value * point[rows.col])
            broken = np.flatnonzero(left > rows.upper)
            if not len(broken) and self._is_in_box(box, point):
                raise PointFound(point)
        for r in range(rows.n):
            y = np.array([r], dtype=np.int64), np.ones(1, dtype=np.int64)
            if compute_slack(system, box, weigh(system, *y))[0] < 0:
                self.tokens.append(self._pool_multipliers(y))
                return []
        n = system.n_choices
        count = np.add.reduceat(box.open, system.heads, dtype=np.int64) if n else np.zeros(0, dtype=np.int64)
        undecided = np.flatnonzero(box.open & ~(box.must & (count == 1))[system.block[:n]])
        if len(undecided):
            return self._split(box, ["branch", int(undecided[0])], None, first_is_up=True)
        free = np.flatnonzero(box.low < box.high)
        if len(free):
            c = int(free[0])
            middle = int((box.low[c] + box.high[c]) // 2)
            return self._split(box, ["split", n + c, middle], None, first_is_up=False)
        raise NotProved("a decided part keeps every row, yet its point was not found")

    def _is_in_box(self, box: Box, point: IntArray) -> bool:
        """Return whether a point satisfies the bounds and blocks of a subproblem."""
        n = self.system.n_choices
        taken = np.bincount(self.system.block[:n], weights=point[:n], minlength=len(box.must))
        return bool(
            (point[:n] <= box.open).all()
            and (taken <= 1).all()
            and (taken[box.must] == 1).all()
            and (point[n:] >= box.low).all()
            and (point[n:] <= box.high).all()
        )


@dataclass(frozen=True, slots=True)
class _Parent:
    """The branch that a subproblem comes from: its column, direction, distance moved, and the bound before."""

    column: int
    up: bool
    distance: float
    cost: float


@dataclass
class _PseudoCosts:
    """Pseudo-costs: the mean gain of the bound per unit that a column moved, in each direction."""

    total: FloatArray
    count: FloatArray

    @classmethod
    def of(cls, n_cols: int) -> _PseudoCosts:
        """Build pseudo-costs without observations."""
        return cls(np.zeros((2, n_cols)), np.zeros((2, n_cols)))

    def record_bound(self, parent: _Parent, cost: float) -> None:
        """Record the bound of one child."""
        side = int(parent.up)
        self.total[side, parent.column] += max(cost - parent.cost, 0.0) / max(parent.distance, NEAR)
        self.count[side, parent.column] += 1

    def select_column(self, columns: IntArray, x: FloatArray) -> int:
        """Return the column of greatest product of both gains; the overall mean stands in for unobserved ones."""
        seen = self.count.sum()
        mean = self.total.sum() / seen if seen else 1.0
        rate = np.where(self.count > 0, self.total / np.maximum(self.count, 1), mean)
        down = (x - np.floor(x))[columns]
        low, high = rate[0, columns] * down, rate[1, columns] * (1 - down)
        score = np.maximum(low, 1e-9) * np.maximum(high, 1e-9)
        return int(columns[int(np.argmax(score))])
