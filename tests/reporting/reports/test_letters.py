"""Letters read as letters: no name of the scenario file, no operator, no long fraction; each reason has one."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from support.flagship import FROZEN
from support.lanes import Lane
from support.mixed_cases.drawn import mixed
from support.mixed_cases.run import engine
from support.paths import ROOT
from support.run_folders.awkward_run import make_run
from support.text_scenarios import run as solve_texts
from support.workbook_pages import pages

from tnt_sim.cli.main import main
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import run_of
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.export.administrative_tables import build_order_annex
from tnt_sim.reporting.export.flat_table import CsvStyle, build_sheet_workbook, encode_csv
from tnt_sim.reporting.reports.decision_table import DECISION, build_decision_table
from tnt_sim.reporting.reports.letters import list_letter_remarks, write_letters
from tnt_sim.reporting.text.letter_reasons import (
    SENTENCES,
    describe_plain_condition,
    describe_rule_in_the_way,
    quote_source,
)
from tnt_sim.reporting.text.vocabulary import REASON
from tnt_sim.rules.kinds.registry import BUILT_IN
from tnt_sim.rules.offers.total_aid import GUARD
from tnt_sim.scenario.load import load_scenario

SIGNS = re.compile(r"[`{}<>|=≤≥≠×∑\[\]]|None|null|\(\)|«\s+»|\"\"| ,|  ")
DECIMALS = {Lang.FR: re.compile(r"\d,\d{3}"), Lang.EN: re.compile(r"\d\.\d{3}")}


def list_ids(result: ResultData) -> set[str]:
    """Names of the scenario file that are no words of the language."""
    spec, tree = result.problem.scenario.spec, result.problem.case.tree
    entries = (*spec.rules, *spec.eligibility, *spec.measures, *spec.waivers, *spec.steps)
    names = {getattr(entry, "id", entry) for entry in entries if isinstance(getattr(entry, "id", entry), str)}
    names |= {*tree.ids, *(cap.name for cap in spec.caps), GUARD}
    return names


def check_sentence(text: str, lang: Lang, ids: set[str], title: str) -> None:
    """No sign, long fraction, id or hole; the applicant's own title is no sentence of ours."""
    ours = text.replace(title, "T") if title else text
    assert not SIGNS.search(ours), text
    assert not DECIMALS[lang].search(ours), text
    assert ours == "" or ours.endswith("."), text
    quoted = {name.strip("\u00a0 ") for pair in re.findall(r'«([^»]*)»|"([^"]*)"', ours) for name in pair}
    assert not quoted & ids, text
    bare = re.sub(r'«[^»]*»|"[^"]*"|\([^)]*\)', "", ours)
    assert ":" not in bare, text
    coded = {name for name in ids if re.search(r"[-_.\d]", name)}
    assert not coded & set(re.findall(r"[\w.-]*\w", bare)), text


def check_letters(result: ResultData) -> set[str]:
    """Check every letter of a decision in both languages; return the reason codes met."""
    run = run_of(result)
    table, ids = build_decision_table(run), list_ids(result)
    for lang in Lang:
        letters = write_letters(run, table, lang)
        titles = table["title"].fill_null("").to_list()
        for code, decision, title, motive, sentence in zip(
            table["reason_code"].to_list(), table[DECISION].to_list(), titles,
            letters.motive.to_list(), letters.sentence.to_list(), strict=True,
        ):  # fmt: skip
            check_sentence(motive, lang, ids, "")
            check_sentence(sentence, lang, ids, title)
            assert motive or decision == "committed", code
            assert sentence.startswith(("Une ", "La ", "Votre ", "Le ", "A ", "The ", "Your ")), sentence
    return set(table["reason_code"].to_list())


def test_letters_of_every_reason() -> None:
    result = solve(load_scenario(ROOT / "scenarios" / "motifs.yaml"))
    explained_alone = {"rule"}  # found by solving again without the rule: a letter of a grant names none
    assert check_letters(result) == set(REASON) - explained_alone


@pytest.mark.slow
def test_letters_of_the_flagship() -> None:
    assert {"decided", "ineligible", "outranked"} <= check_letters(solve(load_scenario(FROZEN)))


def test_letters_of_the_demo(tmp_path: Path) -> None:
    assert main(["new", str(tmp_path / "demo")]) == 0
    demo = solve(load_scenario(tmp_path / "demo" / "scenario.yaml"))
    check_letters(demo)
    run = run_of(demo)
    motives = dict(
        zip(run.table["title"], write_letters(run, build_decision_table(run), Lang.FR).motive, strict=True)
    )
    assert motives["Pistes cyclables"].replace("\u202f", " ").endswith(
        "Y répondent les dossiers pour lesquels la population reste sous 20 000. Dans votre dossier, la "
        "population est de 23 000."
    )  # fmt: skip


def test_letters_of_drawn_worlds_name_nothing_of_the_file() -> None:
    """Drawn scenarios have no titles: whatever excludes a dossier, a sentence says it without the id."""
    kinds, sentences = set(), set()
    for seed in range(60 if Lane.slow else 3):
        result = engine(mixed(seed))
        if isinstance(result, set) or result.allocation is None:
            continue
        check_letters(result)
        problem, ids = result.problem, list_ids(result)
        spec = problem.scenario.spec
        kinds |= {rule.kind for rule in spec.rules}
        limits = [f"{limit.envelope}.{limit.option}" for limit in problem.limits]
        links = [rule.id for rule in problem.table_rules]
        for name in (
            *(rule.id for rule in spec.rules),
            *(cap.name for cap in spec.caps),
            *limits,
            *links,
            GUARD,
        ):
            for lang in Lang:
                sentence = describe_rule_in_the_way(problem, name, lang)
                check_sentence(sentence, lang, ids, "")
                sentences.add(sentence)
    assert len(sentences) > 4
    assert not Lane.slow or kinds >= {kind.name for kind in BUILT_IN} - {"decide"}  # not drawn


def test_a_condition_is_stated_only_in_words() -> None:
    assert (
        describe_plain_condition({"population": {"min": "500000"}}, Lang.EN)
        == "the population is at least 500,000"
    )
    for wanted in (
        {"avis": "oui"}, {"department": "2A"}, {"envelope": ["a"]}, {"state": "accepte"},
        {"cost": {"min": {"column": "base", "times": "0.5"}}}, {"score": {"min": "12.125"}},
        {"not": {"population": {"min": "5"}}}, {"filed_at": {"until": "2021-11-05T12:00"}},
    ):  # fmt: skip
        assert describe_plain_condition(wanted, Lang.EN) == "", wanted
    assert quote_source("https://exemple.fr/page", Lang.FR) == quote_source("a >= 3", Lang.FR) == ""


BODY = """publisher: {AUTHORITY}
letters: {LETTERS}
programme: {id: p, title: Programme, amount: 1 000 €}
grants: [{mode: all_or_nothing}]
eligibility: [{id: taille-min, require: {population: {min: 100}}}]"""
TABLE = """dossier,title,requested,score,population
1,École,600,10,500
2,Halle,500,3,500
3,Stade,100,3,7
"""


def write_body(letters: str, authority: str = "") -> str:
    return BODY.replace("LETTERS", letters).replace("AUTHORITY", authority)


def write_small(folder: Path, letters: str, authority: str = "") -> tuple[ResultData, dict[str, str]]:
    result = solve_texts(folder, TABLE, write_body(letters, authority))
    run = run_of(result)
    table = build_decision_table(run)
    return result, dict(zip(table["dossier"], write_letters(run, table, Lang.EN).sentence, strict=True))


def test_what_would_fund_a_refusal_is_told_only_where_the_scenario_says_so(tmp_path: Path) -> None:
    result, silent = write_small(tmp_path, "")
    assert silent["2"] == (
        'Your request for €500.00 for the project "Halle" could not be granted. In the envelope "Programme", '
        "€400.00 is left, less than the €500.00 that your project needs. For the same amount, each project "
        "selected there on merit serves the programme's first goal at least as well as yours."
    )
    assert silent["3"].endswith(
        "Your application does not meet a condition of the programme. The condition is met by applications where "
        "the population is at least 100. In your application, the population is 7."
    )
    assert [one.en[:30] for one in list_letter_remarks(run_of(result), Lang.EN)] == [
        "Letters and orders state no wa"
    ]
    letters_keys = "court: the court of Lyon, tell_changes: true"
    result, told = write_small(tmp_path, letters_keys, "authority: the prefect")
    change = " Other things being equal, it could be granted if the request were lowered to €400.00 at most."
    assert told == silent | {"2": silent["2"] + change}
    letters = write_letters(run_of(result), build_decision_table(run_of(result)), Lang.EN)
    assert "two months of its notification ask the authority that took it (the prefect)" in letters.appeal
    assert "articles L. 311-3-1, R. 311-3-1-1 and R. 311-3-1-2" in letters.mention
    assert [one.en for one in list_letter_remarks(run_of(result), Lang.EN)] == [
        "The mention of the algorithm is not complete. Missing in `publisher` of the scenario: contact, rules."
    ]


def test_letters_of_a_publisher_lack_nothing(tmp_path: Path) -> None:
    publisher = "authority: the prefect, contact: x@example.org, rules: example.org/rules"
    run = run_of(solve_texts(tmp_path, TABLE, write_body("court: the court", publisher)))
    letters = write_letters(run, build_decision_table(run), Lang.EN)
    assert "(the prefect)" in letters.appeal
    assert "example.org/rules" in letters.mention
    assert list_letter_remarks(run, Lang.EN) == []


def test_the_annex_of_the_order_has_the_mention_once(tmp_path: Path) -> None:
    publisher = "authority: the prefect, contact: x, rules: y"
    run = run_of(solve_texts(tmp_path, TABLE, write_body("court: the court", publisher)))
    mention = write_letters(run, build_decision_table(run), Lang.EN).mention
    flat = build_order_annex(run, Lang.EN)
    sheet = pages(build_sheet_workbook(flat, "Annexe", Lang.EN, None))["Annexe"]
    assert sum(mention in str(cell) for row in sheet for cell in row) == 1
    assert "MentionTraitement" in encode_csv(flat, CsvStyle.INTL).decode().split("\n")[0]
    bare = run_of(solve_texts(tmp_path, TABLE, write_body("")))
    assert build_order_annex(bare, Lang.EN).closing is None


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        ("court: Lyon", "`court` is written in letters with `authority`, which is missing"),
        ("tell_changes: oui", "only true and false are read here"),
        ("mencion: x", "mention"),
    ],
)
def test_a_wrong_block_of_letters_is_named(tmp_path: Path, letters: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        write_small(tmp_path, letters)
    assert words in "\n".join(
        f"{one.text.en} {one.hint.en if one.hint else ''}" for one in caught.value.defects
    )


def test_every_sentence_is_formal_and_whole() -> None:
    for text in SENTENCES.values():
        for lang in Lang:
            sentence = text.in_(lang)
            assert sentence[0].isupper()
            assert sentence.endswith((".", "}."))
            assert "!" not in sentence
            assert "algorithm" not in sentence


def test_a_refusal_is_compared_with_projects_selected_on_merit_alone(tmp_path: Path) -> None:
    """The only project funded is a decision of people, and of less value: nothing is said about it."""
    body = write_body("") + "\nrules: [{id: jury, kind: decide, fund: [2], reason: vote}]"
    result = solve_texts(tmp_path, TABLE.replace("600", "700"), body)
    assert (
        dict(zip(result.dossiers["dossier"], result.dossiers["reason_code"], strict=True))["1"] == "outranked"
    )
    run = run_of(result)
    table = build_decision_table(run)
    said = dict(zip(table["dossier"], write_letters(run, table, Lang.EN).sentence, strict=True))
    assert said["1"].endswith("€500.00 is left, less than the €700.00 that your project needs.")


DISPLACED = """\
schema_version: 1
id: plafond
title: Programme sous plafond
programme: {id: p, title: Programme, amount: 300 €}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
rules:
  - {id: cent, title: 100 € au plus par département, kind: limit, measure: granted, by: department, max: 100 €}
objective: [{maximise: {score: 1}}]
"""
DISPLACED_TABLE = """\
dossier,department,state,requested,score
A,01,en_instruction,100,10
B,01,en_instruction,100,9
C,02,en_instruction,100,3
D,03,en_instruction,100,2
"""


@pytest.mark.parametrize("lang", Lang)
def test_a_letter_names_the_rule_that_the_note_names(tmp_path: Path, lang: Lang) -> None:
    folder = make_run(tmp_path, DISPLACED, DISPLACED_TABLE)
    assert "100" not in write_motive(folder, "B", lang)
    assert main(["explain", str(folder), "--all", "--quiet", "--lang", "fr"]) == 0
    told = write_motive(folder, "B", lang)
    rule = {
        Lang.FR: "en raison d'une règle du programme, « 100 € au plus",
        Lang.EN: "because of a rule of the programme",
    }
    assert rule[lang] in re.sub("[\xa0\u202f]", " ", told.replace("’", "'"))
    assert "par département" in told
    explained = open_stored(folder)
    assert explained.table.filter(pl.col("dossier") == "B")["reason_code"].item() == "none_fits"


def write_motive(folder: Path, dossier: str, lang: Lang) -> str:
    run = open_stored(folder)
    table = build_decision_table(run)
    return str(write_letters(run, table, lang).motive[table["dossier"].to_list().index(dossier)])


def test_money_of_other_envelopes_is_not_said_to_be_left(tmp_path: Path) -> None:
    """What A gave away is told to those it refuses; what is left in A is not left in B, which could get it."""
    table = (
        "dossier,title,applicant,requested,score,envelope\n"
        "1,Halle,A,900,9,a\n2,Stade,B,900,1,a\n3,Pont,C,1500,90,b\n4,Quai,D,800,2,b\n"
    )
    body = (
        "programme:\n  id: p\n  title: Programme\n  amount: 3000 €\n  envelopes:\n"
        "    - {id: a, title: Rives, amount: 2000 €, transfers: {to: [b]}}\n"
        "    - {id: b, title: Ponts, amount: 1000 €}\n"
    )
    result = solve_texts(tmp_path, table, body)
    run = run_of(result)
    said = dict(
        zip(
            run.table["dossier"],
            write_letters(run, build_decision_table(run), Lang.EN).motive,
            strict=True,
        )
    )
    assert run.table.filter("funded")["dossier"].to_list() == ["1", "3"]
    assert "€600.00 is left" in said["2"]
    assert "€500.00 was transferred to other envelopes" in said["2"]
    assert "€600.00 at most can still be granted, less than the €800.00" in said["4"]
    assert "is left" not in said["4"]
    assert "transferred" not in said["4"]
    reasons = dict(zip(run.table["dossier"], run.table["reason"], strict=True))
    assert "600" in reasons["4"]
    assert "peut encore donner" in reasons["4"]
    assert "peut encore donner" not in reasons["2"]


def test_a_lump_sum_that_is_refused_has_its_amount() -> None:
    run = run_of(solve(load_scenario(ROOT / "scenarios" / "tnt-2021.yaml")))
    table = build_decision_table(run)
    unasked = (table["requested_cents"].is_null()) & (table[DECISION] == "refused") & table["eligible"]
    sentences = write_letters(run, table, Lang.EN).sentence.filter(unasked)
    assert len(sentences) > 1000
    assert sentences.str.contains(r"€[\d,]+\.\d\d by the scale of the programme").all()
