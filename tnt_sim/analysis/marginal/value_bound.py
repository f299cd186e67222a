"""Bounds on the best value of the first objective, from prices of linear programs, in exact integers.

With any prices y, c·x ≤ y·b + Σ_j max over x_j of (c − yA)_j x_j for every feasible x (maximised). So prices of a
similar problem bound another one too, row by row of the same name. Where nested caps alone bind, their prices
are found without a linear program (`analysis/shared/cap_prices.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.shared.cap_curves import read_cap_trees
from tnt_sim.analysis.shared.cap_prices import compute_selection_bound
from tnt_sim.analysis.shared.reference_solution import without_rules
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER
from tnt_sim.rules.protocols import RowKind, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.reductions.cuts import CoefficientTightening
from tnt_sim.solve.reductions.fixing import compute_exact_bound

MOST_COLUMNS = 50_000
"""Most columns for which the linear program, which bounds tighter, goes before prices of caps."""


def compute_cap_bound(problem: Problem, form: Formulation, deadline: Deadline = UNLIMITED) -> Fraction | None:
    """Bound the first stage of every feasible allocation by prices of nested caps; None where other rows bind.

    Raises
    ------
    DeadlineExpired
        If time runs out first.
    """
    stage = form.stages[0]
    read = read_cap_trees(form, problem, deadline) if stage.sense is Sense.MAXIMISE else None
    if read is None:
        return None
    _, trees = read
    cost = problem.offers.most_cents[form.recovery.candidate]
    most = compute_selection_bound(stage.objective, cost, trees, deadline)
    return None if most is None else stage.to_value(most)


def compute_bound_without_rules(problem: Problem, deadline: Deadline = UNLIMITED) -> Fraction | None:
    """Bound the first stage of every allocation within the envelopes, as if no rule applied; None if unknown.

    It bounds the problem without any of its rules too.
    """
    relaxed = without_rules(problem)
    try:
        return compute_cap_bound(relaxed, formulate(relaxed, deadline=deadline), deadline)
    except DeadlineExpired:
        return None


@dataclass(eq=False)
class ValueBounds:
    """Bounds of a problem, and of the same problem without some of its rules.

    The linear program stays between calls: without a rule, its rows are free, and the simplex goes on from the
    last basis.
    """

    problem: Problem
    _form: Formulation | None = None
    _lp: IncrementalLp = field(default_factory=IncrementalLp)

    def compute_bound(
        self,
        problem: Problem | None = None,
        *,
        free: str = "",
        only_caps: bool = False,
        deadline: Deadline = UNLIMITED,
    ) -> Fraction | None:
        """Bound the first stage of every feasible allocation of a problem; None without prices in time.

        Parameters
        ----------
        problem : whose allocations are bounded; by default the problem itself
        free : id of a rule of the problem itself whose rows have no price
        only_caps : no linear program is solved
        """
        try:
            if self._form is None and not (only_caps and problem is not None):
                self._form = formulate(self.problem, deadline=deadline)
            form = self._form if problem is None else formulate(problem, deadline=deadline)
            assert form is not None
            many = form.model.n_cols > MOST_COLUMNS
            bound = compute_cap_bound(problem or self.problem, form, deadline) if only_caps or many else None
        except DeadlineExpired:
            return None
        if bound is not None or only_caps or self._form is None:
            return bound
        named = self._compute_prices(self._form, free, deadline)
        if named is None:
            return None
        stage = form.stages[0]
        model = CoefficientTightening(deadline).apply(form.model)[0]
        model = model.with_objective(stage.objective, stage.sense)
        prices = np.array([named.get(name, 0.0) for name in model.row_names])
        try:
            most = compute_exact_bound(model, prices, deadline).round_to_integer(stage.sense)
        except DeadlineExpired:
            return None
        return None if most is None else (most + stage.constant) * stage.scale

    def _compute_prices(self, form: Formulation, free: str, deadline: Deadline) -> dict[str, float] | None:
        """Return the prices of the problem's rows by name, with the rows of a rule free."""
        model, stage = CoefficientTightening(deadline).apply(form.model)[0], form.stages[0]
        lower, upper = model.row_lower.copy(), model.row_upper.copy()
        if free:
            own = [label.kind is RowKind.RULE and label.id == free for label in form.labels]
            lower[own], upper[own] = NO_LOWER, NO_UPPER
        up = 1 if stage.sense is Sense.MAXIMISE else -1
        opened = replace(model, row_lower=lower, row_upper=upper)
        prices = self._lp.compute_prices(opened, up * stage.objective, deadline=deadline)
        return None if prices is None else dict(zip(model.row_names, (up * prices).tolist(), strict=True))
