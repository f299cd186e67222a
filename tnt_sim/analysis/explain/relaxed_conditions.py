"""Effect of lifting an unmet requirement or a decision to refuse, for one application or for all.

Each requirement or decision is lifted for one application alone, everything else unchanged, and the
question is whether the new optimum funds it. An application that misses two requirements is not
admitted by lifting either one.

For one application: re-optimise without the obstacle. For all of them, two exact tests avoid most
solves. Let v₀ be the value of today's allocation in the problem without the obstacle, if it
satisfies every rule there.

    refused   every allocation with the application is worth less than v₀, by a Lagrangian bound
              with the dual prices of the decision's linear program, computed exactly
    funded    today's list plus the application satisfies every rule and is worth more than v₀; and
              the model without the application's column has all rows of the decision's model, so
              that no allocation without the application exceeds v₀
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.explain.document import ChangeKind, ImpossibleChange, LiftedObstacle, OpenChange
from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.analysis.shared.goal_bounds import GoalBounds
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.errors import InputError
from tnt_sim.formulation.builder import divide_rows
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.offers.eligibility import WaiverSpec
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation


@dataclass(frozen=True, slots=True, eq=False)
class Obstacle:
    """Condition that keeps one application out of the competition.

    Attributes
    ----------
    change : its entry while nothing is solved: what it is, and why it is not lifted
    problem : the problem without the condition for this application alone; None if it cannot be
    lifted
    """

    change: OpenChange
    problem: Problem | None = None

    def build_funded_entry(self, cents: int, proof: str | None, settled_by: str | None) -> LiftedObstacle:
        """Write the entry of an application that would be funded without the condition."""
        return LiftedObstacle(
            kind=self.change.kind,
            of=self.change.of,
            grant_cents=cents,
            proof=proof,
            confirmed=True,
            settled_by=settled_by,
        )

    def build_refused_entry(self, proof: str | None, settled_by: str | None) -> ImpossibleChange:
        """Write the entry of an application that would be refused without the condition too."""
        return ImpossibleChange(
            kind=self.change.kind, of=self.change.of, why="not_enough", proof=proof, settled_by=settled_by
        )


type ObstacleEntry = LiftedObstacle | ImpossibleChange | OpenChange


def lift_obstacles(decided: DecidedRun, row: int) -> list[ObstacleEntry]:
    """Re-optimise without each obstacle in turn and say whether the application would be funded."""
    return [
        obstacle.change
        if obstacle.problem is None
        else solve_without_obstacle(obstacle, obstacle.problem, row, decided, prove=True)
        for obstacle in list_obstacles(decided, row)
    ]


def list_obstacles(decided: DecidedRun, row: int) -> list[Obstacle]:
    """List what keeps an application out of the competition, each with the problem that remains without it."""
    problem = decided.problem
    name = str(decided.numbers[row])
    if problem.offers.refused[row]:
        rule = problem.decided.specs[int(problem.decided.rule[row])].id
        scenario = decided.scenario.without_decisions("refuse", dossiers=(name,), rule=rule)
        return [_build_obstacle("decision", rule, scenario)]
    if problem.offers.capped_out[row]:
        return [Obstacle(OpenChange(kind="grant", of=name, why="capped_out"))]
    rules = list(dict.fromkeys(one.rule for one in problem.eligibility.failures if one.mask[row]))
    liftable = {spec.id for spec in decided.scenario.spec.eligibility}
    if len(rules) > 1:
        return [
            Obstacle(OpenChange(kind="requirement", of=rule, status="impossible", why="several_missed"))
            for rule in rules
        ]
    return [
        _build_obstacle("requirement", rule, _add_waiver(decided.scenario, rule, name))
        if rule in liftable
        else Obstacle(OpenChange(kind="requirement", of=rule, why="not_liftable"))
        for rule in rules
    ]


def _build_obstacle(kind: ChangeKind, rule: str, scenario: ScenarioData) -> Obstacle:
    try:
        problem = compile_problem(scenario, wants_notices=False)
    except InputError:
        return Obstacle(OpenChange(kind=kind, of=rule, why="not_liftable"))
    return Obstacle(OpenChange(kind=kind, of=rule, why="ask_alone"), problem)


def solve_without_obstacle(
    obstacle: Obstacle,
    problem: Problem,
    row: int,
    decided: DecidedRun,
    *,
    prove: bool,
    settled_by: str | None = None,
) -> ObstacleEntry:
    """Re-optimise without the obstacle and write the entry; one solve."""
    answer = optimise(problem, OptimiseOptions(prove=prove), clock=decided.clock)
    settled = answer.is_closed and answer.canonical
    if not settled:
        return replace(obstacle.change, why="stopped", settled_by=settled_by)
    proof = answer.proof.value if answer.proof and prove else None
    assert answer.allocation is not None
    if not answer.allocation.funded[row]:
        return obstacle.build_refused_entry(proof, settled_by)
    return obstacle.build_funded_entry(int(answer.allocation.granted_cents[row]), proof, settled_by)


def _add_waiver(scenario: ScenarioData, rule: str, dossier: str) -> ScenarioData:
    waiver = WaiverSpec(of=rule, where=Selector({"dossier": dossier}))
    return _with_spec(scenario, waivers=(*scenario.spec.waivers, waiver))


def _with_spec(scenario: ScenarioData, **changed: object) -> ScenarioData:
    return replace(scenario, spec=scenario.spec.model_copy(update=changed))


@dataclass(frozen=True, slots=True, eq=False)
class LiftedBounds:
    """Formulation of the decision and bounds by its prices, from one linear program for all applications."""

    decided: DecidedRun
    form: Formulation
    bounds: GoalBounds

    @classmethod
    def of(cls, decided: DecidedRun) -> LiftedBounds:
        """Formulate the decision."""
        form = formulate(decided.problem, deadline=decided.clock.deadline)
        return cls(decided, form, GoalBounds(decided.problem))

    def is_funded(self, problem: Problem, row: int) -> bool | None:
        """Whether the optimum of `problem` funds the application; None if only a solve can decide."""
        if not problem.offers.candidate[row]:
            return None
        today = self._compute_worth(problem, self.decided.allocation)
        if today is None:
            return None
        form = formulate(problem, deadline=self.decided.clock.deadline)
        if self._compute_upper_bound(form, problem, row) < today:
            return False
        beside = self.decided.allocation.exchange([], [row], problem.offers.least_cents)
        more = self._compute_worth(problem, beside)
        return True if more is not None and more > today and self._has_all_rows(form, row) else None

    def _compute_worth(self, problem: Problem, allocation: Allocation) -> Fraction | None:
        """Return the first stage value of an allocation, more is better; None if it breaks a rule."""
        reading = read_allocation(problem, allocation)
        return (
            None
            if list_broken_rules(problem, allocation, reading)
            else _get_sense_sign(problem) * reading.values[0]
        )

    def _compute_upper_bound(self, form: Formulation, problem: Problem, row: int) -> Fraction:
        """Bound from above the first stage value of every allocation with the application, more is better."""
        stage, bound = form.stages[0], self.bounds.compute_row_bound(form, "", self.decided.clock.deadline)
        if bound.scaled is None:
            return Fraction(2**62)
        up, column = _get_sense_sign(problem), _find_column(form, row)
        most = up * bound.scaled + min(0, up * int(bound.reduced_costs[column]))
        return (Fraction(most, 1 << bound.scale) + up * stage.constant) * stage.scale

    def _has_all_rows(self, form: Formulation, row: int) -> bool:
        """Whether the model without the application's column has every row of the decision's model.

        The objective must be the same too.
        """
        ours, theirs, column = self.form.model, form.model, _find_column(form, row)
        at = {name: k for k, name in enumerate(theirs.row_names)}
        unique = len(at) == theirs.n_rows
        if theirs.n_cols != ours.n_cols + 1 or not unique or not at.keys() >= set(ours.row_names):
            return False
        retained, rows = np.arange(theirs.n_cols) != column, [at[name] for name in ours.row_names]
        entry, other = self.form.stages[0], form.stages[0]
        matrix = theirs.matrix[rows, retained]
        own = divide_rows(ours.matrix, ours.row_lower, ours.row_upper)
        yours = divide_rows(matrix, theirs.row_lower[rows], theirs.row_upper[rows])
        same = (
            *((getattr(own[0], part), getattr(yours[0], part)) for part in ("indptr", "indices", "data")),
            *zip(own[1:], yours[1:], strict=True),
            (ours.col_lower, theirs.col_lower[retained]),
            (ours.col_upper, theirs.col_upper[retained]),
            (entry.objective, other.objective[retained]),
        )
        alike = (entry.scale, entry.constant) == (other.scale, other.constant)
        return alike and all(np.array_equal(a, b) for a, b in same)


def _get_sense_sign(problem: Problem) -> int:
    return 1 if problem.stages[0].sense is Sense.MAXIMISE else -1


def _find_column(form: Formulation, row: int) -> int:
    """Return the column of the funding binary of an application."""
    return int(form.recovery.funded_columns[np.searchsorted(form.recovery.candidate, row)])
