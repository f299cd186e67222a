"""Smallest envelope that reaches a target, with the optimal list there; otherwise the obstacles.

    all                   every eligible application
    +400                  400 more applications than today
    MEASURE=N, MEASURE=+N a measure of N, or N more than today
    departments           an application in every department; `every:COLUMN` for any column
    rules                 an allocation that satisfies every rule
    rule:ID               a reported or priced rule, made hard

One solve minimises the amount (`minimum_envelope`). At that amount the scenario is optimised with
the target as one more rule. For a target that no amount reaches, the missing eligible applications
are given, or the rules in the way.

The rules in the way are a minimal correction set, found by deletion: all rules and amounts start
lifted, each is restored in turn and stays if the target remains reachable. With all of the set
lifted some amount reaches the target; with one of them restored none does, or none was found in
time.

Source: J. W. Chinneck, *Feasibility and Infeasibility in Optimization* (2008).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from tnt_sim.analysis.marginal.minimum_envelope import Change, find_least_amount
from tnt_sim.analysis.shared.envelope_path import EnvelopePath, compile_at_amount, set_amount
from tnt_sim.analysis.shared.reference_solution import relax_rule_to_report, without_prices
from tnt_sim.deadline import UNLIMITED
from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, SolveOutcome
from tnt_sim.errors import Defects, UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Text, _, _n
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kind_support.attainable_range import compute_demand
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import Groups, Terms, Unit
from tnt_sim.rules.protocols import Case, Mode, Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

MAX_LIFTED = 60
Lift = Callable[[Problem], Problem]


def find_blockers(
    problem: Problem, path: EnvelopePath, target_id: str, clock: Clock | None = None
) -> tuple[Text, ...]:
    """Find a minimal set of rules and amounts that would have to be lifted together.

    () if lifting everything is not enough, if there are more than `MAX_LIFTED`, or if the deadline
    passes before each was tested.
    """
    deadline = UNLIMITED if clock is None else clock.deadline
    top = replace(without_prices(set_amount(problem, path, path.top_cents)), stages=())
    lifts = list(_generate_lifts(top, path, target_id))
    if len(lifts) > MAX_LIFTED or not _can_reach(top, [lift for __, lift in lifts], clock):
        return ()
    lifted = lifts
    for entry in lifts:
        if deadline.expired:
            return ()
        rest = [other for other in lifted if other is not entry]
        if _can_reach(top, [lift for __, lift in rest], clock):
            lifted = rest
    return tuple(name for name, __ in lifted)


def _can_reach(problem: Problem, lifts: list[Lift], clock: Clock | None) -> bool:
    for lift in lifts:
        problem = lift(problem)
    return (
        optimise(problem, OptimiseOptions(canonical=False, prove=False), clock=clock).allocation is not None
    )


def _generate_lifts(problem: Problem, path: EnvelopePath, target_id: str) -> Iterator[tuple[Text, Lift]]:
    tree = problem.case.tree
    for node, name in enumerate(tree.ids):
        if tree.written_cents[node] is not None and node not in path.nodes:
            text = _('the amount of envelope "{name}"', name=name)
            yield text, partial(_widen_amounts, path=path, node=node)
    for limit in problem.limits:
        text = _('`{option}` of envelope "{envelope}"', option=limit.option, envelope=limit.envelope)
        yield text, partial(_without_limit, envelope=limit.envelope, option=limit.option)
    for rule in problem.table_rules:
        text = _("the column `{id}`", id=rule.id)
        yield text, partial(_without_column, rule_id=rule.id)
    for entry in problem.rules:
        if entry.mode is Mode.HARD and entry.id != target_id:
            text = _('the rule "{id}"', id=entry.id)
            yield text, partial(relax_rule_to_report, rule_id=entry.id)


def _widen_amounts(problem: Problem, path: EnvelopePath, node: int) -> Problem:
    tree = problem.case.tree
    above = [k for k in tree.list_ancestors(node) if tree.written_cents[k] is not None]
    return replace(problem, case=replace(problem.case, tree=tree.shift_amounts(above, path.top_cents)))


def _without_limit(problem: Problem, envelope: str, option: str) -> Problem:
    kept = tuple(one for one in problem.limits if (one.envelope, one.option) != (envelope, option))
    return replace(problem, limits=kept)


def _without_column(problem: Problem, rule_id: str) -> Problem:
    return replace(problem, table_rules=tuple(one for one in problem.table_rules if one.id != rule_id))


Today = Callable[[], Allocation]
TARGET = "target"
DEPARTMENT = "department"
_COUNT = re.compile(r"(?:(?P<measure>[^=+]+)=)?(?P<more>\+)?(?P<number>[^=+]+)")


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Target of a minimum-envelope question.

    Attributes
    ----------
    text, words : as the user wrote it, and in words
    rule : rule added to the problem; None for "rules", "rule:ID" and a column without values
    held : id of the existing rule that is made hard
    """

    text: str
    words: Text
    rule: Limit | None = None
    held: str | None = None

    def apply_to(self, problem: Problem) -> Problem:
        """Return the problem with the target as one more rule."""
        if self.rule is not None:
            return replace(problem, rules=(*problem.rules, self.rule))
        if self.held is None:
            return problem
        rules = tuple(
            replace(rule, mode=Mode.HARD, penalty=None) if rule.id == self.held else rule  # type: ignore[type-var]
            for rule in problem.rules
        )
        return replace(problem, rules=rules)


@dataclass(frozen=True, slots=True, eq=False)
class TargetResult:
    """Smallest envelope for a target.

    Attributes
    ----------
    target, line : the question
    lower_cents, amount_cents : no smaller amount reaches it; least known amount that does; None if
    none does
    answer : optimum of the scenario at that amount with the target; None if none
    problem : scenario with the target as one more rule, if it is reached
    missing : groups without enough eligible applications, or what all eligible ones amount to
    blocked_by : rules and amounts that would have to be lifted together
    proof : evidence that no smaller amount reaches it, or that none does
    stopped : whether a limit ended the search before anything was known
    """

    problem: Problem
    target: Target
    path: EnvelopePath
    lower_cents: int | None
    amount_cents: int | None
    answer: SolveOutcome | None
    missing: Text | None
    blocked_by: tuple[Text, ...]
    proof: Proof | None
    stopped: bool = False

    @property
    def extra_cents(self) -> int | None:
        """Return the difference from the written amount, negative if less is enough; None if there is none."""
        if self.amount_cents is None or not self.path.written:
            return None
        return self.amount_cents - self.path.amount_cents

    @property
    def exact(self) -> bool:
        """Whether the amount is known to the cent."""
        return self.amount_cents is not None and self.amount_cents == self.lower_cents


def parse_target(problem: Problem, text: str, today: Today) -> Target:
    """Parse a target.

    Parameters
    ----------
    today : returns the list from which "more" is counted
    """
    word = text.strip()
    if word == "all":
        count = Fraction(int(problem.offers.in_play.sum()))
        words = _("every eligible application")
        return Target(text, words, _build_measure_limit(problem, "dossiers", count))
    if word in ("departments", "départements", "departements") or word.startswith("every:"):
        return _build_coverage_target(problem, text, word.partition(":")[2].strip() or DEPARTMENT)
    if word == "rules":
        return Target(text, _("every rule satisfied"))
    if word.startswith("rule:"):
        return _build_rule_target(problem, text, word.removeprefix("rule:").strip())
    match = _COUNT.fullmatch(word)
    if match is None:
        raise _build_target_error(text)
    return _build_measure_target(
        problem,
        text,
        (match["measure"] or "dossiers").strip(),
        match["number"],
        today if match["more"] else None,
    )


def _build_measure_target(
    problem: Problem, text: str, measure: str, number: str, today: Today | None
) -> Target:
    terms = _build_measure_terms(problem, measure)
    try:
        wanted = Fraction(parse_cents(number), 100) if terms.unit is Unit.MONEY else parse_decimal(number)
    except MoneyError as error:
        raise _build_target_error(text, error.text) from error
    if today is not None:
        now = today()
        wanted += terms.evaluate(now.funded, now.granted_cents) * terms.scale
    number = number.strip()
    words = _('"{measure}": {number} at least', measure=measure, number=number)
    if today is not None:
        words = _('"{measure}": {number} more', measure=measure, number=number)
    return Target(text, words, _build_measure_limit(problem, measure, wanted))


def _build_coverage_target(problem: Problem, text: str, column: str) -> Target:
    """Require at least one application in each group, including groups of the map for territories."""
    case = replace(problem.case, defects=Defects())
    mapped = case.map_year is not None and column in (DEPARTMENT, "region")
    play = problem.offers.in_play
    groups = group_by_columns(case, column, "map" if mapped else None, play, play, ())
    if groups is None:
        raise _build_unknown_error(
            case, column, [name for name in case.table.columns if not name.startswith("_")]
        )
    if not groups.names:
        empty = _(
            'an application for every "{column}": no eligible application has one, so every rule satisfied',
            column=column,
        )
        return Target(text, empty)
    if column == DEPARTMENT:
        words = _("an application in every department")
    else:
        words = _('an application for every "{column}"', column=column)
    ones = np.ones(case.n, dtype=np.int64)
    terms = Terms(Fraction(1), Unit.NUMBER, ones, ones * 0)
    return Target(text, words, _build_limit(terms, groups, Fraction(1)))


def _build_rule_target(problem: Problem, text: str, name: str) -> Target:
    known = {rule.id: rule for rule in problem.rules}
    if name not in known:
        hint = suggest_name(name, sorted(known)) or NO_TEXT
        raise UsageError(
            _('there is no rule "{name}". {hint}', name=name, hint=hint),
            code="usage.target",
        )
    return Target(text, _('the rule "{name}" satisfied', name=name), held=name)


def _build_measure_terms(problem: Problem, measure: str) -> Terms:
    case = replace(problem.case, defects=Defects())
    spec = problem.scenario.spec
    named = {name: one for name, one in spec.measures.items() if one.is_in_force(spec.date)}
    measures = Measures(case, problem.offers.in_play, named)
    terms = measures.get_terms(measure, ("objective",)) if measure in measures.list_names() else None
    if terms is None:
        raise _build_unknown_error(case, measure, measures.list_names())
    return terms


def _build_measure_limit(problem: Problem, measure: str, wanted: Fraction) -> Limit:
    whole = np.zeros(problem.case.n, dtype=np.int64)
    return _build_limit(_build_measure_terms(problem, measure), Groups((None,), whole, grouped=False), wanted)


def _build_limit(terms: Terms, groups: Groups, wanted: Fraction) -> Limit:
    n = len(groups.names)
    return Limit(TARGET, "limit", Mode.HARD, terms, groups, (wanted,) * n, (None,) * n, (False,) * n)


def _build_target_error(text: str, why: Text | None = None) -> UsageError:
    return UsageError(
        _(
            '"{target}" is not a target{why}. Write all, +400, departments, every:COLUMN, '
            "MEASURE=N, MEASURE=+N, rules or rule:ID.",
            target=text,
            why=NO_TEXT if why is None else _(" ({why})", why=why),
        ),
        code="usage.target",
    )


def _build_unknown_error(case: Case, name: str, names: list[str]) -> UsageError:
    if case.defects.entries:
        return UsageError(case.defects.entries[0].text, code="usage.target")
    hint = suggest_name(name, names) or NO_TEXT
    return UsageError(
        _('"{name}" is neither a measure nor a column. {hint}', name=name, hint=hint),
        code="usage.target",
    )


def reach(
    problem: Problem, target: Target, path: EnvelopePath, *, clock: Clock | None = None, prove: bool = True
) -> TargetResult:
    """Find the smallest amount that reaches the target, and the optimal list there."""

    def build_empty_result(
        lower: int | None, proof: Proof | None, missing: Text | None = None, stops: tuple[Text, ...] = ()
    ) -> TargetResult:
        return TargetResult(problem, target, path, lower, None, None, missing, stops, proof)

    missing = _describe_shortfall(problem, target)
    if missing is not None:
        return build_empty_result(None, Proof.PROVED, missing)
    limits: tuple[Fraction, ...] = ()
    change = _build_rule_change(target)
    if target.rule is not None and not target.rule.groups.grouped:
        # A target on one sum is written as a stage, because the exact kernels solve stages.
        change, limits = _build_stage_change(target.rule.terms), (target.rule.minimum[0] or Fraction(0),)
    minimum = find_least_amount(problem, path, limits=limits, change=change, clock=clock, prove=prove)
    if minimum.unreachable:
        stops = find_blockers(target.apply_to(problem), path, target.held or TARGET, clock)
        return build_empty_result(None, minimum.proof, None, stops)
    if minimum.amount_cents is None:
        return replace(
            build_empty_result(minimum.lower_cents, minimum.proof), stopped=minimum.lower_cents is None
        )
    there = target.apply_to(compile_at_amount(problem, path, minimum.amount_cents))
    answer = optimise(there, OptimiseOptions(prove=False), clock=clock)
    return TargetResult(
        there, target, path, minimum.lower_cents, minimum.amount_cents, answer, None, (), minimum.proof
    )


def _build_rule_change(target: Target) -> Change:
    """Return the change that adds the target as a rule and removes all stages."""
    return lambda problem: replace(target.apply_to(without_prices(problem)), stages=())


def _build_stage_change(terms: Terms) -> Change:
    """Return the change that makes the target the only stage."""
    stage = ObjectiveStage(TARGET, Sense.MAXIMISE, terms)
    return lambda problem: replace(without_prices(problem), stages=(stage,))


def _describe_shortfall(problem: Problem, target: Target) -> Text | None:
    """Say what is missing if all eligible applications together, each at its highest amount, miss the target."""
    rule = target.rule
    if rule is None or any(part.worth.min(initial=0) < 0 for part in rule.terms.once):
        return None
    most = compute_demand(rule.terms, rule.groups, problem.offers)
    short = [
        (name, value)
        for name, value, wanted in zip(rule.groups.names, most, rule.minimum, strict=True)
        if wanted is not None and value < wanted
    ]
    if not short:
        return None
    if not rule.groups.grouped:
        top, requested = _format_number(short[0][1]), _format_number(rule.minimum[0] or Fraction(0))
        return _(
            "all eligible applications together come to {top}, and the target is {requested}",
            top=top,
            requested=requested,
        )
    names = ", ".join(str(name) for name, __ in short[:12]) + (", …" if len(short) > 12 else "")
    n = _n("{n} group", "{n} groups", n=len(short))
    return _("{n} without an eligible application: {names}", n=n, names=names)


def _format_number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.6g}"
