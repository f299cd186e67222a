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

from tnt_sim.certify.certificate import PRICES, CertificateError, check_refutation
from tnt_sim.certify.claim_systems import Claims, compute_granted_value
from tnt_sim.certify.derived_rows import tighten_system
from tnt_sim.certify.proof_checker import (
    CandidateList,
    Proof,
    iterate_earlier_subproblems,
    list_order,
    restrict_to_list,
)
from tnt_sim.certify.system import STAGE, Box, MultiplierError, System, narrow_box, reduce_system, weigh
from tnt_sim.deadline import Deadline, DeadlineExpired, read_processor_time
from tnt_sim.prove.branch_search import NotProved, PointFound
from tnt_sim.prove.price_proofs import find_order_proof
from tnt_sim.prove.proof_lp import LpStatus, ProofLp, round_multipliers
from tnt_sim.prove.refutation import refute
from tnt_sim.prove.stage_proofs import build_problem_claims, find_proof
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.lexicographic import ProofHints
from tnt_sim.verify.allocation_reading import Allocation


def prove_first(system: System, listed: CandidateList, deadline: Deadline) -> dict[str, Any]:
    """Return a proof that no point of the system ranks before the list; each of its refutations is checked."""
    system = tighten_system(system)
    try:
        box = system.build_box()
        steps = [
            step
            for step in _compute_multipliers(system, box, deadline)
            if narrow_box(system, box, weigh(system, *step))
        ]
        proofs: list[dict[str, Any] | None] = []
        for part in iterate_earlier_subproblems(system, box, listed):
            left = reduce_system(system, part)
            proofs.append(None if left is None else _refute_subproblem(left, deadline))
    except MultiplierError as error:
        raise NotProved(str(error)) from error
    return {"narrow": [np.stack(y, axis=1).ravel().tolist() for y in steps], "parts": proofs}


def _compute_multipliers(system: System, box: Box, deadline: Deadline) -> list[tuple[IntArray, IntArray]]:
    """Return multipliers with each stage's row as the goal: each excludes other choices."""
    result = []
    for goal in [k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]:
        answer = ProofLp(system, goal).solve(box, deadline)
        if answer.answer is LpStatus.BOUNDED:
            result.append(round_multipliers(system, answer.prices))
    return result


def _refute_subproblem(system: System, deadline: Deadline) -> dict[str, Any]:
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
    allocation: Allocation,
    deadline: Deadline,
    list_seconds: float,
    proof_hints: ProofHints | None = None,
) -> TieProofs:
    """Find both proofs; the second is sought only after the first is found.

    Parameters
    ----------
    values : optimal values of the objective's stages
    list_seconds : most processor seconds for the second
    proof_hints : hint by which the first stage was solved
    """
    claims = build_problem_claims(problem, deadline)
    if claims is None or len(claims.system.rows.row) > MAX_TIE_ENTRIES:
        return TieProofs()
    all_items = (*values, compute_granted_value(problem, allocation.granted_cents))
    try:
        system, cost = claims.of_stage(len(values), all_items), claims.goals[-1].coefficient
        known = proof_hints if proof_hints is not None and proof_hints.trees else None
        max_bytes = problem.scenario.spec.solver.memory
        least = find_proof(system, deadline.take_share(SHARE), cost, known, max_bytes=max_bytes)
        if least is None:
            return TieProofs()
        until = deadline.tighten(list_seconds, read_processor_time)
        return TieProofs(least, _prove_list(problem, claims, all_items, allocation, until))
    except (PointFound, ValueError, OverflowError):
        return TieProofs()


def add_order_prices(
    problem: Problem,
    claims: Claims,
    values: Sequence[Fraction],
    allocation: Allocation,
    listing: Proof | None,
    deadline: Deadline,
) -> Proof | None:
    """Return the proof of the list, with one for the verifier where one is found in time.

    Parameters
    ----------
    values : value of each stage, « least granted » the last
    """
    if listing is None or deadline.expired:
        return listing
    try:
        system, listed = restrict_to_list(
            problem, claims, values, allocation.funded, allocation.granted_cents
        )
        prices = find_order_proof(system, list_order(system, listed), deadline)
    except (CertificateError, ValueError, OverflowError):
        return listing
    return listing if prices is None else {**listing, PRICES: prices}


def _prove_list(
    problem: Problem,
    claims: Claims,
    limits: Sequence[Fraction],
    allocation: Allocation,
    deadline: Deadline,
) -> dict[str, Any] | None:
    """Return a proof of the list, or None."""
    try:
        funded, granted_cents = allocation.funded, allocation.granted_cents
        return prove_first(*restrict_to_list(problem, claims, limits, funded, granted_cents), deadline)
    except (NotProved, PointFound, CertificateError, OverflowError, DeadlineExpired):
        return None
