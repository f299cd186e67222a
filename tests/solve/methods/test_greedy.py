"""The first list, taken in rounds: under caps it is the one that dossiers give one by one; it keeps every row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.clocks import StepClock
from support.lanes import seeds

from tnt_sim.deadline import Deadline
from tnt_sim.engine.incumbent import find_first_point
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_LOWER, IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods import greedy
from tnt_sim.sparse_matrix import SparseMatrix

CAPS = """  - {id: dep, kind: limit, measure: granted, by: department, max: 90 k€}
  - {id: few, kind: limit, measure: dossiers, by: theme, max: 9}
"""
SHARES = (
    CAPS
    + """  - {id: part, kind: share, measure: granted, where: {theme: a}, max: 30 %}
  - {id: least, kind: share, measure: dossiers, where: {department: "02"}, min: 20 %}
"""
)
GRANTS = {
    "one": "",
    "levels": "grants: [{mode: levels, levels: [20 %, 35 %, 50 %]}]\n",
    "ranges": "grants: [{mode: range, min_rate: 20 %, max_rate: 60 %, round: 100 €}]\n",
}


def written(folder: Path, seed: int, rules: str, grants: str, n: int = 60) -> Formulation:
    """A small scenario with amounts in cents, as a model."""
    random = np.random.default_rng(seed)
    rows = ["dossier,department,theme,cost,requested,score"]
    for k in range(n):
        cents = int(random.integers(100_000, 2_500_000))
        score = int(random.integers(1, 200)) / 10
        department, theme = f"0{random.integers(1, 5)}", "abc"[int(random.integers(0, 3))]
        rows.append(f"D{k:03d},{department},{theme},{cents * 2 / 100:.2f},{cents / 100:.2f},{score}")
    (folder / "d.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    text = f"""schema_version: 1
id: g
date: 2026-03-31
programme: {{id: p, title: P, amount: 270 000.55 €}}
dossiers: [{{file: d.csv}}]
objective: [{{maximise: {{score: 1}}}}]
{grants}rules:
{rules}"""
    (folder / "g.yaml").write_text(text, encoding="utf-8")
    return formulate(compile_problem(load_scenario(folder / "g.yaml")))


def stage_of(form: Formulation) -> SolveStage:
    first = form.stages[0]
    return SolveStage(first.name, first.objective, first.sense)


def one_by_one(form: Formulation) -> IntArray:
    """Each dossier in turn, by gain per cent, taken where every row still holds."""
    model, recovery = form.model, form.recovery
    x = model.col_lower.copy()
    n = len(recovery.candidate)
    gain, cost = form.stages[0].objective, form.least_granted.objective
    ratio = gain[:n] / np.maximum(cost[:n], 1)
    for column in np.argsort(-ratio, kind="stable").tolist():
        if ratio[column] > 0:
            x[column] = 1
            if not model.is_feasible(x):
                x[column] = 0
    return x


@pytest.mark.parametrize("per_round", [1, 7, 100_000])
@pytest.mark.parametrize("seed", seeds(range(12), 4))
def test_under_caps_rounds_take_what_one_by_one_takes(
    seed: int, per_round: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greedy, "PER_ROUND", per_round)
    form = written(tmp_path, seed, CAPS, "")
    found = find_first_point(form, form.model, stage_of(form), Deadline(None))
    assert found is not None
    np.testing.assert_array_equal(found, one_by_one(form))


@pytest.mark.parametrize("grants", GRANTS)
@pytest.mark.parametrize("seed", range(6))
def test_every_list_keeps_every_row_and_leaves_nobody_who_fits(
    seed: int, grants: str, tmp_path: Path
) -> None:
    """Shares bar some at first and let them in later: at the end nobody who waits would fit alone."""
    form = written(tmp_path, seed, SHARES, GRANTS[grants])
    found = find_first_point(form, form.model, stage_of(form), Deadline(None))
    assert found is not None
    assert form.model.is_feasible(found)
    assert form.model.with_objective(form.stages[0].objective, form.stages[0].sense).compute_value(found) > 0
    if grants == "one":
        for column in np.flatnonzero(found == 0).tolist():
            more = found.copy()
            more[column] = 1
            assert not form.model.is_feasible(more)


def test_a_column_that_is_closed_stays_closed(tmp_path: Path) -> None:
    form = written(tmp_path, 0, CAPS, "")
    upper = form.model.col_upper.copy()
    upper[::2] = 0
    model = form.model.with_bounds(form.model.col_lower, upper)
    found = find_first_point(form, model, stage_of(form), Deadline(None))
    assert found is not None
    assert found.sum() > 0
    assert not found[::2].any()


def test_a_false_clock_stops_it_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few more looks at the clock after the deadline, a whole list at each, and no less than the step before."""
    monkeypatch.setattr(greedy, "PER_ROUND", 10)
    form = written(tmp_path, 1, SHARES, GRANTS["ranges"])
    whole = StepClock().install(monkeypatch)
    find_first_point(form, form.model, stage_of(form), Deadline(1e6))
    values = []
    for limit in range(whole.readings + 1):
        clock = StepClock().install(monkeypatch)
        found = find_first_point(form, form.model, stage_of(form), Deadline(limit * clock.tick))
        assert clock.readings <= limit + 4
        assert found is not None
        assert form.model.is_feasible(found)
        values.append(int(found @ form.stages[0].objective))
    assert values == sorted(values)
    assert values[0] == 0 < values[-1]


FLOORS = """  - {id: every, kind: limit, measure: dossiers, by: department, min: 2}
  - {id: theme, kind: limit, measure: granted, where: {theme: a}, min: 70 000.01 €}
  - {id: dep, kind: limit, measure: granted, by: department, max: 95 k€}
  - {id: part, kind: share, measure: dossiers, where: {theme: [b, c]}, min: 40 %}
"""


@pytest.mark.parametrize("grants", GRANTS)
@pytest.mark.parametrize("seed", seeds(range(12), 4))
def test_floors_are_met_before_the_rest(seed: int, grants: str, tmp_path: Path) -> None:
    """A share that is lowered by what other floors take is raised again; then whoever still fits is taken."""
    form = written(tmp_path, seed, FLOORS, GRANTS[grants])
    assert not form.model.is_feasible(form.model.col_lower)
    found = find_first_point(form, form.model, stage_of(form), Deadline(None))
    assert found is not None
    assert form.model.is_feasible(found)
    if grants == "one":
        for column in np.flatnonzero(found == 0).tolist():
            more = found.copy()
            more[column] = 1
            assert not form.model.is_feasible(more)


def test_floors_that_the_caps_bar_give_no_list(tmp_path: Path) -> None:
    rules = FLOORS + "  - {id: few, kind: limit, measure: granted, where: {theme: a}, max: 70 000.02 €}\n"
    form = written(tmp_path, 0, rules, "", n=12)
    assert find_first_point(form, form.model, stage_of(form), Deadline(None)) is None


def test_a_false_clock_stops_it_before_the_floors_are_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No list while a floor is not met, and a feasible one from then on."""
    form = written(tmp_path, 1, FLOORS, "")
    whole = StepClock().install(monkeypatch)
    find_first_point(form, form.model, stage_of(form), Deadline(1e6))
    met = []
    for limit in range(whole.readings + 1):
        clock = StepClock().install(monkeypatch)
        found = find_first_point(form, form.model, stage_of(form), Deadline(limit * clock.tick))
        assert clock.readings <= limit + 4
        assert found is None or form.model.is_feasible(found)
        met.append(found is not None)
    assert met == sorted(met)
    assert not met[0]
    assert met[-1]


def test_one_floor_alone_ends_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cap that lets in one dossier a round: each size twice, and room for each once."""
    n, wanted = 60, 30
    size = np.repeat(2 ** np.arange(wanted, dtype=np.int64)[::-1], 2)
    model = LinearModel(
        matrix=np.stack([np.ones(n, dtype=np.int64), size]),
        row_lower=[wanted, NO_LOWER],
        row_upper=[n, 2**wanted - 1],
        col_lower=[0] * n,
        col_upper=[1] * n,
        integer=[True] * n,
        objective=[1] * n,
        sense=Sense.MAXIMISE,
        row_names=["floor", "cap"],
        col_names=[f"x{k}" for k in range(n)],
    )
    unit = SparseMatrix.from_entries(np.ones(n, dtype=np.int64), np.arange(n), np.arange(n), (n, n))
    clock, reached = StepClock().install(monkeypatch), []
    for most in (9, 1_000):
        filling = greedy._Filling(model, np.zeros(n, dtype=np.int64), np.zeros(2, dtype=np.int64))
        assert filling.reach_lower_bounds(unit, Deadline(most * clock.tick)) is (most > wanted)
        reached.append(int(filling.reached[0]))
    assert reached[0] <= 9
    assert reached[1] == wanted
