"""Marginal value of money: the least increase of an envelope, or violation of a rule, that gains one unit.

Let v_k be the value of stage k, a₀ the written amount and "unit" the smallest change of the stage
(a tenth of a point, one application)::

    envelope   min { a : value_k ≥ v_k + 1 unit, earlier stages no worse } − a₀
    rule       min { dist_r(x) : value_k ≥ v_k + 1 unit, earlier stages no worse }

Below that step nothing improves, so the range in which the solution stays optimal is [0, step).
With several stages, the one with the smallest step is returned. This exact step of the integer
problem is given beside the shadow price (dual value) of the linear relaxation, which promises a
fraction of a unit for every cent.

Where nested caps on money are all that binds, one curve per leaf of their tree answers for all
envelopes together (`analysis/shared/cap_curves.py`), and the tree alone is decided anew for the
list at the step. Steps that they leave open are intervals. Elsewhere each envelope is one solve
per stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from tnt_sim.analysis.marginal.cap_limits import compute_increase_limits
from tnt_sim.analysis.marginal.list_exchanges import find_enough_cents, find_enough_violation
from tnt_sim.analysis.marginal.minimum_envelope import (
    build_amount_stage,
    find_least_amount,
    prove_minimum,
)
from tnt_sim.analysis.shared.cap_curves import CapCurves, RaisedCaps
from tnt_sim.analysis.shared.envelope_path import (
    EnvelopePath,
    build_envelope_path,
    compile_at_amount,
    set_amount,
)
from tnt_sim.analysis.shared.goal_bounds import compute_bound_without_rules
from tnt_sim.analysis.shared.list_distance import with_first_stage, with_last_stage
from tnt_sim.analysis.shared.progress import GrowingAnswer, StudyProgress
from tnt_sim.analysis.shared.reference_solution import (
    ReferenceSolution,
    ReportProgress,
    can_relax,
    compare_allocations,
    relax_rule_to_report,
)
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.documents import Record, omit_none, spread
from tnt_sim.engine.budgets import BUDGETS, Clock
from tnt_sim.engine.lp_relaxation import NEGLIGIBLE, compute_shadow_prices
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, SolveOutcome, Status, find_weakest_proof
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import SolveStage as Stage_
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds
from tnt_sim.rules.envelopes.tree_rows import LOWERED
from tnt_sim.rules.linear_terms import Terms, Unit
from tnt_sim.rules.protocols import RowKind, RowLabel, Sense
from tnt_sim.scenario.objective import ObjectiveStage, Shortfall
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.lexicographic import solve_relaxed
from tnt_sim.values.answer_values import DualValue, Interval, Moves, Support
from tnt_sim.verify.allocation_reading import read_within_limits

DISTANCE = "distance"
MOST_SOLVED = 5_000
"""Most applications with which a step that the curves leave open is solved for; else it is an interval."""
CURVE_SHARE = 0.8
"""Share of the time in which curves are read and lists are decided; later steps have no list."""
EXCHANGE_SHARE = 0.4
"""Share of the time in which lists are read that need more money, or a rule broken, and gain."""
PRICE_SHARE = 0.3
"""Share of the time left for the shadow prices of rules."""
CERTIFICATE_SECONDS = 2.0
"""Most seconds for certificates of steps that the curves tell, when every envelope is examined."""
RISES, NEVER, BOUNDED, STOPPED = "rises", "never", "bounded", "stopped"
ENVELOPE, RULE = "envelope", "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextEuro(Record):
    """Marginal step of one envelope or one rule, and what it buys.

    Attributes
    ----------
    kind, id : "envelope" or "rule", and its id
    status : rises; never (no increase improves any stage); bounded (a limit came first, and only `most_gain` is
    known); stopped (a limit came first)
    step : least increase in euros, or least violation in the unit of the rule summed over its
    groups; an amount known to be enough is its upper bound
    goal, gain : first stage that improves, None if unknown, and by how much in the optimum at that step; where
    bounded, the first stage and no gain
    most_gain : what no step, however large, gains more than in the first stage; None if unknown
    moves : applications that enter and leave there
    n_funded, granted_cents : of that allocation
    support : evidence that a smaller step improves nothing
    """

    kind: str
    id: str
    status: str
    step: Interval = spread(Interval, low="step", high="step_upto", low_cents="step_cents")
    goal: str | None
    gain: Fraction | None
    most_gain: Fraction | None = omit_none()
    moves: Moves = spread(Moves)
    n_funded: int | None
    granted_cents: int | None
    shadow_price: DualValue = spread(DualValue, text="shadow_price")
    support: Support = spread(Support)


def compute_marginal_euros(
    base: ReferenceSolution,
    *,
    envelopes: Sequence[str] | None = None,
    rules: Sequence[str] | None = None,
    clock: Clock | None = None,
    prove: bool = True,
    report_progress: ReportProgress | None = None,
    into: list[NextEuro] | None = None,
    course: StudyProgress | None = None,
) -> tuple[NextEuro, ...]:
    """Compute the marginal step of each envelope with an amount and of each measurable hard rule.

    Parameters
    ----------
    base : reference solution
    envelopes, rules : ids to examine; by default all, without the parts of a split
    prove : whether to seek an exact certificate that a smaller step gains nothing
    into : receives the results as they come, so that Ctrl-C loses none
    course : counts the questions answered and stops at its deadline
    """
    known = {rule.id: rule for rule in base.problem.rules if can_relax(rule)}
    looked_at = [name for name in (known if rules is None else rules) if name in known]
    deadline = UNLIMITED if clock is None else clock.deadline
    names = _list_envelopes(base.problem) if envelopes is None else envelopes
    until = deadline.take_share(CURVE_SHARE)
    gains: dict[tuple[str, str], Fraction] = {}
    curves, increases = _find_increases(base, names, until, gains)
    if looked_at and not deadline.is_unlimited:
        most = compute_bound_without_rules(base.problem, deadline.take_share(EXCHANGE_SHARE))
        if most is not None:
            gains |= {(RULE, name): max(Fraction(0), most - base.answer.bests[0]) for name in looked_at}
    seconds = CERTIFICATE_SECONDS if envelopes is None else BUDGETS.question_proof_seconds * len(names)
    search = _MarginalSearch(
        base, prove, curves, increases, gains, until, deadline, deadline.tighten(seconds)
    )
    questions = [_StepQuestion(search, ENVELOPE, name) for name in names]
    questions += [_StepQuestion(search, RULE, name) for name in looked_at]
    result = [] if into is None else into
    option = course or StudyProgress(deadline, "questions")
    for question in option.improve_in_turn(questions, EXCHANGE_SHARE, report_progress, least_share=1.0):
        result.append(question.read())
        if result[-1].status == STOPPED:
            option.withdraw_item(stopped=question.name in increases)
    return tuple(result)


def _list_envelopes(problem: Problem) -> list[str]:
    """List the envelopes with a written amount, without the parts of a split."""
    tree = problem.case.tree
    parts = {node for _, groups in tree.landing.values() for node in groups.values()}
    return [name for k, name in enumerate(tree.ids) if k not in parts and tree.written_cents[k] is not None]


def _find_increases(
    base: ReferenceSolution,
    names: Sequence[str],
    deadline: Deadline,
    gains: dict[tuple[str, str], Fraction],
) -> tuple[CapCurves | None, Mapping[str, tuple[RaisedCaps, IntegerBounds]]]:
    """Return the curves of the decision, and what they tell of each envelope that they cover.

    Parameters
    ----------
    gains : receives upper limits of the gain of any increase of these envelopes
    """
    if not names:
        return None, {}
    try:
        curves = CapCurves.of(base.problem, base.allocation, deadline)
        if curves is None:
            return None, {}
        paths = [build_envelope_path(base.problem, name).restrict_upwards() for name in names]
        raised = curves.find_raised_paths(paths, deadline)
        if not base.answer.is_closed:  # a better list may need no more money, whatever rises
            raised = {name: caps for name, caps in raised.items() if caps.tree >= 0}
    except DeadlineExpired:
        return None, {}
    known = compute_increase_limits(curves, raised, deadline, optimal=base.answer.is_closed)
    enough = {name: limits.enough for name, limits in known.items()}
    until = deadline if base.answer.is_closed else Deadline(0)  # curves tell of optimal lists alone
    narrowed = curves.find_increases(raised, until, enough)
    unit = base.units[0]
    for name, limits in known.items():
        if limits.most_gain is not None:
            gains[ENVELOPE, name] = limits.most_gain * unit
    return curves, {name: (caps, narrowed[name]) for name, caps in raised.items()}


@dataclass(frozen=True)
class _MarginalSearch:
    """Questions about envelopes and rules on one reference solution."""

    base: ReferenceSolution
    prove: bool
    curves: CapCurves | None
    increases: Mapping[str, tuple[RaisedCaps, IntegerBounds]]
    gains: Mapping[tuple[str, str], Fraction]
    """Upper limits of the gain of any step in the first stage, by kind and id."""
    lists_until: Deadline
    """End of the search for lists at the amounts that the curves tell."""
    deadline: Deadline
    proofs_until: Deadline
    """End of the search for certificates of what the curves tell."""
    enough: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    """Steps that are known to be enough, by kind and id."""

    @cached_property
    def shadow_prices(self) -> Mapping[RowLabel, float]:
        """Shadow prices of rows, as far as a share of the time left at the first question on a rule goes."""
        deadline = self.deadline.take_share(PRICE_SHARE)
        try:
            form = formulate(self.base.problem, whole=False, deadline=deadline)
        except DeadlineExpired:
            return {}
        return compute_shadow_prices(form, get_backend("highs"), Limits(deadline))

    def find_enough(self, kind: str, name: str, deadline: Deadline) -> None:
        """Find a step that is enough, where a limit may end the search for the least."""
        problem, enough = self.base.problem, None
        if kind == RULE:
            soft, distance = with_distance(problem, name)
            rule = next(rule for rule in soft.rules if rule.id == name)
            enough = find_enough_violation(self.base, with_first_stage(soft, distance), rule, deadline)
        elif name not in self.increases:
            path = build_envelope_path(problem, name).restrict_upwards()
            cents = find_enough_cents(self.base, path, deadline)
            enough = None if cents is None else Fraction(cents, 100)
        if enough is not None:
            self.enough[kind, name] = enough

    def find_envelope_step(self, name: str, clock: Clock) -> NextEuro:
        """Find the least increase of an envelope that improves some stage."""
        base, deadline = self.base, clock.deadline
        path = build_envelope_path(base.problem, name)
        if name in self.increases and (self.increases[name][1].exact or not self._can_solve(deadline)):
            return self._read_curve(path.restrict_upwards(), clock)
        price = compute_shadow_price(base.problem, path, deadline)
        result = [
            find_least_amount(
                base.problem,
                path.restrict_upwards(),
                limits=base.compute_better_limits(k),
                clock=clock,
                prove=self.prove,
            )
            for k in range(len(base.problem.stages))
        ]
        proof = find_weakest_proof(one.proof for one in result)
        rising = [(one.lower_cents, k) for k, one in enumerate(result) if one.lower_cents is not None]
        if not rising:
            stopped = not all(one.unreachable for one in result)
            if stopped:
                return self.read_limits(ENVELOPE, name, price, proof)
            return _build_result(ENVELOPE, name, NEVER, Interval(None, None, "€"), price, proof)
        lower, k = min(rising)
        step, upper = Fraction(max(0, lower - path.amount_cents), 100), None
        there, amount = None, result[k].amount_cents
        if amount is None:
            upper = self.enough.get((ENVELOPE, name))
            upper = None if upper is None else max(step, upper)
        else:
            upper = Fraction(max(0, amount - path.amount_cents), 100)
            there = optimise(
                compile_at_amount(base.problem, path, amount), OptimiseOptions(prove=False), clock=clock
            )
        return self._build_rise(ENVELOPE, name, "€", (step, upper), k, there, price, proof)

    def _can_solve(self, deadline: Deadline) -> bool:
        """Whether a solve may still tell what the curves left open."""
        few = int(self.base.problem.offers.candidate.sum()) <= MOST_SOLVED
        return few and not deadline.expired

    def _read_curve(self, path: EnvelopePath, clock: Clock) -> NextEuro:
        """Read the least increase of an envelope from the curves, and decide its tree anew there."""
        assert self.curves is not None
        base, (raised, bounds) = self.base, self.increases[path.id]
        price = 0.0
        if raised.tree >= 0:
            tree = self.curves.trees[raised.tree]
            price = tree.compute_shadow_price(raised) * float(self.base.units[0]) * 100 / tree.task.unit
        if not bounds.exact:
            there = None if bounds.high == FAR else self._decide_raised(path, raised, bounds.high)
            return self.read_limits(ENVELOPE, path.id, price, Proof.FEASIBLE_GAP, there)
        least_cents = None if bounds.low == FAR else path.amount_cents + bounds.low
        proof = prove_minimum(
            base.problem, path, base.compute_better_limits(0), least_cents, self.prove, self.proofs_until
        )
        if least_cents is None:
            return self.read_limits(ENVELOPE, path.id, price, proof or Proof.FEASIBLE_GAP)
        there = self._decide_raised(path, raised, bounds.high)
        if there is None and not self.lists_until.expired:  # a tie was left open
            there = optimise(
                compile_at_amount(base.problem, path, least_cents),
                OptimiseOptions(prove=False),
                clock=clock,
            )
        return self.read_limits(ENVELOPE, path.id, price, proof or Proof.FEASIBLE_GAP, there)

    def add_most_gain(self, euro: NextEuro) -> NextEuro:
        """Add what no step gains more than; what a limit stopped is bounded by it."""
        most = self.gains.get((euro.kind, euro.id))
        if most is None or euro.status == NEVER:
            return euro
        euro = replace(euro, most_gain=most)
        if euro.status != STOPPED:
            return euro
        return replace(euro, status=BOUNDED, goal=self.base.problem.stages[0].goal)

    def read_limits(
        self,
        kind: str,
        name: str,
        price: float | None = None,
        proof: Proof | None = Proof.FEASIBLE_GAP,
        there: SolveOutcome | None = None,
    ) -> NextEuro:
        """Read the limits of the least step of an envelope or a rule that are known.

        Parameters
        ----------
        there : the decision at the upper limit
        """
        unit = "€" if kind == ENVELOPE else self._get_unit(name)
        low, high = Fraction(0), self.enough.get((kind, name))
        if kind == ENVELOPE and name in self.increases:
            bounds = self.increases[name][1]
            if bounds.low == FAR:
                return _build_result(kind, name, NEVER, Interval(None, None, unit), price, proof)
            low, high = Fraction(bounds.low, 100), None if bounds.high == FAR else Fraction(bounds.high, 100)
        if high is None and not low:
            return _build_result(kind, name, STOPPED, Interval(None, None, unit), price, proof)
        euro = self._build_rise(kind, name, unit, (low, high), 0, there, price, proof)
        known = euro.gain is not None or len(self.base.problem.stages) == 1
        return euro if known else replace(euro, goal=None)  # which goal gains is open

    def _get_unit(self, name: str) -> str:
        """Return the unit of the violation of a rule."""
        rule = next(rule for rule in self.base.problem.rules if rule.id == name)
        return "€" if rule.distance_unit is Unit.MONEY else "1"

    def _decide_raised(self, path: EnvelopePath, raised: RaisedCaps, cents: int) -> SolveOutcome | None:
        """Decide the tree of some raised caps anew, and read the list at the greater amount."""
        assert self.curves is not None
        problem, offers = self.base.problem, self.base.problem.offers
        if self.lists_until.expired or not self.base.answer.canonical:
            return None
        columns = self.curves.decide_raised(raised, cents, self.lists_until)
        if columns is None:
            return None
        rows = self.curves.form.recovery.candidate
        allocation = self.base.allocation.exchange(rows, rows[columns], offers.most_cents)
        there = set_amount(problem, path, path.amount_cents + cents)
        reading = read_within_limits(there, allocation, self.base.compute_better_limits(0))
        assert reading is not None, "the list breaks a rule at the amount that was found for it"
        return SolveOutcome.of_list(allocation, reading, "tree", canonical=True, claimed=True)

    def find_rule_step(self, name: str, clock: Clock) -> NextEuro:
        """Find the least violation of a rule that improves some stage."""
        soft, distance = with_distance(self.base.problem, name)
        unit = "€" if distance.terms.unit is Unit.MONEY else "1"
        price = max((p for label, p in self.shadow_prices.items() if _is_rule(label, name)), default=None)
        result = [self._minimise_distance(soft, distance, k, clock) for k in range(len(soft.stages))]
        proof = find_weakest_proof(one.proof for one in result)
        rising = [(one.values[-1], k) for k, one in enumerate(result) if one.is_closed]
        if not rising:
            stopped = not all(one.status is Status.INFEASIBLE for one in result)
            if stopped:
                return self.read_limits(RULE, name, price, proof)
            return _build_result(RULE, name, NEVER, Interval(None, None, unit), price, proof)
        step, k = min(rising)
        given = with_first_stage(soft, distance)
        there = optimise(
            given, OptimiseOptions(kept_values=(step,), canonical=False, prove=False), clock=clock
        )
        return self._build_rise(RULE, name, unit, (step, step), k, there, price, proof)

    def _minimise_distance(
        self, soft: Problem, distance: ObjectiveStage, stage: int, clock: Clock
    ) -> SolveOutcome:
        return optimise(
            with_last_stage(soft, stage + 1, distance),
            OptimiseOptions(
                kept_values=tuple(self.base.compute_better_limits(stage)),
                n_stages=1,
                least_granted=False,
                canonical=False,
                prove=self.prove,
            ),
            clock=clock,
        )

    def _build_rise(
        self,
        kind: str,
        name: str,
        unit: str,
        steps: tuple[Fraction, Fraction | None],
        stage: int,
        there: SolveOutcome | None,
        price: float | None,
        proof: Proof | None,
    ) -> NextEuro:
        base = self.base
        goal = base.problem.stages[stage].goal
        if (
            there is None or there.allocation is None or not there.is_closed
        ):  # stopped by a limit: gain unknown
            return _build_result(kind, name, RISES, Interval(*steps, unit), price, proof, goal)
        first = len(there.values) - len(base.answer.values)
        gain = there.bests[first + stage] - base.answer.bests[stage]
        moves = compare_allocations(base.problem, base.allocation, there.allocation)
        return replace(
            _build_result(kind, name, RISES, Interval(*steps, unit), price, proof, goal),
            gain=gain,
            moves=moves,
            n_funded=int(there.allocation.funded.sum()),
            granted_cents=there.granted_cents,
        )


@dataclass
class _StepQuestion(GrowingAnswer):
    """Question on one envelope or one rule: a step that is enough, then the least one."""

    search: _MarginalSearch
    kind: str
    name: str
    euro: NextEuro | None = None

    @property
    def bounds(self) -> Interval:
        """Bounds of the step."""
        return self.read().step

    def find_bounds(self, until: Deadline) -> None:
        """Look for a list that tells a step which is enough."""
        self.search.find_enough(self.kind, self.name, until)

    def find_answer(self, until: Deadline) -> None:
        """Find the least step."""
        find = self.search.find_envelope_step if self.kind == ENVELOPE else self.search.find_rule_step
        self.euro = self.search.add_most_gain(find(self.name, Clock.from_deadline(until)))

    def read(self) -> NextEuro:
        """Read the step, or the limits that are known."""
        return self.euro or self.search.add_most_gain(self.search.read_limits(self.kind, self.name))


def compute_shadow_price(
    problem: Problem, path: EnvelopePath, deadline: Deadline = UNLIMITED
) -> float | None:
    """Return the dual value of an envelope's amount in the linear relaxation.

    It is the reduced cost of the column that lowers the amount, fixed where the amount is the
    written one.
    """
    opened, _ = build_amount_stage(problem, path, path.top_cents)
    try:
        form = formulate(opened, whole=False, deadline=deadline)
    except DeadlineExpired:
        return None
    model, stage = form.model, form.stages[0]
    column = list(model.col_names).index(LOWERED)
    low, high = model.col_lower.copy(), model.col_upper.copy()
    low[column] = high[column] = path.top_cents - path.amount_cents
    first = Stage_(stage.name, stage.objective, stage.sense)
    relaxed = solve_relaxed(model.with_bounds(low, high), [first], get_backend("highs"), Limits(deadline))[0]
    if relaxed.reduced_costs is None or relaxed.termination is not Termination.OPTIMAL:
        return None
    price = abs(float(relaxed.reduced_costs[column])) * float(stage.scale) * 100
    return price if price > NEGLIGIBLE else 0.0


def _is_rule(label: RowLabel, name: str) -> bool:
    return label.kind is RowKind.RULE and label.id == name


def _build_result(
    kind: str,
    name: str,
    status: str,
    step: Interval,
    price: float | None,
    proof: Proof | None,
    goal: str | None = None,
) -> NextEuro:
    """Return what is known of a step without a list there."""
    return NextEuro(
        kind=kind,
        id=name,
        status=status,
        step=step,
        goal=goal,
        gain=None,
        moves=Moves(),
        n_funded=None,
        granted_cents=None,
        shadow_price=DualValue(price, step.unit),
        support=Support(proof),
    )


def with_distance(problem: Problem, rule_id: str) -> tuple[Problem, ObjectiveStage]:
    """Relax a rule to a report and build the stage that minimises its violation."""
    soft = relax_rule_to_report(problem, rule_id)
    own = next(rule for rule in soft.rules if rule.id == rule_id)
    unit = own.distance_unit
    zeros = problem.granted.per_funded * 0
    part = Shortfall(own, Fraction(1), 1, unit)
    return soft, ObjectiveStage(
        DISTANCE, Sense.MINIMISE, Terms(Fraction(1), unit, zeros, zeros), goal_parts=(part,)
    )
