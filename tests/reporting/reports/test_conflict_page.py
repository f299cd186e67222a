"""The pages of `conflict` and `rule-prices`: their pictures have the figures of their tables, and name no id."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from support.report_nodes import iterate_nodes

import tnt_sim as tnt
from tnt_sim.analysis.infeasibility.document import EasedHead
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.reporting.charts.bars import GapBar, GapBars
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.report_tree import NARROW, WIDE, Callout, Chart, Output, Section, Table
from tnt_sim.reporting.reports.conflict_picture import list_member_gaps
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report

CONFLICT = load_study("conflict")

TABLE = """dossier,title,envelope,requested,cost,score,population
D1,École,gauche-id,200,300,12,400
D2,Pont,gauche-id,300,400,9,60
D3,Piste,droite-id,250,300,14,900
D4,Mairie,droite-id,150,200,20,80
D5,Gare,gauche-id,120,200,3,500
"""
SCENARIO = """schema_version: 1
id: essai-id
title: Essai
programme:
  id: racine-id
  title: Le programme
  amount: 700 €
  envelopes:
    - {id: gauche-id, title: La gauche, amount: 400 €}
    - {id: droite-id, title: La droite, amount: 300 €}
dossiers: [{file: d.csv}]
measures:
  merite-id: {title: Le mérite, column: score}
rules:
  - {id: petits-id, title: Les petits, kind: limit, measure: granted, where: {population: {max: 100}}, MINE}
objective: [{maximise: {merite-id: 1}}]
"""
IDS = ("essai-id", "racine-id", "gauche-id", "droite-id", "petits-id", "grands-id", "merite-id")
BIG = (
    "{id: grands-id, title: Les grands, kind: limit, measure: granted, "
    "where: {population: {min: 300}}, max: 450 €}"
)
COSTLY, FREE, CLASHING, MANY = "max: 100 €", "max: 7000 €", "min: 460 €", "min: 2"


def load(folder: Path, bounds: str) -> tnt.Scenario:
    text = SCENARIO.replace("MINE", bounds)
    if bounds == MANY:
        text = text.replace("measure: granted", "measure: dossiers").replace("amount: 300 €", "amount: 100 €")
        text = text.replace("amount: 700 €", "amount: 500 €")
    if bounds == COSTLY:
        text = text.replace("objective:", f"  - {BIG}\nobjective:")
    if bounds == FREE:
        text = re.sub(r"amount: (\d)00 €", r"amount: \g<1>000 €", text)
    (folder / "d.csv").write_text(TABLE, encoding="utf-8")
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return tnt.Scenario.from_yaml(folder / "s.yaml")


def read_text(page: str, *, with_commands: bool = True) -> str:
    inner = page[page.index("<main>") : page.rindex('<dl class="sources"')]
    alts = " ".join(re.findall(r'aria-label="([^"]*)"', inner))
    text = unescape(re.sub(r"<[^>]+>", " ", inner) + alts)
    return text if with_commands else re.sub(r'--set \S+="[^"]*"', "", text)


@pytest.mark.parametrize("bounds", [CLASHING, MANY])
def test_gaps_are_those_of_the_repairs(tmp_path: Path, bounds: str) -> None:
    document = tnt.conflict(load(tmp_path, bounds)).data
    assert document.status == "infeasible"
    gaps = list_member_gaps(document.sets[0], document.repairs)
    assert gaps
    alone = [
        action
        for repair in document.repairs
        for action in repair.actions
        if len(repair.actions) == 1 and isinstance(action, EasedHead)
    ]
    n_changed = 0
    for gap in gaps:
        own = [one for one in alone if (one.kind, one.id) == (gap.member.kind, gap.member.id)]
        if gap.is_money and own:
            n_changed += 1
            assert gap.change in [(1 if one.do == "raise" else -1) * (one.by_cents or 0) for one in own]
            assert gap.size in [one.from_cents for one in own]
            assert gap.size + gap.change in [one.to_cents for one in own]
    assert n_changed
    chart = next(
        node for node in iterate_nodes(build_report(CONFLICT, document).nodes) if isinstance(node, Chart)
    )
    for width in (WIDE, NARROW):
        svg = unescape(chart.draw(Lang.FR, width))
        for gap in gaps:
            if gap.is_money:
                assert format_amount(round(gap.size), Lang.FR) in svg
                if gap.change:
                    assert format_amount(round(abs(gap.change)), Lang.FR) in svg


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("bounds", [CLASHING, MANY])
def test_a_conflict_page_has_no_id_beside_its_commands(tmp_path: Path, lang: Lang, bounds: str) -> None:
    document = tnt.conflict(load(tmp_path, bounds)).data
    page = render_report_html(build_report(CONFLICT, document), lang)
    text = read_text(page, with_commands=False)
    assert not [name for name in IDS if name in text]
    assert not set("`{}[]") & set(text)
    assert "optim" not in text.lower()
    assert "--set " in read_text(page)
    cents = [repair.cents for repair in document.repairs]
    assert cents == sorted(cents)


def test_what_is_possible_has_no_picture(tmp_path: Path) -> None:
    document = tnt.conflict(load(tmp_path, FREE)).data
    assert document.status == "feasible"
    assert not any(isinstance(node, Chart) for node in iterate_nodes(build_report(CONFLICT, document).nodes))


def test_gap_bars_stand_on_zero_on_a_scale_of_their_panel() -> None:
    money = [
        GapBar("a", 100.0, 150.0, Mark.RANGE, "1 €"),
        GapBar("b" * 90, 200.0, 50.0, Mark.COMMITTED, "2 €"),
    ]
    number = [GapBar("n", 3.0, None, Mark.COMMITTED, "3")]
    for width in (WIDE, NARROW):
        svg = GapBars([("€", money), ("n", number)], [(Mark.LOSS, "gap")]).draw("alt", Lang.FR, width)
        rects = re.findall(
            r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="16.0" class="([\w-]+)"', svg
        )
        full = [(float(x), float(size)) for x, size, mark in rects if mark in ("range", "committed")]
        assert [x for x, _size in full] == [0.0, 0.0, 0.0]
        assert full[1][1] == pytest.approx(2 * full[0][1], abs=0.2)
        assert full[2][1] >= full[1][1]
        (up_x, up_size), (down_x, down_size) = [
            (float(x), float(size)) for x, size, mark in rects if mark == "loss-line"
        ]
        assert up_x == pytest.approx(full[0][1], abs=0.2)
        assert up_size == pytest.approx(full[0][1] / 2, abs=0.2)
        assert down_x == pytest.approx(full[1][1] / 4, abs=0.2)
        assert down_x + down_size == pytest.approx(full[1][1], abs=0.2)
        assert all(float(x) + float(size) <= width for x, size, _mark in rects)
    assert GapBars([("", [])], []).draw("alt", Lang.FR, WIDE) == ""


@pytest.mark.parametrize("lang", list(Lang))
def test_prices_say_first_which_costs_most(tmp_path: Path, lang: Lang) -> None:
    answer_of_prices = tnt.prices(load(tmp_path, COSTLY))
    report = answer_of_prices.build_report()
    told = [entry for entry in answer_of_prices.document["prices"] if entry["goal"]]
    dear = sorted(told, key=lambda entry: -float(entry["value"]))
    assert len(dear) >= 2
    (answer,) = report.answer
    assert isinstance(answer, Callout)
    page = render_report_html(report, lang)
    text = read_text(page)
    assert not [name for name in IDS if name in text]
    assert not set("`{}[]") & set(text)
    title = dear[0]["title"]
    assert title is not None
    assert title in answer.text.in_(lang)  # type: ignore[union-attr]
    for section in (node for node in report.nodes if isinstance(node, Section)):
        charts = [node for node in section.nodes if isinstance(node, Chart)]
        tables = [node for node in section.nodes if isinstance(node, Table) and node.outputs & Output.PAGE]
        for chart, table in zip(charts, tables, strict=False):
            svg = unescape(chart.draw(lang, WIDE))
            assert len(set(re.findall(r'<rect x="([\d.]+)"', svg))) == 1
            for figure in table.columns[1].format_values(lang, range(table.n_rows)):
                assert figure in svg


def test_what_costs_nothing_says_so(tmp_path: Path) -> None:
    report = tnt.prices(load(tmp_path, FREE)).build_report()
    assert [node.text.en for node in report.answer] == ["No rule, no fence and no decision costs anything."]  # type: ignore[union-attr]
    assert not any(isinstance(node, Chart) for node in iterate_nodes(report.nodes))
