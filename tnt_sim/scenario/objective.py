"""Objective: lexicographic stages, each maximised or minimised within what the earlier ones leave.

A stage is a weighted sum of measures, plus two terms that are no sums over dossiers:

    smallest         max-min fairness        min_g ⌊K·M_g / p_g⌋ / K
    shortfall.RULE   goal programming        Σ distance of the figures of a reported rule to its bounds

M_g is a measure of group g and p_g its inhabitants (`per_capita.py`). K is large enough for the order of lists
to be that of the exact fractions. Where it would be too long for a solver, it is smaller, and a warning states
the step. `tolerance` is the share of its optimum that a stage lets later stages give up.

Ehrgott, *Multicriteria Optimization* (2005).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm
from typing import Any, Literal, Protocol

import numpy as np
from pydantic import ValidationError

from tnt_sim.domain.field_types import Code, Spec, quote_value
from tnt_sim.domain.money import MoneyError, parse_decimal
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Number
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.kind_support.per_capita import (
    PerHead,
    build_per_head,
    find_distance_steps,
    find_listed_steps,
    find_unit,
    list_sums,
)
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit, combine
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import (
    Case,
    CompiledRule,
    Mode,
    Path,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleReading,
    Sense,
    Soft,
)
from tnt_sim.scenario.spec import ScenarioSpec, StageSpec, select_in_force

LARGEST = 2**40
"""Bound on K times what one dossier counts for: solvers err on longer coefficients."""
PRECISION = 2**20
"""The figure of the group with least to gain is shown within one part in so many of the most it can be."""
MAX_LISTED = 10


class GoalPart(Protocol):
    """A term of a stage that is no sum over dossiers."""

    @property
    def unit(self) -> Unit:
        """Unit of the term."""

    def write(self, builder: RowBuilder, stage: int) -> None:
        """Write the rows and the price that bring the term into the value of a stage."""

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """Return what the term adds to the value of the stage, exact."""


class SmallestSpec(Spec):
    """The measure, perhaps per capita, of the group that has least of it."""

    measure: Code
    by: Code | tuple[Code, ...]
    per: Literal["population"] | None = None
    where: Selector | None = None
    groups: Literal["map", "present"] | tuple[Code, ...] | None = None


@dataclass(frozen=True, slots=True)
class Smallest:
    """The term `smallest`, in integer steps of `terms.scale` / `steps`; `steps` is K."""

    of: PerHead
    steps: int

    @property
    def unit(self) -> Unit:
        """Unit of the measure (per inhabitant with `per: population`)."""
        return self.of.terms.unit

    @property
    def rounded_to(self) -> Fraction | None:
        """The step that figures are rounded down to; None if every figure is a whole number of steps."""
        is_whole = all(self.steps % count == 0 for count in self.of.heads)
        return None if is_whole else self.of.terms.scale / self.steps

    def write(self, builder: RowBuilder, stage: int) -> None:
        """Write p_g · z ≤ K · M_g for each group, with z priced so that it is as large as possible."""
        if not self.of.heads:
            return
        groups, heads = self.of.groups, self.of.heads
        most = min(self.steps * top // count for top, count in zip(self.of.most, heads, strict=True))
        least = builder.add_column("smallest", 0, most)
        labels = [RowLabel(RowKind.LINK, "smallest", name) for name in groups.names]
        extra = [(k, least, -count) for k, count in enumerate(heads)]
        zeros: list[int | None] = [0] * len(heads)
        terms = self.of.terms.multiply(self.steps)
        builder.add_rows(labels, terms, groups.codes, zeros, [None] * len(heads), extra)
        builder.add_price(least, stage, -self.of.terms.scale / self.steps)

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """Return the smallest figure; 0 where there is no group."""
        sums = self.of.sum_by_group(funded, granted_cents)
        steps = [self.steps * value // heads for value, heads in zip(sums, self.of.heads, strict=True)]
        return min(steps, default=0) * self.of.terms.scale / self.steps


def compile_smallest(
    spec: SmallestSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Smallest | None:
    """Resolve the term on the dossiers and the map; None, with defects recorded, when something is unknown."""
    of = build_per_head(
        case,
        measures,
        offers,
        measure=spec.measure,
        by=spec.by,
        per=spec.per,
        where=spec.where,
        groups=spec.groups,
        path=path,
    )
    if of is None:
        return None
    never = [str(name) for name, most in zip(of.groups.names, of.most, strict=True) if most == 0]
    if never or not of.heads:
        text = ", ".join(never[:MAX_LISTED]) + (", …" if len(never) > MAX_LISTED else "")
        case.warnings.add(
            "smallest-zero",
            _n(
                '"smallest" is 0 whatever is decided: {n} group can get nothing ({groups}).',
                '"smallest" is 0 whatever is decided: {n} groups can get nothing ({groups}).',
                n=len(never),
                groups=text,
            )
            if never
            else _('"smallest" has no group and is 0.'),
            case.locate(path),
        )
    steps, exact = _choose_steps(of, offers)
    if not exact:
        case.warnings.add(
            "smallest-step",
            _(
                '"smallest" is rounded down to a multiple of {step} per inhabitant: lists that differ by less '
                'count as equal, and "proven" speaks of the rounded figure.',
                step=Number(of.terms.scale / steps),
            ),
            case.locate(path),
        )
    return Smallest(of, steps)


def _choose_steps(of: PerHead, offers: Offers) -> tuple[int, bool]:
    """Return K, and whether it orders all lists as exact fractions do."""
    most = max(1, LARGEST // max(1, of.single))
    steps = find_distance_steps(of.heads, find_unit(of, offers))
    if steps > most and (sums := list_sums(of, offers)) is not None:
        steps = find_listed_steps(of.heads, sums)
    top = min(
        (Fraction(top, count) for top, count in zip(of.most, of.heads, strict=True)), default=Fraction(0)
    )
    shown = min(lcm(*of.heads), ceil(PRECISION / top)) if top else 1
    return min(max(steps, shown), most), steps <= most


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The distance of a reported rule to its bounds, times `weight`.

    `sign` is -1 in a stage that is maximised.
    """

    rule: CompiledRule
    weight: Fraction
    sign: int
    unit: Unit

    def write(self, builder: RowBuilder, stage: int) -> None:
        """Write the soft rows of the rule, with the weight as the price of its distance."""
        self.rule.build_soft_rows(builder, Soft(stage, self.weight))

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """Return sign · weight · distance, from the rule's own reading."""
        return self.sign * self.weight * rules[self.rule.id].distance


def _can_amounts_near(rule: CompiledRule, open_: BoolArray) -> bool:
    """Return whether a higher amount of a dossier of `open_` can make the distance of a rule smaller.

    A rule that is no limit of a sum, and whose distance is money, is taken to allow it.
    """
    limits = rule.list_limits()
    if not limits:
        return rule.distance_unit is Unit.MONEY
    for limit in limits:
        per_cent = limit.terms.per_cent[open_ & (limit.groups.codes >= 0)]
        if any(bound is not None for bound in limit.minimum) and (per_cent > 0).any():
            return True
        if any(bound is not None for bound in limit.maximum) and (per_cent < 0).any():
            return True
    return False


def _can_gain(term: GoalPart, open_: BoolArray) -> bool:
    """Return whether a higher amount of a dossier of `open_` can better a term."""
    if isinstance(term, Smallest):
        return bool((term.of.terms.per_cent[open_ & (term.of.groups.codes >= 0)] > 0).any())
    return isinstance(term, Shortfall) and _can_amounts_near(term.rule, open_)


SHORTFALL = "shortfall."


@dataclass(frozen=True, slots=True)
class ObjectiveStage:
    """One stage of the objective.

    Attributes
    ----------
    goal, sense : its name and its direction
    terms : the weighted sum over dossiers
    tolerance : share of its optimum that later stages may give up
    parts : the terms that are no sums over dossiers
    """

    goal: str
    sense: Sense
    terms: Terms
    tolerance: Fraction = Fraction(0)
    goal_parts: tuple[GoalPart, ...] = ()

    @property
    def rounded_to(self) -> Fraction | None:
        """The step that `smallest` is rounded down to, if it is rounded."""
        return next((part.rounded_to for part in self.goal_parts if isinstance(part, Smallest)), None)


def list_zero_columns(spec: ScenarioSpec) -> tuple[str, ...]:
    """Return the columns of the stages' measures whose empty cells count 0 (`empty: 0`), sorted."""
    names = {
        name
        for stage, __ in select_in_force(spec, "objective")
        for name in {**(stage.maximise or {}), **(stage.minimise or {})}
    }
    result = set()
    for name in names & set(spec.measures):
        measure = spec.measures[name]
        pairs = [(measure.column, measure.empty), *((part.column, part.empty) for part in measure.sum or ())]
        result |= {column for column, empty in pairs if column is not None and empty == "0"}
    return tuple(sorted(result))


@dataclass(frozen=True)
class Objective:
    """Resolves the stages of a scenario on its dossiers and its compiled rules."""

    spec: ScenarioSpec
    case: Case
    measures: Measures
    offers: Offers
    rules: Mapping[str, CompiledRule]

    def resolve_stages(self) -> tuple[ObjectiveStage, ...]:
        """Return every stage that can be resolved; defects are recorded in the case."""
        entries = select_in_force(self.spec, "objective")
        if not entries:
            self.case.warnings.add(
                "no-objective",
                _("the scenario has no objective: the number of funded applications is maximised."),
            )
            entries = [(StageSpec(maximise={"dossiers": "1"}), ("objective", 0))]
        result: list[ObjectiveStage | None] = []
        for entry, path in entries:
            with self.case.guard_overflow(path):
                result.append(self._resolve_stage(entry, path))
        stages = tuple(stage for stage in result if stage is not None)
        if self.case.wants_notices and len(stages) == len(entries):
            self._warn_lowest_amounts(stages)
        return stages

    def _warn_lowest_amounts(self, stages: tuple[ObjectiveStage, ...]) -> None:
        """Warn where amounts are open and no goal is better for a higher one: the lowest are granted."""
        open_ = self.offers.candidate & (self.offers.least_cents < self.offers.most_cents)
        signs = [1 if stage.sense is Sense.MAXIMISE else -1 for stage in stages]
        per_cent = [sign * stage.terms.per_cent[open_] for sign, stage in zip(signs, stages, strict=True)]
        priced = [rule for rule in self.rules.values() if rule.penalty is not None]
        if (
            not open_.any()
            or any((gain > 0).any() for gain in per_cent)
            or any(_can_gain(part, open_) for stage in stages for part in stage.goal_parts)
            or any(_can_amounts_near(rule, open_) for rule in priced)
        ):
            return
        worse = next((k for k, gain in enumerate(per_cent) if (gain < 0).any()), len(stages))
        self.case.warnings.add(
            "lowest-amounts",
            _n(
                "no goal is better for a higher amount: {n} application that may get several amounts gets the "
                "lowest that the rules allow, or nothing.",
                "no goal is better for a higher amount: {n} applications that may get several amounts get the "
                "lowest that the rules allow, or nothing.",
                n=int(open_.sum()),
            ),
            self.case.locate(("objective",)),
            hint=_(
                "For higher amounts, write `- {{maximise: {{granted: 1}}}}` as stage {stage}.",
                stage=worse + 1,
            ),
        )

    def _resolve_stage(self, entry: StageSpec, path: Path) -> ObjectiveStage | None:
        if (entry.maximise is None) == (entry.minimise is None):
            self.case.record_defect(
                "stage",
                _("a stage of the objective needs `maximise` or `minimise`, one of the two."),
                path,
                _("Write for example `- {{maximise: {{score: 1}}}}`."),
            )
            return None
        sense = Sense.MAXIMISE if entry.maximise is not None else Sense.MINIMISE
        goals: Mapping[str, Any] = entry.maximise or entry.minimise or {}
        sums: list[tuple[int, Terms]] = []
        pieces: list[GoalPart] = []
        for name, weight in goals.items():
            here = (*path, sense.value, name)
            if name == "smallest" or name.startswith(SHORTFALL):
                part = self._compile_goal_part(name, weight, sense, here)
                pieces += [] if part is None else [part]
                continue
            terms, factor = self._resolve_measure(name, here), self._parse_weight(weight, here)
            if terms is not None and factor is not None:
                scaled = replace(terms, scale=terms.scale / factor.denominator)
                sums.append((factor.numerator, scaled))
        if len(sums) + len(pieces) < len(goals) or not goals:
            return None
        terms = combine(sums).reduce() if sums else self._build_zero_terms(pieces[0].unit)
        return ObjectiveStage("+".join(goals), sense, terms, entry.tolerance, tuple(pieces))

    def _build_zero_terms(self, unit: Unit) -> Terms:
        zeros = np.zeros(self.case.n, dtype=np.int64)
        return Terms(Fraction(1), unit, zeros, zeros)

    def _resolve_measure(self, name: str, path: Path) -> Terms | None:
        if name in self.measures.list_names():
            return self.measures.get_terms(name, path)
        self.case.record_defect(
            "unknown-measure",
            _('there is no measure "{name}".', name=name),
            path,
            suggest_name(name, self.measures.list_names()),
        )
        return None

    def _parse_weight(self, weight: Any, path: Path) -> Fraction | None:
        try:
            return parse_decimal(str(weight))
        except MoneyError as error:
            self.case.record_defect(
                "weight",
                _('"{value}" is not a weight: {why}.', value=quote_value(weight), why=error.text),
                path,
                _("Write a number, for example `score: 1`."),
            )
            return None

    def _compile_goal_part(self, name: str, value: Any, sense: Sense, path: Path) -> GoalPart | None:
        if name == "smallest":
            return self._compile_smallest(value, sense, path)
        weight = self._parse_weight(value, path)
        return None if weight is None else self._compile_shortfall(name, weight, sense, path)

    def _compile_smallest(self, value: Any, sense: Sense, path: Path) -> GoalPart | None:
        if sense is Sense.MINIMISE:
            self.case.record_defect(
                "goal-sense",
                _('"smallest" can only be maximised.'),
                path,
                _("Put it under `maximise`."),
            )
            return None
        keys = tuple(SmallestSpec.model_fields)
        unknown = [key for key in value if key not in keys] if isinstance(value, dict) else []
        if unknown:
            self.case.record_defect(
                "unknown-key",
                _('there is no key "{unknown}".', unknown=unknown[0]),
                (*path, unknown[0]),
                suggest_name(unknown[0], keys),
            )
            return None
        try:
            spec = SmallestSpec.model_validate(value)
        except ValidationError as error:
            where = error.errors()[0]["loc"][:1]
            self.case.record_defect(
                "smallest",
                _(
                    '"smallest" needs `measure` and `by`, and may have `per: population`, `where` and '
                    "`groups`."
                ),
                (*path, *where),
                _("Example: `{{smallest: {{measure: granted, per: population, by: department}}}}`."),
            )
            return None
        return compile_smallest(spec, path, self.case, self.measures, self.offers)

    def _compile_shortfall(self, name: str, weight: Fraction, sense: Sense, path: Path) -> GoalPart | None:
        rule_id = name.removeprefix(SHORTFALL)
        written = {rule.id: rule for rule in self.spec.rules if rule.is_in_force(self.spec.date)}
        rule = self.rules.get(rule_id)
        if rule_id not in written:
            self.case.record_defect(
                "unknown-rule",
                _('there is no rule "{rule_id}".', rule_id=rule_id),
                path,
                suggest_name(rule_id, sorted(written)),
            )
            return None
        if rule is None and written[rule_id].kind != "decide":
            return None  # its own defects are recorded already
        if rule is None or rule.mode is not Mode.REPORT or _is_unbounded(written[rule_id]):
            self.case.record_defect(
                "shortfall",
                _('"{name}" needs a rule with a bound and `report: true`.', name=name),
                path,
                _("Write `report: true` in that rule, with `min` or `max`."),
            )
            return None
        if not rule.has_distance:
            rule.record_no_distance(self.case, name, path)
            return None
        signed = weight if sense is Sense.MINIMISE else -weight
        if signed < 0:
            self.case.record_defect(
                "goal-sense",
                _('"{name}" is a distance: it can only be made smaller.', name=name),
                path,
                _("Put it under `minimise`."),
            )
            return None
        return Shortfall(rule, signed, 1 if sense is Sense.MINIMISE else -1, rule.distance_unit)


def _is_unbounded(rule: Any) -> bool:
    """Return whether a rule that takes bounds has none."""
    return hasattr(rule, "min") and rule.min is None and rule.max is None
