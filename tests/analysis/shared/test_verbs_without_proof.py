"""Where no certificate is found and nothing confirms, no study calls its answer optimal, in JSON or in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.every_verb import VERBS, House
from support.lanes import in_lanes

import tnt_sim as tnt
from tnt_sim.analysis.explain.document import RuleChange
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.explain.sentences import describe_change, explain_dossier
from tnt_sim.analysis.marginal import extension_allocation as extension
from tnt_sim.analysis.marginal import marginal_euro as next_euro
from tnt_sim.analysis.preferences import partial_weights as weights
from tnt_sim.analysis.shared.decided_run import DecidedRun, of_result
from tnt_sim.engine.result import ALLOWED, Proof, SolveOutcome, Status
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.explanation import describe_rule_price
from tnt_sim.scenario.problem import Problem
from tnt_sim.studies.alternatives.answer import describe_verdict as alternatives_words
from tnt_sim.studies.audit.answer import describe_verdict as audit_words
from tnt_sim.studies.functions import find_answer
from tnt_sim.studies.registry import load_study
from tnt_sim.verify.allocation_reading import Allocation, read_allocation


@pytest.fixture
def house(folder: Path) -> House:
    return House(folder)


@pytest.fixture
def unproven(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same, from here on without any certificate of a question."""
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_, **__: [None])
    monkeypatch.setattr("tnt_sim.analysis.marginal.minimum_envelope.prove_stages", lambda *_, **__: [None])
    return house


def parts(told: Any) -> Iterator[Mapping[str, Any]]:
    """Each object of a document."""
    if isinstance(told, Mapping):
        yield told
        for value in told.values():
            yield from parts(value)
    elif isinstance(told, list | tuple):
        for value in told:
            yield from parts(value)


DEAR = ("sweep --exact", "sweep --tolerance", "entry-thresholds")
"""Without proofs they seek until their limit: asked with `--slow`."""


@pytest.mark.parametrize("verb", in_lanes(VERBS, *(verb for verb in VERBS if verb not in DEAR)))
def test_no_pair_of_words_contradicts_itself(verb: str, unproven: House) -> None:
    document = VERBS[verb](unproven, 4.0 if verb in DEAR else 10.0)
    for part in parts(document):
        if part.get("status") == "optimal" and "proof" in part:
            assert part["proof"] in ALLOWED[Status.OPTIMAL], part


def test_the_best_of_other_lists_is_the_best_found(house: House, unproven: House) -> None:
    document = tnt.alternatives(house.scenario, count=4).data
    assert document.status == "feasible"
    said = alternatives_words(document)
    assert "du meilleur trouvé" in said.fr
    assert "the best found" in said.en


def test_other_lists_of_a_proven_optimum(house: House) -> None:
    document = tnt.alternatives(house.scenario, count=4).data
    assert document.status == "optimal"
    assert all(one.proven for one in document.portfolios)
    assert "trouvé" not in alternatives_words(document).fr


def test_a_list_that_nothing_betters(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = house.folder / "best.csv"
    table = house.decided.problem.case.table
    names = table["dossier"].filter(house.decided.allocation.funded.tolist()).to_list()
    chosen.write_text("dossier\n" + "\n".join(names) + "\n", encoding="utf-8")
    shown = tnt.audit(house.scenario, chosen).data
    assert "aucun choix ne fait mieux" in audit_words(shown).fr
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_, **__: [None])
    alone = tnt.audit(house.scenario, chosen).data
    assert alone.status == "feasible"
    assert "rien ne prouve" in audit_words(alone).fr
    assert "nothing proves" in audit_words(alone).en


def test_the_price_of_no_inversion(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        told = find_answer(load_study("inversions"), house.decided, rank="cost", best="low").data
        (price,) = told.prices
        return describe_rule_price(price, told.goals).en

    assert "costs:" in said()
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_, **__: [None])
    assert "costs at most:" in said()


def test_a_change_says_that_one_solver_claims_it() -> None:
    change = RuleChange(of="dep", unit="money", by="5000", proof="PROVED", confirmed=True)
    assert "solv" not in describe_change(change).fr + describe_change(change).en
    alone = replace(change, proof="FEASIBLE_GAP")
    assert describe_change(alone).fr.endswith("(selon un seul solveur, sans preuve).")
    assert describe_change(alone).en.endswith("(by one solver alone, without a proof).")


def test_a_funded_dossier_of_a_list_that_nothing_proves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(decided: DecidedRun) -> str:
        document = explain(decided, everyone=True, seconds=60.0).data
        funded = next(one for one in document.dossiers if one.reason_code == "merit")
        return f"{explain_dossier(funded).fr} {explain_dossier(funded).en}"

    assert "la meilleure répartition" in said(house.decided)
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_, **__: [None])
    alone = of_result(solve(house.scenario, cross_check="never"))
    assert (alone.proof, alone.best) == ("FEASIBLE_GAP", False)
    assert "rien ne prouve qu'elle est la meilleure" in said(alone)
    assert "which nothing proves to be the best" in said(alone)


def stopped(asked: Callable[..., SolveOutcome], after: int) -> Callable[..., SolveOutcome]:
    """Questions that a limit stops from one of them on, with the list that needs no solver in hand."""
    numbers = count()

    def ask(problem: Problem, *options: Any, **how: Any) -> SolveOutcome:
        answer = asked(problem, *options, **how)
        if next(numbers) < after or answer.allocation is None:
            return answer
        nothing = Allocation(problem.offers.committed.copy(), problem.offers.committed_cents.copy())
        reading = read_allocation(problem, nothing)
        known = reading.values, reading.values, reading.granted_cents, nothing, reading
        return SolveOutcome(Status.FEASIBLE, *known, Proof.FEASIBLE_GAP, False, "direct", 0.0)

    return ask


def test_a_list_at_a_limit_is_no_gain(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an euro more buys, and each way to extend, is never told from a list that the time cut short."""
    monkeypatch.setattr(next_euro, "optimise", stopped(next_euro.optimise, 0))
    monkeypatch.setattr(extension, "optimise", stopped(extension.optimise, 0))
    told = tnt.next_euro(house.scenario)
    assert told.document["next"]
    for entry in told.document["next"]:
        assert (entry["gain"], entry["leave"], entry["n_funded"]) == (None, [], None)
    for lang, said in ((Lang.FR, "gain non calculé"), (Lang.EN, "its gain was not computed")):
        assert said in "\n".join(line.plain for line in render_report(told.build_report(), lang, 200))
    ways = tnt.extension(house.scenario, "10 k€").document["ways"]
    assert ways
    assert all((way["allowed"], way["why"]) == (False, "stopped") for way in ways)


def test_an_audit_says_what_nothing_proves(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        report = tnt.audit(house.scenario, house.folder / "list.csv").build_report()
        return "\n".join(line.plain for line in render_report(report, Lang.FR, 200))

    shown = said()
    assert "Le mieux pour le même argent" in shown
    assert "au plus" not in shown
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_, **__: [None])
    alone = said()
    assert "Le mieux trouvé pour le même argent" in alone
    assert re.search(r"de \d+ à \d+ dossiers changent", alone)


def test_a_list_at_a_limit_is_best_for_no_weights(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tnt.weights(house.scenario, ["score", "dossiers"]).document
    assert any(one["supported"] for one in whole["portfolios"])
    asked = weights.optimise
    monkeypatch.setattr(weights, "optimise", lambda *a, **how: replace(asked(*a, **how), claimed=False))
    told = tnt.weights(house.scenario, ["score", "dossiers"]).document
    assert told["portfolios"]
    assert not any(one["supported"] for one in told["portfolios"])
    assert told["complete"] is False
