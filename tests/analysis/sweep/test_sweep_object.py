"""The Sweep object: tables, files, pictures; the amounts of a key; points kept on the disk."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from support.analysis_cases.sweeps import small

import tnt_sim as tnt
from tnt_sim.analysis.shared.amount_variation import AmountVariation, apportion_cents
from tnt_sim.analysis.sweep.envelope_point import Point, improve_by_previous
from tnt_sim.analysis.sweep.plan import list_amounts
from tnt_sim.engine.result import Proof, Status
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.picture_files import draw_picture_files
from tnt_sim.reporting.charts.theme import render_svg
from tnt_sim.reporting.report_tree import SYNTHETIC, write_words
from tnt_sim.reporting.reports.sweep_pictures import build_charts
from tnt_sim.studies.marginal_euro.answer import list_bars
from tnt_sim.values.answer_values import Interval
from tnt_sim.verify.allocation_reading import Allocation


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tnt.Sweep:
    case = small(7)
    scenario = case.scenario(tmp_path_factory.mktemp("sweep"))
    low, high = case.base / 100, (case.base + 24) / 100
    return tnt.sweep(scenario, "tout", f"{low:.2f} €", f"{high:.2f} €", steps=6)


def test_tables_hold_both_curves_and_every_envelope(told: tnt.Sweep) -> None:
    points = told.to_dataframe()
    assert points.height == 14
    assert set(points["curve"]) == {"free", "nested"}
    assert points.filter(pl.col("curve") == "free")["value_1"].cast(pl.Float64).is_sorted()
    envelopes = told.to_dataframe(table="envelopes")
    assert set(envelopes["id"]) == {"tout", "a", "b"}
    assert (
        envelopes["amount_cents"].unique().sort().to_list()
        == points["amount_cents"].unique().sort().to_list()
    )
    whole = envelopes.filter(pl.col("id") == "tout")
    assert whole["envelope_cents"].to_list() == whole["amount_cents"].to_list()
    changed = told.to_dataframe(table="dossiers")
    for row in changed.iter_rows(named=True):
        amounts = row["free_at_cents"]
        if row["free_from_cents"] is not None:
            assert row["free_from_cents"] in amounts
            assert told.document["to_cents"] in amounts
    assert told.to_dataframe("pandas").shape == points.shape
    with pytest.raises(ValueError, match="table"):
        told.to_dataframe(table="points?")


@pytest.mark.slow
def test_files_hold_the_document_and_ask_nothing_outside(told: tnt.Sweep, tmp_path: Path) -> None:
    assert json.loads(told.to_json(tmp_path / "s.json")) == told.document
    page = told.to_html(tmp_path / "s.html")
    assert page == (tmp_path / "s.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org", "").replace("http-equiv", "")
    assert page.count("<figure") == 4
    assert page.count("<table") >= 5
    assert "<table" in told._repr_html_()
    book = CalamineWorkbook.from_path(str(told.to_excel(tmp_path / "s.xlsx")))
    assert book.sheet_names[:2] == ["Lisez-moi", "Libre"]
    rows = book.get_sheet_by_name("Libre").to_python()
    heads = next(k for k, row in enumerate(rows) if row[0] == "Montant")
    first = dict(zip(rows[heads], rows[heads + 1], strict=True))
    assert (first["Montant"], first["Preuve"]) == (told.document["from_cents"] / 100, "prouvé")
    assert pl.read_parquet(told.to_parquet(tmp_path / "s.parquet")).equals(told.to_dataframe())


def test_every_picture_is_a_file_of_its_own_and_the_same_twice(told: tnt.Sweep) -> None:
    charts = build_charts(told.data)
    assert set(charts) == {"curve", "figures", "ladder", "envelopes"}
    files, again = (draw_picture_files(charts, Lang.EN, synthetic=True) for _ in range(2))
    assert files == again
    assert set(files) == {f"{name}.{end}" for name in charts for end in ("svg", "png")}
    for name, chart in charts.items():
        root = ElementTree.fromstring(files[f"{name}.svg"])
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        texts = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
        assert write_words(chart.finding, Lang.EN).removesuffix(".") in texts
        assert SYNTHETIC.in_(Lang.EN) in texts
        assert root.get("color"), "a picture that nothing surrounds has a colour of its own"
        assert files[f"{name}.png"].startswith(b"\x89PNG")


@given(st.integers(0, 400), st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_shares_add_up_and_none_falls(total: int, weights: list[int]) -> None:
    names = [str(k) for k in range(len(weights))]
    parts, more = (apportion_cents(cents, weights, names) for cents in (total, total + 1))
    assert sum(parts) == total
    assert all(a <= b for a, b in zip(parts, more, strict=True))
    whole = sum(weights)
    assert all(part >= total * weight // whole for part, weight in zip(parts, weights, strict=True))


@given(st.integers(0, 10**11), st.integers(0, 10**10))
def test_round_amounts_hold_both_ends(low: int, more: int) -> None:
    amounts = list_amounts(low, low + more, None)
    assert (amounts[0], amounts[-1]) == (low, low + more)
    assert list(amounts) == sorted(set(amounts))
    assert len(amounts) <= 15


def test_percent_of_a_share_are_round(tmp_path: Path) -> None:
    scenario = small(1).scenario(tmp_path)
    moved = AmountVariation.of(scenario, (), "pro_rata")
    amounts = list_amounts(moved.parse_amount("50 %"), moved.parse_amount("150 %"), None, moved.base_cents)
    assert [round(100 * cents / moved.base_cents, -1) for cents in amounts] == [*range(50, 151, 10)]


def test_an_extension_raises_what_stands_above(tmp_path: Path) -> None:
    case = small(2)
    scenario = case.scenario(tmp_path)
    assert AmountVariation.of(scenario, ["a"]).compute_amounts(case.a + 5) == {
        "a": case.a + 5,
        "tout": case.base + 5,
    }
    assert AmountVariation.of(scenario, (), "a").compute_amounts(case.base + 5) == {
        "a": case.a + 5,
        "tout": case.base + 5,
    }
    both = AmountVariation.of(scenario, ["a", "b"]).compute_amounts(2 * case.base)
    assert both == {"a": 2 * case.a, "b": 2 * case.b, "tout": 2 * case.base}
    with pytest.raises(UsageError, match="est dans"):
        AmountVariation.of(scenario, ["tout", "a"])


def test_a_point_without_proof_holds_what_the_amount_before_held(tmp_path: Path) -> None:
    case = small(4)
    moved = AmountVariation.of(case.scenario(tmp_path))
    problem = moved.compile_problem_at(case.base + 6)
    best = case.best(case.base)
    assert best is not None
    funded = np.array(best, dtype=bool)
    grants = np.where(funded, [d[2] for d in case.dossiers], 0)
    before = Point(
        case.base, Status.OPTIMAL, Proof.PROVED, (Fraction(case.value(best)),) * 1,
        (Fraction(case.value(best)),), Allocation(funded, grants), True, "prices", 0.0,
    )  # fmt: skip
    nothing = Point(case.base + 6, Status.STOPPED, None, (), (), None, False, "direct", 0.0)
    held = improve_by_previous(problem, before, nothing)
    assert (held.values, held.proof) == (before.values, Proof.FEASIBLE_GAP)
    assert improve_by_previous(problem, None, nothing) is nothing
    assert improve_by_previous(problem, before, before) is before


def test_the_next_euro_has_a_picture(tmp_path: Path) -> None:
    found = tnt.next_euro(small(6).scenario(tmp_path))
    if any(row["step_cents"] for row in found.document["next"]):
        assert ElementTree.fromstring(render_svg(found.plot())).tag.endswith("svg")
    steps: Any = [
        SimpleNamespace(id="a", step=Interval.of_cents(41_200_000, None), gain=Fraction(2), goal="score"),
        SimpleNamespace(id="b", step=Interval(None, None), gain=None, goal="score"),
    ]
    (bar,) = list_bars(steps)
    assert "+412" in write_words(bar.texts[0], Lang.FR)
    assert list_bars(steps[1:]) == []


@pytest.mark.parametrize("amount", ["100 %", "88 M€", "1 500 €"])
def test_an_amount_in_the_place_of_an_envelope(amount: str, tmp_path: Path) -> None:
    """`sweep(s, "100 %", "150 %")`: the sentence says which argument is which, in both languages."""
    with pytest.raises(UsageError) as raised:
        tnt.sweep(small(1).scenario(tmp_path), amount, "150 %")
    assert f'tnt.sweep(s, start="{amount}", stop=…)' in raised.value.text.fr
    assert "second and third arguments" in raised.value.text.en
