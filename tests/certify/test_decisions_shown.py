"""What the checker shows of a decision is its list and values; without a proof, or on other rows, nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from support.systems.equal_scores import decide

from tnt_sim.certify.certificate import PRICES
from tnt_sim.certify.proof_checker import Checker, ShownBy, find_least_plain
from tnt_sim.engine.result import SolveOutcome


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> SolveOutcome:
    """The decision of the four dossiers."""
    return decide(tmp_path_factory.mktemp("decision"))


@pytest.fixture(scope="module")
def proofs(result: SolveOutcome) -> tuple[list[Any], Any, Any]:
    """Its proofs: of the goals, of the least money, and of the list."""
    ties = result.certificate["tie_break"]
    return result.certificate["proofs"], ties["least_granted"], ties["list"]


def list_pairs(result: SolveOutcome) -> list[tuple[Any, Any]]:
    """All pairs of dossiers that the money pays, as funded and granted."""
    cents = np.array([600_00, 500_00, 500_00, 500_00])
    funded = [np.isin(np.arange(4), pair) for pair in combinations(range(4), 2)]
    return [(row, np.where(row, cents, 0)) for row in funded]


def test_the_pair_of_least_money_and_first_in_rank_is_shown_and_no_other(
    result: SolveOutcome, proofs: tuple[list[Any], Any, Any]
) -> None:
    stages, least, listing = proofs
    values = result.reading.values
    check = Checker.of(result.problem)
    assert check.check_stages(values, stages) == (True,)
    for funded, granted in list_pairs(result):
        is_least = int(granted.sum()) == 1000_00
        assert check.is_least_granted(values, granted, least) is is_least
        is_first = np.flatnonzero(funded).tolist() == [1, 2]
        assert check.is_first_in_rank(values, funded, granted, listing) is is_first
        means = check.determine_first_means(values, funded, granted, least, listing)
        assert (means is not ShownBy.KERNEL) is is_first
    one_off = np.where(np.isin(np.arange(4), [1, 2]), 500_01, 0)
    assert not check.is_first_in_rank(values, one_off > 0, one_off, listing)
    assert check.determine_first_means(values, one_off > 0, one_off, least, listing) is ShownBy.KERNEL


def test_values_that_are_not_attained_are_not_shown(
    result: SolveOutcome, proofs: tuple[list[Any], Any, Any]
) -> None:
    stages, least, listing = proofs
    check, granted = Checker.of(result.problem), result.allocation.granted_cents
    funded = granted > 0
    (value,) = result.reading.values
    unit = check.claims.goals[0].scale
    for other in (value - unit, value - unit / 2, value + unit / 2):
        assert check.check_stages((other,), stages) == (False,)
        assert check.determine_means((other,), stages) is ShownBy.KERNEL
    assert not check.is_least_granted((value - unit,), granted - granted // 500_00, least)
    assert not check.is_first_in_rank((value + unit / 2,), ~funded, granted, listing)
    assert check.check_stages((value,), [*stages, *stages]) == (True,)


def test_without_a_proof_or_on_rows_that_ask_more_nothing_is_shown(
    result: SolveOutcome, proofs: tuple[list[Any], Any, Any]
) -> None:
    stages, least, listing = proofs
    values, granted = result.reading.values, result.allocation.granted_cents
    funded = granted > 0
    check = Checker.of(result.problem)
    assert check.check_stages(values, []) == check.check_stages(values, [None]) == (False,)
    assert not check.is_least_granted(values, granted, None)
    assert not check.is_first_in_rank(values, funded, granted, None)
    assert not check.is_infeasible(None)
    assert not check.is_infeasible(stages[0])
    narrow = replace(check, rows=replace(check.rows, narrow=("rule:r:max",)))
    assert narrow.check_stages(values, stages) == (False,)
    assert not narrow.is_least_granted(values, granted, least)
    assert not narrow.is_first_in_rank(values, funded, granted, listing)
    assert narrow.determine_means(values, stages) is ShownBy.KERNEL
    assert narrow.determine_first_means(values, funded, granted, least, listing) is ShownBy.KERNEL


def test_means_are_those_of_the_least_plain_proof(
    result: SolveOutcome, proofs: tuple[list[Any], Any, Any]
) -> None:
    """A proof by prices is read by the verifier; one that is missing, or has no prices, by the kernels alone."""
    stages, least, listing = proofs
    values, granted = result.reading.values, result.allocation.granted_cents
    funded = granted > 0
    check = Checker.of(result.problem)
    assert check.determine_means(values, stages) in (ShownBy.SUMS, ShownBy.LIST)
    without = {key: value_of_key for key, value_of_key in stages[0].items() if key != PRICES}
    for lacking in ([None], [without], [], [{**without, PRICES: {}}]):
        assert check.determine_means(values, lacking) is ShownBy.KERNEL
    assert check.determine_first_means(values, funded, granted, least, listing) is not ShownBy.KERNEL
    bare = {key: value_of_key for key, value_of_key in listing.items() if key != PRICES}
    for first, second in ((least, None), (None, listing), (None, None), (least, bare), (without, listing)):
        assert check.determine_first_means(values, funded, granted, first, second) is ShownBy.KERNEL
    assert find_least_plain([ShownBy.SUMS, ShownBy.LIST]) is ShownBy.LIST
    assert find_least_plain([ShownBy.SUMS]) is ShownBy.SUMS
    assert find_least_plain([ShownBy.KERNEL, ShownBy.SUMS, ShownBy.LIST]) is ShownBy.KERNEL
    assert find_least_plain([]) is ShownBy.KERNEL
