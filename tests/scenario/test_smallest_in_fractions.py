"""`smallest` per inhabitant orders lists as exact fractions do, for populations of 100 to 10 million."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path

import pytest
from support.lanes import seeds
from support.tiny_scenario import funded, tiny
from support.typed import as_typed

from tnt_sim.cli.main import main
from tnt_sim.domain.territory import Territory
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_number
from tnt_sim.rules.kind_support.per_capita import find_distance_steps, find_listed_steps
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.run_document import StageFigures

HEAD = """schema_version: 1
id: t
programme: {id: p, amount: AMOUNT €}
dossiers: [{file: table.csv}]
territory: {year: 2021}
objective:
  - {maximise: {smallest: {measure: dossiers, per: population, by: department, groups: present}}}
  - {maximise: {score: 1}}
"""
MONEY = HEAD.replace("measure: dossiers", "measure: granted")
PLACES = ("01", "2A", "33", "48", "75", "59", "13", "976")


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
    unit = rng.choice((1, 100, 25_000))
    sums = [sorted(unit * rng.randrange(10**9 // unit) for _ in range(rng.randint(1, 12))) for _ in heads]
    for k, some in enumerate(sums):  # near neighbours in other groups
        other = rng.randrange(len(heads))
        near = some[0] * heads[other] // heads[k] + rng.randint(0, 1)
        sums[other].append(near // unit * unit)
    values = [(m, p) for p, some in zip(heads, sums, strict=True) for m in some]
    for steps in (find_distance_steps(heads, unit), find_listed_steps(heads, sums)):
        for (m, p), (n, q) in combinations(values, 2):
            left, right = Fraction(m, p), Fraction(n, q)
            assert (left < right) == (steps * m // p < steps * n // q), (m, p, n, q, steps)


def compare(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch, *, grants: str) -> bool:
    """Compare a drawn programme with every list in exact fractions; whether no step had to be stated."""
    rng = random.Random(seed)
    places = rng.sample(PLACES, rng.randint(2, 4))
    people = {place: int(10 ** rng.uniform(2, 7)) for place in places}
    monkeypatch.setattr(Territory, "get_population", lambda *_: people)
    largest = 10 ** rng.randint(4, 9)
    unit = rng.choice((1, 100, 10_000))
    rows = []
    for name in "ABCDEFG":
        cents = max(1, rng.randint(largest // 10, largest) // unit) * unit
        if rows and rng.random() < 0.1:  # nearly as much per inhabitant as one elsewhere
            _, before, _, other = rng.choice(rows)
            place = rng.choice(places)
            cents = max(1, min(10**9, before * people[place] // people[other] + rng.randint(-1, 1)))
        else:
            place = rng.choice(places)
        rows.append((name, cents, rng.randint(1, 9), place))
    amount = sum(row[1] for row in rows) * rng.randint(30, 80) // 100
    lines = [
        f"{name},{cost},{cost},{score},{place}"
        for name, cents, score, place in rows
        for cost in (f"{cents // 100}.{cents % 100:02}",)
    ]
    table = "\n".join(["dossier,requested,cost,score,department", *lines]) + "\n"
    head = MONEY.replace("AMOUNT", f"{amount // 100}.{amount % 100:02}")
    scenario = tiny(folder, head + grants, table)
    result = solve(scenario, cross_check="never")
    present = sorted({place for *_, place in rows})
    shares = [(0, 1, 2) if "levels" in grants else (0, 2) for _ in rows]

    def key(cents: dict[str, int]) -> tuple[Fraction, int]:
        least = min(Fraction(sum(cents[row[0]] for row in rows if row[3] == g), people[g]) for g in present)
        return least, sum(row[2] for row in rows if cents[row[0]])

    lists = [
        {row[0]: row[1] * part // 2 for row, part in zip(rows, parts, strict=True)}
        for parts in product(*shares)
    ]
    best = max(key(one) for one in lists if sum(one.values()) <= amount)
    mine = key({row[0]: funded(result).get(row[0], 0) for row in rows})
    exact = "smallest-step" not in [warning.code for warning in result.warnings]
    step = 100 * (compile_problem(scenario).stages[0].rounded_to or Fraction(0))  # in cents, as below
    if result.status == "optimal":
        assert mine == best if exact else mine[0] // step == best[0] // step
    return exact and result.status == "optimal"


@pytest.mark.parametrize("seed", seeds(range(200), 8))
@pytest.mark.parametrize(
    "grants", ["grants: [{mode: all_or_nothing}]\n", "grants: [{mode: levels, levels: [50 %, 100 %]}]\n"]
)
def test_money_per_inhabitant_equals_enumeration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, grants: str
) -> None:
    compare(seed, tmp_path, monkeypatch, grants=grants)


def test_a_step_is_printed_and_one_that_is_too_coarse_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "dossier,requested,score,department\nA,1000000.01,1,33\nB,2000000,9,01\n"
    head = MONEY.replace("AMOUNT", "9000000") + "grants: [{mode: range, min: 1 €}]\n"
    scenario = tiny(tmp_path, head, table)
    assert [warning.code for warning in solve(scenario).warnings] == ["smallest-step"]
    for language, words in (
        ("en", "rounded down to a multiple of"),
        ("fr", "arrondi au multiple inférieur de"),
    ):
        assert main(["show", str(tmp_path / "tiny.yaml"), "--model", "--lang", language]) == 0
        shown = as_typed(capsys.readouterr().out)
        assert words in " ".join(shown.split())
        step = compile_problem(scenario).stages[0].rounded_to
        assert f"⌊(Σ{{department = d}} g_i / population_d) / ({step})⌋·({step})" in shown


def test_a_bound_is_rounded_away_from_the_value() -> None:
    for sense, bound, text in (
        ("maximise", Fraction(1, 3), "0.333333333334"),
        ("minimise", Fraction(2, 3), "0.666666666666"),
        ("maximise", Fraction(1, 8), "0.125"),
    ):
        assert StageFigures("g", sense, Fraction(1, 2), bound, None).build_document().bound == text
    assert (
        StageFigures("g", "maximise", Fraction(2, 3), Fraction(2, 3), None).build_document().bound
        == "0.666666666667"
    )


def test_small_numbers_keep_three_digits() -> None:
    assert format_number(Fraction(1, 1_623_749), Lang.EN) == "≈0.000000616"
    assert format_number(Fraction(1, 1_000_000), Lang.EN) == "0.000001"
    assert format_number(Fraction(1, 3), Lang.EN) == "≈0.333333"
