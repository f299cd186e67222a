"""The model as an object: names, one scaling, and files that HiGHS and CBC read back to the same optimum."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from support.lanes import in_lanes
from support.programs import needs
from support.shipped import PROGRAMMES, SCENARIOS
from support.tiny_scenario import HEAD, TABLE, tiny, with_committed

import tnt_sim as tnt
from tnt_sim.api.models.model import find_best_values
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER
from tnt_sim.formulation.model_files import NO_CANDIDATE
from tnt_sim.formulation.named_model import NamedModel, build_unique_names
from tnt_sim.solve.backends.highs import import_highspy

CBC = shutil.which("cbc")
SMALL = ("motifs", "equite-une-region", "ae-cp", "demat-ads", "fonds-territoires", "tnt-2021-11")
LOADED = ("tnt-2021-11-axe-2-seul", "equite-territoriale", "tnt-2021-incertain", "fonds-territoires-94")
WHOLE = (*SMALL, *LOADED, "cybersecurite-data")
"""Those whose integer programs HiGHS and CBC solve within seconds; the others: `benchmarks/model_files.py`."""

RULES = """
rules:
  - {id: tiers, kind: share, measure: granted, where: {department: "01"}, min: 1/3, max: 2/3}
  - {id: au-moins, kind: limit, measure: dossiers, min: 1, max: 3}
"""


def read(name: str) -> tnt.Scenario:
    return tnt.read_scenario(SCENARIOS / f"{name}.yaml")


def read_with_highs(path: Path) -> Any:
    highs = import_highspy().Highs()
    for option, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}.items():
        highs.setOptionValue(option, value)
    assert highs.readModel(str(path)).name == "kOk"
    return highs


def solve_with_highs(path: Path, *, relax: bool = False) -> float:
    highs = read_with_highs(path)
    highs.setOptionValue("solve_relaxation", relax)
    highs.run()
    assert highs.getModelStatus().name == "kOptimal"
    return float(highs.getObjectiveValue())


def solve_with_cbc(path: Path, *, relax: bool = False) -> float:
    out = path.with_suffix(".sol")
    exact = ["-ratio", "0", "-allow", "0"]
    command = [str(CBC), str(path), *exact, "-initialSolve" if relax else "-solve", "-solution", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    head = out.read_text().splitlines()[0]
    assert head.startswith("Optimal - objective value")
    return float(head.split()[-1])


def best_of(model: tnt.Model) -> Fraction:
    """The best objective of a stage as the engine proves it, commitments left out."""
    values, __ = find_best_values(model.problem, model.number)
    return values[model.number - 1] - model.named.offset


def count_units(model: tnt.Model, objective: float) -> int:
    """An objective of a float solver in the least units of the stage, which are whole."""
    return round(Fraction(objective) / model.named.cost_scale)


@pytest.mark.parametrize("name", in_lanes(PROGRAMMES, *SMALL, "tnt-2021"))
def test_highs_reads_the_same_numbers_back_from_both_files(name: str, tmp_path: Path) -> None:
    """Columns, rows, bounds, costs and coefficients by name, each the very float of the model."""
    model = read(name).model()
    model.to_lp(tmp_path / "model.lp")
    model.to_mps(tmp_path / "model.mps")
    named = model.named
    for file, sign in (("model.lp", 1), ("model.mps", -1 if named.is_maximised else 1)):
        lp = read_with_highs(tmp_path / file).getLp()
        names = list(lp.col_names_)  # each reading of the attribute copies all names
        columns = [name for name in names if name != NO_CANDIDATE]
        assert sorted(columns) == sorted(named.columns)
        assert list(lp.row_names_) == list(named.rows)
        order = [k for k, name in enumerate(names) if name != NO_CANDIDATE]
        place = {column: k for k, column in enumerate(named.columns)}
        at = np.array([place[column] for column in columns], dtype=np.int64)
        assert (np.array(lp.col_cost_)[order] == sign * named.cost[at]).all()
        for read_back, bound in zip((lp.col_lower_, lp.col_upper_), named.column_bounds, strict=True):
            assert (np.array(read_back)[order] == bound[at]).all()
        for read_back, bound in zip((lp.row_lower_, lp.row_upper_), named.row_bounds, strict=True):
            assert (np.array(read_back) == bound).all()
        whole = [kind.name == "kInteger" for kind in lp.integrality_] or [False] * len(names)
        assert [whole[k] for k in order] == named.integer[at].tolist()
        assert read_entries(lp) == list_entries(named)


def read_entries(lp: Any) -> dict[tuple[str, str], float]:
    """The coefficients that HiGHS holds, by names of row and column."""
    matrix = lp.a_matrix_
    starts, indices, values = list(matrix.start_), list(matrix.index_), list(matrix.value_)
    by_row = matrix.format_.name == "kRowwise"
    outer, inner = (lp.row_names_, lp.col_names_) if by_row else (lp.col_names_, lp.row_names_)
    pairs = {
        (outer[k], inner[indices[at]]): values[at]
        for k in range(len(outer))
        for at in range(starts[k], starts[k + 1])
        if values[at]
    }
    return pairs if by_row else {(row, column): value for (column, row), value in pairs.items()}


def list_entries(named: NamedModel) -> dict[tuple[str, str], float]:
    matrix = named.matrix
    return {
        (named.rows[row], named.columns[column]): value
        for row, column, value in zip(
            matrix.row.tolist(), matrix.indices.tolist(), matrix.data.tolist(), strict=True
        )
    }


@needs(CBC, "CBC")
@pytest.mark.parametrize("name", in_lanes(PROGRAMMES, *SMALL, "tnt-2021"))
def test_highs_and_cbc_read_both_files_back_to_the_bound_of_the_relaxation(name: str, tmp_path: Path) -> None:
    model = read(name).model()
    model.to_lp(tmp_path / "model.lp")
    model.to_mps(tmp_path / "model.mps")
    sign = -1 if model.named.is_maximised else 1
    found = [
        way * solve(tmp_path / file, relax=True)
        for solve in (solve_with_highs, solve_with_cbc)
        for file, way in (("model.lp", 1), ("model.mps", sign))
    ]
    assert found == pytest.approx([model.relax().value - model.offset] * 4, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("name", in_lanes(WHOLE, *SMALL))
def test_highs_reads_both_files_back_to_the_optimum(name: str, tmp_path: Path) -> None:
    model = read(name).model()
    model.to_lp(tmp_path / "model.lp")
    model.to_mps(tmp_path / "model.mps")
    best = count_units(model, best_of(model))
    sign = -1 if model.named.is_maximised else 1
    assert count_units(model, solve_with_highs(tmp_path / "model.lp")) == best
    assert count_units(model, sign * solve_with_highs(tmp_path / "model.mps")) == best


@needs(CBC, "CBC")
@pytest.mark.parametrize("name", in_lanes(WHOLE, *SMALL))
def test_cbc_reads_both_files_back_to_the_optimum(name: str, tmp_path: Path) -> None:
    model = read(name).model()
    model.to_lp(tmp_path / "model.lp")
    model.to_mps(tmp_path / "model.mps")
    best = count_units(model, best_of(model))
    sign = -1 if model.named.is_maximised else 1
    assert count_units(model, solve_with_cbc(tmp_path / "model.lp")) == best
    assert count_units(model, sign * solve_with_cbc(tmp_path / "model.mps")) == best


@needs(CBC, "CBC")
@pytest.mark.parametrize("name", in_lanes(SMALL, "motifs", "equite-une-region", "fonds-territoires"))
def test_the_least_granted_of_every_file_is_that_of_the_decision(name: str, tmp_path: Path) -> None:
    scenario = read(name)
    model = scenario.model("least granted")
    lp, mps = tmp_path / "model.lp", tmp_path / "model.mps"
    model.to_lp(lp)
    model.to_mps(mps)
    first = tnt.Scenario.from_data(model.scenario)
    granted = first.solve().document["granted_cents"]
    found = [solve_with_highs(lp), solve_with_highs(mps), solve_with_cbc(lp), solve_with_cbc(mps)]
    assert [count_units(model, one) + round(model.named.offset * 100) for one in found] == [granted] * 4


def test_a_later_stage_keeps_the_values_of_the_earlier_ones() -> None:
    model = read("demat-ads").model(stage=3)
    kept = model.rows.filter(model.rows["kind"] == "stage")
    assert kept["name"].to_list() == ["stage_1_communes", "stage_2_habitants"]
    assert kept["sense"].to_list() == [">=", ">="]
    shown = model.stages
    assert shown["proof"].to_list() == ["PROVED", "PROVED", None]
    offsets = [stage.scale * stage.constant for stage in model.form.stages]
    values = [Fraction(value) for value in shown["value"].to_list()[:2]]
    assert [Fraction(rhs) for rhs in kept["rhs"].to_list()] == [
        value - offset for value, offset in zip(values, offsets, strict=True)
    ]


def test_a_tolerance_widens_the_row_of_its_stage(tmp_path: Path) -> None:
    goals = "objective:\n  - {maximise: {score: 1}, tolerance: 10 %}\n  - {maximise: {dossiers: 1}}\n"
    scenario = tnt.Scenario.from_data(
        tiny(tmp_path, HEAD.replace("objective: [{maximise: {score: 1}}]\n", goals))
    )
    best = find_best_values(scenario.model().problem, 1)[0][0]
    rows = scenario.model(2).rows
    assert rows.filter(rows["kind"] == "stage")["rhs"].item() == -(-best * 9 // 10)


def test_numbers_are_those_of_the_whole_model(tmp_path: Path) -> None:
    """Each row in euros is its whole row times one exact fraction, and prints as a short decimal."""
    model = tnt.Scenario.from_data(tiny(tmp_path, HEAD + RULES)).model()
    named, whole = model.named, model.named.linear
    dense, exact = named.matrix.toarray(), whole.matrix.toarray()
    for row, scale in enumerate(named.row_scales):
        for value, number in zip(dense[row].tolist(), exact[row].tolist(), strict=True):
            assert Fraction(repr(value)) == number * scale
    assert [Fraction(repr(value)) for value in named.cost.tolist()] == [
        number * named.cost_scale for number in whole.objective.tolist()
    ]
    rows = {row["name"]: row for row in model.rows.to_dicts()}
    assert rows["envelope_a"]["rhs"] == 900
    assert rows["envelope_a"]["measure"] == "€"
    assert (rows["rule_au_moins_min"]["rhs"], rows["rule_au_moins_max"]["rhs"]) == (1, 3)
    assert all(Fraction(row["unit"]) == 1 for row in rows.values() if row["kind"] == "envelope")


TRANSFERS = """schema_version: 1
id: tiny
programme:
  id: tout
  amount: 1 500 €
  envelopes:
    - {id: a, amount: 900 €, transfers: {to: [b], out_max: 20 %}}
    - {id: b, amount: 600 €, transfers: {to: [a], in_max: 30 %}}
dossiers: [{file: table.csv}]
rules:
  - {id: due, kind: limit, measure: granted, by: department, min: 700 €, penalty: {cost: 1, per: 100 €, stage: 1}}
  - {id: two, kind: limit, measure: dossiers, min: 4, penalty: {cost: 1, per: 1, stage: 1}}
objective: [{maximise: {score: 1}}]
"""


def test_money_that_moves_or_is_short_counts_in_euros(tmp_path: Path) -> None:
    model = tnt.Scenario.from_data(tiny(tmp_path, TRANSFERS)).model()
    named, rows = model.named, {row["name"]: row for row in model.rows.to_dicts()}
    assert {(row["rhs"], row["measure"]) for name, row in rows.items() if name.startswith("link_")} == {
        (180, "€")
    }
    others = model.columns.filter(model.columns["kind"] == "auxiliary")
    upper = dict(zip(others["name"], others["upper"], strict=True))
    assert upper["aux_move_a_b"] == 180
    assert {most for name, most in upper.items() if "due" in name} == {400, 500, 700}
    dense = named.matrix.toarray()
    at = {name: k for k, name in enumerate(named.columns)}
    for name, place in at.items():
        if name.startswith("aux_"):
            assert set(np.abs(dense[:, place]).tolist()) <= {0, 1}
    assert named.cost[at["aux_short_rule_due_01_1"]] == -0.01
    assert [name for name in others["name"] if named.integer[at[name]]] == ["aux_short_rule_two_1"]
    arrays = model.to_scipy()
    found = arrays.sign * scipy.optimize.milp(**arrays.to_milp()).fun
    assert Fraction(found).limit_denominator(10**6) == best_of(model)


def test_split_rows_are_the_rows_of_the_formulation(tmp_path: Path) -> None:
    model = tnt.Scenario.from_data(tiny(tmp_path, HEAD + RULES)).model()
    form = formulate(model.problem, whole=False).model
    sides = int((form.row_lower != NO_LOWER).sum() + (form.row_upper != NO_UPPER).sum())
    assert model.rows.height == sides - int((form.row_lower == form.row_upper).sum())
    rng = np.random.default_rng(7)
    for __ in range(200):
        point = rng.integers(form.col_lower, form.col_upper + 1)
        assert form.is_feasible(point) == model.named.linear.is_feasible(point)


def test_commitments_are_the_offset(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD, with_committed("1", 600)))
    model = scenario.model()
    assert model.offset == 10
    arrays = model.to_scipy()
    found = arrays.sign * scipy.optimize.milp(**arrays.to_milp()).fun + arrays.offset
    assert round(found, 6) == float(scenario.solve().document["objective"][0]["value"])


@pytest.mark.parametrize("stage", [1, "least granted"])
def test_every_object_has_the_same_optimum(tmp_path: Path, stage: int | str) -> None:
    model = tnt.Scenario.from_data(tiny(tmp_path, HEAD + RULES)).model(stage)
    arrays, highs, problem = model.to_scipy(), model.to_highs(), model.to_pulp()
    import pulp

    highs.run()
    problem.solve(pulp.HiGHS(msg=False))
    found = [
        arrays.sign * scipy.optimize.milp(**arrays.to_milp()).fun,
        highs.getObjectiveValue(),
        pulp.value(problem.objective),
    ]
    assert [count_units(model, one) for one in found] == [count_units(model, best_of_last(model))] * 3
    assert [highs.getRowName(k)[1] for k in range(model.rows.height)] == model.rows["name"].to_list()
    assert [one.name for one in problem.constraints()] == model.rows["name"].to_list()


def best_of_last(model: tnt.Model) -> Fraction:
    if model.number <= len(model.form.stages):
        return best_of(model)
    granted = tnt.Scenario.from_data(model.scenario).solve().document["granted_cents"]
    return Fraction(granted, 100) - model.named.offset


@pytest.mark.parametrize("name", ["motifs", "ae-cp", "demat-ads", "fonds-territoires"])
def test_names_are_unique_and_safe(name: str) -> None:
    model = read(name).model()
    for names in (model.rows["name"].to_list(), model.columns["name"].to_list()):
        assert len(set(names)) == len(names)
        assert all(one.isascii() and one.replace("_", "a").isalnum() and one[0].isalpha() for one in names)
        assert max(map(len, names)) < 80
    by_name = dict(
        model.columns.filter(model.columns["kind"] == "funded").select("name", "dossier").iter_rows()
    )
    ids = model.problem.case.table["dossier"].to_list()
    assert set(by_name.values()) <= set(ids)


def test_equal_names_get_numbers() -> None:
    assert build_unique_names(["a b", "a_b", "a-b", "a_b_2"]) == ("a_b", "a_b_2", "a_b_3", "a_b_2_2")


def test_each_step_has_its_model_after_the_grants_of_the_earlier_ones(tmp_path: Path) -> None:
    scenario = read("demat-ads")
    decided = scenario.solve().document
    first, second = scenario.model(), scenario.model("least granted", step="tranche-2")
    assert second.offset > 0
    assert second.problem.offers.committed.sum() > first.problem.offers.committed.sum()
    second.to_lp(tmp_path / "model.lp")
    found = count_units(second, solve_with_highs(tmp_path / "model.lp"))
    assert found + round(second.named.offset * 100) == decided["granted_cents"]
    for wrong in (0, 3, "tranche-3"):
        with pytest.raises(tnt.UsageError, match=r"1 \(tranche-1\), 2 \(tranche-2\)"):
            scenario.model(step=wrong)


def test_a_step_after_one_without_a_list_has_no_model(tmp_path: Path) -> None:
    steps = "steps:\n  - {id: un, set: {rules.nombre.min: 4}}\n  - {id: deux}\n"
    rules = "rules:\n  - {id: nombre, kind: limit, measure: dossiers, min: 1}\n"
    rules += "  - {id: peu, kind: limit, measure: granted, max: 700 €}\n"
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD + rules + steps))
    assert scenario.model(step="un").number == 1
    with pytest.raises(tnt.NothingDecided, match="un"):
        scenario.model(step="deux")


def test_a_scenario_without_steps_has_one(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD, TABLE))
    with pytest.raises(tnt.UsageError, match=r"2 »[^:]*: 1"):
        scenario.model(step=2)


def test_a_stage_that_does_not_exist_is_named(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD, TABLE))
    for wrong in (0, 3, "points"):
        with pytest.raises(tnt.UsageError, match="least granted"):
            scenario.model(wrong)
