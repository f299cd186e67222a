"""Limits of the first goal at each total before any list is looked for there, in exact integers.

A list of the scenario as written is a list at a larger total unless a rule there refuses it: its value is the one
limit. Prices of the rows as written bound every list at any total without transfers, which is the other. With
transfers the programme's amount alone bounds, as if all money under it were in one envelope.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from tnt_sim.analysis.extend.transfer import has_same_amounts, with_transfers, without_transfers
from tnt_sim.analysis.shared.envelope_path import EnvelopePath, list_amount_dependent_rules
from tnt_sim.analysis.shared.goal_bounds import GoalBounds, compute_bound_without_rules
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution
from tnt_sim.analysis.sweep.envelope_point import keep_list
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.values.answer_values import Interval

PRICES_SHARE = 0.5
"""Most of the time left for limits that the linear program of prices may take."""


@dataclass(eq=False)
class TotalLimits:
    """Limits at the totals of one study.

    Attributes
    ----------
    base : the scenario as written
    path : the programme
    """

    base: ReferenceSolution
    path: EnvelopePath
    _bounds: GoalBounds = field(init=False)
    _known: dict[tuple[int, bool], tuple[Fraction | None, Fraction | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        written = without_transfers(self.base.problem)
        self._bounds = GoalBounds(written, most_columns=0, price_share=PRICES_SHARE)

    def compute(
        self, problem: Problem, total_cents: int, *, moved: bool, nested: bool, deadline: Deadline = UNLIMITED
    ) -> Interval:
        """Compute the limits at one total.

        Parameters
        ----------
        problem : at this total, without transfers of this study
        moved : with transfers
        nested : whether the list of the scenario as written stays funded
        """
        single = without_transfers(problem)
        variant = with_transfers(problem) if moved else single
        is_alone = has_same_amounts(variant, single)
        key = total_cents, is_alone
        if key not in self._known and not deadline.expired:
            bound = (
                self._bounds.compute_bound(single, deadline=deadline)
                if is_alone
                else compute_bound_without_rules(_with_programme_amount(variant), deadline)
            )
            self._known[key] = self._read_value(variant, total_cents), bound
        value, bound = self._known.get(key, (None, None))
        if nested and not self._is_kept_when_larger():
            value = None
        up = problem.stages[0].sense is Sense.MAXIMISE
        return Interval(value, bound, "1") if up else Interval(bound, value, "1")

    def _is_kept_when_larger(self) -> bool:
        """Whether the nested curve starts with the list as written, and larger totals refuse no list."""
        problem = self.base.problem
        return has_same_amounts(problem, without_transfers(problem)) and not list_amount_dependent_rules(
            problem, self.path.nodes
        )

    def _read_value(self, problem: Problem, total_cents: int) -> Fraction | None:
        """Return what the list as written is worth here, less what later goals may give up; None if refused."""
        point = keep_list(problem, total_cents, self.base.allocation)
        if point is None:
            return None
        stage, value = problem.stages[0], point.values[0]
        lost = stage.tolerance * abs(value)
        return value - lost if stage.sense is Sense.MAXIMISE else value + lost


def _with_programme_amount(problem: Problem) -> Problem:
    """Return the problem in which the programme alone has an amount."""
    tree = problem.case.tree
    amounts = (tree.amount_cents[0], *[None] * (tree.n_nodes - 1))
    changed = replace(tree, amount_cents=amounts, written_cents=amounts)
    return without_transfers(replace(problem, case=replace(problem.case, tree=changed)))
