"""The rows of one problem after the other, as the solver's model and as the prover's system: what stays is kept.

Rows say offers, rules and the tree. Where the next problem holds the very same offers and rules, in a tree that
differs by amounts alone, only the bounds of the envelopes' rows and the goals can be others: these are written
anew, each side by its own writer. In all other cases everything is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tnt_sim.certify.claims import Claims, claims_again
from tnt_sim.formulation.formulate import Formulation, formulate, formulated_again
from tnt_sim.prove.stages import problem_claims
from tnt_sim.rules.base import Mode
from tnt_sim.rules.envelope import may_gain
from tnt_sim.scenario.compile import Problem


@dataclass
class Drafts:
    """The model and the system of the last problem that each was asked for."""

    _form: tuple[Problem, Formulation] | None = field(default=None, init=False)
    _claims: tuple[Problem, Claims] | None = field(default=None, init=False)

    def form(self, problem: Problem) -> Formulation:
        """The problem as an integer model, as `formulate` writes it."""
        found = None
        if self._form is not None and same_rows(self._form[0], problem):
            found = formulated_again(self._form[1], problem)
        found = found or formulate(problem)
        self._form = problem, found
        return found

    def claims(self, problem: Problem) -> Claims | None:
        """The problem as a system of rows, as `claims_of` writes it; None where 64 bits do not hold it."""
        found = None
        if self._claims is not None and same_rows(self._claims[0], problem):
            found = claims_again(self._claims[1], problem)
        found = found or problem_claims(problem)
        self._claims = None if found is None else (problem, found)
        return found


def same_rows(before: Problem, after: Problem) -> bool:
    """Whether two problems write the same rows, but for goals and the amounts of envelopes."""
    same = all(
        getattr(before, name) is getattr(after, name)
        for name in ("offers", "caps", "limits", "rules", "table_rules", "granted")
    )
    return (
        same
        and before.case.node is after.case.node
        and before.case.tree.ids == after.case.tree.ids
        and all(rule.mode is not Mode.PENALTY for rule in after.rules)
        and _plain(before)
        and _plain(after)
    )


def _plain(problem: Problem) -> bool:
    """Whether neither the tree nor a goal brings further columns."""
    tree = problem.case.tree
    return (
        tree.opened is None
        and not any(option.transfer_to for option in tree.options)
        and not any(may_gain(tree, node) for node in range(tree.n_nodes))
        and not any(stage.parts or stage.terms.once for stage in problem.stages)
    )
