"""Cache of the rows and kernel results of recent problems.

If the next problem has the same offers and rules, and a tree that differs by amounts alone, only the
right-hand sides of envelope rows and the objective rows are rebuilt, by the solver's formulation and by the
prover's separately. If it differs only in the dossiers that must be funded, the formulation gets other bounds
of their columns. Any other change rebuilds everything. Results of the cap-tree kernels are stored by their
input (`kernel/cap_tree/memo.py`), separately for the solver and the checker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import is_

from tnt_sim.certify.claim_systems import Agreement, Claims, update_claims
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.formulate import Formulation, formulate, update_forced, update_formulation
from tnt_sim.kernel.cap_tree.best_choice import Memory
from tnt_sim.prove.stage_proofs import build_problem_claims
from tnt_sim.rules.envelopes.tree_reading import can_gain
from tnt_sim.rules.envelopes.tree_rows import EnvelopeRows
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.verification import NO_ROWS, ProofRows

CACHE_SIZE = 2
"""Problems whose rows are kept: the base problem and the last one that was built."""


@dataclass
class ModelCache:
    """Models and proof systems of recent problems, and kernel results for them.

    Attributes
    ----------
    solved, checked : kernel results, for the solver and for the checker
    """

    solved: Memory = field(default_factory=Memory, init=False)
    checked: Memory = field(default_factory=Memory, init=False)
    _forms: list[tuple[Problem, Formulation]] = field(default_factory=list, init=False)
    _claims: list[tuple[Problem, Claims]] = field(default_factory=list, init=False)

    def build_formulation(self, problem: Problem, deadline: Deadline = UNLIMITED) -> Formulation:
        """Return the integer model of a problem; same as `formulate`, reused if possible."""

        def update_stored(form: Formulation, before: Problem) -> Formulation | None:
            return update_formulation(form, before, problem, deadline)

        formulation = _take_stored(self._forms, problem, update_stored)
        if formulation is None:
            alike = (form for before, form in self._forms if _is_same_but_forced(before, problem))
            model = next(alike, None)
            formulation = (
                formulate(problem, deadline=deadline) if model is None else update_forced(model, problem)
            )
        _keep(self._forms, problem, formulation)
        return formulation

    def build_claims(self, problem: Problem, deadline: Deadline = UNLIMITED) -> Claims | None:
        """Return the problem's rows for the prover, reused if possible, or None if it has none."""
        claims = _take_stored(
            self._claims, problem, lambda stored, _: update_claims(stored, problem)
        ) or build_problem_claims(problem, deadline)
        if claims is not None:
            _keep(self._claims, problem, claims)
        return claims

    def compare_proof_rows(self, problem: Problem, deadline: Deadline = UNLIMITED) -> Agreement | None:
        """Compare the prover's rows with the second reading of each rule; None if there are none."""
        claims = self.build_claims(problem)
        return None if claims is None else compare_readings(problem, claims, deadline)

    def count_proof_rows(self, problem: Problem, proofs: Sequence[object]) -> ProofRows:
        """Count the rows behind proofs: those confirmed by their second reading, and those without one."""
        rows = self.compare_proof_rows(problem) if any(proofs) else None
        return NO_ROWS if rows is None else ProofRows(rows.n_read, rows.n_unread)


def _take_stored[T](
    model_cache: list[tuple[Problem, T]], problem: Problem, rewritten: Callable[[T, Problem], T | None]
) -> T | None:
    """Take a stored model with the same rows out of the cache, rebuilt for this problem if needed.

    `rewritten` takes the model and the problem that it was built for.
    """
    for place, (before, draft) in enumerate(model_cache):
        same = _is_same_problem(before, problem)
        if same or has_same_rows(before, problem):
            del model_cache[place]
            return draft if same else rewritten(draft, before)
    return None


def _is_same_problem(before: Problem, after: Problem) -> bool:
    """Whether two problems consist of the same objects, so that their models are equal."""
    parts = (part.name for part in fields(Problem) if part.name != "stages")
    same = all(getattr(before, name) is getattr(after, name) for name in parts)
    return same and len(before.stages) == len(after.stages) and all(map(is_, before.stages, after.stages))


def _is_same_but_forced(before: Problem, after: Problem) -> bool:
    """Whether two problems consist of the same objects, apart from the dossiers that must be funded."""
    old, new = before.offers, after.offers
    same = all(
        getattr(old, part.name) is getattr(new, part.name) for part in fields(Offers) if part.name != "forced"
    )
    return same and _is_same_problem(before, replace(after, offers=old))


def _keep[T](model_cache: list[tuple[Problem, T]], problem: Problem, draft: T) -> None:
    """Store a model first, and drop the oldest beyond `CACHE_SIZE`."""
    model_cache.insert(0, (problem, draft))
    del model_cache[CACHE_SIZE:]


def has_same_rows(before: Problem, after: Problem) -> bool:
    """Whether two problems have the same rows, apart from objectives and envelope amounts."""
    same = all(
        getattr(before, name) is getattr(after, name)
        for name in ("offers", "caps", "limits", "rules", "table_rules", "granted")
    )
    return (
        same
        and before.case.node is after.case.node
        and before.case.tree.ids == after.case.tree.ids
        and all(rule.mode is not Mode.PENALTY for rule in after.rules)
        and _is_plain(before)
        and _is_plain(after)
        and _list_fenced_nodes(before) == _list_fenced_nodes(after)
    )


def _list_fenced_nodes(problem: Problem) -> dict[int, list[int]]:
    return EnvelopeRows(problem.case, problem.offers).find_overdrawable_nodes()


def _is_plain(problem: Problem) -> bool:
    """Whether neither the tree nor an objective adds columns."""
    tree = problem.case.tree
    return (
        tree.opened is None
        and not any(option.transfer_to for option in tree.options)
        and not any(can_gain(tree, node) for node in range(tree.n_nodes))
        and not any(stage.goal_parts or stage.terms.once for stage in problem.stages)
    )
