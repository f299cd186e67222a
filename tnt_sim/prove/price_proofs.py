"""Find a proof that `certify/verifier.py` accepts: multipliers, trees of priced caps, and splits.

The trees are those of a proof by caps, where there is one. Else the rows with a positive dual value in the linear
relaxation are arranged: those that nest in the same weights become caps, and the others keep their dual values as
multipliers. Where prices and lists leave a gap, the system is split on the column that the relaxation divides most
evenly, and each part is proved in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb

import numpy as np

from tnt_sim.certify.certificate import PRICES, parse_caps
from tnt_sim.certify.claim_systems import Claims
from tnt_sim.certify.system import STAGE, Box, System
from tnt_sim.certify.verifier import Json, NotShown, PlainSystem, check_first, check_proof
from tnt_sim.certify.verifier_rows import describe_system
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.prove.cap_prices import SCALE, Tree, find_prices
from tnt_sim.prove.proof_lp import FloatArray, LpSolution, LpStatus, ProofLp, round_multipliers
from tnt_sim.rules.linear_terms import IntArray

MOST_PARTS = 3000
"""Parts of a split system at most."""
MOST_DEEP = 200
"""Splits within one another at most: a proof that is deeper is not read either."""
MOST_ENTRIES = 1_000_000
"""Entries of the rows of a system above which the search gives up at once."""
FAINT = 1e-9
"""Dual values below this share of the greatest count as zero."""
MOST_BLOCKS = 1000
"""Rows that are tried as blocks in each part, those with a price first."""
MOST_SELECTIONS = 5000
"""Selections of the columns of a row up to which it becomes a block."""
BITS = 12
"""Significant bits of the multipliers beside a tree: with few bits gains tie, and more pairs are dropped."""
MOST_CARRIED = 2
"""Rows beside a tree that are tried as the row carried through it."""
NEAR = 1e-6
"""Distance from a whole number below which a value counts as whole."""


def find_price_proof(system: System, deadline: Deadline, known: Json | None = None) -> Json | None:
    """Return a proof that a system has no point, checked by the verifier; None if none is found in time.

    Parameters
    ----------
    known : a proof by the kernels, whose caps are tried first
    """
    if len(system.rows.row) > MOST_ENTRIES:
        return None
    plain = PlainSystem(describe_system(system))
    try:
        for multipliers, trees in _list_known_trees(system, known):
            proof = _find_tree_prices(plain, multipliers, trees, deadline)
            if proof is not None and _is_shown(plain, proof):
                return proof
        search = _Search(system, deadline)
        return search.prove(plain, system.build_box())
    except (NotShown, DeadlineExpired):
        return None


def find_order_proof(system: System, order: Json, deadline: Deadline) -> Json | None:
    """Return a proof that no point ranks before the one whose sums are in `order`; None if none is found in time.

    The multipliers of each stage narrow the system; each part that they leave is proved like a system.
    """
    if len(system.rows.row) > MOST_ENTRIES:
        return None
    plain, search = PlainSystem(describe_system(system)), _Search(system, deadline)
    narrow, proofs = list[dict[str, int]](), list[Json]()
    try:
        for goal in [k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]:
            relaxation = ProofLp(system, goal).solve(system.build_box(), deadline)
            if relaxation.answer is LpStatus.BOUNDED:
                rows, times = round_multipliers(system, relaxation.prices)
                narrow.append(dict(zip(map(str, rows.tolist()), times.tolist(), strict=True)))
                plain.narrow(*plain.add_up(narrow[-1]))
        for part in plain.iterate_earlier(order):
            proof = search.prove(part, _build_box(system, part))
            if proof is None:
                return None
            proofs.append(proof)
        whole = {"narrow": narrow, "parts": proofs}
        return whole if check_first(PlainSystem(describe_system(system)), order, whole, [0]) else None
    except (NotShown, DeadlineExpired):
        return None


def _build_box(system: System, plain: PlainSystem) -> Box:
    """Return the ranges of a narrowed system as a box."""
    box, n = system.build_box(), system.n_choices
    low, high = np.array(plain.low), np.array(plain.high)
    box.open &= high[:n] > 0
    box.must[system.block[:n][low[:n] > 0]] = True
    for group, must in zip(plain.groups, plain.must, strict=True):
        blocks = system.block[group]
        if must and len(blocks) and (blocks == blocks[0]).all():
            box.must[blocks[0]] = True
    box.low[...], box.high[...] = low[n:], high[n:]
    return box


def _find_tree_prices(
    plain: PlainSystem,
    multipliers: Mapping[int, int],
    trees: Sequence[Tree],
    deadline: Deadline,
    blocks: Sequence[int] = (),
) -> Json | None:
    """Return a proof with prices for the caps of some trees; None where their rows form none."""
    try:
        return find_prices(plain, multipliers, trees, deadline, blocks)[0]
    except NotShown:
        return None


def _is_shown(plain: PlainSystem, proof: Json) -> bool:
    """Return whether the verifier accepts a proof."""
    try:
        return check_proof(plain, proof, [0])
    except NotShown:
        return False


def _list_known_trees(system: System, known: Json | None) -> list[tuple[dict[int, int], Sequence[Tree]]]:
    """Return the multipliers and the trees of a proof by caps."""
    if known is None or "caps" not in known:
        return []
    goal, trees, less = parse_caps(known["caps"])
    if less is None:
        return [({goal: SCALE}, trees)]
    return [({goal: SCALE}, [(less, trees, False)])]


@dataclass
class _Search:
    """Splits a system until prices prove every side.

    Attributes
    ----------
    n_parts : proofs met so far
    """

    system: System
    deadline: Deadline
    lp: ProofLp = field(init=False)
    n_parts: int = 0

    def __post_init__(self) -> None:
        self.lp = ProofLp(self.system, self.system.rows.goal)

    def prove(self, plain: PlainSystem, box: Box, depth: int = 0) -> Json | None:
        """Return a proof that a side has no point, or None; `depth` is the number of splits above it."""
        self.deadline.check()
        self.n_parts += 1
        if self.n_parts > MOST_PARTS or depth > MOST_DEEP:
            return None
        relaxation = self.lp.solve(box, self.deadline)
        if relaxation.answer is LpStatus.UNCLEAR:
            return None
        proof = self._prove_by_prices(plain, relaxation)
        if proof is not None:
            return proof
        column = self._choose_column(box, relaxation.x)
        if column is None:
            return self._find_broken_row(plain)
        n, proofs = self.system.n_choices, list[Json]()
        highest = 1 if column < n else int(box.high[column - n])
        at = min(int(np.floor(relaxation.x[column] + NEAR)), highest - 1)
        for upper, sign in ((at, 1), (-at - 1, -1)):
            side = self.prove(
                plain.add_row({column: sign}, upper),
                _narrow(self.system, box, column, at, sign),
                depth + 1,
            )
            if side is None:
                return None
            proofs.append(side)
        return {"split": {"columns": [column], "values": [1], "at": at}, "parts": proofs}

    def _prove_by_prices(self, plain: PlainSystem, relaxation: LpSolution) -> Json | None:
        """Return a proof without a split, or None."""
        prices = relaxation.compute_multipliers()
        prices = np.where(prices > FAINT * prices.max(initial=0.0), prices, 0.0)
        used = np.flatnonzero(prices)
        if not plain.has_points() or not len(used):
            return {"multipliers": {}} if _is_shown(plain, {}) else None
        stages = [k for k in used.tolist() if self.system.rows.names[k].startswith(STAGE)]
        for goal in (None, *stages):
            caps = [k for k in used.tolist() if k != goal]
            trees, holder = _build_trees(self.system, plain, [] if goal is None else caps)
            inside = {row for tree in trees for row in _list_rows(tree)}
            order = [*caps, *np.flatnonzero(prices == 0).tolist()][:MOST_BLOCKS]
            blocks = _choose_blocks(self.system, plain, [k for k in order if k not in inside], holder)
            inside.update(blocks)
            scale = SCALE / (prices[used].min() if goal is None else prices[goal])
            multipliers = {
                k: round(prices[k] * scale) if k == goal or goal is None else _round_bits(prices[k] * scale)
                for k in used.tolist()
                if k not in inside
            }
            proof = _find_tree_prices(plain, multipliers, trees, self.deadline, blocks)
            if proof is None:
                continue
            carried = (
                [None] if len(trees) != 1 else [None, *_list_carried_rows(self.system, multipliers, goal)]
            )
            for row in carried:
                whole = proof if row is None else {**proof, "carried": row}
                if _is_shown(plain, whole):
                    return whole
        return None

    def _find_broken_row(self, plain: PlainSystem) -> Json | None:
        """Return the row that a single point breaks, as a proof; None if it breaks none."""
        rows, low = self.system.rows, np.array(plain.low)
        reach = np.zeros(rows.n, dtype=np.int64)
        np.add.at(reach, rows.row, rows.value * low[rows.col])
        broken = np.flatnonzero(reach > rows.upper).tolist()
        proof = {"multipliers": {str(row): 1 for row in broken[:1]}}
        return proof if _is_shown(plain, proof) else None

    def _choose_column(self, box: Box, x: FloatArray) -> int | None:
        """Return the undecided column whose value is the most divided; else the first undecided one."""
        n = self.system.n_choices
        counts = np.add.reduceat(box.open, self.system.heads, dtype=np.int64) if n else box.open
        sure = (box.must & (counts == 1))[self.system.block[:n]] if n else box.open
        free = np.concatenate([box.open & ~sure, box.low < box.high])
        if not free.any():
            return None
        distance = np.where(free, np.abs(x - np.rint(x)), -1.0)
        return int(distance.argmax())


def _list_carried_rows(system: System, multipliers: Mapping[int, int], goal: int | None) -> list[int]:
    """Return the rows beside a tree by what their price leaves open, the most first."""
    rows = system.rows
    spread = np.zeros(rows.n)
    np.maximum.at(spread, rows.row, np.abs(rows.value.astype(np.float64)))
    open_gain = {row: times * spread[row] for row, times in multipliers.items() if row != goal}
    return sorted(open_gain, key=lambda row: -open_gain[row])[:MOST_CARRIED]


def _narrow(system: System, box: Box, column: int, at: int, sign: int) -> Box:
    """Return the box of one side of a split: the column at most `at` (sign 1), or more (sign −1)."""
    side, n = box.copy(), system.n_choices
    if column >= n:
        ends = side.high if sign > 0 else side.low
        ends[column - n] = at if sign > 0 else at + 1
    elif sign > 0:
        side.open[column] = False
    else:
        side.open[:n] &= (system.block[:n] != system.block[column]) | (np.arange(n) == column)
        side.must[system.block[column]] = True
    return side


def _round_bits(number: float) -> int:
    """Round a number to a whole one of few significant bits."""
    whole = round(number)
    shift = max(0, whole.bit_length() - BITS)
    return (whole + (1 << shift >> 1)) >> shift << shift


def _choose_blocks(system: System, plain: PlainSystem, rows: Sequence[int], holder: IntArray) -> list[int]:
    """Return rows whose few selections the verifier can list: no two share a column, and one cap holds each."""
    n, read = system.n_choices, _read_open_entries(system, plain)
    is_free = np.ones(system.n_cols, dtype=bool)
    is_free[n:] = False
    is_free[[j for group in plain.groups for j in group]] = False
    result = []
    for row in rows:
        columns, values, capacity = read(row)
        binds = 0 <= capacity < values.sum()
        if not binds or not is_free[columns].all() or (values <= 0).any():
            continue
        few = _has_few_selections(len(columns), capacity // int(values.min()))
        if few and (holder[columns] == holder[columns[0]]).all():
            is_free[columns] = False
            result.append(row)
    return result


def _has_few_selections(n: int, most: int) -> bool:
    """Return whether at most so many of n columns can be selected in few ways: Σ C(n, k) for k ≤ most."""
    total = 0
    for k in range(min(most, n) + 1):
        total += comb(n, k)
        if total > MOST_SELECTIONS:
            return False
    return True


def _read_open_entries(system: System, plain: PlainSystem) -> Callable[[int], tuple[IntArray, IntArray, int]]:
    """Return a function that reads the open columns of a row, their values, and the room for them."""
    entries = system.rows
    starts = entries.compute_row_starts()
    low = np.array(plain.low[: system.n_cols])
    is_open = low < np.array(plain.high[: system.n_cols])

    def read(row: int) -> tuple[IntArray, IntArray, int]:
        side = slice(int(starts[row]), int(starts[row + 1]))
        columns, values = entries.col[side], entries.value[side]
        used = is_open[columns]
        fixed = int((values[~used] * low[columns[~used]]).sum())
        return columns[used], values[used], int(entries.upper[row]) - fixed

    return read


def _build_trees(system: System, plain: PlainSystem, rows: Sequence[int]) -> tuple[list[Tree], IntArray]:
    """Arrange the rows that nest in the same weights as trees; return them and the row that holds each column."""
    n, read = system.n_choices, _read_open_entries(system, plain)
    holder = np.full(system.n_cols, -1)
    weight = np.zeros(system.n_cols, dtype=np.int64)
    below: dict[int, list[int]] = {-1: []}

    for row in sorted(rows, key=lambda k: -len(read(k)[0])):
        columns, values, _ = read(row)
        if not len(columns) or (columns >= n).any() or (values <= 0).any():
            continue
        above = int(holder[columns[0]])
        if (holder[columns] != above).any():
            continue
        if above >= 0 and (weight[columns] * values[0] != values * weight[columns[0]]).any():
            continue
        if above < 0:
            weight[columns] = values
        holder[columns] = row
        below[above].append(row)
        below[row] = []

    def build(row: int) -> Tree:
        return row, [build(child) for child in below[row]], False

    return [build(row) for row in below[-1]], holder


def _list_rows(tree: Tree) -> list[int]:
    """Return the rows of a tree."""
    return [tree[0], *(row for child in tree[1] for row in _list_rows(child))]


def add_price_proofs(
    claims: Claims, values: Sequence[Fraction], proofs: Sequence[Json | None], deadline: Deadline
) -> list[Json | None]:
    """Return the proofs of the first stages, each with one for the verifier where one is found in time.

    Parameters
    ----------
    values : value of each stage, « least granted » the last
    proofs : one for each value; None for a stage without one
    """
    result = list(proofs)
    for k, proof in enumerate(proofs):
        if proof is not None and not deadline.expired:
            prices = find_price_proof(claims.of_stage(k, values), deadline, proof)
            result[k] = proof if prices is None else {**proof, PRICES: prices}
    return result
