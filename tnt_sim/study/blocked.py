"""What is in the way of a target that no amount reaches: rules and amounts that would have to give way together.

From « everything lifted » each is put back in turn and stays if the target can still be reached. What stays lifted
is a smallest set in this sense: with all of it lifted some amount reaches the target, with one less none does, or
none was found within the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from tnt_sim.clock import Clock
from tnt_sim.deadline import UNLIMITED
from tnt_sim.errors import Text
from tnt_sim.question import ask
from tnt_sim.rules.base import Mode
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.line import Line, at_amount
from tnt_sim.study.soft import told_only, without_prices

MAX_LIFTED = 60
Lift = Callable[[Problem], Problem]


def blockers(problem: Problem, line: Line, target_id: str, clock: Clock | None = None) -> tuple[Text, ...]:
    """The rules and amounts that have to give way together; () where even that is not enough, or none is found.

    () also where the time is over before every one was put back.
    """
    deadline = UNLIMITED if clock is None else clock.deadline
    top = replace(without_prices(at_amount(problem, line, line.top_cents)), stages=())
    lifts = list(_lifts(top, line, target_id))
    if len(lifts) > MAX_LIFTED or not _reaches(top, [lift for _, lift in lifts], clock):
        return ()
    lifted = lifts
    for one in lifts:
        if deadline.expired:
            return ()
        rest = [other for other in lifted if other is not one]
        if _reaches(top, [lift for _, lift in rest], clock):
            lifted = rest
    return tuple(name for name, _ in lifted)


def _reaches(problem: Problem, lifts: list[Lift], clock: Clock | None) -> bool:
    for lift in lifts:
        problem = lift(problem)
    return ask(problem, canonical=False, prove=False, clock=clock).allocation is not None


def _lifts(problem: Problem, line: Line, target_id: str) -> Iterator[tuple[Text, Lift]]:
    tree = problem.case.tree
    for node, name in enumerate(tree.ids):
        if tree.written_cents[node] is not None and node not in line.nodes:
            text = Text(f"le montant de l'enveloppe « {name} »", f'the amount of envelope "{name}"')
            yield text, partial(_wider, line=line, node=node)
    for limit in problem.limits:
        text = Text(
            f"`{limit.option}` de l'enveloppe « {limit.envelope} »",
            f'`{limit.option}` of envelope "{limit.envelope}"',
        )
        yield text, partial(_without_limit, envelope=limit.envelope, option=limit.option)
    for rule in problem.table_rules:
        text = Text(f"la colonne `{rule.id}`", f"the column `{rule.id}`")
        yield text, partial(_without_column, rule_id=rule.id)
    for one in problem.rules:
        if one.mode is Mode.HARD and one.id != target_id:
            text = Text(f"la règle « {one.id} »", f'the rule "{one.id}"')
            yield text, partial(told_only, rule_id=one.id)


def _wider(problem: Problem, line: Line, node: int) -> Problem:
    tree = problem.case.tree
    above = [k for k in tree.ancestors(node) if tree.written_cents[k] is not None]
    return replace(problem, case=replace(problem.case, tree=tree.moved(above, line.top_cents)))


def _without_limit(problem: Problem, envelope: str, option: str) -> Problem:
    kept = tuple(one for one in problem.limits if (one.envelope, one.option) != (envelope, option))
    return replace(problem, limits=kept)


def _without_column(problem: Problem, rule_id: str) -> Problem:
    return replace(problem, table_rules=tuple(one for one in problem.table_rules if one.id != rule_id))
