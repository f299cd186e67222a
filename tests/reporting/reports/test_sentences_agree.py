"""Sentences that cannot contradict each other: every printed number of one screen against the tables behind it.

Drawn answers of the questions on money, impossible, falling, flat and single ones among them, are checked without
patterns (`support/printed/agreement.py`). Of some scenarios the printed pages of `run`, `explain`, `sweep`,
`entries` and `next` are read back in both languages. Each sentence is matched by a pattern with typed fields and
its numbers are counted again, in integers, from the table of dossiers, the tree of envelopes and the lists. A
sentence that no pattern knows fails: who writes one says what it claims in `told_run.py`, `told_explanation.py` or
`told_sweep.py`.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.lanes import Lane, seeds
from support.paths import ROOT
from support.printed.agreement import check_agreement
from support.printed.explanation import check_explanation
from support.printed.facts import Facts
from support.printed.run import check_run
from support.printed.sweep import amounts_agree, check_entries, check_next, check_sweep

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import ExplanationResult, explain
from tnt_sim.analysis.extend.document import ExtendDocument
from tnt_sim.analysis.extend.document import build_document as build_extend_document
from tnt_sim.analysis.extend.search import extend_of
from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.cli.main import main
from tnt_sim.documents import dump_document
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError, NothingDecided, ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import Report
from tnt_sim.reporting.reports.sweep import build_report as sweep_report
from tnt_sim.scenario.load import load_scenario, with_amounts
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report as build_study_report

FROZEN = ROOT / "tests/support/data/tnt-2021-3206/scenario.yaml"
SHIPPED = ROOT / "scenarios/tnt-2021.yaml"
MOTIFS = ROOT / "scenarios/motifs.yaml"
SMALL = 100


def slow(*names: str) -> list[Any]:
    """Scenarios of which a question takes minutes on a busy machine."""
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.fixture(scope="module", params=["demo", "frozen", *slow("motifs", "shipped")])
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """One decision for each scenario, with the rule that each reason names beside it."""
    files = {"motifs": MOTIFS, "frozen": FROZEN, "shipped": SHIPPED}
    file = files.get(request.param)
    if file is None:
        folder = tmp_path_factory.mktemp("demo")
        assert main(["new", str(folder / "demo")]) == 0
        file = folder / "demo" / "scenario.yaml"
    return Facts(solve(load_scenario(file)))


@pytest.mark.parametrize("lang", list(Lang))
def test_the_page_of_a_run(facts: Facts, lang: Lang) -> None:
    assert {"head", "envelopes", "unspent", "rules", "goals", "reasons"} <= check_run(facts, lang)


@pytest.fixture(scope="module")
def explained(facts: Facts) -> ExplanationResult:
    """The explanation of every dossier of a small scenario; of a large one its reasons, rules and "
    "reserve list."""
    names = list(facts.rows) if len(facts.rows) <= SMALL else []
    return explain(of_result(facts.result), names)


@pytest.mark.parametrize("lang", list(Lang))
def test_the_page_of_an_explanation(facts: Facts, explained: ExplanationResult, lang: Lang) -> None:
    read = check_explanation(facts, explained.data, lang)
    if facts.result.problem.scenario.id == "exemple":
        assert {"outranked_barred", "displaced", "rule", "ineligible"} <= read
    if facts.result.problem.scenario.id == "motifs":
        assert len(read) >= 17


@pytest.mark.parametrize("facts", slow("shipped"), indirect=True)
def test_one_dossier_for_each_reason(facts: Facts) -> None:
    """On a large scenario too, with every smallest change; both languages of one answer."""
    chosen: dict[str, str] = {}
    for name, row in facts.rows.items():
        chosen.setdefault(row["reason_code"], name)
    document = explain(of_result(facts.result), list(chosen.values())).data
    for lang in Lang:
        assert check_explanation(facts, document, lang)


def swept_pages(facts: Facts, low: str, high: str) -> None:
    scenario = facts.result.problem.scenario
    swept = tnt.sweep(scenario, start=low, stop=high, steps=3)
    last = Facts(solve(with_amounts(scenario, {next(iter(facts.envelopes)): swept.document["to_cents"]})))
    for lang in Lang:
        mine = lang.value == scenario.spec.locale
        # the sentences of a document are in the scenario's language: their numbers are read there
        told = swept.data if mine else replace(swept.data, unspent=())
        assert {"free", "nested", "meaning"} <= check_sweep(facts, last, told, swept, lang)


@pytest.mark.parametrize("facts", ["demo", *slow("motifs", "frozen")], indirect=True)
def test_the_pages_of_a_sweep_entries_and_the_next_euro(facts: Facts, explained: ExplanationResult) -> None:
    """Three questions on money at once: each page by itself, and one amount for one dossier on all of them."""
    root = facts.envelopes[next(iter(facts.envelopes))]["amount_cents"]
    low, high = f"{root // 100} €", f"{root * 12 // 1000} €"
    swept_pages(facts, low, high)
    scenario = facts.result.problem.scenario
    entries = tnt.entries(scenario, start=low, stop=high)
    following = tnt.next_euro(scenario, envelopes=[next(iter(facts.envelopes))])
    for lang in Lang:
        check_entries(facts, entries, lang)
        check_next(facts, following, lang)
    amounts_agree(facts, explained.document, entries.document, following.document)


@pytest.mark.parametrize("facts", slow("shipped"), indirect=True)
def test_the_pages_of_the_flagship_s_questions_on_money(facts: Facts) -> None:
    """A sweep, the next euro, and the entries as far as 10 seconds go: all of them take minutes."""
    top = next(iter(facts.envelopes))
    root = facts.envelopes[top]["amount_cents"]
    swept_pages(facts, f"{root // 100} €", f"{root * 12 // 1000} €")
    scenario = facts.result.problem.scenario
    following = tnt.next_euro(scenario, envelopes=[top], rules=[])
    stop = f"{root // 100 + 20_000} €"
    entries = tnt.entries(scenario, start=f"{root // 100} €", stop=stop, time_limit=10)
    for lang in Lang:
        check_next(facts, following, lang)
        check_entries(facts, entries, lang)


TABLE = "dossier,envelope,requested,score,g\n"


def write_programme(folder: Path, seed: int) -> ScenarioData:
    """Draw a programme of two envelopes: floors that grow with the money, relations, caps and decisions."""
    chance = random.Random(seed)
    rows = [
        f"{name},{chance.choice('ab')},{chance.choice((50, 100, 100, 150, 200))},"
        f"{chance.choice((0, 1, 5, 10, 10))},{chance.choice('XY')}"
        for name in "ABCDEF"[: chance.randint(3, 6)]
    ]
    rules = [
        "{id: floor, kind: limit, measure: granted, where: {g: Y}, "
        f"min: {{share: {chance.choice((20, 50, 60))} %, of_amount: p}}}}",
        "{id: either, kind: exclusive, dossiers: [A, C], max: 1}",
        f"{{id: cap, kind: limit, measure: granted, by: g, max: {chance.choice((150, 200, 300))} €}}",
        f"{{id: kept, kind: decide, {chance.choice(('fund', 'refuse'))}: [B]}}",
        f"{{id: few, kind: limit, measure: dossiers, max: {chance.randint(1, 3)}}}",
    ]
    chosen = chance.sample(rules, chance.randint(0, 3))
    (folder / "d.csv").write_text(TABLE + "\n".join(rows) + "\n", encoding="utf-8")
    envelopes = (
        "[{id: a, amount: 100 €}, {id: b, amount: 100 €}]" if chance.random() < 0.6 else "[{id: a}, {id: b}]"
    )
    amount = chance.choice((200, 200, 300))
    text = (
        f"schema_version: 1\nid: t\nprogramme: {{id: p, amount: {amount} €, envelopes: {envelopes}}}\n"
        "dossiers: [{file: d.csv}]\ngrants: [{mode: all_or_nothing}]\n"
        f"objective: [{{maximise: {{{chance.choice(('score', 'score', 'granted'))}: 1}}}}, "
        "{maximise: {dossiers: 1}}]\n"
        + ("rules:\n" + "".join(f"  - {rule}\n" for rule in chosen) if chosen else "")
    )
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "s.yaml")


def iterate_answers(scenario: ScenarioData) -> Iterator[tuple[Report, Any]]:
    """Yield the reports of a comparison and of every question on money, each with its document."""
    asked: list[Callable[[], Any]] = [
        lambda: tnt.sweep(scenario, start="200 €", stop="600 €", steps=4),
        lambda: tnt.sweep(scenario, start="200 €", stop="300 €", steps=1),
        lambda: conflict(scenario),
        lambda: tnt.entries(scenario, stop="150 %"),
        lambda: tnt.prices(scenario),
        lambda: build_extend_document(extend_of(scenario, ["120 %", "200 %"]), Lang.EN),
    ]
    builders: Sequence[Callable[[Any], Report]]
    entry_report, price_report, extend_report, conflict_report = (
        partial(build_study_report, load_study(verb))
        for verb in ("entry-thresholds", "rule-prices", "extend", "conflict")
    )
    builders = (sweep_report, sweep_report, conflict_report, entry_report, price_report, extend_report)
    for ask, build in zip(asked, builders, strict=True):
        try:
            answer = ask()
        except (ScenarioError, NothingDecided, UsageError):
            continue
        data = answer if isinstance(answer, ExtendDocument) else answer.data
        yield build(data), dump_document(data)
    with suppress(InputError, NothingDecided):
        compared = tnt.compare(scenario, with_amounts(scenario, {"p": 260_00}))
        yield compared.build_report(), compared.summary()


AMOUNTS = {
    "single": ["300 €"],
    "impossible": ["100 €"],
    "flat": ["900 €", "950 €"],
    "falling": ["400 €", "200 €", "100 €"],
}
"""Amounts of a programme whose lists are one, none, equal, and shorter down to none."""


@pytest.mark.drawn
@pytest.mark.parametrize("shape", AMOUNTS)
def test_sentences_of_a_drawn_batch_stand_in_its_table(shape: str, tmp_path: Path) -> None:
    """Each case counts as done, failed or without a list; names, errors and the store are quoted as they stand."""
    met = Counter[str]()
    for seed in range(6) if Lane.slow else range(1):
        scenario = tnt.Scenario.from_yaml(write_programme(tmp_path, seed).path)
        found = tnt.batch(
            scenario,
            tmp_path / f"{shape}{seed}",
            matrix={"programme.amount": AMOUNTS[shape]},
            executor="serial",
        )
        document = found.summary()
        rows = document["runs"]
        assert len(rows) == document["n_done"] == len(AMOUNTS[shape])
        assert document["n_failed"] == sum(row["status"] == "error" for row in rows)
        quoted = " ".join(
            [document["store"], *(f"{row['name']} {row['error']} {row['changes']}" for row in rows)]
        )
        figures = [Fraction(one.replace(",", "")) for one in re.findall(r"\d[\d,]*(?:\.\d+)?", quoted)]
        met.update(check_agreement(found.build_report(), document, figures))
        values = [row["values"] for row in rows if None not in (row["values"] or [None])]
        assert shape != "flat" or len({str(one) for one in values}) <= 1
        assert len(values) == sum(row["status"] not in ("error", "infeasible") for row in rows)
    assert met


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 60, 6), 2))
def test_sentences_of_drawn_answers_stand_in_their_tables(first: int, tmp_path: Path) -> None:
    met = Counter[str]()
    for seed in range(first, first + 6):
        for report, document in iterate_answers(write_programme(tmp_path, seed)):
            met.update(check_agreement(report, document))
    assert met
