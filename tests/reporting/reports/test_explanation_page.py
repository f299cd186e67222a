"""The page of `explain`: its picture has the figures of its table, all dossiers of the envelope, and no ids."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from support.report_nodes import iterate_nodes

import tnt_sim as tnt
from tnt_sim.analysis.explain.document import ExplainedDossier
from tnt_sim.analysis.explain.explanation import ExplanationResult, explain
from tnt_sim.analysis.explain.sentences import BRIEF, SENTENCES
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.cli.main import main
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount, format_decimal
from tnt_sim.reporting.charts.margin_scatter import (
    CROWD,
    MOST_NAMED_POINTS,
    Scatter,
    ScatterArrow,
    ScatterPoint,
    ScatterWords,
)
from tnt_sim.reporting.charts.svg import TEXT_SIZE
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.report_tree import NARROW, WIDE, Chart, Section, Table
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import find_node
from tnt_sim.reporting.reports.explanation import build_report as build_terminal_report
from tnt_sim.reporting.reports.explanation_page import MOST_OPEN, MOST_PICTURED, build_report, describe_entry
from tnt_sim.scenario.load import load_scenario

HEAD = "dossier,title,envelope,requested,cost,score,population,committed\n"
SCENARIO = """schema_version: 1
id: essai-id
title: Essai
programme:
  id: racine-id
  title: Le programme
  amount: 900 €
  envelopes:
    - {id: gauche-id, title: La gauche, amount: 500 €}
    - {id: droite-id, title: La droite, amount: 400 €, max_dossiers: 2}
dossiers: [{file: d.csv}]
eligibility:
  - {id: taille-id, require: {population: {min: 50}}, reason: Moins de cinquante habitants}
rules:
  - {id: petits-id, title: Les petits, kind: limit, measure: granted, where: {population: {max: 100}}, max: 250 €}
objective: [{maximise: {score: 1}}]
"""
IDS = ("essai-id", "racine-id", "gauche-id", "droite-id", "taille-id", "petits-id")


def make_explanation(folder: Path, seed: int, names: tuple[str, ...] | None = None) -> ExplanationResult:
    """Draw a table, decide it and explain some or all of its applications."""
    chance = random.Random(seed)
    rows = [
        f"D{k},Projet {k},{chance.choice(('gauche-id', 'droite-id'))},{chance.randint(40, 220)},900,"
        f"{chance.randint(1, 20)},{chance.choice((20, 80, 500))},{'60' if k == 0 else ''}"
        for k in range(12)
    ]
    folder.mkdir(exist_ok=True)
    (folder / "d.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    decided = of_result(solve(load_scenario(folder / "s.yaml"), cross_check="never"))
    return explain(decided, names or decided.numbers.to_list())


def find_section(explanation: ExplanationResult, entry: ExplainedDossier) -> Section:
    page = build_report(explanation.data, explanation.decided).page
    number = [one.dossier for one in explanation.data.dossiers].index(entry.dossier)
    sections = [node for node in page if isinstance(node, Section) and not node.annex]
    return sections[number]


def read_text(page: str) -> str:
    """Return what a reader sees of a page, without its sources."""
    inner = page[page.index("<main>") : page.rindex('<dl class="sources"')]
    alts = " ".join(re.findall(r'aria-label="([^"]*)"', inner))
    return unescape(re.sub(r"<[^>]+>", " ", inner) + alts)


def count_signs(svg: str, mark: Mark) -> int:
    """Return the places of a mark in a picture, without the one of its legend."""
    return sum(path.count("M") for path in re.findall(rf'd="([^"]*)" class="{mark}-line"', svg)) - 1


@pytest.mark.parametrize("seed", range(4))
def test_the_picture_has_every_dossier_of_the_envelope(tmp_path: Path, seed: int) -> None:
    explanation = make_explanation(tmp_path, seed)
    dossiers = DecidedDossiers.of_decision(explanation.decided)
    n_pictures = 0
    for entry in explanation.data.dossiers:
        charts = [node for node in find_section(explanation, entry).nodes if isinstance(node, Chart)]
        if not charts:
            continue
        n_pictures += 1
        node = find_node(dossiers, entry)
        end = int(dossiers.problem.case.tree.end[node])
        inside = dossiers.table.filter(pl.col("node").is_between(node, end - 1))
        counts = dict(inside.group_by("mark").len().iter_rows())
        for width in (WIDE, NARROW):
            svg = charts[0].draw(Lang.EN, width)
            assert {mark: count_signs(svg, mark) for mark in Mark if mark in counts} == counts
            assert len(re.findall(r"<circle [^>]*r=\"9\"", svg)) == 1
            assert f">{entry.dossier}</text>" in svg
            ElementTree.fromstring(svg)
    assert n_pictures >= len(explanation.data.dossiers) - 2


@pytest.mark.parametrize("seed", range(4))
def test_arrows_are_the_figures_of_the_table(tmp_path: Path, seed: int) -> None:
    explanation = make_explanation(tmp_path, seed)
    n_arrows = 0
    for entry in explanation.data.dossiers:
        section = find_section(explanation, entry)
        charts = [node for node in section.nodes if isinstance(node, Chart)]
        exact = [one for one in entry.changes if one.status == "exact" and one.kind in ("score", "grant")]
        if not charts:
            continue
        svg = charts[0].draw(Lang.FR, WIDE)
        assert len(re.findall(r'<path [^>]*class="gain"', svg)) == len(exact) + bool(exact)
        tables = [node for node in section.nodes if isinstance(node, Table)]
        rows = {
            (now, needed)
            for table in tables[:1]
            for now, needed in zip(
                *(table.columns[k].format_values(Lang.FR, range(table.n_rows)) for k in (1, 2)), strict=True
            )
        }
        for change in exact:
            n_arrows += 1
            if change.kind == "grant":
                pair = tuple(format_amount(cents, Lang.FR) for cents in (change.from_cents, change.to_cents))
            else:
                pair = tuple(format_decimal(text, Lang.FR) for text in (change.from_, change.to))
            assert pair in rows
            assert f">{pair[1]}</text>" in svg
    assert n_arrows


@pytest.mark.parametrize("lang", list(Lang))
def test_a_page_names_no_id(tmp_path: Path, lang: Lang) -> None:
    for seed in range(3):
        explanation = make_explanation(tmp_path, seed)
        text = read_text(render_report_html(build_report(explanation.data, explanation.decided), lang))
        assert not [name for name in IDS if name in text]
        assert not set("`{}[]") & set(text)
        assert "La gauche" in text


def test_the_answer_comes_first_and_says_what_is_decided(tmp_path: Path) -> None:
    explanation = make_explanation(tmp_path, 1)
    dossiers = DecidedDossiers.of_decision(explanation.decided)
    for entry in explanation.data.dossiers:
        words = describe_entry(dossiers, entry).en
        assert words.startswith(f'"Projet {entry.dossier[1:]}" ({entry.dossier})')
        mark = dossiers.get_dossier(entry.dossier).mark
        said = {
            Mark.GRANTED: " is funded for ",
            Mark.COMMITTED: " is already committed for ",
            Mark.WAITING: " is not selected",
            Mark.REFUSED: " is excluded",
            Mark.INELIGIBLE: " is not eligible",
        }[mark]
        assert said in words
        if entry.funded:
            assert format_amount(entry.granted_cents, Lang.EN) in words


def test_every_reason_has_a_short_sentence_with_the_same_fields() -> None:
    assert BRIEF.keys() == SENTENCES.keys()
    for text in BRIEF.values():
        assert text.en.startswith("{name}")
        assert text.fr.startswith("{name}")
        assert re.findall(r"{\w+}", text.en).__len__() == re.findall(r"{\w+}", text.fr).__len__()


def test_many_dossiers_are_folded_with_every_one_named(tmp_path: Path) -> None:
    few = make_explanation(tmp_path, 2, ("D1", "D2", "D3", "D4"))
    page = render_report_html(build_report(few.data, few.decided), Lang.EN)
    assert page.count("<figure>") == 4
    assert page.count('<details class="annex">') >= 4 - MOST_OPEN
    whole = explain(few.decided, everyone=True)
    entries = whole.data.dossiers
    assert len(entries) <= MOST_PICTURED
    many = [*entries, *entries[:1]]
    listed = build_report(replace(whole.data, dossiers=many), whole.decided)
    text = read_text(render_report_html(listed, Lang.EN))
    for entry in entries:
        assert entry.dossier in text
    assert "Why, application by application" in text


def test_the_command_and_python_write_the_same_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_explanation(tmp_path, 3)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    assert main(["run", "s.yaml", "--out", "runs", "--quiet"]) == 0
    (folder,) = (tmp_path / "runs").glob("*-*")
    assert main(["explain", str(folder), "D1", "D2", "--out", "why.html", "--quiet", "--lang", "en"]) == 0
    result = tnt.Scenario.from_yaml("s.yaml").solve()
    result.explain("D1", "D2").to_html("twin.html", "en")
    command, twin = (
        re.sub(r"<head>.*</head>", "", Path(name).read_text(encoding="utf-8"), flags=re.DOTALL)
        for name in ("why.html", "twin.html")
    )
    assert "<svg" in command
    assert command == twin


@pytest.mark.parametrize("n", [3, MOST_NAMED_POINTS + 1, CROWD + 1])
def test_a_scatter_keeps_all_in_its_frame(n: int) -> None:
    chance = random.Random(n)
    points = [
        ScatterPoint(
            str(k),
            chance.randint(1, 10**7),
            chance.uniform(0, 50),
            chance.choice((Mark.GRANTED, Mark.WAITING)),
        )
        for k in range(n)
    ]
    points.append(ScatterPoint("E-01", 10**9, 60.0, Mark.WAITING, "x", "E-01"))
    arrow = ScatterArrow((float(points[0].cents), points[0].value), (1.0, 70.0), "70")
    words = ScatterWords(
        "montant", "note", {Mark.GRANTED: "retenu", Mark.WAITING: "attend"}, "marge", "flèche"
    )
    for width in (WIDE, NARROW):
        svg = Scatter(points, words, 1e-6, [arrow], (), 10**7).draw("alt", Lang.FR, width)
        root = ElementTree.fromstring(svg)
        height = float(root.attrib["height"])
        places = re.findall(r"M([\d.-]+) ([\d.-]+)", svg)
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in places)
        assert sum(count_signs(svg, mark) for mark in (Mark.GRANTED, Mark.WAITING)) == len(points)
        assert root.attrib["font-size"] == str(TEXT_SIZE)
    assert Scatter([], words).draw("alt", Lang.FR, WIDE) == ""


def test_the_page_is_a_section_per_table(tmp_path: Path) -> None:
    explanation = make_explanation(tmp_path, 4)
    report = build_report(explanation.data, explanation.decided)
    assert report.nodes
    assert not any(isinstance(node, Chart) for node in iterate_nodes(report.nodes))
    assert build_terminal_report(explanation.data).page == ()
