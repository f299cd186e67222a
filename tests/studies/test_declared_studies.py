"""Every declared question: one set of options, one document, the same columns in every output and language."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from python_calamine import CalamineWorkbook
from support.demo_project import write_demo

import tnt_sim as tnt
from tnt_sim.api.schemas import read_schema
from tnt_sim.cli.verbs import VERBS, load_verb
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.renderers.xlsx import build_report_workbook
from tnt_sim.reporting.report_tree import Node, Output, Section, Table, write_words
from tnt_sim.studies.registry import load_studies
from tnt_sim.studies.study import Subject

STUDIES = load_studies()
OF_SCENARIOS = [verb for verb, study in STUDIES.items() if study.subject is Subject.SCENARIO]
OWNERS = {
    Subject.DECISION: tnt.Result,
    Subject.RUN: tnt.Run,
    Subject.SCENARIO: tnt.Scenario.analyse.func(None),
}  # type: ignore[attr-defined]
"""Whose methods the questions are."""
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "target": ("+1", "departments"),
    "extension-shares": ("100 k€",),
    "weights": (["score", "population"],),
    "extend": ("1.3 M€",),
}
"""What a question cannot do without."""
HOLDS_NOTHING = ("audit", "alternatives", "weights", "conflict")
"""Questions whose answer says itself that there is no list; on a terminal the conflict stands beside it."""
IMPOSSIBLE = """schema_version: 1
id: tight
programme: {id: p, amount: 100}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
rules:
  - {id: low, kind: limit, measure: dossiers, max: 1}
  - {id: high, kind: limit, measure: dossiers, min: 2}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> tnt.Scenario:
    folder = tmp_path_factory.mktemp("studies")
    return write_demo(folder)


@pytest.fixture(scope="module")
def answers(scenario: tnt.Scenario) -> dict[str, Any]:
    """The answer to each question, asked as a Python user does."""
    return {verb: ask(scenario, verb) for verb in STUDIES}


def ask(scenario: tnt.Scenario, verb: str, **options: Any) -> Any:
    if verb == "conflict" and "min_use" not in str(scenario.sets):  # the demonstration has none
        scenario = scenario.with_({"programme.min_use": "99 %"})
    if verb == "audit":
        chosen = scenario.path.parent / "chosen.csv"
        chosen.write_text(f"dossier\n{scenario.portfolio.table['dossier'][0]}\n", encoding="utf-8")
        return scenario.analyse.audit(chosen, **options)
    if STUDIES[verb].subject is Subject.DECISION:
        return getattr(scenario.solve(), STUDIES[verb].method)(**options)
    if STUDIES[verb].subject is Subject.RUN:
        run, lines = tnt.open_run(scenario.solve().save()), scenario.path.parent / "chorus.csv"
        return run.reconcile(lines if lines.exists() else run.export.chorus(lines), **options)
    return getattr(scenario.analyse, STUDIES[verb].method)(*ARGUMENTS.get(verb, ()), **options)


def list_tables(nodes: Any, output: Output) -> list[Table]:
    """The tables with rows whose heads an output shows: a terminal has no annex, and no head of cards."""
    found: list[Table] = []
    on_terminal = output is Output.TERMINAL
    for node in nodes:
        if isinstance(node, Section) and not (node.annex and on_terminal):
            found += list_tables(node.nodes, output)
        elif isinstance(node, Table) and node.n_rows and node.outputs & output:
            found += [] if node.as_cards and on_terminal else [node]
    return found


def list_heads(nodes: list[Node], output: Output, lang: Lang) -> set[str]:
    columns = [one for table in list_tables(nodes, output) for one in table.select_columns(output)]
    return {head for one in columns if (head := write_words(one.head, lang, output))}


@pytest.mark.parametrize("verb", STUDIES)
def test_every_column_stands_in_every_output_that_has_it(answers: dict[str, Any], verb: str) -> None:
    report = answers[verb].build_report()
    for lang in Lang:
        written = {
            Output.TERMINAL: " ".join(
                " ".join(str(line) for line in render_report(report, lang, 300)).split()
            ),
            Output.PAGE: render_report_html(report, lang),
            Output.SHEET: str(read_cells(build_report_workbook(report, lang))),
        }
        for output, text in written.items():
            heads = {head.split()[0] for head in list_heads(list(report.nodes), output, lang)}
            assert heads or output is Output.TERMINAL
            assert [head for head in heads if head not in text.replace("&#x27;", "'")] == [], (output, lang)


def read_cells(book: bytes) -> list[Any]:
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book))
    return [sheets.get_sheet_by_name(name).to_python() for name in sheets.sheet_names]


@pytest.mark.parametrize("verb", STUDIES)
def test_every_document_fits_its_schema_and_its_tables(answers: dict[str, Any], verb: str) -> None:
    answer = answers[verb]
    document = json.loads(answer.to_json())
    jsonschema.Draft202012Validator(json.loads(read_schema(verb))).validate(document)
    assert document == json.loads(json.dumps(answer.document))
    assert document["command"] == verb
    table = answer.table(STUDIES[verb].table)
    rows = document.get(STUDIES[verb].table, table)
    assert table.height == answer.to_dataframe().height == len(rows) > 0


@pytest.mark.parametrize("verb", STUDIES)
def test_verb_method_and_function_have_the_same_options(verb: str) -> None:
    study = STUDIES[verb]
    own, typed = ({one.name for one in options} for options in (study.options, study.typed_options))
    method = inspect.signature(getattr(OWNERS[study.subject], study.method))
    assert own <= set(method.parameters)
    assert typed <= set(inspect.signature(load_verb(verb)).parameters)
    assert {"time_limit", "lang", "progress"} <= set(method.parameters)
    assert VERBS[verb].help == study.help
    assert all(study.next)


@pytest.mark.parametrize("verb", STUDIES)
def test_a_limit_that_is_over_leaves_an_answer_or_says_why(scenario: tnt.Scenario, verb: str) -> None:
    try:
        answer = ask(scenario, verb, time_limit=1e-6)
    except tnt.LimitReached:
        return
    assert answer.document["stopped_by"] == (None if verb == "reconcile" else "time")
    assert answer.build_report().nodes


@pytest.mark.parametrize("verb", OF_SCENARIOS)
def test_ctrl_c_keeps_what_was_found(
    scenario: tnt.Scenario, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second thing that is examined is interrupted, as is seen by what the question says of its progress."""
    met: list[str] = []

    def interrupt(name: str, share: float) -> None:
        met.append(name)
        if len(met) > 1:
            raise KeyboardInterrupt

    answer = ask(scenario, verb, progress=interrupt)
    assert answer.document["stopped_by"] == "interrupt"
    assert answer.status in ("stopped", "infeasible") or answer.table().height > 0


@pytest.mark.parametrize("verb", OF_SCENARIOS)
def test_an_impossible_scenario_has_its_conflict(tmp_path: Path, verb: str) -> None:
    (tmp_path / "table.csv").write_text(
        "dossier,envelope,requested,score\nA,p,3,1\nB,p,2,1\n", encoding="utf-8"
    )
    (tmp_path / "tight.yaml").write_text(IMPOSSIBLE, encoding="utf-8")
    tight = tnt.read_scenario(tmp_path / "tight.yaml")
    if verb in HOLDS_NOTHING:
        assert ask(tight, verb).status == "infeasible"
        return
    with pytest.raises(tnt.NothingDecided) as refused:
        ask(tight, verb)
    assert refused.value.conflict is not None


def test_a_price_is_told_in_the_unit_of_its_goal(answers: dict[str, Any]) -> None:
    draw: Callable[..., Any] = answers["rule-prices"].plot
    rows = {row["id"]: row["label"] for row in draw("fr").data.to_dicts()}
    assert rows["plafond-departement"] == "+21 (note)"
    assert rows["part-communes"] == "0"
    with pytest.raises(AttributeError, match="did you mean 'prices'"):
        _ = draw.price  # type: ignore[attr-defined]
