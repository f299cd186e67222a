"""Rule `coverage`: funded dossiers reach enough (or not too many) units of the map, or of their inhabitants.

    minimum ≤ Σ_u worth_u · [u is covered already, or some funded dossier of `where` names u] ≤ maximum

A set-cover constraint. worth_u is 1, or the inhabitants of u. A bound in % is a share of the same sum over
all units that `units` selects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.domain.field_types import Code
from tnt_sim.domain.portfolio import Portfolio
from tnt_sim.domain.territory import TYPES, Territory
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind, record_unknown_column
from tnt_sim.rules.expressions.comparisons import parse_bound
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.expressions.territory_names import (
    find_units_by_column,
    find_units_by_file,
    get_map,
    list_unit_keys,
)
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.kinds.limit.rule import Limit, build_single_limit
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Once, Terms, Unit, find_common_scale, sum_exactly
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import (
    Case,
    CompiledRule,
    Mode,
    Path,
    Penalty,
    Reading,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleDefaults,
    RuleReading,
    Soft,
)


class CoverageSpec(RuleSpec):
    """Units of the map that funded applications must reach."""

    kind: Literal["coverage"]
    units: Selector
    covered_by: Code
    where: Selector | None = None
    already: str | None = None
    measure: Literal["units", "population"] = "units"
    min: str | None = None
    max: str | None = None

    def list_side_files(self) -> dict[str, str]:
        """Return the file of the units that are covered already."""
        return {} if self.already is None else {"already": self.already}


@dataclass(frozen=True, slots=True)
class Coverage(RuleDefaults):
    """A compiled `coverage`.

    `terms` counts each unit once; units covered already are its constant. `total` is the sum over all
    selected units. `share` says that the bounds are reported as shares of it.
    """

    id: str
    kind: str
    mode: Mode
    terms: Terms
    total: int
    share: bool
    minimum: Fraction | None
    maximum: Fraction | None
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write ⌈minimum⌉ ≤ Σ_u worth_u · [u covered] ≤ ⌊maximum⌋, one row per side."""
        label = RowLabel(RowKind.RULE, self.id)
        for side, bound in (("min", self.minimum), ("max", self.maximum)):
            if bound is None:
                continue
            whole = -((-bound.numerator) // bound.denominator) if side == "min" else int(bound // 1)
            lower, upper = (whole, None) if side == "min" else (None, whole)
            builder.add_rows([replace(label, side=side)], self.terms, None, [lower], [upper])

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same row in a scale in which the bounds are whole.

        The distance is in units or inhabitants.
        """
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if not bounds:
            return
        scale = find_common_scale([self.terms.scale, *bounds])
        terms = self.terms.rescale(scale)
        lower, upper = (None if b is None else int(b / scale) for b in (self.minimum, self.maximum))
        builder.add_rows([RowLabel(RowKind.RULE, self.id)], terms, None, [lower], [upper], soft=soft)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Evaluate what is covered, as a share of the total when the bounds are shares."""
        value = self.terms.evaluate(funded, granted_cents)
        den = self.total if self.share else 1
        low, high = (None if b is None else b / den for b in (self.minimum, self.maximum))
        low_gap = Fraction(0) if self.minimum is None else self.minimum - value
        high_gap = Fraction(0) if self.maximum is None else value - self.maximum
        broken = max(low_gap, high_gap, Fraction(0))
        return RuleReading(
            self.id, self.kind, self.mode, (Reading(None, value, den, low, high),), False, broken
        )

    def list_limits(self) -> tuple[Limit, ...]:
        """Return the limit of what is covered."""
        return (build_single_limit(self.id, self.terms, None, self.minimum, self.maximum),)

    def widen(self, wider: CompiledRule) -> Coverage:
        """Return `wider` with the bounds of this rule."""
        assert isinstance(wider, Coverage)
        return replace(wider, minimum=self.minimum, maximum=self.maximum)


def compile_coverage(
    spec: CoverageSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Coverage | None:
    """Resolve the rule on the map and the dossiers; None, with defects recorded, when something is unknown."""
    known = get_map(case, path)
    mask = _select_dossiers(spec, case, offers, path)
    if known is None or mask is None or not _has_column(case, spec.covered_by, path):
        return None
    units = _select_units(spec, case, known, path)
    if units is None:
        return None
    worth = np.ones(units.height, dtype=np.int64)
    if spec.measure == "population":
        worth = units["population"].fill_null(0).to_numpy().astype(np.int64)
    keys = list_unit_keys(known, units)
    pairs = find_units_by_column(case, keys, spec.covered_by, mask, known, path)
    already = np.zeros(units.height, dtype=np.bool_)
    if spec.already is not None:
        places = find_units_by_file(case, keys, known, (*path, "already"))
        if places is None:
            return None
        already[places] = True
    if pairs is None:
        return None
    row, unit = pairs
    new = ~already[unit]
    zeros = np.zeros(case.n, dtype=np.int64)
    once = (Once(row[new], unit[new], worth),)
    terms = Terms(Fraction(1), Unit.NUMBER, zeros, zeros, once, sum_exactly(worth[already]))
    return _compile_bounds(spec, path, case, terms, sum_exactly(worth), offers)


def _compile_bounds(
    spec: CoverageSpec, path: Path, case: Case, terms: Terms, total: int, offers: Offers
) -> Coverage | None:
    mode = get_mode(spec)
    bounds: dict[str, Fraction | None] = {"min": None, "max": None}
    for side, text in (("min", spec.min), ("max", spec.max)):
        if text is None:
            continue
        value = parse_bound(case, text, Unit.NUMBER, Fraction(1), (*path, side))
        if value is None:
            return None
        bounds[side] = value * total if text.rstrip().endswith("%") else value
    if bounds["min"] is None and bounds["max"] is None and mode is not Mode.REPORT:
        case.record_defect(
            "no-bound",
            _("this rule has neither `min` nor `max`."),
            path,
            _("Give a bound, or `report: true`."),
        )
        return None
    if mode is Mode.HARD and not _can_hold(case, terms, total, bounds["min"], bounds["max"], offers, path):
        return None
    texts = [text for text in (spec.min, spec.max) if text is not None]
    return Coverage(
        id=spec.id,
        kind=spec.kind,
        mode=mode,
        terms=terms,
        total=total,
        share=total > 0 and all(text.rstrip().endswith("%") for text in texts),
        minimum=bounds["min"],
        maximum=bounds["max"],
        penalty=compile_penalty(spec, case, Unit.NUMBER, path),
    )


def _can_hold(
    case: Case,
    terms: Terms,
    total: int,
    minimum: Fraction | None,
    maximum: Fraction | None,
    offers: Offers,
    path: Path,
) -> bool:
    """Return whether all candidates reach the minimum and settled dossiers respect the maximum."""
    no_money = np.zeros(case.n, dtype=np.int64)
    most = terms.evaluate(offers.in_play, no_money)
    least = terms.evaluate(offers.committed | offers.forced, no_money)
    if minimum is not None and most < minimum:
        wanted = math.ceil(minimum)
        case.record_defect(
            "coverage-reach",
            _(
                "the coverage asked for is {wanted}, but all eligible applications together reach only "
                "{most} of {total}.",
                wanted=wanted,
                most=most,
                total=total,
            ),
            (*path, "min"),
            _("Lower `min`, or check `units`, `covered_by` and `where`."),
        )
        return case.keeps_clashes
    if maximum is not None and least > maximum:
        case.record_defect(
            "coverage-reach",
            _(
                "what is already covered, committed or decided comes to {least}, more than the maximum "
                "of {maximum}.",
                least=least,
                maximum=int(maximum // 1),
            ),
            (*path, "max"),
            _("Raise `max`, or check `already`."),
        )
        return case.keeps_clashes
    return True


def _select_dossiers(spec: CoverageSpec, case: Case, offers: Offers, path: Path) -> BoolArray | None:
    bound: BoolArray = offers.in_play & case.select_applicable(spec.id)
    if spec.where is None:
        return bound
    chosen = select(case, spec.where, (*path, "where"))
    return None if chosen is None else chosen & bound


def _has_column(case: Case, name: str, path: Path) -> bool:
    if get_column_kind(case, name) in (ValueKind.TEXT, ValueKind.LIST):
        return True
    record_unknown_column(case, name, (*path, "covered_by"))
    return False


def _select_units(spec: CoverageSpec, case: Case, known: Territory, path: Path) -> pl.DataFrame | None:
    """Return the units of the map that `units` selects; they are read like a table of dossiers."""
    here = (*path, "units")
    table = known.units.drop("level", "overseas")
    on_map = replace(
        case,
        portfolio=Portfolio(table, ()),
        node=np.full(table.height, -1, dtype=np.int64),
        side={},
        columns_read=set(),
    )
    chosen = select(on_map, spec.units, here)
    if chosen is None:
        return None
    units = known.units.filter(pl.Series(chosen))
    if units.height == 0:
        case.record_defect(
            "coverage-units",
            _("no unit of the map of {year} meets this selector.", year=known.year),
            here,
            _("Values of `type`: {types}.", types=", ".join(TYPES)),
        )
        return None
    return units
