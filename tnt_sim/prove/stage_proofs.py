"""Find a checked proof for each objective stage of a decision, or of its infeasibility.

A hint of the solve is tried first (`kernel_proofs.py`), then a search from scratch (`refutation.py`). Every
proof is replayed by the checker before it is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claim_systems import Claims, build_claims
from tnt_sim.certify.rule_rows import has_every_reading
from tnt_sim.certify.system import System
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.kernel.cap_tree.best_choice import Memory
from tnt_sim.prove.branch_search import NotProved
from tnt_sim.prove.kernel_proofs import prove_from_hints
from tnt_sim.prove.refutation import refute
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.lexicographic import ProofHints

ProgressCallback = Callable[[float], None]
"""Callback for progress, from 0 to 1."""


def prove_stages(
    problem: Problem,
    values: Sequence[Fraction],
    deadline: Deadline,
    report_progress: ProgressCallback | None = None,
    first: int = 0,
    proof_hints: ProofHints | None = None,
    claims: Claims | None = None,
    memory: Memory | None = None,
) -> list[dict[str, Any] | None]:
    """Return a checked proof for each stage from `first` on; None from the first stage without one.

    Parameters
    ----------
    values : optimal value of each stage; one more than the problem's stages is that of « least granted »
    tell : called with the share of stages done
    first : the first stage to prove; earlier stages enter as rows
    proof_hints : hint by which the first of all stages was solved
    claims : the rows of the problem, if they are already written
    memory : kernel results of earlier checks
    """
    proofs: list[dict[str, Any] | None] = [None] * (len(values) - first)
    claims = claims or build_problem_claims(problem, deadline)
    max_bytes = problem.scenario.spec.solver.memory
    for place, k in enumerate(range(first, len(values))):
        if claims is None:
            break
        if report_progress is not None:
            report_progress(k / len(values))
        try:
            system, cost = claims.of_stage(k, values), claims.goals[-1].coefficient
            known = proof_hints if k == 0 else None
            proofs[place] = find_proof(system, deadline, cost, known, memory, max_bytes)
        except (ValueError, OverflowError):
            proofs[place] = None
        if proofs[place] is None:
            break
    return proofs


def prove_infeasible(
    problem: Problem, kept_values: Sequence[Fraction], deadline: Deadline
) -> dict[str, Any] | None:
    """Return a checked proof that no allocation satisfies every rule and keeps these values of its first stages.

    The result is None if none is found.
    """
    claims = build_problem_claims(problem, deadline)
    if claims is None:
        return None
    try:
        return find_proof(
            claims.restrict_to_values(kept_values),
            deadline,
            claims.goals[-1].coefficient,
            max_bytes=problem.scenario.spec.solver.memory,
        )
    except (ValueError, OverflowError):
        return None


def build_problem_claims(problem: Problem, deadline: Deadline) -> Claims | None:
    """Write the rows of a problem for proofs.

    Returns None where a hard rule has no second reading, the rows exceed 64 bits, or time runs out.
    """
    if not has_every_reading(problem):
        return None
    try:
        return build_claims(problem, deadline)
    except (OverflowError, DeadlineExpired):
        return None


def find_proof(
    system: System,
    deadline: Deadline,
    cost: IntArray | None = None,
    proof_hints: ProofHints | None = None,
    memory: Memory | None = None,
    max_bytes: int | None = None,
) -> dict[str, Any] | None:
    """Return a checked proof that a system has no solution; None if none is found in time.

    Parameters
    ----------
    cost : int64 (n_cols,), for trees of capacities
    proof_hints : hint of the solve, tried first
    memory : kernel results of earlier checks
    max_bytes : memory of the arrays of a knapsack, a tree or blocks; None for the default of blocks
    """
    try:
        deadline.check()
        known = None if proof_hints is None else prove_from_hints(system, proof_hints)
        if known is not None and _is_accepted(system, known, memory, deadline):
            return known
        proof = refute(system, deadline, cost=cost, max_bytes=max_bytes)
        check_refutation(system, proof, deadline=deadline)
    except (NotProved, CertificateError, OverflowError, DeadlineExpired):
        return None
    return proof


def _is_accepted(system: System, proof: dict[str, Any], memory: Memory | None, deadline: Deadline) -> bool:
    """Return whether the checker accepts a proof."""
    try:
        check_refutation(system, proof, memory, deadline)
    except (CertificateError, OverflowError):
        return False
    return True
