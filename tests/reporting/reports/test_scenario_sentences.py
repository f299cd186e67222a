"""Scenarios in sentences, with the place of each value; and what `validate` can tell without solving."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tnt_sim.cli import project_templates as templates
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.scenario import build_report as build_scenario_report
from tnt_sim.reporting.reports.scenario import describe_scenario
from tnt_sim.reporting.reports.validation import build_check_document, build_report
from tnt_sim.reporting.text.merged_scenario import list_origins, render_merged_scenario
from tnt_sim.rules.expressions.text import describe_selector
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem

FR, EN = Lang.FR, Lang.EN


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "data").mkdir()
    (folder / "tnt-sim.toml").write_text(templates.FRENCH.project, encoding="utf-8")
    (folder / "scenario.yaml").write_text(templates.FRENCH.scenario, encoding="utf-8")
    (folder / "data" / "dossiers.csv").write_text(templates.build_dossiers_csv(), encoding="utf-8")
    sets = ("rules.plafond-departement.max=900 k€", "envelopes.mobilites.ring_fenced=true")
    return compile_problem(load_scenario(folder / "scenario.yaml", sets))


def test_each_entry_of_a_scenario_is_a_sentence(problem: Problem) -> None:
    told = {(s.section, s.id): s for s in describe_scenario(problem, FR)}
    rule = told["rules", "part-communes"]
    assert rule.text == (
        "La part des dossiers où le type de porteur est « commune », dans le montant accordé, atteint "
        "au moins 40\u202f%."
    )
    assert rule.n_dossiers == 24
    assert rule.place.startswith("scenario.yaml:")
    assert (
        told["rules", "plafond-departement"].text
        == "Pour chaque département, le montant accordé ne dépasse pas 900\u202f000\u00a0€."
    )
    assert told["eligibility", "petites-communes"].text == (
        "Les dossiers où l'enveloppe est « mobilites » et où le type de porteur est « commune » ne sont "
        "éligibles que si la population reste sous 20\u202f000."
    )
    assert told["grants", "1"].text == (
        "Tous les dossiers : tout ou rien ; au plus 80\u202f% de l'assiette. Les montants engagés et ceux qu'une "
        "décision fixe sont maintenus."
    )
    assert told["objective", "1"].text == "Maximiser la somme des notes des dossiers financés."
    english = {(s.section, s.id): s.text for s in describe_scenario(problem, EN)}
    assert (
        english["rules", "plafond-departement"]
        == "For each department, the amount granted does not exceed €900,000."
    )
    report = build_scenario_report(problem.scenario, FR, sentences=list(told.values()))
    assert any("Règles" in line.plain for line in render_report(report, FR, 80))


def test_selectors_in_words() -> None:
    both = [{"state": "accepte"}, {"filed_at": {"from": "2021-10-08"}}]
    assert describe_selector({"any": both}, FR) == (
        "l'état du dossier est « accepté », ou la date de dépôt est au plus tôt le 8 octobre 2021"
    )
    assert describe_selector({"any": both, "lot": "x"}, EN) == (
        '(the application\'s state is "accepted", or the filing date is on or after 8 October 2021) and '
        '"lot" is "x"'
    )
    assert describe_selector({"theme": {"not": ["a", "b"]}}, FR) == "« theme » n’est ni « a », ni « b »"
    assert describe_selector({"end": {"until": {"date": "decision", "plus": "24 months"}}}, FR) == (
        "la date de fin est au plus tard 24\u00a0mois après le jour de la décision"
    )
    assert describe_selector({"filed_at": {"from": "2021-03-01", "until": "2021-09-30"}}, FR) == (
        "la date de dépôt tombe du 1er mars 2021 au 30 septembre 2021"
    )
    assert describe_selector({"filed_at": {"from": "2021-03-01", "until": "2021-09-30"}}, EN) == (
        "the filing date is between 1 March 2021 and 30 September 2021"
    )
    assert describe_selector({"cost": {"min": "10 k€", "below": {"column": "base", "times": "1.3"}}}, FR) == (
        "le coût atteint 10\u202f000\u00a0€ et reste sous 1,3 × l'assiette"
    )
    assert describe_selector({"tags": {"has_all": ["a", "b"]}, "invoices": {"above": "500"}}, FR, "où") == (
        "où les étiquettes contiennent « a » et « b » et où les factures dépassent 500\u00a0€"
    )
    assert describe_selector({"tags": {"has": ["a"]}, "base": {"empty": "true"}}, EN) == (
        'the tags contain "a" and the eligible cost is empty'
    )
    assert (
        describe_selector({"not": {"department": "01"}}, EN) == 'it is not true that (the department is "01")'
    )
    assert describe_selector({"other_state": {"empty": "false"}}, FR) == (
        "les autres aides de l'État ne sont pas vides"
    )


def test_each_value_with_its_origin(problem: Problem) -> None:
    values = render_merged_scenario(problem.scenario, 100)
    report = build_scenario_report(problem.scenario, FR, values=values)
    lines = [line.plain for line in render_report(report, FR, 100)]
    changed = next(line for line in lines if "900 k€" in line)
    assert changed.endswith("# --set rules.plafond-departement.max")
    assert any(line.startswith("id: exemple") and "# scenario.yaml:4" in line for line in lines)
    rows = {row.path: row for row in list_origins(problem.scenario)}
    assert rows["rules.1.max"].origin.layer == "--set"
    assert rows["programme.amount"].origin.file == "scenario.yaml"


def test_what_is_shown_is_yaml_and_the_same_scenario(problem: Problem) -> None:
    text = "\n".join(text for text, _origin in render_merged_scenario(problem.scenario, 80))
    shown = YAML(typ="safe", pure=True).load(text)
    assert shown["title"] == problem.scenario.tree["title"]
    assert shown["rules"][0]["where"] == {"applicant_type": "commune"}
    assert [entry["id"] for entry in shown["programme"]["envelopes"]] == ["numerique", "mobilites"]


def test_validate_counts_reasons_and_money_without_use(problem: Problem) -> None:
    found = build_check_document(problem, FR)
    assert (found.status, found.n_dossiers, found.n_eligible) == ("valid", 24, 22)
    assert found.synthetic is True
    assert {check.id: check.n_missed for check in found.checks} == {
        "complet": 1,
        "petites-communes": 1,
    }
    entries = {entry.id: entry for entry in found.envelopes}
    assert entries["mobilites"].demand_cents == 581_000_00
    assert sum(entry.unreachable_cents for entry in entries.values()) == 0
    text = "\n".join(line.plain for line in render_report(build_report(found), FR, 80))
    assert "Données SYNTHÉTIQUES" in text
    assert "Dossier encore en construction" in text


def test_money_that_no_dossier_can_take(problem: Problem) -> None:
    path = problem.scenario.path
    assert isinstance(path, Path)
    wide = load_scenario(path, ("programme.amount=2 M€", "envelopes.mobilites.amount=700 k€"))
    found = build_check_document(compile_problem(wide), FR)
    stuck = {entry.id: entry.unreachable_cents for entry in found.envelopes}
    # 700 k€ − 581 k€ in mobilites; 2 M€ − 600 k€ − 700 k€ free, of which numerique can take 486 600 € more
    assert stuck == {"programme": 700_000_00 - 486_600_00, "numerique": 0, "mobilites": 119_000_00}
    assert (
        "Au moins 119\u202f000\u00a0€ de « mobilites » ne peuvent atteindre aucun dossier." in found.warnings
    )


IMPLIED = """dossier,project,envelope,cost,requested,other_state,score,variant_of,requires
A,P1,x,100,60,10.10,10,V,
B,P1,x,100,40.40,,8,V,
C,P5,x,30.33,30.33,0.33,3,,A
"""


def test_what_columns_and_the_law_imply_is_printed_with_its_rows(tmp_path: Path) -> None:
    """Rules that no line of the file states: variants, prerequisites, public aid up to the cost."""
    (tmp_path / "a.csv").write_text(IMPLIED, encoding="utf-8")
    (tmp_path / "a.yaml").write_text(
        "schema_version: 1\nid: a\ndossiers: [{file: a.csv}]\nprogramme: {id: x, amount: 400}\n"
        "objective: [{maximise: {score: 1}}]\n",
        encoding="utf-8",
    )
    problem = compile_problem(load_scenario(tmp_path / "a.yaml"))
    told = {one.id: one for one in describe_scenario(problem, EN)}
    assert told["variant_of"].text.endswith("at most 1 is funded.")
    assert told["variant_of"].formula == "∀ v : Σ{variant_of = v} x_i + x_v ≤ 1"
    assert told["requires"].formula == "∀ i, j ∈ requires_i : x_i ≤ x_j"
    assert told["public-aid-100"].formula == (
        "∀ p : Σ{project = p} g_i + other_state_p + other_public_p ≤ 100 % · cost_p"
    )
    rows = [told[name].n_rows for name in ("variant_of", "requires", "public-aid-100")]
    assert all(rows)
    result = solve(problem.scenario)
    assert result.dossiers.filter("funded")["dossier"].to_list() == ["A", "C"]
    assert result.dossiers["granted_cents"].to_list() == [6000, 0, 3000]
    (tmp_path / "a.csv").write_text("dossier,envelope,requested,score\nA,x,1,1\n", encoding="utf-8")
    plain = compile_problem(load_scenario(tmp_path / "a.yaml"))
    assert not {"variant_of", "requires", "public-aid-100"} & {s.id for s in describe_scenario(plain, EN)}
