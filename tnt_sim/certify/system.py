"""Integer systems, and what a vector of multipliers proves about them; int64 with checked magnitudes.

    S = { x integer : A x ≤ b,  low ≤ x ≤ high,  Σ_{c in block} x_c ≤ 1  (= 1 where the block must be chosen) }

A *block* stands for a dossier, its 0-1 columns (*choices*) for the amounts that the dossier may get; *free*
columns are bounded integers outside all blocks. For multipliers y ≥ 0 every point of S satisfies (yA)x ≤ y·b.
So S is empty if the least value of yA over blocks and bounds alone exceeds y·b:

    L(y) = Σ_blocks min(0, min_c (yA)_c)  +  Σ_free min((yA)_c·low_c, (yA)_c·high_c)   >   y·b

(without the 0 for a block that must be chosen). This is a Lagrangian (safe dual) bound: any y ≥ 0 is valid,
so the solver that found it need not be trusted. A proof of optimality adds the row « objective better by one
unit » to A. The same y fixes single choices by reduced cost (`narrow_box`).

Sources: Neumaier and Shcherbina, *Safe bounds in linear and mixed-integer linear programming*, Mathematical
Programming 99 (2004); reduced-cost fixing: Crowder, Johnson and Padberg, *Solving large-scale zero-one linear
programming problems*, Operations Research 31 (1983).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.rules.linear_terms import BoolArray, IntArray

STAGE = "stage:"
"""Prefix of the names of rows that keep or improve the value of an objective stage."""

ROOM = 2**62
"""Limit of every product and sum; multipliers that exceed it are refused."""


class MultiplierError(ValueError):
    """Multipliers are negative or too large for 64 bits, or a reference in a proof is invalid."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Sparse rows Σ value·x ≤ upper in coordinate form, sorted by row and then column; int64.

    Attributes
    ----------
    row, col, value : (n_entries,)
    upper : (n_rows,)
    names : name of each row: the rule it comes from
    """

    row: IntArray
    col: IntArray
    value: IntArray
    upper: IntArray
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.upper)

    @classmethod
    def from_entries(
        cls, row: IntArray, col: IntArray, value: IntArray, upper: IntArray, names: tuple[str, ...]
    ) -> Rows:
        """Build rows from entries in any order; entries of equal row and column are added, zeros dropped."""
        width = int(col.max(initial=0)) + 1  # rows × columns is far below 2^63
        order = np.argsort(row * width + col, kind="stable")
        row, col, value = row[order], col[order], value[order]
        if len(row):
            first = np.flatnonzero(np.r_[True, (np.diff(row) != 0) | (np.diff(col) != 0)])
            row, col, value = row[first], col[first], np.add.reduceat(value, first)
            row, col, value = row[value != 0], col[value != 0], value[value != 0]
        return cls(row, col, value, upper, names)

    def with_row(self, col: IntArray, value: IntArray, upper: int, name: str) -> Rows:
        """Append one row."""
        used = value != 0
        return Rows(
            np.concatenate([self.row, np.full(int(used.sum()), self.n, dtype=np.int64)]),
            np.concatenate([self.col, col[used]]),
            np.concatenate([self.value, value[used]]),
            np.append(self.upper, np.int64(upper)),
            (*self.names, name),
        )

    @property
    def goal(self) -> int:
        """The row that asks for an improvement; without one the last row that keeps a stage, else −1."""
        better = [k for k, name in enumerate(self.names) if name.endswith(":better")]
        kept = [k for k, name in enumerate(self.names) if name.startswith(STAGE)]
        return better[0] if better else kept[-1] if kept else -1

    def compute_row_starts(self) -> IntArray:
        """Return where each row's entries begin, and the end of the last: (n_rows + 1,)."""
        return np.searchsorted(self.row, np.arange(self.n + 1)).astype(np.int64)

    def aggregate_rows(self, index: IntArray, y: IntArray, n_cols: int) -> IntArray:
        """Return yA for multipliers y on the rows `index`, int64 (n_cols,).

        Raises
        ------
        MultiplierError
            When a sum could exceed 64 bits.
        """
        starts = self.compute_row_starts()
        total = np.zeros(n_cols, dtype=np.int64)
        reach = np.zeros(n_cols)
        for place, weight in zip(index.tolist(), y.tolist(), strict=True):
            part = slice(int(starts[place]), int(starts[place + 1]))
            total[self.col[part]] += self.value[part] * weight
            reach[self.col[part]] += np.abs(self.value[part].astype(np.float64)) * weight
        if reach.max(initial=0.0) >= ROOM:
            raise MultiplierError("a weighed coefficient leaves 64 bits")
        return total


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """An integer system: columns in blocks of choices, free columns, and rows over both.

    Attributes
    ----------
    block : int64 (n_cols,), ascending over the choices; −1 for free columns, which come last
    must : bool (n_blocks,), whether exactly one choice of the block is taken, instead of at most one
    low, high : int64 (n_cols,), bounds; 0 and 1 for choices, 0 and 0 for choices that are excluded
    rows : Σ value·x ≤ upper
    free_names : what each free column stands for; empty where nobody compares the rows with a second reading
    """

    block: IntArray
    must: BoolArray
    low: IntArray
    high: IntArray
    rows: Rows
    free_names: tuple[str, ...] = ()

    @property
    def n_cols(self) -> int:
        """Number of columns."""
        return len(self.block)

    @property
    def n_choices(self) -> int:
        """Number of columns that belong to a block."""
        return int(np.searchsorted(self.block < 0, True))

    @property
    def heads(self) -> IntArray:
        """The first column of each block, int64 (n_blocks,)."""
        return np.searchsorted(self.block[: self.n_choices], np.arange(len(self.must))).astype(np.int64)

    def with_rows(self, rows: Rows) -> System:
        """Return the same columns under other rows."""
        return replace(self, rows=rows)

    def build_box(self) -> Box:
        """Return the domain of the columns before anything is excluded."""
        return Box(self.high[: self.n_choices] > 0, self.must.copy(), self.low[self.n_choices :].copy(),
                   self.high[self.n_choices :].copy())  # fmt: skip


@dataclass(slots=True, eq=False)
class Box:
    """A subproblem: the remaining domain of the columns.

    Attributes
    ----------
    open : bool (n_choices,), choices not excluded
    must : bool (n_blocks,), blocks that must be chosen
    low, high : int64 (n_free,), bounds of free columns
    """

    open: BoolArray
    must: BoolArray
    low: IntArray
    high: IntArray

    def copy(self) -> Box:
        """Return an independent copy."""
        return Box(self.open.copy(), self.must.copy(), self.low.copy(), self.high.copy())


@dataclass(frozen=True, slots=True)
class Weighed:
    """One vector of multipliers applied to a system: `cost` is yA, int64 (n_cols,), and `limit` is y·b."""

    cost: IntArray
    limit: int


def weigh(system: System, index: IntArray, y: IntArray) -> Weighed:
    """Compute yA and y·b for multipliers `y` on the rows `index`.

    Raises
    ------
    MultiplierError
        For a negative multiplier, a row that does not exist, or a sum that could exceed 64 bits.
    """
    if (y < 0).any():
        raise MultiplierError("a multiplier is negative")
    if len(index) and not 0 <= index.min() <= index.max() < system.rows.n:
        raise MultiplierError("a multiplier is for a row that does not exist")
    cost = system.rows.aggregate_rows(index, y, system.n_cols)
    limit = sum(int(a) * int(b) for a, b in zip(y.tolist(), system.rows.upper[index].tolist(), strict=True))
    width = np.maximum(np.abs(system.low), np.abs(system.high)).astype(np.float64)
    if abs(limit) >= ROOM or (np.abs(cost.astype(np.float64)) * width).sum() >= ROOM:
        raise MultiplierError("a weighed sum leaves 64 bits")
    return Weighed(cost, limit)


BIG = np.int64(2**62)
"""Cost of a choice that is not open."""


def compute_slack(system: System, box: Box, weighed: Weighed) -> tuple[int, IntArray]:
    """Return y·b − L(y) over a box, and the least cost of each block, int64 (n_blocks,).

    A negative slack proves that the box contains no point. A block that must be chosen and has no open
    choice, or a free column with an empty domain, gives −1.

    Examples
    --------
    Two choices of cost −2 and −3 in one block cannot satisfy −2 x₀ − 3 x₁ ≤ −4:

    >>> rows = Rows.from_entries(np.array([0, 0]), np.array([0, 1]), np.array([-2, -3]), np.array([-4]), ("goal",))
    >>> system = System(np.array([0, 0]), np.array([False]), np.array([0, 0]), np.array([1, 1]), rows)
    >>> compute_slack(system, system.build_box(), weigh(system, np.array([0]), np.array([1])))[0]
    -1
    """
    n = len(box.open)
    least = np.zeros(len(box.must), dtype=np.int64)
    if n:
        open_cost = np.where(box.open, weighed.cost[:n], BIG)
        least = np.minimum.reduceat(open_cost, system.heads)
        if (box.must & (least == BIG)).any():
            return -1, least
        least = np.where(box.must, least, np.minimum(least, 0))
    if (box.low > box.high).any():
        return -1, least
    free = weighed.cost[n:]
    return weighed.limit - int(least.sum() + np.where(free > 0, free * box.low, free * box.high).sum()), least


def narrow_box(system: System, box: Box, weighed: Weighed) -> bool:
    """Exclude, in place, what no point of the box can choose (reduced-cost fixing).

    Return False if the box is empty.

    With slack = y·b − L(y): choice c of block k is excluded when (yA)_c − least_k > slack; block k must be
    chosen when −least_k > slack; a free column moves away from the bound at which L(y) has it by at most
    ⌊slack / |(yA)_c|⌋.
    """
    room, least = compute_slack(system, box, weighed)
    if room < 0:
        return False
    n = len(box.open)
    if n:
        box.open &= weighed.cost[:n] - least[system.block[:n]] <= room
        box.must |= -least > room
    free = weighed.cost[n:]
    steps = room // np.maximum(np.abs(free), 1)
    near = box.high - box.low > steps
    box.high[...] = np.where(near & (free > 0), box.low + steps, box.high)
    box.low[...] = np.where(near & (free < 0), box.high - steps, box.low)
    return True


def reduce_system(system: System, box: Box) -> System | None:
    """Return the system over the undecided columns, the others substituted; None if it is seen to be empty.

    It is empty when a row without columns is violated, or a domain has no value left.

    Raises
    ------
    MultiplierError
        When a right-hand side would exceed 64 bits.
    """
    n = len(box.open)
    counts = np.add.reduceat(box.open, system.heads, dtype=np.int64) if n else np.zeros(0, dtype=np.int64)
    if (box.must & (counts == 0)).any() or (box.low > box.high).any():
        return None
    taken = box.open & box.must[system.block[:n]] & (counts == 1)[system.block[:n]]
    kept_choice = box.open & ~taken
    kept_free = box.low < box.high
    fixed = np.concatenate([taken.astype(np.int64), np.where(kept_free, 0, box.low)])
    selected = np.concatenate([kept_choice, kept_free])
    place = np.cumsum(selected) - 1
    rows = system.rows
    upper = rows.upper.copy()
    moved = np.abs(rows.value.astype(np.float64)) * np.abs(fixed[rows.col].astype(np.float64))
    if moved.sum() + np.abs(upper.astype(np.float64)).max(initial=0.0) >= ROOM:
        raise MultiplierError("a bound leaves 64 bits when columns are settled")
    np.subtract.at(upper, rows.row, rows.value * fixed[rows.col])
    used = selected[rows.col]
    filled = np.zeros(rows.n, dtype=np.bool_)
    filled[rows.row[used]] = True
    if (upper[~filled] < 0).any():
        return None
    row_place = np.cumsum(filled) - 1
    blocks, block = np.unique(system.block[:n][kept_choice], return_inverse=True)
    return System(
        block=np.concatenate([block.astype(np.int64), np.full(int(kept_free.sum()), -1, dtype=np.int64)]),
        must=box.must[blocks],
        low=np.concatenate([np.zeros(len(block), dtype=np.int64), box.low[kept_free]]),
        high=np.concatenate([np.ones(len(block), dtype=np.int64), box.high[kept_free]]),
        rows=Rows(
            row_place[rows.row[used]],
            place[rows.col[used]],
            rows.value[used],
            upper[filled],
            tuple(name for name, keep in zip(rows.names, filled.tolist(), strict=True) if keep),
        ),
    )
