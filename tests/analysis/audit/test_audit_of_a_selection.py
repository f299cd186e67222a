"""A hand-made selection: what it breaks, and the nearest better lists, against enumeration."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import xlsxwriter
from support.analysis_cases.clashing_rules import NEVER, Bools, Choices, Ints, World, world, write
from support.lanes import seeds
from support.typed import as_typed

import tnt_sim as tnt
from tnt_sim.analysis.audit.audit import AuditResult
from tnt_sim.cli.main import main
from tnt_sim.documents import dump_document
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import DataError, ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report

AUDIT = load_study("audit")


def audited(case: World, chosen: set[str], folder: Path) -> AuditResult:
    (folder / "liste.csv").write_text(
        "dossier\n" + "".join(f"{d}\n" for d in sorted(chosen)), encoding="utf-8"
    )
    return tnt.audit(write(case, folder), folder / "liste.csv").result


def worth(every: Choices) -> Ints:
    """The score of each list in tenths: what a decision refuses counts for nothing."""
    refused = {rule["some"][0] for rule in every.case["rules"] if rule["kind"] == "refuse"}
    score = [0 if d["id"] in refused else d["tenths"] for d in every.case["dossiers"]]
    return every.held @ np.array(score)


def check(every: Choices, row: int, found: AuditResult) -> None:
    fine, value = every.allowed, worth(every)
    broken = every.relief(frozenset())[row] == NEVER or any(
        money[row] or units[row] for money, units in every.slacks.values()
    )
    assert bool(found.broken) == broken
    mine, best = int(value[row]), int(value[fine].max())
    assert found.optimum is not None
    assert found.optimum.values == (Fraction(best, 10),)
    within = fine & (every.cents <= every.cents[row])
    assert found.better is not None
    assert found.better.values == ((Fraction(int(value[within].max()), 10),) if within.any() else ())
    assert_list(every, found, found.better, within, value)
    as_good = fine & (value >= mine)
    assert found.cheaper is not None
    assert found.cheaper.granted_cents == (int(every.cents[as_good].min()) if as_good.any() else None)
    assert_list(every, found, found.cheaper, as_good, -every.cents)
    for swap in found.swaps:
        reach = fine & (value >= (-1 if swap.target is None else 10 * swap.target))
        assert swap.n_changed == every.apart(row)[reach].min()
        assert swap.answer is not None
        assert_list(every, found, swap.answer, reach, -every.apart(row))
    shares = [swap.share for swap in found.swaps if swap.stage >= 0]
    assert shares == ([Fraction(1, 2), Fraction(9, 10), Fraction(1)] if mine < best else [])


def assert_list(every: Choices, found: AuditResult, answer: SolveOutcome, among: Bools, figure: Ints) -> None:
    """The list itself, not its figures alone, is one of the best of those that may be."""
    if answer.allocation is None:
        assert not among.any()
        return
    names = found.problem.case.table["dossier"].filter(list(answer.allocation.funded)).to_list()
    own = every.row_of(set(names))
    assert among[own]
    assert figure[own] == figure[among].max()


SEEDS = [
    *seeds([(k, 7) for k in range(100, 112)], 4),
    *seeds([(k, 12) for k in range(112, 122)], 2),
]


@pytest.mark.parametrize(("seed", "largest"), SEEDS)
def test_every_audit_equals_enumeration(seed: int, largest: int, tmp_path: Path) -> None:
    case = world(seed, largest, least=3 if largest < 12 else 8)
    case["rules"] = case["rules"][:2]
    every = Choices(case)
    row = seed * 77 % len(every.held)
    try:
        found = audited(case, every.names(row), tmp_path)
    except ScenarioError:
        return
    if not every.allowed.any():
        assert found.optimum is not None
        assert found.optimum.allocation is None
        return
    check(every, row, found)


TABLE = """dossier,title,envelope,state,requested,cost,score,committed
1,École,a,en_instruction,600,900,10,
2,Pont,a,en_instruction,500,800,9,
3,Mairie,a,accepte,800,1000,8,700
4,Piste,a,sans_suite,400,400,7,
"""
SCENARIO = """schema_version: 1
id: petit
programme: {id: a, amount: 1 300 €}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def plain(text: str) -> str:
    return as_typed(text)


def of_list(folder: Path, text: str) -> AuditResult:
    (folder / "liste.csv").write_text(text, encoding="utf-8")
    return tnt.audit(load_scenario(folder / "petit.yaml"), folder / "liste.csv").result


def test_each_row_that_cannot_be_is_named_and_the_rest_answered(small: Path) -> None:
    found = of_list(small, "dossier,granted\n2,550\n7,10\n2,500\n4,400\n3,650\n")
    findings = dump_document(found.data)["selection"]["findings"]
    assert [(one["code"], one["row"], one["dossier"]) for one in findings] == [
        ("selection-above", 2, "2"),
        ("selection-unknown", 3, "7"),
        ("selection-twice", 4, "2"),
        ("selection-ineligible", 5, "4"),
        ("selection-committed", 6, "3"),
    ]
    words = [plain(str(entry["words"])) for entry in dump_document(found.data)["broken"]]
    assert words[0] == "l'enveloppe « a » n'a que 1 300 € : dépassé de 350 €"
    assert any("« 4 » est retenu sans pouvoir l'être" in text for text in words)
    assert any(
        "« 2 » reçoit un montant que ses règles de subvention n'admettent pas" in text for text in words
    )
    assert dump_document(found.data)["swaps"][0]["goal"] is None
    assert dump_document(found.data)["swaps"][0]["n_changed"] == 1
    assert [one["dossier"] for one in dump_document(found.data)["swaps"][0]["changes"]["leave"]] == ["4"]


def test_turgot_words_and_committed_money(small: Path) -> None:
    text = (
        "Numéro de dossier DS;Montant prévisionnel accordé;Statut de la simulation\n"
        "1;600,00 €;✖️ Refusé provisoirement\n2;500,00 €;✔️ Accepté provisoirement\n4;;⛔️ Classé sans suite\n"
    )
    found = of_list(small, text)
    assert dump_document(found.data)["selection"] == {
        "n_rows": 1, "n_committed_added": 1, "n_funded": 2, "granted_cents": 120_000, "allowed": True,
        "findings": [],
    }  # fmt: skip
    assert dump_document(found.data)["objective"][0] | {"goal": ""} == {
        "goal": "", "sense": "maximise", "value": "17", "optimum": "18", "loss": "1", "bound": "18",
    }  # fmt: skip
    assert [(swap["recover"], swap["n_changed"]) for swap in dump_document(found.data)["swaps"]] == [
        ("0.5", 2), ("0.9", 2), ("1", 2),
    ]  # fmt: skip
    assert [one["dossier"] for one in dump_document(found.data)["swaps"][2]["changes"]["enter"]] == ["1"]
    lines = render_report(build_report(AUDIT, found.data), Lang.FR, 100)
    assert "cette liste" in "\n".join(line.plain.lower() for line in lines)


def test_a_workbook_with_the_headers_that_services_write(small: Path) -> None:
    book = xlsxwriter.Workbook(small / "liste.xlsx")
    sheet = book.add_worksheet()
    rows = (("N° de dossier", "Intitulé", "Montant accordé (€)", "Décision"),
            (1, "École", 600, "Retenu"), ("2", "Pont", 500.5, "Refusé"), (3, "Mairie", 700, "retenu"))  # fmt: skip
    for k, row in enumerate(rows):
        sheet.write_row(k, 0, row)
    book.close()
    found = tnt.audit(load_scenario(small / "petit.yaml"), small / "liste.xlsx").result
    assert dump_document(found.data)["selection"] == {
        "n_rows": 2, "n_committed_added": 0, "n_funded": 2, "granted_cents": 130_000, "allowed": True,
        "findings": [],
    }  # fmt: skip
    of_list(small, "id projet;subvention\n1;600,00 €\n")


def test_a_run_folder_is_its_own_optimum(small: Path) -> None:
    scenario = load_scenario(small / "petit.yaml")
    run = write_run(solve(scenario), small / "runs")
    found = tnt.audit(scenario, run).result
    assert (dump_document(found.data)["broken"], dump_document(found.data)["swaps"]) == ([], [])
    assert dump_document(found.data)["objective"][0]["loss"] == "0"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nom,montant\na,1\n", "selection-columns"),
        ("dossier,granted\n1,beaucoup\n", "selection-amount"),
        ("dossier,funded\n1,peut-être\n", "selection-status"),
    ],
)
def test_a_list_that_cannot_be_read(small: Path, text: str, code: str) -> None:
    with pytest.raises(DataError) as error:
        of_list(small, text)
    assert [defect.code for defect in error.value.defects_found()] == [code]


def test_no_such_list(small: Path) -> None:
    with pytest.raises(UsageError):
        tnt.audit(load_scenario(small / "petit.yaml"), small / "rien.csv")
    with pytest.raises(UsageError):
        tnt.audit(load_scenario(small / "petit.yaml"), small)


@pytest.mark.parametrize(("lang", "words"), [("en", "is already in row 2"), ("fr", "est déjà à la ligne 2")])
def test_findings_are_in_the_language_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str, words: str
) -> None:
    folder = tmp_path / "demo"
    assert main(["new", str(folder)]) == 0
    (folder / "liste.csv").write_text("dossier\nE-01\nE-01\n", encoding="utf-8")
    capsys.readouterr()
    command = ["audit", str(folder / "scenario.yaml"), "--selection", str(folder / "liste.csv"), "--json"]
    assert main([*command, "--lang", lang]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["selection"]["findings"]
    assert words in finding["message"]
