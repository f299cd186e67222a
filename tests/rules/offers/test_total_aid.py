"""Public aid never exceeds the cost of a project, whatever is waived."""

from __future__ import annotations

import random
import tempfile
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn, seeds
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
        assert not costs or got == 0 or got + others <= max(costs)


@pytest.mark.parametrize(("other", "most"), [("", 10_000_00), ("0.01", 9_999_99)])
def test_all_rows_of_a_project_get_its_cost_at_most(tmp_path: Path, other: str, most: int) -> None:
    head = HEAD.replace("1 500 €", "30 k€").replace("900 €", "30 k€").replace("600 €", "0 €")
    mode = "grants: [{mode: range, min: 0.01 €}]\n"
    rows = f"A,a,P,10000,10000,{other},5\nB,a,P,10000,10000,,5\n"
    table = "dossier,envelope,project,requested,cost,other_state,score\n" + rows
    goal = head.replace("score: 1", "granted: 1") + mode
    result = solve(tiny(tmp_path, goal, table))
    assert int(result.dossiers["granted_cents"].sum()) == most
    assert any(warning.code == GUARD for warning in result.warnings)
    whole = solve(tiny(tmp_path, head, table.replace(",5\nB,a,P,10000", ",5\nB,a,P,9999.99")))
    assert int(whole.dossiers["granted_cents"].sum()) <= most


@pytest.mark.parametrize("seed", seeds(range(16), 4))
def test_the_best_list_within_the_costs(tmp_path: Path, seed: int) -> None:
    """Projects of 1 to 4 rows: the largest cost, less the largest of each other aid."""
    rng = random.Random(seed)
    rows = [
        (f"{k}", f"P{rng.randint(1, 3)}", rng.choice((100_00, 250_01, 99_99)),
         rng.choice((None, 100_00, 300_00, 199_99)),
         rng.choice((None, 0, 1, 50_00)), rng.choice((None, 0, 100_01)), rng.randint(1, 9))
        for k in range(6)
    ]  # fmt: skip
    lines = [",".join([k, "a", p, *("" if c is None else f"{c / 100:.2f}" for c in cells), str(score)])
             for k, p, *cells, score in rows]  # fmt: skip
    table = (
        "\n".join(["dossier,envelope,project,requested,cost,other_state,other_public,score", *lines]) + "\n"
    )
    left = {}
    for project in {row[1] for row in rows}:
        mine = [row for row in rows if row[1] == project]
        costs = [row[3] for row in mine if row[3] is not None]
        others = sum(max(row[k] or 0 for row in mine) for k in (4, 5))
        left[project] = max(costs) - others if costs else None
    best = 0
    bounds = [[row[2], row[3], left[row[1]]] for row in rows]
    offers = [min(bound for bound in some if bound is not None) for some in bounds]
    for bits in product((0, 1), repeat=len(rows)):
        sums = dict.fromkeys(left, 0)
        for on, row, offer in zip(bits, rows, offers, strict=True):
            sums[row[1]] += on * offer
        fits = all(most is None or sums[name] <= max(most, 0) for name, most in left.items())
        if fits and all(offer > 0 for on, offer in zip(bits, offers, strict=True) if on):
            best = max(best, sum(on * row[6] for on, row in zip(bits, rows, strict=True)))
    head = HEAD.replace("1 500 €", "30 k€").replace("900 €", "30 k€").replace("600 €", "0 €")
    assert solve(tiny(tmp_path, head, table)).document["objective"][0]["value"] == str(best)
