"""A point of an earlier run, shown again: its list is read exactly and its certificates are replayed.

What a file says of a point counts for nothing until then. A point without proof keeps its list, its bounds being
computed anew; it is asked again where it would get much more time than it had.
"""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claims import claims_of
from tnt_sim.result import Proof, Status
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.sweep.point import PRICES, Point, Settler
from tnt_sim.verify.reading import broken_rules, read_allocation

WORTH_MORE = 2.0
"""How many times the time that a point had makes it worth asking again."""


def shown_again(settler: Settler, problem: Problem, stored: Point, seconds: float | None) -> Point | None:
    """The stored point as far as it can be shown; None where it must be asked again.

    `seconds` is what a question of its own would get, None without a limit.
    """
    if stored.method == PRICES:
        return settler.by_prices(problem, stored.cents)
    if stored.allocation is None:
        return _impossible(problem, stored)
    reading = read_allocation(problem, stored.allocation)
    if reading.values != stored.values or broken_rules(problem, stored.allocation, reading):
        return None
    proven = n_shown(problem, stored)
    if proven == len(problem.stages):
        return replace(stored, bounds=stored.values, status=Status.OPTIMAL, proof=Proof.PROVED)
    if stored.proof is Proof.CROSS_CHECKED or seconds is None or seconds >= WORTH_MORE * stored.seconds:
        return None
    point = replace(stored, status=Status.FEASIBLE, proof=Proof.FEASIBLE_GAP, canonical=False)
    return settler.bounded(problem, point, seconds, proven)


def n_shown(problem: Problem, stored: Point) -> int:
    """How many of the first stages the stored certificates show to be best."""
    proven = 0
    for part in stored.shown:
        if part.first != proven or not part.first < part.n_stages <= len(problem.stages):
            return proven
        claims = claims_of(replace(problem, stages=problem.stages[: part.n_stages]))
        for proof in part.proofs[: part.n_stages - part.first]:
            try:
                check_refutation(claims.of_stage(proven, stored.values), proof)
            except (CertificateError, ValueError):
                return proven
            proven += 1
    return proven


def _impossible(problem: Problem, stored: Point) -> Point | None:
    """The point where a certificate shows that no allocation keeps every rule."""
    for part in stored.shown:
        claims = claims_of(replace(problem, stages=problem.stages[: part.n_stages]))
        for proof in part.proofs:
            try:
                check_refutation(claims.system, proof)
            except CertificateError:
                continue
            return replace(stored, status=Status.INFEASIBLE, proof=Proof.PROVED, values=(), bounds=())
    return None
