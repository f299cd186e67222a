"""One decision of a mixed case at every amount of its programme, by enumeration without code of the engine.

An allocation that keeps all else fits from some amount of the programme on: its need. Where rules change with the
amount, only those of the written amount are known.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from support.enumeration.envelopes import Purse
from support.enumeration.oracle import Step
from support.enumeration.rows import Award, Case, World, cents, rate
from support.mixed_cases.dossiers import euros
from support.mixed_cases.drawn import mixed
from support.mixed_cases.envelopes import nodes


def one_decision(seed: int, largest: int = 8, points: int = 600) -> Case:
    """The mix of a number without steps and reserves, which questions about one decision do not look at."""
    case = mixed(seed, largest, points)
    case["scenario"].pop("steps", None)
    for node in nodes(case["scenario"]["programme"]):
        node.pop("reserve", None)
    return case


def is_fixed(case: Case) -> bool:
    """Whether nothing but the programme's cap depends on its amount."""
    root = case["scenario"]["programme"]
    if (
        any(key in root for key in ("min_use", "overprogram", "split"))
        or root.get("unassigned") == "pro_rata"
    ):
        return False
    rules = case["scenario"]["rules"]
    return "of_amount" not in str(rules) and not any(rule.get("skip") for rule in rules)


def at_amount(case: Case, amount: int) -> Case:
    """The case with another amount of its programme."""
    found = copy.deepcopy(case)
    found["scenario"]["programme"]["amount"] = euros(amount)
    return found


@dataclass
class Point:
    """An allocation: the least amount at which it fits, what each goal is worth (greater is better)."""

    need: int
    goals: tuple[Fraction, ...]
    award: Award
    key: tuple[Any, ...]


@dataclass
class Curve:
    """Every allocation that some amount of the programme allows."""

    case: Case
    points: list[Point] = field(init=False)
    step: Step = field(init=False)

    def __post_init__(self) -> None:
        root = self.case["scenario"]["programme"]
        children = sum(cents(child["amount"]) for child in root.get("envelopes", ()) if "amount" in child)
        self.amount = cents(root["amount"])
        self.low = 0 if root.get("overbooked") else children
        high = self.amount + children + sum(2 * cents(row["requested"]) for row in self.case["rows"])
        if not is_fixed(self.case):
            self.low = high = self.amount
        self._purses: dict[int, Purse] = {}
        rich = at_amount(self.case, high)
        self.step = Step(World(rich, rich["scenario"]))
        names = list(self.step.measures.offers)
        self.points = []
        for award in self.step.feasible():
            goals = tuple(self.step.value(stage, award) for stage in self.step.stages)
            key = (-sum(award.values()), [n in award for n in names], [award.get(n, 0) for n in names])
            self.points.append(Point(self._need(award, high), goals, award, key))

    def _fits(self, award: Award, amount: int) -> bool:
        if amount not in self._purses:
            case = at_amount(self.case, amount)
            self._purses[amount] = Purse(World(case, case["scenario"]))
        return self._purses[amount].holds(award)

    def _need(self, award: Award, high: int) -> int:
        low = self.low
        if self._fits(award, low):
            return low
        while high - low > 1:
            half = (low + high) // 2
            low, high = (low, half) if self._fits(award, half) else (half, high)
        return high

    @property
    def tolerances(self) -> list[Fraction]:
        """What each goal may give up for later ones."""
        entries = self.case["scenario"]["objective"]
        return [rate(e["tolerance"]) if "tolerance" in e else Fraction(0) for e in entries]

    def bests(self, points: list[Point]) -> tuple[list[Fraction], list[Fraction], list[Point]]:
        """The best value of each goal in turn, what later goals must keep of it, and the points that do."""
        found, limits = [], []
        for k, tolerance in enumerate(self.tolerances):
            found.append(max(point.goals[k] for point in points))
            limits.append(found[-1] - tolerance * abs(found[-1]))
            points = [point for point in points if point.goals[k] >= limits[-1]]
        return found, limits, points

    def best_of(self, points: list[Point]) -> Point | None:
        """The one answer among some allocations."""
        return max(self.bests(points)[2], key=lambda point: point.key) if points else None

    def at(self, amount: int) -> list[Point]:
        """What fits an amount."""
        return [point for point in self.points if point.need <= amount]

    def least(self, wanted: Callable[[Point], bool]) -> int | None:
        """The least amount at which some allocation is as wanted."""
        return min((point.need for point in self.points if wanted(point)), default=None)

    def rises(self, point: Point) -> bool:
        """Whether some goal stands above its best value of today, those before it being kept."""
        bests, limits, _ = self.bests(self.at(self.amount))
        return any(
            point.goals[k] > bests[k] and all(point.goals[j] >= limits[j] for j in range(k))
            for k in range(len(bests))
        )
