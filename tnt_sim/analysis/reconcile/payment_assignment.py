"""Exact assignment of payments to decisions at least cost, with all that other assignments of this cost change.

Each decision d has a residual r_d (its grant, less the lines that name it), each payment u an amount a_u, and
admissible pairs (d, u) a cost c_du of identity. A decision takes a set U_d of payments, and no payment goes to two
decisions. The assignment minimises Σ_d f_d(U_d) in integers::

    f_d(∅)   = 10,000, or 6,000 + D(0) if lines name d already
    f_d({u}) = c_du                if a_u = r_d
               c_du + 6,000 + D(a_u)    otherwise, for a_u > 0 and a decision that no line names
    f_d(U)   = 100 |U| − 100 + Σ_u c_du    for 2 ≤ |U| ≤ `compute_most_payments` with Σ_u a_u = r_d
    D(a)     = min(999, ⌊1,000 |a − r_d| / |r_d|⌋)

Method: choices that no optimum can contain are dropped, as their cost above the least one of their decision
exceeds what an assignment at hand loses in all (reduced-cost fixing). The rest falls into parts. A part where
each decision takes at most one payment is a linear assignment; the others are solved by dynamic programming over
sets of payments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired

NO_PAYMENT = 10_000
OTHER_AMOUNT = 6_000
FURTHER_PAYMENT = 100
MOST_CELLS = 4_000_000
"""Cells of the matrix of one linear assignment."""
MOST_STATES = 50_000
MOST_NODES = 100_000
"""Sets of payments that are tried for the sum of one decision."""
MOST_SUMS = 2_000
_FORBIDDEN = 10_000_000

type Option = tuple[int, tuple[int, ...]]
"""A cost, and the payments that it takes, in ascending order."""
type Integers = npt.NDArray[np.int64]


class TooManyChoices(Exception):
    """A part has more choices than are looked at."""


@dataclass(frozen=True, slots=True)
class PaymentAssignment:
    """An optimal assignment: the first one in the order of decisions and payments.

    Attributes
    ----------
    payments : by decision, the payments that it takes
    tied : decisions that take other payments in another assignment of the same cost
    rivals : payments that a tied decision takes in one of these assignments
    undecided : decisions for which no optimum was shown, as there are too many choices or no time is left
    cost : of the decided part
    late : the undecided ones for which no time is left
    """

    payments: tuple[tuple[int, ...], ...]
    tied: frozenset[int]
    rivals: frozenset[int]
    undecided: frozenset[int]
    cost: int
    late: frozenset[int] = frozenset()


def compute_difference_points(residual: int, amount: int) -> int:
    """Return what another amount costs: `OTHER_AMOUNT`, and a point per thousandth of the residual, 999 at most.

    >>> compute_difference_points(800_000, 240_000)
    6700
    """
    return OTHER_AMOUNT + min(999, 1000 * abs(amount - residual) // abs(residual))


def assign_payments(
    residuals: Sequence[int],
    is_named: Sequence[bool],
    amounts: Sequence[int],
    pairs: Mapping[tuple[int, int], int],
    deadline: Deadline = UNLIMITED,
) -> PaymentAssignment:
    """Assign payments to decisions at least cost.

    Parameters
    ----------
    residuals : cents that each decision still lacks, never 0
    is_named : whether lines name the decision already
    amounts : cents of each payment
    pairs : cost of identity of each admissible (decision, payment), from 0 to 60

    Examples
    --------
    >>> result = assign_payments([500], [False], [200, 300, 500], {(0, 0): 0, (0, 1): 0, (0, 2): 10})
    >>> result.cost
    10
    """
    cells: list[dict[int, int]] = [{} for _ in residuals]
    for (decision, payment), cost in pairs.items():
        cells[decision][payment] = cost
    options = [
        _list_single_options(residual, named, amounts, cells[decision])
        for decision, (residual, named) in enumerate(zip(residuals, is_named, strict=True))
    ]
    try:
        _add_sums(options, residuals, amounts, cells, deadline)
        return _solve_parts(options, deadline)
    except (TooManyChoices, DeadlineExpired) as reason:
        n, everything = len(residuals), frozenset(range(len(residuals)))
        late = everything if isinstance(reason, DeadlineExpired) else frozenset[int]()
        return PaymentAssignment(((),) * n, frozenset(), frozenset(), everything, 0, late)


def _list_single_options(
    residual: int, named: bool, amounts: Sequence[int], cells: Mapping[int, int]
) -> list[Option]:
    options: list[Option] = [(compute_difference_points(residual, 0) if named else NO_PAYMENT, ())]
    for payment, cost in cells.items():
        amount = amounts[payment]
        if amount == residual:
            options.append((cost, (payment,)))
        elif amount > 0 and not named:
            options.append((cost + compute_difference_points(residual, amount), (payment,)))
    return options


def _add_sums(
    options: list[list[Option]],
    residuals: Sequence[int],
    amounts: Sequence[int],
    cells: Sequence[Mapping[int, int]],
    deadline: Deadline,
) -> None:
    """Add the sets of payments that sum to a residual, where an optimum may contain one."""
    least = [min(cost for cost, __ in choice) for choice in options]
    sums = [
        sum(sorted(choice.values())[:2]) + FURTHER_PAYMENT if len(choice) > 1 else _FORBIDDEN
        for choice in cells
    ]
    bound = [min(pair) for pair in zip(least, sums, strict=True)]
    slack = _find_upper_bound(options) - sum(bound)
    for decision, choice in enumerate(cells):
        deadline.check()
        if sums[decision] - bound[decision] <= slack:
            sets, whole = find_exact_sums(residuals[decision], amounts, sorted(choice), deadline)
            if not whole:
                options[decision].append((sums[decision], (-1,)))
            options[decision] += [
                (sum(choice[payment] for payment in result) + FURTHER_PAYMENT * (len(result) - 1), result)
                for result in sets
            ]


def find_exact_sums(
    total: int, amounts: Sequence[int], payments: Sequence[int], deadline: Deadline = UNLIMITED
) -> tuple[list[tuple[int, ...]], bool]:
    """Find the sets of 2 to `compute_most_payments` payments that sum to a total, and whether all were looked at.

    >>> sums, whole = find_exact_sums(5, [2, 3, 5, -1, 6], range(5))
    >>> sums
    [(0, 1), (3, 4)]
    """
    order = sorted(payments, key=lambda payment: (-amounts[payment], payment))
    values = [amounts[payment] for payment in order]
    places: dict[int, list[int]] = {}
    most, fewest = [0] * (len(order) + 1), [0] * (len(order) + 1)
    for k in range(len(order) - 1, -1, -1):
        most[k] = most[k + 1] + max(values[k], 0)
        fewest[k] = fewest[k + 1] + min(values[k], 0)
        places.setdefault(values[k], []).append(k)
    length = compute_most_payments(len(order))
    result: list[tuple[int, ...]] = []
    stack: list[tuple[int, int, tuple[int, ...]]] = [(0, total, ())]
    n_nodes = 0
    while stack:
        k, rest, taken = stack.pop()
        n_nodes += 1
        if n_nodes > MOST_NODES or len(result) > MOST_SUMS:
            return sorted(result), False
        if n_nodes % 1024 == 0:
            deadline.check()
        if taken:
            result += [tuple(sorted((*taken, order[j]))) for j in places.get(rest, ()) if j >= k]
        if len(taken) < length - 1 and fewest[k] <= rest <= most[k]:
            stack += [(j + 1, rest - values[j], (*taken, order[j])) for j in range(k, len(order) - 1)]
    return sorted(result), True


def compute_most_payments(n_payments: int) -> int:
    """Return how many payments a sum may have: 6, or 4 among more than 24, or 3 among more than 80.

    >>> [compute_most_payments(n) for n in (24, 25, 81)]
    [6, 4, 3]
    """
    return 6 if n_payments <= 24 else 4 if n_payments <= 80 else 3


def _find_upper_bound(options: Sequence[Sequence[Option]]) -> int:
    """Return the cost of an assignment: sums first where they are the cheapest, one payment each for the rest.

    `_FORBIDDEN` per decision if these two ways find none.
    """
    singles = [[choice for choice in each if len(choice[1]) < 2 and -1 not in choice[1]] for each in options]
    none = _FORBIDDEN * (len(options) + 1)
    bound = _find_least_singles(singles, none)
    taken: set[int] = set()
    cost, rest = 0, []
    for each, own in zip(options, singles, strict=True):
        free = min(
            (choice for choice in each if -1 not in choice[1] and taken.isdisjoint(choice[1])), default=None
        )
        if free is not None and len(free[1]) > 1:
            taken.update(free[1])
            cost += free[0]
        else:
            rest.append(own)
    if not taken:
        return bound
    left = [[choice for choice in each if taken.isdisjoint(choice[1])] for each in rest]
    return min(bound, cost + _find_least_singles(left, none))


def _find_least_singles(options: Sequence[Sequence[Option]], none: int) -> int:
    """Return the least cost with at most one payment per decision, `none` if there is no such assignment."""
    if not all(options):
        return none
    if len(options) == 1:
        return min(cost for cost, __ in options[0])
    costs, __ = _build_costs(options)
    rows, match = linear_sum_assignment(costs)
    chosen = costs[rows, match]
    return none if int(chosen.max(initial=0)) >= _FORBIDDEN else int(chosen.sum())


def _build_costs(options: Sequence[Sequence[Option]], n_idle: int = 0) -> tuple[Integers, list[int]]:
    """Return the costs by decision (and `n_idle` rows of 0) and column, and the payments of the first columns.

    The column of payment k comes first, then one column per decision for what it costs without any.
    """
    columns = sorted({payment for each in options for __, taken in each for payment in taken})
    place = {payment: k for k, payment in enumerate(columns)}
    n, m = len(options), len(columns)
    if (n + n_idle) * (n + m) > MOST_CELLS:
        raise TooManyChoices
    costs = np.full((n + n_idle, n + m), _FORBIDDEN, dtype=np.int64)
    costs[n:] = 0
    for row, each in enumerate(options):
        for cost, taken in each:
            column = place[taken[0]] if taken else m + row
            costs[row, column] = min(cost, costs[row, column])
    return costs, columns


def _solve_parts(options: Sequence[Sequence[Option]], deadline: Deadline) -> PaymentAssignment:
    payments: list[tuple[int, ...]] = [()] * len(options)
    tied: set[int] = set()
    rivals: set[int] = set()
    undecided: set[int] = set()
    late: set[int] = set()
    cost = 0
    stack = [(list(range(len(options))), [list(each) for each in options])]
    while stack:
        rows, piece = stack.pop()
        reduced = _drop_dear_options(piece)
        pieces = _split_options(reduced)
        if len(pieces) > 1 or sum(map(len, reduced)) < sum(map(len, piece)):
            stack += [([rows[k] for k in each], [reduced[k] for k in each]) for each in pieces]
            continue
        try:
            deadline.check()
            result = _solve_part(reduced, deadline)
        except (TooManyChoices, DeadlineExpired) as reason:
            undecided.update(rows)
            late.update(rows if isinstance(reason, DeadlineExpired) else ())
            continue
        for row, taken in zip(rows, result.payments, strict=True):
            payments[row] = taken
        tied.update(rows[k] for k in result.tied)
        rivals |= result.rivals
        cost += result.cost
    return PaymentAssignment(
        tuple(payments), frozenset(tied), frozenset(rivals), frozenset(undecided), cost, frozenset(late)
    )


def _drop_dear_options(options: Sequence[Sequence[Option]]) -> list[list[Option]]:
    least = [min(cost for cost, __ in each) for each in options]
    slack = _find_upper_bound(options) - sum(least)
    return [
        [choice for choice in each if choice[0] - low <= slack]
        for each, low in zip(options, least, strict=True)
    ]


def _split_options(options: Sequence[Sequence[Option]]) -> list[list[int]]:
    """Split decisions into parts that share no payment; each part and the parts in ascending order."""
    parent = list(range(len(options)))
    owner: dict[int, int] = {}
    for row, each in enumerate(options):
        for payment in {payment for __, taken in each for payment in taken}:
            first, second = _find_root(parent, owner.setdefault(payment, row)), _find_root(parent, row)
            parent[max(first, second)] = min(first, second)
    pieces: dict[int, list[int]] = {}
    for row in range(len(options)):
        pieces.setdefault(_find_root(parent, row), []).append(row)
    return list(pieces.values())


def _find_root(parent: list[int], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


def _solve_part(options: Sequence[Sequence[Option]], deadline: Deadline) -> PaymentAssignment:
    if any(-1 in taken for each in options for __, taken in each):
        raise TooManyChoices
    if len(options) == 1:
        return _solve_one(options[0])
    if all(len(taken) < 2 for each in options for __, taken in each):
        return _solve_singles(options, deadline)
    return _solve_sets(options, deadline)


def _solve_one(options: Sequence[Option]) -> PaymentAssignment:
    """Solve a part of one decision."""
    best = min(cost for cost, __ in options)
    optima = sorted((taken for cost, taken in options if cost == best), key=_rank_payments)
    tied = frozenset([0]) if len(optima) > 1 else frozenset[int]()
    rivals = frozenset(payment for taken in optima for payment in taken) if tied else frozenset[int]()
    return PaymentAssignment((optima[0],), tied, rivals, frozenset(), best)


def _rank_payments(payments: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Order choices: by their payments, none at the end."""
    return (not payments, payments)


def _solve_singles(options: Sequence[Sequence[Option]], deadline: Deadline) -> PaymentAssignment:
    """Solve a linear assignment with a row of cost 0 for each payment, which it takes where no decision does."""
    n, m = len(options), len({payment for each in options for __, taken in each for payment in taken})
    costs, columns = _build_costs(options, m)
    match = linear_sum_assignment(costs)[1]
    tight, pieces = _find_tight_cells(costs, match, deadline)
    tied = [row for row in range(n) if ((pieces == pieces[match[row]]) & tight[row]).sum() > 1]
    match = _choose_first(match, tight, pieces, tied, deadline)
    rivals = {
        columns[column]
        for row in tied
        for column in np.flatnonzero((pieces[:m] == pieces[match[row]]) & tight[row, :m]).tolist()
    }
    total = int(costs[np.arange(n), match[:n]].sum())
    payments = tuple((columns[column],) if column < m else () for column in match[:n].tolist())
    return PaymentAssignment(payments, frozenset(tied), frozenset(rivals), frozenset(), total)


def _find_tight_cells(
    costs: Integers, match: npt.NDArray[np.intp], deadline: Deadline
) -> tuple[npt.NDArray[np.bool_], Integers]:
    """Return the cells of reduced cost 0, and the part of each column: an optimum may use those within a part.

    The potentials are shortest distances in the residual graph, which has no negative cycle at an optimum.
    """
    own = costs[np.arange(len(costs)), match]
    steps = costs - own[:, None]
    potential = np.zeros(len(costs), dtype=np.int64)
    while True:
        deadline.check()
        nearer = np.minimum(potential, (steps + potential[match][:, None]).min(axis=0))
        if (nearer == potential).all():
            break
        potential = nearer
    tight = (steps + potential[match][:, None] - potential[None, :]) == 0
    graph = np.empty_like(tight)
    graph[match] = tight
    return tight, connected_components(csr_array(graph), connection="strong")[1].astype(np.int64)


def _choose_first(
    match: npt.NDArray[np.intp],
    tight: npt.NDArray[np.bool_],
    pieces: Integers,
    tied: Sequence[int],
    deadline: Deadline,
) -> npt.NDArray[np.intp]:
    """Return the optimum that gives each tied decision in turn its first payment."""
    match = match.copy()
    holder = np.empty_like(match)
    holder[match] = np.arange(len(match))
    fixed = np.zeros(len(match), dtype=np.bool_)
    for row in tied:
        usable = np.flatnonzero(tight[row] & (pieces == pieces[match[row]]))
        for column in usable.tolist():
            deadline.check()
            if column == match[row] or (path := _find_path(column, row, match, holder, tight, fixed)):
                if column != match[row]:
                    _pass_columns(path, row, column, match, holder)
                break
        fixed[row] = True
    return match


def _find_path(
    column: int,
    row: int,
    match: npt.NDArray[np.intp],
    holder: npt.NDArray[np.intp],
    tight: npt.NDArray[np.bool_],
    fixed: npt.NDArray[np.bool_],
) -> list[int]:
    """Return rows that pass columns on, from the holder of a column to the column of `row`; empty if none do."""
    goal = int(match[row])
    before: dict[int, int] = {}
    start = int(holder[column])
    if fixed[start]:
        return []
    queue = [start]
    visited = {start, row}
    for current in queue:
        if tight[current, goal]:
            path = [current]
            while path[-1] != start:
                path.append(before[path[-1]])
            return path[::-1]
        for following in np.unique(holder[np.flatnonzero(tight[current])]).tolist():
            if following not in visited and not fixed[following]:
                visited.add(following)
                before[following] = current
                queue.append(following)
    return []


def _pass_columns(
    path: Sequence[int],
    row: int,
    column: int,
    match: npt.NDArray[np.intp],
    holder: npt.NDArray[np.intp],
) -> None:
    own = [int(match[choice]) for choice in path]
    goal = int(match[row])
    for choice, new in zip((row, *path), (column, *own[1:], goal), strict=True):
        match[choice] = new
        holder[new] = choice


def _solve_sets(options: Sequence[Sequence[Option]], deadline: Deadline) -> PaymentAssignment:
    """Solve by dynamic programming: after each decision, the least cost by set of payments used."""
    bits = {
        payment: 1 << k
        for k, payment in enumerate(sorted({p for each in options for __, taken in each for p in taken}))
    }
    masks = [[(cost, taken, sum(bits[p] for p in taken)) for cost, taken in each] for each in options]
    later = [0] * (len(options) + 1)
    least = [0] * (len(options) + 1)
    for k in range(len(options) - 1, -1, -1):
        later[k] = later[k + 1]
        for entry in masks[k]:
            later[k] |= entry[2]
        least[k] = least[k + 1] + min(entry[0] for entry in masks[k])
    bound = _find_upper_bound(options)
    levels: list[dict[int, int]] = [{0: 0}]
    for k, choices in enumerate(masks):
        following: dict[int, int] = {}
        for n_read, (used, cost) in enumerate(levels[-1].items()):
            if n_read % 256 == 0:
                deadline.check()
            for own, _payments, mask in choices:
                total = cost + own
                if used & mask or total + least[k + 1] > bound:
                    continue
                state = (used | mask) & later[k + 1]
                if total < following.get(state, _FORBIDDEN * len(options)):
                    following[state] = total
        if len(following) > MOST_STATES:
            raise TooManyChoices
        levels.append(following)
    return _read_optima(masks, levels, later)


def _read_optima(
    masks: Sequence[Sequence[tuple[int, tuple[int, ...], int]]],
    levels: Sequence[Mapping[int, int]],
    later: Sequence[int],
) -> PaymentAssignment:
    """Read the first optimum, and what all optima take, from the levels of the dynamic programme."""
    best = min(levels[-1].values())
    good = {state for state, spent in levels[-1].items() if spent == best}
    steps: list[dict[int, list[tuple[tuple[int, ...], int]]]] = []
    for k in range(len(masks) - 1, -1, -1):
        step: dict[int, list[tuple[tuple[int, ...], int]]] = {}
        for used, spent in levels[k].items():
            for cost, payments, mask in masks[k]:
                state = (used | mask) & later[k + 1]
                if not used & mask and state in good and spent + cost == levels[k + 1][state]:
                    step.setdefault(used, []).append((payments, state))
        steps.append(step)
        good = set(step)
    steps.reverse()
    chosen, state = [], 0
    for step in steps:
        taken, state = min(step[state], key=lambda choice: _rank_payments(choice[0]))
        chosen.append(taken)
    everything = [{taken for each in step.values() for taken, __ in each} for step in steps]
    tied = frozenset(k for k, each in enumerate(everything) if len(each) > 1)
    rivals = frozenset(p for k in tied for taken in everything[k] for p in taken)
    return PaymentAssignment(tuple(chosen), tied, rivals, frozenset(), best)
