"""Bounds on the best value of the first goal, from prices of caps and of rows, in exact integers.

With any prices y of the rows A x ≤ b, every feasible x satisfies c·x ≤ y·b + Σ_j max over x_j of (c − yA)_j x_j.
So prices found once bound every problem with rows of the same names, such as draws, other totals, and the problem
without a rule. Where nested caps alone bind, their prices are found without a linear program
(`analysis/shared/cap_prices.py`).

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.shared.cap_curves import read_cap_trees
from tnt_sim.analysis.shared.cap_prices import compute_selection_bound
from tnt_sim.analysis.shared.reference_solution import without_rules
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import RowKind, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.solve.reductions.fixing import ExactBound, compute_exact_bound

MOST_COLUMNS = 50_000
"""Most columns for which the linear program, which bounds tighter, goes before prices of caps."""
MOST_SAMPLED = 10_000
"""Columns above which a linear program over a part of them goes first."""
Prices = Mapping[str, float]
"""Price of each row by name, in units of the first goal per unit of the row's measure."""


def compute_cap_bound(problem: Problem, form: Formulation, deadline: Deadline = UNLIMITED) -> Fraction | None:
    """Bound the first stage of every feasible allocation by prices of nested caps; None where other rows bind."""
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


def compute_row_prices(problem: Problem, deadline: Deadline = UNLIMITED) -> Prices | None:
    """Price the rows of a problem; None where nested caps have prices of their own, or without prices in time."""
    form = formulate(problem, deadline=deadline)
    if form.stages[0].sense is Sense.MAXIMISE and read_cap_trees(form, problem, deadline) is not None:
        return None
    return _find_row_prices(form, form.model, IncrementalLp(), deadline)


def _find_row_prices(
    form: Formulation, model: LinearModel, lp: IncrementalLp, deadline: Deadline
) -> Prices | None:
    """Price the rows of a formulation's model by a linear program; None without prices in time.

    They are per unit of a row's measure, as a model may have rows with other common divisors. Of many columns,
    every k-th goes first, with the bounds of rows divided by k: these prices remain if time runs out.
    """
    stage = form.stages[0]
    up = 1 if stage.sense is Sense.MAXIMISE else -1
    duals, value = None, up * stage.objective
    step = -(-model.n_cols // MOST_SAMPLED)
    if step > 1 and lp.last is None:
        duals = IncrementalLp().compute_prices(_sample_columns(model, step), value[::step], deadline=deadline)
    if not deadline.expired:
        whole = lp.compute_prices(model, value, deadline=deadline)
        duals = duals if whole is None else whole
    if duals is None:
        return None
    return {
        name: up * price * float(stage.scale) / float(unit)
        for name, price, unit in zip(model.row_names, duals.tolist(), form.units, strict=True)
        if price
    }


def _sample_columns(model: LinearModel, step: int) -> LinearModel:
    """Return a model of every `step`-th column, with the bounds of rows divided by it."""
    lower, upper = model.row_lower, model.row_upper
    return replace(
        model,
        matrix=model.matrix[:, np.arange(0, model.n_cols, step)],
        row_lower=np.where(lower == NO_LOWER, lower, lower // step),
        row_upper=np.where(upper == NO_UPPER, upper, upper // step),
        col_lower=model.col_lower[::step],
        col_upper=model.col_upper[::step],
        integer=model.integer[::step],
        objective=model.objective[::step],
        col_names=model.col_names[::step],
    )


def compute_row_bound(
    form: Formulation, prices: Prices, deadline: Deadline = UNLIMITED, model: LinearModel | None = None
) -> ExactBound:
    """Compute the bound on the first stage that prices of rows prove, for a model with these rows."""
    stage = form.stages[0]
    model = (model or form.model).with_objective(stage.objective, stage.sense)
    units = np.array([float(unit) for unit in form.units]) / float(stage.scale)
    duals = np.array([prices.get(name, 0.0) for name in model.row_names]) * units
    return compute_exact_bound(model, duals, deadline)


@dataclass(eq=False)
class GoalBounds:
    """Bounds of a problem, of the same problem without some of its rules, and of similar ones.

    The linear program stays between calls: without a rule, its rows are free, and the simplex goes on from the
    last basis.

    Attributes
    ----------
    most_columns : most columns for which the linear program goes before prices of caps
    price_share : share of the time left that the linear program may take
    """

    problem: Problem
    most_columns: int = MOST_COLUMNS
    price_share: float = 1.0
    _form: Formulation | None = None
    _lp: IncrementalLp = field(default_factory=IncrementalLp)
    _prices: dict[str, Prices] = field(default_factory=dict)

    def compute_bound(
        self,
        problem: Problem | None = None,
        *,
        free: str = "",
        only_caps: bool = False,
        deadline: Deadline = UNLIMITED,
    ) -> Fraction | None:
        """Bound the first stage of every feasible allocation of a problem, by default its own; None if unknown.

        Rows of the rule `free` have no price; with `only_caps` no linear program is solved.
        """
        try:
            form = self._get_form(deadline) if problem is None else formulate(problem, deadline=deadline)
            many = form.model.n_cols > self.most_columns
            bound = compute_cap_bound(problem or self.problem, form, deadline) if only_caps or many else None
            if bound is not None or only_caps:
                return bound
            most = self.compute_row_bound(form, free, deadline).round_to_integer(form.stages[0].sense)
        except DeadlineExpired:
            return None
        return None if most is None else form.stages[0].to_value(most)

    def compute_row_bound(self, form: Formulation, free: str, deadline: Deadline) -> ExactBound:
        """Compute the bound on a similar formulation that prices of the problem's rows prove."""
        prices = self._get_prices(free, deadline)
        return compute_row_bound(form, prices, deadline, CoefficientTightening(deadline).apply(form.model)[0])

    def _get_form(self, deadline: Deadline) -> Formulation:
        if self._form is None:
            self._form = formulate(self.problem, deadline=deadline)
        return self._form

    def _get_prices(self, free: str, deadline: Deadline) -> Prices:
        """Return the prices of the problem's rows by name, without those of a rule; none after their share."""
        if free not in self._prices:
            form = self._get_form(deadline)
            model = CoefficientTightening(deadline).apply(form.model)[0]
            lower, upper = model.row_lower.copy(), model.row_upper.copy()
            if free:
                loose = [label.kind is RowKind.RULE and label.id == free for label in form.labels]
                lower[loose], upper[loose] = NO_LOWER, NO_UPPER
            opened = replace(model, row_lower=lower, row_upper=upper)
            prices = _find_row_prices(form, opened, self._lp, deadline.take_share(self.price_share))
            if prices is None:
                deadline.check()
                return {}
            self._prices[free] = prices
        return self._prices[free]
