"""`validate` never calls impossible what is possible: raised minimums among all kinds of rules, by enumeration."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.enumeration.oracle import decide
from support.enumeration.rows import Case
from support.lanes import first_of, seeds, share
from support.mixed_cases.dossiers import euros
from support.mixed_cases.drawn import mixed
from support.mixed_cases.envelopes import nodes
from support.mixed_cases.run import write

from tnt_sim.errors import InputError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import list_decision_steps
from tnt_sim.scenario.unreachable_floors import find_unmet_floors


def raised(seed: int, points: int = 500) -> Case:
    """A mix of rules whose minimums are raised at times, by little or much."""
    case, dice = mixed(seed, 7, points), random.Random(seed)
    scenario = case["scenario"]
    total = sum(round(float(row["requested"]) * 100) for row in case["rows"])
    for node in nodes(scenario["programme"]):
        if dice.random() < 0.3:
            node["min_dossiers"] = str(dice.randint(1, 4))
        if dice.random() < 0.3 and "amount" in node:
            node["min_use"] = f"{dice.randint(1, 10) * 10} %"
    rules: list[dict[str, Any]] = scenario["rules"]
    for rule in rules:
        if rule["kind"] == "limit" and "min" in rule and rule["measure"] in ("granted", "dossiers"):
            money = rule["measure"] == "granted"
            rule["min"] = euros(total * dice.randint(1, 6) // 10) if money else str(dice.randint(1, 4))
        if rule["kind"] == "share" and "min" in rule and dice.random() < 0.5:
            rule["min"] = dice.choice(["40 %", "66.6 %", "90 %"])
    for number in range(dice.randint(0, 3)):
        measure = dice.choice(["granted", "dossiers"])
        by = dice.choice(["department", "applicant_id", "key"])
        most = euros(total * dice.randint(1, 4) // 10) if measure == "granted" else str(dice.randint(0, 2))
        rules.append({"id": f"cap{number}", "kind": "limit", "measure": measure, "by": by, "max": most})
    return case


def check(seed: int, folder: Path) -> str:
    """Whether a minimum is called impossible, and rightly so."""
    case = raised(seed)
    try:
        scenario = load_scenario(write(case, folder))
        found = find_unmet_floors([compile_problem(step.scenario) for step in list_decision_steps(scenario)])
    except InputError:
        return "refused"
    if not found:
        return "nothing said"
    decision = decide(case).decision
    assert decision is None, (seed, [defect.text.en for defect in found], decision)
    return "impossible"


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 60, 30), 1))
def test_what_is_called_impossible_is(first: int, tmp_path: Path) -> None:
    ways = Counter(check(seed, tmp_path) for seed in first_of(range(first, first + 30), 15))
    assert ways["impossible"] > share(4), ways
    assert ways["nothing said"] > share(5), ways
