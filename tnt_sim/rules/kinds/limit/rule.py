"""Rule `limit`: a measure lies between a minimum and a maximum, in all or in each group of a column.

    minimum ≤ Σ measure over the funded dossiers of `where` (and of the group) ≤ maximum

With `floor: demand`, the default with `by`, the minimum of a group is reduced to what its eligible dossiers
can reach.

Minima of one `limit` that its groups cannot reach together, found without solving.

Σ_g minimum_g ≤ the most that the envelopes let these groups receive
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from tnt_sim.domain.field_types import Code
from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.expressions.comparisons import parse_bound
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.measures import Measures, can_restrict
from tnt_sim.rules.expressions.selectors import Selector, find_envelope_node, select
from tnt_sim.rules.kind_support.attainable_range import (
    can_hold_limit,
    compute_demand_steps,
    compute_grant_bound,
    is_granted,
)
from tnt_sim.rules.kind_support.rule_spec import (
    MONEY_MEASURES,
    RuleSpec,
    ShareOfAmount,
    compile_penalty,
    get_mode,
    has_valid_bounds,
)
from tnt_sim.rules.linear_terms import (
    BoolArray,
    Groups,
    IntArray,
    Terms,
    Unit,
    find_common_scale,
    round_to_steps,
)
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import (
    Case,
    CompiledRule,
    GroupReadings,
    Mode,
    Path,
    Penalty,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleDefaults,
    RuleReading,
    Soft,
)


class LimitSpec(RuleSpec):
    """A measure between bounds, in all or by group."""

    kind: Literal["limit"]
    measure: Code
    where: Selector | None = None
    by: Code | tuple[Code, ...] | None = None
    groups: Literal["map", "present"] | tuple[Code, ...] | None = None
    min: str | ShareOfAmount | None = None
    max: str | ShareOfAmount | None = None
    floor: Literal["demand", "strict"] | None = None

    @property
    def figure_unit(self) -> Literal["money", "rate", "decimal"]:
        """Money where the measure is a built-in one in euros."""
        return "money" if self.measure in MONEY_MEASURES else "decimal"

    @property
    def floor_used(self) -> Literal["demand", "strict"]:
        """How the minimum counts: `floor` if written, else reduced to the group's demand with `by`."""
        return self.floor or ("demand" if self.by is not None else "strict")


@dataclass(frozen=True, slots=True)
class Limit(RuleDefaults):
    """A compiled `limit`.

    `minimum`, `maximum` and `lowered` have one entry per group; bounds are exact, in the measure's unit.
    `lowered` says that a minimum was reduced to the group's demand.
    """

    id: str
    kind: str
    mode: Mode
    terms: Terms
    groups: Groups
    minimum: tuple[Fraction | None, ...]
    maximum: tuple[Fraction | None, ...]
    lowered: tuple[bool, ...]
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write ⌈min / scale⌉ ≤ Σ integer terms ≤ ⌊max / scale⌋ for each group, one row per side."""
        scale = self.terms.scale
        for side, bounds in (("min", self.minimum), ("max", self.maximum)):
            if all(bound is None for bound in bounds):
                continue
            labels = [RowLabel(RowKind.RULE, self.id, name, side) for name in self.groups.names]
            none: list[int | None] = [None] * len(bounds)
            whole = round_to_steps(bounds, scale, up=side == "min")
            lower, upper = (whole, none) if side == "min" else (none, whole)
            builder.add_rows(labels, self.terms, self.groups.codes, lower, upper)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same sums in a scale in which every bound is whole, so that distances are exact."""
        bounds = [bound for bound in (*self.minimum, *self.maximum) if bound is not None]
        if not bounds:
            return
        scale = find_common_scale([self.terms.scale, *bounds])
        terms = self.terms.rescale(scale)
        labels = [RowLabel(RowKind.RULE, self.id, name) for name in self.groups.names]
        lower = [None if bound is None else int(bound / scale) for bound in self.minimum]
        upper = [None if bound is None else int(bound / scale) for bound in self.maximum]
        builder.add_rows(labels, terms, self.groups.codes, lower, upper, soft=soft)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Evaluate the sum of each group, exactly."""
        sums = self.terms.evaluate_groups(funded, granted_cents, self.groups.codes, len(self.groups.names))
        num, den = self.terms.scale.numerator, self.terms.scale.denominator
        nums = sums if num == 1 else [value * num for value in sums]
        bounds = self.minimum, self.maximum, self.lowered
        readings = GroupReadings(self.groups.names, nums, den, *bounds)
        return RuleReading(self.id, self.kind, self.mode, readings, self.groups.grouped)

    @property
    def distance_unit(self) -> Unit:
        """The unit of the measure."""
        return self.terms.unit

    def list_group_sums(self) -> tuple[IntArray, tuple[Terms, ...]]:
        """Return the groups and the measure."""
        return self.groups.codes, (self.terms,)

    def list_limits(self) -> tuple[Limit, ...]:
        """Return the rule itself."""
        return (self,)

    def widen(self, wider: CompiledRule) -> Limit:
        """Return `wider` with the minima of this rule.

        A minimum that was lowered to what its group can reach stays lowered. A group that only `wider` has
        gets no minimum.
        """
        assert isinstance(wider, Limit)
        own = dict(zip(self.groups.names, self.minimum, strict=True))
        return replace(wider, minimum=tuple(own.get(name) for name in wider.groups.names))


def build_limit(
    rule_id: str,
    terms: Terms,
    groups: Groups,
    minimum: tuple[Fraction | None, ...],
    maximum: tuple[Fraction | None, ...],
) -> Limit:
    """Build a hard limit of a sum by group, with bounds that no demand lowers."""
    lowered = (False,) * len(groups.names)
    return Limit(rule_id, "limit", Mode.HARD, terms, groups, minimum, maximum, lowered)


def build_single_limit(
    rule_id: str, terms: Terms, group: str | None, minimum: Fraction | None, maximum: Fraction | None
) -> Limit:
    """Build a hard limit of a sum over all dossiers."""
    groups = Groups((group,), np.zeros(len(terms.per_funded), dtype=np.int64), grouped=group is not None)
    return build_limit(rule_id, terms, groups, (minimum,), (maximum,))


def compile_limit(
    spec: LimitSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Limit | None:
    """Resolve the rule on the dossiers.

    Returns None, with defects recorded, when something is unknown or infeasible.
    """
    terms = measures.get_terms(spec.measure, (*path, "measure"))
    restricted = spec.where is not None or spec.by is not None
    if terms is None or not can_restrict(case, terms, restricted, path):
        return None
    mask = select(case, spec.where, (*path, "where"))
    if mask is None:
        return None
    mask = mask & case.select_applicable(spec.id)
    groups = group_by_columns(
        case, spec.by, spec.groups, mask & offers.groupable, mask & offers.in_play, path
    )
    minimum = _parse_bound(case, spec.min, terms, (*path, "min"))
    maximum = _parse_bound(case, spec.max, terms, (*path, "max"))
    if groups is None or minimum is _BAD or maximum is _BAD:
        return None
    if not has_valid_bounds(spec, minimum, maximum, case, path):
        return None
    n_groups = len(groups.names)
    floors, lowered = [minimum] * n_groups, [False] * n_groups
    if minimum is not None and spec.floor_used == "demand":
        reach, (step,) = (
            compute_demand_steps(terms, groups, offers),
            round_to_steps([minimum], terms.scale, up=True),
        )
        lowered = [value < (step or 0) for value in reach]
        floors = [v * terms.scale if low else minimum for v, low in zip(reach, lowered, strict=True)]
    mode, ceilings = get_mode(spec), [maximum] * n_groups
    if mode is Mode.HARD and not can_hold_limit(case, terms, groups, offers, floors, ceilings, path):
        return None
    return Limit(
        id=spec.id,
        kind=spec.kind,
        mode=mode,
        terms=terms,
        groups=groups,
        minimum=tuple(floors),
        maximum=tuple(ceilings),
        lowered=tuple(lowered),
        penalty=compile_penalty(spec, case, terms.unit, path),
    )


_BAD = Fraction(-(10**30))


def _record_share_bound(case: Case, bound: str, path: Path) -> None:
    """Record that the bound of a limit is a percentage, and say how to write it."""
    side = str(path[-1])
    case.record_defect(
        "limit-share",
        _('"{bound}" is a share, and a rule `limit` needs an amount or a number.', bound=bound),
        path,
        _(
            "Write `kind: share`, or an amount, or the share of an envelope: `{side}: {{share: "
            "{bound}, of_amount: ENVELOPE}}`.",
            side=side,
            bound=bound,
        ),
    )


def _parse_bound(case: Case, bound: str | ShareOfAmount | None, terms: Terms, path: Path) -> Fraction | None:
    if bound is None:
        return None
    if isinstance(bound, str):
        if bound.rstrip().endswith("%"):
            _record_share_bound(case, bound.strip(), path)
            return _BAD
        value = parse_bound(case, bound, terms.unit, terms.scale, path)
        return _BAD if value is None else value
    node = find_envelope_node(case, bound.of_amount, (*path, "of_amount"))
    amount = None if node is None else case.tree.written_cents[node]
    if amount is None:
        if node is not None:
            why = (
                _("is not in force: its amount is none")
                if case.tree.closed[node]
                else _("has no written amount")
            )
            case.record_defect(
                "no-amount",
                _('the envelope "{of_amount}" {why}.', of_amount=bound.of_amount, why=why),
                (*path, "of_amount"),
                _("Name an envelope that has an amount, or write the bound itself."),
            )
        return _BAD
    return bound.share * Fraction(amount, 100)


def refuse_limit_clashes(case: Case, offers: Offers, rules: Sequence[tuple[Limit, Path]]) -> None:
    """Record each limit whose minima come to more than the envelopes allow."""
    for rule, path in rules:
        _check_floors(case, offers, rule, path)


def _check_floors(case: Case, offers: Offers, limit: Limit, path: Path) -> None:
    if not limit.groups.grouped or not is_granted(limit.terms):
        return
    requested = sum((bound for bound in limit.minimum if bound is not None), Fraction(0)) / CENT
    inside = (limit.groups.codes >= 0) & (limit.terms.per_cent == 1)
    most = compute_grant_bound(case.tree, case.node, offers, inside)
    if requested <= most:
        return
    case.record_defect(
        "floors-exceed",
        _n(
            "the floors of {n} group come to {floors} together, more than the {most} that envelopes allow.",
            "the floors of {n} groups come to {floors} together, more than the {most} that envelopes allow.",
            n=sum(bound is not None for bound in limit.minimum),
            floors=Money(int(requested)),
            most=Money(int(most)),
        ),
        (*path, "min"),
        _("Lower `min`, or raise an envelope."),
    )
