"""What lifting an obstacle would do, for every dossier that is kept out of the competition at once.

The decision's own allocation is read again in the problem without the obstacle: where it keeps every rule, the
best is worth v₀ there or more. From the prices of the decision's linear program an exact bound says what an
allocation with the dossier in is worth at most; where that is less than v₀, it would not be funded: no solve.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import FloatArray
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.solve.fixing import exact_bound
from tnt_sim.solve.registry import get_backend
from tnt_sim.study.explain.decided import Decided
from tnt_sim.verify.reading import broken_rules, read_allocation


@dataclass(frozen=True, slots=True, eq=False)
class LiftedBounds:
    """The prices of the decision's linear program, by the name of the row."""

    decided: Decided
    prices: dict[str, float]

    @classmethod
    def of(cls, decided: Decided) -> LiftedBounds:
        """One linear program for all."""
        form = formulate(decided.problem)
        stage = form.stages[0]
        model = form.model.with_objective(stage.objective, stage.sense)
        duals = get_backend("highs").solve(model, relax=True).row_duals
        if duals is None:
            return cls(decided, {})
        return cls(decided, dict(zip(model.row_names, duals.tolist(), strict=True)))

    def too_little(self, problem: Problem, row: int) -> bool:
        """Whether no allocation of a problem that holds the dossier is as good as the decision."""
        allocation = self.decided.allocation
        reading = read_allocation(problem, allocation)
        if broken_rules(problem, allocation, reading):
            return False
        form = formulate(problem)
        stage = form.stages[0]
        model = form.model.with_objective(stage.objective, stage.sense)
        bound = exact_bound(model, self._prices(model.row_names))
        if bound.scaled is None:
            return False
        up = 1 if problem.stages[0].sense is Sense.MAXIMISE else -1
        column = int(form.recovery.funded_columns[np.searchsorted(form.recovery.candidate, row)])
        most = up * bound.scaled + min(0, up * int(bound.reduced_costs[column]))
        today = up * (reading.values[0] / stage.scale - stage.constant)
        return Fraction(most, 1 << bound.scale) < today

    def _prices(self, names: tuple[str, ...]) -> FloatArray:
        return np.array([self.prices.get(name, 0.0) for name in names])
