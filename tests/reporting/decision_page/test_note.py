"""The decision note: its sums are those of the run, its sentences agree with its tables, without any code."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from support.run_folders.awkward_run import make_run

from tnt_sim.analysis.equity.list_equity import compute_equity
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_run
from tnt_sim.domain.territory import load_territory
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import (
    format_amounts,
    format_integer,
    format_rate,
    format_rounded,
    format_short_amount,
)
from tnt_sim.reporting.charts.margin_scatter import choose_ticks
from tnt_sim.reporting.charts.money_bars import MoneyBar, draw_money
from tnt_sim.reporting.decision_page.note_sections import build_regions, describe_territories
from tnt_sim.reporting.decision_page.note_sentences import build_sentences, shorten_titles
from tnt_sim.reporting.decision_page.outcomes import (
    CLOSED,
    MoneyRow,
    Outcome,
    build_outcomes,
    list_unspent,
    select_rows,
)
from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html
from tnt_sim.reporting.decision_page.page_rows import format_per_head, select_shared_bounds
from tnt_sim.reporting.decision_page.subtotals import Tally
from tnt_sim.reporting.reports.equity import describe_size_heads, round_per_head

HEADS = load_territory(2021).get_population("department")
DEEP = """\
schema_version: 1
id: profond
title: Programme profond
programme:
  id: p
  amount: 1 000 €
  envelopes:
    - id: a
      title: Axe A, le premier
      amount: 600 €
      envelopes:
        - {id: a1, amount: 200 €}
        - {id: a2, amount: 400 €}
    - {id: b, title: Axe B, amount: 400 €}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
rules:
  - id: rare
    title: Deux dossiers au plus dans l'axe A
    kind: limit
    measure: dossiers
    where: {envelope: [a1, a2]}
    max: 2
objective: [{maximise: {score: 1}}]
"""
TABLE = """\
dossier,envelope,title,applicant,state,requested,committed,score
A,a1,Route,Acoua,en_instruction,150,,9
B,a1,Pont,Bourg,en_instruction,120,,3
C,a2,École,Cuisy,en_instruction,300.55,,8
D,a2,Halle,Dole,refuse,80,,7
E,b,Piste,Évian,accepte,100,100,1
F,b,Quai,Foix,en_instruction,150,,6
G,b,Mur,Gap,en_instruction,250,,4
"""


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return open_stored(make_run(tmp_path_factory.mktemp("deep"), DEEP, TABLE))


def test_rows_are_sums_over_their_dossiers(deep: StoredRun, runs: list[StoredRun]) -> None:
    for run in (deep, *runs):
        rows = build_outcomes(run).rows
        ends = run.ends
        for k, row in enumerate(rows):
            cents, counts = [0] * 4, [0] * 4
            for dossier in run.table.iter_rows(named=True):
                node = dossier[NODE] or 0
                if not k <= node < ends[k]:
                    continue
                if dossier["funded"]:
                    kind = Outcome.FUNDED if dossier["committed_cents"] is None else Outcome.COMMITTED
                    amount = dossier["granted_cents"]
                else:
                    kind = Outcome.EXCLUDED if dossier["reason_code"] in CLOSED else Outcome.NOT_SELECTED
                    amount = dossier["requested_cents"] or 0
                cents[kind] += amount
                counts[kind] += 1
            assert (row.cents, row.counts) == (tuple(cents), tuple(counts))
            assert row.granted_cents == run.envelopes[k].granted_cents
            assert row.n_funded == run.envelopes[k].n_funded
        assert rows[0].left_cents == run.data.unspent_cents


def test_money_left_is_counted_once(deep: StoredRun, runs: list[StoredRun]) -> None:
    for run in (deep, *runs):
        outcomes = build_outcomes(run)
        assert sum(list_unspent(outcomes).values()) == outcomes.rows[0].left_cents
        displayed = select_rows(run, outcomes, Lang.FR)
        axes = [row for row in displayed if row.depth == 1]
        assert sum(row.granted_cents for row in axes) <= displayed[0].granted_cents
        assert sum(row.left_cents for row in axes) <= displayed[0].left_cents


@pytest.mark.parametrize("lang", Lang)
def test_sentences_agree_with_the_figures(deep: StoredRun, lang: Lang) -> None:
    explanation = explain(of_run(deep.folder), everyone=True, lang=lang).data
    outcomes = build_outcomes(deep, explanation)
    said = build_sentences(deep, outcomes, explanation)
    lead, total = said.lead.in_(lang), outcomes.rows[0]
    for cents in (deep.data.granted_cents, deep.data.amount_cents, deep.data.unspent_cents):
        assert format_short_amount(cents, lang) in lead
    for n in (total.n_funded, deep.data.n_dossiers):
        assert format_integer(n, lang) in lead
    assert format_integer(total.counts[Outcome.NOT_SELECTED], lang) in said.others.in_(lang)
    left = " ".join(text.in_(lang) for text in said.left)
    for cents in list_unspent(outcomes).values():
        assert format_short_amount(cents, lang) in left
    assert 1 <= len(said.decisions) <= 3
    sign = format_short_amount(total.cents[Outcome.FUNDED], lang)
    assert any(sign in text.in_(lang) for text in said.decisions)
    assert "rare" not in " ".join([lead, left, *(text.in_(lang) for text in said.decisions)])


def test_what_a_reader_sees_has_no_code(deep: StoredRun) -> None:
    explanation = explain(of_run(deep.folder), everyone=True, lang=Lang.EN).data
    text = render_report_html(deep, PageOptions(Lang.EN, explanation=explanation))
    shown = re.sub(r"<(style|script|details)\b.*?</\1>", " ", text[text.index("<body") :], flags=re.DOTALL)
    shown = re.sub(r"<details.*", " ", shown, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", re.sub(r"<(\w+)[^>]* lang=\"fr\"[^>]*>.*?</\1>", " ", shown))
    for sign in ("`", "{", "}", "tnt-sim ", ".yaml", "rare", "a1 ·", "--"):
        assert sign not in words, sign
    for heading in re.findall(r"<h[1-6][^>]*>(.*?)</h[1-6]>", text, flags=re.DOTALL):
        assert re.sub(r"<[^>]+>", "", heading).strip()


def test_bars_are_areas_on_one_scale() -> None:
    bars = [MoneyBar("p", 0, (0, 60, 20, 20, 0), "60"), MoneyBar("a", 1, (0, 30, 0, 0, 20), "30")]
    text = draw_money(bars, [(word, "1") for word in "abcde"], 720, "label", "x")
    widths = [
        float(width)
        for width, height in re.findall(
            r'class="m-(?!base)[a-z]+" x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="([\d.]+)"', text
        )
        if float(height) > 13
    ]
    scale = widths[0] / 60
    assert widths == pytest.approx([scale * cents for cents in (60, 20, 20, 30, 20)], abs=1.2)


def test_many_envelopes_are_few_rows(deep: StoredRun) -> None:
    rows = select_rows(deep, build_outcomes(deep), Lang.EN)
    assert [row.title for row in rows] == ["p", "Axe A, le premier", "a1", "a2", "Axe B"]
    assert all(isinstance(row, MoneyRow) for row in rows)


def test_titles_and_bounds_and_ticks() -> None:
    assert shorten_titles(["Axe 1, a", "Axe 1, b", "Axe 2 (c)"]) == ["Axe 1, a", "Axe 1, b", "Axe 2"]
    for values in ([30.0, 120.0, 700.0], [1.0], [0.0], [3.0, 4000.0, 90.0, 12.0]):
        bounds = select_shared_bounds(values)
        assert len(bounds) <= 5
        assert bounds == sorted(set(bounds))
        assert all(str(bound).strip("0.") in {"1", "2", "5"} for bound in bounds)
    for largest in (0.3, 1, 17.5, 130, 99_999):
        ticks = choose_ticks(largest)
        assert ticks[0] == 0
        assert ticks[-1] >= largest
        assert len(ticks) <= 7


def test_a_long_list_is_not_on_the_page(deep: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnt_sim.reporting.decision_page.page.MOST_ON_PAGE", 3)
    text = render_report_html(deep, PageOptions(Lang.EN))
    assert 'class="chunk"' not in text
    assert "The list of the 7 applications is not on this page" in text


def test_paper_has_the_note_and_its_annexes(deep: StoredRun, tmp_path: Path) -> None:
    text = render_report_html(deep, PageOptions(Lang.FR, paper=True))
    assert text.index('class="signature"') < text.index('id="annexes"')
    assert "<details" not in text
    assert "<script" not in text


def test_figures_per_head_are_rounded_one_way() -> None:
    tally = Tally(0, "01", "Ain", 200, 1, 1, 0, 4_500)
    assert format_per_head(tally, Lang.EN) == "€0.23", "22.5 cents are rounded as the script of the page does"
    other = Tally(1, "02", "Aisne", 100, 1, 1, 0, 100_000)
    finding = describe_territories([tally, other])
    assert finding is not None
    assert "€0.23" in finding.in_(Lang.EN)
    regions = build_regions([tally, other], Lang.EN, paper=True)
    assert regions is not None
    assert "€0.23" in regions.finding


@pytest.mark.parametrize("lang", Lang)
def test_the_note_has_an_annex_on_equity(runs: list[StoredRun], deep: StoredRun, lang: Lang) -> None:
    page = render_report_html(runs[0], PageOptions(lang))
    table = runs[0].table.filter(pl.col("department").is_in(list(HEADS)))
    money = dict(table.group_by("department").agg(pl.col("granted_cents").sum()).iter_rows())
    people, total = sum(HEADS[code] for code in money), sum(money.values())
    gaps = sum(abs(money[a] * HEADS[b] - money[b] * HEADS[a]) for a in money for b in money)
    index = format_rounded(float(Fraction(gaps, 2 * people * total)), lang, 2)
    annex = page[page.index('id="equity"') : page.index('id="departments"')]
    assert index in annex
    equity = compute_equity(runs[0].table, runs[0].spec)
    rates = [format_rate(entry.funded_share or Fraction(0), lang, decimals=1) for entry in equity.classes]
    assert all(f"<span>{rate}</span>" in annex for rate in rates)
    for dimension in equity.dimensions:
        heads = format_amounts([round_per_head(entry) for entry in equity.list_classes(dimension)], lang)
        assert all(f"<span>{text}</span>" in annex for text in heads)
    assert len(re.findall("<h4>", annex)) == len(equity.dimensions) + bool(equity.splits)
    assert annex.count("<svg") == 2 * (1 + (describe_size_heads(equity) is not None))
    elsewhere = render_report_html(deep, PageOptions(lang))
    assert "<svg" not in elsewhere[elsewhere.index('id="equity"') : elsewhere.index('id="sources"')]
