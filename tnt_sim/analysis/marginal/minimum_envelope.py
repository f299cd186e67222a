"""Smallest envelope amount at which a condition is feasible, with the amount as a variable of the model.

    min { a : with amount a, an allocation satisfies every rule and its stages reach `kept` }

The right-hand side a is a column of the model, so one solve is enough and no bisection is needed:
with rules that depend on the amount, the value need not be monotone in it. The envelopes above grow
by the same cents (new money). If a rule is a share of the amount (`envelope_path`), the model is a
relaxation: its optimum is a lower bound, and an amount counts only once the real rules were solved
at it.

Kernel for tree-shaped problems. If only envelopes bind, and limits on money inside a node, the
problem splits into nodes k with own money a_k. With floor the sum of the children's amounts, the
envelope needs::

    floor + Σ_k max(0, G_k − a_k)

over the nodes that may receive more; a node that may not is a hard cap. The kernel result is a
lower bound, exact as soon as its allocation satisfies every other rule. The shape is not recognised
if own applications and children compete for one remainder, or if siblings transfer money.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.shared.envelope_path import (
    AmountDependentRule,
    EnvelopePath,
    compile_at_amount,
    list_amount_dependent_rules,
    relax_amounts,
    set_amount,
)
from tnt_sim.analysis.shared.list_distance import with_last_stage
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.domain.budget_tree import FreeAmount, Tree
from tnt_sim.engine.budgets import BUDGETS, Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, SolveOutcome, Status, derive_status
from tnt_sim.errors import ScenarioError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Text
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates
from tnt_sim.kernel.minimum_addition import BudgetedItems, MinimumAddition
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.stage_proofs import prove_infeasible, prove_stages
from tnt_sim.rules.envelopes.tree_reading import can_gain, compute_unassigned_cents
from tnt_sim.rules.envelopes.tree_rows import CENT, Lowered
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import Terms, Unit, sum_by_group, sum_exactly
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import (
    Allocation,
    read_within_limits,
)


@dataclass(frozen=True, slots=True, eq=False)
class KernelView:
    """Problem as the minimum-addition kernel sees it.

    Attributes
    ----------
    rows : open candidates, int64 (n_items,); `profit` and `weight` are theirs
    settled : profit of committed and forced applications, in whole units of the objective
    scale : value of one unit of profit
    needs : the kernel
    floor_cents : amount at which no addition is needed
    most : largest profit at any amount
    """

    problem: Problem
    rows: IntArray
    settled: int
    scale: Fraction
    needs: MinimumAddition
    floor_cents: int
    most: int

    def compute_target_profit(self, value: Fraction) -> int:
        """Return the profit that the open candidates must bring for a value of the objective."""
        units = value / self.scale
        return math.ceil(units) - self.settled

    def build_allocation(self, taken: BoolArray) -> Allocation:
        """Convert a choice of items, bool (n_items,), to an allocation."""
        offers = self.problem.offers
        funded = offers.committed | offers.forced
        funded[self.rows[taken]] = True
        granted = np.where(offers.committed, offers.committed_cents, np.where(funded, offers.most_cents, 0))
        return Allocation(funded, granted)


def build_kernel_view(
    problem: Problem, path: EnvelopePath, deadline: Deadline = UNLIMITED
) -> KernelView | None:
    """Recognise a problem that the kernel solves; None for any other shape."""
    offers, stage = problem.offers, problem.stages[0]
    terms = stage.terms
    if stage.sense is not Sense.MAXIMISE or stage.goal_parts or terms.once:
        return None
    if any(r.mode is Mode.PENALTY and r.penalty and r.penalty.stage == 0 for r in problem.rules):
        return None
    plain = offers.candidate & (offers.least_cents == offers.most_cents)
    if not plain[offers.candidate].all() or len(offers.levels.restrict(offers.candidate).row):
        return None
    worth = terms.per_funded + terms.per_cent * offers.highest_cents
    rows = np.flatnonzero(offers.candidate & ~offers.forced)
    if (worth[rows] < 0).any():
        return None
    result = _KernelViews(problem, path, rows).build_budgeted_items()
    if result is None:
        return None
    pieces, floor = result
    profit, weight = worth[rows], offers.most_cents[rows]
    settled = sum_exactly(worth[offers.committed | (offers.candidate & offers.forced)]) + terms.constant
    try:
        needs = MinimumAddition(profit, weight, _split_by_limits(problem, rows, pieces), deadline)
        enough = [part if part.hard else replace(part, free=int(weight.sum())) for part in pieces]
        most = sum(
            MinimumAddition(profit, weight, _split_by_limits(problem, rows, enough), deadline).gained.values()
        )
    except (ValueError, TooManyStates, OverflowError):
        return None
    return KernelView(problem, rows, settled, terms.scale, needs, floor, most)


def _split_by_limits(problem: Problem, rows: IntArray, items: list[BudgetedItems]) -> list[BudgetedItems]:
    return [piece for part in items for piece in _split_node_by_limits(problem, rows, part)]


def _split_node_by_limits(problem: Problem, rows: IntArray, budgeted: BudgetedItems) -> list[BudgetedItems]:
    """Split a node that can hold all its items by the limits on money by group, and the rest."""
    weight = problem.offers.most_cents[rows]
    if int(weight[budgeted.items].sum()) > budgeted.free:
        return [budgeted]
    left = np.zeros(len(rows), dtype=np.bool_)
    left[budgeted.items] = True
    pieces = []
    for codes, caps in _list_money_limits(problem):
        own = codes[rows]
        inside = left & (own >= 0)
        asked = np.bincount(own[inside], weights=weight[inside].astype(np.float64), minlength=len(caps))
        for group in np.flatnonzero(asked > np.array(caps, dtype=np.float64)).tolist():
            items = np.flatnonzero(inside & (own == group))
            pieces.append(BudgetedItems(items, caps[group], hard=True))
            left[items] = False
    rest = np.flatnonzero(left)
    return [BudgetedItems(rest, int(weight[rest].sum()), hard=False), *pieces]


def _list_money_limits(problem: Problem) -> list[tuple[IntArray, list[int]]]:
    """List the hard limits on money: group of each application (−1: none) and cents left to each group."""
    offers = problem.offers
    sure = offers.committed | (offers.candidate & offers.forced)
    result = []
    for rule in problem.rules:
        if not isinstance(rule, Limit) or rule.mode is not Mode.HARD or rule.terms.unit is not Unit.MONEY:
            continue
        counted = rule.terms.per_cent != 0
        if rule.terms.per_funded.any() or rule.terms.once or (rule.terms.per_cent[counted] != 1).any():
            continue
        if any(low is not None for low in rule.minimum) or any(high is None for high in rule.maximum):
            continue
        codes = np.where(counted, rule.groups.codes, -1)
        gone = sure & (codes >= 0)
        spent = sum_by_group(offers.highest_cents[gone], codes[gone], len(rule.groups.names))
        most = [int(high / rule.terms.scale) for high in rule.maximum if high is not None]
        result.append((codes, [high - low for high, low in zip(most, spent, strict=True)]))
    return result


class _KernelViews:
    """Builder of the kernel's nodes from the envelope tree."""

    def __init__(self, problem: Problem, path: EnvelopePath, rows: IntArray) -> None:
        self.tree: Tree = problem.case.tree
        self.node = problem.case.node
        self.path = path
        self.rows = rows
        offers = problem.offers
        sure = offers.committed | (offers.candidate & offers.forced)
        self.spent = np.where(sure, offers.highest_cents, 0)
        self.items: list[BudgetedItems] = []

    def build_budgeted_items(self) -> tuple[list[BudgetedItems], int] | None:
        """Return the nodes and the sum of their amounts; None if the tree has another shape."""
        tree = self.tree
        if any(option.transfer_to for option in tree.options) or any(tree.overbooked):
            return None
        lowest = self.path.node
        if tree.written_cents[lowest] is None and tree.list_children(lowest):
            return None
        for above in self.path.nodes[1:]:
            inside = [k for k in tree.list_children(above) if tree.written_cents[k] is not None]
            if compute_unassigned_cents(tree, above) != 0 or self._has_own_dossiers(above, inside):
                return None
            for child in inside:
                if child not in self.path.nodes:
                    self._add_fixed_node(child)
        if self.path.nodes[-1] != 0:
            return None
        children = [k for k in tree.list_children(lowest) if tree.written_cents[k] is not None]
        if not children:
            self._add(lowest, 0, hard=False)
            return self.items, 0
        if self._has_own_dossiers(lowest, children):
            return None
        for child in children:
            if can_gain(tree, child):
                self._add_gaining_node(child)
            else:
                self._add_fixed_node(child)
        return self.items, sum(tree.written_cents[child] or 0 for child in children)

    def _add_gaining_node(self, node: int) -> None:
        """Add a node that may receive money, split by child if it passes on all it receives."""
        children = [k for k in self.tree.list_children(node) if self.tree.written_cents[k] is not None]
        passes = (
            children
            and compute_unassigned_cents(self.tree, node) == 0
            and not self._has_own_dossiers(node, children)
        )
        if not passes:
            self._add(node, self.tree.amount_cents[node] or 0, hard=False)
            return
        for child in children:
            if can_gain(self.tree, child):
                self._add_gaining_node(child)
            else:
                self._add_fixed_node(child)

    def _add_fixed_node(self, node: int) -> None:
        """Add a node that receives nothing, split by child if it has no money beyond their amounts."""
        children = [k for k in self.tree.list_children(node) if self.tree.written_cents[k] is not None]
        if (
            not children
            or compute_unassigned_cents(self.tree, node) != 0
            or self._has_own_dossiers(node, children)
        ):
            self._add(node, self.tree.amount_cents[node] or 0, hard=True)
            return
        for child in children:
            self._add_fixed_node(child)

    def _add(self, node: int, amount: int, *, hard: bool) -> None:
        end = self.tree.end[node]
        under = (self.node >= node) & (self.node < end)
        items = np.flatnonzero(under[self.rows])
        self.items.append(BudgetedItems(items, amount - sum_exactly(self.spent[under]), hard))

    def _has_own_dossiers(self, node: int, children: list[int]) -> bool:
        """Whether a node has applications outside those of its children with amounts."""
        held = (self.node >= node) & (self.node < self.tree.end[node])
        for child in children:
            held &= ~((self.node >= child) & (self.node < self.tree.end[child]))
        play = np.zeros(len(self.node), dtype=np.bool_)
        play[self.rows] = True
        return bool((held & (play | (self.spent > 0))).any())


AMOUNT = "amount"
"""Name of the stage that minimises the envelope's amount."""
FURTHER = 10
"""Largest amount tried, as a multiple of the largest useful one: a reserve may hold back most of an amount."""
CLIMBS, TRIES = 16, 10
"""Amounts tried above the lower bound, and to lower the upper one, before an interval is returned."""

Change = Callable[[Problem], Problem]
"""Modification of a problem, such as an application forced in or a rule removed."""


@dataclass(frozen=True, slots=True, eq=False)
class MinimumEnvelope:
    """Result of a minimum-amount question.

    Attributes
    ----------
    lower_cents : no smaller amount is enough; None if no amount is
    amount_cents : an amount that is enough, its allocation checked there; None if none was found
    answer : solution at that amount, or the proof of infeasibility if no amount is enough
    proof : evidence for the lower bound, or for the infeasibility
    moving : rules that depend on the amount, because of which the result may be an interval
    """

    lower_cents: int | None
    amount_cents: int | None
    answer: SolveOutcome
    proof: Proof | None
    moving: tuple[Text, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether lower bound and known amount are equal."""
        return self.amount_cents is not None and self.amount_cents == self.lower_cents

    @property
    def unreachable(self) -> bool:
        """Whether no amount is enough, however large."""
        return self.lower_cents is None and self.answer.status is Status.INFEASIBLE


def build_amount_stage(
    problem: Problem, path: EnvelopePath, largest_cents: int
) -> tuple[Problem, ObjectiveStage]:
    """Make the amount a variable from its floor to `largest_cents`, and build the stage that minimises it."""
    raised = set_amount(problem, path, largest_cents)
    opened = FreeAmount(path.nodes, max(0, largest_cents - path.floor_cents))
    case = replace(raised.case, tree=replace(raised.case.tree, opened=opened))
    zeros = problem.granted.per_funded * 0
    counted = Terms(CENT, Unit.MONEY, zeros, zeros, constant=largest_cents)
    stage = ObjectiveStage(AMOUNT, Sense.MINIMISE, counted, goal_parts=(Lowered(case.tree, case.node),))
    return replace(raised, case=case), stage


def find_least_amount(
    problem: Problem,
    path: EnvelopePath,
    *,
    limits: Sequence[Fraction] = (),
    change: Change = lambda problem: problem,
    clock: Clock | None = None,
    prove: bool = True,
) -> MinimumEnvelope:
    """Find the least amount at which the first stages of the changed problem reach `limits`.

    Parameters
    ----------
    problem : compiled at the written amounts
    kept : value that each of the first stages must reach (at least for maximised, at most for
    minimised stages)
    change : modification of the problem, applied at every amount examined
    clock : time limit; what is known when it ends is returned
    prove : whether to seek an exact certificate that no smaller amount is enough
    """
    deadline = UNLIMITED if clock is None else clock.deadline
    moving = list_amount_dependent_rules(problem, path.nodes)
    if not moving and len(limits) == 1:
        quick = _solve_by_kernel(change(problem), path, limits[0], prove, deadline)
        if quick is not None:
            return quick
    loose = relax_amounts(problem, path.nodes, path.top_cents) if moving else problem
    loose = change(loose)
    opened, stage = build_amount_stage(loose, path, path.top_cents)
    bounded = with_last_stage(opened, len(limits), stage)
    options = OptimiseOptions(
        kept_values=tuple(limits), n_stages=1, least_granted=False, canonical=False, prove=False
    )
    answer = optimise(bounded, options, clock=clock)
    if answer.allocation is None:
        nothing = answer.status is Status.INFEASIBLE
        words = tuple(rule.words for rule in moving)
        return MinimumEnvelope(
            None, None, answer, prove_minimum(loose, path, limits, None, prove and nothing, deadline), words
        )
    lower = int(answer.values[-1] * 100)
    answer = answer.with_proof(
        prove_minimum(loose, path, limits, lower, prove and answer.is_closed, deadline)
    )
    if not answer.is_closed:
        known = None if moving else lower
        words = tuple(rule.words for rule in moving)
        return MinimumEnvelope(path.floor_cents, known, answer, Proof.FEASIBLE_GAP, words)
    if not moving:
        there = change(set_amount(problem, path, lower))
        assert answer.allocation is not None
        assert read_within_limits(there, answer.allocation, limits) is not None, (
            "the allocation breaks a rule at the amount that was found for it"
        )
        return MinimumEnvelope(lower, lower, answer, answer.proof)
    return _climb(problem, path, lower, limits, change, clock, answer, moving)


def _solve_by_kernel(
    problem: Problem, path: EnvelopePath, value: Fraction, prove: bool, deadline: Deadline
) -> MinimumEnvelope | None:
    """Solve by the exact kernel on envelopes alone; None if another rule binds or the shape differs."""
    seen = build_kernel_view(problem, path, deadline)
    return None if seen is None else find_least_by_kernel(seen, path, value, prove=prove, deadline=deadline)


def find_least_by_kernel(
    view: KernelView,
    path: EnvelopePath,
    value: Fraction,
    *,
    fund: int | None = None,
    prove: bool = False,
    deadline: Deadline = UNLIMITED,
) -> MinimumEnvelope | None:
    """Find the least amount of a recognised problem, with an open candidate forced in if `fund` is its index."""
    target = view.compute_target_profit(value)
    try:
        result = None
        if target <= view.most:
            result = (
                view.needs.find_least(target)
                if fund is None
                else view.needs.find_least_with_item(fund, target)
            )
    except (TooManyStates, OverflowError):
        return None
    began = time.perf_counter()
    if result is None:
        proof = prove_minimum(view.problem, path, (value,), None, prove, deadline)
        answer = SolveOutcome(Status.INFEASIBLE, (), (), None, None, None, proof, False, "tree", 0.0)
        return MinimumEnvelope(None, None, answer, proof)
    cents = max(path.floor_cents, view.floor_cents + result.need)  # the path may start at the written amount
    allocation = view.build_allocation(result.taken)
    reading = read_within_limits(set_amount(view.problem, path, cents), allocation, (value,))
    if reading is None:
        return None
    proof = prove_minimum(view.problem, path, (value,), cents, prove, deadline)
    values = (*reading.values[:1], Fraction(cents, 100))
    took = time.perf_counter() - began
    status = derive_status(proof)
    known = status, values, values, reading.granted_cents, allocation, reading, proof, False, "tree", took
    answer = SolveOutcome(*known, claimed=status is Status.FEASIBLE)
    return MinimumEnvelope(cents, cents, answer, proof)


def prove_minimum(
    problem: Problem,
    path: EnvelopePath,
    limits: Sequence[Fraction],
    cents: int | None,
    prove: bool,
    deadline: Deadline,
) -> Proof | None:
    """Seek a certificate that no smaller amount is enough: with one cent less, `limits` is out of reach.

    With `cents` None, the largest amount is refuted. Feasibility is monotone in the amount here, so
    the amount need not be a column of the proof.
    """
    unproven = None if cents is None else Proof.FEASIBLE_GAP
    if cents is not None and cents <= path.floor_cents:
        return Proof.PROVED  # no smaller amount is allowed
    until = deadline.tighten(BUDGETS.question_proof_seconds)
    if not prove or until.expired:
        return unproven
    below = set_amount(problem, path, path.top_cents if cents is None else cents - 1)
    try:
        if not limits:
            return Proof.PROVED if prove_infeasible(below, limits, until) else unproven
        first = len(limits) - 1
        proofs = prove_stages(
            below, (*limits[:-1], _compute_worse_value(below, limits, until)), until, first=first
        )
        return Proof.PROVED if proofs[0] is not None else unproven
    except (PointFound, DeadlineExpired):  # the proof's rows may be wider than the rules
        return unproven


def _compute_worse_value(problem: Problem, limits: Sequence[Fraction], deadline: Deadline) -> Fraction:
    """Return the value one unit worse than the last kept one.

    A proof of a stage shows that nothing improves on a value; one unit less turns it into a proof
    of "not reached".
    """
    stage = formulate(problem, deadline=deadline).stages[len(limits) - 1]
    units = limits[-1] / stage.scale
    worse = math.ceil(units) - 1 if stage.sense is Sense.MAXIMISE else math.floor(units) + 1
    return stage.scale * worse


def _climb(
    problem: Problem,
    path: EnvelopePath,
    lower: int,
    limits: Sequence[Fraction],
    change: Change,
    clock: Clock | None,
    loose: SolveOutcome,
    moving: tuple[AmountDependentRule, ...],
) -> MinimumEnvelope:
    """Find an amount at which the real rules are feasible, starting from the lower bound.

    If every rule that depends on the amount relaxes as it grows, feasibility is monotone and
    bisection finds the least amount. Otherwise, or if a limit ends a solve, only solved amounts
    count and the result is an interval.
    """

    unsure = False
    deadline = UNLIMITED if clock is None else clock.deadline

    least_money = OptimiseOptions(kept_values=tuple(limits), n_stages=0, canonical=False, prove=False)

    def optimise_at(cents: int) -> SolveOutcome | None:
        nonlocal unsure
        try:
            real = change(compile_at_amount(problem, path, cents))
        except ScenarioError:  # at this amount a rule contradicts itself: a minimum use above the demand
            return None
        outcome = optimise(real, least_money, clock=clock)
        unsure |= outcome.allocation is None and outcome.status is not Status.INFEASIBLE
        return outcome if outcome.allocation is not None else None

    words = tuple(rule.words for rule in moving)
    fails = lower - 1
    works, answer = None, None
    for cents in _list_doubling_amounts(lower, FURTHER * path.top_cents):
        if deadline.expired:
            break
        answer = optimise_at(cents)
        if answer is not None:
            works = cents
            break
        fails = cents
    if works is None or answer is None:
        return MinimumEnvelope(lower, None, loose, loose.proof, words)
    relaxes = all(rule.relaxes for rule in moving)
    tries = TRIES if not relaxes else _count_halvings(works - fails)
    while works - fails > 1 and tries > 0 and not deadline.expired:
        half, tries = (fails + works) // 2, tries - 1
        result = optimise_at(half)
        if result is None:
            fails = half
        else:
            works, answer = half, result
    if works == lower:
        return MinimumEnvelope(lower, lower, answer, loose.proof, words)
    if relaxes and not unsure and works - fails <= 1:
        return MinimumEnvelope(works, works, answer, Proof.FEASIBLE_GAP, words)
    return MinimumEnvelope(lower, works, answer, loose.proof, words)


def _count_halvings(width: int) -> int:
    """Return the number of bisection steps for an interval of that width."""
    return max(0, width).bit_length() + 1


def _list_doubling_amounts(lower: int, top: int) -> list[int]:
    """Return the lower bound, then amounts at doubling distances from it, the largest last."""
    wide = max(1, top - lower)
    return sorted({lower, *(lower + (wide >> k) for k in range(CLIMBS, -1, -1))})
