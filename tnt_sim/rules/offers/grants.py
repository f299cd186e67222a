"""Grants: the amounts that each dossier may receive, in whole cents.

    most  = min(requested, formula, base, max_rate · base (`rates.py`), max, caps), rounded down to `round`
    least = max(min_grant, min, min_rate · base), rounded up to `round`

By mode, a funded dossier receives exactly `most` (`all_or_nothing`), any multiple of `round` in [least,
most] (`range`), or one of its levels (`levels`, `common_rate`); an unfunded one receives 0.

Commitments are kept whatever these limits say. Each excess committed_i − limit_i > 0 is reported, with one
warning per kind of limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

import numpy as np

from tnt_sim.domain.money import round_down, round_up
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.numbers import get_currency
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.rules.expressions.columns import (
    NO_LIMIT,
    is_committed,
    multiply_exact,
    multiply_floor,
    read_cents,
    read_money_column,
    read_numeric_column,
)
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.decisions import Decisions
from tnt_sim.rules.offers.grant_spec import FormulaSpec, GrantSpec, MoneyColumn
from tnt_sim.rules.offers.levels import (
    CommonRates,
    Levels,
    Menu,
    collect_levels,
    has_clear_levels,
    parse_level_cents,
)
from tnt_sim.rules.offers.rates import check_rates, compute_rate_limits
from tnt_sim.rules.protocols import Case, Path

MAX_LISTED = 20
LIMITS = {
    "requested": _("the amount requested"),
    "formula": _("the amount of the formula"),
    "base": _("base"),
    "max_rate": _("`max_rate` of base"),
    "max": _("`max` of their grants entry"),
}
"""The limits of a grant, in the order in which warnings name them."""


def warn_commitments_above(case: Case, limits: dict[str, IntArray]) -> None:
    """Warn of every commitment above a limit of its grant.

    `limits` are cents, int64 (n,), by the keys of `LIMITS`.
    """
    held, committed = is_committed(case.portfolio), read_cents(case, "committed", 0)
    if not (case.wants_notices and held.any()):
        return
    for key, words in LIMITS.items():
        if key not in limits:
            continue
        rows = np.flatnonzero(held & (committed > limits[key]))
        over = (committed - np.maximum(limits[key], 0))[rows].tolist()
        warn_excesses(
            case, "committed-above", words, case.table["dossier"].gather(rows).to_list(), over, rows
        )


def warn_excesses(
    case: Case, code: str, above: Text, names: Sequence[str], over_cents: Sequence[int], rows: IntArray
) -> None:
    """Record one warning: who exceeds a limit and by how much, the first 20 by name and place, then a count."""
    if len(names) == 0 or not case.wants_notices:
        return
    pairs = list(zip(names, over_cents, strict=True))[:MAX_LISTED]
    excesses = [_("{name} ({amount})", name=name, amount=Money(cents)) for name, cents in pairs]
    more = [f"… (+{len(names) - MAX_LISTED})"] if len(names) > MAX_LISTED else []
    case.warnings.add(
        code,
        _n(
            "{n} commitment, which is kept, exceeds {limit}, by: {excesses}.",
            "{n} commitments, which are kept, exceed {limit}, by: {excesses}.",
            n=len(names),
            limit=above,
            excesses=Items([*excesses, *more]),
        ),
        *(case.portfolio.locate(int(row), "committed") for row in rows[:MAX_LISTED]),
    )


@dataclass(frozen=True, slots=True)
class Offers:
    """The amounts that each dossier may receive; all arrays have shape (n,).

    Attributes
    ----------
    candidate : eligible, not committed, not refused by decision, and with an amount left
    committed : granted `committed_cents` already, funded whatever the rest says
    forced : funded by decision
    refused : refused by decision
    capped_out : eligible, but without an amount (most < least or most = 0)
    ranged : may receive any multiple of `unit_cents` in [least, most]
    committed_cents, least_cents, most_cents, unit_cents : int64
    levels : amounts of the dossiers that have levels; a dossier neither ranged nor with levels gets
        `most_cents`
    common : groups whose funded dossiers all get the same level
    """

    candidate: BoolArray
    committed: BoolArray
    forced: BoolArray
    refused: BoolArray
    capped_out: BoolArray
    ranged: BoolArray
    committed_cents: IntArray
    least_cents: IntArray
    most_cents: IntArray
    unit_cents: IntArray
    levels: Levels
    common: CommonRates

    def match_amounts(self, granted_cents: IntArray) -> BoolArray:
        """Return whether each amount is one that its dossier may receive, bool (n,).

        It is meaningful only for candidates.
        """
        within = (granted_cents >= self.least_cents) & (granted_cents <= self.most_cents)
        stepped = granted_cents % self.unit_cents == 0
        exact = granted_cents == self.most_cents
        plain = np.where(self.ranged, within & stepped, exact)
        levelled = self.levels.select_dossiers(len(granted_cents))
        return np.where(levelled, self.levels.match_levels(granted_cents), plain)

    @property
    def highest_cents(self) -> IntArray:
        """Largest grant of each dossier, committed or offered, int64 (n,)."""
        return np.where(self.committed, self.committed_cents, self.most_cents)

    @property
    def lowest_cents(self) -> IntArray:
        """Least grant of each dossier once it is funded, int64 (n,)."""
        return np.where(self.committed, self.committed_cents, self.least_cents)

    @property
    def in_play(self) -> BoolArray:
        """Dossiers that rules treat as eligible, bool (n,): candidates and committed ones."""
        return self.candidate | self.committed

    @property
    def groupable(self) -> BoolArray:
        """Dossiers whose values form groups, bool (n,): eligible or committed, refused by decision or not."""
        return self.in_play | (self.refused & ~self.capped_out)


def compute_offers(
    case: Case,
    specs: Sequence[tuple[GrantSpec, Path]],
    eligible: BoolArray,
    decided: Decisions,
    ceiling_cents: IntArray | None = None,
) -> Offers:
    """Compute the amounts that each dossier may receive; record defects in the case.

    Parameters
    ----------
    case : the dossiers
    specs : the entries of `grants` in force; the first whose `where` matches decides
    eligible : bool (n,)
    decided : decisions of people
    ceiling_cents : int64 (n,), the most that the caps allow each dossier alone
    """
    committed, committed_cents = is_committed(case.portfolio), read_cents(case, "committed", 0)
    open_ = eligible & ~committed
    amounts = _apply_entries(case, specs, open_)
    warn_commitments_above(case, amounts.limits)
    if ceiling_cents is not None:
        np.minimum(amounts.most, ceiling_cents, out=amounts.most)
    least, most = amounts.round_grants_to_unit()
    least, most = _apply_decided_amounts(case, decided, least, most, open_)
    levels = collect_levels(amounts.menus, least, most, open_)
    amounts.warn_idle_levels(levels, open_)
    levelled = amounts.levelled
    lowest, highest = levels.find_bounds(case.n)
    least, most = np.where(levelled, lowest, least), np.where(levelled, highest, most)
    capped = open_ & ((most < least) | (most <= 0))
    candidate = open_ & ~capped & ~decided.refused
    _check_forced_eligible(case, decided, candidate | committed)
    return Offers(
        candidate=candidate,
        committed=committed,
        forced=decided.funded & candidate,
        refused=decided.refused & open_,
        capped_out=capped,
        ranged=amounts.ranged & candidate & (most > least),
        committed_cents=committed_cents,
        least_cents=np.where(candidate, np.where(amounts.ranged | levelled, least, most), 0),
        most_cents=np.where(candidate, most, 0),
        unit_cents=amounts.unit,
        levels=levels.restrict(candidate),
        common=CommonRates(levels.restrict(candidate), tuple(amounts.group_names)),
    )


def compute_grant_limits(
    case: Case, specs: Sequence[tuple[GrantSpec, Path]], open_: BoolArray
) -> dict[str, IntArray]:
    """Return each limit of the grants in cents, int64 (n,), by the keys of `LIMITS`; `NO_LIMIT` where it is none.

    Parameters
    ----------
    open_ : bool (n,), the eligible dossiers that are not committed: only their cells must be filled
    """
    return _apply_entries(case, specs, open_).limits


def _apply_entries(case: Case, specs: Sequence[tuple[GrantSpec, Path]], open_: BoolArray) -> _GrantArrays:
    """Apply to each dossier the first entry of `grants` whose `where` it satisfies."""
    amounts = _GrantArrays.start(case)
    left = np.ones(case.n, dtype=np.bool_)
    for spec, path in specs:
        chosen = select(case, spec.where, (*path, "where"))
        if chosen is None:
            continue
        mask = left & chosen
        left &= ~mask
        amounts.apply(spec, path, mask, open_)
    amounts.ask(left, None, ("grants",), open_)
    return amounts


@dataclass(frozen=True)
class _GrantArrays:
    """Arrays that the entries of `grants` fill in, each for the dossiers of its `where`."""

    case: Case
    most: IntArray
    least: IntArray
    unit: IntArray
    ranged: BoolArray
    base: IntArray
    requested: IntArray
    levelled: BoolArray
    menus: list[Menu]
    group_names: list[str]
    limits: dict[str, IntArray] = field(default_factory=dict)

    @classmethod
    def start(cls, case: Case) -> _GrantArrays:
        n = case.n
        return cls(
            case,
            most=np.full(n, NO_LIMIT, dtype=np.int64),
            least=read_cents(case, "min_grant", 0).copy(),
            unit=np.full(n, get_currency().step_cents, dtype=np.int64),
            ranged=np.zeros(n, dtype=np.bool_),
            base=read_cents(case, "base", NO_LIMIT),
            requested=read_cents(case, "requested", NO_LIMIT),
            levelled=np.zeros(n, dtype=np.bool_),
            menus=[],
            group_names=[],
        )

    def apply(self, spec: GrantSpec, path: Path, mask: BoolArray, open_: BoolArray) -> None:
        """Apply one entry to the dossiers of `mask`."""
        if not check_rates(self.case, spec, path):
            return
        self.unit[mask] = max(get_currency().step_cents, spec.round)
        self.ranged[mask] = spec.mode == "range"
        self.ask(mask, spec.formula, path, open_)
        if spec.max_rate is not None:
            self._check_base(mask & open_, (*path, "max_rate"))
            self._lower_most("max_rate", compute_rate_limits(self.case, spec, self.base, path), mask)
        if spec.max is not None:
            self._lower_most("max", self._read_limit(spec.max, (*path, "max"), NO_LIMIT), mask)
        if spec.min is not None:
            np.maximum(self.least, self._read_limit(spec.min, (*path, "min"), 0), out=self.least, where=mask)
        if spec.min_rate is not None:
            self._check_base(mask & open_, (*path, "min_rate"))
            floor = -multiply_floor(np.where(self.base == NO_LIMIT, 0, -self.base), spec.min_rate)
            np.maximum(self.least, floor, out=self.least, where=mask)
        if spec.mode == "range":
            self._check_minimum(mask & open_, path)
        if spec.mode in ("levels", "common_rate"):
            self._add_levels(spec, path, mask, open_)
        elif spec.levels:
            self.case.warnings.add(
                "levels-unread",
                _(
                    "`levels` is read with `mode: levels` or `mode: common_rate` alone; the mode here is {mode}.",
                    mode=spec.mode,
                ),
                self.case.locate((*path, "levels")),
                hint=_("Write `mode: levels`, or delete `levels`."),
            )

    def _add_levels(self, spec: GrantSpec, path: Path, mask: BoolArray, open_: BoolArray) -> None:
        if not spec.levels or (spec.mode == "common_rate") != (spec.by is not None):
            self.case.record_defect(
                "levels",
                _("`levels` needs a list of rates or amounts; `common_rate` needs `by` as well."),
                path,
            )
            return
        if not has_clear_levels(self.case, spec.levels, (*path, "levels")):
            return
        base = np.where(self.base == NO_LIMIT, 0, self.base)
        if any("%" in level for level in spec.levels):
            self._check_base(mask & open_, (*path, "levels"))
        result = [
            parse_level_cents(self.case, level, base, self.unit, (*path, "levels", k))
            for k, level in enumerate(spec.levels)
        ]
        group = np.full(self.case.n, -1, dtype=np.int64)
        if spec.by is not None:
            groups = group_by_columns(self.case, spec.by, None, mask & open_, mask & open_, path)
            if groups is None:
                return
            group = np.where(groups.codes >= 0, groups.codes + len(self.group_names), -1)
            self.group_names.extend(str(name) for name in groups.names)
        self.levelled[mask] = True
        self.menus.append(Menu(mask, tuple(cents for cents in result if cents is not None), group, path))

    def warn_idle_levels(self, levels: Levels, open_: BoolArray) -> None:
        """Warn of an entry whose levels fit none of its dossiers."""
        fitting = levels.select_dossiers(self.case.n)
        for menu in self.menus:
            settled = menu.mask & open_
            if settled.any() and not fitting[settled].any():
                self.case.warnings.add(
                    "levels-idle",
                    _n(
                        "no level of these fits {n} application that they apply to.",
                        "no level of these fits {n} applications that they apply to.",
                        n=int(settled.sum()),
                    ),
                    self.case.locate((*menu.path, "levels")),
                    hint=_("Compare the levels with what is asked, with base and with the caps."),
                )

    def ask(self, mask: BoolArray, formula: FormulaSpec | None, path: Path, open_: BoolArray) -> None:
        """Limit the grants by the request, by the formula where there is one, and by the base."""
        if formula is not None:
            self._lower_most(
                "formula", self._compute_formula(formula, (*path, "formula"), mask & open_), mask
            )
        else:
            self._check_requested(mask & open_)
        self._lower_most("requested", self.requested, mask)
        self._lower_most("base", self.base, mask)

    def _lower_most(self, kind: str, cents: IntArray, mask: BoolArray) -> None:
        """Lower `most` within a mask; the limit is kept by kind, to be compared with commitments."""
        limit = self.limits.setdefault(kind, np.full(self.case.n, NO_LIMIT, dtype=np.int64))
        for held in (self.most, limit):
            np.minimum(held, cents, out=held, where=mask)

    def round_grants_to_unit(self) -> tuple[IntArray, IntArray]:
        """Return `least` rounded up and `most` rounded down to the unit."""
        return round_up(self.least, self.unit), round_down(self.most, self.unit)

    def _compute_formula(self, formula: FormulaSpec, path: Path, needed: BoolArray) -> IntArray:
        """Return flat + Σ amount · min(column, up_to), summed exactly and rounded down once."""
        pieces: list[tuple[IntArray, Fraction]] = []
        unknown = np.zeros(self.case.n, dtype=np.bool_)
        for k, per_unit in enumerate(formula.per):
            column = read_numeric_column(self.case, per_unit.column, (*path, "per", k, "column"))
            if column is None:
                continue
            self._check_filled(per_unit.column, column.missing & needed, (*path, "per", k))
            unknown |= column.missing
            units = column.values
            if per_unit.up_to is not None:
                units = np.minimum(units, int(per_unit.up_to / column.scale))
            pieces.append((units, column.scale * per_unit.amount))
        common = lcm(*(rate.denominator for __, rate in pieces))
        total = multiply_exact(np.full(self.case.n, formula.flat, dtype=np.int64), common)
        for units, rate in pieces:
            total = total + multiply_exact(units, int(rate * common))
        whole: IntArray = np.clip(total // common, -NO_LIMIT, NO_LIMIT).astype(np.int64)
        if formula.max is not None:
            whole = np.minimum(whole, formula.max)
        return np.where(unknown, NO_LIMIT, whole)

    def _read_limit(self, limit: int | MoneyColumn, path: Path, empty: int) -> IntArray:
        if isinstance(limit, int):
            return np.full(self.case.n, limit, dtype=np.int64)
        return read_money_column(self.case, limit.column, (*path, "column"), empty)

    def _check_base(self, mask: BoolArray, path: Path) -> None:
        self._check_filled("cost", mask & (self.base == NO_LIMIT), path)

    def _check_requested(self, mask: BoolArray) -> None:
        self._check_filled("requested", mask & (self.requested == NO_LIMIT), ("grants",))

    def _check_minimum(self, mask: BoolArray, path: Path) -> None:
        self._check_filled("min_grant", mask & (self.least <= 0), path)

    def _check_filled(self, column: str, rows: BoolArray, path: Path) -> None:
        missing = np.flatnonzero(rows)
        if len(missing) == 0:
            return
        names = ", ".join(self.case.table["dossier"].gather(missing[:5]).to_list())
        more = f" (+{len(missing) - 5})" if len(missing) > 5 else ""
        text = _(
            'the amount cannot be computed: "{column}" is empty for {names}.',
            column=column,
            names=names + more,
        )
        places = [self.case.portfolio.locate(int(row), column) for row in missing[:5]]
        hint = _NEEDS.get(column, _NEEDS["cost"])
        if column == "requested" and bool((self.requested == NO_LIMIT).all()):  # do not list every row
            text = _('the amount cannot be computed: "{column}" is empty everywhere.', column=column)
            places, hint = [], _NO_AMOUNT
        self.case.defects.add(
            "grant-needs",
            text,
            self.case.locate(path),
            *places,
            hint=hint,
        )


_NO_AMOUNT = _(
    "Say which column of the table is the amount asked: under `dossiers`, columns: "
    '{{requested: "its header"}}; or give a `formula` in `grants`.'
)
_NEEDS = {
    "cost": _("Fill the column, or set these applications aside by an eligibility rule."),
    "requested": _("Fill `requested`, or give a `formula` in `grants`."),
    "min_grant": _("The mode `range` needs a minimum: `min`, `min_rate`, or the column `min_grant`."),
}


def _apply_decided_amounts(
    case: Case, decided: Decisions, least: IntArray, most: IntArray, open_: BoolArray
) -> tuple[IntArray, IntArray]:
    stated = open_ & (decided.amount_cents >= 0)
    if not stated.any():
        return least, most
    amount = decided.amount_cents
    for row in np.flatnonzero(stated & ((amount < least) | (amount > most)))[:20]:
        case.defects.add(
            "decide-amount",
            _(
                'the amount decided for "{name}" is outside what the application may get ({least} to {most}).',
                name=case.table["dossier"][int(row)],
                least=Money(int(least[row])),
                most=Money(int(most[row])),
            ),
            case.portfolio.locate(int(row), "requested"),
            hint=_("Decide an amount between the two, or none."),
            subject=(case.table["dossier"][int(row)],),
        )
    return np.where(stated, amount, least), np.where(stated, amount, most)


def _check_forced_eligible(case: Case, decided: Decisions, in_play: BoolArray) -> None:
    for row in np.flatnonzero(decided.funded & ~in_play)[:20]:
        name = case.table["dossier"][int(row)]
        spec = decided.specs[int(decided.rule[row])]
        case.defects.add(
            "decide-ineligible",
            _('the decision "{spec_id}" funds "{name}", which is not eligible.', spec_id=spec.id, name=name),
            case.locate(("rules", spec.id)),
            case.portfolio.locate(int(row), "dossier"),
            hint=_("Lift the requirement (`waivers`) or drop the decision."),
        )
