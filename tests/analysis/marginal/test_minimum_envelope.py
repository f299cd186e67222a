"""The least amount of an envelope equals brute force over every amount."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from support.lanes import drawn
from support.small_cases import every_amount as brute
from support.small_cases.compiled import envelopes, scenario_of
from support.small_cases.drawn import cases

from tnt_sim.analysis.marginal.minimum_envelope import find_least_amount
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.errors import ScenarioError
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import compile_problem


@drawn(30)
@given(cases(largest=6), st.data())
def test_the_least_amount_for_a_value(case: dict[str, Any], data: Any) -> None:
    name = data.draw(st.sampled_from(envelopes(case)))
    every = brute.points(case, name)
    try:
        problem = compile_problem(scenario_of(case))
    except ScenarioError:
        assume(False)
    if every:
        goals = data.draw(st.sampled_from(every)).goals
        kept = goals[: data.draw(st.integers(1, len(goals)))]
    else:
        kept = ()
    expected = brute.least(every, lambda p: all(a >= b for a, b in zip(p.goals, kept, strict=False)))
    signed = [
        value if stage.sense is Sense.MAXIMISE else -value
        for stage, value in zip(problem.stages, kept, strict=False)
    ]
    found = find_least_amount(problem, build_envelope_path(problem, name), limits=signed, prove=False)
    assert found.amount_cents == expected
    assert found.unreachable is (expected is None)
    assert found.exact is (expected is not None)
