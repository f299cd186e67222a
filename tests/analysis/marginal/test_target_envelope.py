"""The smallest envelope for a target equals brute force over every amount; what cannot be reached says why."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.lanes import drawn
from support.small_cases import every_amount as brute
from support.small_cases.compiled import envelopes, scenario_of
from support.small_cases.drawn import cases
from support.small_cases.enumeration import in_play, measure, rank_key

from tnt_sim.analysis.marginal.target_envelope import TargetResult, parse_target, reach
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.reference_solution import solve_reference
from tnt_sim.errors import NothingDecided, ScenarioError, UsageError
from tnt_sim.scenario.problem import Problem, compile_problem


def reached(problem: Problem, name: str, text: str) -> TargetResult:
    def today() -> Any:
        return solve_reference(problem.scenario, prove=False).allocation

    return reach(problem, parse_target(problem, text, today), build_envelope_path(problem, name), prove=False)


def wanted(case: dict[str, Any], text: str) -> Callable[[brute.Point], bool]:
    dossiers = sorted(case["dossiers"], key=rank_key)
    if text == "all":
        return lambda p: len(p.award) == sum(in_play(d) for d in dossiers)
    if text.startswith("every:"):
        by = text.removeprefix("every:")
        groups = {d[by] for d in dossiers if in_play(d)} - {""}
        return lambda p: {d[by] for d in dossiers if d["id"] in p.award} - {""} == groups
    if text == "rules":
        return lambda p: True
    name, number = text.split("=")
    return lambda p: measure(name, p.award, dossiers) >= Fraction(number)


@drawn(25)
@given(cases(largest=5), st.data())
def test_targets_equal_brute_force(case: dict[str, Any], data: Any) -> None:
    name = data.draw(st.sampled_from(envelopes(case)))
    try:
        problem = compile_problem(scenario_of(case))
    except (ScenarioError, NothingDecided):
        assume(False)
    texts = ["all", "every:department", "every:theme", "rules", "dossiers=3", "score=12.25", "granted=60.07"]
    if all(d["population"] is not None for d in case["dossiers"]):  # a measure refuses blanks
        texts.append("population=500")
    text = data.draw(st.sampled_from(texts))
    every = brute.points(case, name)
    fits = wanted(case, text)
    expected = brute.least(every, fits)
    found = reached(problem, name, text)
    assert found.amount_cents == expected
    if expected is None:
        assert found.missing is not None or not found.exact
        return
    there = max((p for p in every if p.need <= expected and fits(p)), key=lambda p: p.key)
    assert found.answer is not None
    allocation = found.answer.allocation
    assert allocation is not None
    names = problem.case.table["dossier"].to_list()
    mine = {
        n: int(c) for n, f, c in zip(names, allocation.funded, allocation.granted_cents, strict=True) if f
    }
    assert mine == there.award


@pytest.mark.parametrize(
    "text", ["n'importe quoi", "dossiers=beaucoup", "rule:inconnue", "every:nulle_part", "inconnue=3"]
)
def test_what_is_no_target(text: str, tmp_path: Any) -> None:
    from support.tiny_scenario import tiny

    problem = compile_problem(tiny(tmp_path))
    with pytest.raises(UsageError):
        reached(problem, "tout", text)


def test_a_column_without_values_asks_for_the_rules_alone(tmp_path: Any) -> None:
    from support.tiny_scenario import HEAD, TABLE, tiny

    floor = "rules: [{id: r, kind: limit, measure: granted, min: 800 €}]\n"
    rows = TABLE.strip().split("\n")
    table = "\n".join([f"{rows[0]},theme", *(f"{row}," for row in rows[1:])]) + "\n"
    problem = compile_problem(tiny(tmp_path, HEAD + floor, table))
    found, plain = reached(problem, "tout", "every:theme"), reached(problem, "tout", "rules")
    assert found.amount_cents == plain.amount_cents is not None
    assert "theme" in str(found.target.words)
    assert found.missing is None


def test_what_cannot_be_reached_says_why(tmp_path: Any) -> None:
    from support.tiny_scenario import HEAD, tiny

    problem = compile_problem(tiny(tmp_path))
    assert "4" in str(reached(problem, "tout", "+40").missing)
    fenced = HEAD.replace("amount: 600 €", "amount: 600 €, ring_fenced: true")
    blocked = reached(compile_problem(tiny(tmp_path, fenced)), "tout", "all")
    assert [text.en for text in blocked.blocked_by] == ['the amount of envelope "b"']
