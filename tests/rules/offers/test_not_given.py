"""An empty cell that a requirement reads is « not given »: its own code and reason, and an open question."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_scenario import HEAD, tiny

from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.offers.eligibility import describe_failures
from tnt_sim.scenario.problem import Problem, compile_problem

TABLE = """dossier,envelope,requested,score,population,end,state,avis,note
1,a,600,10,100,2021-06-30,en_instruction,Favorable,1.5
2,a,500,9,,2021-07-01,en_instruction,favorable,2.5
3,b,800,8,9000,,,Défavorable,
4,b,400,7,200,2023-01-31,en_instruction,,0.5
"""
DAY = "date: 2021-01-31\n"


def compiled(folder: Path, require: str, more: str = "") -> Problem:
    return compile_problem(
        tiny(folder, f"{HEAD}{DAY}eligibility: [{{id: e, require: {require}}}]\n{more}", TABLE)
    )


def codes(folder: Path, require: str) -> str:
    """For each dossier: + eligible, - ineligible, ? not given."""
    problem = compiled(folder, require)
    found = ["+"] * problem.case.n
    for failure in reversed(problem.eligibility.failures):
        for row in failure.mask.nonzero()[0].tolist():
            found[row] = {"ineligible": "-", "not_given": "?"}[failure.code]
    order = problem.case.table["dossier"].to_list()
    return "".join(sign for _, sign in sorted(zip(order, found, strict=True)))


@pytest.mark.parametrize(
    ("require", "expected"),
    [
        ("{avis: Favorable}", "++-?"),
        ("{avis: {not: Défavorable}}", "++-+"),
        ("{avis: {empty: true}}", "---+"),
        ("{avis: {empty: false}}", "+++?"),
        ("{population: {max: 3500}}", "+?-+"),
        ("{population: {min: 50, max: 3500}}", "+?-+"),
        ("{end: {until: {date: decision, plus: 24 months}}}", "++?+"),
        ("{note: {min: 1}}", "++?-"),
        ("{state: [en_instruction, accepte]}", "++?+"),
        ("{score: {min: {column: population, times: 0.05}}}", "+?-?".replace("?-?", "?--")),
        ("{any: [{avis: Favorable}, {population: {max: 150}}]}", "++-?"),
        ("{any: [{avis: Favorable}, {population: {min: 5000}}]}", "+++?"),
        ("{all: [{avis: Favorable}, {population: {max: 150}}]}", "+?--"),
        ("{not: {avis: {empty: true}}}", "+++?"),
        ("{not: {all: [{avis: Défavorable}, {population: {min: 5000}}]}}", "++-+"),
        ("{avis: Favorable, population: {max: 150}}", "+?--"),
    ],
)
def test_blanks_by_kleene(tmp_path: Path, require: str, expected: str) -> None:
    assert codes(tmp_path, require) == expected


def test_the_refusal_names_the_column(tmp_path: Path) -> None:
    result = solve(
        tiny(tmp_path, f"{HEAD}{DAY}eligibility: [{{id: e, require: {{avis: Favorable}}}}]\n", TABLE)
    )
    rows = {row["dossier"]: row for row in result.dossiers.iter_rows(named=True)}
    assert rows["4"]["reason_code"] == "not_given"
    assert rows["4"]["reason"].startswith("non renseigné : avis (exigé")
    assert rows["3"]["reason_code"] == "ineligible"
    assert "non renseigné" not in rows["3"]["reason"]
    (question,) = [one for one in result.document["open_questions"] if one["id"] == "not_given/e"]
    assert question["count"] == 1
    assert question["dossiers"] == ["4"]


def test_an_empty_state_stays_empty_and_is_asked(tmp_path: Path) -> None:
    problem = compiled(tmp_path, "{avis: {not: x}}")
    assert problem.case.table.filter(problem.case.table["dossier"] == "3")["state"].to_list() == [""]
    (question,) = problem.questions
    assert (question.id, question.dossiers) == ("not_given/state", ("3",))
    without = TABLE.replace(",state,", ",état,")
    bare = compile_problem(tiny(tmp_path, HEAD + DAY, without))
    assert set(bare.case.table["state"]) == {"en_instruction"}
    assert not bare.questions


def test_rows_left_out_by_an_empty_cell_are_asked(tmp_path: Path) -> None:
    head = HEAD.replace("{file: table.csv}", "{file: table.csv, where: {avis: Favorable}}")
    assert head != HEAD
    problem = compile_problem(tiny(tmp_path, head + DAY, TABLE))
    assert [(one.id, one.dossiers) for one in problem.questions] == [("left_out/0", ("4",))]


ACCEPT = "accept: [{{id: not_given/e, count: {count}, reason: jamais rendu, author: SGAR}}]\n"


def test_a_question_is_decided_for_so_many_dossiers(tmp_path: Path) -> None:
    state = "{id: not_given/state, count: 1, reason: r, author: a}"
    more = f"accept: [{{id: not_given/e, count: 1, reason: jamais rendu, author: SGAR}}, {state}]\n"
    problem = compiled(tmp_path, "{avis: Favorable}", more)
    assert "not_given/e" not in [one.id for one in problem.questions]
    assert [one for one in problem.warnings if one.code == "question-decided" and "SGAR" in one.text.fr]
    fewer = compiled(
        tmp_path, "{avis: Favorable}", more.replace("count: 1, reason: jamais", "count: 0, reason: jamais")
    )
    assert "not_given/e" in [one.id for one in fewer.questions]
    idle = compiled(tmp_path, "{avis: Favorable}", more.replace("not_given/e,", "not_given/f,"))
    assert [one for one in idle.warnings if one.code == "accept-idle"]


SENTENCES = {
    "{population: {max: 3500}}": (
        "condition non remplie (population : 9\u202f000 ; exigé : la population ne dépasse pas 3\u202f500)",
        "requirement not met (population: 9,000; required: the population is at most 3,500)",
    ),
    "{population: {above: 10000}}": (
        "condition non remplie (population : 9\u202f000 ; exigé : la population dépasse 10\u202f000)",
        "requirement not met (population: 9,000; required: the population is above 10,000)",
    ),
    "{filed_at: {before: 2020-01-01}, end: {until: {date: decision, plus: 24 months}}}": (
        "non renseigné : end (exigé : la date de fin est au plus tard 24\u00a0mois après le jour de la décision)",
        "not given: end (required: the end date is no later than 24 months after the day of the decision)",
    ),
    "{score: {min: 8.5, below: {column: note, times: 1.5}}}": (
        "condition non remplie (note : 8 ; exigé : la note atteint 8,5 et reste sous 1,5 × « note »)",
        'requirement not met (score: 8; required: the score is at least 8.5 and is below 1.5 × "note")',
    ),
    "{avis: {not: [Défavorable, Nul]}}": (
        "condition non remplie (« avis » : Défavorable ; exigé : « avis » n’est ni « Défavorable », ni « Nul »)",
        'requirement not met ("avis": Défavorable; required: "avis" is not "Défavorable" or "Nul")',
    ),
    "{avis: {in: [Favorable], exact: true}}": (
        "condition non remplie (« avis » : Défavorable ; exigé : « avis » est « Favorable »)",
        'requirement not met ("avis": Défavorable; required: "avis" is "Favorable")',
    ),
    "{population: {not: {min: 5000}}}": (
        "condition non remplie (population : 9\u202f000 ; exigé : "
        "il n'est pas vrai que (la population atteint 5\u202f000))",
        "requirement not met (population: 9,000; required: "
        "it is not true that (the population is at least 5,000))",
    ),
    "{any: [{avis: Favorable}, {population: {max: 10}}]}": (
        "condition non remplie (exigé : « avis » est « Favorable », ou la population ne dépasse pas 10)",
        'requirement not met (required: "avis" is "Favorable", or the population is at most 10)',
    ),
    "{tags: {has_all: [a, b], allow_absent: true}}": (
        "condition non remplie (étiquette : aucune valeur ; exigé : les étiquettes contiennent « a » et « b »)",
        'requirement not met (tag: no value; required: the tags contain "a" and "b")',
    ),
}


@pytest.mark.parametrize("require", SENTENCES)
def test_every_form_of_condition_is_a_sentence(tmp_path: Path, require: str) -> None:
    problem = compiled(tmp_path, require)
    row = problem.case.table["dossier"].to_list().index("3")
    failure = [one for one in problem.eligibility.failures if one.mask[row]][-1]
    told = tuple(describe_failures(problem.case, failure, lang)[row] for lang in (Lang.FR, Lang.EN))
    assert told == SENTENCES[require]
    assert "{" not in told[0]
    assert "{" not in told[1]
