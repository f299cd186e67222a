"""The whole contract for small cases, by enumeration, in plain Python: it shares no code with the engine."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from support.enumeration.amounts import cap_limits, caps_hold, common_groups, equal_treatment
from support.enumeration.envelopes import Purse
from support.enumeration.measures import Measure, Measures, combined
from support.enumeration.rows import Award, Case, World, listed
from support.enumeration.rules import Distance, Rules, bound, smallest

Zero = Fraction(0)
RESERVE = "reserve"


@dataclass
class Decision:
    """The one answer of one step."""

    award: Award
    values: list[Fraction]
    holds: dict[str, bool]
    moved: dict[str, tuple[int, int]]


@dataclass
class Answer:
    """What a case comes to: its last decision (None: nothing fits), and the reserve list by rank, if it can be."""

    decision: Decision | None
    reserve: list[tuple[str, int]] = field(default_factory=list)
    no_list: bool = False
    n_points: int = 0

    @property
    def award(self) -> Award | None:
        return None if self.decision is None else self.decision.award


class Step:
    """One decision by enumeration."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.measures = Measures(world)
        self.purse = Purse(world)
        self.rules = Rules(world, self.measures, self.purse)
        self.specs = [spec for spec in world.scenario.get("rules", ()) if spec["kind"] != "decide"]
        self.distances = {spec["id"]: self.rules.distance(spec) for spec in self.specs}
        self.limits, self.common = cap_limits(world), common_groups(world)
        self.stages = [self._stage(k, entry) for k, entry in enumerate(world.scenario["objective"])]

    @property
    def size(self) -> int:
        total = 1
        for some in self.measures.offers.values():
            total *= len(some)
        return total

    def _stage(self, number: int, entry: dict[str, Any]) -> tuple[Measure, list[tuple[Fraction, Distance]]]:
        """A stage as something to maximise: a sum, and what is no sum."""
        sign = Fraction(1) if "maximise" in entry else Fraction(-1)
        sums, others = [], []
        for name, weight in (entry.get("maximise") or entry["minimise"]).items():
            if name == "smallest":
                others.append((sign, smallest(self.world, self.measures, weight)))
            elif name.startswith("shortfall."):
                others.append((sign * Fraction(weight), self.distances[name.removeprefix("shortfall.")]))
            else:
                sums.append((sign * Fraction(weight), self.measures.named(name)))
        for spec in self.specs:
            price = spec.get("penalty")
            if price and int(price.get("stage", 1)) == number + 1 and not spec.get("report"):
                per = bound(price.get("per", "1"), self.rules.unit(spec), self.world) or Fraction(1)
                others.append((-Fraction(price["cost"]) / per, self.distances[spec["id"]]))
        return combined(sums), others

    def value(self, stage: tuple[Measure, list[tuple[Fraction, Distance]]], award: Award) -> Fraction:
        return stage[0].value(award) + sum((weight * part(award) for weight, part in stage[1]), Zero)

    def feasible(self) -> list[Award]:
        """Every allocation that keeps all that is hard."""
        names = list(self.measures.offers)
        hard = [
            self.distances[spec["id"]]
            for spec in self.specs
            if not spec.get("report") and "penalty" not in spec
        ]
        found = []
        for choice in product(*self.measures.offers.values()):
            award = {name: cents for name, cents in zip(names, choice, strict=True) if cents is not None}
            if (
                self._linked(award)
                and self.purse.holds(award)
                and caps_hold(self.world, self.limits, award)
                and equal_treatment(self.world, self.common, award)
                and not any(one(award) for one in hard)
            ):
                found.append(award)
        return found

    def _linked(self, award: Award) -> bool:
        """The columns `requires` and `variant_of`."""
        labels: dict[str, set[str]] = {}
        for name, row in self.world.by_name.items():
            if name in award and any(need not in award for need in listed(row.get("requires", ""))):
                return False
            if row.get("variant_of"):
                labels.setdefault(row["variant_of"], {row["variant_of"]}).add(name)
        return all(sum(name in award for name in members) <= 1 for members in labels.values())

    def decide(self) -> Decision | None:
        """Best for every stage in turn, then the one answer."""
        points = self.feasible()
        for stage, entry in zip(self.stages, self.world.scenario["objective"], strict=True):
            if not points:
                return None
            values = [self.value(stage, award) for award in points]
            best = max(values)
            tolerance = entry.get("tolerance", "0")
            share = Fraction(tolerance.rstrip(" %")) / (100 if "%" in tolerance else 1)
            least = best - share * abs(best)
            points = [award for award, value in zip(points, values, strict=True) if value >= least]
        names = list(self.measures.offers)

        def key(award: Award) -> tuple[Any, ...]:
            return (-sum(award.values()), [n in award for n in names], [award.get(n, 0) for n in names])

        award = max(points, key=key)
        entries = self.world.scenario["objective"]
        return Decision(
            award,
            [
                self.value(stage, award) * (1 if "maximise" in entry else -1)
                for stage, entry in zip(self.stages, entries, strict=True)
            ],
            {name: distance(award) == 0 for name, distance in self.distances.items()},
            self.purse.moved(award),
        )


def set_path(scenario: dict[str, Any], path: str, value: Any) -> None:
    """`rules.ID.key`, `envelopes.ID.key`, `programme.key`."""
    head, *rest = path.split(".")
    node: Any = scenario[head] if head != "envelopes" else scenario["programme"]
    if head == "envelopes":
        stack = [node]
        while stack[-1]["id"] != rest[0]:
            last = stack.pop()
            stack = [*stack, *last.get("envelopes", ())]
        node, rest = stack[-1], rest[1:]
    elif head == "rules":
        node, rest = next(rule for rule in node if rule["id"] == rest[0]), rest[1:]
    for key in rest[:-1]:
        node = node[key]
    node[rest[-1]] = value


def worlds(case: Case) -> list[tuple[str, World]]:
    """The steps that decide, and the one that frees the reserves; `kept` is filled as they are decided."""
    scenario = case["scenario"]
    found = []
    for step in scenario.get("steps", ()):
        own = copy.deepcopy(scenario)
        for path, value in step.get("set", {}).items():
            set_path(own, path, value)
        found.append((step["id"], World(case, own, closes=step["date"])))
    deciding = [entry for entry in found if entry[0] != RESERVE] or [("", World(case, scenario))]
    freeing = [entry for entry in found if entry[0] == RESERVE]
    last = deciding[-1][1]
    if not freeing and len(deciding) > 1:
        last.freed = True
    elif not freeing and _holds_back(last.scenario["programme"]):
        freeing = [(RESERVE, World(case, last.scenario, closes=last.closes))]
    for _, world in freeing:
        world.freed = True
    return [*deciding, *freeing]


def _holds_back(node: dict[str, Any]) -> bool:
    return "reserve" in node or any(_holds_back(child) for child in node.get("envelopes", ()))


def decide(case: Case) -> Answer:
    """All steps of a case, one after the other."""
    kept: Award = {}
    answer = Answer(None)
    for name, world in worlds(case):
        world.kept = dict(kept)
        step = Step(world)
        answer.n_points += step.size
        found = step.decide()
        if name == RESERVE:
            answer.no_list = found is None
            answer.reserve = [] if found is None else _listed(step, found.award, kept)
            return answer
        answer.decision = found
        if found is None:
            return answer
        kept |= found.award
    return answer


def _listed(step: Step, award: Award, kept: Award) -> list[tuple[str, int]]:
    """What the reserve would fund: best value of the first goal per euro first, ties in the order of dossiers."""
    names = [name for name in step.measures.offers if name in award and name not in kept]
    goal = step.stages[0][0]
    worth = {name: goal.alone(name, award[name]) / max(1, award[name]) for name in names}
    names.sort(key=lambda name: -worth[name])
    return [(name, award[name]) for name in names]
