"""One mixed case: what the engine makes of it, and its enumeration."""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from support.enumeration.rows import Award, Case
from support.mixed_cases.curve import Curve
from support.mixed_cases.dossiers import euros
from support.mixed_cases.run import write
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, solve_reference
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.solve import solve
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.allocation_reading import Allocation

Told = list[str]


def text(amount: int) -> str:
    return f"{euros(amount)} €"


@dataclass
class Mix:
    """A case, what the engine makes of it as it stands, and its enumeration."""

    seed: int
    case: Case
    folder: Path
    count: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.scenario: ScenarioData = load_scenario(write(self.case, self.folder))
        self.result: ResultData = solve(self.scenario, cross_check="never")

    @cached_property
    def base(self) -> ReferenceSolution:
        return solve_reference(self.scenario, prove=False)

    @cached_property
    def curve(self) -> Curve:
        return Curve(self.case)

    @cached_property
    def signs(self) -> list[int]:
        return [1 if stage.sense is Sense.MAXIMISE else -1 for stage in self.base.problem.stages]

    @property
    def names(self) -> list[str]:
        named: list[str] = self.base.problem.case.table["dossier"].to_list()
        return named

    def award(self, allocation: Allocation | None) -> Award | None:
        if allocation is None:
            return None
        funded, granted = allocation.funded.tolist(), allocation.granted_cents.tolist()
        return {name: cents for name, is_in, cents in zip(self.names, funded, granted, strict=True) if is_in}

    def amounts(self, most: int) -> list[int]:
        """Amounts at which something changes, a cent before, and others."""
        low, now = self.curve.low, self.curve.amount
        needs = [point.need for point in self.curve.points]
        some = {now, *self.dice.sample(needs, min(3, len(needs)))}
        some |= {amount - 1 for amount in some} | {low + (now - low) // 2, now + now // 5}
        return sorted(self.dice.sample(sorted(a for a in some if a >= max(low, 1)), min(most, len(some) - 1)))


def differ(told: Told, what: str, found: Any, expected: Any) -> None:
    if found != expected:
        told.append(f"{what}: {found}, but {expected}")


def reported(case: Case, rule: str) -> Case:
    """The case in which a rule is only read."""
    found = copy.deepcopy(case)
    for spec in found["scenario"]["rules"]:
        if spec["id"] == rule:
            spec["report"] = "true"
    return found
