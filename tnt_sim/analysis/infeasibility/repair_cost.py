"""Cost of a correction: the least euros, then the fewest units, by which its bounds must give way.

For the entries of a correction T the bounds become elastic with slack s ≥ 0; every other constraint
stays, and entries of T that bind as a whole are lifted::

    lexmin  ( Σ_money s,  Σ_numbers s )

The slack of an envelope is an addition to what it may grant, and to what the envelopes of T above it may grant:
the money is counted once. The slack is read from the solution in
exact integers, added to the bounds, and the eased problem is checked again.

Source for elastic programming: J. W. Chinneck, *Feasibility and Infeasibility in Optimization*
(2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.infeasibility.conflict_search import Keys, Lines, without_goal
from tnt_sim.analysis.infeasibility.elastic_problem import ElasticProblem, LiftableBound, WrittenPart
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import IntArray
from tnt_sim.formulation.linear_model import SolveStage as ModelStage
from tnt_sim.rules.envelopes.tree_rows import format_relief_name
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.linear_terms import Terms, Unit
from tnt_sim.rules.protocols import CompiledRule, LimitedSum, Mode, Penalty, Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.lexicographic import StagesOutcome, solve_lexicographic
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

MONEY_STAGE, NUMBER_STAGE = 0, 1
MOST_SECONDS, PROOF_SECONDS = 15.0, 2.0
"""Seconds for each solve of a repair (its cost, the optimum after it), and for the proof of minimality."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleRepair:
    """One repair of an infeasible problem.

    Attributes
    ----------
    fix : keys of the entries that may change
    eased : slack of each bound, in its unit (euros for money)
    lifted : lines that are removed
    cents : Σ of the money slacks
    added_cents : Σ of those of envelopes, the money that is added
    units : Σ of the other slacks
    least : whether the solver ended with the least sum of euros, then of units, through these
    entries
    least_proven : whether one cent less is proved infeasible; None if not asked
    allocation : allocation that satisfies everything after the repair, checked
    best : optimum after the repair
    written : slack of each bound as the scenario can write it, groups of one rule together
    set_texts : the `--set` texts that write it, or None
    """

    fix: Keys
    eased: Mapping[LiftableBound, Fraction]
    lifted: Lines
    cents: int
    added_cents: int
    units: Fraction
    least: bool
    least_proven: bool | None
    allocation: Allocation
    best: SolveOutcome | None
    written: Mapping[LiftableBound, Fraction]
    set_texts: tuple[str, ...] | None = None

    @property
    def touched(self) -> Keys:
        """Return the keys of the entries that change."""
        return frozenset(line.entry for line in (*self.eased, *self.lifted))


def minimise_repair_cost(form: ElasticProblem, fix: Keys, clock: Clock) -> RuleRepair | None:
    """Find the cheapest repair through the entries `fix`, which `conflict_search` chose; None if time ran out."""
    solved = _solve_slacks(form, fix, clock)
    if solved is None:
        return None
    allocation, eased, whole = solved.allocation, solved.eased, solved.whole
    retained = form.lines - whole
    problem = form.restrict_to_bounds(retained, _raise_above(form, eased, fix))
    if list_broken_rules(problem, allocation, read_allocation(problem, allocation)):
        return None
    numbers = [slack for line, slack in eased.items() if form.get_entry(line.entry).unit is not Unit.MONEY]
    return RuleRepair(
        fix=fix,
        eased=eased,
        lifted=whole,
        cents=_sum_cents(form, eased),
        added_cents=sum(
            int(slack / CENT)
            for line, slack in eased.items()
            if form.get_entry(line.entry).kind == "envelope"
        ),
        units=sum(numbers, Fraction(0)),
        least=solved.is_least,
        least_proven=None,
        allocation=allocation,
        best=optimise_repaired(form.restrict_to_bounds(retained, _raise_above(form, eased)), clock),
        written=eased,
    )


def find_cheapest_entries(form: ElasticProblem, clock: Clock) -> Keys | None:
    """Find the entries through which an allocation exists for the least money, over all sets of entries.

    A minimal correction need not be the cheapest: two bounds that give way a little may cost less than one that
    gives way alone. All entries are relaxed at once; an entry that binds as a whole is then restored where the
    money stays the same. Returns None if time ran out.
    """
    solved = _solve_slacks(form, frozenset(entry.key for entry in form.entries), clock)
    if solved is None:
        return None
    cheapest = _list_touched(form, solved)
    for key in sorted(cheapest):
        if not _can_relax(form.get_entry(key)):
            without = _solve_slacks(form, cheapest - {key}, clock)
            if without is not None and _sum_cents(form, without.eased) == _sum_cents(form, solved.eased):
                cheapest = _list_touched(form, without)
    return cheapest


def _list_touched(form: ElasticProblem, solved: _SolvedSlacks) -> Keys:
    """Return the entries that give way, envelopes with those above, and the lifted ones that are violated."""
    violated = form.find_violated_bounds(solved.allocation) & solved.whole
    return frozenset(line.entry for line in (*_raise_above(form, solved.eased), *violated))


def _sum_cents(form: ElasticProblem, eased: Mapping[LiftableBound, Fraction]) -> int:
    return sum(
        int(slack / CENT) for line, slack in eased.items() if form.get_entry(line.entry).unit is Unit.MONEY
    )


@dataclass(frozen=True, slots=True, eq=False)
class _SolvedSlacks:
    """Least slacks through some entries: an allocation, what gives way, what is lifted, whether it is least."""

    allocation: Allocation
    eased: Mapping[LiftableBound, Fraction]
    whole: Lines
    is_least: bool


def _solve_slacks(form: ElasticProblem, fix: Keys, clock: Clock) -> _SolvedSlacks | None:
    touched = [form.get_entry(key) for key in sorted(fix)]
    whole = frozenset(line for entry in touched if not _can_relax(entry) for line in entry.lines)
    form_of = _build_elastic_form(form, touched)
    outcome = _solve_form(form_of, clock)
    if outcome.values is None:
        return None
    allocation = Allocation(*form_of.recovery.compute_awards(outcome.values))
    eased = {
        **_read_violations(touched, allocation),
        **_read_reliefs(touched, form_of, outcome.values),
    }
    return _SolvedSlacks(allocation, eased, whole, outcome.is_optimal)


def prove_least(form: ElasticProblem, repair: RuleRepair, clock: Clock) -> RuleRepair:
    """Return the repair with a proof that one cent less is too little; only for a single money bound."""
    if repair.least_proven is not None or not (len(repair.eased) == 1 and repair.cents):
        return repair
    less = {line: slack - CENT for line, slack in repair.eased.items()}
    less = _raise_above(form, less, repair.fix)
    proven = _is_infeasible(form.restrict_to_bounds(form.lines - repair.lifted, less), clock)
    return replace(repair, least_proven=proven)


def _raise_above(
    form: ElasticProblem, eased: Mapping[LiftableBound, Fraction], fix: Keys | None = None
) -> dict[LiftableBound, Fraction]:
    """Raise the envelopes above each eased one by the same amount; with `fix` only those among its entries."""
    tree = form.problem.case.tree
    result = dict(eased)
    for line, slack in eased.items():
        entry = form.get_entry(line.entry)
        if entry.kind == "envelope":
            for node in tree.list_ancestors(entry.node)[1:]:
                above = LiftableBound(f"envelope:{tree.ids[node]}")
                if fix is None or above.entry in fix:
                    result[above] = result.get(above, Fraction(0)) + slack
    return result


def _can_relax(entry: WrittenPart) -> bool:
    """Whether the slack of an entry is measurable; decisions and entries that bind as a whole are not."""
    return entry.kind == "envelope" or bool(entry.limits)


def _build_elastic_form(form: ElasticProblem, touched: list[WrittenPart]) -> Formulation:
    """Build the model in which the bounds of some entries are elastic, priced by the cent and by the unit."""
    keys = {entry.key for entry in touched}
    held = frozenset(line for line in form.lines if line.entry not in keys)
    amounts = frozenset(LiftableBound(entry.key) for entry in touched if entry.kind == "envelope")
    problem = form.restrict_to_bounds(held | amounts)
    hard = [rule for rule in problem.rules if rule.mode is Mode.HARD]
    soft = [
        _add_penalty(side, entry.unit)
        for entry in touched
        for limit in entry.limits
        for side in _split_crossed(limit)
    ]
    relief = {entry.node: _build_penalty(Unit.MONEY).soft for entry in touched if entry.kind == "envelope"}
    stages = (
        _build_zero_stage("euros", problem, Unit.MONEY),
        _build_zero_stage("units", problem, Unit.NUMBER),
    )
    return formulate(replace(problem, rules=(*hard, *soft), stages=stages), relief=relief)


def _split_crossed(limit: LimitedSum) -> list[LimitedSum]:
    """Return a limit as two, one for each side, where a minimum is above its maximum: one row cannot be both."""
    pairs = zip(limit.minimum, limit.maximum, strict=True)
    if all(low is None or high is None or low <= high for low, high in pairs):
        return [limit]
    none = (None,) * len(limit.groups.names)
    low: LimitedSum = replace(limit, maximum=none)  # type: ignore[type-var]
    high: LimitedSum = replace(limit, id=f"{limit.id}.max", minimum=none)  # type: ignore[type-var]
    return [low, high]


def _build_penalty(unit: Unit) -> Penalty:
    """Return a penalty of one for each cent, or one for each unit."""
    return Penalty(MONEY_STAGE, Fraction(100)) if unit is Unit.MONEY else Penalty(NUMBER_STAGE, Fraction(1))


def _add_penalty(limit: CompiledRule, unit: Unit) -> CompiledRule:
    priced: CompiledRule = replace(limit, mode=Mode.PENALTY, penalty=_build_penalty(unit))  # type: ignore[type-var]
    return priced


def _build_zero_stage(name: str, problem: Problem, unit: Unit) -> ObjectiveStage:
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    return ObjectiveStage(name, Sense.MINIMISE, Terms(Fraction(1), unit, zeros, zeros))


def _solve_form(form: Formulation, clock: Clock) -> StagesOutcome:
    stages = [ModelStage(s.name, s.objective, s.sense, s.tolerance, s.constant) for s in form.stages]
    return solve_lexicographic(form.model, stages, get_backend("highs"), _shorten_clock(clock).build_limits())


def _read_violations(touched: list[WrittenPart], allocation: Allocation) -> dict[LiftableBound, Fraction]:
    """Return the violations of the bounds of some entries by an allocation; money rounded up to cents."""
    result = {}
    for entry in touched:
        for limit in entry.limits:
            for figure in limit.read(allocation.funded, allocation.granted_cents).readings:
                value = Fraction(figure.num, figure.den)
                low = Fraction(0) if figure.minimum is None else figure.minimum - value
                high = Fraction(0) if figure.maximum is None else value - figure.maximum
                for side, slack in (("min", low), ("max", high)):
                    if slack > 0:
                        whole = -(-slack // CENT) * CENT if entry.unit is Unit.MONEY else slack
                        result[LiftableBound(entry.key, figure.group or "", side)] = whole
    return result


def _read_reliefs(
    touched: list[WrittenPart], form: Formulation, x: IntArray
) -> dict[LiftableBound, Fraction]:
    """Read from the solution what is added to the envelope amounts."""
    names = list(form.model.col_names)
    result = {}
    for entry in touched:
        if entry.kind == "envelope" and (cents := int(x[names.index(format_relief_name(entry.id))])):
            result[LiftableBound(entry.key)] = cents * CENT
    return result


def _is_infeasible(problem: Problem, clock: Clock) -> bool:
    """Whether a problem is proved infeasible."""
    try:
        answer = optimise(
            without_goal(problem),
            OptimiseOptions(least_granted=False, canonical=False),
            clock=_shorten_clock(clock, PROOF_SECONDS),
        )
    except LimitReached:
        return False
    return answer.allocation is None and answer.proof is not None


def _shorten_clock(clock: Clock, seconds: float = MOST_SECONDS) -> Clock:
    return Clock.from_deadline(clock.deadline.tighten(seconds))


def optimise_repaired(problem: Problem, clock: Clock) -> SolveOutcome | None:
    """Return the optimum after a repair, within the time of one solve; None if time ran out before any."""
    try:
        return optimise(
            problem,
            OptimiseOptions(least_granted=False, canonical=False, prove=False, method="direct"),
            clock=_shorten_clock(clock),
        )
    except LimitReached:
        return None
