"""Limits of the least increase with which an application comes in, against the enumeration of every list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.lanes import seeds
from support.nested_caps import solve_nested_caps, solve_two_trees
from support.tiny_scenario import tiny

from tnt_sim.analysis.marginal import entry_thresholds
from tnt_sim.analysis.marginal.cap_limits import compute_extension_limits
from tnt_sim.analysis.marginal.entry_thresholds import find_no_loss_extensions
from tnt_sim.analysis.shared.cap_curves import CapCurves
from tnt_sim.analysis.shared.envelope_path import EnvelopePath, build_envelope_path
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, solve_reference
from tnt_sim.deadline import UNLIMITED
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds
from tnt_sim.rules.kinds.limit.rule import Limit


def enumerate_extension(base: ReferenceSolution, path: EnvelopePath, row: int) -> int | None:
    """The least cents to add so that a list with the application is worth today's; None if no amount is enough."""
    problem, tree, offers = base.problem, base.problem.case.tree, base.problem.offers
    n, cents = problem.case.n, problem.offers.most_cents
    lists = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.bool_)
    lists = lists[lists[:, row] & ~lists[:, ~offers.candidate].any(axis=1)]
    terms = problem.stages[0].terms
    worth = lists @ (terms.per_funded + terms.per_cent * cents) + terms.constant
    lists = lists[worth >= base.answer.values[0] / terms.scale]
    need, allowed = np.zeros(len(lists), dtype=np.int64), np.ones(len(lists), dtype=np.bool_)
    for node, amount in enumerate(tree.written_cents):
        if amount is None:
            continue
        under = (problem.case.node >= node) & (problem.case.node < tree.end[node])
        granted = lists[:, under] @ cents[under]
        if node in path.nodes:
            need = np.maximum(need, granted - amount)
        else:
            allowed &= granted <= amount
    for rule in problem.rules:
        assert isinstance(rule, Limit)
        allowed &= lists @ cents <= int(rule.maximum[0] / rule.terms.scale)
    return int(need[allowed].min()) if allowed.any() else None


def find_limits(base: ReferenceSolution, name: str) -> dict[int, tuple[IntegerBounds, int | None]]:
    """The limits for an envelope that rises, in cents, beside the enumeration."""
    curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
    path = build_envelope_path(base.problem, name)
    raised = None if curves is None else curves.find_raised_caps(path)
    if curves is None or raised is None:
        return {}
    rows = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded).tolist()
    limits = compute_extension_limits(curves, rows, raised)
    unit = curves.trees[raised.tree].task.unit if raised.tree >= 0 else 1
    return {
        row: (raised.to_cents(one, unit), enumerate_extension(base, path, row)) for row, one in limits.items()
    }


def check_limits(base: ReferenceSolution, name: str) -> None:
    for row, (limits, exact) in find_limits(base, name).items():
        if exact is None:
            assert limits.high == FAR, (name, row)
        else:
            assert limits.low <= exact <= limits.high, (name, row)


@pytest.mark.parametrize("seed", seeds(range(60), 6))
def test_limits_in_one_tree_contain_the_enumerated_amount(tmp_path: Path, seed: int) -> None:
    base = solve_nested_caps(tmp_path, seed, n=11, cents=seed % 2 == 1, rule=seed % 3 == 2)
    for name in base.problem.case.tree.ids:
        check_limits(base, name)


@pytest.mark.parametrize("seed", seeds(range(60), 6))
def test_limits_in_two_trees_contain_the_enumerated_amount(tmp_path: Path, seed: int) -> None:
    base = solve_two_trees(tmp_path, seed, n=11)
    for name in ("a", "a1", "a2", "b"):
        check_limits(base, name)


TREES = """schema_version: 1
id: trees
title: SYNTHETIC
programme:
  id: tout
  envelopes:
    - {id: a, amount: 10 €, overbooked: true, envelopes: [{id: a1, amount: %d €}, {id: a2, amount: %d €}]}
    - {id: b, amount: 4 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""


def solve_trees(folder: Path, a1: int, a2: int, rows: str) -> tuple[ReferenceSolution, int]:
    """A decision of rows « dossier envelope euros score », and the row of the dossier X."""
    table = "dossier,envelope,cost,requested,score\n"
    for line in rows.split(", "):
        dossier, envelope, euros, score = line.split()
        table += f"{dossier},{envelope},{euros},{euros},{score}\n"
    base = solve_reference(tiny(folder, TREES % (a1, a2), table), prove=False)
    return base, base.problem.case.table["dossier"].to_list().index("X")


def test_applications_of_other_leaves_make_room(tmp_path: Path) -> None:
    """The leaf of X frees 5 € where the tree lacks 6: another leaf frees the rest, and b pays for both."""
    rows = "D1 a1 5 10, D2 a2 5 10, X a1 6 1, E1 b 4 40, E2 b 4 30"
    base, row = solve_trees(tmp_path, 8, 8, rows)
    limits, exact = find_limits(base, "b")[row]
    assert (limits.high, exact) == (400, 400)


def test_a_leaf_that_is_not_open_to_all_gains_too(tmp_path: Path) -> None:
    """D4 is too heavy for a2, but D3 is not."""
    rows = "D1 a1 6 10, X a1 6 1, D2 a2 4 10, D3 a2 5 9.5, D4 a2 8 0.5"
    base, row = solve_trees(tmp_path, 6, 9, rows)
    limits, exact = find_limits(base, "a")[row]
    assert (limits.high, exact) == (500, 500)


def test_prices_show_that_no_amount_is_enough(tmp_path: Path) -> None:
    rows = "D1 a1 3 10, D2 a1 3 9, X a1 6 1, J a1 1 1, D3 a2 4 10"
    base, row = solve_trees(tmp_path, 6, 9, rows)
    assert find_limits(base, "a")[row] == (IntegerBounds(FAR, FAR), None)
    rows = "D1 a1 3 10, D2 a1 3 9, X a1 6 1, J a1 1 1, E1 b 4 40, E2 b 4 1"
    base, row = solve_trees(tmp_path, 6, 9, rows)
    assert find_limits(base, "b")[row] == (IntegerBounds(FAR, FAR), None)


def test_an_application_without_an_upper_limit_is_asked_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = solve_two_trees(tmp_path, 1)
    open_rows = {
        row for row, (limits, _) in find_limits(base, "a").items() if limits.high == FAR > limits.low
    }
    assert open_rows
    path = build_envelope_path(base.problem, "a")
    exact = find_no_loss_extensions(base, path)
    asked: list[set[int]] = []
    ask = CapCurves.find_extensions

    def find_extensions(self: CapCurves, rows: list[int], *rest: Any) -> dict[int, IntegerBounds]:
        asked.append(set(rows))
        return ask(self, rows, *rest) if len(asked) == 1 else {}  # then time is up

    monkeypatch.setattr(entry_thresholds, "MOST_SOLVED", 0)  # as with many dossiers
    monkeypatch.setattr(CapCurves, "find_extensions", find_extensions)
    found = find_no_loss_extensions(base, path)
    assert asked[0] == open_rows
    for row in open_rows:
        assert found.never[row] == exact.never[row]
        assert found.upper[row] == exact.upper[row]
