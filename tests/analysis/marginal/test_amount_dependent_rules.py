"""Rules that are a share of the amount: the least amount is exact where they relax, else in an interval."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.lanes import seeds
from support.tiny_scenario import TABLE, tiny

from tnt_sim.analysis.marginal import minimum_envelope as least
from tnt_sim.analysis.marginal.minimum_envelope import find_least_amount
from tnt_sim.analysis.shared.envelope_path import build_envelope_path, set_amount
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.scenario.load import with_amounts
from tnt_sim.scenario.problem import Problem, compile_problem

GRANTS, SCORES = (600, 500, 800, 400), (10, 9, 8, 7)
HEAD = """schema_version: 1
id: tiny
programme: {id: tout, amount: 1 500 €OPTION}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
LIMITED = (
    "rules: [{id: r, kind: limit, measure: granted, where: {department: 01}, "
    "BOUND: {share: 60 %, of_amount: tout}}]\n"
)
AMOUNTS = np.arange(0, 600_001)  # cents


def fits(option: str, spent: int, in_01: int) -> np.ndarray:
    """At which amounts a list of that many cents is allowed."""
    if option == "reserve":
        return spent <= AMOUNTS - -(-AMOUNTS // 10)
    if option == "overprogram":
        return spent <= AMOUNTS + AMOUNTS // 10
    room = spent <= AMOUNTS
    if option == "min_use":
        return room & (spent >= -(-AMOUNTS * 9 // 10))
    if option == "max":
        return room & (10 * in_01 <= 6 * AMOUNTS)
    return room & (10 * in_01 >= 6 * AMOUNTS)


def least_by_hand(option: str, wanted: int) -> int | None:
    best = None
    for size in range(5):
        for some in combinations(range(4), size):
            if sum(SCORES[k] for k in some) < wanted:
                continue
            spent = 100 * sum(GRANTS[k] for k in some)
            in_01 = 100 * sum(GRANTS[k] for k in some if k in (0, 2))
            places = np.flatnonzero(fits(option, spent, in_01))
            if len(places) and (best is None or AMOUNTS[places[0]] < best):
                best = int(AMOUNTS[places[0]])
    return best


@pytest.mark.parametrize("option", seeds(["reserve", "overprogram", "min_use", "max", "min"], 2))
def test_the_least_amount_with_a_share_of_it(option: str, tmp_path: Path) -> None:
    table = TABLE.replace(",a,", ",,").replace(",b,", ",,")
    rate = {"min_use": "90 %", "reserve": "10 %", "overprogram": "10 %"}.get(option)
    head = HEAD.replace("OPTION", f", {option}: {rate}" if rate else "")
    if rate is None:
        head += LIMITED.replace("BOUND", option)
    problem = compile_problem(tiny(tmp_path, head, table))
    line = build_envelope_path(problem, "tout")
    for wanted in (10, 19, 26, 34):
        expected = least_by_hand(option, wanted)
        found = find_least_amount(problem, line, limits=(Fraction(wanted),), prove=False)
        assert found.moving
        assert expected is not None
        assert found.lower_cents is not None
        assert found.lower_cents <= expected
        if option in ("reserve", "overprogram", "max"):
            assert found.exact
        if found.amount_cents is not None:
            assert found.amount_cents >= expected


def test_an_amount_in_memory_is_the_amount_in_the_scenario(tmp_path: Path) -> None:
    scenario = tiny(tmp_path)
    problem = compile_problem(scenario)
    moved = set_amount(problem, build_envelope_path(problem, "b"), 70_000)
    written = compile_problem(with_amounts(scenario, {"b": 70_000, "tout": 160_000}))
    assert moved.case.tree.amount_cents == written.case.tree.amount_cents
    assert moved.case.tree.written_cents == written.case.tree.written_cents


@pytest.mark.parametrize("wanted", [10, 34])
def test_a_try_that_a_limit_ends_is_no_proof_that_less_will_not_do(
    wanted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = TABLE.replace(",a,", ",,").replace(",b,", ",,")
    problem = compile_problem(
        tiny(tmp_path, HEAD.replace("OPTION", "") + LIMITED.replace("BOUND", "max"), table)
    )
    line = build_envelope_path(problem, "tout")
    true = find_least_amount(problem, line, limits=(Fraction(wanted),), prove=False)
    assert true.exact
    tries: list[int] = []

    def hasty(asked: Problem, options: OptimiseOptions, **more: Any) -> SolveOutcome:
        found = optimise(asked, options, **more)
        if options.n_stages == 0 and found.allocation is not None:
            tries.append(1)
            if len(tries) > 1:  # every try after the first that works is cut short
                return replace(
                    found, status=Status.STOPPED, proof=None, claimed=False, allocation=None, reading=None
                )
        return found

    monkeypatch.setattr(least, "optimise", hasty)
    found = find_least_amount(problem, line, limits=(Fraction(wanted),), prove=False)
    assert len(tries) > 1
    assert not found.exact
    assert found.lower_cents <= true.amount_cents < found.amount_cents
