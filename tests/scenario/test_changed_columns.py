"""A problem on changed columns is the same, whatever was memoised from the columns before."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tnt_sim.domain.portfolio import CANONICAL, Portfolio, get_table_column
from tnt_sim.errors import InputError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario, with_amounts, with_sets
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData

SCENARIO = """\
schema_version: 1
id: s
date: 2026-03-01
programme:
  id: p
  amount: 9 M€
  envelopes: [{id: a, amount: 5 M€}, {id: b, amount: 3 M€}]
dossiers: [{file: d.csv}]
eligibility:
  - {id: dates, require: {filed_at: {from: "2026-01-05"}, start: {after: {column: filed_at, plus: 1 month}}}}
  - {id: petites, where: {applicant_type: commune}, require: {population: {max: 40000}}}
caps:
  - {id: reste, max: 80 %, of: cost}
grants: [{max_rate: 60 %, max: 400 k€}]
rules:
  - {id: dept, kind: limit, measure: granted, by: department, max: 900 k€}
  - {id: base, kind: limit, measure: granted, by: base, max: 700 k€}
  - {id: un, kind: exclusive, by: applicant_id, max: 12}
  - {id: part, kind: share, measure: granted, where: {applicant: Nord}, max: 70 %}
  - {id: note, kind: limit, measure: note, by: [department, applicant_type], max: 60}
  - {id: gens, kind: limit, measure: population, max: 900000}
objective: [{maximise: {score: 1}}, {maximise: {population: 1}}]
"""


def write(folder: Path, seed: int) -> ScenarioData:
    draw = random.Random(seed)
    head = (
        "dossier,envelope,project,department,applicant,applicant_id,applicant_type,population,filed_at,start"
    )
    rows = [head + ",cost,base,requested,score,state,committed,other_state,variant_of,requires,tags,note"]
    for k in range(30):
        cost = draw.randint(100, 9000)
        committed = k > 1 and draw.random() < 0.1
        cells = [
            f"D{k}", draw.choice("ab"), f"P{draw.randint(0, 24)}", draw.choice(["01", "02", "03"]),
            draw.choice(["Nord", "nord", "Sud", "Est"]), draw.choice(["", "217500016", "213105554"]),
            draw.choice(["commune", "epci"]), draw.choice(["900", "1200", "35000", "90000"]),
            f"2026-01-{draw.randint(1, 28):02d}", f"2026-0{draw.randint(2, 9)}-15",
            f"{cost}.{draw.randint(0, 99):02d}",
            draw.choice(["", f"{cost // 2}"]), f"{cost * 6 // 10}", f"{draw.randint(10, 99) / 10}",
            "accepte" if committed else draw.choice(["", "en_instruction", "refuse"]),
            f"{cost // 4}" if committed else "", draw.choice(["", f"{cost // 3}"]),
            draw.choice(["", "", "", "D0"]) if k and not committed else "",
            draw.choice(["", "", "", "D1"]) if k > 1 and not committed else "",
            draw.choice(["", "neuf"]), f"{draw.randint(1, 9)}",
        ]  # fmt: skip
        rows.append(",".join(cells))
    (folder / "d.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return load_scenario(path)


def compile_table(scenario: ScenarioData, portfolio: Portfolio) -> Problem | str:
    try:
        return compile_problem(replace(scenario, portfolio=portfolio))
    except InputError as error:
        return str(error)


def assert_same(left: Problem | str, right: Problem | str) -> None:
    if isinstance(left, str) or isinstance(right, str):
        assert left == right
        return
    one, other = formulate(left).model, formulate(right).model
    assert one.row_names == other.row_names
    assert one.col_names == other.col_names
    for name in ("row_lower", "row_upper", "col_lower", "col_upper", "integer", "objective"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(one.matrix, name), getattr(other.matrix, name)), name
    assert left.warnings == right.warnings
    assert [question.id for question in left.questions] == [question.id for question in right.questions]
    for first, second in zip(left.stages, right.stages, strict=True):
        assert first.terms.scale == second.terms.scale
        assert np.array_equal(first.terms.per_funded, second.terms.per_funded)


COLUMNS = [*CANONICAL, "note"]


@pytest.mark.parametrize("seed", range(3))
def test_a_problem_on_changed_columns_is_that_of_a_fresh_table(tmp_path: Path, seed: int) -> None:
    scenario = write(tmp_path, seed)
    first = compile_problem(scenario)
    assert first.case.portfolio is scenario.portfolio
    draw, differing, refused = random.Random(seed), 0, 0
    for name in COLUMNS:
        column = scenario.portfolio.table[get_table_column(name)]
        order = list(range(len(column)))
        draw.shuffle(order)
        mixed = column.gather(order)
        fresh = scenario.portfolio.with_table(scenario.portfolio.table.with_columns(mixed))
        assert not fresh._memo
        quick = compile_table(scenario, scenario.portfolio.replace_columns([mixed]))
        assert_same(quick, compile_table(scenario, fresh))
        if isinstance(quick, str):
            refused += 1
        else:
            differing += not np.array_equal(quick.offers.candidate, first.offers.candidate)
    assert differing > 2
    assert refused < len(COLUMNS) // 3


def test_selected_dossiers_keep_what_was_read_of_them(tmp_path: Path) -> None:
    """A version with another amount reads nothing of its dossiers anew; one with other cells selects anew."""
    chosen = ["dossiers=[{file: d.csv, where: {department: ['01', '02']}}]"]
    scenario = with_sets(write(tmp_path, 4), chosen)
    kept = compile_problem(scenario).case.portfolio
    assert 0 < len(kept) < len(scenario.portfolio)
    known = dict(kept._memo)
    again = compile_problem(with_amounts(scenario, {"a": 400_000_000})).case.portfolio
    assert again is kept
    assert again._memo == known
    other = scenario.portfolio.table["department"].reverse()
    assert_same(
        compile_table(scenario, scenario.portfolio.replace_columns([other])),
        compile_table(scenario, scenario.portfolio.with_table(scenario.portfolio.table.with_columns(other))),
    )


def test_other_types_of_a_column_keep_nothing(tmp_path: Path) -> None:
    scenario = write(tmp_path, 0)
    compile_problem(scenario)
    assert scenario.portfolio._memo
    texts = scenario.portfolio.table["score"].cast(pl.String)
    assert not scenario.portfolio.replace_columns([texts])._memo


def test_without_notices_only_warnings_and_questions_are_missing(tmp_path: Path) -> None:
    scenario = write(tmp_path, 1)
    whole, quiet = compile_problem(scenario), compile_problem(scenario, wants_notices=False)
    assert whole.warnings or whole.questions
    assert quiet.questions == ()
    assert_same(replace(quiet, warnings=whole.warnings, questions=whole.questions), whole)
