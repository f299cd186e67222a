"""The least amount of an envelope at which something holds: one solve, then read again at that amount.

    least { a : an allocation keeps every rule when the envelope has a, and its goals are worth at least `kept` }

The amounts of the envelopes above move with it, cent for cent (new money, not money of a neighbour). The model finds
the amount itself (`rules/opened.py`), never by halving: with rules the value need not grow with the amount. Where a
rule is a share of the amount (`moving.py`) the model asks less than the rules do: what it gives is a lower limit, and
an amount counts only once the real rules were solved at it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tnt_sim.clock import Clock
from tnt_sim.errors import ScenarioError, Text, UsageError, did_you_mean
from tnt_sim.programme import Opened, Tree
from tnt_sim.question import Answer, ask, with_amounts
from tnt_sim.result import Proof, Status
from tnt_sim.rules.base import Terms, Unit, exact_sum
from tnt_sim.rules.opened import CENT, Lowered
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.study.moving import loosened, moving_rules
from tnt_sim.verify.reading import broken_rules, read_allocation

AMOUNT = "amount"
"""The name of the stage that counts the envelope's amount."""
CLIMBS = 12
"""Amounts tried above a lower limit before an interval is told."""

Change = Callable[[Problem], Problem]
"""What a question changes in a problem: dossiers forced, a rule left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """An envelope whose amount moves, and the envelopes above it that move with it.

    Attributes
    ----------
    node, nodes : the envelope; it and all above it that have an amount
    amount_cents : its written amount, 0 where it has none and is the programme
    floor_cents : what its children's amounts and what is committed and decided under it come to: no amount below fits
    top_cents : an amount at which it holds nothing back any more
    """

    id: str
    node: int
    nodes: tuple[int, ...]
    amount_cents: int
    floor_cents: int
    top_cents: int


@dataclass(frozen=True, slots=True, eq=False)
class Least:
    """What a question on the least amount came to.

    Attributes
    ----------
    lower_cents : no smaller amount will do; None when no amount does
    amount_cents : an amount that does, its allocation read again there; None when none was found
    answer : the allocation at that amount; of the impossibility when no amount does
    proof : what supports the lower limit, or the impossibility
    moving : the rules that are a share of the amount, which make the answer an interval
    """

    lower_cents: int | None
    amount_cents: int | None
    answer: Answer
    proof: Proof | None
    moving: tuple[Text, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether the least amount is known to the cent."""
        return self.amount_cents is not None and self.amount_cents == self.lower_cents

    @property
    def unreachable(self) -> bool:
        """Whether no amount does, however large."""
        return self.lower_cents is None and self.answer.status is Status.INFEASIBLE


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
        nodes=tuple(k for k in tree.ancestors(node) if k == node or tree.written_cents[k] is not None),
        amount_cents=amount,
        floor_cents=_floor(problem, node),
        top_cents=amount + _reach(problem, node),
    )


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


def _tree_at(tree: Tree, line: Line, cents: int) -> Tree:
    if tree.written_cents[line.node] is None:
        amounts = list(tree.amount_cents)
        amounts[line.node] = line.amount_cents
        given = tuple(amounts)
        tree = replace(tree, amount_cents=given, written_cents=given)
    return tree.moved(line.nodes, cents - line.amount_cents)


def amount_stage(problem: Problem, line: Line, largest_cents: int) -> tuple[Problem, Stage]:
    """The problem with the amount open from its floor to `largest_cents`, and the stage that makes it least."""
    raised = at_amount(problem, line, largest_cents)
    opened = Opened(line.nodes, max(0, largest_cents - line.floor_cents))
    case = replace(raised.case, tree=replace(raised.case.tree, opened=opened))
    zeros = problem.granted.per_funded * 0
    counted = Terms(CENT, Unit.MONEY, zeros, zeros, constant=largest_cents)
    stage = Stage(AMOUNT, Sense.MINIMISE, counted, parts=(Lowered(case.tree, case.node),))
    return replace(raised, case=case), stage


def least_amount(
    problem: Problem,
    line: Line,
    *,
    kept: Sequence[Fraction] = (),
    change: Change = lambda problem: problem,
    clock: Clock | None = None,
    prove: bool = True,
) -> Least:
    """The least amount at which the first stages are worth at least `kept`, once `change` is made.

    Parameters
    ----------
    problem : compiled at the written amounts
    kept : a value for each of the first stages; what an allocation is worth beyond does not count
    change : made to the problem, at whatever amount it is looked at
    prove : seek an exact certificate that no smaller amount does
    """
    moving = moving_rules(problem, line.nodes)
    loose = loosened(problem, line.nodes, line.top_cents) if moving else problem
    opened, stage = amount_stage(change(loose), line, line.top_cents)
    asked = replace(opened, stages=(*opened.stages[: len(kept)], stage))
    answer = ask(asked, kept=kept, goals=1, least=False, canonical=False, prove=prove, clock=clock)
    if answer.allocation is None:
        return Least(None, None, answer, answer.proof, moving)
    lower = int(answer.values[-1] * 100)
    if not answer.optimal:
        return Least(line.floor_cents, lower if not moving else None, answer, Proof.FEASIBLE_GAP, moving)
    if not moving:
        _read_at(change(at_amount(problem, line, lower)), answer, kept)
        return Least(lower, lower, answer, answer.proof)
    return _climb(problem, line, lower, kept, change, clock, answer, moving)


def _read_at(problem: Problem, answer: Answer, kept: Sequence[Fraction]) -> None:
    """The allocation keeps every rule at the amount that was found."""
    assert answer.allocation is not None
    reading = read_allocation(problem, answer.allocation)
    broken = broken_rules(problem, answer.allocation, reading)
    assert not broken, broken
    for stage, wanted, value in zip(problem.stages, kept, reading.values, strict=False):
        assert value >= wanted if stage.sense is Sense.MAXIMISE else value <= wanted


def _climb(
    problem: Problem,
    line: Line,
    lower: int,
    kept: Sequence[Fraction],
    change: Change,
    clock: Clock | None,
    loose: Answer,
    moving: tuple[Text, ...],
) -> Least:
    """An amount at which the real rules allow it: the lower limit itself, or the nearest of a few tried above."""
    proof = loose.proof
    for cents in _ladder(lower, line.top_cents):
        try:
            real = compile_problem(with_amounts(problem.scenario, amounts_at(problem, line, cents)))
        except ScenarioError:  # at this amount a rule contradicts itself: a minimum use above the demand
            continue
        answer = ask(change(real), kept=kept, goals=0, canonical=False, prove=False, clock=clock)
        if answer.allocation is not None:
            return Least(lower, cents, answer, proof, moving)
    return Least(lower, None, loose, proof, moving)


def _ladder(lower: int, top: int) -> list[int]:
    """The lower limit, then amounts that double their distance from it, the largest last."""
    wide = max(1, top - lower)
    steps = [lower + (wide >> k) for k in range(CLIMBS, -1, -1)]
    return sorted({lower, *steps})


def amounts_at(problem: Problem, line: Line, cents: int) -> dict[str, int]:
    """The written amounts, by envelope, when the envelope has `cents`."""
    tree = problem.case.tree
    more = cents - line.amount_cents
    return {tree.ids[k]: (tree.written_cents[k] or 0) + more for k in line.nodes}
