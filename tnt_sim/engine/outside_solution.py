"""A list that another program found: read by dossier, checked in integers, and given the proof that it deserves.

The list is an allocation like any other: `read_allocation` counts it from the problem's data, and
`list_broken_rules` names each rule that it breaks. A list that satisfies every rule becomes a result without any
claim of being the best. With a proof, the engine decides the scenario; a list with the same values has the same
certificates, since those speak of values alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, decide_problem
from tnt_sim.engine.result import Evidence, Proof, ResultData, Status, build_result
from tnt_sim.engine.solution_evidence import build_early_evidence
from tnt_sim.errors import DataError, Defect, Defects, VerificationError, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
)
from tnt_sim.verify.claim_consistency import NOT_CANONICAL, OUTSIDE_LIST, build_unconfirmed_warning
from tnt_sim.verify.run_document import StageFigures, format_fraction


class ValueUnit(StrEnum):
    """Unit of the values of a list."""

    EUROS = "euros"
    CENTS = "cents"
    FUNDED = "funded"


ROUNDING = Fraction(1, 10_000)
"""How far the number of a float solver may be from a whole cent, or from 0 and 1."""


def read_values(problem: Problem, values: Mapping[str, Any], unit: ValueUnit) -> Allocation:
    """Return the allocation of a list by dossier; dossiers that it leaves out get nothing, commitments stay."""
    table, offers = problem.case.table, problem.offers
    place = {dossier: row for row, dossier in enumerate(table["dossier"].to_list())}
    granted = np.where(offers.committed, offers.committed_cents, 0)
    funded = offers.committed.copy()
    defects = Defects()
    for key, value in values.items():
        row = place.get(str(key))
        if row is None:
            absent = _('there is no application "{key}".', key=str(key))
            defects.add("unknown-dossier", absent, hint=suggest_name(str(key), place))
            continue
        cents = _read_cents(problem, row, value, unit)
        if isinstance(cents, Text):
            defects.add("value", _('application "{key}": {fault}.', key=str(key), fault=cents))
            continue
        granted[row], funded[row] = cents, cents != 0 or (unit is ValueUnit.FUNDED and float(value) > 0.5)
    defects.raise_if_any(DataError)
    return Allocation(funded, granted)


def _read_cents(problem: Problem, row: int, value: Any, unit: ValueUnit) -> int | Text:
    """Return the cents of one value, or what is wrong with it."""
    try:
        number = Fraction(0 if value is None else value)
    except (TypeError, ValueError, OverflowError):
        return _('"{value}" is no number', value=str(value))
    if unit is ValueUnit.EUROS:
        number *= 100
    whole = round(number)
    if abs(number - whole) > ROUNDING:
        return (
            _("{value} is neither 0 nor 1", value=str(value))
            if unit is ValueUnit.FUNDED
            else _("{value} is no whole number of cents", value=str(value))
        )
    if unit is not ValueUnit.FUNDED:
        return whole
    if whole not in (0, 1):
        return _("{value} is neither 0 nor 1", value=str(value))
    offers = problem.offers
    if whole and not offers.committed[row] and offers.lowest_cents[row] != offers.highest_cents[row]:
        return _("it may get several amounts: give the amount instead of 1")
    return whole * int(offers.highest_cents[row])


def check_allocation(problem: Problem, allocation: Allocation, *, prove: bool = False) -> ResultData:
    """Read an allocation in integers and return it as a result, with the proof that it deserves.

    Parameters
    ----------
    prove : decide the scenario, to say whether the allocation is as good as any, and by how much it is not
    """
    reading = read_allocation(problem, allocation)
    broken = list_broken_rules(problem, allocation, reading)
    if broken:
        raise VerificationError(with_distances(broken, reading))
    early = build_early_evidence(problem, reading, "direct")
    unconfirmed = build_unconfirmed_warning(_("another program found this list"), "outside")
    evidence = replace(early, stopped_by=None, warnings=(unconfirmed, OUTSIDE_LIST))
    clock = Clock(problem.scenario.spec.solver.time_limit)
    clock.begin()
    if prove:
        spec = problem.scenario.spec.solver
        options = OptimiseOptions(backend=spec.backend, cross_check=spec.cross_check, prove_ties=True)
        decided = decide_problem(problem, options, clock=clock)
        if _is_same(decided.allocation, allocation):
            return decided
        evidence = _compare_with(decided, evidence, reading)
    return build_result(problem, evidence, allocation, reading, clock.seconds).with_allowed_words()


def with_distances(broken: Sequence[Defect], reading: AllocationReading) -> list[Defect]:
    """Add to each broken rule how far it is from its bound: each group its figure, otherwise the rule."""
    distances: dict[str, Iterator[Fraction]] = {}
    for rule in reading.rules:
        failed = [figure for figure in rule.readings if not figure.holds]
        each = [-(figure.slack or 0) for figure in failed] if rule.grouped else [rule.distance] * len(failed)
        distances[f"rule:{rule.id}"] = iter(map(Fraction, each))
    result = []
    for defect in broken:
        distance = next(distances.get(defect.code, iter(())), None)
        hint = None if distance is None else _("Distance: {distance}.", distance=format_fraction(distance))
        result.append(defect if hint is None else replace(defect, hint=hint))
    return result


def _is_same(left: Allocation | None, right: Allocation) -> bool:
    return (
        left is not None
        and bool(np.array_equal(left.funded, right.funded))
        and bool(np.array_equal(left.granted_cents, right.granted_cents))
    )


def _compare_with(decided: ResultData, evidence: Evidence, reading: AllocationReading) -> Evidence:
    """Return the evidence of a list beside the decision: its proof if it is worth as much, otherwise bounds."""
    best = decided.reading
    if decided.status is not Status.OPTIMAL or best is None:
        return evidence
    if best.values == reading.values:
        return replace(
            evidence,
            status=Status.OPTIMAL,
            proof=decided.proof,
            stages=tuple(_close(stage, decided.proof) for stage in evidence.stages),
            certificate={**decided.certificate, "tie_break": None},
            rows=decided.data.proof_rows,
            warnings=(NOT_CANONICAL,),
        )
    stages = _build_bounded_stages(evidence.stages, best.values)
    return replace(evidence, stages=tuple(stages), certificate=_copy_claims(evidence, decided, stages))


def _copy_claims(evidence: Evidence, decided: ResultData, stages: Sequence[StageFigures]) -> dict[str, Any]:
    """Return the certificate of a worse list: the bounds of the decision beside the values of the list."""
    entries = [
        {**entry, "value": format_fraction(stage.value), "termination": Termination.SOLUTION_LIMIT.value}
        for entry, stage in zip(decided.certificate["stages"], stages, strict=False)
        if stage.bound is not None
    ]
    return {**evidence.certificate, "stages": entries}


def _close(stage: StageFigures, proof: Proof | None) -> StageFigures:
    return replace(stage, bound=stage.value, proof=None if proof is None else proof.value)


def _build_bounded_stages(stages: Sequence[StageFigures], bests: Sequence[Fraction]) -> list[StageFigures]:
    """Give each stage its best value as bound, as long as all stages before it are as good."""
    bounded, is_equal = [], True
    for stage, best in zip(stages, bests, strict=True):
        bounded.append(replace(stage, bound=best) if is_equal else stage)
        is_equal = is_equal and stage.value == best
    return bounded
