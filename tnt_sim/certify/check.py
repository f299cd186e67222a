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
from tnt_sim.certify.system import System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.base import BoolArray, IntArray
from tnt_sim.scenario.compile import Problem

Proof = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Checker:
    """The rows of one problem, written once, and whether a proof over them may be believed.

    A proof stands on rows; where one of them asks more than the second reading of its rule, none is accepted.

    Attributes
    ----------
    claims : the problem as a system of rows, with its stages
    rows : how those rows agree with their second reading
    deadline : when writing and replaying end, by DeadlineExpired
    """

    problem: Problem
    claims: Claims
    rows: Agreement
    deadline: Deadline = UNLIMITED

    @classmethod
    def of(cls, problem: Problem, deadline: Deadline = UNLIMITED) -> Checker:
        """The rows of a problem, written anew."""
        claims = claims_of(problem, deadline)
        return cls(problem, claims, agreement(problem, claims, deadline), deadline)

    def stages(self, values: Sequence[Fraction], proofs: Sequence[Proof | None]) -> tuple[bool, ...]:
        """Which stages their proofs show to be optimal, given the allocation's exact values."""
        padded = [*proofs, *([None] * len(values))][: len(values)]
        return tuple(self._better(k, values, proof) for k, proof in enumerate(padded))

    def least(self, values: Sequence[Fraction], granted_cents: IntArray, proof: Proof | None) -> bool:
        """Whether `proof` shows that no allocation of these values of the stages grants less."""
        every = (*values, least_value(self.problem, granted_cents))
        return self._better(len(values), every, proof)

    def first(
        self,
        values: Sequence[Fraction],
        funded: BoolArray,
        granted_cents: IntArray,
        proof: Proof | None,
    ) -> bool:
        """Whether `proof` shows that no allocation as good, « least granted » too, goes before this one."""
        if proof is None or not self.rows.holds:
            return False
        try:
            every = (*values, least_value(self.problem, granted_cents))
            listed = Listed.of(self.claims, self.problem.offers.unit_cents, funded, granted_cents)
            check_first(self.claims.keeping(every), listed, proof, self.deadline)
        except (CertificateError, ValueError, OverflowError):
            return False
        return True

    def empty(self, proof: Proof | None) -> bool:
        """Whether `proof` shows that no allocation keeps every rule."""
        return self.rows.holds and proof is not None and _refuted(self.claims.system, proof, self.deadline)

    def _better(self, k: int, values: Sequence[Fraction], proof: Proof | None) -> bool:
        """Whether `proof` shows that stage k cannot be bettered."""
        if proof is None or not self.rows.holds:
            return False
        try:
            system = self.claims.of_stage(k, values)
        except (ValueError, OverflowError):
            return False
        return _refuted(system, proof, self.deadline)


def _refuted(system: System, proof: Proof, deadline: Deadline) -> bool:
    try:
        check_refutation(system, proof, deadline=deadline)
    except (CertificateError, ValueError, OverflowError):
        return False
    return True
