"""Sentences of the decision note that an unusual run once made false, each against what the run holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.text_scenarios import run as solve_text

from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.engine.stored_run import StoredRun, run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.decision_page.note_sections import (
    build_gains,
    build_margin,
    build_rule_cards,
    describe_extension,
    describe_money,
    describe_rules,
)
from tnt_sim.reporting.decision_page.note_sentences import build_sentences, describe_proof
from tnt_sim.reporting.decision_page.outcomes import MoneyRow, Outcomes, build_outcomes
from tnt_sim.reporting.decision_page.subtotals import build_groupings, build_tallies

PROGRAMME = "programme: {id: p, title: P, amount: 100 €}\ngrants: [{mode: all_or_nothing}]\n"
RARE = "rules: [{id: rare, title: Un seul, kind: limit, measure: dossiers, max: 1, MORE}]\n"
THREE = "dossier,requested,score\nA,20,5\nB,10,3\nC,10,3\n"
Solve = Callable[..., tuple[StoredRun, ExplainDocument]]


@pytest.fixture
def solve(tmp_path: Path) -> Solve:
    def act(table: str, body: str = "") -> tuple[StoredRun, ExplainDocument]:
        result = solve_text(tmp_path, table, PROGRAMME + body)
        return run_of(result), explain(of_result(result), everyone=True, lang=Lang.EN).data

    return act


def test_money_left_does_not_hide_who_waits(solve: Solve) -> None:
    either = "rules: [{id: r, title: L'un ou l'autre, kind: exclusive, dossiers: [A, B]}]\n"
    run, explanation = solve("dossier,requested,score\nA,20,5\nB,10,3\n", either)
    assert run.envelopes[0].unspent_code == "all_funded"
    (left,) = build_sentences(run, build_outcomes(run, explanation), explanation).left
    assert left.en == "€80: every eligible application is funded but 1."


def test_a_rule_or_no_gain_is_a_cause_only_where_it_is_shown(solve: Solve) -> None:
    run, explanation = solve(THREE, RARE.replace(", MORE", ""))
    entry = {**run.summary["envelopes"][0], "unspent_code": "rule", "unspent_rule": "rare"}
    for publishable, words in ((True, 'rule "Un seul" keeps out'), (False, "not established")):
        changed = {"envelopes": [entry], "publishable": publishable}
        other = replace(run, summary={**run.summary, **changed})
        said = build_sentences(other, build_outcomes(other, explanation), explanation)
        assert words in said.left[0].en


@pytest.mark.parametrize("more", ["penalty: {cost: 0.01}", "report: true"])
def test_a_rule_that_does_not_bind_is_not_broken(solve: Solve, more: str) -> None:
    run, explanation = solve(THREE, RARE.replace("MORE", more))
    assert not run.data.rules[0].holds
    cards = build_rule_cards(run, explanation, Lang.EN)
    assert describe_rules(cards, explanation).en == "1 rule, and every one that binds is respected"
    assert cards[0].holds
    assert "BROKEN" not in cards[0].state
    assert "the rules are respected to the cent" in describe_proof(run).en


def test_a_stopped_computation_says_nothing_about_a_rule(solve: Solve) -> None:
    run, explanation = solve(THREE, RARE.replace("MORE", "note: x"))
    stopped = replace(
        explanation, rules=[replace(rule, enters=None, leaves=None) for rule in explanation.rules]
    )
    assert stopped.rules
    cards = build_rule_cards(run, stopped, Lang.EN)
    assert describe_rules(cards, stopped).en == "1 rule, respected"


def test_every_known_class_of_size_is_compared(solve: Solve) -> None:
    table = "dossier,requested,score,population\nA,50,5,500\nB,30,4,2000\nC,60,1,900000\nD,61,1,900000\n"
    run, explanation = solve(table)
    tallies = {one.key: build_tallies(run, one) for one in build_groupings(run, Lang.EN)}
    picture = build_gains(run, tallies, build_outcomes(run, explanation), Lang.EN, paper=True)
    assert picture is not None
    assert picture.finding.endswith("those with 500,000 and more, 0%")


def test_the_first_in_line_is_one_application(solve: Solve) -> None:
    run, explanation = solve("dossier,requested,score\nA,70,90\nB,80,60\nC,35,10\n")
    first, second = (one for one in explanation.reserve if one.rank)
    assert first.missing_cents > second.missing_cents
    outcomes = build_outcomes(run, explanation)
    told = [describe_extension(outcomes, explanation), *build_sentences(run, outcomes, explanation).decisions]
    assert "lacks €50" in told[0].en
    assert any("Add €50 or not" in text.en for text in told)


def test_unknown_requests_are_no_request_of_nothing(solve: Solve) -> None:
    run, _ = solve("dossier,requested,score\nA,70,90\nB,80,60\n")
    outcomes = build_outcomes(run)
    row = outcomes.rows[0]
    unknown: MoneyRow = replace(row, cents=(*row.cents[:2], 0, 0))
    assert describe_money(unknown).en == "€70 granted; 1 eligible application is not selected"
    without = Outcomes(outcomes.outcome, outcomes.cents, outcomes.known, [unknown])
    assert describe_extension(without, None).en == "1 eligible application is not selected"


def test_an_unproven_list_has_no_cause_at_its_margin(solve: Solve) -> None:
    run, explanation = solve("dossier,requested,score\nA,50,50\nB,70,60\n")
    outcomes = build_outcomes(run, explanation)
    for publishable in (True, False):
        other = replace(run, summary={**run.summary, "publishable": publishable})
        picture = build_margin(other, outcomes, explanation, Lang.EN, paper=True)
        assert picture is not None
        assert ("its size keeps it out" in picture.finding) is publishable
        assert picture.heads[3] == "Per €1,000"


def test_only_money_that_would_pay_for_a_dossier_is_to_be_used(solve: Solve) -> None:
    def list_decisions(run: StoredRun, explanation: ExplainDocument) -> str:
        outcomes = build_outcomes(run, explanation)
        return " ".join(text.en for text in build_sentences(run, outcomes, explanation).decisions)

    either = "rules: [{id: r, title: L'un ou l'autre, kind: exclusive, dossiers: [A, B]}]\n"
    assert "Use the" not in list_decisions(*solve("dossier,requested,score\nA,20,5\nB,10,3\n", either))
    small = "dossier,requested,score\nA,99.99,5\nB,0.01,0\n"
    assert "Use the" not in list_decisions(*solve(small)), "the last cent is not idle"
    run, explanation = solve("dossier,requested,score\nA,20,5\nB,10,0\n")
    said = list_decisions(run, explanation)
    first = explanation.reserve[0]
    assert (first.rule, first.missing_cents, first.left_cents) == (None, 0, 8_000)
    assert "Use the €80 left: 1 eligible application" in said
    elsewhere = replace(explanation, reserve=[replace(first, left_cents=900)])
    assert "Use the" not in list_decisions(run, elsewhere), "what is left is in another envelope"
