"""How much more money lets a refused dossier in: without loss, and where the best list first holds it.

    no_loss   the least amount at which an allocation with the dossier in is worth v₀: one solve, monotone
    first     the least amount at which the one answer holds it: from no_loss on, in turn the value z of the one
              answer at C and the least amount with the dossier in worth z, until the one answer holds it; where
              that amount is C itself, the rank is against it, and the next amount is the least worth more than z

The second is not monotone: the dossier may leave again further on. It is not given where the loop meets a tie
among several envelopes or goes on beyond a few amounts (`sweep --entries` looks at all of them), nor where a rule
is a share of the amount. Money of the envelopes above moves
with it, cent for cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.question import Answer, ask, forced
from tnt_sim.result import Proof, status_with
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.study.base import Base, Tell
from tnt_sim.study.entry import KERNEL, LIMITS, SOLVED, UNKNOWN, NoLoss, no_losses
from tnt_sim.study.explain.decided import Decided
from tnt_sim.study.explain.weigh import with_tolerance
from tnt_sim.study.least import Least, least_amount
from tnt_sim.study.line import Line, at_amount, line_of

Entry = dict[str, Any]
MOST_TURNS = 6
"""Amounts that are looked at for `first`: most dossiers that are found so enter at the second."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What one dossier asks of one envelope."""

    decided: Decided
    line: Line
    row: int
    steps: tuple[Fraction, ...]

    @property
    def problem(self) -> Problem:
        """The problem at the written amounts."""
        return self.decided.problem

    def least(self, kept: tuple[Fraction, ...], *, inside: bool, prove: bool = False) -> Least:
        """The least amount at which the first stages are worth `kept`, with the dossier in or whoever."""
        change = (lambda problem: forced(problem, [self.row])) if inside else (lambda problem: problem)
        clock = self.decided.clock
        return least_amount(self.problem, self.line, kept=kept, change=change, prove=prove, clock=clock)

    def first(self, cents: int) -> int | None:
        """The least amount, from one on, at which the one answer holds the dossier; None where it is not found."""
        for _ in range(MOST_TURNS):
            self.decided.clock.deadline.check()
            answer = ask(at_amount(self.problem, self.line, cents), prove=False, clock=self.decided.clock)
            if answer.allocation is None or not (answer.is_closed and answer.canonical):
                return None
            if answer.allocation.funded[self.row]:
                return cents
            wanted = self.least(answer.values, inside=True).amount_cents
            if wanted is not None and wanted <= cents:
                wanted = self._more_than(answer)
            if wanted is None or wanted <= cents:
                return None
            cents = wanted
        return None

    def _more_than(self, answer: Answer) -> int | None:
        """The least amount that is worth more than an answer; only where no other envelope can shift money."""
        if self.problem.case.tree.n_nodes > 1:
            return None
        found = []
        for k, stage in enumerate(self.problem.stages):
            step = self.steps[k] if stage.sense is Sense.MAXIMISE else -self.steps[k]
            least = self.least((*answer.values[:k], answer.values[k] + step), inside=False)
            if least.amount_cents is not None:
                found.append(least.amount_cents)
        return min(found, default=None)


def by_envelopes(decided: Decided, row: int, steps: tuple[Fraction, ...]) -> Iterator[Entry]:
    """The dossier's own envelope, and the programme where that is another."""
    tree = decided.problem.case.tree
    written = [
        node
        for node in tree.ancestors(int(decided.problem.case.node[row]))
        if tree.written_cents[node] is not None
    ]
    for node in dict.fromkeys([*written[:1], *written[-1:]]):
        if node not in tree.landing and "/" not in tree.ids[node]:
            yield _entry(Raised(decided, line_of(decided.problem, tree.ids[node]).upwards(), row, steps))


def _entry(raised: Raised) -> Entry:
    tree, line = raised.problem.case.tree, raised.line
    least = raised.least(raised.decided.reading.values, inside=True, prove=True)
    head: Entry = {"kind": "envelope", "of": line.id, "title": tree.titles[line.node]}
    proof = None if least.proof is None else least.proof.value
    if least.unreachable:
        return head | {"status": "impossible", "why": "envelope_never", "proof": proof}
    if least.lower_cents is None or least.amount_cents is None:
        return head | {"status": "undefined", "why": "stopped"}
    figures = {
        "unit": "money",
        "from_cents": line.amount_cents,
        "to_cents": max(line.amount_cents, least.amount_cents),
        "by_cents": max(0, least.amount_cents - line.amount_cents),
        "proof": proof,
        "confirmed": True,  # the allocation was read again at that amount
    }
    if not least.exact:
        low = max(0, least.lower_cents - line.amount_cents)
        return head | figures | {"status": "interval", "low_cents": low}
    tie = least.amount_cents <= line.amount_cents
    loose = with_tolerance(raised.problem)
    first = None if loose or least.moving else raised.first(max(line.amount_cents, least.amount_cents))
    return head | figures | {"status": "exact", "tie": tie, "first_cents": first}


def of_everyone(decided: Decided, steps: tuple[Fraction, ...], tell: Tell, into: dict[int, Entry]) -> None:
    """For every refused candidate the least extension of the programme without loss, exact or between two limits.

    Exact for all in one pass where kernels settle it; else by the exact prices of one linear program from below,
    and the decision with the dossier on top, read again, from above. `into` holds what is found, by row, also when
    the deadline or Ctrl-C comes first.
    """
    problem = decided.problem
    if with_tolerance(problem) or problem.case.tree.written_cents[0] is None:
        return
    line = line_of(problem, problem.case.tree.ids[0])
    reading = decided.reading
    proof = Proof(decided.proof or Proof.FEASIBLE_GAP)
    answer = Answer(
        status=status_with(proof),
        values=reading.values,
        bests=reading.values,
        granted_cents=reading.granted_cents,
        allocation=decided.allocation,
        reading=reading,
        proof=proof,
        canonical=True,
        method="stored",
        seconds=0.0,
    )
    base = Base(decided.asked, problem, answer, steps, reading.values)
    found = NoLoss.today(base)
    try:
        no_losses(base, line, clock=decided.clock, tell=tell, into=found)
    finally:
        rows = np.flatnonzero(problem.offers.candidate & ~decided.allocation.funded)
        known = [row for row in rows.tolist() if found.method[row]]
        into |= {row: _limits(decided, line, found, row) for row in known}


def _limits(decided: Decided, line: Line, found: NoLoss, row: int) -> Entry:
    head: Entry = {"kind": "envelope", "of": line.id, "title": decided.problem.case.tree.titles[line.node]}
    if found.never[row]:
        return head | {"status": "impossible", "why": "envelope_never", "proof": None}
    low, high = int(found.lower[row]), int(found.upper[row])
    known = high != UNKNOWN
    return head | {
        "status": "exact" if low == high else "interval",
        "unit": "money",
        "from_cents": line.amount_cents,
        "to_cents": line.amount_cents + high if known else None,
        "by_cents": high if known else None,
        "low_cents": low,
        "tie": high == 0,
        "first_cents": None,
        "settled_by": {KERNEL: "kernel", SOLVED: "solve", LIMITS: "bounds"}[found.method[row]],
        "proof": None,
        "confirmed": None,
    }
