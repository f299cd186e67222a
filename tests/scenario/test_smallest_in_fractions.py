"""`smallest` per inhabitant orders lists as exact fractions do, for populations of 100 to 10 million."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from support.lanes import seeds
from support.tiny_scenario import funded, tiny

from tnt_sim.domain.territory import load_territory
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_number
from tnt_sim.scenario.objective import find_exact_steps

HEAD = """schema_version: 1
id: t
programme: {id: p, amount: AMOUNT €}
dossiers: [{file: table.csv}]
territory: {year: 2021}
objective:
  - {maximise: {smallest: {measure: dossiers, per: population, by: department, groups: present}}}
  - {maximise: {score: 1}}
"""


def test_two_departments_are_better_served_than_one(tmp_path: Path) -> None:
    table = "dossier,requested,score,department\nA,10000,1,33\nB,20000,9,33\nC,10000,1,01\n"
    result = solve(tiny(tmp_path, HEAD.replace("AMOUNT", "20000"), table))
    assert set(funded(result)) == {"A", "C"}
    stage = result.document["objective"][0]
    assert Fraction(stage["value"]) > 0
    assert Fraction(stage["bound"]) == Fraction(stage["value"])


@pytest.mark.parametrize("seed", seeds(range(400), 40))
def test_the_steps_order_as_fractions_do(seed: int) -> None:
    rng = random.Random(seed)
    heads = [int(10 ** rng.uniform(2, 7)) for _ in range(rng.randint(1, 8))]
    most = [rng.choice((0, 1, 3, 40, 10**9)) for _ in heads]
    steps = find_exact_steps(heads, most)
    values = []
    for _ in range(40):
        k = rng.randrange(len(heads))
        values.append((rng.randint(0, most[k]), heads[k]))
        if most[k] and heads[k] > 1:  # a near neighbour in another group
            other = rng.randrange(len(heads))
            near = values[-1][0] * heads[other] // heads[k] + rng.randint(0, 1)
            values.append((min(near, most[other]), heads[other]))
    for (m, p), (n, q) in combinations(values, 2):
        left, right = Fraction(m, p), Fraction(n, q)
        assert (left < right) == (steps * m // p < steps * n // q), (m, p, n, q, steps)


@pytest.mark.parametrize("seed", seeds(range(12), 3))
def test_it_equals_enumeration_in_fractions(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    places = rng.sample(["01", "2A", "33", "48", "75", "59", "13", "976"], 3)
    rows = [(k, rng.randint(1, 9), rng.randint(1, 9), rng.choice(places)) for k in "ABCDEFG"]
    amount = rng.randint(10, 30)
    lines = [f"{k},{cost},{score},{place}" for k, cost, score, place in rows]
    table = "\n".join(["dossier,requested,score,department", *lines]) + "\n"
    scenario = tiny(tmp_path, HEAD.replace("AMOUNT", str(amount)), table)
    result = solve(scenario)
    people = load_territory(2021).get_population("department")
    present = sorted({place for *_, place in rows})

    def key(part: tuple[tuple[str, int, int, str], ...]) -> tuple[Fraction, int]:
        least = min(Fraction(sum(row[3] == g for row in part), people[g]) for g in present)
        return least, sum(row[2] for row in part)

    lists = [c for n in range(len(rows) + 1) for c in combinations(rows, n) if sum(r[1] for r in c) <= amount]
    chosen = funded(result)
    assert key(tuple(row for row in rows if row[0] in chosen)) == max(map(key, lists))


def test_a_step_that_is_too_coarse_is_told(tmp_path: Path) -> None:
    table = "dossier,requested,score,department\nA,1000000.01,1,33\nB,2000000,9,01\n"
    head = HEAD.replace("AMOUNT", "9000000").replace("measure: dossiers", "measure: granted")
    result = solve(tiny(tmp_path, head, table))
    assert [warning.code for warning in result.warnings] == ["smallest-step"]


def test_small_numbers_keep_three_digits() -> None:
    assert format_number(Fraction(1, 1_623_749), Lang.EN) == "≈0.000000616"
    assert format_number(Fraction(1, 1_000_000), Lang.EN) == "0.000001"
    assert format_number(Fraction(1, 3), Lang.EN) == "≈0.333333"
