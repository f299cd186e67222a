"""What stands before the competition: a requirement that is missed, a decision to refuse. What if it were lifted?

One entry for each requirement or decision: would the dossier be funded without it, everything else unchanged? A
dossier that misses two requirements is let in by neither alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tnt_sim.errors import InputError
from tnt_sim.question import ask
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.rules.select import Selector
from tnt_sim.rules.waivers import WaiverSpec
from tnt_sim.scenario.compile import compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.explain.decided import Decided

Entry = dict[str, Any]


def lifted(decided: Decided, row: int) -> list[Entry]:
    """What each obstacle taken away alone would do."""
    problem = decided.problem
    name = str(decided.numbers[row])
    if problem.offers.refused[row]:
        rule = problem.decided.specs[int(problem.decided.rule[row])].id
        return [_entry(decided, row, "decision", rule, _without_decision(decided.asked, rule, name))]
    if problem.offers.capped_out[row]:
        return [{"kind": "grant", "of": name, "status": "undefined", "why": "capped_out"}]
    rules = list(dict.fromkeys(one.rule for one in problem.eligibility.failures if one.mask[row]))
    liftable = {spec.id for spec in decided.asked.spec.eligibility}
    if len(rules) > 1:
        return [
            {"kind": "requirement", "of": rule, "status": "impossible", "why": "several_missed"}
            for rule in rules
        ]
    return [
        _entry(decided, row, "requirement", rule, _waived(decided.asked, rule, name))
        if rule in liftable
        else {"kind": "requirement", "of": rule, "status": "impossible", "why": "not_liftable"}
        for rule in rules
    ]


def _entry(decided: Decided, row: int, kind: str, rule: str, scenario: Scenario) -> Entry:
    try:
        problem = compile_problem(scenario)
    except InputError:
        return {"kind": kind, "of": rule, "status": "undefined", "why": "not_liftable"}
    answer = ask(problem)
    settled = answer.optimal and answer.canonical
    funded = answer.allocation is not None and bool(answer.allocation.funded[row])
    if not settled:
        return {"kind": kind, "of": rule, "status": "undefined", "why": "stopped"}
    proof = answer.proof.value if answer.proof else None
    if not funded:
        return {"kind": kind, "of": rule, "status": "impossible", "why": "not_enough", "proof": proof}
    assert answer.allocation is not None
    return {
        "kind": kind,
        "of": rule,
        "status": "exact",
        "unit": "yes",
        "grant_cents": int(answer.allocation.granted_cents[row]),
        "proof": proof,
        "confirmed": True,
    }


def _waived(scenario: Scenario, rule: str, dossier: str) -> Scenario:
    waiver = WaiverSpec(of=rule, where=Selector({"dossier": dossier}))
    return _with_spec(scenario, waivers=(*scenario.spec.waivers, waiver))


def _without_decision(scenario: Scenario, rule: str, dossier: str) -> Scenario:
    rules = tuple(
        one.model_copy(update={"refuse": tuple(name for name in one.refuse if name != dossier)})
        if isinstance(one, DecideSpec) and one.id == rule
        else one
        for one in scenario.spec.rules
    )
    return _with_spec(scenario, rules=rules)


def _with_spec(scenario: Scenario, **changed: object) -> Scenario:
    return replace(scenario, spec=scenario.spec.model_copy(update=changed))
