"""Check the proofs of a decision against the rows of its problem, which are written again for this purpose.

Each proof of a stage's optimality, or of infeasibility, is a refutation (`certificate.py`). The tie-break has
a proof of another kind, which shows that the funded list is the only result.

Uniqueness. The equally good allocations are the points of a system (`Claims.restrict_to_values`). One of them
ranks before the list when, at the first dossier where the two differ, it funds the dossier and the list does not;
or, with the same dossiers funded, when it grants more at the first differing amount. The check visits the
dossiers in rank order:

    the list funds it           fix it as funded: points without it rank after the list
    the list does not fund it   the subproblem that funds it must be empty; then fix it as not funded

and then once more for amounts. The proof is {"narrow": multipliers for the whole system, "parts": one
refutation per subproblem met, null for one that is trivially empty}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from tnt_sim.certify.certificate import PRICES, CertificateError, check_refutation, split_pairs
from tnt_sim.certify.claim_systems import Agreement, Claims, build_claims, compute_granted_value
from tnt_sim.certify.derived_rows import tighten_system
from tnt_sim.certify.rule_rows import compare_readings, has_stage_rows
from tnt_sim.certify.system import Box, System, narrow_box, reduce_system, weigh
from tnt_sim.certify.verifier import Json, check_claim
from tnt_sim.certify.verifier_rows import describe_rows, describe_system, has_lists
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.scenario.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class CandidateList:
    """An allocation over the columns of a system.

    Attributes
    ----------
    taken : int64 (n_blocks,), the choice that each candidate gets, −1 for none
    cents : int64 (n_choices,), the amount of each choice in cents
    free : int64 (n_blocks,), the place among the free columns of the dossier's range, −1 without a range
    units : int64 (n_blocks,), units granted above the least amount of the range
    """

    taken: IntArray
    cents: IntArray
    free: IntArray
    units: IntArray

    @classmethod
    def of(
        cls, claims: Claims, unit_cents: IntArray, funded: BoolArray, granted_cents: IntArray
    ) -> CandidateList:
        """Express an allocation by the columns of the claims.

        Raises
        ------
        CertificateError
            When a granted amount is none of the dossier's possible amounts.
        """
        choices = claims.choices
        own = granted_cents[choices.dossier]
        ranged = np.isin(choices.dossier, choices.ranged)
        fits = funded[choices.dossier] & np.where(ranged, own >= choices.cents, own == choices.cents)
        column = np.flatnonzero(fits)
        taken = np.full(len(choices.candidate), -1, dtype=np.int64)
        taken[choices.block[column]] = column
        if ((taken >= 0) != funded[choices.candidate]).any():
            raise CertificateError("an amount is none of its application's")
        free, units = np.full(len(taken), -1, dtype=np.int64), np.zeros(len(taken), dtype=np.int64)
        block = np.searchsorted(choices.candidate, choices.ranged)
        free[block] = np.arange(len(block))
        some = block[taken[block] >= 0]
        above = granted_cents[choices.candidate[some]] - choices.cents[taken[some]]
        units[some] = above // unit_cents[choices.candidate[some]]
        return cls(taken, choices.cents, free, units)


def restrict_to_list(
    problem: Problem,
    claims: Claims,
    values: Sequence[Fraction],
    funded: BoolArray,
    granted_cents: IntArray,
) -> tuple[System, CandidateList]:
    """Return the system of the allocations as good as one, and that one over its columns.

    Parameters
    ----------
    values : value of each stage, « least granted » the last

    Raises
    ------
    CertificateError
        When a granted amount is none of the dossier's possible amounts.
    """
    listed = CandidateList.of(claims, problem.offers.unit_cents, funded, granted_cents)
    return claims.restrict_to_values(values), listed


def iterate_earlier_subproblems(system: System, box: Box, listed: CandidateList) -> Iterator[Box]:
    """Yield the subproblems that together contain every point of the box that ranks before the list.

    The box is reduced in place on the way.
    """
    ends = np.append(system.heads, system.n_choices)
    for k, choice in enumerate(listed.taken.tolist()):
        own = slice(int(ends[k]), int(ends[k + 1]))
        if choice >= 0:
            box.must[k] = True
        elif box.open[own].any():
            part = box.copy()
            part.must[k] = True
            yield part
            box.open[own] = False
    for k, choice in enumerate(listed.taken.tolist()):
        if choice >= 0:
            yield from _iterate_larger_grants(box, listed, k, slice(int(ends[k]), int(ends[k + 1])))


def _iterate_larger_grants(box: Box, listed: CandidateList, k: int, block: slice) -> Iterator[Box]:
    """Yield the subproblems in which dossier k gets more than the list grants it."""
    choice, free, units = int(listed.taken[k]), int(listed.free[k]), int(listed.units[k])
    open_ = box.open[block].copy()
    more = open_ & (listed.cents[block] > listed.cents[choice])
    if more.any():
        item = box.copy()
        item.open[block] = more
        yield item
    if free >= 0 and box.high[free] > units:
        item = box.copy()
        item.low[free] = max(int(item.low[free]), units + 1)
        yield item
    box.open[block] = open_ & (np.arange(block.start, block.stop) == choice)
    if free >= 0:
        box.low[free], box.high[free] = max(int(box.low[free]), units), min(int(box.high[free]), units)


def list_order(system: System, listed: CandidateList) -> list[Json]:
    """Return the sums of columns that rank points, with their values in the list, as `verifier.py` reads them.

    A point ranks before the list if, at the first of these sums where the two differ, it has more.
    """
    n, ends = system.n_choices, np.append(system.heads, system.n_choices).tolist()
    blocks = [list(range(*pair)) for pair in pairwise(ends)]
    taken = listed.taken.tolist()
    steps: list[Json] = [
        {"columns": block, "at": int(choice >= 0)}
        for block, choice in zip(blocks, taken, strict=True)
        if block
    ]
    for k, choice in enumerate(taken):
        if choice < 0:
            continue
        if len(blocks[k]) > 1:
            more = [j for j in blocks[k] if listed.cents[j] > listed.cents[choice]]
            steps += [{"columns": more, "at": 0}, {"columns": [choice], "at": 1}]
        if listed.free[k] >= 0:
            steps.append({"columns": [n + int(listed.free[k])], "at": int(listed.units[k])})
    return steps


def check_first(
    system: System, listed: CandidateList, proof: Mapping[str, Any], deadline: Deadline = UNLIMITED
) -> None:
    """Verify that `proof` shows that no point of the system ranks before the list.

    Raises
    ------
    CertificateError
        With the place where the proof fails, or because it is malformed.
    DeadlineExpired
        When time is up before the check ends.
    """
    try:
        system = tighten_system(system)
        box = system.build_box()
        for y in proof["narrow"]:
            if not narrow_box(system, box, weigh(system, *split_pairs(y))):
                return
        written = list(proof["parts"])
        for number, part in enumerate(iterate_earlier_subproblems(system, box, listed)):
            left = reduce_system(system, part)
            if number >= len(written):
                raise CertificateError("a part has no proof")
            if left is not None:
                check_refutation(left, written[number], deadline=deadline)
    except CertificateError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise CertificateError(f"malformed: {error!r}") from error


Proof = Mapping[str, Any]


class ShownBy(StrEnum):
    """Means that show a stage, the plainest first."""

    SUMS = "sums"
    """Adding up rows, by the verifier alone."""
    LIST = "list"
    """Prices and short lists, by the verifier alone."""
    KERNEL = "kernel"
    """The same exact kernels that found the optimum, run again."""


def find_least_plain(means: Iterable[ShownBy]) -> ShownBy:
    """Return the least plain of several means; that of the kernels where there is none."""
    return max(means, key=list(ShownBy).index, default=ShownBy.KERNEL)


def _determine_claim_means(record: Json, prices: Json, order: Json = None) -> ShownBy:
    """Return what shows a claim that the verifier reads; that of the kernels where it shows nothing."""
    if check_claim(record, prices, order):
        return ShownBy.KERNEL
    return ShownBy.LIST if has_lists(prices) else ShownBy.SUMS


@dataclass(frozen=True, slots=True, eq=False)
class Checker:
    """Checks proofs over the rows of one problem, which are written once.

    If any row asks more than the second reading of its rule, every proof is refused.

    Attributes
    ----------
    claims : the problem as an integer system, with its stages
    rows : comparison of the rows with the second reading
    deadline : end of writing and checking, by DeadlineExpired
    """

    problem: Problem
    claims: Claims
    rows: Agreement
    deadline: Deadline = UNLIMITED

    @classmethod
    def of(cls, problem: Problem, deadline: Deadline = UNLIMITED) -> Checker:
        """Write the rows of a problem and compare them with the second reading."""
        claims = build_claims(problem, deadline)
        return cls(problem, claims, compare_readings(problem, claims, deadline), deadline)

    def check_stages(self, values: Sequence[Fraction], proofs: Sequence[Proof | None]) -> tuple[bool, ...]:
        """Return for each stage whether its proof shows the allocation's value to be optimal."""
        padded = [*proofs, *([None] * len(values))][: len(values)]
        return tuple(self._is_stage_optimal(k, values, proof) for k, proof in enumerate(padded))

    def is_least_granted(
        self, values: Sequence[Fraction], granted_cents: IntArray, proof: Proof | None
    ) -> bool:
        """Return whether `proof` shows that no allocation with these stage values grants less."""
        every = (*values, compute_granted_value(self.problem, granted_cents))
        return self._is_stage_optimal(len(values), every, proof)

    def is_first_in_rank(
        self,
        values: Sequence[Fraction],
        funded: BoolArray,
        granted_cents: IntArray,
        proof: Proof | None,
    ) -> bool:
        """Return whether `proof` shows that no equally good allocation ranks before this one.

        Equally good means the same values of all stages, « least granted » included.
        """
        if proof is None or not self.rows.holds:
            return False
        try:
            every = (*values, compute_granted_value(self.problem, granted_cents))
            system, listed = restrict_to_list(self.problem, self.claims, every, funded, granted_cents)
            if not has_stage_rows(self.claims, system, every, is_better=False):
                return False
            check_first(system, listed, proof, self.deadline)
        except (CertificateError, ValueError, OverflowError):
            return False
        return True

    def determine_means(self, values: Sequence[Fraction], proofs: Sequence[Proof | None]) -> ShownBy:
        """Return what shows these stages at least: the least plain of what shows each.

        The verifier (`verifier.py`) reads the rows that are written here, and nothing of the kernels.
        """
        base = (
            describe_system(self.claims.system) if any(proof and PRICES in proof for proof in proofs) else {}
        )
        return find_least_plain(
            self._determine_stage_means(k, values, proof, base)
            for k, proof in enumerate(proofs[: len(values)])
        )

    def _determine_stage_means(
        self, k: int, values: Sequence[Fraction], proof: Proof | None, base: Json
    ) -> ShownBy:
        """Return what shows one stage; `base` is the system without the rows of the stages."""
        prices = None if proof is None else proof.get(PRICES)
        if prices is None or not self.rows.holds:
            return ShownBy.KERNEL
        self.deadline.check()
        try:
            system = self.claims.of_stage(k, values)
            if not has_stage_rows(self.claims, system, values[: k + 1], is_better=True):
                return ShownBy.KERNEL
            added = describe_rows(system.rows, len(base["rows"]))
        except (ValueError, OverflowError):
            return ShownBy.KERNEL
        return _determine_claim_means({**base, "rows": [*base["rows"], *added]}, prices)

    def determine_first_means(
        self,
        values: Sequence[Fraction],
        funded: BoolArray,
        granted_cents: IntArray,
        least_granted: Proof | None,
        proof: Proof | None,
    ) -> ShownBy:
        """Return what shows at least that nothing as good grants less, nor ranks before this allocation."""
        prices = None if proof is None else proof.get(PRICES)
        if prices is None or not self.rows.holds:
            return ShownBy.KERNEL
        try:
            attained = (*values, compute_granted_value(self.problem, granted_cents))
            system, listed = restrict_to_list(self.problem, self.claims, attained, funded, granted_cents)
        except (CertificateError, ValueError, OverflowError):
            return ShownBy.KERNEL
        if not has_stage_rows(self.claims, system, attained, is_better=False):
            return ShownBy.KERNEL
        record = describe_system(system)
        base = {**record, "rows": record["rows"][: self.claims.system.rows.n]}
        least = self._determine_stage_means(len(values), attained, least_granted, base)
        return find_least_plain((least, _determine_claim_means(record, prices, list_order(system, listed))))

    def is_infeasible(self, proof: Proof | None) -> bool:
        """Return whether `proof` shows that no allocation satisfies every rule."""
        return self.rows.holds and proof is not None and _is_refuted(self.claims.system, proof, self.deadline)

    def _is_stage_optimal(self, k: int, values: Sequence[Fraction], proof: Proof | None) -> bool:
        """Return whether `proof` shows that stage k cannot be improved."""
        if proof is None or not self.rows.holds:
            return False
        try:
            system = self.claims.of_stage(k, values)
        except (ValueError, OverflowError):
            return False
        if not has_stage_rows(self.claims, system, values[: k + 1], is_better=True):
            return False
        return _is_refuted(system, proof, self.deadline)


def _is_refuted(system: System, proof: Proof, deadline: Deadline) -> bool:
    """Return whether a proof is accepted."""
    try:
        check_refutation(system, proof, deadline=deadline)
    except (CertificateError, ValueError, OverflowError):
        return False
    return True
