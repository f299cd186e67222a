"""The printed formulas of grants, read literally: which amounts each lets an application have.

    formula     g_i = 0 or relation [, condition …] {conditions, open}
    relation    expression ≤ g_i = ⌊expression⌋  |  expression ≤ g_i ≤ expression
    condition   g_i ∈ step·ℕ  |  g_i ∈ {expression ; …}  |  one level for each column  |  ⌊y⌋ ∈ step·ℕ

`open` leaves out what is committed, what a decision sets, and what an earlier line names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from support.enumeration.amounts import project_room
from support.enumeration.rows import Row, cents, matches, value_of
from support.literal.conditions import closing, read_conditions, split
from support.literal.entries import _is_filled
from support.literal.formulas import Reading, _Expression
from tnt_sim.scenario.problem import Problem

Amounts = list[Fraction | None]


@dataclass
class GrantLine:
    """One formula: its conditions for the amount, and the applications that it names but for `open`."""

    pieces: list[str]
    where: str

    @classmethod
    def parse(cls, formula: str) -> GrantLine:
        body, _, domain = _rpartition(formula)
        assert body.startswith("g_i = 0 or "), formula
        assert f" {domain}".endswith(" open"), formula
        return cls(
            split(body.removeprefix("g_i = 0 or "), ", "), domain.removesuffix("open").removesuffix(", ")
        )

    @property
    def step(self) -> Fraction:
        """What ⌊…⌋ rounds down to; a cent where nothing says it."""
        words = [piece.rpartition(" ∈ ")[2] for piece in self.pieces if piece.endswith("·ℕ")]
        return read_amount(words[0].removesuffix("·ℕ")) if words else Fraction(1, 100)

    @property
    def common(self) -> str:
        return next((one.rpartition(" ")[2] for one in self.pieces if one.startswith("one level for")), "")

    def menu(self, row: Row, reading: Reading) -> Amounts | None:
        """The amounts between the braces, in their order; None without braces."""
        found = next((one for one in self.pieces if one.startswith("g_i ∈ {")), None)
        if found is None:
            return None
        return [_evaluate(one, row, reading, self.step) for one in split(found[7:-1], " ; ")]

    def allows(self, row: Row, amount: Fraction, reading: Reading) -> bool:
        """Whether an amount of the application is as the formula says, its group apart."""
        if amount == 0:
            return True
        bottom, *rest = re.split(r" ≤ | = ", self.pieces[0])
        assert rest[0] == "g_i", self.pieces
        low, top = (_evaluate(one, row, reading, self.step) for one in (bottom, rest[1]))
        exact = f"g_i = {rest[1]}" in self.pieces[0]
        assert top is not None
        menu = self.menu(row, reading)
        return (
            (low or 0) <= amount
            and (amount == top if exact else amount <= top)
            and (menu is None or amount in menu)
            and not (
                "ℕ" in str([one for one in self.pieces if one.startswith("g_i ∈ ")]) and amount % self.step
            )
        )


def _rpartition(formula: str) -> tuple[str, str, str]:
    *body, domain = split(formula, " {")
    assert domain.endswith("}"), formula
    return " {".join(body), " {", domain[:-1]


def read_amount(text: str) -> Fraction:
    """An expression without applications: an amount, a rate, a sum of them."""
    return Fraction(_Expression(text, Reading(None, None, {}, {})).value())  # type: ignore[arg-type]


def _evaluate(text: str, row: Row, reading: Reading, step: Fraction) -> Fraction | None:
    """A number from its words; None where a cell that it needs is empty."""
    if text.startswith("⌊"):
        value = _evaluate(text[1:-1], row, reading, step)
        return None if value is None else value // step * step
    for word, choose in (("min", min), ("max", max)):
        if text.startswith(f"{word}(") and closing(text, 3) == len(text) - 1:
            values = [_evaluate(one, row, reading, step) for one in split(text[4:-1], " ; ")]
            known = [value for value in values if value is not None]
            return choose(known) if known else None
    if text == "caps":
        room = project_room(reading.world, row)
        return None if room is None else Fraction(room, 100)
    if any(not _is_filled(row, column) for column in re.findall(r"(\w+)_i\b", text)):
        return None
    terms = split(text, " + ")
    if len(terms) > 1:
        values = [_evaluate(one, row, reading, step) for one in terms]
        return sum((value for value in values if value is not None), Fraction(0))
    if text.startswith("[") and (end := closing(text, 0)):
        concerned = matches(row, read_conditions(text[1:end]), reading.world.under)
        return _evaluate(text[end + 2 :], row, reading, step) if concerned else Fraction(0)
    if text.startswith("(") and text.endswith(")·base_i"):
        return _by_parts(text[1 : closing(text, 0)], reading.figure("base", row["dossier"]))
    return Fraction(_Expression(text, reading.bind(i=row["dossier"])).value())


def _by_parts(text: str, base: Fraction) -> Fraction:
    """Each rate of the part of the cost between two amounts."""
    total, start = Fraction(0), Fraction(0)
    for part in split(text, ", "):
        share, _, end = part.removesuffix(" beyond").partition(" up to ")
        stop = read_amount(end) if end else base
        total += read_amount(share) * max(Fraction(0), min(base, stop) - start)
        start = stop
    return total


def find_line(lines: Sequence[GrantLine], row: Row, reading: Reading) -> GrantLine | None:
    """The line that concerns an application; None where it is not open."""
    world = reading.world
    if world.committed(row) is not None or row["dossier"] in world.stated:
        return None
    return next((one for one in lines if matches(row, read_conditions(one.where), world.under)), None)


def is_paid(line: GrantLine, lines: Sequence[GrantLine], reading: Reading) -> bool:
    """Whether a list grants what a formula allows, and one level for each group."""
    return has_common_levels(lines, reading) and all(
        line.allows(row, Fraction(amount, 100), reading)
        for name, amount in reading.award.items()
        if find_line(lines, row := reading.world.by_name[name], reading) is line
    )


def has_common_levels(lines: Sequence[GrantLine], reading: Reading) -> bool:
    """Whether the funded applications of each group have the same place in the list of their line."""
    groups: dict[tuple[int, str], list[set[int]]] = {}
    for name, granted in reading.award.items():
        row = reading.world.by_name[name]
        line = find_line(lines, row, reading)
        if line is None or not line.common or not (group := value_of(row, line.common)):
            continue
        menu = line.menu(row, reading) or []
        places = {k for k, amount in enumerate(menu) if amount == Fraction(granted, 100)}
        groups.setdefault((id(line), group), []).append(places)
    return all(set.intersection(*places) for places in groups.values())


def list_misread(
    line: GrantLine, lines: Sequence[GrantLine], problem: Problem, reading: Reading
) -> list[str]:
    """The amounts, possible ones and those beside them, that a formula or the program alone allows."""
    offers, names = problem.offers, problem.case.table["dossier"].to_list()
    found = []
    for k, name in enumerate(names):
        row = reading.world.by_name[name]
        if find_line(lines, row, reading) is not line or not (offers.candidate[k] or offers.capped_out[k]):
            continue
        some = {one or 0 for one in reading.measures.offers[name]} | {cents(row["requested"] or "1")}
        for amount in sorted({one + more for one in some for more in (-1, 0, 1) if one + more > 0}):
            allowed = bool(offers.candidate[k] and offers.match_amounts(np.full(len(names), amount))[k])
            if line.allows(row, Fraction(amount, 100), reading) is not allowed:
                found.append(f"{name} with {amount} cents: {allowed} in the program")
    return found
