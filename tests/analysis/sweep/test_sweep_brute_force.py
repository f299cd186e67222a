"""Both curves, exact steps included, equal enumeration over every amount."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.analysis_cases.sweep_steps import SPAN, chosen, euros, staircase
from support.analysis_cases.sweeps import List, Small, small
from support.lanes import seeds

from tnt_sim.analysis.sweep.plan import build_plan
from tnt_sim.analysis.sweep.result import build_document
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.documents import dump_document
from tnt_sim.engine.result import Proof, Status


def exact(case: Small, folder: Path) -> SweepResult:
    scenario = case.scenario(folder)
    return run(build_plan(scenario, start=euros(case.base), stop=euros(case.base + SPAN), exact=True))


@pytest.mark.parametrize("seed", seeds(range(10), 4))
def test_one_pass_gives_every_step(seed: int, tmp_path: Path) -> None:
    case = small(seed)
    found = exact(case, tmp_path)
    assert not found.open
    assert found.steps is not None
    _same_everywhere(case, found)


@pytest.mark.parametrize("seed", seeds(range(7), 3))
def test_a_walk_gives_every_step_under_rules_that_cross(seed: int, tmp_path: Path) -> None:
    case = small(100 + seed, crossing=True, own=seed % 2 == 0)
    found = exact(case, tmp_path)
    assert not found.open
    _same_everywhere(case, found)


def _same_everywhere(case: Small, found: SweepResult) -> None:
    steps = staircase(found)
    starts = sorted(steps)
    for amount in range(case.base, case.base + SPAN + 1):
        expected = case.best(amount)
        at = max(cents for cents in starts if cents <= amount)
        assert expected is not None
        assert steps[at][0] == case.value(expected), (amount, steps[at], expected)
        if at == amount:
            assert steps[at][1] == expected, amount


@pytest.mark.parametrize("seed", seeds(range(5), 3))
@pytest.mark.parametrize("kind", ["plain", "crossing", "use"])
def test_both_curves_at_every_amount(seed: int, kind: str, tmp_path: Path) -> None:
    case = small(200 + seed, crossing=kind == "crossing", use=kind == "use")
    scenario = case.scenario(tmp_path)
    amounts = range(case.base, case.base + SPAN, 4)
    found = run(build_plan(scenario, at=[euros(cents) for cents in amounts]))
    promised: List | None = None
    for free, nested in zip(found.free, found.nested, strict=True):
        best = case.best(free.cents)
        kept = case.best(free.cents, promised)
        assert chosen(free) == best
        assert chosen(nested) == kept, (free.cents, promised)
        for point, list_ in ((free, best), (nested, kept)):
            if list_ is None:
                assert point.status is Status.INFEASIBLE
            else:
                assert point.values == (case.value(list_),)
                assert point.proof is Proof.PROVED
        promised = kept or promised
        if best is not None and kept is not None:
            assert free.values[0] >= nested.values[0]


def test_a_rule_that_tightens_is_named(tmp_path: Path) -> None:
    case = small(3, use=True)
    scenario = case.scenario(tmp_path)
    found = run(
        build_plan(scenario, start=euros(case.base), stop=euros(case.base + SPAN), steps=2, free=True)
    )
    assert [str(rule) for rule in found.tightening] == ["tout.min_use"]
    assert not run(
        build_plan(small(3).scenario(tmp_path), start=euros(case.base), stop=euros(case.base + 2), free=True)
    ).tightening


def test_lists_of_a_pass_are_bits_of_one_matrix(tmp_path: Path) -> None:
    found = exact(small(5), tmp_path)
    assert found.steps is not None
    assert found.steps.funded.shape == (len(small(5).dossiers), len(found.steps.cents))
    assert (np.diff(found.steps.cents) > 0).all()
    assert (np.diff(found.steps.units) > 0).all()


@pytest.mark.parametrize("seed", seeds(range(14), 6))
def test_a_step_changes_something(seed: int, tmp_path: Path) -> None:
    """At every cent: each change of the best value is a step, and at each step the value, or the list, changes."""
    case = small(700 + seed, crossing=seed % 3 != 0, own=seed % 2 == 0, tenths=seed % 2 == 1)
    told = dump_document(build_document(exact(case, tmp_path)))["steps"]
    best = {amount: case.best(amount) for amount in range(case.base, case.base + SPAN + 1)}
    rows = list(zip(told["amount_cents"], told["value"], told["granted_cents"], strict=True))
    for amount, value, granted in rows:
        listed = best[amount]
        assert listed is not None
        assert (Fraction(value), granted) == (case.value(listed), case.granted(listed))
        assert amount == case.base or best[amount - 1] != listed
    for amount in range(case.base + 1, case.base + SPAN + 1):
        now, before = best[amount], best[amount - 1]
        assert now is not None
        assert before is not None
        assert case.value(now) == case.value(before) or amount in told["amount_cents"]
