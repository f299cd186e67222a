"""Find proofs by exact kernels: trees of capacities, or exact blocks under prices.

`prove_by_caps` and `prove_by_blocks` start from the system alone. `prove_from_hints` starts from a hint of the
solve: the names of the caps, or of the priced rows, by which an exact kernel found the optimum. A hint only
shortens the search.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tnt_sim.certify.block_bound import SCALE, compute_gains, reduce_row, select_open_choices
from tnt_sim.certify.cap_tree_bound import compute_remaining_bounds
from tnt_sim.certify.choice_blocks import build_choice_groups, reformulate_blocks
from tnt_sim.certify.single_row_bound import expand_row, mark_forced_choices
from tnt_sim.certify.system import STAGE, MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.blocks.active_rows import settle
from tnt_sim.kernel.blocks.block_search import MAX_BYTES
from tnt_sim.kernel.cap_tree.best_choice import maximise_under_caps
from tnt_sim.kernel.cap_tree.caps import find_caps
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.prove.proof_lp import LpStatus, ProofLp
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.solve.methods.lexicographic import ProofHints, Tree
from tnt_sim.sparse_matrix import SparseMatrix

MAX_WORK = 6_000_000
MAX_CHOICES = 100_000
"""With more choices, solving the linear relaxation for prices is not worth its time."""


def prove_by_blocks(
    system: System, deadline: Deadline = UNLIMITED, max_bytes: int | None = None
) -> dict[str, Any] | None:
    """Return a proof by exact blocks under the prices of the linear relaxation; None if there is none.

    The goal is the row of an objective stage in which some choice gains; the row « less granted » is then one
    more cap.
    """
    try:
        read = reformulate_blocks(system, range(system.rows.n))
    except MultiplierError:
        return None
    if not 0 < read.n_choices <= MAX_CHOICES:
        return None
    for goal in reversed([k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]):
        try:
            result = _prove_goal_by_blocks(system, read, goal, deadline, max_bytes)
        except (MultiplierError, TooManyStates, OverflowError):
            result = None
        if result is not None:
            return result
    return None


def _prove_goal_by_blocks(
    system: System, read: System, goal: int, deadline: Deadline, max_bytes: int | None
) -> dict[str, Any] | None:
    """Try the block kernel for one goal."""
    gain, wanted = compute_gains(read, goal)
    if not (gain > 0).any():
        return None
    # the original system is as tight, and smaller than one whose units became choices
    relaxed = ProofLp(system, goal).solve(system.build_box(), deadline)
    if relaxed.answer is not LpStatus.BOUNDED:
        return None
    price = np.rint(relaxed.prices * 2.0**SCALE) / 2.0**SCALE
    matrix, upper, others = build_item_rows(read, goal)
    group = read.block[select_open_choices(read)]
    most = MAX_BYTES if max_bytes is None else max_bytes
    solution = settle(
        gain, matrix, upper, price[others], MAX_WORK, wanted, group=group, deadline=deadline, max_bytes=most
    )
    if solution is None or solution.best is not None:
        return None
    used = [int(others[k]) for k in solution.rows]
    prices = [int(k) for k in np.rint(solution.price * 2.0**SCALE).tolist()]
    return {
        "blocks": {"goal": goal, "rows": used, "own": list(solution.own), "prices": prices, "scale": SCALE}
    }


def build_item_rows(system: System, goal: int) -> tuple[SparseMatrix, IntArray, IntArray]:
    """Return the rows over the items as the checker reads them: matrix, bounds, and row numbers.

    The goal is left out.

    Rows that no selection of items can violate are left out too, such as those of ranges whose units became
    choices.
    """
    rows, items = system.rows, select_open_choices(system)
    place = np.full(system.n_cols, -1)
    place[items] = np.arange(len(items))
    entry = np.flatnonzero(place[rows.col] >= 0)
    row, col, value = rows.row[entry], place[rows.col[entry]], rows.value[entry]
    matrix = SparseMatrix.from_entries(value, row, col, (rows.n, len(items)))
    room = compute_remaining_bounds(system, mark_forced_choices(system, system.build_box()))
    binding = room < 0
    binding[row[value > 0]] = True
    binding[goal] = False
    others = np.flatnonzero(binding)
    return matrix[others], room[others], others


def prove_by_caps(
    system: System, cost: IntArray, deadline: Deadline = UNLIMITED, max_bytes: int | None = None
) -> dict[str, Any] | None:
    """Return the trees of capacities under which no selection reaches a goal, as a proof still to be checked.

    The goal is the row of an objective stage; the row « less granted » is then one more cap on all costs.

    Parameters
    ----------
    cost : int64 (n_cols,), cost of each column
    """
    for goal in reversed([k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]):
        try:
            result = _prove_goal_by_caps(*_reformulate_system(system, cost, goal), goal, deadline, max_bytes)
        except MultiplierError:
            result = None
        if result is not None:
            return result
    return None


def _reformulate_system(system: System, cost: IntArray, goal: int) -> tuple[System, IntArray]:
    """Return the system as the checker rewrites it for a goal, and the cost of its choices."""
    result, rows, used = reformulate_blocks(system, [goal]), system.rows, np.flatnonzero(cost)
    if result is system:
        return system, cost[: system.n_choices]
    # rewrite the cost as if it were a row
    with_cost = system.with_rows(rows.with_row(used, cost[used], 0, "cost"))
    return result, expand_row(reformulate_blocks(with_cost, [goal]), rows.n)[: result.n_choices]


def _prove_goal_by_caps(
    system: System, cost: IntArray, goal: int, deadline: Deadline, max_bytes: int | None
) -> dict[str, Any] | None:
    """Try the trees of capacities for one goal."""
    rows, n = system.rows, system.n_choices
    gain = -expand_row(system, goal)
    if not (gain[:n] > 0).any():
        return None  # no choice gains
    created = mark_forced_choices(system, system.build_box())
    idle = created | (system.high[:n] == 0)
    if (cost[~idle] <= 0).any():
        return None
    cost = np.where(idle, 1, cost)
    used = rows.col < n
    used[used] = ~idle[rows.col[used]]
    indptr = np.searchsorted(rows.row[used], np.arange(rows.n + 1)).astype(np.int64)
    room, most = compute_remaining_bounds(system, created), np.zeros(rows.n, dtype=np.int64)
    np.add.at(most, rows.row[used], np.maximum(rows.value[used], 0))
    most[goal] = room[goal]
    # a row that all its choices together keep caps nothing
    caps = find_caps(indptr, rows.col[used], rows.value[used], room, np.flatnonzero(most > room), cost)
    if min(caps.cap, default=0) < 0:
        return None
    profit, free = np.where(idle, 0, np.maximum(gain[:n], 0)), -gain[n:]
    try:
        solution = maximise_under_caps(
            caps,
            profit,
            cost,
            choice_groups=build_choice_groups(system),
            deadline=deadline,
            max_bytes=max_bytes,
        )
    except (TooManyStates, OverflowError):
        return None
    least = int(np.minimum(free * system.low[n:], free * system.high[n:]).sum()) - int(
        gain[:n][created].sum()
    )
    if least - int(profit @ solution.x) <= int(rows.upper[goal]):
        return None
    return {"caps": {"goal": goal, "groups": [tree.serialise_rows() for tree in solution.trees]}}


def prove_from_hints(system: System, proof_hints: ProofHints) -> dict[str, Any] | None:
    """Return a proof built from a hint of the solve, still to be checked.

    The result is None if the system lacks the named rows.
    """
    counted = Counter(system.rows.names)
    place = {name: k for k, name in enumerate(system.rows.names) if counted[name] == 1}
    try:
        if proof_hints.trees:
            return {"caps": _write_caps(system, [_translate_tree(t, place) for t in proof_hints.trees])}
        return {"blocks": _write_blocks(system, proof_hints, place)}
    except (KeyError, MultiplierError):
        return None


def _write_caps(system: System, groups: list[list[Any]]) -> dict[str, Any]:
    """Write trees of capacities as a certificate.

    The goal is the stage's own row. Where exactly one earlier stage is kept, the goal is that stage's row,
    and the present stage's row limits the cost (`less`).
    """
    names, better = system.rows.names, system.rows.goal
    retained = [k for k, name in enumerate(names) if name.startswith(STAGE) and k != better]
    if len(retained) != 1:
        return {"goal": better, "groups": groups}
    return {"goal": retained[0], "groups": groups, "less": better}


def _translate_tree(tree: Tree, place: dict[str, int]) -> list[Any]:
    """Translate a tree of row names to row numbers."""
    name, below, above = tree
    return [
        place[f"{name}:max"],
        [_translate_tree(child, place) for child in below],
        *([True] if above else []),
    ]


def _write_blocks(system: System, proof_hints: ProofHints, place: dict[str, int]) -> dict[str, Any]:
    """Write priced rows as a certificate.

    Prices are per unit of a row; the solver's model may scale the row otherwise, so they are converted.
    """
    rows = [place[f"{known.name}:{'max' if known.upper else 'min'}"] for known in proof_hints.rows]
    # the rows as the checker reads them
    read = reformulate_blocks(system, [row for row in (*rows, system.rows.goal) if row >= 0])
    prices = []
    for known, row in zip(proof_hints.rows, rows, strict=True):
        longest = int(np.abs(reduce_row(read, row)[0]).max(initial=1))
        prices.append(round(known.price * known.longest / longest * 2.0**SCALE))
    own = [k for k, known in enumerate(proof_hints.rows) if known.own]
    return {"goal": system.rows.goal, "rows": rows, "own": own, "prices": prices, "scale": SCALE}
