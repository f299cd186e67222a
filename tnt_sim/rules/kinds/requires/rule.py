"""Rule `requires`: a dossier is funded only with (some of) the dossiers that it needs.

    xᵢ ≤ xⱼ  for each j in need, when all are needed        otherwise  k·xᵢ ≤ Σ_{j ∈ need} xⱼ,  k = at_least

These are precedence (implication) constraints. A penalty is charged per needed dossier that a funded one
lacks.

Cycles of prerequisites, found without solving.

They are errors, whether the table, the hard `requires` rules that need all of theirs, or both form them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.domain.field_types import Code, Count
from tnt_sim.errors import Place
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Unit
from tnt_sim.rules.offers.funded_rows import (
    MAX_LISTED,
    FundedRows,
    Members,
    _locate_rule,
    build_count_reading,
    describe_unfundable,
    find_rows,
    format_dossier_rows,
)
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Mode, Path, Penalty, RowBuilder, RuleDefaults, RuleReading, Soft


class RequiresSpec(RuleSpec):
    """Each of the applications is funded only with `at_least` of those that it needs: all by default."""

    counts_pairs = True
    kind: Literal["requires"]
    dossiers: tuple[Code, ...]
    need: tuple[Code, ...]
    at_least: Count | None = None


@dataclass(frozen=True, slots=True)
class Requires(RuleDefaults):
    """A compiled `requires`, or the column `requires` of the table.

    Attributes
    ----------
    head : int64 (n_heads,), the dossiers that need others
    at_least : int64 (n_heads,), how many of them each needs
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

    def build_rows(self, builder: RowBuilder) -> None:
        """Write x_head ≤ x_need for each pair where all are needed, otherwise k · x_head ≤ Σ x_need."""
        self._write(builder, None)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same rows, each missing dossier at its price."""
        self._write(builder, soft)

    @property
    def whole(self) -> BoolArray:
        """The heads that need all of theirs, bool (n_heads,)."""
        whole: BoolArray = self.at_least == np.bincount(self.needs.group, minlength=len(self.head))
        return whole

    def _write(self, builder: RowBuilder, soft: Soft | None) -> None:
        pair = self.whole[self.needs.group]
        first, second = self.head[self.needs.group[pair]], self.needs.dossier[pair]
        rows = FundedRows.from_implications(first, second, self.dossier)
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

    def count_missing(self, funded: BoolArray) -> IntArray:
        """Return how many needed dossiers each head lacks, whether it is funded or not: int64 (n_heads,)."""
        lacking: IntArray = np.maximum(self.at_least - self.needs.count(funded), 0)
        return lacking

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Count the needed dossiers that each funded head lacks."""
        counts = np.where(funded[self.head], self.count_missing(funded), 0).tolist()
        names = self.dossier.gather(self.head).to_list()
        return build_count_reading(self, names, counts, 0, grouped=True)

    @property
    def is_between(self) -> bool:
        """True: one dossier may exclude another."""
        return True

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return for each unfunded head a needed dossier that is unfunded, -1 for none: int64 (n,)."""
        missing = np.where(self.count_missing(funded) > 0, self.needs.find_first(~funded), -1)
        places = np.full(len(funded), -1, dtype=np.int64)
        open_ = (missing >= 0) & ~funded[self.head]
        places[self.head[open_]] = missing[open_]
        return places


def compile_requires(
    spec: RequiresSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Requires | None:
    """Resolve the rule on the dossiers.

    Returns None, with defects recorded, when something is unknown or infeasible.
    """
    head = find_rows(case, spec.dossiers, (*path, "dossiers"))
    need = find_rows(case, spec.need, (*path, "need"))
    if head is None or need is None:
        return None
    head = head[case.select_applicable(spec.id)[head]]
    at_least = len(need) if spec.at_least is None else spec.at_least
    if not 1 <= at_least <= len(need):
        case.record_defect(
            "at-least",
            _("`at_least` goes from 1 to {n_need}, the number of applications in `need`.", n_need=len(need)),
            (*path, "need" if spec.at_least is None else "at_least"),
            _("Correct `at_least`, or take it out: all are then needed."),
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
        get_mode(spec),
        head,
        np.full(len(head), at_least, dtype=np.int64),
        needs,
        offers.committed,
        case.table["dossier"],
        compile_penalty(spec, case, Unit.NUMBER, path),
    )
    if rule.mode is Mode.HARD:
        report_impossible(case, rule, offers, path)
    return rule


def report_impossible(case: Case, rule: Requires, offers: Offers, path: Path | None) -> None:
    """Report heads whose needs cannot be funded: an error where the head must be funded, else a warning."""
    short = rule.count_missing(offers.in_play) > 0
    must = (offers.committed | offers.forced)[rule.head]
    lost = np.flatnonzero(short & must)
    for k in lost.tolist()[:MAX_LISTED]:
        row = int(rule.head[k])
        out = rule.needs.dossier[(rule.needs.group == k) & ~offers.in_play[rule.needs.dossier]]
        name, names = case.table["dossier"][row], format_dossier_rows(case, out)
        case.defects.add(
            "requires-broken",
            _(
                'the application "{name}" is committed or funded by decision, but what it requires cannot be '
                "funded: {names}.",
                name=name,
                names=names,
            ),
            *_locate_rule(case, path, rule.head[[k]], "requires"),
        )
    rows = rule.head[short & ~must & offers.in_play[rule.head]]
    if len(rows):
        n = describe_unfundable(len(rows))
        case.warnings.add(
            "requires-impossible",
            _(
                "{n}, for want of a prerequisite that can be: {dossier_rows}.",
                n=n,
                dossier_rows=format_dossier_rows(case, rows),
            ),
            *_locate_rule(case, path, rows[:5], "requires"),
        )


def refuse_cycles(case: Case, offers: Offers, rules: Sequence[tuple[Requires, Path | None]]) -> None:
    """Record one defect per cycle of prerequisites found.

    A path of None means that the table states the rule.
    """
    edges: dict[int, dict[int, int]] = {}
    for number, (rule, __) in enumerate(rules):
        pair = rule.whole[rule.needs.group]
        heads = rule.head[rule.needs.group[pair]]
        for a, b in zip(heads.tolist(), rule.needs.dossier[pair].tolist(), strict=True):
            edges.setdefault(a, {}).setdefault(b, number)
    for circle in _find_cycles(edges)[:MAX_LISTED]:
        names = [case.table["dossier"][row] for row in [*circle, circle[0]]]
        places: list[Place] = []
        for a, b in zip(circle, [*circle[1:], circle[0]], strict=True):
            path = rules[edges[a][b]][1]
            place = case.portfolio.locate(a, "requires") if path is None else case.locate(path)
            if place not in places:
                places.append(place)
        option = " → ".join(names)
        case.defects.add(
            "requires-circle",
            _("these applications require each other: {option}.", option=option),
            *places,
            hint=_("Cut the circle, or write a rule `together` if they go together."),
        )


def _find_cycles(edges: dict[int, dict[int, int]]) -> list[list[int]]:
    """Return disjoint shortest cycles as lists of rows, in order of their first dossier.

    A cycle through a dossier is found by breadth-first search; cycles that share a dossier with a known one
    are left out.
    """
    result: list[list[int]] = []
    done: set[int] = set()
    for start in _trim_acyclic_vertices(edges):
        if start in done:
            continue
        circle = _find_shortest_cycle(edges, start)
        if circle and not done.intersection(circle):
            result.append(circle)
        done.update(circle)
    return result


def _trim_acyclic_vertices(edges: dict[int, dict[int, int]]) -> list[int]:
    """Return the vertices left after removing those without a successor, then those without a predecessor.

    Both removals are repeated until nothing changes.
    """
    backward: dict[int, dict[int, int]] = {}
    for a, following in edges.items():
        for b in following:
            backward.setdefault(b, {})[a] = 0
    left = set(edges) & set(backward)
    for ahead, behind in ((edges, backward), (backward, edges)):
        waiting = [a for a in left if not left.intersection(ahead[a])]
        while waiting:
            gone = waiting.pop()
            left.discard(gone)
            waiting += [a for a in behind[gone] if a in left and not left.intersection(ahead[a])]
    return sorted(left)


def _find_shortest_cycle(edges: dict[int, dict[int, int]], start: int) -> list[int]:
    """Return a shortest cycle through `start` by breadth-first search, or [] if there is none."""
    came: dict[int, int] = {}
    here = [start]
    while here:
        after: list[int] = []
        for a in here:
            for b in sorted(edges.get(a, {})):
                if b == start:
                    option = [a]
                    while option[-1] != start:
                        option.append(came[option[-1]])
                    return option[::-1]
                if b not in came:
                    came[b] = a
                    after.append(b)
        here = after
    return []
