"""Path from an envelope to the root whose amounts move together, and rules that depend on those amounts.

To vary the amount of an envelope, every envelope above it that has an amount moves by the same
cents.

Some rules are functions of the amount: `min_use`, `reserve`, `overprogram`, transfers, bounds
`{share: …, of_amount: …}`, and queues that serve whoever fits (`first_come` with `skip: true`).
With some of them, more money can be worth less. A model in which the amount is a variable therefore
uses a relaxation: minimums, reserves and queues are dropped, maximums are taken at the largest
amount, transfers are unlimited. Its optimum is a lower bound on the amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.domain.budget_tree import EnvelopeOptions, Tree, Unassigned
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Text, _
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.linear_terms import sum_exactly
from tnt_sim.rules.protocols import CompiledRule, Mode
from tnt_sim.scenario.load import with_amounts
from tnt_sim.scenario.problem import Problem, compile_problem

_OPTIONS = {"min_use": False, "reserve": True, "overprogram": True}
"""By option: whether a feasible allocation stays feasible at larger amounts."""


@dataclass(frozen=True, slots=True)
class AmountDependentRule:
    """Rule that depends on the amount, in words.

    `relaxes` is true if an allocation that is feasible at an amount stays feasible at larger ones.
    """

    words: Text
    relaxes: bool


def list_amount_dependent_rules(problem: Problem, nodes: Sequence[int]) -> tuple[AmountDependentRule, ...]:
    """List the rules that depend on the amount of one of these envelopes."""
    tree = problem.case.tree
    names = {tree.ids[node] for node in nodes}
    result = []
    for spec, __ in problem.scenario.spec.programme.walk_in_force(problem.scenario.spec.date):
        if spec.id not in names:
            continue
        keys = {key: relaxes for key, relaxes in _OPTIONS.items() if getattr(spec, key)}
        moves = spec.transfers
        keys |= (
            {"transfers": True} if moves is not None and (moves.out_max or moves.in_max) is not None else {}
        )
        keys |= {"unassigned: pro_rata": False} if spec.unassigned == "pro_rata" else {}
        keys |= {"split": False} if _is_amount_split(spec.split) else {}
        for key, relaxes in keys.items():
            words = _('`{key}` of envelope "{id}"', key=key, id=spec.id)
            result.append(AmountDependentRule(words, relaxes))
    for rule in _of_amount(problem, names):
        words = _('the rule "{id}"', id=rule.id)
        result.append(AmountDependentRule(words, "min" not in rule.list_amount_shares()))
    for queue in _list_queues(problem, nodes):
        words = _('the queue of the rule "{id}"', id=queue.id)
        result.append(AmountDependentRule(words, False))
    return tuple(result)


def _list_queues(problem: Problem, nodes: Sequence[int]) -> list[CompiledRule]:
    """Return the queues of the lowest of these envelopes; those above keep serving their own applications."""
    name = problem.case.tree.ids[nodes[0]]
    return [rule for rule in problem.rules if name in rule.queue_names]


def _is_amount_split(split: Any) -> bool:
    """Whether the parts of a split are shares of the whole rather than amounts of their own."""
    return split is not None and split.each is None


def _of_amount(problem: Problem, names: set[str]) -> list[RuleSpec]:
    """Return the rules in force that bound a measure by a share of the amount of one of these envelopes."""
    spec = problem.scenario.spec
    return [
        rule
        for rule in spec.rules
        if isinstance(rule, RuleSpec)
        and rule.is_in_force(spec.date)
        and any(bound.of_amount in names for bound in rule.list_amount_shares().values())
    ]


def relax_amounts(problem: Problem, nodes: Sequence[int], top_cents: int) -> Problem:
    """Return a relaxation valid at every amount of the envelope up to `top_cents`."""
    tree = problem.case.tree
    names = {tree.ids[node] for node in nodes}
    reported_ids = {rule.id for rule in _of_amount(problem, names)} | {
        rule.id for rule in _list_queues(problem, nodes)
    }
    rules = tuple(
        replace(rule, mode=Mode.REPORT, penalty=None) if rule.id in reported_ids else rule  # type: ignore[type-var]
        for rule in problem.rules
    )
    limits = tuple(
        limit for limit in problem.limits if limit.envelope not in names or limit.option != "min_use"
    )
    case = replace(problem.case, tree=_relax_tree(tree, nodes, top_cents))
    return replace(problem, rules=rules, limits=limits, case=case)


def _relax_tree(tree: Tree, nodes: Sequence[int], top_cents: int) -> Tree:
    amounts, written = list(tree.amount_cents), list(tree.written_cents)
    options, policy = list(tree.options), list(tree.unassigned)
    for node in nodes:
        amount = tree.written_cents[node] or 0
        old = tree.options[node]
        most = top_cents + max(0, amount - (tree.written_cents[nodes[0]] or 0))
        new = replace(
            old,
            reserved_cents=0,
            min_use_cents=0,
            overprogram_cents=_scale_overprogram(old.overprogram_cents, amount, most)
            if old.overprogram_cents
            else 0,
            out_cents=None,
            in_cents=None,
        )
        options[node] = new
        if amounts[node] is not None:
            amounts[node] = amount + new.overprogram_cents + _get_given_cents(old)
        if policy[node] is Unassigned.PRO_RATA:
            policy[node] = Unassigned.FREE
            for child in tree.list_children(node):
                if amounts[child] is not None:
                    amounts[child] = (amounts[child] or 0) - tree.options[child].given_cents
                    options[child] = replace(options[child], given_cents=0)
        if node in tree.landing:
            for part in tree.landing[node][1].values():
                amounts[part] = written[part] = None
    return replace(
        tree,
        amount_cents=tuple(amounts),
        written_cents=tuple(written),
        options=tuple(options),
        unassigned=tuple(policy),
    )


def _get_given_cents(option: EnvelopeOptions) -> int:
    return option.given_cents


def _scale_overprogram(cents: int, amount: int, most: int) -> int:
    """Scale an overprogrammed amount from `amount` to `most`, rounded up."""
    return -(-(cents + 1) * most // amount) if amount > 0 else most


@dataclass(frozen=True, slots=True, eq=False)
class EnvelopePath:
    """Envelope whose amount moves, with the envelopes above that move with it.

    Attributes
    ----------
    node, nodes : node of the envelope; itself and all above it that have an amount
    amount_cents : written amount; 0 if it is the programme without an amount
    floor_cents : sum of the children's amounts; no smaller amount is valid
    top_cents : amount at which it no longer restricts anything
    written : whether the scenario states an amount; only the programme may have none
    """

    id: str
    node: int
    nodes: tuple[int, ...]
    amount_cents: int
    floor_cents: int
    top_cents: int
    written: bool = True

    def restrict_upwards(self) -> EnvelopePath:
        """Restrict the path to amounts at or above the written one."""
        return replace(self, floor_cents=max(self.floor_cents, self.amount_cents))


def build_envelope_path(problem: Problem, envelope: str) -> EnvelopePath:
    """Return the path of an envelope."""
    tree = problem.case.tree
    if envelope not in tree.ids:
        hint = suggest_name(envelope, tree.ids) or NO_TEXT
        raise UsageError(
            _('there is no envelope "{envelope}". {hint}', envelope=envelope, hint=hint),
            code="usage.envelope",
        )
    node = tree.get_node(envelope)
    if tree.written_cents[node] is None and node > 0:
        raise UsageError(
            _('envelope "{envelope}" has no amount: only those above it limit it.', envelope=envelope),
            code="usage.envelope",
        )
    amount = tree.written_cents[node] or 0
    return EnvelopePath(
        id=envelope,
        node=node,
        nodes=_find_moving_nodes(tree, node),
        amount_cents=amount,
        floor_cents=_compute_floor(problem, node),
        top_cents=amount + _reach(problem, 0),
        written=tree.written_cents[node] is not None,
    )


def _find_moving_nodes(tree: Tree, node: int) -> tuple[int, ...]:
    """Return the envelope and those above it with an amount, up to the first overbooked one."""
    nodes = [node]
    for above in tree.list_ancestors(node)[1:]:
        if tree.overbooked[above]:
            break
        if tree.written_cents[above] is not None:
            nodes.append(above)
    return tuple(nodes)


def _compute_floor(problem: Problem, node: int) -> int:
    tree = problem.case.tree
    if tree.overbooked[node]:
        return 0
    return sum(tree.written_cents[child] or 0 for child in tree.list_children(node))


def _reach(problem: Problem, node: int) -> int:
    """Return the most that can be granted at and below a node, in cents."""
    case = problem.case
    under = (case.node >= node) & (case.node < case.tree.end[node]) & problem.offers.in_play
    return sum_exactly(problem.offers.highest_cents[under])


def set_amount(problem: Problem, path: EnvelopePath, cents: int) -> Problem:
    """Return the problem with the envelope at an amount and those above it moved by the same cents."""
    return replace(problem, case=replace(problem.case, tree=_move_tree(problem.case.tree, path, cents)))


def compile_at_amount(
    problem: Problem, path: EnvelopePath, cents: int, deadline: Deadline = UNLIMITED
) -> Problem:
    """Return the problem at an amount, recompiled if rules depend on it."""
    if not list_amount_dependent_rules(problem, path.nodes):
        return set_amount(problem, path, cents)
    return compile_problem(
        with_amounts(problem.scenario, compute_path_amounts(problem, path, cents)), deadline
    )


def _move_tree(tree: Tree, path: EnvelopePath, cents: int) -> Tree:
    if tree.written_cents[path.node] is None:
        amounts = list(tree.amount_cents)
        amounts[path.node] = path.amount_cents
        given = tuple(amounts)
        tree = replace(tree, amount_cents=given, written_cents=given)
    return tree.shift_amounts(path.nodes, cents - path.amount_cents)


def compute_path_amounts(problem: Problem, path: EnvelopePath, cents: int) -> dict[str, int]:
    """Return the amounts of the path by envelope id when the envelope has `cents`."""
    tree = problem.case.tree
    more = cents - path.amount_cents
    return {tree.ids[k]: (tree.written_cents[k] or 0) + more for k in path.nodes}
