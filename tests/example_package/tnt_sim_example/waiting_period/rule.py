"""Rule `waiting_period`: two dossiers of one applicant, filed less than `days` apart, are not both funded.

    x_i + x_j ≤ 1        for i, j of one group with |day_i − day_j| < days

The distance is the number of such pairs of which both are funded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.domain.field_types import Code, Count
from tnt_sim.domain.portfolio import convert_to_instants
from tnt_sim.i18n.message import Bilingual
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Unit
from tnt_sim.rules.offers.funded_rows import FundedRows, build_count_reading, has_too_many_pairs
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Mode, Path, Penalty, RowBuilder, RuleDefaults, RuleReading, Soft


class WaitingPeriodSpec(RuleSpec):
    """At least `days` days between two funded dossiers of one group."""

    counts_pairs = True
    kind: Literal["waiting_period"]
    days: Count
    by: Code = "applicant_id"
    date: Code = "filed_at"
    where: Selector | None = None


@dataclass(frozen=True, slots=True)
class WaitingPeriod(RuleDefaults):
    """A compiled `waiting_period`.

    Attributes
    ----------
    names : the groups
    group, dossier, day : int64 (m,), sorted by group, then day, then rank; days since 1970
    number : number of every dossier of the table
    """

    id: str
    kind: str
    mode: Mode
    days: int
    names: tuple[str | None, ...]
    group: IntArray
    dossier: IntArray
    day: IntArray
    number: pl.Series
    committed: BoolArray
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write x_i + x_j ≤ 1 for each pair that is too close."""
        self._write(builder, None)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same rows, each pair of which both are funded at its price."""
        self._write(builder, soft)

    def _write(self, builder: RowBuilder, soft: Soft | None) -> None:
        earlier, later = self.list_pairs()
        first, second = self.dossier[earlier], self.dossier[later]
        names = [
            f"{a} + {b}"
            for a, b in zip(
                self.number.gather(first).to_list(), self.number.gather(second).to_list(), strict=True
            )
        ]
        row = np.arange(len(names))
        FundedRows(
            names,
            np.concatenate([row, row]),
            np.concatenate([first, second]),
            np.ones(2 * len(names), dtype=np.int64),
            np.ones(len(names), dtype=np.int64),
        ).write(builder, self.id, self.committed, soft=soft)

    def list_pairs(self) -> tuple[IntArray, IntArray]:
        """Return the positions of the pairs that are too close: int64 (n_pairs,) twice, the earlier first."""
        earlier, later = [], []
        for start in range(len(self.dossier)):
            for end in range(start + 1, len(self.dossier)):
                if self.group[end] != self.group[start] or self.day[end] - self.day[start] >= self.days:
                    break
                earlier.append(start)
                later.append(end)
        return np.array(earlier, dtype=np.int64), np.array(later, dtype=np.int64)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Count in each group the pairs that are too close and of which both are funded."""
        earlier, later = self.list_pairs()
        both = funded[self.dossier[earlier]] & funded[self.dossier[later]]
        counts = np.bincount(self.group[earlier[both]], minlength=len(self.names)).tolist()
        return build_count_reading(self, self.names, counts, 0, grouped=True)

    @property
    def is_between(self) -> bool:
        """True: one dossier may exclude another."""
        return True

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return for each unfunded dossier a funded one that is too close, -1 for none: int64 (n,)."""
        places = np.full(len(funded), -1, dtype=np.int64)
        for one, other in zip(*(self.dossier[ends] for ends in self.list_pairs()), strict=True):
            if funded[one] != funded[other]:
                places[one if funded[other] else other] = other if funded[other] else one
        return places


def compile_waiting_period(
    spec: WaitingPeriodSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> WaitingPeriod | None:
    """Resolve the rule on the dossiers; None, with defects recorded, when something is unknown."""
    if get_column_kind(case, spec.date) is not ValueKind.DATE:
        case.record_defect(
            "waiting-period-date",
            Bilingual(
                f"la colonne « {spec.date} » n'est pas une date.", f'the column "{spec.date}" is not a date.'
            ),
            (*path, "date"),
        )
        return None
    mask = select(case, spec.where, (*path, "where"))
    if mask is None:
        return None
    mask = mask & offers.in_play & case.select_applicable(spec.id)
    instants = case.table.select(
        convert_to_instants(spec.date, case.table.schema[spec.date], case.timezone)
    ).to_series()
    days = instants.dt.convert_time_zone(case.timezone).dt.date().to_physical()
    groups = group_by_columns(case, spec.by, None, mask, mask & days.is_not_null().to_numpy(), path)
    if groups is None:
        return None
    dossier = np.flatnonzero(groups.codes >= 0)
    group, day = groups.codes[dossier], days.fill_null(0).to_numpy().astype(np.int64)[dossier]
    order = np.lexsort((dossier, day, group))
    rule = WaitingPeriod(
        spec.id,
        spec.kind,
        get_mode(spec),
        spec.days,
        groups.names,
        group[order],
        dossier[order],
        day[order],
        case.table["dossier"],
        offers.committed,
        compile_penalty(spec, case, Unit.NUMBER, path),
    )
    if rule.mode is Mode.PENALTY and has_too_many_pairs(case, len(rule.list_pairs()[0]), path):
        return None
    if (
        rule.mode is Mode.HARD
        and not rule.read(offers.committed | offers.forced, offers.committed_cents).holds
    ):
        case.record_defect(
            "waiting-period-broken",
            Bilingual(
                "des dossiers engagés ou retenus par décision sont trop rapprochés.",
                "applications that are committed or funded by decision are too close.",
            ),
            (*path, "days"),
        )
        return None
    return rule
