"""Limits of a draw's optimum: against every list of small programmes, with any prices, and under a limit."""

from __future__ import annotations

import itertools
import math
import random
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tnt_sim as tnt
from tnt_sim.analysis.shared import goal_bounds
from tnt_sim.analysis.shared.goal_bounds import compute_row_prices
from tnt_sim.analysis.uncertainty import draw_task as one
from tnt_sim.analysis.uncertainty import runner as run
from tnt_sim.analysis.uncertainty.draw_bounds import DrawInterval, compute_optimum_limits
from tnt_sim.analysis.uncertainty.result import EnsembleTables
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.engine.optimise import optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.uncertainty import _list_rates, _round_values, build_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.verify.allocation_reading import Allocation, read_within_limits

LEAVES = "[{id: a, amount: 900.11 €}, {id: b, amount: 900.05 €}]"
TREE = f"{{id: p, amount: 1500.37 €, overbooked: true, envelopes: {LEAVES}}}"
GOALS = {
    "score": "[{maximise: {score: 1}}]",
    "goals": "[{maximise: {score: 1}, tolerance: 10 %}, {maximise: {dossiers: 1}}]",
    "least": "[{minimise: {granted: 1}}]",
}
RULES = {
    "caps": "[]",
    "floor": "[{id: f, kind: limit, measure: granted, where: {kind: x}, min: 400.50 €}]",
    "cross": "[{id: c, kind: limit, measure: granted, by: kind, max: 700.25 €}, "
    "{id: n, kind: limit, measure: dossiers, where: {kind: y}, min: 1}]",
    "funded": "[{id: c, kind: limit, measure: granted, by: kind, max: 900.25 €}, "
    "{id: f, kind: decide, fund: [D0]}]",
}
UNSURE = """uncertain:
  - {id: c, column: score, plus: {normal: {sd: 4}}}
  - {id: g, event: withdrawn, probability: 10 %}
"""


def write(folder: Path, seed: int, goal: str, rules: str, more: str = "", n: int = 7) -> Path:
    """Write a small programme: amounts in cents, many equal scores, two envelopes and two kinds that cross."""
    chance = random.Random(seed)
    rows = ["dossier,envelope,kind,requested,cost,score"]
    for k in range(n):
        cents = chance.choice((25_000, 33_333, chance.randint(10_000, 60_000)))
        euros = f"{cents // 100}.{cents % 100:02d}"
        rows.append(
            f"D{k},{'ab'[k % 2]},{chance.choice('xy')},{euros},{euros},{chance.choice((8, 8, 11.5, 14))}"
        )
    (folder / "d.csv").write_text("\n".join(rows) + "\n")
    place = folder / "s.yaml"
    place.write_text(
        f"schema_version: 1\nid: s\ndate: 2026-01-01\nprogramme: {TREE}\ndossiers: [{{file: d.csv}}]\n"
        f"objective: {GOALS[goal]}\nrules: {RULES[rules]}\n{more}",
        encoding="utf-8",
    )
    return place


def list_lists(problem: Problem) -> list[tuple[Fraction, np.ndarray[Any, Any]]]:
    """List the value of the first goal and the dossiers of every list that the rules allow."""
    offers, found = problem.offers, []
    for taken in itertools.product((False, True), repeat=problem.case.n):
        funded = np.array(taken)
        if (funded & ~offers.in_play).any():
            continue
        reading = read_within_limits(problem, Allocation(funded, np.where(funded, offers.most_cents, 0)), ())
        if reading is not None:
            found.append((reading.values[0], funded))
    return found


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("goal", GOALS)
def test_the_optimum_lies_within_the_limits_at_any_prices(tmp_path: Path, goal: str, rules: str) -> None:
    n_bounded = 0
    for seed in range(4):
        problem = compile_problem(load_scenario(write(tmp_path, seed, goal, rules)))
        lists = list_lists(problem)
        if not lists:
            assert compute_optimum_limits(problem) is None
            continue
        up = goal != "least"
        best = (max if up else min)(value for value, _ in lists)
        decided = optimise(problem).values[0]
        chance = random.Random(seed)
        names = formulate(problem).model.row_names
        wild = {name: chance.uniform(-0.1, 0.1) for name in names}
        for prices in (None, compute_row_prices(problem), wild):
            found = compute_optimum_limits(problem, prices)
            assert found is not None
            n_bounded += 1
            assert found.low <= decided <= found.high
            assert found.low <= best <= found.high
            optima = [
                funded for value, funded in lists if (value >= found.low if up else value <= found.high)
            ]
            sure, excluded = (
                np.unpackbits(bits, count=problem.case.n) for bits in (found.sure, found.excluded)
            )
            assert not (sure & excluded).any()
            for funded in optima:
                assert not (sure.astype(bool) & ~funded).any()
                assert not (excluded.astype(bool) & funded).any()
    assert n_bounded


def test_limits_meet_where_the_prices_leave_no_gap(tmp_path: Path) -> None:
    place = write(tmp_path, 1, "score", "caps")
    text = place.read_text()
    for few, much in (("1500.37", "9999"), ("900.11", "5000"), ("900.05", "4999")):
        text = text.replace(few, much)
    place.write_text(text)
    problem = compile_problem(load_scenario(place))
    found = compute_optimum_limits(problem)
    assert found is not None
    assert found.low == found.high == optimise(problem).values[0]
    assert np.unpackbits(found.sure, count=7).all()


def test_prices_of_one_draw_bound_another_whose_rows_have_other_divisors(tmp_path: Path) -> None:
    """Rows in whole euros are divided by 100; the same rows with cents are not."""
    place = write(tmp_path, 3, "score", "cross", n=9)
    exact = compile_problem(load_scenario(place))
    table = place.with_name("d.csv")
    table.write_text(
        "\n".join(line.replace(".33,", ".00,") for line in table.read_text().splitlines()) + "\n"
    )
    prices = compute_row_prices(compile_problem(load_scenario(place)))
    own, other, none = (compute_optimum_limits(exact, p) for p in (compute_row_prices(exact), prices, {}))
    assert own is not None
    assert other is not None
    assert none is not None
    best = max(value for value, _ in list_lists(exact))
    assert own.low <= best <= min(own.high, other.high)
    assert max(own.high, other.high) < none.high


def test_a_sample_of_columns_gives_prices_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = compile_problem(load_scenario(write(tmp_path, 2, "score", "cross", n=12)))
    whole = compute_row_prices(problem)
    monkeypatch.setattr(goal_bounds, "MOST_SAMPLED", 4)
    seen = []
    real = goal_bounds.IncrementalLp.compute_prices

    def ask(lp: Any, model: Any, *rest: Any, **more: Any) -> Any:
        seen.append(model.n_cols)
        return real(lp, model, *rest, **more) if model.n_cols < 12 else None

    monkeypatch.setattr(goal_bounds.IncrementalLp, "compute_prices", ask)
    prices = compute_row_prices(problem)
    assert seen == [4, 12]
    assert prices
    assert whole
    found = compute_optimum_limits(problem, prices)
    assert found is not None
    assert found.low <= optimise(problem).values[0] <= found.high


def test_no_limits_come_after_the_deadline(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, 1, "score", "floor", UNSURE))
    with pytest.raises(DeadlineExpired):
        compute_optimum_limits(compile_problem(scenario), deadline=Deadline(0))
    sample = one.Sample(scenario.path or tmp_path, (), scenario.sha256, 2, 0, "lhs")
    task = one.DrawTask(sample, 0, until=time.monotonic() - 1, wants_limits=True)
    found = one.run_task(task)
    assert isinstance(found, one.DrawFailure)
    assert (found.status, found.is_final) == (one.STOPPED, False)


def stop_some(monkeypatch: pytest.MonkeyPatch, stopped: set[int]) -> None:
    """Let the optimisations of some draws end before their optimum."""
    asked, calls = one.optimise, itertools.count()

    def ask(problem: Problem, *options: Any, **how: Any) -> SolveOutcome:
        answer = asked(problem, *options, **how)
        if next(calls) not in stopped:
            return answer
        return replace(answer, status=Status.STOPPED, proof=None, claimed=False, allocation=None)

    monkeypatch.setattr(one, "optimise", ask)


@pytest.mark.parametrize("rules", RULES)
def test_an_ensemble_with_bounded_draws_brackets_that_with_all_optima(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: str
) -> None:
    place = write(tmp_path, 5, "score", rules, UNSURE)
    whole = tnt.ensemble(place, 8, workers=1)
    stop_some(monkeypatch, {1, 2, 5})
    found = tnt.ensemble(place, 8, workers=1)
    assert set(found.draws.bounded) <= {1, 2, 5}
    assert found.n_draws == whole.n_draws - found.n_bounded
    for number, (low, high) in found.draws.intervals.items():
        assert low <= whole.draws.optima[number].value <= high
    assert whole.risk is not None
    assert found.risk_limits is not None
    for name in ("mean", "least", "most", "var", "cvar"):
        low, high = (getattr(risk, name) for risk in found.risk_limits)
        assert low <= getattr(whole.risk, name) <= high
    rows = {row["dossier"]: row for row in found.dossiers.iter_rows(named=True)}
    for row in whole.dossiers.iter_rows(named=True):
        own = rows[row["dossier"]]
        assert own["share_low"] <= row["share"] <= own["share_high"]
        assert own["standing"] in (row["standing"], "unknown")
    named = {each.name: each for each in whole.fixed_lists}
    plan = next(each for each in found.fixed_lists if each.name == "plan")
    assert plan.worst_regret <= named["plan"].worst_regret <= plan.worst_regret_upto
    assert plan.risk == named["plan"].risk
    assert found.information is None
    document = found.summary()
    assert (document["n_draws"], document["n_bounded"], document["n_failed"]) == (
        found.n_draws, found.n_bounded, 0,
    )  # fmt: skip
    assert document["value_limits"]["n_draws"] == whole.n_draws
    shown = render(found)
    assert f"Of {found.n_bounded} draws the best value is known within limits only." in shown
    assert "has no figure: some draws are known within limits only." in shown


def render(found: EnsembleTables) -> str:
    return " ".join(" ".join(line.plain for line in render_report(build_report(found), Lang.EN, 110)).split())


def test_no_share_is_exact_where_no_draw_was_optimised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write(tmp_path, 5, "score", "cross", UNSURE)
    stop_some(monkeypatch, set(range(6)))
    found = tnt.ensemble(place, 6, workers=1)
    assert (found.n_draws, found.n_bounded, found.risk) == (0, 6, None)
    assert found.dossiers["share"].is_null().all()
    for low, high, name in found.dossiers.select("share_low", "share_high", "standing").iter_rows():
        assert name == "unknown" or low >= 0.95 or high <= 0.95
    assert "No draw was optimised in time." in render(found)


def test_lists_of_a_folder_leave_bounded_draws_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told of lists says so, and the gain from knowing the draw has no figure."""
    place = write(tmp_path, 5, "score", "cross", UNSURE)
    stop_some(monkeypatch, {1, 2, 5})
    found = tnt.ensemble(place, 8, workers=1, executor="serial", store=tmp_path / "kept")
    assert found.n_bounded > 0
    assert found.fixed_lists
    assert not found.is_read_in_bounded
    assert found.information is None
    shown = render(found)
    assert "Lists were read in optimised draws alone." in shown
    assert f"Money left and payments are those of the {found.n_draws} draws" in shown


def test_limits_are_rounded_outwards() -> None:
    assert _list_rates([2 / 3, 0.3, None], math.floor) == [Fraction(666, 1000), Fraction(3, 10), None]
    assert _list_rates([1 / 3, 0.1, 1e-6], math.ceil) == [
        Fraction(334, 1000), Fraction(1, 10), Fraction(1, 1000),
    ]  # fmt: skip
    third = Fraction(2, 3)
    assert _round_values([third], math.floor) == [Fraction(66, 100)]
    assert _round_values([third], math.ceil) == [Fraction(67, 100)]


def test_limits_come_first_where_the_time_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One draw is bounded; the others follow before the plan if they take more than the last limits may."""
    place = write(tmp_path, 5, "score", "cross", UNSURE)
    order = list[str]()
    bound, ask = one.compute_optimum_limits, run.optimise

    def note_bound(*rest: Any, **more: Any) -> DrawInterval | None:
        order.append("bound")
        return bound(*rest, **more)

    def note_plan(*rest: Any, **more: Any) -> SolveOutcome:
        order.append("plan")
        return ask(*rest, **more)

    monkeypatch.setattr(one, "compute_optimum_limits", note_bound)
    monkeypatch.setattr(run, "optimise", note_plan)
    tnt.ensemble(place, 4, workers=1, time_limit=1000.0)
    assert order[:2] == ["bound", "plan"]
    assert order.count("bound") == 1
    order.clear()
    monkeypatch.setattr(run, "LATE_LIMITS_SHARE", math.nextafter(run.DRAWS_SHARE, 1))
    found = tnt.ensemble(place, 4, workers=1, time_limit=1000.0)
    assert order[:5] == ["bound"] * 4 + ["plan"]
    assert (found.n_draws, found.n_bounded) == (4, 0)
