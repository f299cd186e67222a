"""Random small cases that draw from every kind of rule of the contract at once, by number: a seed is a case."""

from __future__ import annotations

import random
from typing import Any

from support.enumeration.oracle import Step
from support.enumeration.rows import Case, World
from support.mixed_cases.dossiers import SHARED, Money, cap_name, caps, dossiers, euros, grants
from support.mixed_cases.envelopes import nodes, open_to, programme
from support.mixed_cases.linear_rules import add_linear
from support.mixed_cases.rules import RuleMaker

MEASURES: dict[str, Any] = {
    "merite": {"sum": [{"column": "score"}, {"value": "2.5", "where": {"tags": {"has": SHARED}}}]},
    "jury": {"mean": ["note_a", "note_b"]},
    "une_fois": {"column": "score", "once_per": "key"},
    "vides": {"column": "note_b", "empty": "0"},
}
POOR = {"maximise": {"dossiers": "1"}}
SUMS = (
    "score", "dossiers", "merite", "jury", "une_fois", "vides", "applicants", "population", "granted", "leverage",
    "cost", "projects",
)  # fmt: skip


def mixed(seed: int, largest: int = 7, points: int = 2000) -> Case:
    """The case of a number: at most `largest` dossiers and about `points` allocations to enumerate."""
    dice = random.Random(seed)
    while True:
        found = _draw(dice, largest, points)
        if found is not None:
            return found


def _draw(dice: random.Random, largest: int, points: int) -> Case | None:
    money = Money(dice)
    files: dict[str, Any] = {"fc.csv": [{"code": dice.choice(["48009", "48095"])}]}
    count = dice.randint(max(4, largest - 2), largest)
    root = programme(dice, money, count, files)
    names = open_to(root)
    if not names:
        return None
    rows = dossiers(dice, money, names, count)
    scenario: dict[str, Any] = {
        "schema_version": "1", "id": "case", "date": "2021-11-22",
        "territory": {"year": "2021", "fill": ["population"]},
        "programme": root, "dossiers": [{"file": "dossiers.csv"}], "grants": grants(dice, money),
        "caps": caps(dice, money), "measures": MEASURES, "rules": [], "objective": [POOR],
        "solver": {"cross_check": "never"},
    }  # fmt: skip
    case = {"scenario": scenario, "rows": rows, "files": files}
    if dice.random() < 0.25:
        scenario["eligibility"] = [_requirement(dice)]
    if dice.random() < 0.4:
        scenario["reference"] = "plan.csv"
        before = [row["dossier"] for row in dice.sample(rows, count // 2)] + dice.choice([[], ["parti"]])
        files["plan.csv"] = [
            {"dossier": name, "granted": dice.choice(["10.00", "10.00", "", "0"])} for name in before
        ]
    _decide(dice, case)
    if Step(World(case, scenario)).size > points:
        return None
    first = {name: dice.choice(["1", "1", "2", "0.5"]) for name in dice.sample(SUMS, dice.choice([1, 1, 2]))}
    scenario["objective"] = [{"maximise": first}]
    maker = _rules(dice, case)
    _waivers(dice, case)
    _objective(dice, scenario)
    if dice.random() < 0.12:
        scenario["steps"] = _steps(dice, case)
    add_linear(dice, case, maker)
    return case


def _requirement(dice: random.Random) -> dict[str, Any]:
    require = dice.choice(
        [
            {"population": {"min": "100"}},
            {"score": {"above": "1.5"}},
            {"note_b": {"max": "15"}},
            {"state": "en_instruction"},
        ]
    )
    return {
        "id": "seuil",
        "where": dice.choice([{}, {"tags": {"has": SHARED}}, {"department": "05"}]),
        "require": require,
    }


def _decide(dice: random.Random, case: Case) -> None:
    """A decision on one or two dossiers that can be funded."""
    if dice.random() > 0.3:
        return
    step = Step(World(case, case["scenario"]))
    offers = step.measures.offers
    free = [name for name in step.measures.in_play if len(offers[name]) > 1]
    if not free:
        return
    chosen = dice.sample(free, min(len(free), dice.choice([1, 1, 2])))
    rule: dict[str, Any] = {"id": "jury", "kind": "decide"}
    for name in chosen:
        way = dice.choice(["fund", "refuse", "amounts"])
        if way == "amounts":
            some = [cents for cents in offers[name] if cents]
            rule.setdefault("amounts", {})[name] = euros(dice.choice(some))
        else:
            rule.setdefault(way, []).append(name)
    case["scenario"]["rules"].append(rule)


def _rules(dice: random.Random, case: Case) -> RuleMaker:
    """Draw one to five rules and options of envelopes around what could be decided without; return the maker."""
    scenario = case["scenario"]
    step = Step(World(case, scenario))
    points = step.feasible()
    _envelope_limits(dice, scenario["programme"], step, RuleMaker(dice, step, points, has_reference=False))
    step = Step(World(case, scenario))
    points = [award for award in points if step.purse.holds(award)]
    maker = RuleMaker(dice, step, points, "reference" in scenario)
    for number in range(dice.choice([1, 1, 2, 2, 3, 3, 4])):
        scenario["rules"].append(maker.rule(number))
    return maker


def _envelope_limits(dice: random.Random, root: dict[str, Any], step: Step, maker: RuleMaker) -> None:
    """`min_use`, `min_dossiers`, `max_dossiers` that one allocation keeps and the best one does not, at times."""
    for node in nodes(root):
        under = [row["dossier"] for row in step.world.rows if step.world.under(row, node["id"])]
        aim, best = ([award[name] for name in under if name in award] for award in (maker.aim, maker.best))
        if dice.random() < (0.4 if len(aim) < len(best) else 0.06):
            node["max_dossiers"] = str(max(0, len(aim) + dice.choice([0, 0, 0, 1, -1])))
        if dice.random() < (0.4 if len(aim) > len(best) else 0.06):
            node["min_dossiers"] = str(max(0, len(aim) + dice.choice([0, 0, -1])))
        if "amount" in node and dice.random() < (0.3 if sum(aim) > sum(best) else 0.04):
            used = 100 * sum(aim) // max(1, round(float(node["amount"]) * 100))
            node["min_use"] = f"{min(100, used)} %"


def _waivers(dice: random.Random, case: Case) -> None:
    scenario = case["scenario"]
    liftable = [cap_name(cap) for cap in scenario["caps"]]
    liftable += [entry["id"] for entry in scenario.get("eligibility", ())]
    liftable += [
        rule["id"]
        for rule in scenario["rules"]
        if rule["kind"] != "decide" and rule.get("measure") != "changed"
    ]
    if not liftable or dice.random() > 0.35:
        return
    names = [row["dossier"] for row in dice.sample(case["rows"], 2)]
    scenario["waivers"] = [{"of": dice.choice(liftable), "where": {"dossier": names}, "reason": "calamité"}]


def _objective(dice: random.Random, scenario: dict[str, Any]) -> None:
    """Up to two further stages, in any order, some with a tolerance; prices are taken from one of them."""
    first, *_ = stages = scenario["objective"]
    if dice.random() < 0.2:
        first["maximise"] |= {dice.choice(["granted", "cost"]): "-0.05"}
    for _ in range(dice.choice([0, 1, 1, 2])):
        stages.append(_stage(dice, scenario))
    if dice.random() < 0.3:
        dice.shuffle(stages)
    for rule in scenario["rules"]:
        if "penalty" in rule:
            stage = stages.index(first) if dice.random() < 0.7 else dice.randrange(len(stages))
            rule["penalty"]["stage"] = str(stage + 1)
    for stage in stages[:-1]:
        if dice.random() < 0.4:
            stage["tolerance"] = dice.choice(["10 %", "25 %", "50 %"])


def _stage(dice: random.Random, scenario: dict[str, Any]) -> dict[str, Any]:
    reported = [
        rule["id"]
        for rule in scenario["rules"]
        if rule.get("report") and rule.get("skip") != "true" and rule["kind"] != "decide"
    ]
    way = dice.choice(["sum", "sum", "smallest", "shortfall", "shortfall", "changed", "least"])
    if way == "smallest":
        spec: dict[str, Any] = {"measure": dice.choice(["granted", "dossiers"]), "by": "department"}
        if dice.random() < 0.5:
            spec["per"] = "population"
        elif dice.random() < 0.5:
            spec["by"] = dice.choice(["applicant_id", "key", ["department", "key"]])
        if dice.random() < 0.3:
            spec["where"] = {"department": ["05", "48"]}
        return {"maximise": {"smallest": spec} | ({"score": "0.01"} if dice.random() < 0.3 else {})}
    if way == "shortfall" and reported:
        goals = {f"shortfall.{name}": "1" for name in dice.sample(reported, 1)}
        if dice.random() < 0.3:
            return {"maximise": {"score": "1"} | dict.fromkeys(goals, "-0.5")}
        return {"minimise": goals | ({"granted": "0.01"} if dice.random() < 0.3 else {})}
    if way == "changed" and "reference" in scenario:
        return (
            {"minimise": {"changed": "1"}}
            if dice.random() < 0.6
            else {"maximise": {"jury": "0.1", "changed": "-1.5"}}
        )
    if way == "least":
        return {"minimise": {dice.choice(["granted", "cost", "dossiers"]): "1"}}
    return {"maximise": {dice.choice(SUMS): "1"}}


def _steps(dice: random.Random, case: Case) -> list[dict[str, Any]]:
    """Two decisions, the second with more money or another bound; at times a last step that frees the reserves."""
    scenario = case["scenario"]
    steps: list[dict[str, Any]] = [{"id": "t1", "date": "2021-03-15"}, {"id": "t2", "date": "2021-06-01"}]
    amount = round(float(scenario["programme"]["amount"]) * 100)
    if dice.random() < 0.5:
        steps[1]["set"] = {"programme.amount": euros(amount * dice.choice([11, 15, 20]) // 10)}
    named = [
        rule["id"]
        for rule in scenario["rules"]
        if rule["kind"] == "limit" and isinstance(rule.get("max"), str)
    ]
    if named and dice.random() < 0.5:
        steps[1].setdefault("set", {})[f"rules.{dice.choice(named)}.max"] = euros(amount)
    if any("reserve" in node for node in nodes(scenario["programme"])) and dice.random() < 0.5:
        steps.append({"id": "reserve", "date": "2021-07-01"})
    return steps
