"""The page of `audit`: the lines of its picture are the rows of its table, in one envelope, and it names no id."""

from __future__ import annotations

import random
import re
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from support.report_nodes import iterate_nodes

import tnt_sim as tnt
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.report_tree import NARROW, WIDE, Callout, Chart, Section, Table
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.studies.study_answer import QuestionAnswer

SCENARIO = """schema_version: 1
id: essai-id
title: Essai
programme:
  id: racine-id
  title: Le programme
  amount: 900 €
  envelopes:
    - {id: gauche-id, title: La gauche, amount: 500 €}
    - {id: droite-id, title: La droite, amount: 400 €}
dossiers: [{file: d.csv}]
measures:
  merite-id: {title: Le mérite, column: score}
eligibility:
  - {id: taille-id, require: {population: {min: 50}}, reason: Moins de cinquante habitants}
rules:
  - {id: petits-id, title: Les petits, kind: limit, measure: granted, where: {population: {max: 100}}, max: 100 €}
objective: [{maximise: {merite-id: 1}}]
"""
IDS = ("essai-id", "racine-id", "gauche-id", "droite-id", "taille-id", "petits-id", "merite-id")


def make_audit(folder: Path, seed: int) -> QuestionAnswer:
    chance = random.Random(seed)
    rows = [
        f"D{k},Projet {k},{chance.choice(('gauche-id', 'droite-id'))},{chance.randint(40, 220)},900,"
        f"{chance.randint(1, 20)},{chance.choice((20, 80, 500))}"
        for k in range(14)
    ]
    head = "dossier,title,envelope,requested,cost,score,population\n"
    (folder / "d.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    chosen = chance.sample(range(14), 5)
    (folder / "l.csv").write_text("dossier\n" + "".join(f"D{k}\n" for k in chosen), encoding="utf-8")
    return tnt.audit(tnt.Scenario.from_yaml(folder / "s.yaml"), folder / "l.csv")


@pytest.mark.parametrize("seed", range(5))
def test_lines_are_the_rows_of_the_table(tmp_path: Path, seed: int) -> None:
    audit = make_audit(tmp_path, seed)
    page = audit.build_report().page
    section = next(node for node in page if isinstance(node, Section))
    chart = next(node for node in section.nodes if isinstance(node, Chart))
    tables = [node for node in section.nodes if isinstance(node, Table)]
    inversions = audit.data.inversions
    assert inversions is not None
    n_rows = tables[0].n_rows if tables else 0
    for width in (WIDE, NARROW):
        svg = chart.draw(Lang.FR, width)
        lines = re.findall(r'<path d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+"[^>]*class="loss-line"', svg)
        assert len(lines) == n_rows + bool(n_rows)
    listed = [name for table in tables for name in table.columns[0].values]
    assert sorted(name.split()[0] for name in listed) == sorted(  # type: ignore[union-attr]
        pair.better.dossier for pair in inversions.refused
    )
    dossiers = DecidedDossiers.of_list(audit.result.problem, audit.result.allocation)
    counts = dossiers.table.group_by("mark").len()
    assert set(counts["mark"]) <= {Mark.GRANTED, Mark.WAITING, Mark.INELIGIBLE}
    in_list = counts.filter(pl.col("mark") == Mark.GRANTED)["len"].sum()
    assert in_list == audit.data.selection.n_funded
    for pair in inversions.refused:
        better, worse = (dossiers.get_dossier(side.dossier) for side in (pair.better, pair.worse))
        assert better.value is not None
        assert worse.value is not None
        assert better.value > worse.value
        assert better.node == worse.node
        assert (better.mark, worse.mark) == (Mark.WAITING, Mark.GRANTED)


@pytest.mark.parametrize("lang", list(Lang))
def test_a_page_answers_first_and_names_no_id(tmp_path: Path, lang: Lang) -> None:
    n_drawn = 0
    for seed in range(3):
        report = make_audit(tmp_path, seed).build_report()
        assert isinstance(report.page[0], Callout)
        page = render_report_html(report, lang)
        inner = page[page.index("<main>") : page.rindex('<dl class="sources"')]
        text = unescape(re.sub(r"<[^>]+>", " ", inner) + " ".join(re.findall(r'aria-label="([^"]*)"', inner)))
        assert not [name for name in IDS if name in text]
        assert not set("`{}[]") & set(text)
        assert "Le mérite" in text
        n_drawn += page.count("<svg")
        assert not any(isinstance(node, Chart) for node in iterate_nodes(report.nodes))
    assert n_drawn == 6


def test_without_a_single_score_there_is_no_picture(tmp_path: Path) -> None:
    make_audit(tmp_path, 0)
    both = SCENARIO.replace("{merite-id: 1}", "{population: 1}")
    (tmp_path / "s.yaml").write_text(both, encoding="utf-8")
    audit = tnt.audit(tnt.Scenario.from_yaml(tmp_path / "s.yaml"), tmp_path / "l.csv")
    assert audit.data.inversions is None
    assert "inversions" not in audit.document
    assert not any(isinstance(node, Chart) for node in iterate_nodes(audit.build_report().page))
