"""Rule `schedule`: yearly ceilings on commitments (AE) and on the payments (CP) that follow from them.

With y_i the year of dossier i and w_0, w_1, … the payment profile (Σ w_k = 1), all exact fractions:

    commitments   Σ_{y_i = t} g_i ≤ AE_t
    payments      Σ_i w_{t − y_i} · g_i ≤ CP_t
    before_end    Σ_i max(0, share of i paid before the year of its `end` − before_end_max) · g_i ≤ 0

A year that `commitments` or `payments` does not name is not limited, and a warning names it. `advance_max`
bounds w_0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Literal

import numpy as np

from tnt_sim.domain.field_types import Cents, Code, Count, Rate, Spec
from tnt_sim.i18n import parameters
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.expressions.columns import CENT, extract_years, read_years
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.kinds.limit.rule import Limit, build_single_limit
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit
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

MAX_LISTED = 5


class YearColumn(Spec):
    """The column that gives each application's year: a number, or a date."""

    column: Code


class ScheduleSpec(RuleSpec):
    """Commitments and payments year by year."""

    kind: Literal["schedule"]
    year: YearColumn | Count
    where: Selector | None = None
    commitments: Mapping[Count, Cents] = {}
    profile: tuple[Rate, ...] = ()
    payments: Mapping[Count, Cents] = {}
    advance_max: Rate | None = None
    before_end_max: Rate | None = None

    def __hash__(self) -> int:
        return hash((self.id, self.kind))

    @property
    def figure_unit(self) -> Literal["money", "rate", "decimal"]:
        """Money."""
        return "money"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """One row Σ terms ≤ cents, with its name: `AE 2026`, `CP 2027` or `before_end`."""

    name: str
    terms: Terms
    cents: int


@dataclass(frozen=True, slots=True)
class Schedule(RuleDefaults):
    """A compiled `schedule`."""

    id: str
    kind: str
    mode: Mode
    ceilings: tuple[Ceiling, ...]
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write Σ terms ≤ amount, in the scale of the terms."""
        self._write(builder, None)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same rows; the distance is in euros."""
        self._write(builder, soft)

    def _write(self, builder: RowBuilder, soft: Soft | None) -> None:
        for ceiling in self.ceilings:
            upper = int(ceiling.cents * CENT / ceiling.terms.scale)
            label = RowLabel(RowKind.RULE, self.id, ceiling.name, "max")
            builder.add_rows([label], ceiling.terms, None, [None], [upper], soft=soft)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Evaluate each sum in euros, exactly, with its ceiling."""
        readings = tuple(
            Reading(
                one.name,
                one.terms.evaluate(funded, granted_cents) * one.terms.scale.numerator,
                one.terms.scale.denominator,
                None,
                one.cents * CENT,
            )
            for one in self.ceilings
        )
        return RuleReading(self.id, self.kind, self.mode, readings, grouped=True)

    @property
    def distance_unit(self) -> Unit:
        """Euros."""
        return Unit.MONEY

    def list_limits(self) -> tuple[Limit, ...]:
        """Return the limit of each ceiling."""
        return tuple(
            build_single_limit(self.id, one.terms, one.name, None, one.cents * CENT) for one in self.ceilings
        )

    def widen(self, wider: CompiledRule) -> Schedule:
        """Return `wider`: ceilings do not depend on the dossiers."""
        assert isinstance(wider, Schedule)
        return wider


def compile_schedule(
    spec: ScheduleSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Schedule | None:
    """Resolve the rule on the dossiers.

    Returns None, with defects recorded, when something is unknown or infeasible.
    """
    if not _has_valid_profile(spec, path, case):
        return None
    chosen = select(case, spec.where, (*path, "where"))
    if chosen is None:
        return None
    mask: BoolArray = chosen & offers.in_play & case.select_applicable(spec.id)
    year = _read_years(spec, path, case, mask)
    if year is None:
        return None
    _warn_unlimited_years(spec, path, case, year[mask])
    ceilings = [
        _build_commitment_ceiling(t, cents, year, mask) for t, cents in sorted(spec.commitments.items())
    ]
    ceilings += [
        _build_payment_ceiling(t, cents, year, mask, spec.profile)
        for t, cents in sorted(spec.payments.items())
    ]
    if spec.before_end_max is not None:
        ceilings.append(_build_end_ceiling(spec, path, case, year, mask))
    mode = get_mode(spec)
    if mode is Mode.HARD and not _can_hold_commitments(case, ceilings, offers, path):
        return None
    penalty = compile_penalty(spec, case, Unit.MONEY, path)
    return Schedule(spec.id, spec.kind, mode, tuple(ceilings), penalty)


def _has_valid_profile(spec: ScheduleSpec, path: Path, case: Case) -> bool:
    """Check what needs no dossier: some bound is given, the profile sums to 1, w_0 respects `advance_max`."""
    if (
        not spec.commitments
        and not spec.payments
        and spec.before_end_max is None
        and spec.advance_max is None
    ):
        case.record_defect(
            "no-bound",
            _("this rule bounds nothing."),
            path,
            _("Give `commitments`, `payments`, `advance_max` or `before_end_max`."),
        )
        return False
    needs = bool(spec.payments) or spec.before_end_max is not None or spec.advance_max is not None
    whole = sum(spec.profile, Fraction(0))
    if (needs or spec.profile) and whole != 1:
        case.record_defect(
            "schedule-profile",
            _(
                "the shares of `profile` come to {total}, not 100%.",
                total=parameters.Rate(whole, decimals=6),
            ),
            (*path, "profile"),
            _("Example: `profile: [30%, 50%, 20%]`."),
        )
        return False
    if spec.advance_max is not None and spec.profile[0] > spec.advance_max:
        first, most = spec.profile[0], spec.advance_max
        case.record_defect(
            "schedule-advance",
            _(
                "the first year pays {first}, more than the greatest advance, {most}.",
                first=parameters.Rate(first),
                most=parameters.Rate(most),
            ),
            (*path, "advance_max"),
            _("Lower the first share of `profile`, or raise `advance_max`."),
        )
        return False
    return True


def _read_years(spec: ScheduleSpec, path: Path, case: Case, mask: BoolArray) -> IntArray | None:
    """Return the year of each dossier, int64 (n,), 0 outside `mask`.

    Returns None with a defect where it is empty or no year.
    """
    if isinstance(spec.year, int):
        return np.full(case.n, spec.year, dtype=np.int64)
    here = (*path, "year", "column")
    result = read_years(case, spec.year.column, here)
    if result is None:
        return None
    empty = np.flatnonzero(result.is_null().to_numpy() & mask)
    if len(empty):
        case.defects.add(
            "schedule-year",
            _n(
                'the column "{column}" gives no year to {n} application.',
                'the column "{column}" gives no year to {n} applications.',
                n=len(empty),
                column=spec.year.column,
            ),
            case.locate(here),
            *(case.portfolio.locate(int(row), spec.year.column) for row in empty[:MAX_LISTED]),
            hint=_("Fill these cells with a year or a date."),
        )
        return None
    return result.fill_null(0).to_numpy().astype(np.int64)


def _build_money_terms(share: IntArray, scale: Fraction) -> Terms:
    return Terms(scale, Unit.MONEY, np.zeros_like(share), share)


def _build_commitment_ceiling(year: int, cents: int, of: IntArray, mask: BoolArray) -> Ceiling:
    whole = (mask & (of == year)).astype(np.int64)
    return Ceiling(f"AE {year}", _build_money_terms(whole, CENT), cents)


def _convert_to_integers(
    profile: tuple[Fraction, ...], more: Fraction = Fraction(1)
) -> tuple[list[int], int]:
    """Return the shares as integers over one common denominator."""
    common = lcm(*(share.denominator for share in profile), more.denominator)
    return [int(share * common) for share in profile], common


def _build_payment_ceiling(
    year: int, cents: int, of: IntArray, mask: BoolArray, profile: tuple[Fraction, ...]
) -> Ceiling:
    """Return the ceiling on the payments of one year."""
    shares, common = _convert_to_integers(profile)
    due = np.zeros_like(of)
    for k, share in enumerate(shares):
        due[mask & (of + k == year)] = share
    return Ceiling(f"CP {year}", _build_money_terms(due, CENT / common), cents)


def _build_end_ceiling(spec: ScheduleSpec, path: Path, case: Case, of: IntArray, mask: BoolArray) -> Ceiling:
    """Return the row that forbids payments beyond `before_end_max` before the year of `end`."""
    assert spec.before_end_max is not None
    shares, common = _convert_to_integers(spec.profile, spec.before_end_max)
    end = extract_years(case.table["end"], case.timezone)
    known = mask & end.is_not_null().to_numpy()
    ends = end.fill_null(0).to_numpy()
    paid = np.zeros_like(of)
    for k, share in enumerate(shares):
        paid[known & (of + k < ends)] += share
    excess = np.maximum(paid - int(spec.before_end_max * common), 0)
    early, open_ = int((excess > 0).sum()), int((mask & ~known).sum())
    if early or open_:
        case.warnings.add(
            "schedule-end",
            _describe_early_payments(spec.before_end_max, early, open_),
            case.locate((*path, "before_end_max")),
        )
    return Ceiling("before_end", _build_money_terms(excess, CENT / common), 0)


def _describe_early_payments(most: Rate, early: int, open_: int) -> Text:
    """Return the warning that counts dossiers paid too early, and dossiers without an end date."""
    paid = _n("{n} application would be paid", "{n} applications would be paid", n=early)
    free = _n("{n} has no end date and is not limited", "{n} have no end date and are not limited", n=open_)
    return _(
        "{paid} more than {most} before the year of the end; {free}.",
        paid=paid,
        most=parameters.Rate(most),
        free=free,
    )


def _warn_unlimited_years(spec: ScheduleSpec, path: Path, case: Case, years: IntArray) -> None:
    """Warn of the years in which money is committed or paid and which the rule does not limit."""
    result = sorted({int(year) for year in np.unique(years)})
    paid = sorted({year + k for year in result for k in range(len(spec.profile))})
    for key, named, earlier in (
        ("commitments", spec.commitments, result),
        ("payments", spec.payments, paid),
    ):
        free = [str(year) for year in earlier if year not in named]
        if named and free:
            case.warnings.add(
                "schedule-years",
                _("`{key}` does not limit: {free}.", key=key, free=", ".join(free)),
                case.locate((*path, key)),
            )


def _can_hold_commitments(case: Case, ceilings: list[Ceiling], offers: Offers, path: Path) -> bool:
    """Return whether the amounts already committed respect every ceiling; record defects otherwise."""
    fine = True
    for ceiling in ceilings:
        value = ceiling.terms.evaluate(offers.committed, offers.committed_cents) * ceiling.terms.scale
        if value > ceiling.cents * CENT:
            fine = case.keeps_clashes
            cents = -(-(value * 100).numerator // (value * 100).denominator)
            case.record_defect(
                "schedule-committed",
                _(
                    "{ceiling_name}: the commitments come to {cents}, more than {cents2}.",
                    ceiling_name=ceiling.name,
                    cents=Money(cents),
                    cents2=Money(ceiling.cents),
                ),
                path,
                _("Raise this amount, or correct the column `committed`."),
            )
    return fine
