"""Questions on money where a goal gives up part of its best, or a rule is a share of the amount asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.typed import as_typed

import tnt_sim as tnt
from tnt_sim.analysis.marginal.entry_thresholds import find_no_loss_extensions
from tnt_sim.analysis.marginal.marginal_euro import compute_marginal_euros
from tnt_sim.analysis.marginal.rule_prices import compute_prices
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.reference_solution import solve_reference
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.study_answer import QuestionAnswer

HEAD = "schema_version: 1\nid: s\ndossiers: [{file: d.csv}]\nsolver: {cross_check: never}\n"


def scenario(folder: Path, rest: str, table: str) -> ScenarioData:
    (folder / "d.csv").write_text(table, encoding="utf-8")
    (folder / "s.yaml").write_text(HEAD + rest, encoding="utf-8")
    return load_scenario(folder / "s.yaml")


def told(found: QuestionAnswer) -> str:
    return "\n".join(line.plain for line in render_report(found.build_report(), Lang.FR, 200))


PLAIN = "programme: {id: p, amount: 100}\nobjective: [{maximise: {score: 1}}]\n"
GIVES_UP = (
    "programme: {id: p, amount: 100}\n"
    "objective: [{maximise: {score: 1}, tolerance: 10 %}, {maximise: {dossiers: 1}}]\n"
)
SCORES = "dossier,requested,score\nA,100,100\nB,50,45\nC,50,45\nD,50,48\nE,10,1\n"


def test_the_next_euro_starts_from_the_best_value_not_from_what_a_tolerance_left(tmp_path: Path) -> None:
    """The list is worth 90 of 100: 91 costs nothing and is no gain; A and E are worth 101 for 10 € more."""
    base = solve_reference(scenario(tmp_path, GIVES_UP, SCORES), prove=False)
    assert base.answer.values == (90, 2)
    assert base.answer.bests == (100, 2)
    assert base.limits == (90, 2)
    (found,) = compute_marginal_euros(base, prove=False)
    assert (found.step.low, found.goal, found.gain) == (10, "score", 1)


def test_a_rule_that_costs_only_a_later_goal_is_not_free(tmp_path: Path) -> None:
    """Without it D, E and F are a dossier more; the first goal may be worth less, within its share."""
    rule = "rules: [{id: r, kind: limit, measure: dossiers, max: 2}]\n"
    table = "dossier,requested,score\nA,100,100\nB,50,50\nC,50,46\nD,30,31\nE,40,31\nF,30,30\n"
    base = solve_reference(scenario(tmp_path, GIVES_UP + rule, table), prove=False)
    (found,) = compute_prices(base, build_envelope_path(base.problem, "p"), prove=False)
    assert (found.gain.goal, found.gain.change) == ("dossiers", 1)


def test_more_money_is_asked_for_even_where_less_would_buy_more(tmp_path: Path) -> None:
    """Nine tenths must be spent: B and C would do at 98 €, not at 100; A and C are worth 11 from 115 € on."""
    rest = "programme: {id: p, amount: 100, min_use: 90 %}\nobjective: [{maximise: {score: 1}}]\n"
    base = solve_reference(
        scenario(tmp_path, rest, "dossier,requested,score\nA,60,1\nB,34,1\nC,55,10\n"), prove=False
    )
    assert base.answer.values == (2,)
    (found,) = compute_marginal_euros(base, prove=False)
    assert found.step.high is not None
    assert 15 <= found.step.high < 16
    loss = find_no_loss_extensions(base, build_envelope_path(base.problem, "p"), named=[2])
    assert 1500 <= loss.upper[2] < 1600


def test_a_price_in_a_goal_that_is_minimised_goes_down(tmp_path: Path) -> None:
    rest = (
        "programme: {id: p, amount: 100}\nobjective: [{minimise: {shortfall.aim: 1}}]\n"
        "rules:\n  - {id: aim, kind: limit, measure: dossiers, min: 3, report: true}\n"
        "  - {id: r, kind: limit, measure: dossiers, max: 1}\n"
    )
    asked = tnt.prices(scenario(tmp_path, rest, SCORES))
    (entry,) = asked.document["prices"]
    assert (entry["value"], entry["change"]) == ("1", "-1")
    lines = "\n".join(line.plain for line in render_report(asked.build_report(), Lang.FR, 200))
    assert "−1 shortfall.aim" in lines.replace("-", "−")


def test_a_target_that_a_limit_stops_is_not_called_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = scenario(tmp_path, PLAIN, SCORES)
    nothing = SolveOutcome(Status.STOPPED, (), (), None, None, None, None, False, "direct", 0.0)
    monkeypatch.setattr("tnt_sim.analysis.marginal.minimum_envelope.optimise", lambda *_, **__: nothing)
    monkeypatch.setattr("tnt_sim.analysis.marginal.minimum_envelope._solve_by_kernel", lambda *_: None)
    found = tnt.target(asked, "score=120")
    assert (found.document["status"], found.document["stopped_by"]) == ("stopped", "time")
    assert "on ne sait pas" in told(found)


def test_a_group_for_every_value_of_an_empty_column_asks_for_the_rules_alone(tmp_path: Path) -> None:
    """No application has a department: the answer is that of the target `rules`, in words that say why."""
    rest = PLAIN + "rules: [{id: r, kind: limit, measure: dossiers, min: 3}]\n"
    asked = scenario(tmp_path, rest, SCORES)
    found, plain = tnt.target(asked, "departments"), tnt.target(asked, "rules")
    (entry,), (rules,) = found.document["targets"], plain.document["targets"]
    same = ("reached", "amount_cents", "extra_cents", "exact", "proof", "dossiers", "missing")
    assert [entry[key] for key in same] == [rules[key] for key in same]
    assert (entry["reached"], entry["amount_cents"], entry["proof"]) == (True, 11000, "PROVED")
    assert (entry["n_departments"], entry["missing"]) == (0, None)
    assert "aucun dossier éligible n'en a, donc toutes les règles respectées" in as_typed(told(found))


def test_a_programme_without_amount_has_nothing_to_compare_with(tmp_path: Path) -> None:
    rest = "programme: {id: p, envelopes: [{id: a, amount: 100}]}\nobjective: [{maximise: {score: 1}}]\n"
    table = "dossier,envelope,requested,score\nA,a,100,100\n"
    found = tnt.target(scenario(tmp_path, rest, table), "rules")
    (entry,) = found.document["targets"]
    assert (entry["amount_cents"], entry["extra_cents"]) == (10000, None)
    assert "aucun montant n'est écrit" in told(found)


def test_a_minimum_of_an_equity_is_lowered_at_amounts_that_were_not_written_too(tmp_path: Path) -> None:
    """At 20 € no demand is low; at 110 € A is all that « 05 » can bring, and C enters without B."""
    rule = "{id: e, kind: equity, measure: granted, by: department, groups: ['05', '48'], min: 60 %}"
    rest = f"{PLAIN.replace('100', '20')}territory: {{year: 2021}}\nrules: [{rule}]\n"
    table = "dossier,department,requested,score\nA,05,10,10\nB,48,10,5\nC,48,100,100\nD,48,500,1\n"
    found = tnt.entries(scenario(tmp_path, rest, table)).document["entries"]
    (entry,) = (one for one in found if one["dossier"] == "C")
    assert (entry["no_loss_never"], entry["no_loss_cents"], entry["no_loss_upto_cents"]) == (
        False,
        9000,
        9000,
    )
