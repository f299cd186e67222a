"""What stands before the competition: a requirement that is missed, a decision to refuse. What if it were lifted?

One entry for each requirement or decision: would the dossier be funded without it, everything else unchanged? A
dossier that misses two requirements is let in by neither alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tnt_sim.errors import InputError
from tnt_sim.question import ask
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.rules.select import Selector
from tnt_sim.rules.waivers import WaiverSpec
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.explain.decided import Decided

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Obstacle:
    """What keeps one dossier out of the competition.

    Attributes
    ----------
    kind, of : `requirement`, `decision` or `grant`, and its name
    problem : the problem without it, for this dossier alone; None where it cannot be lifted
    why : then, why not
    """

    kind: str
    of: str
    problem: Problem | None = None
    why: str = ""

    def entry(self, status: str, **more: object) -> Entry:
        """The entry of the document."""
        return {"kind": self.kind, "of": self.of, "status": status, **more}

    def funded(self, cents: int, proof: str | None) -> Entry:
        """The entry of a dossier that would be funded without it."""
        return self.entry("exact", unit="yes", grant_cents=cents, proof=proof, confirmed=True)

    def told(self) -> Entry:
        """The entry of one that cannot be lifted."""
        return self.entry("impossible" if self.why == "several_missed" else "undefined", why=self.why)


def lifted(decided: Decided, row: int) -> list[Entry]:
    """What each obstacle taken away alone would do."""
    return [
        one.told() if one.problem is None else solved(one, one.problem, row, decided, prove=True)
        for one in obstacles(decided, row)
    ]


def obstacles(decided: Decided, row: int) -> list[Obstacle]:
    """What keeps a dossier out of the competition, each with the problem that is left without it."""
    problem = decided.problem
    name = str(decided.numbers[row])
    if problem.offers.refused[row]:
        rule = problem.decided.specs[int(problem.decided.rule[row])].id
        return [_lifting("decision", rule, _without_decision(decided.asked, rule, name))]
    if problem.offers.capped_out[row]:
        return [Obstacle("grant", name, why="capped_out")]
    rules = list(dict.fromkeys(one.rule for one in problem.eligibility.failures if one.mask[row]))
    liftable = {spec.id for spec in decided.asked.spec.eligibility}
    if len(rules) > 1:
        return [Obstacle("requirement", rule, why="several_missed") for rule in rules]
    return [
        _lifting("requirement", rule, _waived(decided.asked, rule, name))
        if rule in liftable
        else Obstacle("requirement", rule, why="not_liftable")
        for rule in rules
    ]


def _lifting(kind: str, rule: str, scenario: Scenario) -> Obstacle:
    try:
        return Obstacle(kind, rule, compile_problem(scenario))
    except InputError:
        return Obstacle(kind, rule, why="not_liftable")


def solved(obstacle: Obstacle, problem: Problem, row: int, decided: Decided, *, prove: bool) -> Entry:
    """Whether the one answer without the obstacle holds the dossier: one solve."""
    answer = ask(problem, prove=prove, clock=decided.clock)
    settled = answer.is_closed and answer.canonical
    if not settled:
        return obstacle.entry("undefined", why="stopped")
    proof = answer.proof.value if answer.proof and prove else None
    assert answer.allocation is not None
    if not answer.allocation.funded[row]:
        return obstacle.entry("impossible", why="not_enough", proof=proof)
    return obstacle.funded(int(answer.allocation.granted_cents[row]), proof)


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
