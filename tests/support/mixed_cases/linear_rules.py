"""Random constraints as a user adds them: weighted sums over named dossiers, for cases that are drawn otherwise.

They are drawn last, so that all else in the case of a number is as it was before there were any.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from support.enumeration.rows import Case
from support.mixed_cases.rules import RuleMaker, Spec

NAME = "somme"
PER_EURO = ("1", "1", "-1", "0.5", "2.25", "-0.125", "1/3")
PER_DOSSIER = ("1", "2", "-1", "3", "0.5")


def add_linear(dice: random.Random, case: Case, maker: RuleMaker) -> None:
    """Add a rule `linear` to one case in four; at times a waiver of it, or a goal of its distance."""
    if dice.random() > 0.25:
        return
    scenario = case["scenario"]
    spec = _draw_rule(dice, case, maker)
    if "penalty" in spec:
        spec["penalty"]["stage"] = str(dice.randint(1, len(scenario["objective"])))
    scenario["rules"].append(spec)
    if "waivers" not in scenario and dice.random() < 0.2:
        names = [row["dossier"] for row in dice.sample(case["rows"], 2)]
        scenario["waivers"] = [{"of": NAME, "where": {"dossier": names}, "reason": "calamité"}]
    if "report" in spec and dice.random() < 0.4:
        scenario["objective"].append({"minimise": {f"shortfall.{NAME}": "1"}})


def _draw_rule(dice: random.Random, case: Case, maker: RuleMaker) -> Spec:
    """A rule that changes the answer and lets something stand, if some draw of twelve does."""
    for _ in range(12):
        spec = {"id": NAME, **draw_sum(dice, case, maker)}
        spec = spec if dice.random() < 0.5 else maker.moded(spec)
        if "report" in spec and dice.random() < 0.3:
            break
        if "report" not in spec and maker.is_felt(spec):
            break
    return spec


def draw_sum(dice: random.Random, case: Case, maker: RuleMaker) -> Spec:
    """A weighted sum over named dossiers, with bounds that some allocation keeps."""
    names = [row["dossier"] for row in case["rows"]]
    some = dice.sample(names, min(len(names), dice.randint(2, 5)))
    spec: dict[str, Any] = {"kind": "linear"}
    is_money = dice.random() < 0.6
    if is_money:
        spec["granted"] = {name: dice.choice(PER_EURO) for name in some}
    if not is_money or dice.random() < 0.4:
        spec["funded"] = {name: dice.choice(PER_DOSSIER) for name in dice.sample(some, len(some) // 2 + 1)}
    figures = sorted(_measure(spec, award) for award in maker.alive)
    place = dice.randrange(len(figures))
    sides = dice.choice([["min"], ["max"], ["max"], ["min", "max"]])
    if "min" in sides:
        spec["min"] = _write(figures[min(place, len(figures) // 2)])
    if "max" in sides:
        spec["max"] = _write(figures[max(place, len(figures) // 2)])
    return spec


def _measure(spec: Spec, award: dict[str, int]) -> Fraction:
    per_euro, fixed = spec.get("granted", {}), spec.get("funded", {})
    return sum(
        (
            Fraction(per_euro.get(name, 0)) * Fraction(cents, 100) + Fraction(fixed.get(name, 0))
            for name, cents in award.items()
        ),
        Fraction(0),
    )


def _write(value: Fraction) -> str:
    """A figure in hundredths, rounded down, as an amount or a number is written."""
    hundredths = int(value * 100 // 1)
    sign, size = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{size // 100}.{size % 100:02d}"
