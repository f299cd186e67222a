"""Smallest changes for one application, read from the curves of nested caps and confirmed by their kernel.

Each function returns None where the curves do not tell the change exactly: then it is solved for
(`required_changes`). The kernel of the tree of caps decides anew which list a change gives, with one column or cap
changed; the other trees do not change.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from tnt_sim.analysis.explain import required_changes
from tnt_sim.analysis.explain.document import (
    EnvelopeChange,
    EnvelopeInterval,
    GrantChange,
    ImpossibleChange,
    OpenChange,
    RaisedEnvelope,
)
from tnt_sim.analysis.explain.path_answers import PathAnswers
from tnt_sim.analysis.shared.cap_curves import PathQuestion, RaisedCaps, TreeChange
from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.analysis.shared.envelope_path import EnvelopePath
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds, PathRoom

MOST_UNEXPECTED = 5_000
"""Most applications under a tree in which an amount is looked for that the linear relaxation does not expect."""


def confirm_profit(decided: DecidedRun, paths: PathAnswers, row: int, gain: int, step: int) -> bool | None:
    """Whether a gain in value funds an application and one less by `step` does not; None if unknown."""
    profit, deadline = paths.get_profit(row), decided.clock.deadline
    if profit + gain - step < 0:
        return None
    enough, less = (
        paths.is_funded(row, TreeChange(profit=profit + more), deadline) for more in (gain, gain - step)
    )
    return None if enough is None or less is None else enough and not less


def build_grant_entry(
    decided: DecidedRun, paths: PathAnswers, row: int, *, confirm: bool
) -> GrantChange | ImpossibleChange | None:
    """Write the largest own grant with which an application would be funded."""
    problem, deadline, tree = decided.problem, decided.clock.deadline, paths.get_tree(row)
    if (
        tree.n_levels > 1
        or problem.stages[0].terms.per_cent[row]
        or paths.has_spare_cents(row)
        or required_changes.has_other_effects(decided, row)
    ):
        return None
    value = tree.decided_profit - paths.get_profit(row)
    short = tree.decided_weight - tree.root.cap
    better, cheaper, tied = questions = [
        PathQuestion(row, partial(PathRoom.find_taken, profit=least, above=above), profit=least)
        for least, above in ((value + 1, 0), (value, short - 1), (value, short))
    ]
    paths.narrow_questions(questions, deadline)
    if any(question.open for question in questions):
        return None
    unit, step = tree.task.unit, int(problem.offers.unit_cents[row])
    requested = int(problem.offers.most_cents[row])
    least_cents = required_changes.compute_least_grant_cents(problem, row)

    def to_cents(question: PathQuestion) -> int:
        cents = min(requested - step, unit * max(0, question.limits.low) // step * step)
        return cents if cents >= least_cents else 0

    cents = max(to_cents(better), to_cents(cheaper))
    if to_cents(tied) > cents:  # the rank decides
        funded = paths.is_funded(row, TreeChange(weight=to_cents(tied) // unit), deadline)
        if funded is None:
            return None
        cents = to_cents(tied) if funded else cents
    name = decided.numbers[row]
    if not cents:
        return ImpossibleChange(kind="grant", of=name, why="no_amount", proof=decided.proof)
    confirmed = None
    if confirm:
        enough, less = (
            paths.is_funded(row, TreeChange(weight=asked // unit), deadline)
            for asked in (cents, cents + step)
        )
        if not enough or less is not False:
            return None
        confirmed = True
    return GrantChange(
        of=name,
        from_cents=requested,
        to_cents=cents,
        by_cents=requested - cents,
        step_cents=step,
        proof=decided.proof if confirm else None,
        confirmed=confirmed,
    )


def build_envelope_entry(
    decided: DecidedRun, paths: PathAnswers, path: EnvelopePath, row: int
) -> RaisedEnvelope | ImpossibleChange | OpenChange | None:
    """Write the least increase of an envelope with which an application would be funded without loss."""
    raised = paths.find_raised_caps(path)
    if raised is None or raised.tree != int(paths.tree_of[paths.column[row]]) or raised.most_cents < FAR:
        return None
    return _RaisedPath(decided, paths, path, row, raised).build_entry()


class _RaisedPath:
    """Question of the least amount of one envelope that funds one application."""

    def __init__(
        self, decided: DecidedRun, paths: PathAnswers, path: EnvelopePath, row: int, raised: RaisedCaps
    ) -> None:
        self.decided, self.paths, self.path, self.row, self.raised = decided, paths, path, row, raised
        self.tree, self.deadline = paths.get_tree(row), decided.clock.deadline
        self.profit, self.weight = paths.get_profit(row), paths.get_weight(row)

    def build_entry(self) -> RaisedEnvelope | ImpossibleChange | OpenChange | None:
        """Write the entry; None if its allocation is not found again."""
        path, value = self.path, self.tree.decided_profit
        title = self.decided.problem.case.tree.titles[path.node]
        needed = self._find_needed_cents(value - self.profit, inside=True)
        if needed.low == FAR:
            return ImpossibleChange(
                kind="envelope", of=path.id, title=title, why="envelope_never", proof=self.decided.proof
            )
        if needed.high == FAR:
            return OpenChange(kind="envelope", of=path.id, title=title, why="stopped")
        others = self.paths.decide(self.row, self._raise(needed.high, forced=True), self.deadline)
        if others is None or others.profit + self.profit < value:
            return None
        to_cents = path.amount_cents + needed.high
        if not needed.exact:
            return EnvelopeInterval(
                of=path.id,
                title=title,
                from_cents=path.amount_cents,
                to_cents=to_cents,
                by_cents=needed.high,
                proof=None,
                confirmed=True,
                low_cents=needed.low,
            )
        first = self._find_first_cents(needed.high)
        return EnvelopeChange(
            of=path.id,
            title=title,
            from_cents=path.amount_cents,
            to_cents=to_cents,
            by_cents=needed.high,
            proof=self.decided.proof,
            confirmed=True,
            tie=needed.high == 0,
            first_cents=None if first is None else path.amount_cents + first,
        )

    def _raise(self, cents: int, *, forced: bool = False) -> TreeChange:
        more = self.raised.to_units(cents, self.tree.task.unit)
        return TreeChange(forced=forced, leaf=more * (self.raised.leaf >= 0), above=more * self.raised.above)

    def _find_needed_cents(self, profit: int, *, inside: bool) -> IntegerBounds:
        """Bound the least cents more at which the others bring a profit, beside the application if it is in."""
        question = self.raised.ask(self.row, profit, self.weight if inside else 0, inside=inside)
        self.paths.narrow_questions([question], self.deadline)
        return self.raised.to_cents(question.limits, self.tree.task.unit)

    def _is_expected(self, cents: int) -> bool:
        """Whether the linear relaxation takes the application at the greatest amount that is looked at, about.

        One turn adds about the weight of the application. With few columns the optimum may take what the
        relaxation does not, and a turn costs little.
        """
        root = self.tree.root
        if len(root.collect_columns()) <= MOST_UNEXPECTED:
            return True
        more = self._raise(cents + required_changes.MOST_TURNS * self.tree.task.unit * self.weight)
        children = tuple(
            replace(child, cap=child.cap + more.leaf) if child.row == self.raised.leaf else child
            for child in root.children
        )
        raised = replace(root, cap=root.cap + more.above, children=children)
        prices = self.tree.compute_prices(self.deadline, root=raised)
        place = None if prices is None else np.searchsorted(prices.columns, self.paths.column[self.row])
        return prices is None or int(prices.reduced[place]) >= 0

    def _find_first_cents(self, cents: int) -> int | None:
        """Find the least cents more, from `cents` on, whose one answer funds the application; None if unknown."""
        if not self._is_expected(cents):
            return None
        for _ in range(required_changes.MOST_TURNS):
            self.deadline.check()
            solution = self.paths.decide(self.row, self._raise(cents), self.deadline)
            if solution is None or not solution.canonical:
                return None
            if self.paths.column[self.row] in solution.columns:
                return cents
            needed = self._find_needed_cents(solution.profit - self.profit, inside=True)
            if needed.exact and needed.low <= cents and self.decided.problem.case.tree.n_nodes == 1:
                needed = self._find_needed_cents(solution.profit + 1, inside=False)
            if not needed.exact or needed.low == FAR or needed.low <= cents:
                return None
            cents = needed.low
        return None
