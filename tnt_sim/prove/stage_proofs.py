"""Seeks a proof for each stage of a decision, or of its impossibility; it is checked before it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claim_systems import Claims, claims_of
from tnt_sim.certify.system import System
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.kernel.cap_tree.best_choice import Memory
from tnt_sim.prove.branch_search import NotProved
from tnt_sim.prove.kernel_proofs import from_grounds
from tnt_sim.prove.refutation import refute
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.lexicographic import Grounds

Tell = Callable[[float], None]


def prove_stages(
    problem: Problem,
    values: Sequence[Fraction],
    deadline: Deadline,
    tell: Tell | None = None,
    first: int = 0,
    grounds: Grounds | None = None,
    claims: Claims | None = None,
    memory: Memory | None = None,
) -> list[dict[str, Any] | None]:
    """A checked proof for each stage from `first` on, None from the first of them that none was found for.

    The values of the stages before are kept; a value beyond the problem's stages is that of « least granted ».
    `grounds` are what the first of all stages was settled by, `claims` the problem's rows, where they are known;
    `memory` is of earlier checks.

    Raises
    ------
    PointFound
        When a better point exists: then the values are not the best ones.
    """
    proofs: list[dict[str, Any] | None] = [None] * (len(values) - first)
    claims = claims or problem_claims(problem, deadline)
    for place, k in enumerate(range(first, len(values))):
        if claims is None:
            break
        if tell is not None:
            tell(k / len(values))
        try:
            system, cost = claims.of_stage(k, values), claims.goals[-1].coefficient
            proofs[place] = proof_of(system, deadline, cost, grounds if k == 0 else None, memory)
        except (ValueError, OverflowError):
            proofs[place] = None
        if proofs[place] is None:
            break
    return proofs


def prove_empty(problem: Problem, deadline: Deadline) -> dict[str, Any] | None:
    """A checked proof that no allocation keeps every rule."""
    claims = problem_claims(problem, deadline)
    return None if claims is None else proof_of(claims.system, deadline)


def prove_nothing_kept(
    problem: Problem, kept: Sequence[Fraction], deadline: Deadline
) -> dict[str, Any] | None:
    """A checked proof that no allocation keeps every rule with its first stages at these values or better."""
    claims = problem_claims(problem, deadline)
    if claims is None:
        return None
    try:
        return proof_of(claims.keeping(kept), deadline, claims.goals[-1].coefficient)
    except (ValueError, OverflowError):
        return None


def problem_claims(problem: Problem, deadline: Deadline) -> Claims | None:
    """The rows of a problem; None where 64 bits do not hold them, or the time does not suffice to write them."""
    try:
        return claims_of(problem, deadline)
    except (OverflowError, DeadlineExpired):
        return None


def proof_of(
    system: System,
    deadline: Deadline,
    cost: IntArray | None = None,
    grounds: Grounds | None = None,
    memory: Memory | None = None,
) -> dict[str, Any] | None:
    """A checked proof that a system holds no point; None where none is found in time."""
    try:
        deadline.check()
        known = None if grounds is None else from_grounds(system, grounds)
        if known is not None and _holds(system, known, memory, deadline):
            return known
        proof = refute(system, deadline, cost=cost)
        check_refutation(system, proof, deadline=deadline)
    except (NotProved, CertificateError, OverflowError, DeadlineExpired):
        return None
    return proof


def _holds(system: System, proof: dict[str, Any], memory: Memory | None, deadline: Deadline) -> bool:
    try:
        check_refutation(system, proof, memory, deadline)
    except (CertificateError, OverflowError):
        return False
    return True
