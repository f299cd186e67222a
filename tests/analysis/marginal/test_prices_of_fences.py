"""What walls cost, at all depths and between children alone, equals enumeration; fences and reserves stand."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.analysis_cases import nested_envelopes as brute
from support.lanes import Lane, first_of, seeds, stride
from support.paths import TESTS

import tnt_sim as tnt
from tnt_sim.analysis.marginal import rule_prices as prices_module
from tnt_sim.analysis.marginal.rule_prices import APART, Price, compute_prices
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, solve_reference
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import Proof, Status
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.scenario.load import load_scenario, with_changes
from tnt_sim.values.answer_values import Support

FLAGSHIP = TESTS / "support" / "data" / "tnt-2021-3206" / "scenario.yaml"
NESTED = """schema_version: 1
id: t
title: T
date: 2026-03-31
dossiers: [{file: d.csv}]
grants: [{mode: all_or_nothing}]
objective: [{maximise: {score: 1}}]
programme:
  id: p
  amount: 200 €
  envelopes:
    - {id: x, amount: 100 €}
    - {id: y, amount: 100 €, envelopes: [{id: y1, amount: 60 €}, {id: y2, amount: 40 €, ring_fenced: true}]}
"""
ROWS = """dossier,envelope,cost,requested,score
A,x,100,40,1
B,y1,100,60,6
C,y1,100,60,5
D,y2,100,40,0
"""


def nested(folder: Path, text: str = NESTED, rows: str = ROWS) -> tnt.Scenario:
    (folder / "N.yaml").write_text(text, encoding="utf-8")
    (folder / "d.csv").write_text(rows, encoding="utf-8")
    return tnt.Scenario.from_yaml(folder / "N.yaml")


def walls(scenario: Any, **more: Any) -> dict[str, dict[str, Any]]:
    found = tnt.prices(scenario, kinds=["non_fungible"], **more)
    return {entry["id"]: entry for entry in found.document["prices"]}


def test_money_two_levels_apart_is_priced(tmp_path: Path) -> None:
    found = walls(nested(tmp_path))
    assert (found["p"]["change"], found["p"]["goal"], found["p"]["enter"]) == ("5", "score", ["C"])
    assert (found["p"]["proof"], found["p"]["change_upto"]) == ("PROVED", "5")
    assert found["p"]["one_level"] == {"goal": None, "value": "0", "change": "0", "proof": "PROVED"}
    assert (found["y"]["change"], found["y"]["goal"]) == ("0", None)


def test_what_a_fence_sets_apart_does_not_leave_it(tmp_path: Path) -> None:
    """A third dossier of 40 € in x could be paid by what y2 leaves, if it were not fenced."""
    rows = ROWS.replace("D,y2,100,40,0\n", "E,x,100,40,3\nF,x,100,60,2\n")
    assert walls(nested(tmp_path, rows=rows))["p"]["change"] == "3"
    bare = NESTED.replace(", ring_fenced: true", "")
    assert walls(nested(tmp_path, bare, rows))["p"]["change"] == "4"


def test_the_page_says_both(tmp_path: Path) -> None:
    found = tnt.prices(nested(tmp_path), lang="en")
    lines = [str(line) for line in render_report(found.build_report(), Lang.EN, 100)]
    assert any("Between its children alone" in line for line in lines)
    assert any(line.split()[:4] == ["p", "+5", "score", "nothing"] for line in lines)
    lines = [str(line) for line in render_report(found.build_report(), Lang.FR, 100)]
    assert any(line.split()[:4] == ["p", "+5", "(note)", "rien"] for line in lines)


def priced(case: dict[str, Any]) -> tuple[ReferenceSolution, tuple[Price, ...]] | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            base = solve_reference(brute.load(case, Path(folder)), prove=False)
        except InputError:
            return None
    return base, compute_prices(base, build_envelope_path(base.problem, "p"), kinds=(APART,), prove=False)


@pytest.mark.parametrize("weak", ["with them", "without them"])
def test_a_price_is_proven_only_if_both_optima_are(tmp_path: Path, weak: str) -> None:
    """One optimum is what a solver claims: neither « +5 » nor « costs nothing » is told as proven."""
    base = solve_reference(load_scenario(nested(tmp_path).path), prove=weak == "without them")
    answer = replace(base.answer, status=Status.FEASIBLE, proof=Proof.FEASIBLE_GAP, claimed=True)
    base = replace(base, answer=answer) if weak == "with them" else base
    path = build_envelope_path(base.problem, "p")
    found = compute_prices(base, path, kinds=(APART,), prove=weak == "with them")
    assert {price.named.id: price.gain.change for price in found} == {"p": 5, "y": 0}
    for price in found:
        assert price.one_level is not None
        assert price.support.proof is not Proof.PROVED
        assert price.one_level.support.proof is not Proof.PROVED


def test_what_costs_nothing_says_whether_it_is_proven(tmp_path: Path) -> None:
    found = tnt.prices(nested(tmp_path), lang="en")
    weaker = [replace(price, support=Support(Proof.FEASIBLE_GAP)) for price in found.data.prices]
    claimed = replace(found, result=replace(found.data, prices=weaker))
    for answer, told in ((found, "Cost nothing: y"), (claimed, "Cost nothing, without an exact proof: y")):
        lines = [str(line) for line in render_report(answer.build_report(), Lang.EN, 100)]
        assert any(told in line for line in lines)


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 80, 40), 1))
def test_prices_equal_enumeration(first: int) -> None:
    told: Counter[str] = Counter()
    for seed in first_of(range(first, first + 40), 20):
        case = brute.drawn(seed)
        if np.prod([len(brute.options(case, d)) for d in case["dossiers"]]) > 800:
            continue
        found = priced(case)
        if found is None:
            continue
        base, every = found
        now = brute.best(case)
        assert now == base.answer.bests[0], seed
        for price in every:
            wholly, between = brute.best(case, price.named.id), brute.best(case, price.named.id, wholly=False)
            assert now <= between <= wholly
            assert price.gain.change == wholly - now, (seed, price.named.id)
            assert price.one_level is not None, (seed, price.named.id)
            assert price.one_level.gain.change == between - now, (seed, price.named.id)
            told["paid"] += wholly > now
            told["between"] += between > now
            told["free"] += wholly == now
    assert min(told["paid"], told["between"], told["free"]) > (3 if Lane.is_whole() else 0)


@pytest.mark.drawn
def test_an_envelope_is_never_dearer_than_the_one_above_it() -> None:
    """Its walls are walls of the one above, too."""
    some = 0
    for seed in range(200, 260, stride(3)):
        found = priced(brute.drawn(seed))
        if found is None:
            continue
        by_name = {price.named.id: price.gain.change for price in found[1]}
        for name, change in by_name.items():
            if name != "p" and "p" in by_name:
                assert change <= by_name["p"], (seed, name)
                some += 1
    assert some > (20 if Lane.is_whole() else 6)


def test_a_limit_leaves_an_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found when the limit came is « at least »; « at most » is a bound in integers, and no solver's."""
    nested(tmp_path)
    base = solve_reference(load_scenario(tmp_path / "N.yaml"))
    real = prices_module.optimise

    def stopped(problem: Any, options: Any, **more: Any) -> Any:
        found = real(problem, options, **more)
        return found if found.bests == base.answer.bests else _left_at(found, base.answer.bests[0])

    monkeypatch.setattr(prices_module, "optimise", stopped)
    (price, _) = compute_prices(
        base, build_envelope_path(base.problem, "p"), kinds=(APART,), clock=Clock(None)
    )
    assert (price.named.id, price.gain.change, price.gain.change_upto) == ("p", Fraction(5), Fraction(5))
    assert (price.support.proof, price.euros.cents) == (Proof.FEASIBLE_GAP, None)


SIBLINGS = """\
schema_version: 1
id: s
title: S, SYNTHETIC
programme:
  id: root
  amount: 100 €
  envelopes:
  - {id: A, amount: 60 €, envelopes: [{id: A1, amount: 30 €}, {id: A2, amount: 30 €}]}
  - {id: B, amount: 40 €}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
solver: {cross_check: never}
"""


@pytest.mark.parametrize("proven", [True, False])
def test_an_optimum_between_children_alone_is_no_bound(
    proven: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the search at all depths is stopped, what children alone can move bounds the price from below only."""
    (tmp_path / "s.yaml").write_text(SIBLINGS, encoding="utf-8")
    (tmp_path / "d.csv").write_text(
        "dossier,cost,requested,score,envelope\na1,60,60,10,A1\nb1,40,40,1,B\nb2,60,60,4,B\n",
        encoding="utf-8",
    )
    base = solve_reference(load_scenario(tmp_path / "s.yaml"))
    path = build_envelope_path(base.problem, "root")
    truth = {price.named.id: price.gain.change for price in compute_prices(base, path, kinds=(APART,))}
    today = _left_at(base.answer, base.answer.bests[0])
    monkeypatch.setattr(prices_module, "_optimise_without", lambda make, clock, prove: today)
    found = compute_prices(base if proven else replace(base, answer=today), path, kinds=(APART,))
    assert {price.named.id for price in found} == set(truth) == {"root", "A"}
    for price in found:
        assert price.gain.change_upto is not None
        assert price.gain.change <= truth[price.named.id] <= price.gain.change_upto
        assert (price.support.proof, price.euros.cents) == (Proof.FEASIBLE_GAP, None)


def _left_at(answer: Any, bound: Fraction) -> Any:
    return replace(answer, status=Status.FEASIBLE, proof=Proof.FEASIBLE_GAP, bound=bound)


def test_the_flagship_gains_what_a_transfer_gains() -> None:
    """10 M€ from axis 1 to the window of axis 3 give 38,509.7 points; free, the same total gives more still."""
    scenario = tnt.Scenario.from_yaml(FLAGSHIP)
    found = walls(scenario)
    assert Fraction(found["tnt"]["change"]) >= Fraction("38509.7") - Fraction("36604.9")
    assert (found["tnt"]["proof"], found["axe-3"]["change"]) == ("PROVED", "0")
    moved = {
        "envelopes.axe-1.amount": "20 M€",
        "envelopes.axe-2.amount": "10 M€",
        "envelopes.axe-3.amount": "58 M€",
    }
    moved |= {"envelopes.deconcentre.amount": "52 M€"}
    other = solve_reference(with_changes(load_scenario(FLAGSHIP), moved), prove=False)
    assert other.answer.bests[0] == Fraction("36604.9") + Fraction(found["tnt"]["change"])
