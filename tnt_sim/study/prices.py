"""What it costs to keep each thing that a planner could let go, in value and in euros.

    value   v(without it) − v: how much better the first goal that changes could be
    euros   least { a : with it kept, the goals reach v(without it) } − a₀: the money that would make up for it

of a rule; of a ring fence; of keeping apart the amounts under an envelope (non-fungibility); of a dossier funded
by decision; of one refused by decision (its replacement cost). What makes up for it is new money (`line.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.errors import ScenarioError
from tnt_sim.question import Answer, ask, with_changes
from tnt_sim.result import Proof
from tnt_sim.rules.base import Mode
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.study.base import Base, Moves, Tell, moves, tell_of
from tnt_sim.study.least import Least, least_amount
from tnt_sim.study.line import Line
from tnt_sim.study.soft import told_only

RULE, FENCE, APART, FORCED, REFUSED = "rule", "ring_fence", "non_fungible", "forced", "refused"
KINDS = (RULE, FENCE, APART, FORCED, REFUSED)


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """What one thing costs.

    Attributes
    ----------
    kind, id : what is kept: a rule, an envelope's fence, the amounts under an envelope, a decided dossier
    stage, change : the first goal that would be better without it, and by how much it would be higher (a goal that
        is minimised: negative); None and 0 where none would
    values : every goal's value without it
    euros_cents, euros_from_cents : the money that would make up for it, and what no smaller sum does; None where
        no amount does
    moved : who would enter and leave without it
    proof : of the value without it
    """

    kind: str
    id: str
    stage: str | None
    change: Fraction
    values: tuple[Fraction, ...]
    euros_cents: int | None
    euros_from_cents: int | None
    moved: Moves
    proof: Proof | None

    @property
    def free(self) -> bool:
        """Whether it costs nothing."""
        return self.stage is None

    @property
    def value(self) -> Fraction:
        """How much better the goal would be."""
        return abs(self.change)


def prices_of(
    base: Base,
    line: Line,
    *,
    kinds: tuple[str, ...] = KINDS,
    clock: Clock | None = None,
    prove: bool = True,
    tell: Tell | None = None,
    into: list[Price] | None = None,
    unsettled: list[str] | None = None,
) -> tuple[Price, ...]:
    """The price of all that is kept, one solve each, and one more for the euros where it is not free.

    `into` is filled as answers come, so that Ctrl-C loses none; `unsettled` with what had no answer.
    """
    asked = [(kind, name, make) for kind, name, make in _kept(base.problem) if kind in kinds]
    found = [] if into is None else into
    for k, (kind, name, make) in enumerate(asked):
        tell_of(tell, name, k / len(asked))
        try:
            without = make()
        except ScenarioError:  # without it the scenario contradicts itself
            answer = None
        else:
            answer = ask(without, clock=clock, prove=prove)
        if answer is not None and _says_something(base, answer):
            found.append(_priced(base, line, kind, name, answer, clock))
        elif unsettled is not None:
            unsettled.append(name)
    return tuple(found)


def _says_something(base: Base, answer: Answer) -> bool:
    """Whether an answer is the best, or at least better than with all kept: a limit may leave it short of that."""
    return answer.allocation is not None and (answer.optimal or _first_better(base, answer) is not None)


def _priced(base: Base, line: Line, kind: str, name: str, answer: Answer, clock: Clock | None) -> Price:
    changed = _first_better(base, answer)
    assert answer.allocation is not None
    moved = moves(base.problem, base.allocation, answer.allocation)
    if changed is None:
        return Price(kind, name, None, Fraction(0), answer.values, 0, 0, moved, answer.proof)
    least = _money_for(base, line, answer, changed, clock)
    worth = answer.bests[changed] - base.answer.bests[changed]
    upper = None if least.amount_cents is None else max(0, least.amount_cents - line.amount_cents)
    # where a limit came first, nothing is known of the money: 0 at least
    known = line.amount_cents if least.lower_cents is None else least.lower_cents
    lower = None if least.unreachable else max(0, known - line.amount_cents)
    goal = base.problem.stages[changed].goal
    return Price(kind, name, goal, worth, answer.values, upper, lower, moved, answer.proof)


def _first_better(base: Base, answer: Answer) -> int | None:
    """The first goal whose value differs; None where all are equal. Letting go never makes the first one worse."""
    pairs = zip(base.answer.bests, answer.bests, base.problem.stages, strict=True)
    for k, (now, then, stage) in enumerate(pairs):
        if now != then:
            better = then > now if stage.sense is Sense.MAXIMISE else then < now
            return k if better else None
    return None


def _money_for(base: Base, line: Line, answer: Answer, stage: int, clock: Clock | None) -> Least:
    kept = (*base.limits[:stage], answer.bests[stage])
    return least_amount(base.problem, line.upwards(), kept=kept, clock=clock, prove=False)


def _kept(problem: Problem) -> Iterator[tuple[str, str, Callable[[], Problem]]]:
    """All that could be let go, and the problem without it."""
    for rule in problem.rules:
        if rule.mode is Mode.HARD:
            yield RULE, rule.id, lambda name=rule.id: told_only(problem, name)  # type: ignore[misc]
    tree = problem.case.tree
    for node, name in enumerate(tree.ids):
        if tree.ring_fenced[node]:
            yield FENCE, name, lambda node=node: _unfenced(problem, node)  # type: ignore[misc]
    for node, name in enumerate(tree.ids):
        if sum(tree.written_cents[child] is not None for child in tree.children(node)) > 1:
            yield APART, name, lambda node=node: _pooled(problem, node)  # type: ignore[misc]
    names = problem.case.table["dossier"]
    for row in np.flatnonzero(problem.offers.forced & problem.offers.candidate).tolist():
        yield FORCED, names[row], lambda row=row: _unforced(problem, row)  # type: ignore[misc]
    for row in np.flatnonzero(problem.offers.refused).tolist():
        yield REFUSED, names[row], lambda name=names[row]: _allowed(problem, name)  # type: ignore[misc]


def _unfenced(problem: Problem, node: int) -> Problem:
    tree = problem.case.tree
    fences = tuple(fence and k != node for k, fence in enumerate(tree.ring_fenced))
    return replace(problem, case=replace(problem.case, tree=replace(tree, ring_fenced=fences)))


def _pooled(problem: Problem, node: int) -> Problem:
    """The amounts of the children no longer cap them; what else they ask stays."""
    tree = problem.case.tree
    inside = set(tree.children(node))
    amounts = tuple(None if k in inside else a for k, a in enumerate(tree.amount_cents))
    written = tuple(None if k in inside else a for k, a in enumerate(tree.written_cents))
    pooled = replace(tree, amount_cents=amounts, written_cents=written)
    return replace(problem, case=replace(problem.case, tree=pooled))


def _unforced(problem: Problem, row: int) -> Problem:
    forced = problem.offers.forced.copy()
    forced[row] = False
    choice = problem.decided.choice.copy()
    choice[row] = 0
    decided = replace(problem.decided, choice=choice)
    return replace(problem, offers=replace(problem.offers, forced=forced), decided=decided)


def _allowed(problem: Problem, dossier: str) -> Problem:
    """The scenario without the refusal of one dossier."""
    changes: dict[str, object] = {}
    for rule in problem.scenario.spec.rules:
        if isinstance(rule, DecideSpec) and dossier in rule.refuse:
            rest = [name for name in rule.refuse if name != dossier]
            empty = not rest and not rule.fund and not rule.amounts
            changes |= {f"rules.{rule.id}.off": True} if empty else {f"rules.{rule.id}.refuse": rest}
    return compile_problem(with_changes(problem.scenario, changes))
