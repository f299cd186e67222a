"""The model in words: each entry as a sentence and a formula, in two languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules_page import parse_fragment

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.scenario import (
    Sentence,
    build_report,
    describe_scenario,
)
from tnt_sim.rules.kinds.registry import describe_rule
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

FR, EN = Lang.FR, Lang.EN
NB, NNB = "\u00a0", "\u202f"

TABLE = """dossier,project,envelope,department,lot,priority,population,cost,requested,tags,other_state,score
1,p,a,01,x,1,100,1000,600,mutualise,0,10
2,p,b,02,x,2,200,1000,500,,100,9
3,q,b,01,y,1,300,2000,800,mutualise;vert,0,8
"""
TEXT = """schema_version: 1
id: mots
date: 2021-11-22
programme:
  id: tout
  amount: 3 k€
  envelopes:
    - {id: a, amount: 1 k€, min_use: 10 %, max_dossiers: 2}
    - {id: b, amount: 1.5 k€, transfers: {to: [a], out_max: 15 %}}
dossiers: [{file: table.csv}]
eligibility: [{id: grand, require: {population: {min: 50}}}]
grants:
  - {where: {envelope: b}, max_rate: 50 %, bonus: [{where: {tags: {has: vert}}, rate: 10 %, up_to: 80 %}]}
  - {mode: levels, levels: [20 %, 500 €], source: arrêté}
caps: [r2334-27, {id: fixe, max: 900 €, where: {envelope: b}}]
waivers: [{of: fixe, where: {dossier: 3}, reason: calamité, author: préfet}]
measures:
  merite: {sum: [{column: score}, {value: 5, where: {tags: {has: mutualise}}}]}
rules:
  - {id: lots, kind: together, by: lot, penalty: {cost: 3}}
  - {id: plafond, kind: limit, measure: granted, by: department, max: 2 k€, penalty: {cost: 0.5, per: 1 k€}}
  - {id: vu, kind: share, measure: merite, where: {department: 01}, min: 10 %, report: true}
  - {id: vieux, kind: exclusive, dossiers: [1, 2], valid: {until: 2021-01-01}}
objective:
  - {maximise: {merite: 1, dossiers: 10}, tolerance: 1 %}
  - {minimise: {shortfall.vu: 1}}
"""


UNFUNDABLE = (
    " Les dossiers qui ne peuvent être financés, ou qui sont refusés par décision, sont hors de la règle."
)
SETTLED = (
    " Les dossiers qui ne peuvent être financés, qui sont engagés, ou qui sont financés ou refusés par décision, "
    "sont hors de la règle."
)
SET = " Les montants engagés et ceux qu'une décision fixe sont maintenus."
FREE = "et s'il le faut ce que « tout » n'a pas réparti"


def told(folder: Path, lang: Lang) -> dict[tuple[str, str], Sentence]:
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "mots.yaml").write_text(TEXT, encoding="utf-8")
    problem = compile_problem(load_scenario(folder / "mots.yaml"))
    return {(s.section, s.id): s for s in describe_scenario(problem, lang)}


def test_the_whole_model_in_french(tmp_path: Path) -> None:
    found = told(tmp_path, FR)
    assert {key: s.text for key, s in found.items()} == {
        ("envelopes", "tout"): f"Au plus 3{NNB}000{NB}€.",
        ("envelopes", "a"): (
            f"1{NNB}000{NB}€, {FREE}. Au moins 10{NNB}% doivent être accordés. Au plus 2 dossiers financés. "
            "Peut recevoir de « b »."
        ),
        ("envelopes", "b"): f"1{NNB}500{NB}€, {FREE}. Peut céder au plus 15{NNB}% de son montant à « a ».",
        ("eligibility", "grand"): ("Les dossiers ne sont éligibles que si la population atteint 50."),
        ("grants", "1"): (
            f"Si l'enveloppe est « b » : tout ou rien ; au plus 50{NNB}% de l'assiette ; plus 10{NNB}% si les "
            f"étiquettes contiennent « vert », sans dépasser 80{NNB}%.{SET}"
        ),
        ("grants", "2"): f"Tous les autres dossiers : un des niveaux prévus : 20{NNB}% ou 500{NB}€.{SET}",
        ("caps", "r2334-27"): (
            "Aides de l'État : 80 % au plus de la dépense éligible, toutes dotations réunies. Le total accordé à "
            "tous les dossiers d'un même projet, augmenté des autres aides de l'État, ne dépasse pas "
            f"80{NNB}% de l'assiette. DETR, DSIL, DSID et DPV s'additionnent sur "
            "un même projet. (sûreté A : texte ou source officiels)"
        ),
        ("caps", "fixe"): (
            f"Si l'enveloppe est « b », le total accordé à tous les dossiers d'un même projet ne dépasse pas "
            f"900{NB}€. Dérogation : laisse de côté les dossiers où le numéro de "
            "dossier est « 3 »."
        ),
        ("waivers", "fixe"): (
            "La règle « fixe » ne s'applique pas si le numéro de dossier est « 3 ». Motif : calamité. Accordée "
            "par : préfet."
        ),
        ("measures", "merite"): (
            "Somme, sur les dossiers financés, de : la note ; 5 si les étiquettes contiennent « mutualise »."
        ),
        ("rules", "lots"): (
            "Pour chaque « lot », tous les dossiers sont financés, ou aucun ; sinon, pénalité de 3 par "
            f"manquement, à l'étape 1 de l'objectif.{UNFUNDABLE}"
        ),
        ("rules", "plafond"): (
            f"Pour chaque département, le montant accordé ne dépasse pas 2{NNB}000{NB}€ ; sinon, pénalité de 0,5 "
            f"pour 1{NNB}000{NB}€ d'écart, à l'étape 1 de l'objectif."
        ),
        ("rules", "vu"): (
            "La part des dossiers où le département est « 01 », dans « merite », atteint au moins "
            f"10{NNB}% (pour information)."
        ),
        ("rules", "vieux"): "Parmi 1 et 2, au plus 1 dossier est financé.",
        ("objective", "1"): (
            "Maximiser « merite » + 10 × le nombre de dossiers financés ; les étapes suivantes peuvent en céder "
            f"1{NNB}%."
        ),
        ("objective", "2"): "Minimiser ce qui manque à la règle « vu ».",
    }


def test_formulas_rows_dossiers_and_sources(tmp_path: Path) -> None:
    found = told(tmp_path, FR)
    assert {key: s.formula for key, s in found.items() if s.section in ("envelopes", "caps", "measures")} == {
        ("envelopes", "tout"): "Σ{envelope: tout} g_i ≤ 3 k€",
        (
            "envelopes",
            "a",
        ): "10 % · 1 k€ ≤ Σ{envelope: a} g_i ≤ 1 k€ + free_tout + in ; Σ{envelope: a} x_i ≤ 2",
        ("envelopes", "b"): "Σ{envelope: b} g_i ≤ 1.5 k€ + free_tout + in − out",
        ("caps", "r2334-27"): "∀ p : Σ{project = p} g_i + other_state_p ≤ 80 % · base_p",
        ("caps", "fixe"): "∀ p (envelope: b) : Σ{project = p} g_i ≤ 900 € \\ {dossier: 3}",
        ("measures", "merite"): "Σ score_i·x_i + Σ{tags: {has: mutualise}} 5·x_i",
    }
    assert found["rules", "plafond"].formula == (
        "∀ d : Σ{department = d} g_i ≤ 2 k€ (− 0.5 / 1 k€ · distance)"
    )
    assert found["rules", "lots"].formula == "∀ d : x_i = x_j {lot = d, fundable} (− 3 · pair)"
    assert found["grants", "2"].formula == (
        "g_i = 0 or min_grant_i ≤ g_i ≤ min(requested_i ; base_i ; caps), g_i ∈ {0 ; ⌊20 %·base_i⌋ ; ⌊500 €⌋}, "
        "⌊y⌋ ∈ 0.01 €·ℕ {open}"
    )
    assert found["objective", "1"].formula == ("max F = Σ merite_i·x_i + 10·Σ x_i, then F ≥ max − 1 %·|max|")
    # 1 and 2 are one project of 1 000 €: 500 + 500 is above 800 − 100
    assert (found["caps", "r2334-27"].n_rows, found["caps", "r2334-27"].n_dossiers) == (1, 3)
    # fixe: its project p only, for q has a waiver
    assert found["caps", "fixe"].n_dossiers == 2
    assert [found["grants", k].n_dossiers for k in ("1", "2")] == [2, 1]
    assert found["caps", "r2334-27"].source == "CGCT R. 2334-27"
    assert found["grants", "2"].source == "arrêté"
    # reported and out of force: no row
    assert found["rules", "vieux"].n_rows is None
    assert found["rules", "vieux"].remark == "pas en vigueur ce jour-là (jusqu'au 1er janvier 2021)"
    assert found["rules", "plafond"].n_rows == 2
    assert found["rules", "vieux"].place == "mots.yaml:23"


def test_the_same_in_english_and_on_the_page(tmp_path: Path) -> None:
    french, english = told(tmp_path, FR), told(tmp_path, EN)
    assert french.keys() == english.keys()
    assert all(french[key].text != english[key].text for key in french)
    assert [french[key].formula for key in french] == [english[key].formula for key in french]
    assert english["rules", "lots"].text == (
        'For each "lot", all applications are funded, or none; else a penalty of 3 for each breach, in stage 1 of '
        "the objective. Applications that cannot be funded, or are refused by a decision, are outside this rule."
    )
    assert english["waivers", "fixe"].text == (
        'The rule "fixe" does not apply if the application number is "3". Reason: calamité. Granted by: préfet.'
    )
    report = build_report(load_scenario(tmp_path / "mots.yaml"), FR, sentences=list(french.values()))
    page = [line.plain for line in render_report(report, FR, 200)]
    assert "Plafonds par projet" in page
    assert "Dérogations" in page
    assert "    ∀ d : Σ{department = d} g_i ≤ 2 k€ (− 0.5 / 1 k€ · distance)" in page


WORDS = {
    "{kind: requires, dossiers: [D-3], need: [D-4]}": "D-3 n'est financé que si D-4 l'est.",
    "{kind: requires, dossiers: [D-3, D-5], need: [D-4, D-6], at_least: 1}": (
        "D-3 et D-5 ne sont financés qu'avec au moins 1 de D-4 et D-6."
    ),
    "{kind: order, rank: priority}": (
        "Aucun dossier n'est financé tant qu'un mieux classé ne l'est pas, selon « priority » si la case est "
        f"remplie (la plus petite valeur d'abord ; à égalité, aucun ordre).{SETTLED}"
    ),
    "{kind: order, rank: score, best: high, ties: rank}": (
        "Aucun dossier n'est financé tant qu'un mieux classé ne l'est pas, selon la note si la case est remplie "
        f"(la plus grande valeur d'abord ; à égalité, le premier déposé, puis le plus petit numéro).{SETTLED}"
    ),
    "{kind: order, first_come: filed_at}": (
        "Premier arrivé, premier servi, selon la date de dépôt, les cases vides en dernier (au même instant, "
        f"aucun ordre) ; le premier qui n'est pas financé arrête ceux d'après.{SETTLED}"
    ),
    "{kind: order, first_come: end, ties: rank}": (
        "Premier arrivé, premier servi, selon la date de fin, les cases vides en dernier (au même instant, le "
        "premier déposé, puis le plus petit numéro) ; le premier qui n'est pas financé arrête ceux d'après."
        f"{SETTLED}"
    ),
    "{kind: order, first_come: filed_at, skip: true}": (
        "Premier arrivé, premier servi, selon la date de dépôt, les cases vides en dernier (au même instant, le "
        "plus petit numéro) ; un dossier qui ne tient pas dans ce qui reste est passé, et le suivant peut tenir."
        f"{SETTLED}"
    ),
    "{kind: exclusive, by: members, where: {envelope: ads}}": (
        "Pour chaque commune servie ou membre, parmi les dossiers où l'enveloppe est « ads », au plus "
        "1 dossier est financé."
    ),
    "{kind: coverage, units: {type: commune}, covered_by: commune, measure: population, min: 50 %}": (
        f"Parmi les habitants des communes, au moins 50{NNB}% vivent là où il y a un dossier financé, d'après la "
        "commune."
    ),
    "{kind: coverage, units: {type: [commune, epci], population: {above: 3500}}, covered_by: applicant_id, "
    "already: fc.csv, min: 2211}": (
        f"Parmi les communes et EPCI de plus de 3{NNB}500 habitants, au moins 2{NNB}211 ont un dossier financé, "
        "d'après le porteur (SIREN ou code INSEE), ou figurent déjà dans « fc.csv »."
    ),
    "{kind: coverage, units: {department: 01}, covered_by: commune, min: 100 %}": (
        f"Parmi les unités de la carte où le département est « 01 », 100{NNB}% ont un dossier financé, d'après la "
        "commune."
    ),
    "{kind: schedule, year: 2021, commitments: {2021: 60 M€}}": (
        f"Tout est décidé en 2021 : les engagements ne dépassent pas 60{NNB}000{NNB}000{NB}€ en 2021."
    ),
    "{kind: schedule, year: {column: an}, profile: [30 %, 70 %], payments: {2022: 1 M€}}": (
        f"D'après l'année (« an ») : une subvention se paie à 30{NNB}% l'année de la décision et 70{NNB}% un an "
        f"après ; les paiements ne dépassent pas 1{NNB}000{NNB}000{NB}€ en 2022."
    ),
    "{kind: equity, measure: dossiers, by: region, max: 150 %}": (
        f"Pour chaque région, le nombre de dossiers financés par habitant ne dépasse pas 150{NNB}% de la moyenne "
        "de ces groupes réunis."
    ),
    "{kind: limit, measure: granted, max: {share: 20 %, of_amount: axe-1}}": (
        f"Le montant accordé ne dépasse pas 20{NNB}% du montant de « axe-1 »."
    ),
    "{kind: limit, measure: dossiers, min: 1, max: 3}": "Le nombre de dossiers financés reste entre 1 et 3.",
    "{kind: share, measure: granted, where: {state: accepte}, of: {envelope: a}, max: 20 %}": (
        "Parmi les dossiers où l'enveloppe est « a », la part de ceux où l'état du dossier est « accepté », dans "
        f"le montant accordé, ne dépasse pas 20{NNB}%."
    ),
    "{kind: share, measure: dossiers, by: zone, of: all, max: 60 %}": (
        "Pour chaque « zone », la part du groupe dans le nombre de dossiers financés, tous groupes réunis, ne "
        f"dépasse pas 60{NNB}%."
    ),
    "{kind: share, measure: granted, where: {state: accepte}, by: region, of: all, min: 5 %}": (
        "Pour chaque région, le rapport entre le montant accordé (dossiers où l'état du dossier est « accepté ») "
        f"et le montant accordé, tous groupes réunis, atteint au moins 5{NNB}%."
    ),
    "{kind: share, measure: granted, of_measure: cost, report: true}": (
        "Le rapport entre le montant accordé et le coût des dossiers financés : sans borne (pour information)."
    ),
    "{kind: decide, refuse: [D-7], reason: hors champ, author: jury}": (
        "Décision : 1 dossier refusé (D-7). Motif : hors champ. Décidé par : jury."
    ),
}


@pytest.mark.parametrize("text", WORDS)
def test_each_kind_as_a_sentence(text: str) -> None:
    (rule,) = parse_fragment(f"rules: [{text.replace('{kind', '{id: r, kind', 1)}]").rules
    assert describe_rule(rule, FR) == WORDS[text]
    assert describe_rule(rule, EN) != WORDS[text]


def test_steps_are_told(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    steps = "steps: [{id: un, date: 2021-11-22, set: {envelopes.a.amount: 900 €}}, {id: deux, date: 2021-12-01}]\n"
    (tmp_path / "mots.yaml").write_text(TEXT + steps, encoding="utf-8")
    found = describe_scenario(compile_problem(load_scenario(tmp_path / "mots.yaml")), FR)
    assert [s.text for s in found if s.section == "steps"] == [
        "Décision du 22 novembre 2021, avec envelopes.a.amount = 900 €. Les dossiers déposés ensuite attendent.",
        "Décision du 1er décembre 2021. Les dossiers déposés ensuite attendent. Les attributions des étapes "
        "précédentes sont maintenues.",
    ]
    assert count_kept(found, "Les engagements sont maintenus.") == 3, (
        "grants of earlier steps are commitments"
    )


def count_kept(found: list[Sentence], words: str) -> int:
    return sum(words in s.text for s in found if s.section in ("eligibility", "caps"))


@pytest.mark.parametrize(("column", "n"), [("", 0), (",committed", 3)])
def test_conditions_and_caps_speak_of_commitments_only_where_there_are_some(
    tmp_path: Path, column: str, n: int
) -> None:
    told(tmp_path, FR)
    head, first, *others = TABLE.splitlines()
    cells = ["300", "", ""]
    rows = [f"{row},{cell}" if column else row for row, cell in zip([first, *others], cells, strict=True)]
    (tmp_path / "table.csv").write_text("\n".join([head + column, *rows]) + "\n", encoding="utf-8")
    problem = compile_problem(load_scenario(tmp_path / "mots.yaml"))
    for lang, words in ((FR, "Les engagements sont maintenus."), (EN, "Commitments are kept.")):
        assert count_kept(list(describe_scenario(problem, lang)), words) == n
