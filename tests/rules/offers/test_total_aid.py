"""Public aid never exceeds the cost of a project, whatever is waived."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.tiny_scenario import HEAD, tiny

from tnt_sim.domain.money import parse_cents
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.rules.offers.total_aid import GUARD
from tnt_sim.scenario.problem import compile_problem

CAPPED = """caps: [{use: cgct-l1111-10}]
waivers: [{of: cgct-l1111-10, where: {dossier: ['1']}, reason: calamité, author: préfet}]
"""
TABLE = """dossier,envelope,department,cost,requested,other_public,score
1,a,01,1000,900,300.01,3
2,a,971,1000,900,300,2
3,b,01,1000,500,0,1
"""


def test_neither_a_waiver_nor_the_overseas_lifts_it(tmp_path: Path) -> None:
    rich = HEAD.replace("1 500 €", "9 000 €").replace("900 €", "4 000 €")
    result = solve(tiny(tmp_path, rich + CAPPED, TABLE))
    cents = dict(zip(result.dossiers["dossier"], result.dossiers["granted_cents"], strict=True))
    assert cents == {"1": 69_999, "2": 70_000, "3": 50_000}
    (guard,) = [rule for rule in result.document["rules"] if rule["id"] == GUARD]
    assert guard["holds"]
    assert {group["group"] for group in guard["groups"]} == {"1", "2"}
    assert any(line.startswith(GUARD) and "(1, 2)" in line for line in result.document["warnings"])


def test_it_cannot_be_waived(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        compile_problem(tiny(tmp_path, HEAD + CAPPED.replace("{of: cgct-l1111-10", f"{{of: {GUARD}"), TABLE))
    assert [defect.code for defect in caught.value.defects] == ["unknown-waiver"]


def test_it_is_not_there_where_nothing_could_exceed(tmp_path: Path) -> None:
    problem = compile_problem(tiny(tmp_path, HEAD, TABLE.replace("300.01", "100").replace(",300,", ",100,")))
    assert not problem.caps.caps
    unknown = compile_problem(tiny(tmp_path, HEAD, TABLE.replace("1000,900", ",900")))
    assert not unknown.caps.caps


def test_commitments_stay_and_are_told(tmp_path: Path) -> None:
    table = TABLE.replace("score", "score,committed").replace(",3\n", ",3,800\n").replace(",2\n", ",2,\n")
    problem = compile_problem(tiny(tmp_path, HEAD, table.replace(",1\n", ",1,\n")))
    assert any(w.code == "cap-committed" and "100" in w.text.en for w in problem.warnings)


MONEY = st.sampled_from(["0", "0.01", "99.99", "100", "250.5", "1000", ""])


@given(st.lists(st.tuples(MONEY, MONEY, MONEY, MONEY, st.sampled_from("xyz")), min_size=1, max_size=5))
@drawn(60)
def test_no_allocation_takes_a_project_beyond_its_cost(rows: list[tuple[str, ...]]) -> None:
    lines = [f"{k},a,{cost},{asked or 10},{state},{public},{project},1"
             for k, (cost, asked, state, public, project) in enumerate(rows)]  # fmt: skip
    table = (
        "dossier,envelope,cost,requested,other_state,other_public,project,score\n" + "\n".join(lines) + "\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        result = solve(tiny(Path(folder), HEAD, table))
    granted = dict(zip(result.dossiers["dossier"], result.dossiers["granted_cents"], strict=True))
    for name in {row[4] for row in rows}:
        mine = [(str(k), row) for k, row in enumerate(rows) if row[4] == name]
        costs = [parse_cents(row[0]) for _, row in mine if row[0]]
        others = sum(max(parse_cents(row[part] or "0") for _, row in mine) for part in (2, 3))
        got = sum(granted[k] for k, _ in mine)
        assert not costs or got == 0 or others == 0 or got + others <= max(costs)
