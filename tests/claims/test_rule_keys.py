"""The keys of every kind of rule: the program's answer where a key changes it, against enumeration in fractions.

Each case is drawn until the answer would be another one without the key, or without the rule that needs it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.claims import find_codes, solve_case
from support.enumeration.oracle import Step, decide
from support.enumeration.rows import Case, World
from support.lanes import seeds
from support.mixed_cases.linear_rules import draw_sum
from support.mixed_cases.rules import RuleMaker, Spec
from support.mixed_cases.run import check
from support.small_programmes import draw_case

CASES = 10
"""Numbers of drawn cases."""


def draw_specs(dice: random.Random, case: Case, draw: Callable[[RuleMaker], Spec]) -> Iterator[Spec]:
    """Rules of a kind for a case, each around some allocation that it lets stand."""
    step = Step(World(case, case["scenario"]))
    maker = RuleMaker(dice, step, step.feasible(), has_reference=False)
    for _ in range(6):
        maker.aim = dice.choice(maker.alive)
        yield {"id": "r", **draw(maker)}


def set_mode(dice: random.Random, spec: Spec, key: str) -> Spec:
    """A rule that is priced or reported where that is the key."""
    if key == "report":
        return spec | {"report": "true"}
    if key.startswith("penalty"):
        price = {"cost": dice.choice(["0.01", "0.5", "3"]), "stage": dice.choice(["1", "2"])}
        return spec | {"penalty": price | {"per": dice.choice(["2", "0.1"])}}
    return spec


def answer(case: Case) -> Any:
    """What enumeration decides, and whether each rule is kept."""
    decision = decide(case).decision
    return decision and (decision.award, decision.holds)


def leave_out(case: Case, path: str) -> Case:
    """A case without a key of its rule; without the rule where that says nothing then."""
    found = copy.deepcopy(case)
    node = found["scenario"]["rules"][0]
    *above, key = path.split(".")
    for name in above:
        node = node[name]
    del node[key]
    try:
        decide(found)
    except (KeyError, ValueError):
        found["scenario"]["rules"] = []
    return found


def holds_key(spec: Any, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(spec, dict) or name not in spec:
            return False
        spec = spec[name]
    return True


def check_key(path: str, draw: Callable[[random.Random, RuleMaker, Case], Spec], seed: int) -> None:
    """The program decides as enumeration does where the key of a path changes the answer."""
    dice = random.Random(f"{path} {seed}")
    for _ in range(60):
        case = draw_case(dice, whole=dice.random() < 0.7)
        if path.startswith("penalty"):
            case["scenario"]["objective"] += [{"minimise": {"granted": "1"}}]
            case["scenario"]["objective"][0]["tolerance"] = "10 %"
        for spec in draw_specs(dice, case, lambda maker, case=case: draw(dice, maker, case)):  # type: ignore[misc]
            case["scenario"]["rules"] = [set_mode(dice, spec, path)]
            if not holds_key(case["scenario"]["rules"][0], path):
                continue
            if answer(case) is not None and answer(case) != answer(leave_out(case, path)):
                told, went = check(case)
                assert told == [], (case["scenario"]["rules"], told)
                if went == "solved":
                    return
    raise AssertionError(f"no case in which {path} matters")


@pytest.mark.claim(
    "TogetherSpec.penalty", "TogetherSpec.report", "TogetherSpec.dossiers", "TogetherSpec.by",
    "TogetherSpec.where",
)  # fmt: skip
@pytest.mark.parametrize("key", ["penalty", "report", "dossiers", "by", "where"])
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_together_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, lambda dice, maker, case: maker.together(), seed)


@pytest.mark.claim(
    "ShareSpec.penalty", "ShareSpec.report", "ShareSpec.measure", "ShareSpec.of_measure", "ShareSpec.where",
    "ShareSpec.of", "ShareSpec.by", "ShareSpec.min", "ShareSpec.max",
)  # fmt: skip
@pytest.mark.parametrize(
    "key", ["penalty", "report", "measure", "of_measure", "where", "of", "by", "min", "max"]
)
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_a_share_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, lambda dice, maker, case: maker.share(), seed)


@pytest.mark.claim(
    "ScheduleSpec.penalty", "ScheduleSpec.report", "ScheduleSpec.year", "ScheduleSpec.where",
    "ScheduleSpec.commitments", "ScheduleSpec.profile", "ScheduleSpec.payments", "ScheduleSpec.before_end_max",
    "YearColumn.column",
)  # fmt: skip
@pytest.mark.parametrize(
    "key",
    ["penalty", "report", "year", "where", "commitments", "profile", "payments", "before_end_max", "year.column"],
)  # fmt: skip
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_a_schedule_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, lambda dice, maker, case: maker.schedule(), seed)


@pytest.mark.claim("ScheduleSpec.advance_max")
@pytest.mark.parametrize(("first", "most"), [("30 %", "30 %"), ("30.1 %", "30 %"), ("5 %", "30 %")])
def test_the_first_share_is_at_most_the_advance(tmp_path: Path, first: str, most: str) -> None:
    rest = f"{100 - float(first[:-2]):g} %"
    rule = {"id": "r", "kind": "schedule", "year": 2026, "profile": [first, rest], "advance_max": most}
    body = {"programme": {"id": "p", "amount": "20 €"}, "rules": [{**rule, "payments": {"2026": "1 000 €"}}]}
    rows = [{"dossier": "A", "requested": "10.00", "score": "1"}]
    codes = find_codes(lambda: solve_case(tmp_path, rows, body))
    assert bool(codes) == (float(first[:-2]) > float(most[:-2])), codes


@pytest.mark.claim(
    "RequiresSpec.penalty", "RequiresSpec.report", "RequiresSpec.dossiers", "RequiresSpec.need",
    "RequiresSpec.at_least",
)  # fmt: skip
@pytest.mark.parametrize("key", ["penalty", "report", "dossiers", "need", "at_least"])
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_requires_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, lambda dice, maker, case: maker.requires(), seed)


def draw_order(dice: random.Random, maker: RuleMaker, case: Case) -> Spec:
    return dice.choice([maker.order, maker.first_come, maker.queue])()


@pytest.mark.claim(
    "OrderSpec.penalty", "OrderSpec.report", "OrderSpec.where", "OrderSpec.by", "OrderSpec.rank",
    "OrderSpec.best",
    "OrderSpec.first_come", "OrderSpec.skip", "OrderSpec.ties",
)  # fmt: skip
@pytest.mark.parametrize(
    "key", ["penalty", "report", "where", "by", "rank", "best", "first_come", "skip", "ties"]
)
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_an_order_decides_as_enumeration_does(key: str, seed: int) -> None:
    if key.startswith("penalty"):
        check_key(key, lambda dice, maker, case: dice.choice([maker.order, maker.first_come])(), seed)
    else:
        check_key(key, draw_order, seed)


@pytest.mark.claim(
    "LinearSpec.penalty", "LinearSpec.report", "LinearSpec.granted", "LinearSpec.funded", "LinearSpec.min",
    "LinearSpec.max",
)  # fmt: skip
@pytest.mark.parametrize("key", ["penalty", "report", "granted", "funded", "min", "max"])
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_a_weighted_sum_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, lambda dice, maker, case: draw_sum(dice, case, maker), seed)


def draw_limit(dice: random.Random, maker: RuleMaker, case: Case) -> Spec:
    return maker.limit()


def draw_floor(dice: random.Random, maker: RuleMaker, case: Case) -> Spec:
    """A minimum that some group cannot reach: lowered, where it is of no column, or else read as it is written."""
    spec: Spec = {"kind": "limit", "measure": "dossiers", "min": dice.choice(["2", "3"])}
    if dice.random() < 0.5:
        return spec | {"by": dice.choice(["department", "key", "lot"]), "floor": "strict", "report": "true"}
    return spec | {"where": {"department": [dice.choice(["05", "23", "48"])]}, "floor": "demand"}


@pytest.mark.claim(
    "LimitSpec.penalty", "LimitSpec.report", "LimitSpec.measure", "LimitSpec.min", "LimitSpec.floor",
    "ShareOfAmount.share", "ShareOfAmount.of_amount", "PenaltySpec.cost", "PenaltySpec.per", "PenaltySpec.stage",
)  # fmt: skip
@pytest.mark.parametrize(
    "key",
    ["penalty", "report", "measure", "min", "floor", "max.share", "min.of_amount", "penalty.cost", "penalty.per",
     "penalty.stage"],
)  # fmt: skip
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_a_limit_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, draw_floor if key == "floor" else draw_limit, seed)


@pytest.mark.claim(
    "ExclusiveSpec.penalty", "ExclusiveSpec.report", "ExclusiveSpec.dossiers", "ExclusiveSpec.by",
    "ExclusiveSpec.where", "ExclusiveSpec.max",
)  # fmt: skip
@pytest.mark.parametrize("key", ["penalty", "report", "dossiers", "by", "where", "max"])
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_exclusive_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, lambda dice, maker, case: maker.exclusive(), seed)


@pytest.mark.claim(
    "EquitySpec.penalty", "EquitySpec.report", "EquitySpec.measure", "EquitySpec.min", "EquitySpec.floor",
    "EquitySpec.per",
)  # fmt: skip
@pytest.mark.parametrize("key", ["penalty", "report", "measure", "min", "floor"])
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_an_equity_decides_as_enumeration_does(key: str, seed: int) -> None:
    """Figures are per head of the map, whose departments differ by a factor of two."""
    check_key(key, lambda dice, maker, case: maker.equity() | {"per": "population"}, seed)


@pytest.mark.claim(
    "CoverageSpec.penalty", "CoverageSpec.report", "CoverageSpec.units", "CoverageSpec.covered_by",
    "CoverageSpec.where", "CoverageSpec.already", "CoverageSpec.measure", "CoverageSpec.min", "CoverageSpec.max",
)  # fmt: skip
@pytest.mark.parametrize(
    "key", ["penalty", "report", "units", "covered_by", "where", "already", "measure", "min", "max"]
)
@pytest.mark.parametrize("seed", seeds(range(CASES), 1))
def test_a_key_of_a_coverage_decides_as_enumeration_does(key: str, seed: int) -> None:
    check_key(key, lambda dice, maker, case: maker.coverage(), seed)
