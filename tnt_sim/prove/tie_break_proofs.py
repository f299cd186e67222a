"""Find proofs of the tie-break: no equally good allocation grants less, and none ranks before the list.

The second proof fixes what it can for the whole system by reduced cost, then refutes each subproblem in which
a point ranks before the list (`certify/proof_checker.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claim_systems import Claims, least_value
from tnt_sim.certify.derived_rows import sharpen
from tnt_sim.certify.proof_checker import CandidateList, parts_before
from tnt_sim.certify.system import STAGE, Box, MultiplierError, System, compact, narrowed, weigh
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.prove.branch_search import NotProved, PointFound
from tnt_sim.prove.proof_lp import LpStatus, ProofLp, whole_multipliers
from tnt_sim.prove.refutation import refute
from tnt_sim.prove.stage_proofs import problem_claims, proof_of
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.lexicographic import ProofHints


def first_of(system: System, listed: CandidateList, deadline: Deadline) -> dict[str, Any]:
    """Return a proof that no point of the system ranks before the list; each of its refutations is checked.

    Raises
    ------
    NotProved
        At a limit, or where 64 bits do not suffice.
    PointFound
        When a point ranks before the list.
    CertificateError
        When the checker refuses a refutation, which is an error of the search.
    DeadlineExpired
        When time is up.
    """
    system = sharpen(system)
    try:
        box = system.box()
        steps = [
            step for step in _prices(system, box, deadline) if narrowed(system, box, weigh(system, *step))
        ]
        proofs: list[dict[str, Any] | None] = []
        for part in parts_before(system, box, listed):
            left = compact(system, part)
            proofs.append(None if left is None else _refuted(left, deadline))
    except MultiplierError as error:
        raise NotProved(str(error)) from error
    return {"narrow": [np.stack(y, axis=1).ravel().tolist() for y in steps], "parts": proofs}


def _prices(system: System, box: Box, deadline: Deadline) -> list[tuple[IntArray, IntArray]]:
    """Return multipliers with each stage's row as the goal: each excludes other choices."""
    result = []
    for goal in [k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]:
        answer = ProofLp(system, goal).solve(box, deadline)
        if answer.answer is LpStatus.BOUNDED:
            result.append(whole_multipliers(system, answer.prices))
    return result


def _refuted(system: System, deadline: Deadline) -> dict[str, Any]:
    """Return a checked refutation of one subproblem."""
    if deadline.expired:
        raise NotProved("no time is left")
    proof = refute(system, deadline)
    check_refutation(system, proof, deadline=deadline)
    return proof


SHARE = 0.5
"""Share of the time that the proof of « least granted » may take."""


@dataclass(frozen=True, slots=True)
class TieProofs:
    """The proofs of « least granted » and of the list (`listing`); None where none was found."""

    least_granted: Mapping[str, Any] | None = None
    listing: Mapping[str, Any] | None = None


MAX_TIE_ENTRIES = 100_000
"""With more entries, the search took longer than the whole decision and found no proof."""


def prove_ties(
    problem: Problem,
    values: Sequence[Fraction],
    funded: BoolArray,
    granted_cents: IntArray,
    deadline: Deadline,
    grounds: ProofHints | None = None,
) -> TieProofs:
    """Find both proofs; the second is sought only after the first is found.

    Parameters
    ----------
    values : optimal values of the objective's stages
    funded : bool (n,)
    granted_cents : int64 (n,)
    grounds : hint by which the first stage was solved
    """
    claims = problem_claims(problem, deadline)
    if claims is None or len(claims.system.rows.row) > MAX_TIE_ENTRIES:
        return TieProofs()
    all_items = (*values, least_value(problem, granted_cents))
    try:
        system, cost = claims.of_stage(len(values), all_items), claims.goals[-1].coefficient
        known = grounds if grounds is not None and grounds.trees else None
        least = proof_of(system, deadline.share(SHARE), cost, known)
        if least is None:
            return TieProofs()
        return TieProofs(least, _listing(problem, claims, all_items, funded, granted_cents, deadline))
    except (PointFound, ValueError, OverflowError):
        return TieProofs()


def _listing(
    problem: Problem,
    claims: Claims,
    limits: Sequence[Fraction],
    funded: BoolArray,
    granted_cents: IntArray,
    deadline: Deadline,
) -> dict[str, Any] | None:
    """Return a proof of the list, or None."""
    try:
        listed = CandidateList.of(claims, problem.offers.unit_cents, funded, granted_cents)
        return first_of(claims.keeping(limits), listed, deadline)
    except (NotProved, PointFound, CertificateError, OverflowError, DeadlineExpired):
        return None
