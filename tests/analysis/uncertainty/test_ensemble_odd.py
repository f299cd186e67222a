"""Ensembles of an unfriendly reader: promises that beat the draw, draws where nothing holds, wrong chances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tnt_sim as tnt
from tnt_sim.analysis.uncertainty import draws as sampling
from tnt_sim.analysis.uncertainty.draw_task import Sample, prepare_ground
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.uncertainty import build_report
from tnt_sim.scenario.load import load_scenario

HEAD = """\
schema_version: 1
id: sort
date: 2026-01-01
programme: {id: p, amount: 11 k€}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
"""
COSTS = (3606, 2971, 4120, 3345, 2240, 5010, 3888, 2930)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [f"D{k},{'01' if k % 2 else '02'},{c},{2 * c},{8 + 3 * k % 11}" for k, c in enumerate(COSTS)]
    (tmp_path / "d.csv").write_text("\n".join(["dossier,department,requested,cost,score", *rows]) + "\n")
    return tmp_path / "s.yaml"


def drawn(file: Path, entry: str, more: str = "", draws: int = 30) -> tnt.Ensemble:
    file.write_text(f"{HEAD}{more}uncertain:\n  - {entry}\n", encoding="utf-8")
    return tnt.ensemble(file, draws=draws, workers=1)


def told(found: tnt.Ensemble) -> str:
    return " ".join(" ".join(line.plain for line in render_report(build_report(found), Lang.FR, 110)).split())


def test_promises_that_beat_the_draw_have_no_value_of_knowing(file: Path) -> None:
    """Who asks for more later was promised less today: such a list is no list of the draw."""
    found = drawn(file, "{id: c, column: requested, times: {uniform: {low: 1.1, high: 1.5}}}")
    plan = found.fixed_lists[0]
    assert plan.ahead
    assert plan.risk.mean > found.risk.mean
    assert found.information is None
    assert all(one.worst_regret >= 0 for one in found.fixed_lists)
    assert "Le gain de connaître l'aléa n'est pas chiffré" in told(found)
    assert found.envelopes["p_exceeded"].to_list() == [1.0]


@pytest.mark.parametrize(
    "entry",
    [
        "{id: c, event: withdrawn, probability: 30 %}",
        "{id: c, column: score, plus: {normal: {sd: 3}}}",
        "{id: c, column: requested, times: {uniform: {low: 0.7, high: 1}}}",
    ],
)
def test_knowing_is_worth_nothing_or_more(file: Path, entry: str) -> None:
    found = drawn(file, entry)
    assert found.information is not None
    assert found.information >= 0


def test_who_was_decided_and_withdraws_is_only_gone(file: Path) -> None:
    rule = "rules: [{id: r, kind: decide, fund: [D0, D1], amounts: {D1: 2 k€}, reason: x, author: y}]\n"
    found = drawn(file, "{id: c, event: withdrawn, probability: 30 %}", rule)
    assert found.n_draws == 30
    table = {row["dossier"]: row["times"] for row in found.dossiers.to_dicts()}
    gone = [found.ground.draw(k).gone for k in range(30)]
    assert table["D0"] == sum(not one[0] for one in gone) < 30


def test_draws_in_which_nothing_holds_are_told(file: Path) -> None:
    rule = "rules: [{id: r, kind: limit, measure: granted, where: {department: 02}, min: 6 k€}]\n"
    found = drawn(file, "{id: c, event: withdrawn, probability: 45 %}", rule)
    lost = 30 - found.n_draws
    assert lost > 0
    assert {one.status for one in found.draws.solved.values()} == {"feasible", "infeasible"}
    assert f"Dans {lost} tirages sur 30, aucune répartition n'est possible" in told(found)


def test_without_a_draw_that_holds_no_place_is_told(file: Path) -> None:
    rule = "rules: [{id: r, kind: limit, measure: granted, where: {department: 02}, min: 6 k€}]\n"
    found = drawn(file, "{id: c, event: withdrawn, probability: 100 %}", rule, draws=3)
    assert found.n_draws == 0
    said = told(found)
    assert "Dans 3 tirages sur 3, aucune répartition n'est possible (planchers, engagements)." in said
    assert "exclus" not in said


def test_a_wide_factor_pays_nothing_below_nothing(file: Path) -> None:
    found = drawn(file, "{id: c, event: final_cost, times: {normal: {mean: 0.2, sd: 1}}}")
    granted = np.full(len(COSTS), 100_000)
    assert min(found.ground.draw(k).compute_paid_cents(granted).min() for k in range(30)) == 0
    assert found.payments["mean_paid_cents"][0] > 0


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{id: a, event: withdrawn, probability: 150 %}", "entre 0 et 100 %"),
        ("{id: a, event: final_cost, times: {uniform: {low: -1, high: 1}}}", "un facteur"),
        ("{id: a, column: cost, times: {triangular: [-0.5, 0.9, 1.2]}}", "un facteur"),
        ("{id: a, column: cost, times: {normal: {mean: 0, sd: 0.1}}}", "un facteur"),
    ],
)
def test_chances_and_factors_out_of_range(file: Path, entry: str, words: str) -> None:
    file.write_text(f"{HEAD}uncertain:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert any(words in d.line(Lang.FR) and "s.yaml:8" in d.line(Lang.FR) for d in caught.value.defects)


def test_an_input_about_nobody_is_told(file: Path) -> None:
    found = drawn(
        file, "{id: instruction, event: withdrawn, where: {dossier: [D99]}, probability: 10 %}", draws=2
    )
    assert found.summary()["without_dossier"] == ["instruction"]
    assert "« instruction » ne concerne aucun dossier" in told(found)


def test_more_draws_than_memory_are_refused_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_FIGURES", 100)
    with pytest.raises(UsageError, match="12 au plus"):
        drawn(file, "{id: c, event: withdrawn, probability: 10 %}", draws=13)


def test_a_second_sample_is_drawn_only_for_sensitivity(file: Path) -> None:
    drawn(file, "{id: c, event: withdrawn, probability: 10 %}", draws=1)
    scenario = load_scenario(file)
    ground = prepare_ground(scenario, Sample(file.resolve(), (), scenario.sha256, 4, 0, "lhs"))
    ground.draw(1)
    assert set(ground.cubes) == {0}
    ground.draw(1, other=0)
    assert set(ground.cubes) == {0, 1}
