"""Exact check of an allocation from the problem's data, in integers and fractions, without matrix or solver.

`read_allocation` computes all figures; `list_broken_rules` lists all violations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.envelopes.tree_reading import EnvelopeReading, read_envelopes
from tnt_sim.rules.kinds.dossier_links import VARIANTS
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Unit, sum_exactly
from tnt_sim.rules.offers.caps import KIND as CAP
from tnt_sim.rules.offers.caps import read_caps
from tnt_sim.rules.protocols import Mode, Reading, RuleReading, Sense
from tnt_sim.scenario.problem import Problem

MAX_DEFECTS = 20


@dataclass(frozen=True, slots=True)
class Allocation:
    """Allocation by rank of the dossiers: funded, bool (n,), and granted_cents, int64 (n,)."""

    funded: BoolArray
    granted_cents: IntArray

    def exchange(
        self, out: Sequence[int] | IntArray, into: Sequence[int] | IntArray, cents: IntArray
    ) -> Allocation:
        """Return the allocation without some dossiers and with others, at their amounts in `cents`."""
        funded, granted = self.funded.copy(), self.granted_cents.copy()
        funded[out], granted[out] = False, 0
        funded[into], granted[into] = True, cents[into]
        return Allocation(funded, granted)


@dataclass(frozen=True, slots=True)
class AllocationReading:
    """All figures of one allocation, exact.

    Attributes
    ----------
    granted_cents : total granted
    values : value of each stage of the objective, in its unit
    envelopes : figures of the envelopes
    rules : figures of the rules, in the order of the problem, then of the caps
    """

    granted_cents: int
    values: tuple[Fraction, ...]
    envelopes: EnvelopeReading
    rules: tuple[RuleReading, ...]


def read_allocation(problem: Problem, allocation: Allocation) -> AllocationReading:
    """Compute all envelope, rule and objective figures of an allocation."""
    funded, granted = allocation.funded, allocation.granted_cents
    rules = tuple(rule.read(funded, granted) for rule in problem.rules)
    return AllocationReading(
        granted_cents=sum_exactly(granted),
        values=compute_stage_values(problem, funded, granted, rules),
        envelopes=read_envelopes(problem.case.tree, problem.case.node, granted),
        rules=(*rules, *read_caps(problem.caps, funded, granted)),
    )


def read_within_limits(
    problem: Problem, allocation: Allocation, limits: Sequence[Fraction]
) -> AllocationReading | None:
    """Read an allocation in exact integers; None if it breaks a rule, or a first stage is worse than its limit."""
    reading = read_allocation(problem, allocation)
    if list_broken_rules(problem, allocation, reading) or list_worse_stages(problem, limits, reading):
        return None
    return reading


def list_worse_stages(
    problem: Problem, limits: Sequence[Fraction], reading: AllocationReading
) -> list[Defect]:
    """List the first stages whose value is worse than required by `limits`."""
    return [
        Defect(
            f"kept:{stage.goal}",
            _(
                '"{goal}" is {value} when read again, not {wanted}.',
                goal=stage.goal,
                value=str(value),
                wanted=str(wanted),
            ),
        )
        for stage, wanted, value in zip(problem.stages, limits, reading.values, strict=False)
        if (value < wanted if stage.sense is Sense.MAXIMISE else value > wanted)
    ]


def compute_stage_values(
    problem: Problem, funded: BoolArray, granted: IntArray, rules: Sequence[RuleReading]
) -> tuple[Fraction, ...]:
    """Compute the exact value of each stage: its terms, less the penalties of violated soft rules."""
    values = []
    by_id = {rule.id: rule for rule in rules}
    for number, stage in enumerate(problem.stages):
        value = stage.terms.evaluate(funded, granted) * stage.terms.scale
        value += sum((part.read(funded, granted, by_id) for part in stage.goal_parts), Fraction(0))
        sign = -1 if stage.sense is Sense.MAXIMISE else 1
        for rule, read in zip(problem.rules, rules, strict=True):
            if rule.mode is Mode.PENALTY and rule.penalty is not None and rule.penalty.stage == number:
                value += sign * rule.penalty.price * read.distance
        values.append(value)
    return tuple(values)


def list_broken_rules(problem: Problem, allocation: Allocation, reading: AllocationReading) -> list[Defect]:
    """List all violations of the scenario by an allocation; empty if it is feasible."""
    result = [*_list_award_defects(problem, allocation), *_list_envelope_defects(problem, reading)]
    result += [*_list_cap_defects(problem, allocation), *_list_table_defects(problem, allocation)]
    result.extend(_list_limit_defects(problem, allocation))
    result.extend(
        Defect(
            "grant:common_rate",
            _('the group "{group}" does not share one rate.', group=group),
        )
        for group in problem.offers.common.list_violated_groups(allocation.funded, allocation.granted_cents)
    )
    for rule in reading.rules:
        if rule.mode is not Mode.HARD or rule.holds or rule.kind == CAP:
            continue
        for figure in [figure for figure in rule.readings if not figure.holds][:MAX_DEFECTS]:
            place = problem.scenario.locate(("rules", rule.id))
            result.append(Defect(f"rule:{rule.id}", _describe_broken_figure(rule.id, figure), (place,)))
    return result


def _describe_broken_figure(rule_id: str, figure: Reading) -> Text:
    """Say by which bound a figure breaks its rule."""
    group = f" ({figure.group})" if figure.group else ""
    value, minimum, maximum = figure.value, figure.minimum, figure.maximum
    if value is not None and minimum is not None and value < minimum:
        return _(
            'the rule "{rule_id}"{group} is broken: {figure} instead of at least {bound}.',
            rule_id=rule_id,
            group=group,
            figure=str(value),
            bound=str(minimum),
        )
    return _(
        'the rule "{rule_id}"{group} is broken: {figure} instead of at most {bound}.',
        rule_id=rule_id,
        group=group,
        figure=str(value),
        bound=str(maximum),
    )


def _list_table_defects(problem: Problem, allocation: Allocation) -> list[Defect]:
    """List the violations of the columns `variant_of` and `requires`."""
    result = []
    for rule in problem.table_rules:
        reading = rule.read(allocation.funded, allocation.granted_cents)
        for figure in [figure for figure in reading.readings if not figure.holds][:MAX_DEFECTS]:
            if rule.id == VARIANTS:
                text = _(
                    '{n_funded} variants of "{group}" are funded, and at most one may be.',
                    n_funded=figure.num,
                    group=str(figure.group),
                )
            else:
                text = _n(
                    'application "{group}" is funded without {n} application that it requires.',
                    'application "{group}" is funded without {n} applications that it requires.',
                    n=figure.num,
                    group=str(figure.group),
                )
            result.append(Defect("variant" if rule.id == VARIANTS else "prerequisite", text))
    return result


def _list_award_defects(problem: Problem, allocation: Allocation) -> list[Defect]:
    offered = problem.offers
    funded, granted = allocation.funded, allocation.granted_cents
    free = funded & ~offered.committed
    amount_fits = offered.match_amounts(granted)
    tests: list[tuple[str, BoolArray, Text]] = [
        ("grant:negative", granted < 0, _("gets a negative amount")),
        (
            "grant:unfunded",
            ~funded & (granted != 0),
            _("gets an amount without being funded"),
        ),
        (
            "eligibility",
            free & ~offered.candidate,
            _("is funded although it cannot be (ineligible, capped out or refused by decision)"),
        ),
        (
            "grant:amount",
            free & offered.candidate & ~amount_fits,
            _("gets an amount that its grant rules do not admit"),
        ),
        (
            "committed",
            offered.committed & (~funded | (granted != offered.committed_cents)),
            _("is committed for another amount"),
        ),
        (
            "decide:fund",
            offered.forced & ~funded,
            _("is funded by decision but gets nothing"),
        ),
    ]
    result = []
    for code, mask, fault in tests:
        for row in np.flatnonzero(mask)[:MAX_DEFECTS]:
            name = problem.case.table["dossier"][int(row)]
            text = _(
                'application "{name}" {fault} ({granted}).',
                name=name,
                fault=fault,
                granted=Money(int(granted[row])),
            )
            result.append(Defect(code, text))
    return result


def _list_cap_defects(problem: Problem, allocation: Allocation) -> list[Defect]:
    """List the projects above a cap; commitments that alone exceed one only cause a warning."""
    result = []
    for excess in problem.caps.list_excesses(allocation.funded, allocation.granted_cents)[:MAX_DEFECTS]:
        project = problem.caps.names[excess.project]
        text = _(
            'the project "{project}" gets {granted}, more than the cap "{cap}" ({limit}).',
            project=project,
            granted=Money(excess.granted_cents),
            cap=excess.cap,
            limit=Money(excess.limit_cents),
        )
        result.append(Defect(f"cap:{excess.cap}", text, (problem.scenario.locate(excess.path),)))
    return result


def _list_limit_defects(problem: Problem, allocation: Allocation) -> list[Defect]:
    """List the violated minimum uses and dossier counts of envelopes."""
    result = []
    for limit in problem.limits:
        figure = limit.read(allocation.funded, allocation.granted_cents)
        if figure.holds:
            continue
        value, bound = (
            str(text) if limit.terms.unit is not Unit.MONEY else Money(int((text or 0) * 100))
            for text in (figure.value, figure.minimum if figure.maximum is None else figure.maximum)
        )
        name, option = limit.envelope, limit.option
        result.append(
            Defect(
                f"envelope:{name}",
                _(
                    'the envelope "{name}" breaks `{option}`: {value} for {bound}.',
                    name=name,
                    option=option,
                    value=value,
                    bound=bound,
                ),
                (problem.scenario.locate(("envelope", limit.envelope, limit.option)),),
            )
        )
    return result


def _list_envelope_defects(problem: Problem, reading: AllocationReading) -> list[Defect]:
    tree = problem.case.tree
    result = []
    for node, excess in enumerate(reading.envelopes.excess_cents):
        if excess:
            name = tree.ids[node]
            result.append(
                Defect(
                    f"envelope:{name}",
                    _('the envelope "{name}" is exceeded by {excess}.', name=name, excess=Money(excess)),
                    (problem.scenario.locate(("envelope", name)),),
                )
            )
    return result
