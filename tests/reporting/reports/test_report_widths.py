"""The report of every study at 60, 80 and 120 columns, in both languages: no line is longer, no word is broken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from rich.cells import cell_len
from support.report_nodes import iterate_nodes

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.cli.main import main
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.report_tree import Output, Report, Section, Table
from tnt_sim.reporting.reports.explanation import build_report as build_explain_report
from tnt_sim.reporting.reports.form_import import build_report as build_import_report
from tnt_sim.reporting.reports.run import build_report as build_run_report
from tnt_sim.reporting.reports.sweep import build_report as build_sweep_report
from tnt_sim.reporting.reports.validation import build_check_document, build_scenario_quality
from tnt_sim.reporting.reports.validation import build_report as build_check_report
from tnt_sim.reporting.text.vocabulary import build_labels
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.studies.functions import find_answer
from tnt_sim.studies.registry import load_study

STUDIES = (
    *("conflict", "audit", "alternatives", "weights", "compare"),
    *("sweep", "next", "entries", "target", "prices", "extension", "extend", "explain", "inversions"),
    *("run", "relaxation", "infeasible", "validate", "import"),
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Report]:
    folder = tmp_path_factory.mktemp("widths") / "demo"
    assert main(["new", str(folder)]) == 0
    scenario = tnt.Scenario.from_yaml(folder / "scenario.yaml")
    clash = scenario.with_({"rules.part-communes.min": "70 %", "programme.min_use": "95 %"})
    smaller = scenario.with_({"programme.amount": "1 M€"})
    (folder / "list.csv").write_text("dossier\nE-01\nE-02\nE-03\nE-04\nE-99\n", encoding="utf-8")
    answers = {
        "conflict": tnt.conflict(clash),
        "audit": tnt.audit(scenario, folder / "list.csv"),
        "alternatives": tnt.alternatives(scenario, count=2),
        "weights": tnt.weights(scenario, ["score", "population"]),
        "next": tnt.next_euro(smaller),
        "entries": tnt.entries(smaller),
        "target": tnt.target(smaller, "all", "+2", "rules"),
        "prices": tnt.prices(smaller),
        "extension": tnt.extension(smaller, "100 k€"),
    }
    decided = of_result(solve(load_scenario(folder / "scenario.yaml")))
    runs = {
        "run": solve(scenario),
        "relaxation": solve(scenario, relax=True),
        "infeasible": solve(clash),
    }
    checked = build_check_document(compile_problem(scenario), Lang.FR)
    return {
        **{name: build_run_report(run.data, build_labels(run, Lang.FR)) for name, run in runs.items()},
        "validate": build_check_report(replace(checked, quality=build_scenario_quality(scenario, Lang.FR))),
        **{name: answer.build_report() for name, answer in answers.items()},
        "compare": tnt.compare(scenario, smaller).build_report(),
        "sweep": build_sweep_report(tnt.sweep(smaller, stop="1.4 M€", steps=4).data),
        "extend": tnt.extend(smaller, "1.3 M€").build_report(),
        "explain": build_explain_report(explain(decided, everyone=True).data),
        "import": build_import_report(tnt.import_file(folder / "data" / "dossiers.csv").data),
        "inversions": find_answer(load_study("inversions"), decided, penalty=Fraction(1)).build_report(),
    }


def read_words(text: str) -> list[str]:
    return re.findall("[^ ]+", text)  # a no-break space does not end a word


@pytest.mark.usefixtures("shipped_catalogue")
@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("study", STUDIES)
def test_a_report_fits_without_a_broken_word(
    reports: Mapping[str, Report], study: str, width: int, lang: Lang
) -> None:
    report = reports[study]
    lines = [line.plain for line in render_report(report, lang, width)]
    assert [line for line in lines if cell_len(line) > width and " " in line.strip()] == []
    words = {part for line in lines for word in read_words(line) for part in (word, word.rstrip("."))}
    shown = [node for node in report.nodes if not (isinstance(node, Section) and node.annex)]
    for table in iterate_nodes(shown):
        if isinstance(table, Table) and table.outputs & Output.TERMINAL:
            rows = range(1 if table.spread else min(table.n_rows, table.most))
            for column in table.select_columns(Output.TERMINAL):
                cells = [cell for cell in column.format_values(lang, rows, Output.TERMINAL) if cell != "–"]
                left = column.optional or column.narrow is not None
                assert left or {word for cell in cells for word in read_words(cell)} <= words
