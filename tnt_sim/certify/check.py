"""Checks the proofs of a decision's stages, or of its impossibility, against the problem read anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tnt_sim.certify.agreement import Agreement, agreement
from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claims import Claims, claims_of, least_value
from tnt_sim.certify.listing import Listed, check_first
from tnt_sim.rules.base import BoolArray, IntArray
from tnt_sim.scenario.compile import Problem

Proof = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """Which stages are proven, and how the rows that the proofs stand on agree with their second reading."""

    proven: tuple[bool, ...]
    rows: Agreement


def checked_stages(problem: Problem, values: Sequence[Fraction], proofs: Sequence[Proof | None]) -> Checked:
    """Which stages their proofs show to be optimal, given the allocation's exact values.

    A proof stands on rows; where one of them asks more than the second reading of its rule, none is accepted.
    """
    claims = claims_of(problem)
    rows = agreement(problem, claims)
    padded = [*proofs, *([None] * len(values))][: len(values)]
    proven = tuple(rows.holds and holds(claims, k, values, proof) for k, proof in enumerate(padded))
    return Checked(proven, rows)


def proven_stages(problem: Problem, values: Sequence[Fraction], proofs: Sequence[Proof | None]) -> list[bool]:
    """Which stages of the objective their proofs show to be optimal, given the allocation's exact values."""
    if not any(proofs):
        return [False] * len(values)
    return list(checked_stages(problem, values, proofs).proven)


def proven_least(
    problem: Problem, values: Sequence[Fraction], granted_cents: IntArray, proof: Proof | None
) -> bool:
    """Whether `proof` shows that no allocation of these values of the stages grants less."""
    if proof is None:
        return False
    claims = claims_of(problem)
    every = (*values, least_value(problem, granted_cents))
    return agreement(problem, claims).holds and holds(claims, len(values), every, proof)


def proven_first(
    problem: Problem,
    values: Sequence[Fraction],
    funded: BoolArray,
    granted_cents: IntArray,
    proof: Proof | None,
) -> bool:
    """Whether `proof` shows that no allocation as good, « least granted » too, goes before this one."""
    if proof is None:
        return False
    claims = claims_of(problem)
    try:
        every = (*values, least_value(problem, granted_cents))
        listed = Listed.of(claims, problem.offers.unit_cents, funded, granted_cents)
        check_first(claims.keeping(every), listed, proof)
    except (CertificateError, ValueError, OverflowError):
        return False
    return agreement(problem, claims).holds


def holds(claims: Claims, k: int, values: Sequence[Fraction], proof: Proof | None) -> bool:
    """Whether `proof` shows that stage k cannot be bettered."""
    if proof is None:
        return False
    try:
        check_refutation(claims.of_stage(k, values), proof)
    except (CertificateError, ValueError, OverflowError):
        return False
    return True


def proven_empty(problem: Problem, proof: Proof | None) -> bool:
    """Whether `proof` shows that no allocation keeps every rule."""
    if proof is None:
        return False
    claims = claims_of(problem)
    if not agreement(problem, claims).holds:
        return False
    try:
        check_refutation(claims.system, proof)
    except (CertificateError, ValueError, OverflowError):
        return False
    return True
