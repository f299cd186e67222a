"""Cases that mix every kind of rule: the engine and brute force, which shares no code with it, agree.

Thousands more, and one at a time: `uv run python benchmarks/brute.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from support.enumeration.oracle import Answer, decide
from support.enumeration.rows import UNITS
from support.lanes import first_of, seeds
from support.mixed_cases.drawn import mixed
from support.mixed_cases.run import check, differences, engine
from support.mixed_cases.without_part import binding

import tnt_sim

KINDS = {
    "limit", "limit priced", "share", "share priced", "exclusive", "exclusive priced", "requires",
    "requires priced", "together", "together priced", "order", "order priced", "first_come",
    "first_come priced", "queue", "decide", "coverage", "coverage priced", "schedule", "schedule priced",
    "equity", "equity priced", "caps", "waivers", "eligibility", "steps", "tolerance", "grant range",
    "grant menu", "grant common", "grant formula", "grant rate", "column variant_of", "column requires",
    "column committed", "ring_fenced", "unassigned own", "unassigned to", "unassigned pro_rata",
    "overbooked", "transfers", "reserve", "overprogram", "min_use", "min_dossiers", "max_dossiers", "split",
    "goal smallest", "goal shortfall", "goal changed", "goal une_fois", "goal applicants",
}  # fmt: skip


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 30, 10), 1))
def test_engine_equals_brute_force(first: int) -> None:
    for seed in first_of(range(first, first + 10), 5):
        told, _ = check(mixed(seed))
        assert told == [], f"uv run python benchmarks/brute.py --dossiers 7 --points 2000 --only {seed}"


@pytest.mark.parametrize("seed", [500, 501])
def test_up_to_ten_dossiers(seed: int) -> None:
    told, _ = check(mixed(seed, 10, 20_000))
    assert told == []


@pytest.mark.slow
def test_hundreds_of_mixed_cases_equal_enumeration() -> None:
    """Thousands more by hand: `benchmarks/brute.py`."""
    different = {seed: told for seed in range(1000, 1070) if (told := check(mixed(seed, 8, 4000))[0])}
    assert different == {}


@pytest.mark.parametrize("backend", seeds(["scipy", "pulp:HiGHS"], 1))
def test_other_solvers_agree(backend: str) -> None:
    for seed in range(600, 604):
        assert check(mixed(seed, 6), backend)[0] == []


def test_the_order_of_rows_does_not_matter() -> None:
    for seed in range(700, 704):
        case = mixed(seed, 6)
        assert differences(case, engine(case, shuffle=random.Random(seed).shuffle), decide(case)) == []


def test_run_folders_hold() -> None:
    """The verifier, which reads a run from its raw inputs, agrees with brute force too."""
    for seed in range(800, 804):
        assert check(mixed(seed, 6), replay=True)[0] == []


def test_a_wrong_answer_would_be_seen() -> None:
    """Every part of the comparison speaks when brute force says otherwise."""
    case = next(case for case in map(mixed, range(100)) if len(decide(case).award or ()) > 1)
    found, right = engine(case), decide(case)
    assert right.decision is not None
    assert differences(case, found, right) == []
    award = dict(list(right.decision.award.items())[1:])
    wrong = {
        "award": Answer(replace(right.decision, award=award), right.reserve),
        "values": Answer(
            replace(right.decision, values=[v + 1 for v in right.decision.values]), right.reserve
        ),
        "holds": Answer(replace(right.decision, holds={n: not h for n, h in right.decision.holds.items()})),
        "moved": Answer(replace(right.decision, moved=right.decision.moved | {"p": (1, 1)}), right.reserve),
        "reserve": Answer(right.decision, [("1", 1)]),
    }
    told = {name: differences(case, found, answer) for name, answer in wrong.items()}
    assert {name: [line.split(" ")[0] for line in lines] for name, lines in told.items()} == {
        name: [name] for name in wrong
    }
    assert differences(case, found, Answer(None)) != []
    assert differences(case, {"no-amount"}, right) != []
    assert differences(case, {"no-amount"}, Answer(None)) == []


@pytest.mark.slow
def test_every_kind_changes_answers() -> None:
    """The mix is not vacuous: taking out a rule of each kind changes the answer of some case."""
    bound: Counter[str] = Counter()
    for seed in range(800):
        enough = {kind for kind, count in bound.items() if count}
        if enough >= KINDS:
            break
        for kind, changes in binding(mixed(seed, 6, 600), enough):
            bound[kind] += changes
    assert {kind for kind in KINDS if not bound[kind]} == set()


def test_what_is_written_of_the_map_is_so() -> None:
    path = Path(tnt_sim.__file__).parent / "data" / "territories-2021.parquet"
    table = pl.read_parquet(path).filter(pl.col("code").is_in(list(UNITS)))
    wanted = ("departement", "commune")
    found = {
        row["code"]: {key: str(row[key]) for key in ("type", "department", "region", "population")}
        for row in table.filter(pl.col("type").is_in(wanted)).to_dicts()
    }
    assert found == UNITS
