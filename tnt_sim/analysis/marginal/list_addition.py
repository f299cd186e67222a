"""Today's list with one more application: the rule that forbids it, and the extension that pays for it.

For an application i with least amount w_i, added to a list x that satisfies every rule::

    value_k(x + i) = value_k(x) + gain_k(i)
    extension_i    = max(0, w_i − room(node of i))

room(node) is the most that the envelopes can pay to one more application of a node today. Every test is exact: the
sums of each rule change by the application alone (`verify/dossier_addition.py`), and each tree is read with
its envelopes raised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

import numpy as np

from tnt_sim.analysis.shared.envelope_path import EnvelopePath, set_amount
from tnt_sim.rules.envelopes.tree_reading import PathReading, sum_by_node
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.decision_reasons import build_rule_finder, compute_stage_gains

GRANTS = "grants"
"""Value of `rule` for a common rate of several grants, which has no id of its own."""


def build_blocking_rule_finder(problem: Problem, today: Allocation) -> Callable[[int], str | None]:
    """Return a function that names the rule which a list plus one application would break."""
    hard = [*problem.table_rules, *(rule for rule in problem.rules if rule.mode is Mode.HARD)]
    broken = build_rule_finder(problem, today, hard)

    def find_blocking_rule(row: int) -> str | None:
        if not problem.offers.common.names:
            return broken(row)
        more = today.exchange([], [row], problem.offers.least_cents)
        violated = problem.offers.common.list_violated_groups(more.funded, more.granted_cents)
        return GRANTS if violated else broken(row)

    return find_blocking_rule


def select_without_loss(
    problem: Problem, today: Allocation, values: tuple[Fraction, ...], limits: tuple[Fraction, ...]
) -> BoolArray | None:
    """Return the applications whose addition leaves every stage at its limit or better, bool (n,).

    None if a stage is not a sum over applications.
    """
    priced = any(rule.mode is Mode.PENALTY for rule in problem.rules)
    if priced or any(stage.goal_parts for stage in problem.stages):
        return None
    result = np.ones(problem.case.n, dtype=np.bool_)
    for stage, value, limit in zip(problem.stages, values, limits, strict=True):
        spare = value - limit if stage.sense is Sense.MAXIMISE else limit - value
        gains = compute_stage_gains(stage, problem.offers.least_cents, today.funded)
        result &= gains >= -(spare // stage.terms.scale)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class ListAddition:
    """Extension of an envelope that pays for one more application beside a list.

    Attributes
    ----------
    problem : with an amount for the envelope
    path : envelope that is extended
    reading : the tree on the list
    most_cents : no application asks for more
    """

    problem: Problem
    path: EnvelopePath
    reading: PathReading
    most_cents: int
    _room: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem, path: EnvelopePath, today: Allocation) -> Self | None:
        """Read the tree on a list; None if the list exceeds an envelope."""
        problem = set_amount(problem, path, path.amount_cents)
        case = problem.case
        reading = PathReading.of(case.tree, sum_by_node(case.tree, case.node, today.granted_cents))
        most = int(problem.offers.least_cents.max(initial=0))
        return None if reading is None else cls(problem, path, reading, most)

    def find_extension(self, row: int) -> int | None:
        """Return the least extension with which the envelopes pay for an application beside the list.

        None where it is not read from the path of the application alone: the application is outside the envelope,
        or an envelope holds some of the extension back.
        """
        case, path = self.problem.case, self.path
        node, cents = int(case.node[row]), int(self.problem.offers.least_cents[row])
        more = max(0, cents - self._find_room(node))
        if not more:
            return 0
        if not path.node <= node < case.tree.end[path.node]:
            return None
        raised = case.tree.shift_amounts(path.nodes, more)
        return more if self.reading.can_pay(raised, node, cents) else None

    def _find_room(self, node: int) -> int:
        """Return the most cents, up to `most_cents`, that the tree pays to one more application of a node."""
        if node not in self._room:
            pays, fails, tree = 0, self.most_cents + 1, self.problem.case.tree
            while fails - pays > 1:
                half = (pays + fails) // 2
                if self.reading.can_pay(tree, node, half):
                    pays = half
                else:
                    fails = half
            self._room[node] = pays
        return self._room[node]
