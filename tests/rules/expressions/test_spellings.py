"""Spellings of one value are one value wherever texts are compared; codes and `exact` columns stay apart."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import draws
from support.lanes import drawn
from support.tiny_scenario import HEAD, tiny

from tnt_sim.domain.spelling import normalise_text
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import run_of
from tnt_sim.errors import ScenarioError
from tnt_sim.rules.expressions.values import is_code
from tnt_sim.scenario.problem import Problem, compile_problem

TABLE = """dossier,envelope,requested,score,department,Avis DDT,theme,tags
1,a,600,1.5,2A,Favorable,L’École,Mutualisé;vert
2,a,500,2.5,2a,favorable ,l'ecole,mutualise
3,b,800,3.5,01,FAVORABLE,Eau,
4,b,400,4.5,01,Réservé,eau,Vert
5,b,400,5.5,02,re\u0301serve\u0301,EAU,rouge
6,b,100,0.5,02,,,
"""
SPELT = ["Favorable", "favorable", "FAVORABLE", "  Favorable ", "fávorable", "favorable\u00a0"]


def compiled(folder: Path, more: str, table: str = TABLE) -> Problem:
    return compile_problem(tiny(folder, HEAD + more, table))


def held(folder: Path, require: str, more: str = "", table: str = TABLE) -> str:
    problem = compiled(folder, f"eligibility: [{{id: e, require: {require}}}]\n{more}", table)
    return "".join(problem.case.table["dossier"].filter(problem.eligibility.eligible))


@pytest.mark.parametrize("written", SPELT)
def test_every_spelling_names_the_value(tmp_path: Path, written: str) -> None:
    assert held(tmp_path, f'{{"Avis DDT": "{written}"}}') == "123"
    assert held(tmp_path, f'{{"Avis DDT": {{not: "{written}"}}}}') == "456"
    assert held(tmp_path, f'{{"Avis DDT": ["{written}", réservé]}}') == "12345"


def test_lists_join_their_items(tmp_path: Path) -> None:
    assert held(tmp_path, "{tags: {has: MUTUALISE}}") == "12"
    assert held(tmp_path, "{tags: {only: [vert, mutualisé]}}") == "124"
    assert held(tmp_path, "{tags: {has_all: [VERT, mutualise]}}") == "1"
    assert held(tmp_path, "{tags: {has: Mutualisé, exact: true}}") == "1"


def test_codes_are_never_joined(tmp_path: Path) -> None:
    assert held(tmp_path, "{department: 2A}") == "1"
    assert held(tmp_path, "{dossier: ['1']}") == "1"
    codes = ("department", "region", "epci", "commune", "dossier", "project", "envelope", "applicant_id", "state",
             "applicant_type", "members", "requires", "Code INSEE", "N° SIRET", "Numéro")  # fmt: skip
    assert all(is_code(name) for name in codes)
    assert not any(is_code(name) for name in ("Avis DDT", "theme", "tags", "applicant", "title", "Idée"))


def test_exact_keeps_spellings_apart(tmp_path: Path) -> None:
    assert held(tmp_path, '{"Avis DDT": {in: [Favorable], exact: true}}') == "1"
    assert held(tmp_path, '{"Avis DDT": {in: [" Favorable "], exact: true}}') == "1"
    assert held(tmp_path, '{"Avis DDT": Favorable}', 'values: {"Avis DDT": {exact: true}}\n') == "1"
    assert held(tmp_path, '{"Avis DDT": " Favorable "}', 'values: {"Avis DDT": {exact: true}}\n') == "1"
    problem = compiled(tmp_path, "values: {theme: {exact: true}}\n" + BY_THEME)
    assert problem.rules[0].groups.names == ("EAU", "Eau", "L’École", "eau", "l'ecole")  # type: ignore[attr-defined]


BY_THEME = "rules: [{id: un, kind: limit, measure: dossiers, by: theme, max: 1}]\n"


def test_groups_are_values_named_by_their_most_frequent_spelling(tmp_path: Path) -> None:
    result = solve(tiny(tmp_path, HEAD + BY_THEME, TABLE))
    (rule,) = result.document["rules"]
    assert [(group["group"], group["value"]) for group in rule["groups"]] == [("EAU", "1"), ("L’École", "1")]
    assert set(result.dossiers.filter("funded")["dossier"]) == {"2", "5", "6"}


def test_what_was_joined_is_listed_with_its_counts(tmp_path: Path) -> None:
    problem = compiled(tmp_path, 'eligibility: [{id: e, require: {"Avis DDT": favorable}}]\n')
    (told,) = [one for one in problem.warnings if one.code == "values-joined"]
    assert "« FAVORABLE » (1), « Favorable » (1), « favorable » (1)" in told.text.fr
    assert '`values: {"Avis DDT": {exact: true}}` keeps them apart' in told.text.en
    assert not [one for one in compiled(tmp_path, "").warnings if one.code == "values-joined"]


VILLES = (
    "dossier,envelope,requested,score,applicant,applicant_id\n"
    "1,a,600,1.5,Ville,60676\n2,a,500,2.5,Villé,{number}\n3,b,400,3,Ville,60676\n"
)
APPLICANTS = "rules: [{id: n, kind: limit, measure: applicants, max: 9}]\n"


@pytest.mark.parametrize(
    ("more", "table"), [(BY_THEME, TABLE), (APPLICANTS, VILLES.format(number="")), ("", TABLE)]
)
def test_a_second_version_of_the_same_table_says_it_too(tmp_path: Path, more: str, table: str) -> None:
    """A session compiles its scenario again over one table, where groups and keys are kept."""
    scenario = tiny(tmp_path, HEAD + more, table)
    first, second = (
        [one.text.en for one in compile_problem(scenario).warnings if one.code == "values-joined"]
        for _ in range(2)
    )
    assert first == second
    assert bool(first) == bool(more)


@pytest.mark.parametrize(("number", "joined"), [("67507", 0), ("", 1)])
def test_names_of_applicants_are_read_only_where_a_number_is_missing(
    tmp_path: Path, number: str, joined: int
) -> None:
    """« Ville » and « Villé » are two communes: with their numbers, nothing is said of their names."""
    problem = compiled(tmp_path, APPLICANTS, VILLES.format(number=number))
    assert [one.code for one in problem.warnings].count("values-joined") == joined


def test_a_split_lands_every_spelling(tmp_path: Path) -> None:
    split = "split: {by: theme, groups: [eau, ecole], each: 100 €}"
    table = TABLE.replace("L’École", "École").replace("l'ecole", "ecole").replace("02,,,", "02,,eau,")
    head = HEAD.replace("{id: a,", f"{{id: a, {split},").replace("{id: b,", f"{{id: b, {split},")
    problem = compile_problem(tiny(tmp_path, head, table))
    names = [problem.case.tree.ids[node] for node in problem.case.node.tolist()]
    assert names == ["a/ecole", "a/ecole", "b/eau", "b/eau", "b/eau", "b/eau"]
    placed = run_of(solve(problem.scenario)).table
    assert placed["_node"].null_count() == 0
    assert placed["_node"].to_list() == problem.case.node.tolist()


@given(st.text("aàÀâ'’ \u00a0bB", min_size=1, max_size=6), st.data())
@drawn(60)
def test_a_text_and_its_variants_are_one(text: str, data: st.DataObject) -> None:
    variants = [str.upper, str.lower, str.strip, lambda t: t.replace("'", "’"), lambda t: t.replace(" ", "\u202f"),
                lambda t: unicodedata.normalize("NFD", t), lambda t: t.replace(" ", "  ")]  # fmt: skip
    other = data.draw(st.sampled_from(variants))(text)
    keys = pl.DataFrame({"t": [text, other]}).select(normalise_text("t")).to_series().to_list()
    assert keys[0] == keys[1]


@pytest.mark.parametrize("theme", draws.THEMES)
def test_what_generators_draw_are_spellings_of_one_value(theme: str) -> None:
    """By the engine, and by the references, which fold texts with code of their own."""
    written = [spelling(theme) for spelling in draws.SPELLINGS]
    assert len(set(written)) >= 5
    assert pl.DataFrame({"t": written}).select(normalise_text("t")).to_series().n_unique() == 1
    assert {draws.folded(one) for one in written} == {draws.folded(theme)}
    assert len({draws.folded(one) for one in draws.THEMES}) == len(draws.THEMES)


# a value that nobody has


def test_no_value_but_a_near_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        held(tmp_path, '{"Avis DDT": favorables}')
    (defect,) = caught.value.defects
    assert defect.code == "absent-value"
    assert "elle contient « FAVORABLE » (3), « " in defect.text.fr
    assert defect.hint is not None
    assert "FAVORABLE" in defect.hint.en
    assert "allow_absent: true" in defect.hint.en


def test_no_value_and_no_near_one_is_an_open_question(tmp_path: Path) -> None:
    problem = compiled(tmp_path, 'eligibility: [{id: e, require: {"Avis DDT": Tacite}}]\n')
    assert [one.id for one in problem.questions if one.id.startswith("absent/")]
    for allowed in ('{"Avis DDT": {in: [Tacite, favorables], allow_absent: true}}', '{"Avis DDT": Tacite}'):
        more = 'values: {"Avis DDT": {allow_absent: true}}\n' if "in:" not in allowed else ""
        problem = compiled(tmp_path, f"{more}eligibility: [{{id: e, require: {allowed}}}]\n")
        assert not [one for one in problem.questions if one.id.startswith("absent/")]


@pytest.mark.parametrize(
    "where",
    [
        "{department: 03}",
        "{state: refuse}",
        "{applicant_type: metropole}",
        "{envelope: b}",
        '{"Avis DDT": {not: favorables}}',
        "{not: {theme: ecoles}}",
        "{theme: [ecoles, eau]}",
        '{"Avis DDT": [favorables, Favorable]}',
    ],
)
def test_nothing_is_said_of_codes_of_not_and_of_lists_with_one_value_that_occurs(
    tmp_path: Path, where: str
) -> None:
    more = f"rules: [{{id: r, kind: limit, measure: dossiers, where: {where}, max: 3}}]\n"
    assert not [one for one in compiled(tmp_path, more).questions if one.id.startswith("absent/")]


def test_numbers_are_never_near_and_a_negation_neither(tmp_path: Path) -> None:
    table = TABLE.replace("Réservé", "Lot 1").replace("re\u0301serve\u0301", "Lot 2")
    for value in ("Lot 3", "défavorable", "non favorable"):
        problem = compiled(tmp_path, f'eligibility: [{{id: e, require: {{"Avis DDT": {value}}}}}]\n', table)
        assert [one.id for one in problem.questions if one.id.startswith("absent/")], value


def test_options_say_where_they_go(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        held(tmp_path, "{score: {min: 2, exact: true}}")
    assert [defect.code for defect in caught.value.defects] == ["selector-option"]
