"""What the next euro buys equals brute force over every amount, and over every allocation that breaks a rule."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from support.lanes import drawn
from support.small_cases import every_amount as brute
from support.small_cases.compiled import envelopes, scenario_of
from support.small_cases.drawn import cases
from support.small_cases.enumeration import distance, rank_key

from tnt_sim.analysis.marginal.marginal_euro import compute_marginal_euros
from tnt_sim.analysis.shared.reference_solution import solve_reference
from tnt_sim.errors import NothingDecided, ScenarioError


def rises(point: Any, best: Any) -> bool:
    """Whether a point is better than another in the first goal in which they differ."""
    return bool(point.goals > best.goals)


@drawn(25)
@given(cases(largest=5), st.data())
def test_next_euro_of_an_envelope(case: dict[str, Any], data: Any) -> None:
    name = data.draw(st.sampled_from(envelopes(case)))
    every = brute.points(case, name)
    amount = brute.path_to(case["envelopes"], name)[-1]["amount"]
    best = brute.best_at(every, amount)
    assume(best is not None)
    assert best is not None
    try:
        base = solve_reference(scenario_of(case), prove=False)
    except (ScenarioError, NothingDecided):
        assume(False)
    (found,) = compute_marginal_euros(base, envelopes=[name], rules=[], prove=False)
    expected = brute.least(every, lambda p: rises(p, best))
    assert (None if found.step.low is None else amount + int(found.step.low * 100)) == expected
    if expected is not None:
        assert found.step.exact
        there = brute.best_at(every, expected)
        assert there is not None
        assert found.n_funded is not None
        assert set(found.moves.enter) == set(there.award) - set(best.award)
        assert set(found.moves.leave) == set(best.award) - set(there.award)


@drawn(25)
@given(cases(largest=5), st.data())
def test_next_unit_of_a_rule(case: dict[str, Any], data: Any) -> None:
    hard = [r for r in case["rules"] if "penalty" not in r and not r.get("report")]
    assume(hard)
    rule = data.draw(st.sampled_from(hard))
    amount = case["envelopes"]["amount"]
    best = brute.best_at(brute.points(case, "root"), amount)
    assume(best is not None)
    assert best is not None
    try:
        base = solve_reference(scenario_of(case), prove=False)
    except (ScenarioError, NothingDecided):
        assume(False)
    found = compute_marginal_euros(base, envelopes=[], rules=[rule["id"]], prove=False)
    dossiers = sorted(case["dossiers"], key=rank_key)
    without = brute.points(case, "root", [r for r in case["rules"] if r is not rule])
    steps = [distance(rule, p.award, dossiers) for p in without if p.need <= amount and rises(p, best)]
    assert found[0].step.low == min(steps, default=None)
