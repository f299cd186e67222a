"""Rule `exclusive`: at most `max` dossiers of a group are funded (set packing when `max` is 1).

    Σ_{i ∈ group} xᵢ ≤ max        committed dossiers included

A penalty is charged per violated pair when `max` is 1: k(k − 1)/2 for k funded dossiers of n. This convex
cost is written with columns s₂ … sₙ ∈ {0, 1} of rising price,

    Σ xᵢ − Σ_t s_t ≤ 1        s_t costs t − 1 times the penalty

which need no ordering constraints. For another `max` it is charged per funded dossier beyond `max`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb
from typing import Literal

import numpy as np

from tnt_sim.domain.field_types import Code, Count
from tnt_sim.domain.portfolio import CANONICAL
from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Unit
from tnt_sim.rules.offers.funded_rows import (
    MAX_LISTED,
    FundedRows,
    Members,
    _locate_rule,
    build_count_reading,
    build_members,
    format_dossier_rows,
    spread,
)
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Mode, Path, Penalty, RowBuilder, RuleDefaults, RuleReading, Soft


class ExclusiveSpec(RuleSpec):
    """At most `max` funded among the named applications, or in each group of a column."""

    counts_pairs = True
    kind: Literal["exclusive"]
    dossiers: tuple[Code, ...] | None = None
    by: Code | tuple[Code, ...] | None = None
    where: Selector | None = None
    max: Count = 1

    @property
    def is_ceiling(self) -> bool:
        """True."""
        return True

    def can_be_escaped(self, columns: Sequence[str]) -> bool:
        """Whether a column is no column of the planner's own, where an empty cell means "no group"."""
        return any(column in CANONICAL for column in columns)


@dataclass(frozen=True, slots=True)
class Exclusive(RuleDefaults):
    """A compiled `exclusive`, or the column `variant_of` of the table."""

    id: str
    kind: str
    mode: Mode
    members: Members
    most: int
    committed: BoolArray
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write Σ x_i ≤ max for each group that has more members than that."""
        self._write(builder, None)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same rows, each funded pair or each dossier beyond `max` at its price."""
        if self.most == 1:
            self._write(builder, None, self._add_relief_columns(builder, soft))
        else:
            self._write(builder, soft)

    def _write(
        self, builder: RowBuilder, soft: Soft | None, relief: Sequence[tuple[int, int, int]] = ()
    ) -> None:
        ones = np.ones_like(self.members.dossier)
        upper = np.full(len(self.members.names), self.most, dtype=np.int64)
        rows = FundedRows(self.members.names, self.members.group, self.members.dossier, ones, upper)
        rows.write(builder, self.id, self.committed, soft=soft, relief=relief)

    def _add_relief_columns(self, builder: RowBuilder, soft: Soft) -> list[tuple[int, int, int]]:
        """Add the columns s₂ … sₙ of each group, priced 1, 2, … n − 1.

        Returns the entries (group, column, −1).
        """
        entries = []
        for group, size in enumerate(np.bincount(self.members.group).tolist()):
            for before in range(1, size):
                name = f"pairs:{self.id}:{self.members.names[group] or ''}:{before + 1}"
                column = builder.add_column(name, 0, 1)
                builder.add_price(column, soft.stage, soft.price * before)
                entries.append((group, column, -1))
        return entries

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Count the funded dossiers of each group; the distance is in pairs, or in dossiers beyond `max`."""
        counts = self.members.count(funded).tolist()
        result = build_count_reading(
            self, self.members.names, counts, self.most, grouped=self.members.grouped
        )
        if self.most == 1:
            return replace(result, broken=Fraction(sum(comb(count, 2) for count in counts)))
        return result

    @property
    def is_between(self) -> bool:
        """True: one dossier may exclude another."""
        return True

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return for each unfunded dossier a funded one that excludes it, -1 for none: int64 (n,)."""
        members = self.members
        full = members.count(funded) >= max(self.most, 1)
        return spread(members, np.where(full, members.find_first(funded), -1), ~funded)


def compile_exclusive(
    spec: ExclusiveSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Exclusive | None:
    """Resolve the rule on the dossiers.

    Returns None, with defects recorded, when something is unknown or infeasible.
    """
    members = build_members(case, spec.dossiers, spec.by, spec.where, offers.in_play, path)
    if members is None:
        return None
    mode, members = get_mode(spec), members.restrict(offers.in_play & case.select_applicable(spec.id))
    if mode is Mode.HARD:
        refuse_full(case, members, spec.max, offers, path)
    penalty = compile_penalty(spec, case, Unit.NUMBER, path)
    return Exclusive(spec.id, spec.kind, mode, members, spec.max, offers.committed, penalty)


def refuse_full(case: Case, members: Members, most: int, offers: Offers, path: Path | None) -> None:
    """Record a defect for each group in which more than `most` dossiers are committed or funded by decision."""
    settled = offers.committed | offers.forced
    for group in np.flatnonzero(members.count(settled) > most).tolist()[:MAX_LISTED]:
        rows = members.dossier[(members.group == group) & settled[members.dossier]]
        names, named = format_dossier_rows(case, rows), members.names[group]
        settled_rows = _("{count} applications", count=len(rows))
        if named:
            settled_rows = _('{count} applications of "{group}"', count=len(rows), group=named)
        case.defects.add(
            "exclusive-broken",
            _n(
                "{dossiers} are committed or funded by decision, and at most {n} may be: {names}.",
                "{dossiers} are committed or funded by decision, and at most {n} may be: {names}.",
                n=most,
                dossiers=settled_rows,
                names=names,
            ),
            *_locate_rule(case, path, rows[:5], "variant_of"),
        )
