"""`exclusive` and `requires`: what the funding of one dossier says of others.

    exclusive   Σ_{i in group} xᵢ ≤ max        committed dossiers counted
    requires    k·xᵢ ≤ Σ_{j in need} xⱼ        k = at_least; xᵢ ≤ xⱼ for each j when all are needed

A price is for each pair broken. In `requires`, that is each needed dossier that a funded one lacks. In `exclusive`
with `max: 1`, each two that are funded: with k funded of n, k(k−1)/2, written with columns s₂ … sₙ ∈ {0, 1} as

    Σ xᵢ − Σ_t s_t ≤ 1        s_t priced t − 1 times: the t-th funded dossier excludes the t − 1 before it

whose rising prices need no order among them. With another `max` it is each funded dossier beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.errors import Place, Text
from tnt_sim.fields import Code, Count
from tnt_sim.rules.base import (
    BoolArray,
    Case,
    CompiledRule,
    IntArray,
    Mode,
    Path,
    Penalty,
    Reading,
    RowBuilder,
    RuleReading,
    Soft,
    Unit,
)
from tnt_sim.rules.funded import (
    SHOWN,
    FundedRows,
    Members,
    cannot_be_funded,
    listed_names,
    members_of,
    named_rows,
)
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.rulespec import RuleSpec, mode_of, penalty_of
from tnt_sim.rules.select import Selector


class ExclusiveSpec(RuleSpec):
    """At most `max` funded among the named dossiers, or in each group of a column."""

    kind: Literal["exclusive"]
    dossiers: tuple[Code, ...] | None = None
    by: Code | tuple[Code, ...] | None = None
    where: Selector | None = None
    max: Count = 1


class RequiresSpec(RuleSpec):
    """Each of the dossiers is funded only with `at_least` of those that it needs: all by default."""

    kind: Literal["requires"]
    dossiers: tuple[Code, ...]
    need: tuple[Code, ...]
    at_least: Count | None = None


@dataclass(frozen=True, slots=True)
class Exclusive:
    """A compiled `exclusive`, or the column `variant_of`."""

    id: str
    kind: str
    mode: Mode
    members: Members
    most: int
    committed: BoolArray
    penalty: Penalty | None = None

    def rows(self, builder: RowBuilder) -> None:
        """Σ x ≤ max for each group that has more members."""
        self._write(builder, None)

    def soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """The same rows, each pair funded, or each dossier too many, at its price."""
        if self.most == 1:
            self._write(builder, None, self._relief(builder, soft))
        else:
            self._write(builder, soft)

    def _write(
        self, builder: RowBuilder, soft: Soft | None, relief: Sequence[tuple[int, int, int]] = ()
    ) -> None:
        ones = np.ones_like(self.members.dossier)
        upper = np.full(len(self.members.names), self.most, dtype=np.int64)
        rows = FundedRows(self.members.names, self.members.group, self.members.dossier, ones, upper)
        rows.write(builder, self.id, self.committed, soft=soft, relief=relief)

    def _relief(self, builder: RowBuilder, soft: Soft) -> list[tuple[int, int, int]]:
        """The columns s₂ … sₙ of each group as entries (group, column, −1), priced 1, 2, … n − 1."""
        entries = []
        for group, size in enumerate(np.bincount(self.members.group).tolist()):
            for before in range(1, size):
                name = f"pairs:{self.id}:{self.members.names[group] or ''}:{before + 1}"
                column = builder.column(name, 0, 1)
                builder.price(column, soft.stage, soft.price * before)
                entries.append((group, column, -1))
        return entries

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """How many are funded in each group; the distance is in pairs, or in dossiers too many."""
        counts = self.members.count(funded).tolist()
        found = counted(self, self.members.names, counts, self.most, grouped=self.members.grouped)
        if self.most == 1:
            return replace(found, broken=Fraction(sum(comb(count, 2) for count in counts)))
        return found

    def barred_by(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """For each unfunded dossier one that keeps it out, -1 for none: int64 (n,)."""
        members = self.members
        full = members.count(funded) >= max(self.most, 1)
        return spread(members, np.where(full, members.first(funded), -1), ~funded)


@dataclass(frozen=True, slots=True)
class Requires:
    """A compiled `requires`, or the column `requires`.

    Attributes
    ----------
    head : int64 (n_heads,), the dossiers that need others
    at_least : int64 (n_heads,), how many of them
    needs : the dossiers that each head needs, group k for head k
    """

    id: str
    kind: str
    mode: Mode
    head: IntArray
    at_least: IntArray
    needs: Members
    committed: BoolArray
    dossier: pl.Series
    penalty: Penalty | None = None

    def rows(self, builder: RowBuilder) -> None:
        """x_head ≤ x_need for each pair where all are needed, else k·x_head ≤ Σ x_need."""
        self._write(builder, None)

    def soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """The same rows, each dossier that is lacking at its price."""
        self._write(builder, soft)

    @property
    def whole(self) -> BoolArray:
        """The heads that need all of theirs, bool (n_heads,)."""
        whole: BoolArray = self.at_least == np.bincount(self.needs.group, minlength=len(self.head))
        return whole

    def _write(self, builder: RowBuilder, soft: Soft | None) -> None:
        pair = self.whole[self.needs.group]
        first, second = self.head[self.needs.group[pair]], self.needs.dossier[pair]
        rows = FundedRows.implications(first, second, self.dossier)
        rows.write(builder, self.id, self.committed, soft=soft)
        some = np.flatnonzero(~self.whole)
        place = np.full(len(self.head), -1, dtype=np.int64)
        place[some] = np.arange(len(some))
        FundedRows(
            self.dossier.gather(self.head[some]).to_list(),
            np.concatenate([np.arange(len(some)), place[self.needs.group[~pair]]]),
            np.concatenate([self.head[some], self.needs.dossier[~pair]]),
            np.concatenate([self.at_least[some], np.full(int((~pair).sum()), -1)]),
            np.zeros(len(some), dtype=np.int64),
        ).write(builder, self.id, self.committed, soft=soft)

    def lacking(self, funded: BoolArray) -> IntArray:
        """How many needed dossiers each head lacks, funded or not: int64 (n_heads,)."""
        lacking: IntArray = np.maximum(self.at_least - self.needs.count(funded), 0)
        return lacking

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """How many needed dossiers each funded head lacks."""
        counts = np.where(funded[self.head], self.lacking(funded), 0).tolist()
        names = self.dossier.gather(self.head).to_list()
        return counted(self, names, counts, 0, grouped=True)

    def barred_by(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """For each unfunded head one that it lacks, -1 for none: int64 (n,)."""
        missing = np.where(self.lacking(funded) > 0, self.needs.first(~funded), -1)
        found = np.full(len(funded), -1, dtype=np.int64)
        open_ = (missing >= 0) & ~funded[self.head]
        found[self.head[open_]] = missing[open_]
        return found


def spread(members: Members, per_group: IntArray, mask: BoolArray) -> IntArray:
    """A value of each group for its members within a mask, -1 elsewhere: int64 (n,)."""
    found = np.full(len(mask), -1, dtype=np.int64)
    value = per_group[members.group]
    kept = mask[members.dossier] & (value >= 0)
    found[members.dossier[kept]] = value[kept]
    return found


def counted(
    rule: CompiledRule,
    names: tuple[str | None, ...] | list[str],
    counts: list[int],
    most: int,
    *,
    grouped: bool,
) -> RuleReading:
    """The reading of a rule that counts: at most `most` in each group."""
    bound = Fraction(most)
    readings = tuple(Reading(name, n, 1, None, bound) for name, n in zip(names, counts, strict=True))
    return RuleReading(rule.id, rule.kind, rule.mode, readings, grouped)


def compile_exclusive(spec: ExclusiveSpec, path: Path, case: Case, offers: Offers) -> Exclusive | None:
    """Meet the dossiers; None, with defects noted, when something is unknown or can never hold."""
    members = members_of(case, spec.dossiers, spec.by, spec.where, offers.in_play, path)
    if members is None:
        return None
    mode, members = mode_of(spec), members.within(offers.in_play & case.bound(spec.id))
    if mode is Mode.HARD:
        refuse_full(case, members, spec.max, offers, path)
    penalty = penalty_of(spec, case, Unit.NUMBER, path)
    return Exclusive(spec.id, spec.kind, mode, members, spec.max, offers.committed, penalty)


def refuse_full(case: Case, members: Members, most: int, offers: Offers, path: Path | None) -> None:
    """A group in which more are committed or funded by decision than may be."""
    settled = offers.committed | offers.forced
    for group in np.flatnonzero(members.count(settled) > most).tolist()[:SHOWN]:
        rows = members.dossier[(members.group == group) & settled[members.dossier]]
        names, named = listed_names(case, rows), members.names[group]
        of_fr = f" de « {named} »" if named else ""
        of_en = f' of "{named}"' if named else ""
        case.defects.add(
            "exclusive-broken",
            Text(
                f"{len(rows)} dossiers{of_fr} sont engagés ou retenus par décision, et {most} au plus "
                f"peu{'t' if most < 2 else 'vent'} l'être : {names}.",
                f"{len(rows)} dossiers{of_en} are committed or funded by decision, and at most {most} may be: "
                f"{names}.",
            ),
            *_said_at(case, path, rows[:5], "variant_of"),
        )


def compile_requires(spec: RequiresSpec, path: Path, case: Case, offers: Offers) -> Requires | None:
    """Meet the dossiers; None, with defects noted, when something is unknown or can never hold."""
    head = named_rows(case, spec.dossiers, (*path, "dossiers"))
    need = named_rows(case, spec.need, (*path, "need"))
    if head is None or need is None:
        return None
    head = head[case.bound(spec.id)[head]]
    at_least = len(need) if spec.at_least is None else spec.at_least
    if not 1 <= at_least <= len(need):
        case.fault(
            "at-least",
            Text(
                f"`at_least` va de 1 à {len(need)}, le nombre de dossiers de `need`.",
                f"`at_least` goes from 1 to {len(need)}, the number of dossiers in `need`.",
            ),
            (*path, "need" if spec.at_least is None else "at_least"),
            Text(
                "Corrigez `at_least`, ou retirez-le : tous sont alors exigés.",
                "Correct `at_least`, or take it out: all are then needed.",
            ),
        )
        return None
    needs = Members(
        tuple(case.table["dossier"].gather(head).to_list()),
        np.repeat(np.arange(len(head)), len(need)),
        np.tile(np.sort(need), len(head)),
        grouped=True,
    )
    rule = Requires(
        spec.id,
        spec.kind,
        mode_of(spec),
        head,
        np.full(len(head), at_least, dtype=np.int64),
        needs,
        offers.committed,
        case.table["dossier"],
        penalty_of(spec, case, Unit.NUMBER, path),
    )
    if rule.mode is Mode.HARD:
        note_impossible(case, rule, offers, path)
    return rule


def note_impossible(case: Case, rule: Requires, offers: Offers, path: Path | None) -> None:
    """Heads whose needs cannot be funded: an error where they must be funded, else a warning."""
    short = rule.lacking(offers.in_play) > 0
    must = (offers.committed | offers.forced)[rule.head]
    lost = np.flatnonzero(short & must)
    for k in lost.tolist()[:SHOWN]:
        row = int(rule.head[k])
        out = rule.needs.dossier[(rule.needs.group == k) & ~offers.in_play[rule.needs.dossier]]
        name, names = case.table["dossier"][row], listed_names(case, out)
        case.defects.add(
            "requires-broken",
            Text(
                f"le dossier « {name} » est engagé ou retenu par décision, mais ce qu'il exige ne peut pas être "
                f"financé : {names}.",
                f'the dossier "{name}" is committed or funded by decision, but what it requires cannot be '
                f"funded: {names}.",
            ),
            *_said_at(case, path, rule.head[[k]], "requires"),
        )
    rows = rule.head[short & ~must & offers.in_play[rule.head]]
    if len(rows):
        n = cannot_be_funded(len(rows))
        case.warnings.add(
            "requires-impossible",
            Text(
                f"{n.fr}, faute d'un préalable qui puisse l'être : {listed_names(case, rows)}.",
                f"{n.en}, for want of a prerequisite that can be: {listed_names(case, rows)}.",
            ),
            *_said_at(case, path, rows[:5], "requires"),
        )


def _said_at(case: Case, path: Path | None, rows: IntArray, column: str) -> list[Place]:
    """The place of a rule, or the cells of some dossiers where the table says it."""
    cells = [case.portfolio.place(int(row), "dossier" if path else column) for row in rows]
    return cells if path is None else [case.locate(path), *cells]
