"""What the next euro buys: the least that must be added to an envelope, or given way on a rule, for one unit more.

    envelope   least { a : value_k ≥ v_k + 1 unit, the stages before no worse } − a₀
    rule       least { distance of the rule to its bounds : the same }

Before that nothing rises, whatever is spent: the range in which the answer holds is [0, least). The unit is the
stage's own (a tenth of a point, a dossier). With several stages the one that rises for least is told. Beside it
stands the shadow price of the linear program, which promises a share of a unit for every cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tnt_sim.analysis.marginal.minimum_envelope import amount_stage, least_amount
from tnt_sim.analysis.shared.envelope_path import Line, line_of, really_at
from tnt_sim.analysis.shared.list_distance import with_first_stage, with_last_stage
from tnt_sim.analysis.shared.progress import Course
from tnt_sim.analysis.shared.reference_solution import (
    Base,
    Moves,
    Tell,
    gives_way,
    moves,
    tell_of,
    told_only,
    unit_of,
)
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.lp_relaxation import NEGLIGIBLE, first_prices
from tnt_sim.engine.optimise import ask
from tnt_sim.engine.result import Answer, Proof, Status
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import Stage as Stage_
from tnt_sim.rules.envelopes.tree_rows import LOWERED
from tnt_sim.rules.linear_terms import Terms, Unit
from tnt_sim.rules.protocols import RowKind, RowLabel
from tnt_sim.scenario.objective import Sense, Shortfall, Stage
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.lexicographic import solve_relaxed

DISTANCE = "distance"
RISES, NEVER, STOPPED = "rises", "never", "stopped"


@dataclass(frozen=True, slots=True)
class NextEuro:
    """What the next euro of an envelope, or the next unit of a rule, buys.

    Attributes
    ----------
    kind, id : « envelope » or « rule », and its id
    status : rises; never (no more of it raises anything); stopped (a limit came first)
    step : the least that must be added (euros), or by which the rule must give way (the unit of its measure, over
        all its groups together); None when none does
    upper : for an amount that could not be settled to the cent, one that is enough; else the step again
    unit : what the step counts
    stage, gain : which goal rises first, and by how much it stands higher in the best allocation there
    bought : who enters and who leaves then
    n_funded, granted_cents : of that allocation
    shadow_price : what the linear program promises per unit of the step, in the first goal's unit
    proof : what supports « nothing rises before »
    """

    kind: str
    id: str
    status: str
    step: Fraction | None
    upper: Fraction | None
    unit: str
    stage: str | None
    gain: Fraction | None
    bought: Moves | None
    n_funded: int | None
    granted_cents: int | None
    shadow_price: float | None
    proof: Proof | None

    @property
    def exact(self) -> bool:
        """Whether the step is known to the cent."""
        return self.step is not None and self.step == self.upper


def next_euros(
    base: Base,
    *,
    envelopes: Sequence[str] | None = None,
    rules: Sequence[str] | None = None,
    clock: Clock | None = None,
    prove: bool = True,
    tell: Tell | None = None,
    into: list[NextEuro] | None = None,
    course: Course | None = None,
) -> tuple[NextEuro, ...]:
    """The next euro of each envelope with an amount, and of each hard rule with a distance to give way by.

    Parameters
    ----------
    base : the scenario as it stands
    envelopes, rules : those to look at; all by default, parts of a split left out
    prove : seek an exact certificate that nothing rises before
    into : filled as answers come, so that Ctrl-C loses none
    course : counts the questions answered, and ends them when its deadline has passed
    """
    known = {rule.id: rule for rule in base.problem.rules if gives_way(rule)}
    looked_at = [name for name in (known if rules is None else rules) if name in known]
    deadline = UNLIMITED if clock is None else clock.deadline
    asked = _Asked(base, clock, prove, _shadow_prices(base, deadline) if looked_at else {})
    wanted = [
        (name, asked.envelope) for name in (_envelopes(base.problem) if envelopes is None else envelopes)
    ]
    wanted += [(name, asked.rule) for name in looked_at]
    found = [] if into is None else into
    way = course or Course(deadline, "questions")
    for k, (name, question) in enumerate(way.each(wanted)):
        tell_of(tell, name, k / len(wanted))
        found.append(question(name))
        if found[-1].status == STOPPED:
            way.unanswered()
    return tuple(found)


def _envelopes(problem: Problem) -> list[str]:
    """Every envelope with an amount that is written."""
    tree = problem.case.tree
    parts = {node for _, groups in tree.landing.values() for node in groups.values()}
    return [name for k, name in enumerate(tree.ids) if k not in parts and tree.written_cents[k] is not None]


def _shadow_prices(base: Base, deadline: Deadline) -> Mapping[RowLabel, float]:
    try:
        form = formulate(base.problem, whole=False, deadline=deadline)
    except DeadlineExpired:
        return {}
    return first_prices(form, get_backend("highs"), Limits(deadline))


@dataclass(frozen=True)
class _Asked:
    """One question after the other, all from one base."""

    base: Base
    clock: Clock | None
    prove: bool
    prices: Mapping[RowLabel, float]

    def envelope(self, name: str) -> NextEuro:
        """The least to add to an envelope, over the goals that can rise."""
        base = self.base
        line = line_of(base.problem, name)
        deadline = UNLIMITED if self.clock is None else self.clock.deadline
        price = shadow_price(base.problem, line, deadline)
        found = [
            least_amount(
                base.problem, line.upwards(), kept=base.better(k), clock=self.clock, prove=self.prove
            )
            for k in range(len(base.problem.stages))
        ]
        proof = _weakest([one.proof for one in found])
        rising = [(one.lower_cents, k) for k, one in enumerate(found) if one.lower_cents is not None]
        if not rising:
            stopped = not all(one.unreachable for one in found)
            return _nothing("envelope", name, "€", price, proof, stopped=stopped)
        lower, k = min(rising)
        step, upper = Fraction(max(0, lower - line.amount_cents), 100), None
        there, amount = None, found[k].amount_cents
        if amount is not None:
            upper = Fraction(max(0, amount - line.amount_cents), 100)
            there = ask(really_at(base.problem, line, amount), clock=self.clock, prove=False)
        return self._told("envelope", name, "€", (step, upper), k, there, price, proof)

    def rule(self, name: str) -> NextEuro:
        """The least by which a rule must give way."""
        soft, distance = with_distance(self.base.problem, name)
        unit = "€" if distance.terms.unit is Unit.MONEY else "1"
        price = max((p for label, p in self.prices.items() if _is_rule(label, name)), default=None)
        found = [self._distance(soft, distance, k) for k in range(len(soft.stages))]
        proof = _weakest([one.proof for one in found])
        rising = [(one.values[-1], k) for k, one in enumerate(found) if one.is_closed]
        if not rising:
            stopped = not all(one.status is Status.INFEASIBLE for one in found)
            return _nothing("rule", name, unit, price, proof, stopped=stopped)
        step, k = min(rising)
        given = with_first_stage(soft, distance)
        there = ask(given, kept=(step,), clock=self.clock, canonical=False, prove=False)
        return self._told("rule", name, unit, (step, step), k, there, price, proof)

    def _distance(self, soft: Problem, distance: Stage, stage: int) -> Answer:
        return ask(
            with_last_stage(soft, stage + 1, distance),
            kept=self.base.better(stage),
            goals=1,
            least=False,
            canonical=False,
            prove=self.prove,
            clock=self.clock,
        )

    def _told(
        self,
        kind: str,
        name: str,
        unit: str,
        steps: tuple[Fraction, Fraction | None],
        stage: int,
        there: Answer | None,
        price: float | None,
        proof: Proof | None,
    ) -> NextEuro:
        base = self.base
        goal = base.problem.stages[stage].goal
        if there is None or there.allocation is None or not there.is_closed:  # a list at a limit is no gain
            return NextEuro(kind, name, RISES, *steps, unit, goal, None, None, None, None, price, proof)
        first = len(there.values) - len(base.answer.values)
        gain = there.bests[first + stage] - base.answer.bests[stage]
        return NextEuro(
            kind=kind,
            id=name,
            status=RISES,
            step=steps[0],
            upper=steps[1],
            unit=unit,
            stage=goal,
            gain=gain,
            bought=moves(base.problem, base.allocation, there.allocation),
            n_funded=int(there.allocation.funded.sum()),
            granted_cents=there.granted_cents,
            shadow_price=price,
            proof=proof,
        )


def shadow_price(problem: Problem, line: Line, deadline: Deadline = UNLIMITED) -> float | None:
    """What the linear program pays for a euro more of an envelope, in the first goal's unit.

    None without prices, or where the deadline came first.

    It is the reduced cost of the column that lowers the amount, held where the amount is the written one.
    """
    opened, _ = amount_stage(problem, line, line.top_cents)
    try:
        form = formulate(opened, whole=False, deadline=deadline)
    except DeadlineExpired:
        return None
    model, stage = form.model, form.stages[0]
    column = list(model.col_names).index(LOWERED)
    low, high = model.col_lower.copy(), model.col_upper.copy()
    low[column] = high[column] = line.top_cents - line.amount_cents
    first = Stage_(stage.name, stage.objective, stage.sense)
    found = solve_relaxed(model.with_bounds(low, high), [first], get_backend("highs"), Limits(deadline))[0]
    if found.reduced_costs is None or found.termination is not Termination.OPTIMAL:
        return None
    price = abs(float(found.reduced_costs[column])) * float(stage.scale) * 100
    return price if price > NEGLIGIBLE else 0.0


def _is_rule(label: RowLabel, name: str) -> bool:
    return label.kind is RowKind.RULE and label.id == name


def _nothing(
    kind: str, name: str, unit: str, price: float | None, proof: Proof | None, *, stopped: bool
) -> NextEuro:
    status = STOPPED if stopped else NEVER
    return NextEuro(kind, name, status, None, None, unit, None, None, None, None, None, price, proof)


def _weakest(proofs: Sequence[Proof | None]) -> Proof | None:
    """That nothing rises before stands on what is known of every goal."""
    if all(proof is Proof.PROVED for proof in proofs):
        return Proof.PROVED
    return None if None in proofs else Proof.FEASIBLE_GAP


def with_distance(problem: Problem, rule_id: str) -> tuple[Problem, Stage]:
    """The problem with a rule that binds nobody, and the stage that brings it as near to its bounds as can be."""
    soft = told_only(problem, rule_id)
    mine = next(rule for rule in soft.rules if rule.id == rule_id)
    unit = unit_of(mine)
    zeros = problem.granted.per_funded * 0
    part = Shortfall(mine, Fraction(1), 1, unit)
    return soft, Stage(DISTANCE, Sense.MINIMISE, Terms(Fraction(1), unit, zeros, zeros), parts=(part,))
