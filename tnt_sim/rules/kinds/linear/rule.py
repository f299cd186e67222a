"""Rule `linear`: a weighted sum over named dossiers lies between a minimum and a maximum.

    minimum ≤ Σ aᵢ gᵢ + Σ bᵢ xᵢ ≤ maximum

gᵢ is the amount granted in euros and xᵢ is 1 if dossier i is funded. The coefficients are exact and may be
negative. Without `granted` the sum is a plain number, otherwise euros. Committed dossiers count with what they
have. A dossier that cannot be funded counts 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from pydantic import Field

from tnt_sim.domain.field_types import Code, Number
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.expressions.comparisons import parse_bound
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode, has_valid_bounds
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import (
    SAFE_SUM,
    BoolArray,
    Groups,
    IntArray,
    Terms,
    Unit,
    find_common_scale,
)
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Mode, Path, Penalty, RowBuilder, RuleDefaults, RuleReading, Soft

Coefficients = Mapping[int, Fraction]
"""Row of a dossier → its exact coefficient."""


class LinearSpec(RuleSpec):
    """A weighted sum of amounts and decisions of named applications between bounds."""

    kind: Literal["linear"]
    granted: Mapping[Code, Number] = Field(default={})
    funded: Mapping[Code, Number] = Field(default={})
    min: str | None = None
    max: str | None = None

    @property
    def figure_unit(self) -> Literal["money", "rate", "decimal"]:
        """Money where amounts are summed."""
        return "money" if self.granted else "decimal"


@dataclass(frozen=True, slots=True)
class Linear(RuleDefaults):
    """A compiled `linear`: what was written by row of the table, and the same sum as a limit.

    Attributes
    ----------
    per_euro : coefficients of the amounts granted, in euros
    per_dossier : coefficients of the decisions
    n_dossiers : number of dossiers of the table
    minimum, maximum : exact, in the unit of the sum
    limit : the same rule as a limit, which writes its rows and reads it
    """

    id: str
    kind: str
    mode: Mode
    per_euro: Coefficients
    per_dossier: Coefficients
    n_dossiers: int
    minimum: Fraction | None
    maximum: Fraction | None
    limit: Limit
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write one row for each bound."""
        self.limit.build_rows(builder)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the sum with a priced violation."""
        self.limit.build_soft_rows(builder, soft)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Evaluate the sum, exactly."""
        return replace(self.limit.read(funded, granted_cents), mode=self.mode)

    @property
    def terms(self) -> Terms:
        """The sum."""
        return self.limit.terms

    @property
    def distance_unit(self) -> Unit:
        """Euros where amounts are summed, otherwise a plain number."""
        return self.limit.distance_unit

    def list_group_sums(self) -> tuple[IntArray, tuple[Terms, ...]]:
        """Return one group and the sum."""
        return self.limit.list_group_sums()

    def list_limits(self) -> tuple[Limit, ...]:
        """Return the sum as a limit, whose bounds a conflict may move."""
        return (self.limit,)


def compile_linear(
    spec: LinearSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Linear | None:
    """Resolve the rule on the dossiers.

    Returns None, with defects recorded, when a dossier or a bound is wrong.
    """
    applies = case.select_applicable(spec.id)
    per_euro = _resolve(spec.granted, applies, case, (*path, "granted"))
    per_dossier = _resolve(spec.funded, applies, case, (*path, "funded"))
    if per_euro is None or per_dossier is None:
        return None
    terms = _build_terms(per_euro, per_dossier, case.n, Unit.MONEY if spec.granted else Unit.NUMBER)
    if terms is None:
        case.record_defect(
            "too-large",
            _("the coefficients of this rule do not fit 64-bit integers."),
            path,
            _("Give coefficients of closer sizes."),
        )
        return None
    bounds = [
        None if text is None else parse_bound(case, text, terms.unit, terms.scale, (*path, side))
        for side, text in (("min", spec.min), ("max", spec.max))
    ]
    minimum, maximum = bounds
    if (minimum is None) != (spec.min is None) or (maximum is None) != (spec.max is None):
        return None
    if not has_valid_bounds(spec, minimum, maximum, case, path):
        return None
    mode, penalty = get_mode(spec), compile_penalty(spec, case, terms.unit, path)
    groups = Groups((None,), np.zeros(case.n, dtype=np.int64), grouped=False)
    limit = Limit(spec.id, spec.kind, mode, terms, groups, (minimum,), (maximum,), (False,), penalty)
    return Linear(spec.id, spec.kind, mode, per_euro, per_dossier, case.n, minimum, maximum, limit, penalty)


def _resolve(
    written: Mapping[str, Fraction], applies: BoolArray, case: Case, path: Path
) -> Coefficients | None:
    """Return the coefficients by row, without waived dossiers and zeros; None if a dossier is unknown."""
    place = {dossier: row for row, dossier in enumerate(case.table["dossier"].to_list())}
    result: dict[int, Fraction] = {}
    is_known = True
    for dossier, coefficient in written.items():
        row = place.get(dossier)
        if row is None:
            is_known = False
            text = _('there is no application "{key}".', key=dossier)
            case.record_defect("unknown-dossier", text, (*path, dossier), suggest_name(dossier, place))
        elif applies[row] and coefficient:
            result[row] = coefficient
    return result if is_known else None


def _build_terms(per_euro: Coefficients, per_dossier: Coefficients, n: int, unit: Unit) -> Terms | None:
    """Return the sum in the largest unit in which every coefficient is whole; None if it leaves 64 bits."""
    sizes = [abs(value) * CENT for value in per_euro.values()] + [
        abs(value) for value in per_dossier.values()
    ]
    scale = find_common_scale(sizes) if sizes else CENT if unit is Unit.MONEY else Fraction(1)
    if any(value / scale >= SAFE_SUM for value in sizes):
        return None
    per_funded, per_cent = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for row, value in per_euro.items():
        per_cent[row] = int(value * CENT / scale)
    for row, value in per_dossier.items():
        per_funded[row] = int(value / scale)
    return Terms(scale, unit, per_funded, per_cent)
