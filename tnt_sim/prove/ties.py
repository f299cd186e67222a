"""Seeks proofs of the tie-break: that nobody as good grants less, and that nobody as good goes before the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tnt_sim.certify.certificate import CertificateError
from tnt_sim.certify.claims import Claims, least_value
from tnt_sim.certify.listing import Listed
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.prove.listing import first_of
from tnt_sim.prove.search import NotProved, PointFound
from tnt_sim.prove.stages import problem_claims, proof_of
from tnt_sim.rules.base import BoolArray, IntArray
from tnt_sim.scenario.compile import Problem
from tnt_sim.solve.grounds import Grounds

SHARE = 0.5
"""The part of the time that « least granted » may take."""


@dataclass(frozen=True, slots=True)
class TieProofs:
    """A proof of « least granted » and one of the list, None where none was found."""

    least_granted: Mapping[str, Any] | None = None
    listing: Mapping[str, Any] | None = None


MAX_TIE_ENTRIES = 100_000
"""Beyond, seeking a proof of ties took longer than the whole decision, and found none."""


def prove_ties(
    problem: Problem,
    values: Sequence[Fraction],
    funded: BoolArray,
    granted_cents: IntArray,
    deadline: Deadline,
    grounds: Grounds | None = None,
) -> TieProofs:
    """Both proofs, the second only after the first; `values` are those of the objective's stages.

    `grounds` are what the first of these was settled by.
    """
    claims = problem_claims(problem, deadline)
    if claims is None or len(claims.system.rows.row) > MAX_TIE_ENTRIES:
        return TieProofs()
    every = (*values, least_value(problem, granted_cents))
    try:
        system, cost = claims.of_stage(len(values), every), claims.goals[-1].coefficient
        known = grounds if grounds is not None and grounds.trees else None
        least = proof_of(system, deadline.share(SHARE), cost, known)
        if least is None:
            return TieProofs()
        return TieProofs(least, _listing(problem, claims, every, funded, granted_cents, deadline))
    except (PointFound, ValueError, OverflowError):
        return TieProofs()


def _listing(
    problem: Problem,
    claims: Claims,
    every: Sequence[Fraction],
    funded: BoolArray,
    granted_cents: IntArray,
    deadline: Deadline,
) -> dict[str, Any] | None:
    try:
        listed = Listed.of(claims, problem.offers.unit_cents, funded, granted_cents)
        return first_of(claims.keeping(every), listed, deadline)
    except (NotProved, PointFound, CertificateError, OverflowError, DeadlineExpired):
        return None
