"""The keys of measures, of their parts and of stages: the program's answer against enumeration in fractions.

Each case is drawn until the answer would be another one without the key.
"""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from support.claims import Row, find_codes, solve_case
from support.enumeration.oracle import decide
from support.enumeration.rows import Case
from support.lanes import seeds
from support.mixed_cases.dossiers import LOTS, SHARED
from support.mixed_cases.run import check
from support.small_programmes import draw_case

CASES = 10
PARTS: dict[str, list[dict[str, Any]]] = {
    "column": [{"column": "score"}, {"column": "note_a"}, {"column": "requested"}],
    "value": [{"value": "2.5"}, {"value": "-0.125", "where": {"department": ["05"]}}],
    "where": [
        {"column": "score", "where": {"tags": {"has": SHARED}}},
        {"value": "3", "where": {"lot": LOTS[0]}},
        {"column": "score", "where": {"department": ["05", "23"]}},
    ],
    "once_per": [{"column": "score", "once_per": "key"}, {"column": "note_a", "once_per": "department"}],
    "empty": [{"column": "note_b", "empty": "0"}],
}
"""Parts of a measure in which a key stands."""


def decided(case: Case) -> Any:
    decision = decide(case).decision
    return decision and (decision.award, decision.values)


def check_where_it_matters(name: str, seed: int, write: Any) -> None:
    """`write` gives the measures and stages of a case with a key, and those without it."""
    dice = random.Random(f"{name} {seed}")
    for _ in range(60):
        case = draw_case(dice, whole=dice.random() < 0.7)
        other = copy.deepcopy(case)
        for one, written in zip((case, other), write(dice), strict=True):
            one["scenario"] |= written
        if decided(case) != decided(other):
            told, went = check(case)
            assert told == [], (case["scenario"]["measures"], case["scenario"]["objective"], told)
            if went == "solved":
                return
    raise AssertionError(f"no case in which {name} matters")


def sought(measure: dict[str, Any]) -> dict[str, Any]:
    return {"measures": {"m": measure}, "objective": [{"maximise": {"m": "1"}}]}


@pytest.mark.claim(
    "MeasureSpec.column", "MeasureSpec.value", "MeasureSpec.where", "MeasureSpec.once_per",
    "MeasureSpec.empty",
    "TermSpec.column", "TermSpec.value", "TermSpec.where", "TermSpec.once_per", "TermSpec.empty",
    "MeasureSpec.sum",
)  # fmt: skip
@pytest.mark.parametrize("is_part", [False, True])
@pytest.mark.parametrize("key", PARTS)
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_a_measure_or_a_part_decides_as_enumeration_does(key: str, is_part: bool, seed: int) -> None:
    def write(dice: random.Random) -> list[dict[str, Any]]:
        part = dice.choice(PARTS[key])
        plain = (
            {k: v for k, v in part.items() if k != key} if key in ("where", "once_per") else {"value": "1"}
        )
        rest = dice.choice([{"column": "score"}, {"value": "0.5"}])
        return [sought({"sum": [rest, one]} if is_part else one) for one in (part, plain)]

    check_where_it_matters(f"{key} {is_part}", seed, write)


@pytest.mark.claim("MeasureSpec.mean")
@pytest.mark.parametrize("seed", seeds(range(CASES), 4))
def test_a_mean_is_of_the_filled_cells(seed: int) -> None:
    mean = {"mean": ["note_a", "note_b", "score"]}
    check_where_it_matters("mean", seed, lambda dice: [sought(mean), sought({"column": "note_a"})])


@pytest.mark.claim("MeasureSpec.empty", "TermSpec.empty")
@pytest.mark.parametrize("is_part", [False, True])
def test_an_empty_cell_is_an_error_without_zero(tmp_path: Path, is_part: bool) -> None:
    rows: list[Row] = [
        {"dossier": "A", "requested": "10.00", "note": "3.5"},
        {"dossier": "B", "requested": "10.00", "note": ""},
    ]
    for part, codes in (({"column": "note"}, {"measure-empty"}), ({"column": "note", "empty": "0"}, set())):
        measure = {"sum": [part]} if is_part else part
        body = {"programme": {"id": "p", "amount": "10 €"}, **sought(measure)}
        assert find_codes(lambda body=body: solve_case(tmp_path, rows, body)) == codes  # type: ignore[misc]


@pytest.mark.claim("StageSpec.maximise", "StageSpec.minimise", "StageSpec.tolerance")
@pytest.mark.parametrize("key", ["maximise", "minimise", "tolerance"])
@pytest.mark.parametrize("seed", seeds(range(CASES), 3))
def test_a_key_of_a_stage_decides_as_enumeration_does(key: str, seed: int) -> None:
    """What a later stage seeks counts among what is best for those before, or nearly best with a tolerance."""

    def write(dice: random.Random) -> list[dict[str, Any]]:
        first = {"maximise": {"dossiers": dice.choice(["1", "2.5"])}}
        more = {"score": "1", dice.choice(["note_a", "cost"]): dice.choice(["0.5", "-0.01"])}
        stages = {
            "maximise": [first, {"maximise": more}],
            "minimise": [first, {"minimise": {dice.choice(["granted", "cost", "note_a"]): "1"}}],
            "tolerance": [
                {**first, "tolerance": dice.choice(["20 %", "33.4 %", "50 %"])},
                {"maximise": more},
            ],
        }
        plain = [first, {"maximise": more}] if key == "tolerance" else [first]
        return [{"objective": stages[key]}, {"objective": plain}]

    check_where_it_matters(key, seed, write)
