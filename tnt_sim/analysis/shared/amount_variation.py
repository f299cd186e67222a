"""Variation of envelope amounts: which amounts of the tree move together, and the scenario at each value.

Let Δ be the difference from the written amount. The increase is new money: every envelope above a
moved one also gets Δ, unless it is `overbooked` (its children are ceilings) or has no amount. Below
the moved envelope, the key `share` decides:

    free       no amount moves; the model shares the excess as `unassigned` says
    pro_rata   every amount below keeps its proportion; odd cents by highest averages, ties by id
    an id      Δ goes to that envelope and to those between

Several moved envelopes share the total in proportion to their written amounts. Highest averages
(D'Hondt) is house-monotone, unlike largest remainders: when the total grows by a cent, no envelope
loses one.

Source: M. L. Balinski and H. P. Young, *Fair Representation: Meeting the Ideal of One Man, One
Vote* (1982).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import polars as pl

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.domain.budget_tree import EnvelopeSpec
from tnt_sim.domain.field_types import write_cents
from tnt_sim.domain.money import format_decimal_euros, parse_cents, parse_decimal
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, _
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.load import with_amounts, with_changes
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData

FREE, PRO_RATA = "free", "pro_rata"
_AMOUNT_READERS = ("rules", "caps", "grants", "objective", "measures")
"""Keys of a scenario that may read the amount of an envelope (`of_amount`)."""
_ENVELOPE_OPTIONS = (
    "transfers", "min_use", "reserve", "overprogram", "min_dossiers", "max_dossiers", "split"
)  # fmt: skip
"""Keys of an envelope that are more than its amount, parent and ceiling."""


@dataclass(frozen=True)
class AmountVariation:
    """Envelopes whose amount varies, and how the amounts below follow.

    Attributes
    ----------
    names : the envelopes; none lies under another
    share : `free`, `pro_rata` or the id of an envelope below the moved one
    base_cents : sum of their written amounts
    """

    scenario: ScenarioData
    names: tuple[str, ...]
    share: str
    base_cents: int
    _family: Mapping[str, EnvelopeSpec] = field(repr=False)
    _above: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def of(cls, scenario: ScenarioData, names: Sequence[str] = (), share: str = FREE) -> AmountVariation:
        """Validate the names and the key; without names, the programme itself."""
        names = tuple(dict.fromkeys(names)) or (scenario.spec.programme.id,)
        family = {spec.id: spec for spec, __ in scenario.spec.programme.walk()}
        above = dict(_iterate_ancestry(scenario.spec.programme, ()))
        for name in names:
            _check_name(name, family, scenario)
            inside = next((other for other in names if other in above[name]), None)
            if inside is not None:
                raise UsageError(
                    _('"{name}" lies in "{inside}": name one of the two.', name=name, inside=inside),
                    code="usage.envelope",
                )
        share = share.removeprefix("to:") if share not in (FREE, PRO_RATA) else share
        _check_share(share, names, family, above)
        base = sum(family[name].amount or 0 for name in names)
        return cls(scenario, names, share, base, family, above)

    def parse_amount(self, text: str | int) -> int:
        """Parse an amount: whole euros, text ("88 M€") or a percentage of the written amount ("50 %").

        Percentages are rounded down to the cent.
        """
        if isinstance(text, int):
            return text * 100
        word = text.strip()
        try:
            if word.endswith("%"):
                rate = _parse_percentage(word)
                return self.base_cents * rate.numerator // rate.denominator
            return parse_cents(word)
        except ValueError as error:
            why = getattr(error, "text", NO_TEXT)
            raise UsageError(
                _(
                    '"{amount}" is not an amount: {why}. Write "98 M€", "22.5 M€" or "110%".',
                    amount=text,
                    why=why,
                ),
                code="usage.amount",
            ) from error

    def compute_amounts(self, cents: int) -> dict[str, int]:
        """Return the amounts that differ from the written ones when the moved envelopes total `cents`."""
        written = [self._family[name].amount or 0 for name in self.names]
        parts = [cents] if len(self.names) == 1 else apportion_cents(cents, written, self.names)
        moved: dict[str, int] = {}
        for name, piece, before in zip(self.names, parts, written, strict=True):
            moved[name] = piece
            self._raise_above(moved, name, piece - before)
            if self.share == PRO_RATA:
                moved.update(_scale_amounts(self._family[name], piece, before))
            elif self.share != FREE:
                self._raise_between(moved, name, piece - before)
        return {name: part for name, part in moved.items() if part != self._family[name].amount}

    def build_scenario_at(self, cents: int) -> ScenarioData:
        """Return the scenario at an amount, without reading its files again."""
        amounts = self.compute_amounts(cents)
        scenario = with_amounts(self.scenario, amounts) if amounts else self.scenario
        return self._with_splits(scenario, cents) if self.share == PRO_RATA else scenario

    def compile_problem_at(self, cents: int, deadline: Deadline = UNLIMITED) -> Problem:
        """Compile the problem at an amount."""
        return compile_problem(self.build_scenario_at(cents), deadline)

    def find_overdrawn_envelope(self, cents: int) -> tuple[str, int] | None:
        """Return an envelope whose children's amounts exceed its own, with their sum; None if there is none."""
        amounts = {
            **{name: spec.amount for name, spec in self._family.items()},
            **self.compute_amounts(cents),
        }
        for name, spec in self._family.items():
            below = sum(amounts[child.id] or 0 for child in spec.envelopes)
            amount = amounts[name]
            if amount is not None and (amount < 0 or (below > amount and not spec.overbooked)):
                return name, below
        return None

    def update_problem_at(self, problem: Problem, cents: int) -> Problem | None:
        """Return the problem at an amount by changing only the tree of a compiled one.

        None if anything else depends on the amount: shares of an amount, reserves, minimum uses,
        pro rata money, or parts of a split.
        """
        tree = problem.case.tree
        if not self._has_plain_envelopes or problem.limits or len(tree.ids) != len(self._family):
            return None
        if any(load_rule_kinds()[rule.kind].reads_amounts for rule in problem.rules):
            return None
        if any("of_amount" in str(rule) for rule in self.scenario.spec.rules):
            return None
        amounts = {
            **{name: spec.amount for name, spec in self._family.items()},
            **self.compute_amounts(cents),
        }
        written = tuple(
            None if closed else amounts[name] for name, closed in zip(tree.ids, tree.closed, strict=True)
        )
        moved = replace(tree, written_cents=written, amount_cents=written)
        return replace(problem, case=replace(problem.case, tree=moved))

    @property
    def _has_plain_envelopes(self) -> bool:
        """Whether no envelope has an option, as it is written: at 0 € a share of the amount shows in no tree."""
        return all(
            spec.unassigned != PRO_RATA and all(getattr(spec, option) is None for option in _ENVELOPE_OPTIONS)
            for spec in self._family.values()
        )

    def derive_problem_at(self, problem: Problem, cents: int) -> Problem | None:
        """Return the problem at an amount from a compiled one, where only the tree's amounts differ; else None.

        None too where compiling would refuse the amounts: the caller compiles, and learns why.
        """
        scenario_tree = problem.scenario.tree
        readers = json.dumps([scenario_tree.get(key) for key in _AMOUNT_READERS], default=str)
        if (
            "of_amount" in readers
            or self.share == PRO_RATA
            or problem.offers.committed.any()
            or problem.case.tree.opened is not None
            or any(rule.mode is not Mode.HARD for rule in problem.rules)
            or self.find_overdrawn_envelope(cents) is not None
        ):
            return None
        return self.update_problem_at(problem, cents)

    def _raise_above(self, moved: dict[str, int], name: str, more: int) -> None:
        for above in reversed(self._above[name]):
            spec = self._family[above]
            if spec.overbooked:
                return
            if spec.amount is not None:
                moved[above] = moved.get(above, spec.amount) + more

    def _raise_between(self, moved: dict[str, int], name: str, more: int) -> None:
        line = self._above[self.share]
        for below in (*line[line.index(name) + 1 :], self.share):
            amount = self._family[below].amount
            if amount is not None:
                moved[below] = amount + more

    def _with_splits(self, scenario: ScenarioData, cents: int) -> ScenarioData:
        """Scale amounts by group in proportion, each rounded down: tables of amounts and `each`."""
        tables, each = dict(scenario.tables), {}
        for spec in (spec for name in self.names for spec, __ in self._family[name].walk()):
            if spec.split is None:
                continue
            if spec.split.each is not None:
                part = spec.split.each * cents // self.base_cents
                each[f"envelopes.{spec.id}.split.each"] = write_cents(part)
            file = scenario.files.get((*scenario.get_envelope_path(spec.id), "split", "table"))
            if file is not None and "amount" in tables[file].columns:
                tables[file] = _scale_table(tables[file], cents, self.base_cents)
        return replace(with_changes(scenario, each) if each else scenario, tables=tables)


def _iterate_ancestry(spec: EnvelopeSpec, above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield spec.id, above
    for child in spec.envelopes:
        yield from _iterate_ancestry(child, (*above, spec.id))


def _check_name(name: str, family: Mapping[str, EnvelopeSpec], scenario: ScenarioData) -> None:
    if name not in family:
        hint = suggest_name(name, family) or NO_TEXT
        raise UsageError(
            _('there is no envelope "{name}". {hint}', name=name, hint=hint),
            code="usage.envelope",
        )
    spec = family[name]
    if spec.amount is None:
        raise UsageError(
            _('the envelope "{name}" has no amount: only those above it limit it.', name=name),
            code="usage.envelope",
        )
    if not spec.is_in_force(scenario.spec.date):
        raise UsageError(
            _('the envelope "{name}" is not in force.', name=name),
            code="usage.envelope",
        )


def _check_share(
    share: str,
    names: Sequence[str],
    family: Mapping[str, EnvelopeSpec],
    above: Mapping[str, tuple[str, ...]],
) -> None:
    if share == PRO_RATA and any(not family[name].amount for name in names):
        raise UsageError(
            _("nothing can be shared in proportion to 0 €."),
            code="usage.share",
        )
    if share in (FREE, PRO_RATA):
        return
    if share not in family:
        hint = suggest_name(share, [*family, FREE, PRO_RATA]) or NO_TEXT
        raise UsageError(
            _(
                '--share is free, pro_rata or the id of an envelope, not "{share}". {hint}',
                share=share,
                hint=hint,
            ),
            code="usage.share",
        )
    if len(names) != 1 or names[0] not in above[share]:
        raise UsageError(
            _(
                '"{share}" does not lie under the envelope whose amount varies ({names}).',
                share=share,
                names=", ".join(names),
            ),
            code="usage.share",
        )


def _parse_percentage(text: str) -> Fraction:
    return parse_decimal(text.removesuffix("%").strip()) / 100


def _scale_amounts(spec: EnvelopeSpec, cents: int, before: int) -> dict[str, int]:
    """Scale the amounts below an envelope that goes from `before` to `cents`."""
    below = list(_iterate_nearest_amounts(spec))
    written = [child.amount or 0 for child in below]
    if not below or not sum(written):
        return {}
    if spec.overbooked:
        pieces = [amount * cents // before for amount in written]
    else:
        whole = sum(written) * cents // before
        pieces = apportion_cents(whole, written, [child.id for child in below])
    moved = {child.id: part for child, part in zip(below, pieces, strict=True)}
    for child, part, amount in zip(below, pieces, written, strict=True):
        if amount:
            moved |= _scale_amounts(child, part, amount)
    return moved


def _iterate_nearest_amounts(spec: EnvelopeSpec) -> Iterator[EnvelopeSpec]:
    """Yield the nearest descendants that have an amount."""
    for child in spec.envelopes:
        if child.amount is not None:
            yield child
        else:
            yield from _iterate_nearest_amounts(child)


def apportion_cents(total_cents: int, weights: Sequence[int], names: Sequence[str]) -> list[int]:
    """Share whole cents in proportion to weights by highest averages (D'Hondt).

    Each remaining cent goes to the largest weight / (cents + 1), ties to the first id.
    House-monotone: no share falls when the total rises.

    >>> apportion_cents(100, [1, 1, 1], ["a", "b", "c"])
    [34, 33, 33]
    """
    whole = sum(weights)
    pieces = [total_cents * weight // whole for weight in weights]
    for __ in range(total_cents - sum(pieces)):
        averages = [Fraction(weight, part + 1) for weight, part in zip(weights, pieces, strict=True)]
        place = min(range(len(weights)), key=lambda k: (-averages[k], names[k]))
        pieces[place] += 1
    return pieces


def _scale_table(table: pl.DataFrame, cents: int, base: int) -> pl.DataFrame:
    amounts = [
        format_decimal_euros(parse_cents(str(text)) * cents // base) for text in table["amount"].to_list()
    ]
    return table.with_columns(pl.Series("amount", amounts))
