"""Ensembles: laws, closed forms, brute force over every list of a small programme, the same bytes for one seed."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support import draws

import tnt_sim as tnt
from tnt_sim.analysis.uncertainty.draw_task import Sample, prepare_ground
from tnt_sim.analysis.uncertainty.draws import compute_input_values
from tnt_sim.analysis.uncertainty.result import (
    compute_overprogramming,
    compute_range,
    compute_risk,
    estimate_total_effect,
)
from tnt_sim.cli.main import main
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.scenario.load import load_scenario

HEAD = """\
schema_version: 1
id: sort
date: 2026-01-01
programme: {id: p, amount: 11 k€}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
"""
UNCERTAIN = """\
uncertain:
  - {id: notes, column: score, plus: {normal: {sd: 4}}}
  - {id: abandons, event: withdrawn, probability: 20 %}
  - {id: instruction, event: eligible, where: {dossier: [D2, D5]}, probability: 50 %}
  - {id: caducite, event: lapsed, probability: 10 %}
  - {id: cout, event: final_cost, times: {triangular: [0.5, 0.9, 1.2]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Eight dossiers under one envelope, and what is not sure about them."""
    draw = random.Random(3)
    rows = ["dossier,department,requested,cost,score"]
    for number in range(8):
        cents = draw.randint(2, 5) * 100_000 + draw.randint(0, 99_999)
        euros, cost = (f"{n // 100}.{n % 100:02d}" for n in (cents, 2 * cents))
        rows.append(
            f"D{number},{draw.choice(['01', '02'])},{euros},{cost},{draws.text(draws.score(draw.choice))}"
        )
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n")
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + UNCERTAIN, encoding="utf-8")
    return path


def sample_of(path: Path, n: int, seed: int = 0, sampling: str = "lhs") -> Sample:
    scenario = load_scenario(path)
    return Sample(path.resolve(), (), scenario.sha256, n, seed, sampling)


@pytest.mark.parametrize("sampling", ["lhs", "sobol", "random"])
def test_every_draw_equals_brute_force(file: Path, sampling: str) -> None:
    found = tnt.ensemble(file, draws=12, seed=5, sampling=sampling, workers=1)
    ground = prepare_ground(load_scenario(file), sample_of(file, 12, 5, sampling))
    table = ground.problem.case.table
    cents = table["requested_cents"].to_numpy()
    names = table["dossier"].to_list()
    n = table.height
    lists = [
        x
        for x in itertools.product((False, True), repeat=n)
        if sum(c for c, k in zip(cents, x, strict=True) if k) <= 1_100_000
    ]
    worth, gone = [], []
    for number in range(12):
        drawn = ground.draw(number)
        scores = next(series for name, _, series in drawn.changes if name == "score")
        worth.append([Fraction(text) for text in scores.cast(pl.String).to_list()])
        gone.append(drawn.gone.tolist())

    def value(x: tuple[bool, ...], j: int) -> Fraction:
        return sum((w for w, k, g in zip(worth[j], x, gone[j], strict=True) if k and not g), Fraction(0))

    def allowed(x: tuple[bool, ...], j: int) -> bool:
        return not any(k and g for k, g in zip(x, gone[j], strict=True))

    best = [max(value(x, j) for x in lists if allowed(x, j)) for j in range(12)]
    assert found.values == best
    averages = {x: sum(value(x, j) for j in range(12)) / 12 for x in lists}
    top = max(averages.values())
    by_name = {one.name: one for one in found.fixed_lists}
    assert by_name["average"].risk.mean == top
    assert found.information == sum(best, Fraction(0)) / 12 - top
    assert found.robust["average"] in ("average", "plan") or by_name[found.robust["average"]].risk.mean == top
    plan = found.draws.plan.allocation
    assert plan is not None
    x = tuple(plan.funded.tolist())
    assert by_name["plan"].risk.mean == averages[x]
    assert by_name["plan"].worst_regret == max(best[j] - value(x, j) for j in range(12))
    times = dict.fromkeys(names, 0)
    for number in range(12):
        for row in found.draws.optima[number].rows.tolist():
            times[names[row]] += 1
    assert dict(found.dossiers.select("dossier", "times").iter_rows()) == times


def test_what_is_paid_follows_the_real_cost_downwards_only(file: Path) -> None:
    ground = prepare_ground(load_scenario(file), sample_of(file, 40))
    granted = np.full(ground.problem.case.n, 100_000, dtype=np.int64)
    seen = set()
    for number in range(40):
        drawn = ground.draw(number)
        paid = drawn.compute_paid_cents(granted)
        for k in range(len(granted)):
            if drawn.gone[k] or drawn.unpaid[k]:
                assert paid[k] == 0
                seen.add("nothing")
            elif drawn.final[k] >= 1:
                assert paid[k] == 100_000
                seen.add("all")
            else:
                assert paid[k] == pytest.approx(100_000 * drawn.final[k], abs=1)
                seen.add("less")
    assert seen == {"nothing", "all", "less"}


def test_laws_and_correlation(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(
        "dossier,department,requested,cost,score\n"
        + "".join(f"D{k},{'01' if k < 40 else '02'},1000,100000,10\n" for k in range(80))
    )
    path = tmp_path / "s.yaml"
    law = "times: {lognormal: {sigma: 0.2}}, correlated: {by: department, rho: 0.5}"
    text = f"uncertain: [{{id: c, column: cost, {law}}}]\n"
    path.write_text(HEAD + text, encoding="utf-8")
    ground = prepare_ground(load_scenario(path), sample_of(path, 400))
    costs = np.array([ground.draw(k).changes[0][2].to_numpy() for k in range(400)], dtype=float)
    logs = np.log(costs / 1e7)
    assert logs.std() == pytest.approx(0.2, rel=0.05)
    assert np.median(costs) == pytest.approx(1e7, rel=0.02)
    matrix = np.corrcoef(logs.T)
    first = (ground.problem.case.table["department"] == "01").to_numpy()
    same, apart = matrix[first][:, first][np.triu_indices(40, 1)], matrix[first][:, ~first].ravel()
    assert same.mean() == pytest.approx(0.5, abs=0.06)
    assert abs(apart.mean()) < 0.08


def test_the_figures_are_their_closed_forms() -> None:
    values = [Fraction(k) for k in range(1, 21)]
    risk = compute_risk(values, best_is_high=True)
    assert (risk.mean, risk.least, risk.most) == (Fraction(21, 2), 1, 20)
    assert (risk.var, risk.cvar) == (2, Fraction(3, 2))
    assert compute_risk(values, best_is_high=False).cvar == Fraction(39, 2)
    part = compute_risk([Fraction(k) for k in (1, 2, 3, 4, 5)], best_is_high=True, tail=Fraction(3, 10))
    assert part.cvar == (1 + Fraction(1, 2) * 2) / Fraction(3, 2)
    assert compute_risk([Fraction(7)], best_is_high=True).cvar == 7
    # 20 equally likely payments of which one may exceed the money: the second greatest decides
    assert compute_overprogramming(100, list(range(61, 81))) == Fraction(100, 79) - 1
    assert compute_overprogramming(100, [0] * 20) is None


def test_the_total_effect_of_a_sum_is_its_share_of_the_variance() -> None:
    draw = np.random.default_rng(1)
    a, b, fresh = (draw.normal(0, sd, 20_000) for sd in (2.0, 1.0, 2.0))
    base = [Fraction(round((x + y) * 10**6)) for x, y in zip(a, b, strict=True)]
    mixed = [Fraction(round((x + y) * 10**6)) for x, y in zip(fresh, b, strict=True)]
    assert float(estimate_total_effect(base, mixed) or 0) == pytest.approx(0.8, abs=0.03)
    assert estimate_total_effect([Fraction(1)] * 3, [Fraction(1)] * 3) is None


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whoever_computes(file: Path) -> None:
    one = tnt.ensemble(file, draws=4, seed=3, workers=1)
    assert one.to_json() == tnt.ensemble(file, draws=4, seed=3, workers=2).to_json()
    assert one.to_json() != tnt.ensemble(file, draws=4, seed=4, workers=1).to_json()


@pytest.mark.slow
def test_sensitivities_of_one_seed_are_the_same_bytes_whoever_computes(file: Path) -> None:
    one = tnt.ensemble(file, draws=25, seed=3, workers=1, sensitivity=5)
    two = tnt.ensemble(file, draws=25, seed=3, workers=2, sensitivity=5)
    assert one.to_json() == two.to_json()
    assert one.to_json() != tnt.ensemble(file, draws=25, seed=4, workers=1, sensitivity=5).to_json()
    assert one.sensitivity["input"].to_list() == ["notes", "abandons", "instruction", "caducite", "cout"]
    effects = dict(one.sensitivity.select("input", "total_effect").iter_rows())
    assert effects["caducite"] == effects["cout"] == 0  # they come after the decision
    assert effects["notes"] > 0


def test_a_single_uncertainty_varies_as_all_do_where_there_is_no_other(file: Path) -> None:
    file.write_text(HEAD + UNCERTAIN[: UNCERTAIN.index("  - {id: abandons")], encoding="utf-8")
    found = tnt.ensemble(file, draws=6, seed=3, workers=1, sensitivity=6)
    assert found.draws.single == [{number: one.value for number, one in found.draws.optima.items()}]
    row = found.sensitivity.row(0, named=True)
    assert [Fraction(row[key]) for key in ("least", "low", "high", "most")] == [
        min(found.values), min(found.values), max(found.values), max(found.values)
    ]  # fmt: skip
    assert row["n_single"] == 6


def test_a_single_uncertainty_leaves_the_others_as_written(file: Path) -> None:
    found = tnt.ensemble(file, draws=12, seed=5, workers=1, sensitivity=12)
    ground = prepare_ground(load_scenario(file), sample_of(file, 12, 5))
    table, budget = ground.problem.case.table, 1_100_000
    cents, scores = (table[name].to_list() for name in ("requested_cents", "score"))
    assert found.draws.plan.values
    for k in range(len(ground.inputs)):
        for number, value in found.draws.single[k].items():
            drawn = ground.draw(number, single=k)
            points = [Fraction(score) for score in scores]
            for name, rows, now in drawn.changes:
                assert name == "score"
                for row, score in zip(rows.tolist(), now.to_list(), strict=True):
                    points[row] = Fraction(str(score))
            here = [row for row in range(table.height) if not drawn.gone[row]]
            best = max(
                sum((points[row] for row in chosen), Fraction(0))
                for size in range(len(here) + 1)
                for chosen in itertools.combinations(here, size)
                if sum(cents[row] for row in chosen) <= budget
            )
            assert value == best
    after = [k for k, one in enumerate(ground.inputs) if one.spec.event in ("lapsed", "final_cost")]
    for k in after:  # they come after the decision
        assert set(found.draws.single[k].values()) == {found.draws.plan.values[0]}


@pytest.mark.parametrize("seed", range(25))
def test_a_range_leaves_out_a_tenth_at_each_end(seed: int) -> None:
    chance = random.Random(seed)
    values = [Fraction(chance.randint(0, 30)) for _ in range(chance.randint(1, 45))]
    found, ordered = compute_range(values), sorted(values)
    least, low, high, most = found.limits
    assert (least, most, found.n) == (ordered[0], ordered[-1], len(values))
    assert sum(value < low for value in values) <= len(values) // 10
    assert sum(value > high for value in values) <= len(values) // 10
    assert found.n_inside == sum(low <= value <= high for value in values)
    assert found.n_inside >= len(values) - 2 * (len(values) // 10)
    if len(values) < 10:
        assert (low, high) == (least, most)
    below, above = (sum(sign * (value - found.median) > 0 for value in values) for sign in (-1, 1))
    assert max(below, above) <= len(values) / 2


def test_a_page_of_few_draws_counts_draws(file: Path) -> None:
    found = tnt.ensemble(file, draws=12, seed=2, workers=1, sensitivity=4)
    page = render_report_html(found.build_report(), Lang.EN)
    reached = sum(value >= found.risk.var for value in found.values)
    assert f"In {reached} of 12 draws" in page
    assert "95%" not in page
    assert "in all 12 draws" in page
    assert "of 4 draws" in page
    assert "9 times in 10" not in page
    strip = page[page.index("Each application in play") :]
    shown = re.findall(r"<title>(\d+) · (\d+)/12</title>", strip[: strip.index("</svg>")])
    counted = Counter(found.dossiers["times"].to_list())
    assert {int(times): int(n) for n, times in shown} == {times: n for times, n in counted.items() if times}


def test_a_where_that_removes_rows_keeps_rows_in_place(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace(
            "[{file: d.csv}]", "[{file: d.csv, where: {dossier: {not: D0}, state: en_instruction}}]"
        ),
        encoding="utf-8",
    )
    found = tnt.ensemble(file, draws=10, workers=1)
    assert found.n_draws == 10
    assert "D0" not in found.dossiers["dossier"].to_list()


def test_the_notes_of_a_further_column_are_numbers(file: Path) -> None:
    table = (file.parent / "d.csv").read_text(encoding="utf-8").replace(",score", ",note_a")
    (file.parent / "d.csv").write_text(table, encoding="utf-8")
    head = HEAD.replace("score: 1", "note_a: 1")
    entry = "uncertain: [{id: a, column: note_a, plus: {normal: {sd: 4}}}]\n"
    file.write_text(head + entry, encoding="utf-8")
    further = tnt.ensemble(file, draws=4, seed=2, workers=1).summary()["value"]
    (file.parent / "d.csv").write_text(table.replace(",note_a", ",score"), encoding="utf-8")
    file.write_text(HEAD + entry.replace("note_a", "score"), encoding="utf-8")
    assert further == tnt.ensemble(file, draws=4, seed=2, workers=1).summary()["value"]


def test_ctrl_c_keeps_what_is_done(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(phase: str, share: float) -> None:
        if share > 0.2:
            raise KeyboardInterrupt

    found = tnt.ensemble(file, draws=10, workers=1, tell=stop)
    assert found.draws.stopped_by == "interrupt"
    assert 0 < found.n_draws < 10
    assert found.summary()["status"] == "interrupted"


def test_page_document_and_files(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.parent / "e.html"
    words = ["ensemble", str(file), "--draws", "8", "--workers", "1", "--seed", "2"]
    assert main([*words, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "8 tirages (graine 2)" in said
    assert "noyau" in said
    assert "Noyau, selon les cas, exclus" in out.read_text(encoding="utf-8")
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["command"], told["n_draws"], told["n_failed"]) == ("ensemble", 8, 0)
    assert {row["standing"] for row in told["dossiers"]} <= {"core", "borderline", "exterior"}
    found = tnt.ensemble(file, draws=8, seed=2, workers=1)
    found.to_excel(file.parent / "e.xlsx")
    assert (file.parent / "e.xlsx").read_bytes()[:2] == b"PK"
    assert "<table>" in found._repr_html_()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{id: a, column: score, plus: {normale: {sd: 1}}}", "la loi doit être l'une de"),
        ("{id: a, column: score, plus: {normal: {ecart: 1}}}", "mean, sd"),
        ("{id: a, column: score, plus: {uniform: {bas: 1}}}", "Écrivez {uniform: {low: …, high: …}}"),
        ("{id: a, column: score, plus: {normal: {}}}", "il manque sd"),
        ("{id: a, column: score, plus: {normal: {sd: -1}}}", "positifs"),
        ("{id: a, column: score, plus: {normal: {sd: beaucoup}}}", "n'est pas un nombre"),
        ("{id: a, column: cost, times: {triangular: [1, 0.9, 1.2]}}", "de la plus petite à la plus grande"),
        ("{id: a, event: withdrawn}", "probability"),
        ("{id: a, event: withdrawn, column: cost, probability: 5 %}", "l'un des deux"),
        ("{id: a, event: final_cost, plus: {normal: {sd: 1}}}", "times"),
        ("{id: a, column: cost, times: {normal: {sd: 1}}, plus: {normal: {sd: 1}}}", "pas les deux"),
        (
            "{id: a, column: cost, times: {normal: {sd: 1}}, correlated: {by: department, rho: 2}}",
            "entre 0 et 1",
        ),
        ("{id: a, event: abandon, probability: 5 %}", "withdrawn"),
    ],
)
def test_each_fault_of_an_uncertainty_is_told_at_its_line(file: Path, entry: str, words: str) -> None:
    file.write_text(f"{HEAD}uncertain:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    told = [defect.line(Lang.FR) for defect in caught.value.defects]
    assert any(words in line and "s.yaml:8" in line for line in told), told


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{id: a, column: scores, plus: {normal: {sd: 1}}}", "scores"),
        ("{id: a, column: department, plus: {normal: {sd: 1}}}", "n'est pas un nombre"),
        ("{id: a, event: withdrawn, where: {departement: 01}, probability: 5 %}", "departement"),
        (
            "{id: a, column: score, plus: {normal: {sd: 1}}, correlated: {by: departement, rho: 0.5}}",
            "departement",
        ),
    ],
)
def test_what_the_dossiers_do_not_have(file: Path, entry: str, words: str) -> None:
    file.write_text(f"{HEAD}uncertain:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        tnt.ensemble(file, draws=2, workers=1)
    assert any(
        words in defect.line(Lang.FR) and "s.yaml:8" in defect.line(Lang.FR)
        for defect in caught.value.defects
    )


def test_a_wrong_option_is_refused_by_name(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["--sampling", "halton"], "lhs, sobol, random"),
        (["--draws", "0"], "entre 1 et"),
        (["--sensitivity", "99", "--draws", "5"], "sensibilité"),
        (["--out", "x.txt"], ".html ou .xlsx"),
    ):
        assert main(["ensemble", str(file), "--workers", "1", *words]) == 2
        assert said in capsys.readouterr().err
    file.write_text(HEAD, encoding="utf-8")
    with pytest.raises(UsageError, match="uncertain"):
        tnt.ensemble(file, draws=2)
    steps = "steps: [{id: a, date: 2026-01-01}, {id: b, date: 2026-02-01}]\n"
    file.write_text(HEAD + UNCERTAIN + steps, encoding="utf-8")
    with pytest.raises(UsageError, match="étapes"):
        tnt.ensemble(file, draws=2)


@pytest.mark.parametrize(
    "law",
    [
        "{normal: {mean: 1.5, sd: 0.7}}",
        "{lognormal: {median: 1.1, sigma: 0.4}}",
        "{uniform: {low: 0.3, high: 1.7}}",
        "{uniform: [0.3, 1.7]}",
        "{triangular: [0.5, 0.9, 1.2]}",
        "{triangular: [0.5, 0.5, 1.2]}",
        "{triangular: [0.5, 1.2, 1.2]}",
    ],
)
def test_laws_are_those_of_scipy(file: Path, law: str) -> None:
    from scipy import stats

    file.write_text(HEAD + f"uncertain: [{{id: x, column: score, plus: {law}}}]\n", encoding="utf-8")
    (one,) = prepare_ground(load_scenario(file), sample_of(file, 2)).inputs
    u = np.random.default_rng(2).random(8)
    assert one.law is not None
    name, p = one.law
    frozen = {
        "normal": lambda: stats.norm(p["mean"], p["sd"]),
        "lognormal": lambda: stats.lognorm(p["sigma"], scale=p["median"]),
        "uniform": lambda: stats.uniform(p["low"], p["high"] - p["low"]),
        "triangular": lambda: stats.triang(
            (p["mode"] - p["low"]) / (p["high"] - p["low"]), p["low"], p["high"] - p["low"]
        ),
    }[name]()
    (values,) = compute_input_values((one,), u)
    assert np.array_equal(values, np.round(frozen.ppf(u), 9))
