"""Division of an envelope into one part per group of a column.

    each        the same amount for each group
    key         A_d = A · (fixed/n + (1 − fixed) · p_d/Σp)
    table       amounts, or weights p_d
    previous    (1 − change) · A_d,before ≤ A_d ≤ (1 + change) · A_d,before, with the same total

Exact shares become whole cents by largest remainders (Hamilton's method), ties by name. Balinski and Young,
*Fair Representation* (1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from tnt_sim.domain.budget_tree import EnvelopeShare, EnvelopeSpec, SplitSpec
from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal
from tnt_sim.domain.portfolio import get_table_column
from tnt_sim.domain.territory import LEVELS, YEARS, Territory, load_territory
from tnt_sim.errors import Defects, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.expressions.values import is_joined, map_to_names, read_spellings
from tnt_sim.rules.protocols import Path
from tnt_sim.scenario.scenario import ScenarioData


def split_shares(
    scenario: ScenarioData, spec: EnvelopeSpec, path: Path, defects: Defects
) -> list[EnvelopeShare]:
    """Return the parts of a split envelope; an empty list, with defects recorded, when it cannot be divided."""
    assert spec.split is not None
    before = len(defects.entries)
    division = _Division(scenario, spec, spec.split, (*path, "split"), defects)
    shares = division.compute_shares()
    return [] if len(defects.entries) > before else shares


@dataclass(frozen=True)
class _Division:
    """One split, from its specification to its amounts."""

    scenario: ScenarioData
    spec: EnvelopeSpec
    split: SplitSpec
    path: Path
    defects: Defects

    def record_defect(self, text: Text, key: str | None = None, hint: Text | None = None) -> None:
        here = self.path if key is None else (*self.path, key)
        self.defects.add("split", text, self.scenario.locate(here), hint=hint)

    def compute_shares(self) -> list[EnvelopeShare]:
        if not self._has_valid_form():
            return []
        split = self.split
        if split.table is not None:
            return self._compute_table_shares()
        groups = self._list_groups()
        if split.each is not None:
            return [EnvelopeShare(group, split.each) for group in groups]
        assert split.key is not None
        weights = self._compute_weights(split.key, groups)
        return [] if weights is None or not groups else self._divide_by_weight(groups, weights)

    def _has_valid_form(self) -> bool:
        """Return whether exactly one way to divide is given, and nothing else divides the same money."""
        split, before = self.split, len(self.defects.entries)
        if any(child.is_in_force(self.scenario.spec.date) for child in self.spec.envelopes):
            self.record_defect(
                _("an envelope divided by `split` cannot have `envelopes` of its own as well."),
                hint=_("Keep one of the two."),
            )
        ways = [name for name in ("each", "key", "table") if getattr(split, name) is not None]
        if len(ways) != 1:
            self.record_defect(
                _(
                    "a split needs `each`, `key` or `table`, one of the three (here: {found}).",
                    found=", ".join(ways) if ways else _("none"),
                ),
                hint=_("Write for example `split: {{by: department, key: population}}`."),
            )
        if split.fixed is not None and (split.each is not None or split.fixed > 1):
            self.record_defect(
                _("`fixed` is a share of at most 100%, with `key` or weights."),
                "fixed",
                _("Write for example `fixed: 30%`, or take it out."),
            )
        if (split.previous is None) != (split.change is None):
            self.record_defect(
                _("`previous` and `change` go together: the year before, and how far an amount may move."),
                hint=_("Write both, for example `previous: 2025.csv, change: 10%`, or neither."),
            )
        if split.previous is not None and split.each is not None:
            self.record_defect(
                _("`each` gives everyone the same amount: `previous` changes nothing."),
                "previous",
                _("Take out `previous` and `change`, or divide by `key` or `table`."),
            )
        return len(self.defects.entries) == before

    def _list_groups(self) -> list[str]:
        """Return the sorted groups: written, of the map, or of the dossiers that ask from the envelope."""
        groups = self.split.groups
        if groups == "map":
            known = self._require_map("groups")
            return [] if known is None else known.list_codes(self.split.by)
        if groups is None or isinstance(groups, str):
            requested = self._select_dossiers(self.scenario.portfolio.table)
            if self.split.by not in requested.columns:
                self.record_defect(
                    _('there is no column "{by}".', by=self.split.by),
                    "by",
                    suggest_name(self.split.by, [name for name in requested.columns if name[0] != "_"]),
                )
                return []
            return [g for g in self._get_group_values(requested).unique().sort().to_list() if g]
        twice = self._find_duplicates(groups)
        if twice:
            self.record_defect(
                _("`groups` names twice: {twice}.", twice=", ".join(twice[:10])),
                "groups",
                _("Keep each group once."),
            )
        return sorted(groups)

    def _select_dossiers(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a table that ask from the envelope.

        They name it, or name none where it is the only one.
        """
        only = self.scenario.spec.programme.find_single_leaf(self.scenario.spec.date) == self.spec.id
        names = [self.spec.id, ""] if only else [self.spec.id]
        return table.filter(pl.col("envelope").fill_null("").is_in(names))

    def _get_group_values(self, amounts: pl.DataFrame) -> pl.Series:
        """Return the value of `by` in some rows, with spellings merged."""
        column = self.split.by
        texts = amounts[column].cast(pl.String)
        if not is_joined(self.scenario, column):
            return texts
        return texts.replace(read_spellings(self.scenario, column).changed)

    def _find_duplicates(self, groups: Sequence[str]) -> list[str]:
        """Return the groups that are the same value of `by` as another one."""
        names = list(groups)
        if self.split.by in self.scenario.portfolio.table.columns:
            names = map_to_names(self.scenario, self.split.by, groups)
        return sorted({group for group, name in zip(groups, names, strict=True) if names.count(name) > 1})

    def _require_map(self, key: str) -> Territory | None:
        """Return the scenario's map if `by` is one of its levels.

        Returns None otherwise, with a defect in most cases.
        """
        spec = self.scenario.spec.territory_in_force
        if spec is None or spec.year is None:
            self.record_defect(
                _("this needs a map, and the scenario names none."),
                key,
                _("Add `territory: {{year: 2021}}`."),
            )
            return None
        if spec.year not in YEARS:
            return None
        if self.split.by not in LEVELS:
            self.record_defect(
                _('the map does not know "{by}".', by=self.split.by),
                "by",
                suggest_name(self.split.by, LEVELS),
            )
            return None
        return load_territory(spec.year)

    def _compute_weights(self, key: str, groups: Sequence[str]) -> list[Fraction] | None:
        """Return the weight of each group: its inhabitants, or the sum of a column over its dossiers."""
        if key == "population":
            known = self._require_map("key")
            if known is None:
                return None
            people = known.get_population(self.split.by)
            lost = [group for group in groups if group not in people]
            if lost:
                self.record_defect(
                    _("the map does not give the population of: {lost}.", lost=", ".join(lost[:10])),
                    "key",
                    _("Correct these codes, or give each its weight in a `table`."),
                )
                return None
            return [Fraction(people[group]) for group in groups]
        table = self.scenario.portfolio.table
        if get_table_column(key) not in table.columns:
            names = [name.removesuffix("_cents") for name in table.columns if not name.startswith("_")]
            self.record_defect(
                _('"{key}" is not a column of numbers.', key=key), "key", suggest_name(key, names)
            )
            return None
        numbers, faults = self.scenario.portfolio.read_numbers(key)
        self.defects.entries.extend(faults)
        if faults:
            return None
        if self.split.by not in table.columns:
            return None
        candidates = self._select_dossiers(table.with_columns(numbers.alias("_weight")))
        sums: dict[str, Fraction] = {}
        for group, value in zip(
            self._get_group_values(candidates).to_list(), candidates["_weight"].to_list(), strict=True
        ):
            sums[group] = sums.get(group, Fraction(0)) + Fraction(value or 0)
        names = map_to_names(self.scenario, self.split.by, groups)
        return [sums.get(name, Fraction(0)) for name in names]

    def _compute_table_shares(self) -> list[EnvelopeShare]:
        table = self._read_table("table", ("amount", "weight"))
        if table is None:
            return []
        groups, (kind, values) = table
        if kind == "amount" and self.split.fixed is not None:
            self.record_defect(
                _("`fixed` needs weights (`weight`), and the table gives amounts."),
                "fixed",
                _("Take out `fixed`, or name the column `weight` if it holds weights."),
            )
            return []
        if kind == "weight":
            return self._divide_by_weight(groups, values)
        amounts = [int(value) for value in values]
        return self._round_within_bounds(groups, [Fraction(amount) for amount in amounts], sum(amounts))

    def _divide_by_weight(self, groups: Sequence[str], weights: Sequence[Fraction]) -> list[EnvelopeShare]:
        total = sum(weights, Fraction(0))
        if self.spec.amount is None or total <= 0 or any(weight < 0 for weight in weights):
            self.record_defect(
                _("a split by a key or by weights needs an envelope amount and positive weights."),
                hint=_("Give the envelope an `amount`, and check the weights: none below 0, and not all 0."),
            )
            return []
        fixed = self.split.fixed or Fraction(0)
        parts = [fixed / len(groups) + (1 - fixed) * weight / total for weight in weights]
        return self._round_within_bounds(
            groups, [part * self.spec.amount for part in parts], self.spec.amount
        )

    def _round_within_bounds(
        self, groups: Sequence[str], exact: Sequence[Fraction], total: int
    ) -> list[EnvelopeShare]:
        """Round exact amounts to whole cents with the same total, within the bounds of the year before."""
        bounds = self._compute_bounds(groups)
        if bounds is None:
            return []
        low, high = [pair[0] for pair in bounds], [pair[1] for pair in bounds]
        least, most = sum(low), sum(total if top is None else top for top in high)
        if not least <= total <= most:
            bound = _("at least {amount}", amount=Money(least))
            if total >= least:
                bound = _("at most {amount}", amount=Money(most))
            self.record_defect(
                _("{total} cannot be divided: `change` asks for {bound}.", total=Money(total), bound=bound),
                "change",
                _("Widen `change`, or change the amount."),
            )
            return []
        amounts = apportion_by_remainders(fill(exact, low, high, total), total, groups)
        return [EnvelopeShare(group, amount) for group, amount in zip(groups, amounts, strict=True)]

    def _compute_bounds(self, groups: Sequence[str]) -> list[tuple[int, int | None]] | None:
        """Return the least and the most of each group in whole cents; a new group is not bounded."""
        change = self.split.change
        if self.split.previous is None or change is None:
            return [(0, None)] * len(groups)
        table = self._read_table("previous", ("amount",))
        if table is None:
            return None
        before = dict(zip(table[0], table[1][1], strict=True))
        result: list[tuple[int, int | None]] = []
        for group in groups:
            if group not in before:
                result.append((0, None))
                continue
            low, high = max(Fraction(0), 1 - change) * before[group], (1 + change) * before[group]
            result.append((math.ceil(low), math.floor(high)))
        return result

    def _read_table(
        self, key: str, values: Sequence[str]
    ) -> tuple[list[str], tuple[str, list[Fraction]]] | None:
        """Return the groups of a table and what it gives each: cents of `amount`, or `weight`."""
        name = self.scenario.files[(*self.path, key)]
        table = self.scenario.tables[name]
        value = next((column for column in values if column in table.columns), None)
        if "group" not in table.columns or value is None:
            columns = [f"`{column}`" for column in values]
            wanted = _("{first} or {last}", first=", ".join(columns[:-1]), last=columns[-1])
            self.record_defect(
                _(
                    'the table "{name}" needs the columns `group` and {columns}.',
                    name=name,
                    columns=wanted if columns[1:] else columns[0],
                ),
                key,
                _("Rename the headers of the table."),
            )
            return None
        groups: list[str] = table["group"].to_list()
        twice = self._find_duplicates(groups)
        if twice:
            self.record_defect(
                _('the table "{name}" names twice: {twice}.', name=name, twice=", ".join(twice[:10])),
                key,
                _("Keep one row for each group."),
            )
            return None
        try:
            cells = table[value].to_list()
            read = parse_cents if value == "amount" else parse_decimal
            return groups, (value, [Fraction(read(cell)) for cell in cells])
        except MoneyError as error:
            self.record_defect(error.text, key)
            return None


def fill(
    exact: Sequence[Fraction], low: Sequence[int], high: Sequence[int | None], total: int
) -> list[Fraction]:
    """Return clamp(λ · exact, low, high) elementwise, for the λ at which the sum is `total`.

    The fractions are exact.

    The caller ensures Σ low ≤ total ≤ Σ high. The sum is piecewise linear and non-decreasing in λ, so λ is
    found between two neighbouring breakpoints, where some amount meets a bound.

    >>> fill([Fraction(60), Fraction(40)], [0, 50], [None, None], 100)
    [Fraction(50, 1), Fraction(50, 1)]
    """
    steps = {Fraction(0), Fraction(1)}
    for value, bottom, top in zip(exact, low, high, strict=True):
        if value > 0:
            steps |= {bottom / value} | ({top / value} if top is not None else set())

    def clamp_amounts(scale: Fraction) -> list[Fraction]:
        return [
            min(
                max(scale * value, Fraction(bottom)),
                Fraction(top) if top is not None else scale * value + total,
            )
            for value, bottom, top in zip(exact, low, high, strict=True)
        ]

    ordered = sorted(steps)
    below = max((step for step in ordered if sum(clamp_amounts(step)) <= total), default=Fraction(0))
    amounts = clamp_amounts(below)
    rest = total - sum(amounts, Fraction(0))
    if rest == 0:
        return amounts
    moving = [
        value
        if value > 0 and bottom <= below * value and (top is None or below * value < top)
        else Fraction(0)
        for value, bottom, top in zip(exact, low, high, strict=True)
    ]
    slope = sum(moving)
    if slope == 0:
        # only groups of weight zero can take more: in equal parts, up to their bounds
        return _spread_evenly(amounts, high, rest)
    return [amount + rest * value / slope for amount, value in zip(amounts, moving, strict=True)]


def _spread_evenly(amounts: list[Fraction], high: Sequence[int | None], rest: Fraction) -> list[Fraction]:
    """Distribute a rest in equal parts among the amounts that are below their bounds."""
    result = list(amounts)
    while rest > 0:
        open_ = [k for k, top in enumerate(high) if top is None or result[k] < top]
        piece = min([rest / len(open_), *(top - result[k] for k in open_ if (top := high[k]) is not None)])
        for k in open_:
            result[k] += piece
        rest -= piece * len(open_)
    return result


def apportion_by_remainders(exact: Sequence[Fraction], total: int, names: Sequence[str]) -> list[int]:
    """Round amounts to whole cents that sum to `total`, by largest remainders, ties by name.

    >>> apportion_by_remainders([Fraction(1, 3)] * 3, 1, ["a", "b", "c"])
    [1, 0, 0]
    """
    floors = [math.floor(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda k: (floors[k] - exact[k], names[k]))
    for k in order[: total - sum(floors)]:
        floors[k] += 1
    return floors
