"""The exact assignment of payments against enumeration: cost, first optimum, ties."""

from __future__ import annotations

import itertools
import random

import pytest

from tnt_sim.analysis.reconcile import payment_assignment
from tnt_sim.analysis.reconcile.payment_assignment import (
    assign_payments,
    compute_most_payments,
    find_exact_sums,
)
from tnt_sim.deadline import Deadline

Pairs = dict[tuple[int, int], int]


def cost_of(
    taken: tuple[int, ...], d: int, residual: int, named: bool, amounts: list[int], pairs: Pairs
) -> int | None:
    """The cost of what one decision takes, as the module states it; None where it may not."""
    if any((d, u) not in pairs for u in taken):
        return None
    identity, total = sum(pairs[d, u] for u in taken), sum(amounts[u] for u in taken)
    points = 6000 + min(999, 1000 * abs(total - residual) // abs(residual))
    if not taken:
        return points if named else 10_000
    if total == residual:
        return identity + 100 * (len(taken) - 1)
    return identity + points if len(taken) == 1 and total > 0 and not named else None


def enumerate_optima(
    residuals: list[int], named: list[bool], amounts: list[int], pairs: Pairs
) -> tuple[int, list[tuple[tuple[int, ...], ...]]]:
    best, optima = 10**9, []
    for owners in itertools.product(range(-1, len(residuals)), repeat=len(amounts)):
        sets = [tuple(u for u, owner in enumerate(owners) if owner == d) for d in range(len(residuals))]
        costs = [cost_of(one, d, residuals[d], named[d], amounts, pairs) for d, one in enumerate(sets)]
        if None in costs:
            continue
        total = sum(cost for cost in costs if cost is not None)
        if total < best:
            best, optima = total, []
        if total == best:
            optima.append(tuple(sets))
    return best, sorted(set(optima), key=lambda one: [(not each, each) for each in one])


@pytest.mark.parametrize("seed", range(60))
def test_the_assignment_equals_enumeration(seed: int) -> None:
    """Few distinct amounts, with cents and negative ones, so that ties and sums are frequent."""
    draw = random.Random(seed)
    for _ in range(12):
        n, m = draw.randint(1, 4), draw.randint(1, 5)
        unit = draw.choice([1, 333, 1_200_050])
        residuals = [unit * draw.choice([1, 2, 2, 3, 5]) for _ in range(n)]
        named = [draw.random() < 0.2 for _ in range(n)]
        amounts = [unit * draw.choice([-1, 1, 1, 2, 3]) + draw.choice([0, 0, 0, 1]) for _ in range(m)]
        pairs = {
            (d, u): draw.choice([0, 0, 0, 10, 20, 23])
            for d in range(n)
            for u in range(m)
            if draw.random() < 0.8
        }
        best, optima = enumerate_optima(residuals, named, amounts, pairs)
        found = assign_payments(residuals, named, amounts, pairs)
        assert (found.cost, found.undecided) == (best, frozenset())
        assert found.payments == optima[0]
        tied = {d for d in range(n) if len({one[d] for one in optima}) > 1}
        assert found.tied == tied
        assert found.rivals == {u for one in optima for d in tied for u in one[d]}


def test_forty_decisions_of_one_supplier_are_settled() -> None:
    """35 equal to the cent, three paid in two times, two for another amount; all pairs are admissible."""
    draw = random.Random(1)
    residuals = [draw.randrange(100_000, 90_000_000) for _ in range(40)]
    amounts = residuals[:35]
    for total in residuals[35:38]:
        amounts += [total // 3, total - total // 3]
    amounts += [residuals[38] - 1, residuals[39] + 5]
    pairs = {(d, u): 0 for d in range(40) for u in range(len(amounts))}
    found = assign_payments(residuals, [False] * 40, amounts, pairs)
    assert found.payments[:35] == tuple((k,) for k in range(35))
    assert found.payments[35:] == ((35, 36), (37, 38), (39, 40), (41,), (42,))
    assert (found.tied, found.undecided) == (frozenset(), frozenset())


def test_many_equal_payments_are_all_tied_and_in_order() -> None:
    n = 30
    found = assign_payments(
        [500_000] * n, [False] * n, [500_000] * (n + 1), {(d, u): 0 for d in range(n) for u in range(n + 1)}
    )
    assert found.payments == tuple((k,) for k in range(n))
    assert (found.tied, found.rivals) == (frozenset(range(n)), frozenset(range(n + 1)))


@pytest.mark.parametrize("n", [5, 26])
def test_sums_equal_enumeration(n: int) -> None:
    draw = random.Random(n)
    for _ in range(8):
        amounts = [draw.randrange(-40, 90) for _ in range(n)]
        total = draw.randrange(-20, 200) if n < 10 else 330
        most = compute_most_payments(n)
        wanted = [
            one
            for size in range(2, most + 1)
            for one in itertools.combinations(range(n), size)
            if sum(amounts[u] for u in one) == total
        ]
        assert find_exact_sums(total, amounts, range(n)) == (sorted(wanted), True)


def test_a_sum_with_a_negative_correction() -> None:
    assert find_exact_sums(12_000_00, [14_000_00, -2_000_00, 12_000_01], range(3)) == ([(0, 1)], True)


def test_what_cannot_be_looked_at_is_said_to_be_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_assignment, "MOST_NODES", 10)
    amounts = [7 * k + 1 for k in range(1, 13)]
    found = assign_payments([200], [False], amounts, {(0, u): 0 for u in range(12)})
    assert (found.undecided, found.payments) == (frozenset([0]), ((),))


def test_an_expired_deadline_decides_nothing() -> None:
    found = assign_payments([5, 6], [False] * 2, [5, 6], {(0, 0): 0, (1, 1): 0}, Deadline(0.0))
    assert found.undecided == {0, 1}
