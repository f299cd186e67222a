"""Charts of answers: each is drawn in both languages, its data is a tidy frame, its figures are the answer's."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import altair as alt
import polars as pl
import pytest
from support.demo_project import write_demo
from support.run_folders.awkward_run import make_run

import tnt_sim as tnt
from tnt_sim.reporting.charts.department_map import list_department_codes, load_outlines
from tnt_sim.reporting.charts.svg import wrap_text
from tnt_sim.reporting.charts.theme import FILLS, Mark, render_svg
from tnt_sim.reporting.plots.comparison_plots import choose_bin_step, draw_move_charts
from tnt_sim.reporting.plots.drawing.chart_words import TITLE_SIZE, TITLE_WIDTH
from tnt_sim.reporting.plots.drawing.department_maps import FRAME_SIDE, list_features, parse_path

UNSURE = {
    "uncertain": [
        {"id": "a", "event": "withdrawn", "probability": "10 %"},
        {"id": "c", "column": "cost", "times": {"lognormal": {"median": 1.05, "sigma": 0.2}}},
    ]
}
SIDES = {"programme.amount": "1 M€"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tnt.Scenario:
    folder = tmp_path_factory.mktemp("exemple")
    return write_demo(folder)


@pytest.fixture(scope="module")
def result(example: tnt.Scenario) -> tnt.Result:
    return example.solve()


@pytest.fixture(scope="module")
def comparison(example: tnt.Scenario) -> tnt.Comparison:
    return tnt.compare(example, example.with_(SIDES), names=["avant", "après"], attribute=False)


@pytest.fixture(scope="module")
def curve(example: tnt.Scenario) -> tnt.Sweep:
    return example.analyse.sweep(start="1 M€", stop="1.4 M€", steps=4)


@pytest.fixture(scope="module")
def drawn(example: tnt.Scenario) -> tnt.Ensemble:
    return tnt.ensemble(example.with_(UNSURE), 24, workers=1, sensitivity=12)


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> tnt.Run:
    return tnt.open_run(make_run(tmp_path_factory.mktemp("awkward")))


@pytest.fixture(scope="module")
def studies(example: tnt.Scenario, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answers with one chart each, by the name of its method."""
    ask, file = example.analyse, tmp_path_factory.mktemp("liste") / "liste.csv"
    file.write_text(
        "dossier\n" + "".join(f"E-{k:02}\n" for k in (1, 2, 3, 7, 10, 12, 15, 16)), encoding="utf-8"
    )
    return {
        "prices": ask.rule_prices(),
        "next_euro": ask.marginal_euro(),
        "entries": ask.entry_thresholds(start="1 M€", stop="1.5 M€"),
        "lists": ask.alternatives(within="3 %", count=3),
        "inversions": ask.audit(file),
        "ranges": ask.weights(["score", "cost"], order=["score", "cost"]),
        "dossiers": ask.weights(["score", "cost"]),
        "gains": ask.extend("1.3 M€", "1.5 M€"),
        "place": example.solve().explain("E-03", "E-24"),
    }


@pytest.fixture(scope="module")
def answers(
    result: tnt.Result,
    comparison: tnt.Comparison,
    curve: tnt.Sweep,
    drawn: tnt.Ensemble,
    awkward: tnt.Run,
) -> list[Any]:
    return [result, comparison, curve, drawn, awkward]


def list_methods(plots: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The charts of one answer, by the name of their method."""
    for name in dir(type(plots)):
        if not name.startswith("_") and name != "in_" and inspect.isfunction(getattr(type(plots), name)):
            yield name, getattr(plots, name)


def read_svg(chart: Any) -> tuple[ElementTree.Element, str]:
    """A chart as it is rendered without a network, and the text of it, words of a line together."""
    svg = render_svg(chart)
    root = ElementTree.fromstring(svg)
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    return root, " ".join(texts)


def read_title(chart: Any) -> str:
    title = chart.to_dict()["title"]
    return " ".join(title["text"]).replace("\u00a0", " ")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_chart_is_drawn_with_its_title_and_its_frame(answers: list[Any], lang: str) -> None:
    n = 0
    for answer in answers:
        for name, draw in list_methods(answer.plot.in_(lang)):
            chart = draw()
            root, text = read_svg(chart)
            assert root.tag.endswith("svg"), name
            words = chart.to_dict()
            assert words["title"]["text"][0] in text.replace("\u2009", " "), (name, text[:300])
            assert words["title"]["subtitle"], name
            assert isinstance(chart.data, pl.DataFrame), name
            assert not [one for one in chart.data.columns if one.endswith("_cents")], name
            assert words["config"]["locale"]["number"]["decimal"] == ("," if lang == "fr" else ".")
            assert "NaN" not in text, name
            assert "undefined" not in text, name
            n += 1
    assert n >= 21


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_chart_of_a_question_is_drawn_with_its_frame(studies: dict[str, Any], lang: str) -> None:
    for name, answer in studies.items():
        chart = getattr(answer.plot.in_(lang), name)()
        _root, text = read_svg(chart)
        words = chart.to_dict()
        assert words["title"]["text"][0] in text, name
        assert isinstance(chart.data, pl.DataFrame), name
        assert "NaN" not in text, name


def test_figures_of_a_question_are_those_of_its_answer(studies: dict[str, Any]) -> None:
    prices = studies["prices"]
    drawn = dict(prices.plot().data.select("id", "value").iter_rows())
    assert drawn == {row["id"]: float(row["value"]) for row in prices.document["prices"]}
    euro = studies["next_euro"]
    steps = {row["id"]: row["step_cents"] for row in euro.document["next"] if row["step_cents"]}
    assert dict(euro.plot("en").data.select("id", "value").iter_rows()) == {
        k: v / 100 for k, v in steps.items()
    }
    entries = studies["entries"]
    first = {row["dossier"]: row["first_cents"] for row in entries.document["entries"] if row["first_cents"]}
    expected = [cents / 100 for cents in first.values() if cents > 100_000_000]
    assert sorted(entries.plot().data["value"]) == sorted(expected)
    with pytest.raises(AttributeError, match="no chart is named 'prices'"):
        entries.plot.prices()


def test_weights_are_drawn_as_the_answer_has_them(studies: dict[str, Any]) -> None:
    ordered, free = studies["ranges"], studies["dossiers"]
    frame = ordered.plot.ranges().data
    corners = [[float(Fraction(weight)) for weight in corner] for corner in ordered.document["corners"]]
    assert frame["least"].to_list() == [min(weights) for weights in zip(*corners, strict=True)]
    assert frame["most"].to_list() == [max(weights) for weights in zip(*corners, strict=True)]
    assert frame["least"].to_list() != [0.0, 0.0]
    n = len(free.document["portfolios"])
    expected = {one["dossier"]: round(one["core_index"] * n) for one in free.document["borderline"]}
    assert dict(free.plot.dossiers().data.select("id", "value").iter_rows()) == expected


def test_gains_are_those_of_the_answer(studies: dict[str, Any]) -> None:
    answer = studies["gains"]
    free = answer.document["free"]
    for goal in (one["goal"] for one in answer.document["goals"]):
        frame = answer.plot.in_("en").gains(goal).data
        for entry in free["totals"]:
            gain = next(one for one in entry["gains"] if one["goal"] == goal)
            drawn = frame.filter(pl.col("id") == str(entry["total_cents"]))
            assert dict(drawn.select("side", "value").iter_rows()) == {
                "Extension alone": float(gain["alone"]), "Together": float(gain["total"])
            }  # fmt: skip
        written = frame.filter(pl.col("id") == str(answer.document["amount_cents"]))
        assert written["side"].to_list() == ["Transfers"]
    with pytest.raises(ValueError, match="goal must be one of"):
        answer.plot.gains("rien")


def test_an_arrow_goes_to_the_change_that_would_fund(studies: dict[str, Any]) -> None:
    answer = studies["place"]
    for entry in answer.document["dossiers"]:
        chart = answer.plot.in_("en").place(entry["dossier"])
        assert chart.data.filter("is_focus")["dossier"].to_list() == [entry["dossier"]]
        written = chart.to_dict()
        ends = [row for rows in written["datasets"].values() for row in rows if "up" in row]
        grants = [
            one["to_cents"] / 100 for one in entry["changes"] if "to_cents" in one and one["kind"] == "grant"
        ]
        moved = [row["amount"] for row in ends if row["amount"] != row["from"]]
        assert moved == grants
        assert len(moved) == 1
    with pytest.raises(ValueError, match="E-03, E-24"):
        answer.plot.place("rien")


def test_the_matrix_of_lists_counts_what_the_answer_counts(studies: dict[str, Any]) -> None:
    answer = studies["lists"]
    frame = answer.plot.lists().data
    assert frame["name"].n_unique() == len(answer.document["open"])
    best = frame.filter((pl.col("list") == "0") & pl.col("funded")).height
    first = answer.document["portfolios"][0]["changes"]
    other = frame.filter((pl.col("list") == "1") & pl.col("funded")).height
    assert other - best == len(first["enter"]) - len(first["leave"])


def test_lines_go_from_a_better_dossier_to_a_worse_one(studies: dict[str, Any]) -> None:
    chart = studies["inversions"].plot.inversions()
    written = chart.to_dict()
    links = written["datasets"][written["layer"][0]["data"]["name"]]
    assert links
    values = dict(chart.data.select("dossier", "value").iter_rows())
    for row in links:
        assert row["value"] == values[row["dossier"]] > row["value_funded"] == values[row["funded"]]


def test_titles_are_findings_in_the_language(result: tnt.Result) -> None:
    english, french = result.plot.in_("en").by_envelope(), result.plot.by_envelope()
    assert read_title(english).startswith("€1.1M of the €1.2M fund 17 of the 24 applications filed")
    assert read_title(french).startswith("1,1 M€ sur 1,2 M€ financent 17 des 24 dossiers")
    assert not read_title(english).endswith(".")
    assert "SYNTHETIC" in english.to_dict()["title"]["subtitle"][-1]


def test_money_by_envelope_adds_up(result: tnt.Result, awkward: tnt.Run) -> None:
    for answer in (result, awkward):
        frame = answer.plot.in_("en").by_envelope().data
        top = frame.filter(pl.col("place") == 0)
        document = answer.document
        left = top.filter(pl.col("part") == "left")["amount"].sum()
        granted = top["amount"].sum() - left
        assert round(granted * 100) == document["granted_cents"]
        assert round(left * 100) == document["unspent_cents"]
        committed = top.filter(pl.col("part") == "already committed")["amount"].item()
        table = answer.table()
        stated = table.filter(pl.col("funded") & pl.col("committed_cents").is_not_null())
        assert round(committed * 100) == stated["granted_cents"].sum()


def test_bars_are_as_long_as_their_amounts(result: tnt.Result) -> None:
    """The lengths in the picture are the amounts of the frame on one scale from zero."""
    chart = result.plot.in_("en").by_envelope()
    root, _text = read_svg(chart)
    lengths = [
        float(re.findall(r"h([\d.]+)", one.attrib["d"])[0])
        for one in root.iter("{http://www.w3.org/2000/svg}path")
        if one.attrib.get("aria-roledescription") == "bar" and re.findall(r"h([\d.]+)", one.attrib["d"])
    ]
    amounts = [value for value in chart.data["amount"].to_list() if value]
    assert len(lengths) >= len(amounts)
    longest = max(amounts)
    scale = max(lengths) / longest
    for value in amounts:
        assert min(abs(length - value * scale) for length in lengths) < 0.6


def test_maps_hold_every_department_and_its_grants(result: tnt.Result) -> None:
    granted = result.table().group_by("department").agg(pl.col("granted_cents").sum())
    expected = {code: cents for code, cents in granted.iter_rows() if cents and code}
    for measure in ("amount", "head", "count"):
        chart = result.plot.by_department(measure)
        frame = chart.data
        assert set(frame["department"]) == set(list_department_codes())
        found = {
            code: round(euros * 100) for code, euros in frame.select("department", "granted").iter_rows()
        }
        assert {code: cents for code, cents in found.items() if cents} == expected
        root, _text = read_svg(chart)
        kinds = [one.attrib.get("aria-roledescription") for one in root.iter()]
        assert kinds.count("geoshape") == len(list_department_codes())
        assert kinds.count("circle") == (0 if measure == "head" else len(expected))
    with pytest.raises(ValueError, match="amount, head, count"):
        result.plot.by_department("people")


def test_shapes_are_the_outlines_of_the_map() -> None:
    assert {one["code"] for one in list_features()} == set(list_department_codes())
    n_rings = sum(len(parse_path(outline.path)) for outline in load_outlines())
    polygons = [polygon for one in list_features() for polygon in one["geometry"]["coordinates"]]
    assert len(polygons) == n_rings
    for (ring,) in polygons:
        assert ring[0] == ring[-1]
        assert all(-1 <= value <= FRAME_SIDE for place in ring for value in place)


def test_the_margin_separates_by_worth_per_euro(result: tnt.Result) -> None:
    chart = result.plot.in_("en").margin("numerique")
    frame = chart.data.filter(pl.col("envelope") == "numerique")
    worth = frame.with_columns((pl.col("value") / pl.col("amount")).alias("rate"))
    funded = worth.filter(pl.col("decision") == "Funded")
    written = chart.to_dict()
    lines = written["datasets"][written["hconcat"][0]["layer"][1]["data"]["name"]]
    end = [row for row in lines if row["name"] == frame["name"][0]][1]
    assert end["value"] / end["amount"] == pytest.approx(funded["rate"].min())
    scores = dict(result.table().select("dossier", "score").iter_rows())
    assert all(float(scores[name]) == value for name, value in frame.select("dossier", "value").iter_rows())
    with pytest.raises(ValueError, match="programme, numerique, mobilites"):
        result.plot.margin("rien")


def test_reasons_count_every_dossier_once(result: tnt.Result, awkward: tnt.Run) -> None:
    for answer in (result, awkward):
        frame = answer.plot.reasons().data
        table = answer.table()
        assert frame["n_dossiers"].sum() == table.height
        counts = dict(table.group_by(pl.col("reason_code").fill_null("")).len().iter_rows())
        assert dict(frame.group_by("reason_code").agg(pl.col("n_dossiers").sum()).iter_rows()) == counts
        amounts = answer.plot.reasons("amount").data
        funded = table.filter("funded")["granted_cents"].sum()
        asked = table.filter(~pl.col("funded"))["requested_cents"].sum()
        assert round(amounts["amount"].sum() * 100) == funded + asked
    assert read_title(result.plot.in_("en").reasons()) == "17 applications funded, 5 not selected, 2 closed"
    with pytest.raises(ValueError, match="count, amount"):
        result.plot.reasons("people")


def test_the_lorenz_curve_ends_at_all_of_the_money(result: tnt.Result, comparison: tnt.Comparison) -> None:
    frame = result.plot.lorenz().data
    assert frame.select("inhabitants", "money").row(0) == (0.0, 0.0)
    assert frame.select("inhabitants", "money").row(-1) == (1.0, 1.0)
    assert (frame["money"] <= frame["inhabitants"] + 1e-12).all()
    assert comparison.plot.lorenz().data["list"].n_unique() == 2


def test_changes_of_envelopes_and_departments_are_those_of_the_tables(comparison: tnt.Comparison) -> None:
    totals = comparison.totals
    for chart, dimension, key in (
        (comparison.plot.envelopes(), "envelope", "id"),
        (comparison.plot.by_department(), "department", "department"),
    ):
        part = totals.filter(pl.col("dimension") == dimension)
        granted = {(row["group"], row["side"]): row["granted_cents"] for row in part.iter_rows(named=True)}
        for row in chart.data.iter_rows(named=True):
            assert round(row["before"] * 100) == granted.get((row[key], "avant"), 0)
            assert round(row["after"] * 100) == granted.get((row[key], "après"), 0)
            assert row["change"] == pytest.approx(row["after"] - row["before"])


def test_moves_are_those_of_the_comparison(comparison: tnt.Comparison) -> None:
    moved = comparison.moves["après"]
    chart = comparison.plot.in_("en").moves()
    assert chart.data.height == moved.height > 0
    assert round(chart.data["change"].sum() * 100) == moved["change_cents"].sum()
    assert set(chart.data["move"]) <= {"Enter", "Leave", "Get another amount"}
    with pytest.raises(ValueError, match="side must be one of après"):
        comparison.plot.moves("rien")


@pytest.mark.parametrize("amounts", [[1], [1, -1], [1, 2, -2], [5] * 9, [0.01, -900_000, 17]])
def test_the_axis_of_moves_counts_in_whole_numbers(amounts: list[float]) -> None:
    """No tick is written twice with a bar between, whatever the heights are."""
    frame = pl.DataFrame(
        {
            "dossier": [str(k) for k in range(len(amounts))],
            "title": [""] * len(amounts), "applicant": [""] * len(amounts),
            "move": ["Enter" if amount > 0 else "Leave" for amount in amounts],
            "before": [0.0] * len(amounts), "after": [0.0] * len(amounts),
            "change": [float(one) for one in amounts],
            "sign": [1 if one > 0 else -1 for one in amounts],
        }
    )  # fmt: skip
    root, _text = read_svg(draw_move_charts(frame, tnt.Lang.EN))
    axis = next(one for one in root.iter() if "Applications: more" in one.attrib.get("aria-label", ""))
    texts = ["".join(one.itertext()) for one in axis.iter("{http://www.w3.org/2000/svg}text")][:-1]
    step = choose_bin_step(max(map(abs, amounts)))
    heights = Counter((amount > 0, math.floor(abs(amount) / step)) for amount in amounts)
    up, down = (
        max((n for (sign, _bin), n in heights.items() if sign == way), default=0) for way in (True, False)
    )
    if max(up, down) <= 4:
        assert texts == [str(abs(k)) for k in range(-down, up + 1)]
    assert texts.count("0") == 1
    assert all(text.isdigit() and texts.count(text) <= 2 for text in texts)


def test_equal_decisions_are_drawn_too(example: tnt.Scenario) -> None:
    same = tnt.compare(example, example, attribute=False)
    for name, draw in list_methods(same.plot.in_("en")):
        _root, text = read_svg(draw())
        assert "same" in text or "evenly" in text, name
    assert same.plot.moves().data.is_empty()


@pytest.mark.parametrize(("measure", "column"), [("value", "value_1"), ("funded", "n_funded")])
def test_the_curve_is_the_table_of_points(curve: tnt.Sweep, measure: str, column: str) -> None:
    frame = curve.plot.curve(measure).data
    points = curve.to_dataframe()
    for row in points.iter_rows(named=True):
        if row["curve"] not in frame["curve"]:  # a curve that is equal to the first one is not drawn
            assert points.filter(pl.col("amount_cents") == row["amount_cents"])[column].n_unique() == 1
            continue
        found = frame.filter(
            (pl.col("curve") == row["curve"]) & ((pl.col("amount") * 100).round() == row["amount_cents"])
        ).row(0, named=True)
        assert found["value" if measure == "value" else column] == float(row[column])
    _root, text = read_svg(curve.plot.in_("en").curve(measure))
    assert "written: €1.2M" in text
    with pytest.raises(ValueError, match="value, funded, granted"):
        curve.plot.curve("people")


def test_amounts_granted_start_at_zero_and_other_scales_say_where_they_start(curve: tnt.Sweep) -> None:
    granted = curve.plot.in_("en").curve("granted").to_dict()
    assert granted["layer"][1]["encoding"]["y"]["scale"]["domain"][0] == 0
    value = curve.plot.in_("en").curve().to_dict()
    start = value["layer"][-3]["encoding"]["y"]["scale"]["domain"][0]
    assert start > 0
    assert "does not start at zero" in " ".join(value["title"]["subtitle"])


def test_entries_and_envelopes_of_a_sweep_are_those_of_its_tables(curve: tnt.Sweep) -> None:
    points = curve.to_dataframe().filter(pl.col("curve") == "free")
    entries = curve.plot.entries().data
    assert entries.height == points["n_entered"][1:].sum() > 0
    table = curve.to_dataframe(table="envelopes").filter(pl.col("curve") == "free")
    drawn = curve.plot.envelopes().data
    for row in drawn.iter_rows(named=True):
        known = table.filter(
            (pl.col("id") == row["envelope"]) & (pl.col("amount_cents") == row["amount"] * 100)
        )
        assert known["granted_cents"].to_list() == [round(row["granted"] * 100)]


def test_one_amount_is_a_point(example: tnt.Scenario) -> None:
    one = example.analyse.sweep(start="1.2 M€", stop="1.2 M€")
    assert read_title(one.plot.in_("en").curve()) == "At €1.2M, the score is 226.5"
    for _name, draw in list_methods(one.plot):
        assert "NaN" not in render_svg(draw())


def test_draws_are_those_of_the_ensemble(drawn: tnt.Ensemble) -> None:
    strip = drawn.plot.frequency().data
    assert strip["times"].to_list() == drawn.dossiers["times"].to_list()
    values = drawn.plot.histogram().data
    assert sorted(values["value"]) == sorted(float(value) for value in drawn.values)
    assert (values["value"] >= values["bin_start"] - 1e-9).all()
    assert (values["value"] <= values["bin_end"] + 1e-9).all()
    assert 0 < values["is_bad"].sum() < values.height
    root, _text = read_svg(drawn.plot.histogram())
    bars = [one for one in root.iter() if one.attrib.get("aria-roledescription") == "bar"]
    assert FILLS[Mark.LOSS] in {one.attrib["fill"] for one in bars}
    ranges = drawn.plot.tornado().data
    known = {row["input"]: row for row in drawn.sensitivity.iter_rows(named=True)}
    assert set(ranges["id"]) == set(known)
    for row in ranges.iter_rows(named=True):
        assert (row["least"], row["most"]) == tuple(float(known[row["id"]][key]) for key in ("least", "most"))


def test_what_cannot_be_drawn_says_why(example: tnt.Scenario) -> None:
    single = tnt.ensemble(example.with_(UNSURE), 1, workers=1)
    assert "NaN" not in render_svg(single.plot.histogram())
    with pytest.raises(ValueError, match="sensitivity"):
        single.plot.tornado()
    nowhere = example.with_({"programme.amount": "1 M€"})
    frame = pl.DataFrame({"dossier": ["A"], "requested": [500.0], "score": [1]})
    bare = tnt.Scenario.from_frame(frame, envelopes="1 k€", objective=[{"maximise": {"score": 1}}])
    decided = bare.solve()
    with pytest.raises(ValueError, match="department"):
        decided.plot.by_department()
    with pytest.raises(ValueError, match="two departments"):
        decided.plot.lorenz()
    for chart in (decided.plot.by_envelope(), decided.plot.margin(), decided.plot.reasons()):
        assert "NaN" not in render_svg(chart)
    assert nowhere.solve().plot.by_envelope().data.height > 0


def test_charts_are_combined_and_changed_by_their_users(result: tnt.Result, tmp_path: Path) -> None:
    bars, reasons = result.plot.by_envelope(), result.plot.reasons()
    for combined in (bars | reasons, bars & reasons, alt.hconcat(bars, reasons)):
        assert len(combined.to_dict().get("hconcat", combined.to_dict().get("vconcat"))) == 2
    for combined in (bars | reasons, bars & reasons):
        assert combined.to_dict()["resolve"]["scale"]["color"] == "independent"
    assert (bars | reasons).to_dict()["config"]["locale"]["number"]["decimal"] == ","
    rule = alt.Chart(pl.DataFrame({"x": [500_000]})).mark_rule().encode(x="x:Q")
    assert len((bars + rule).to_dict()["layer"]) == 3
    wider = bars.properties(width=300).configure_title(fontSize=30)
    written = wider.to_dict()
    assert written["config"]["title"]["fontSize"] == 30
    assert written["config"]["title"]["anchor"] == "start"
    assert isinstance(bars, alt.LayerChart)
    for name in ("x.svg", "x.png", "x.html", "x.json"):
        bars.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1_000
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["config"]["font"]


def test_a_chart_of_many_rows_needs_no_setting_of_altair(result: tnt.Result) -> None:
    from tnt_sim.reporting.plots.drawing.themed_chart import apply_theme

    frame = pl.DataFrame({"x": list(range(6_000))})
    chart = apply_theme(alt.Chart(frame).mark_point().encode(x="x:Q"), tnt.Lang.EN)
    assert len(next(iter(chart.to_dict()["datasets"].values()))) == 6_000
    with pytest.raises(alt.MaxRowsError):
        alt.Chart(frame).mark_point().encode(x="x:Q").to_dict()


def test_lines_of_a_title_have_room() -> None:
    text = "Un titre assez long pour ne pas tenir sur une seule ligne, même large, et qui doit donc se plier"
    lines = wrap_text(text, TITLE_WIDTH, TITLE_SIZE)
    assert len(lines) > 1
    assert " ".join(lines) == text
    assert wrap_text("", 10, 10) == [""]
