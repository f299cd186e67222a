"""An envelope whose amount is asked for, with those above it that move as it does, cent for cent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import Text, UsageError, did_you_mean
from tnt_sim.programme import Tree
from tnt_sim.question import with_amounts
from tnt_sim.rules.base import exact_sum
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.study.moving import moving_rules


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """An envelope whose amount moves, and the envelopes above it that move with it.

    Attributes
    ----------
    node, nodes : the envelope; it and all above it that have an amount
    amount_cents : its written amount, 0 where it has none and is the programme
    floor_cents : what its children's amounts come to: no amount below fits
    top_cents : an amount at which it holds nothing back any more; what it leaves may go to those above, too
    written : whether the scenario gives it an amount; only the programme may have none
    """

    id: str
    node: int
    nodes: tuple[int, ...]
    amount_cents: int
    floor_cents: int
    top_cents: int
    written: bool = True

    def upwards(self) -> Line:
        """The same from its written amount on: where a rule is a share of it, less money may buy more."""
        return replace(self, floor_cents=max(self.floor_cents, self.amount_cents))


def line_of(problem: Problem, envelope: str) -> Line:
    """The envelope of that name with those above it.

    Raises
    ------
    UsageError
        When there is none, or it is not the programme and has no amount of its own.
    """
    tree = problem.case.tree
    if envelope not in tree.ids:
        hint = did_you_mean(envelope, tree.ids) or Text("", "")
        raise UsageError(
            Text(
                f"l'enveloppe « {envelope} » n'existe pas. {hint.fr}",
                f'there is no envelope "{envelope}". {hint.en}',
            ),
            code="usage.envelope",
        )
    node = tree.index(envelope)
    if tree.written_cents[node] is None and node > 0:
        raise UsageError(
            Text(
                f"l'enveloppe « {envelope} » n'a pas de montant : seules celles qui la contiennent la limitent.",
                f'envelope "{envelope}" has no amount: only those above it limit it.',
            ),
            code="usage.envelope",
        )
    amount = tree.written_cents[node] or 0
    return Line(
        id=envelope,
        node=node,
        nodes=_moving(tree, node),
        amount_cents=amount,
        floor_cents=_floor(problem, node),
        top_cents=amount + _reach(problem, 0),
        written=tree.written_cents[node] is not None,
    )


def _moving(tree: Tree, node: int) -> tuple[int, ...]:
    """The envelope and those above it that have an amount; children of an overbooked one are ceilings."""
    nodes = [node]
    for above in tree.ancestors(node)[1:]:
        if tree.overbooked[above]:
            break
        if tree.written_cents[above] is not None:
            nodes.append(above)
    return tuple(nodes)


def _floor(problem: Problem, node: int) -> int:
    tree = problem.case.tree
    if tree.overbooked[node]:
        return 0
    return sum(tree.written_cents[child] or 0 for child in tree.children(node))


def _reach(problem: Problem, node: int) -> int:
    """The most that can be granted at and under a node."""
    case = problem.case
    under = (case.node >= node) & (case.node < case.tree.end[node]) & problem.offers.in_play
    return exact_sum(problem.offers.highest_cents[under])


def at_amount(problem: Problem, line: Line, cents: int) -> Problem:
    """The problem with the envelope at an amount, and those above it moved by as much."""
    return replace(problem, case=replace(problem.case, tree=_tree_at(problem.case.tree, line, cents)))


def really_at(problem: Problem, line: Line, cents: int, deadline: Deadline = UNLIMITED) -> Problem:
    """The problem at an amount, read again in time where rules are shares of it."""
    if not moving_rules(problem, line.nodes):
        return at_amount(problem, line, cents)
    return compile_problem(with_amounts(problem.scenario, amounts_at(problem, line, cents)), deadline)


def _tree_at(tree: Tree, line: Line, cents: int) -> Tree:
    if tree.written_cents[line.node] is None:
        amounts = list(tree.amount_cents)
        amounts[line.node] = line.amount_cents
        given = tuple(amounts)
        tree = replace(tree, amount_cents=given, written_cents=given)
    return tree.moved(line.nodes, cents - line.amount_cents)


def amounts_at(problem: Problem, line: Line, cents: int) -> dict[str, int]:
    """The written amounts, by envelope, when the envelope has `cents`."""
    tree = problem.case.tree
    more = cents - line.amount_cents
    return {tree.ids[k]: (tree.written_cents[k] or 0) + more for k in line.nodes}
