"""Prices of the relaxation: HiGHS, SciPy and PuLP with CBC agree, and duality is exact where it can be counted."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.clocks import StepClock
from support.dual_face import DualFace
from support.lanes import in_lanes, seeds
from support.programs import needs_solver
from support.shipped import PROGRAMMES, SCENARIOS
from support.tiny_scenario import tiny

import tnt_sim as tnt
from tnt_sim.deadline import Deadline
from tnt_sim.formulation.named_model import LEAST, MOST, NamedModel
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.solve.backends.model_objects import build_highs
from tnt_sim.solve.methods.relaxation_prices import PricedPoint, solve_relaxation_of

QUICK = (
    "motifs", "equite-une-region", "ae-cp", "demat-ads", "cybersecurite-data", "fonds-territoires", "tnt-2021",
    "tnt-2021-11",
)  # fmt: skip
SOLVERS = ("highs", "scipy", "pulp:COIN_CMD")


def read_model(name: str, stage: int | str = 1) -> tnt.Model:
    return tnt.read_scenario(SCENARIOS / f"{name}.yaml").model(stage)


def is_nondegenerate(model: NamedModel) -> bool:
    """Whether every basic number is strictly between its bounds: then a basis ends where its prices do."""
    highs = build_highs(model, relax=True)
    highs.run()
    basis, solution = highs.getBasis(), highs.getSolution()
    bounds = (*model.column_bounds, *model.row_bounds)
    sides = (
        (basis.col_status, solution.col_value, bounds[0], bounds[1]),
        (basis.row_status, solution.row_value, bounds[2], bounds[3]),
    )
    for statuses, values, lower, upper in sides:
        basic = np.array([status.name == "kBasic" for status in statuses], dtype=np.bool_)
        value = np.array(values)
        room = 1e-6 * np.maximum(1, np.abs(value))
        if (basic & ((value < lower + room) | (value > upper - room))).any():
            return False
    return True


def list_wrong_signs(model: NamedModel, point: PricedPoint) -> list[str]:
    """Rows whose price has a sign that no right-hand side of their direction can have."""
    better = 1 if model.is_maximised else -1
    return [
        name
        for name, sense, price in zip(model.rows, model.senses, (better * point.prices).tolist(), strict=True)
        if (sense == MOST and price < 0) or (sense == LEAST and price > 0)
    ]


def compute_dual_objective(model: NamedModel, point: PricedPoint) -> float:
    """The bound that the prices give, without the offset."""
    reduced = point.compute_reduced_costs(model)
    lower, upper = model.column_bounds
    takes_upper = reduced > 0 if model.is_maximised else reduced < 0
    bound = np.where(takes_upper, upper, lower)
    return float(point.prices @ model.rhs + reduced[reduced != 0] @ bound[reduced != 0])


def check_three_libraries(model: NamedModel) -> BoolArray:
    """Check signs, bound and unique prices of three libraries; return which prices are the only optimal ones."""
    points = [solve_relaxation_of(model, solver) for solver in SOLVERS]
    assert [list_wrong_signs(model, point) for point in points] == [[]] * 3
    bounds = [compute_dual_objective(model, point) for point in points]
    assert bounds == pytest.approx([bounds[0]] * 3, rel=1e-9, abs=1e-9)
    assert bounds[0] == pytest.approx(float(model.cost @ points[0].values), rel=1e-9, abs=1e-9)
    unique = DualFace(model).mark_unique() if model.columns else np.ones(len(model.rows), dtype=np.bool_)
    for point in points[1:]:
        np.testing.assert_allclose(point.prices[unique], points[0].prices[unique], rtol=1e-9, atol=1e-12)
    return unique & (points[0].prices != 0)


@needs_solver("pulp:COIN_CMD")
@pytest.mark.parametrize("name", in_lanes(PROGRAMMES, *QUICK))
def test_three_libraries_give_prices_of_one_bound(name: str) -> None:
    check_three_libraries(read_model(name).named)


@needs_solver("pulp:COIN_CMD")
@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("demat-ads", 2), ("demat-ads", "least granted"), ("motifs", "least granted"),
        ("ae-cp", "least granted"), ("equite-une-region", "least granted"),
        ("cybersecurite-data", "least granted"),
    ],
)  # fmt: skip
def test_a_later_stage_has_prices_of_one_bound_too(name: str, stage: int | str) -> None:
    check_three_libraries(read_model(name, stage).named)


@needs_solver("pulp:COIN_CMD")
def test_prices_that_are_compared_row_by_row_are_not_zero() -> None:
    """The comparison of unique prices would mean little if those of rows that bind were never among them."""
    counted = {name: int(check_three_libraries(read_model(name).named).sum()) for name in ("ae-cp", "motifs")}
    assert counted == {"ae-cp": 2, "motifs": 9}


@pytest.mark.parametrize("seed", seeds(range(24), 8))
def test_a_unique_price_is_the_slope_on_both_sides(seed: int, tmp_path: Path) -> None:
    """The value rises by the same per euro as it falls exactly where the price counts as the only one."""
    named = draw_scenario(tmp_path, seed).model().named
    value = solve_changed(named, None, None)
    unique = DualFace(named).mark_unique()
    for row, rhs in enumerate(named.rhs.tolist()):
        step = 1e-3
        try:
            slopes = [(solve_changed(named, (row, rhs + to), None) - value) / to for to in (-step, step)]
        except tnt.NothingDecided:
            continue
        assert unique[row] == (abs(slopes[0] - slopes[1]) < 1e-5), named.rows[row]


def draw_scenario(folder: Path, seed: int) -> tnt.Scenario:
    """Seven dossiers under two envelopes, a cap by department, a minimum of dossiers and a share."""
    draw = random.Random(seed)
    lines = ["dossier,envelope,department,cost,requested,score"]
    for number in range(1, 8):
        euros = draw.randint(50, 400)
        lines.append(
            f"{number},{draw.choice('ab')},{draw.choice(['01', '02'])},{2 * euros},{euros},{draw.randint(1, 30)}"
        )
    rules = [
        f"  - {{id: plafond, kind: limit, measure: granted, by: department, max: {draw.randint(300, 700)} €}}",
        f"  - {{id: moins, kind: limit, measure: dossiers, min: {draw.randint(0, 2)}}}",
        '  - {id: part, kind: share, measure: granted, where: {department: "01"}, max: 80 %}',
    ]
    text = f"""schema_version: 1
id: dessin
programme:
  id: tout
  amount: {draw.randint(600, 1100)} €
  unassigned: own
  overbooked: true
  envelopes:
    - {{id: a, amount: {draw.randint(250, 500)} €}}
    - {{id: b, amount: {draw.randint(250, 500)} €}}
dossiers: [{{file: table.csv}}]
objective: [{{maximise: {{score: 1}}}}]
rules:
""" + "\n".join(rules)
    return tnt.Scenario.from_data(tiny(folder, text, "\n".join(lines) + "\n"))


def bound_exactly(model: NamedModel, prices: list[Fraction]) -> Fraction:
    """The dual bound of prices in fractions, from the decimals that the model prints."""
    dense = [[Fraction(repr(value)) for value in row] for row in model.matrix.toarray().tolist()]
    bound = sum((y * Fraction(repr(b)) for y, b in zip(prices, model.rhs.tolist(), strict=True)), Fraction(0))
    lower, upper = model.column_bounds
    for j, cost in enumerate(model.cost.tolist()):
        reduced = Fraction(repr(cost)) - sum(
            (y * row[j] for y, row in zip(prices, dense, strict=True)), Fraction(0)
        )
        bound += max(reduced * Fraction(lower[j]), reduced * Fraction(upper[j]))
    return bound


def list_feasible_values(model: NamedModel) -> list[Fraction]:
    """The objective of every feasible choice of the dossiers."""
    whole = model.linear
    assert (whole.col_upper == 1).all()
    points = (np.array(point) for point in itertools.product((0, 1), repeat=whole.n_cols))
    return [whole.compute_value(point) * model.cost_scale for point in points if whole.is_feasible(point)]


@pytest.mark.parametrize("seed", seeds(range(60), 12))
def test_duality_is_exact_on_drawn_scenarios(seed: int, tmp_path: Path) -> None:
    model = draw_scenario(tmp_path, seed).model()
    named = model.named
    relaxed = model.relax()
    prices = [Fraction(price) for price in relaxed.point.prices.tolist()]
    assert list_wrong_signs(named, relaxed.point) == []
    bound = bound_exactly(named, prices)
    primal = sum(
        (
            Fraction(repr(c)) * Fraction(x)
            for c, x in zip(named.cost.tolist(), relaxed.point.values.tolist(), strict=True)
        ),
        Fraction(0),
    )
    assert abs(bound - primal) <= Fraction(1, 10**8) * max(1, abs(bound)), "strong duality"
    assert relaxed.bound is not None
    assert abs(Fraction(relaxed.bound) - bound) <= Fraction(1, 10**6) * max(1, abs(bound))
    values = list_feasible_values(named)
    if not values:
        with pytest.raises(tnt.NothingDecided):
            _ = relaxed.best
        return
    best = max(values)
    assert best <= bound, "weak duality"
    assert relaxed.best == best
    assert relaxed.gap == relaxed.bound - relaxed.best >= 0


def solve_changed(model: NamedModel, rhs: tuple[int, float] | None, cost: tuple[int, float] | None) -> float:
    """The value of the relaxation with one right-hand side or one cost changed."""
    highs = build_highs(model, relax=True)
    lower, upper = model.row_bounds
    if rhs is not None:
        row, value = rhs
        highs.changeRowBounds(
            row, value if np.isfinite(lower[row]) else -np.inf, value if np.isfinite(upper[row]) else np.inf
        )
    if cost is not None:
        highs.changeColCost(*cost)
    highs.run()
    if highs.getModelStatus().name == "kInfeasible":
        raise tnt.NothingDecided("no point")
    assert highs.getModelStatus().name == "kOptimal"
    return float(highs.getObjectiveValue())


@pytest.mark.parametrize("seed", seeds(range(20), 4))
def test_prices_last_over_their_ranges(seed: int, tmp_path: Path) -> None:
    check_ranges(draw_scenario(tmp_path, seed).model())


@pytest.mark.parametrize("name", in_lanes(("motifs", "equite-une-region"), "motifs"))
def test_prices_of_a_shipped_scenario_last_over_their_ranges(name: str) -> None:
    check_ranges(read_model(name))


def check_ranges(model: tnt.Model) -> None:
    """Solve again at both ends of every range: the price, or the part that is taken, is the same."""
    named, relaxed = model.named, model.relax()
    point, ranges = relaxed.point, relaxed.point.ranges
    assert ranges is not None
    value = float(named.cost @ point.values)
    for row, rhs in enumerate(named.rhs.tolist()):
        for end in (ranges.rhs_from[row], ranges.rhs_to[row]):
            to = float(np.clip(end, rhs - 50, rhs + 50))
            assert solve_changed(named, (row, to), None) == pytest.approx(
                value + point.prices[row] * (to - rhs), rel=1e-7, abs=1e-6
            ), named.rows[row]
    for column, cost in enumerate(named.cost.tolist()):
        for end in (ranges.cost_from[column], ranges.cost_to[column]):
            to = float(np.clip(end, cost - 5, cost + 5))
            assert solve_changed(named, None, (column, to)) == pytest.approx(
                value + point.values[column] * (to - cost), rel=1e-7, abs=1e-6
            ), named.columns[column]


def test_a_range_ends_where_the_price_changes(tmp_path: Path) -> None:
    """Beyond its range, a price of a nondegenerate point is another one."""
    seen = 0
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        named = (model := draw_scenario(folder, seed).model()).named
        if not is_nondegenerate(named):
            continue
        point = model.relax().point
        assert point.ranges is not None
        value = float(named.cost @ point.values)
        for row in np.flatnonzero(point.prices).tolist():
            beyond = float(point.ranges.rhs_to[row]) + 40
            expected = value + point.prices[row] * (beyond - named.rhs[row])
            if np.isfinite(beyond) and named.senses[row] == MOST:
                assert solve_changed(named, (row, beyond), None) < expected - 1e-9
                seen += 1
    assert seen >= 5


def test_a_cost_range_ends_where_the_part_changes(tmp_path: Path) -> None:
    """Beyond the range of its cost, more of a column is taken, or less, than at a nondegenerate point."""
    seen = 0
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        named = (model := draw_scenario(folder, seed).model()).named
        if not is_nondegenerate(named):
            continue
        point = model.relax().point
        assert point.ranges is not None
        value = float(named.cost @ point.values)
        for column, cost in enumerate(named.cost.tolist()):
            for end, to in ((point.ranges.cost_from[column], -1), (point.ranges.cost_to[column], 1)):
                if np.isfinite(end):
                    beyond = float(end) + to
                    expected = value + point.values[column] * (beyond - cost)
                    assert solve_changed(named, None, (column, beyond)) > expected + 1e-9
                    seen += 1
    assert seen >= 20


def test_a_decided_scenario_has_a_relaxation_without_columns() -> None:
    """Every dossier of this scenario is committed: its value is that of the commitments."""
    model = read_model("tnt-2021-11")
    assert model.columns.height == 0
    for solver in SOLVERS:
        relaxed = model.relax(solver=solver)
        assert relaxed.bound == relaxed.best == model.named.offset > 0
        assert relaxed.gap == 0
        assert relaxed.columns.height == 0


def test_tables_name_what_they_price(tmp_path: Path) -> None:
    relaxed = draw_scenario(tmp_path, 3).model().relax()
    assert relaxed.rows.columns == [
        "name", "title", "sense", "rhs", "activity", "slack", "price", "measure", "rhs_from", "rhs_to",
    ]  # fmt: skip
    assert relaxed.columns.columns == [
        "name", "kind", "dossier", "title", "cost", "value", "reduced_cost", "cost_from", "cost_to",
    ]  # fmt: skip
    binding = relaxed.rows.filter(relaxed.rows["price"] != 0)
    assert (binding["slack"].abs() < 1e-6).all(), "complementary slackness"
    without = draw_scenario(tmp_path, 3).model().relax(solver="scipy")
    assert without.rows["rhs_from"].is_null().all()
    assert without.value == pytest.approx(relaxed.value)


def test_a_relaxation_without_a_point_says_so(tmp_path: Path) -> None:
    scenario = draw_scenario(tmp_path, 1).with_({"rules.moins.min": 2, "rules.plafond.max": "1 €"})
    for solver in ("highs", "scipy"):
        with pytest.raises(tnt.NothingDecided, match="relaxation"):
            scenario.model().relax(solver=solver)


def test_a_bound_keeps_the_limit_of_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the products exceed 64 bits they are computed one by one, which takes long with many columns."""
    monkeypatch.setattr("tnt_sim.solve.reductions.fixing._find_scale", lambda *_: None)
    model = draw_scenario(tmp_path, 3).model()
    relaxed = model.relax()
    assert model.relax().bound is not None
    clock = StepClock(tick=1e6).install(monkeypatch)
    assert relaxed.bound is None
    assert clock.readings <= 20


@pytest.mark.parametrize("solver", [*SOLVERS[:2], pytest.param(SOLVERS[2], marks=needs_solver(SOLVERS[2]))])
def test_a_relaxation_keeps_the_limit_of_the_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, solver: str
) -> None:
    model = draw_scenario(tmp_path, 3).model()
    told: list[bool] = []
    for name in ("clock_seconds", "limit_seconds"):
        monkeypatch.setattr(Deadline, name, property(lambda self: told.append(self.is_unlimited) or 600.0))
    model.relax(solver=solver)
    assert told[0] is False
    clock = StepClock(tick=1e6).install(monkeypatch)
    with pytest.raises(tnt.LimitReached, match="kTimeLimit"):
        model.relax(solver=solver)
    assert clock.readings <= 20


def test_an_unknown_solver_is_refused(tmp_path: Path) -> None:
    with pytest.raises(tnt.SolverError, match="pulp:"):
        draw_scenario(tmp_path, 1).model().relax(solver="cbc")
