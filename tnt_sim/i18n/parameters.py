"""Typed parameters of messages: each is written as the language of the message writes it.

>>> from tnt_sim.i18n.message import Lang, _
>>> _("{total} for {n}", total=Money(123_456), n=Count(1200)).in_(Lang.EN)
'€1,234.56 for 1,200'
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tnt_sim.i18n.language import Lang
from tnt_sim.i18n.numbers import format_amount, format_day, format_integer, format_number, format_rate


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in cents; a dash for None."""

    cents: int | None

    def in_(self, lang: Lang) -> str:
        """Return « 1 234,56 € » or €1,234.56."""
        return format_amount(self.cents, lang)


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number, its thousands grouped; a dash for None."""

    number: int | None

    def in_(self, lang: Lang) -> str:
        """Return « 1 200 » or 1,200."""
        return format_integer(self.number, lang)


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number, with « ≈ » and at most six decimals where it has more."""

    value: Fraction

    def in_(self, lang: Lang) -> str:
        """Return « 12,5 » or 12.5."""
        return format_number(self.value, lang)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as a percentage, rounded to at most two decimals."""

    rate: Fraction

    def in_(self, lang: Lang) -> str:
        """Return « 12,5 % » or 12.5%."""
        return format_rate(self.rate, lang)


@dataclass(frozen=True, slots=True)
class Day:
    """A day, `YYYY-MM-DD`."""

    iso: str

    def in_(self, lang: Lang) -> str:
        """Return « 1er novembre 2021 » or 1 November 2021."""
        return format_day(self.iso, lang)
