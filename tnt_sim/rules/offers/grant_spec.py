"""Entries of `grants` as a planner writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tnt_sim.domain.field_types import Cents, Code, Count, Described, Rate, Spec
from tnt_sim.rules.expressions.selectors import Selector


class PerUnit(Spec):
    """A part of a flat fee: an amount for each unit of a column, up to a number of units."""

    column: Code
    amount: Cents
    up_to: Count | None = None


class FormulaSpec(Spec):
    """A flat fee: flat + Σ amount·min(column, up_to), at most `max`."""

    flat: Cents = 0
    per: tuple[PerUnit, ...] = ()
    max: Cents | None = None


class MoneyColumn(Spec):
    """An amount that a column of the table gives."""

    column: Code


class Bracket(Spec):
    """One bracket of a rate: up to an amount of base (None: without end)."""

    up_to: Cents | None = None
    rate: Rate


class BracketsSpec(Spec):
    """Rates of the parts of base, bracket by bracket."""

    brackets: Annotated[tuple[Bracket, ...], Field(min_length=1)]


class BonusSpec(Spec):
    """Points on top of `max_rate` for some applications, up to a rate."""

    where: Selector | None = None
    rate: Rate
    up_to: Rate | None = None


class GrantSpec(Described):
    """How much some applications may get; the first entry in force whose `where` matches decides."""

    id: Code | None = None
    where: Selector | None = None
    mode: Literal["all_or_nothing", "range", "levels", "common_rate"] = "all_or_nothing"
    formula: FormulaSpec | None = None
    max_rate: Rate | BracketsSpec | None = None
    min_rate: Rate | None = None
    max: Cents | MoneyColumn | None = None
    min: Cents | MoneyColumn | None = None
    round: Cents = 1
    levels: tuple[str, ...] = ()
    by: Code | None = None
    bonus: tuple[BonusSpec, ...] = ()
