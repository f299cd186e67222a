"""Rule `together`: all dossiers of a group are funded, or none.

    x₁ ≤ x₂ ≤ … ≤ xₙ ≤ x₁

Among dossiers named one by one, one that is not eligible makes the others impossible. In the groups of a
column, only eligible and committed dossiers count. A penalty is charged per pair of which only one is
funded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.domain.field_types import Code
from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Unit
from tnt_sim.rules.offers.funded_rows import (
    MAX_LISTED,
    FundedRows,
    Members,
    build_count_reading,
    build_members,
    describe_unfundable,
    format_dossier_rows,
    has_too_many_pairs,
    spread,
)
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Mode, Path, Penalty, RowBuilder, RuleDefaults, RuleReading, Soft


class TogetherSpec(RuleSpec):
    """All of the applications or none, named or in each group of a column."""

    counts_pairs = True
    kind: Literal["together"]
    dossiers: tuple[Code, ...] | None = None
    by: Code | tuple[Code, ...] | None = None
    where: Selector | None = None

    def can_be_escaped(self, columns: Sequence[str]) -> bool:
        """False: an empty cell means "no group"."""
        return False

    @property
    def binds(self) -> Literal["all", "fundable"]:
        """All that are named one by one, else those in play."""
        return "fundable" if self.dossiers is None else "all"


@dataclass(frozen=True, slots=True)
class Together(RuleDefaults):
    """A compiled `together`."""

    id: str
    kind: str
    mode: Mode
    members: Members
    committed: BoolArray
    dossier: pl.Series
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write the cycle xₖ ≤ xₖ₊₁ of each group, which makes all its x equal."""
        group, dossier = self.members.group, self.members.dossier
        if len(group) == 0:
            return
        first = np.searchsorted(group, group)
        closes = np.append(group[1:] != group[:-1], True)
        after = np.where(closes, dossier[first], np.roll(dossier, -1))
        FundedRows.from_implications(dossier, after, self.dossier).write(builder, self.id, self.committed)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write x_i ≤ x_j both ways for each pair of a group.

        Where they differ, exactly one row is violated.
        """
        firsts, seconds = [], []
        for code in range(len(self.members.names)):
            own = self.members.dossier[self.members.group == code]
            one, other = np.nonzero(~np.eye(len(own), dtype=np.bool_))
            firsts.append(own[one])
            seconds.append(own[other])
        none = np.zeros(0, dtype=np.int64)
        rows = FundedRows.from_implications(
            np.concatenate([none, *firsts]), np.concatenate([none, *seconds]), self.dossier
        )
        rows.write(builder, self.id, self.committed, soft=soft)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Count in each group the pairs of which only one dossier is funded."""
        held = self.members.count(funded)
        broken = (held * (_count_members(self.members) - held)).tolist()
        return build_count_reading(self, self.members.names, broken, 0, grouped=self.members.grouped)

    @property
    def is_between(self) -> bool:
        """True: one dossier may exclude another."""
        return True

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return for each unfunded dossier another unfunded one of its group, -1 for none: int64 (n,)."""
        first = self.members.find_first(~funded)
        last = Members(
            self.members.names, self.members.group[::-1], self.members.dossier[::-1], self.members.grouped
        ).find_first(~funded)
        entry = spread(self.members, first, ~funded)
        other = spread(self.members, last, ~funded)
        own = np.arange(len(funded))
        found = np.where(entry == own, other, entry)
        return np.where(found == own, -1, found)


def _count_members(members: Members) -> IntArray:
    return np.bincount(members.group, minlength=len(members.names)).astype(np.int64)


def compile_together(
    spec: TogetherSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Together | None:
    """Resolve the rule on the dossiers.

    Returns None, with defects recorded, when something is unknown or infeasible.
    """
    members = build_members(case, spec.dossiers, spec.by, spec.where, offers.in_play, path)
    if members is None:
        return None
    mode, members = get_mode(spec), members.restrict(case.select_applicable(spec.id))
    if spec.dossiers is None:
        _warn_left_out(case, members, offers, path)
        members = members.restrict(offers.in_play)
    sizes = _count_members(members)
    if mode is Mode.PENALTY and has_too_many_pairs(case, int((sizes * (sizes - 1) // 2).sum()), path):
        return None
    if mode is Mode.HARD:
        _refuse_torn(case, members, offers, path)
    penalty = compile_penalty(spec, case, Unit.NUMBER, path)
    return Together(spec.id, spec.kind, mode, members, offers.committed, case.table["dossier"], penalty)


def _warn_left_out(case: Case, members: Members, offers: Offers, path: Path) -> None:
    """Warn of dossiers that do not count in the group of a column because they cannot be funded."""
    rows = members.dossier[~offers.in_play[members.dossier]]
    if len(rows):
        names = format_dossier_rows(case, rows)
        case.warnings.add(
            "together-left-out",
            _n(
                "{n} application not eligible or refused does not count in its group: {names}.",
                "{n} applications not eligible or refused do not count in their group: {names}.",
                n=len(rows),
                names=names,
            ),
            case.locate(path),
        )


def _refuse_torn(case: Case, members: Members, offers: Offers, path: Path) -> None:
    """Report groups with a member that cannot be funded: an error where another must be, else a warning."""
    out = ~offers.in_play
    lost = members.count(out) > 0
    must = members.restrict(offers.committed | offers.forced)
    torn = lost & (must.count(np.ones(case.n, dtype=np.bool_)) > 0)
    for group in np.flatnonzero(torn).tolist()[:MAX_LISTED]:
        fixed = format_dossier_rows(case, must.dossier[must.group == group])
        rows = members.dossier[(members.group == group) & out[members.dossier]]
        case.defects.add(
            "together-broken",
            _(
                '"{fixed}" is committed or funded by decision, but "{dossier_rows}", which must go with '
                "it, cannot be funded.",
                fixed=fixed,
                dossier_rows=format_dossier_rows(case, rows),
            ),
            case.locate(path),
            *(case.portfolio.locate(int(row), "dossier") for row in rows[:5]),
        )
    impossible = members.dossier[(lost & ~torn)[members.group] & offers.in_play[members.dossier]]
    if len(impossible):
        rows = members.dossier[(lost & ~torn)[members.group] & out[members.dossier]]
        n, names, others = (
            describe_unfundable(len(impossible)),
            *(format_dossier_rows(case, k) for k in (impossible, rows)),
        )
        case.warnings.add(
            "together-impossible",
            _("{n} ({names}), for want of those to go with: {others}.", n=n, names=names, others=others),
            case.locate(path),
        )
