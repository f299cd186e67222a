"""Typed parameters of messages: each is written as the language of the message writes it.

>>> from tnt_sim.i18n.message import Lang, _
>>> _("{total} for {n}", total=Money(123_456), n=Count(1200)).in_(Lang.EN)
'€1,234.56 for 1,200'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tnt_sim.i18n.language import Lang, Output
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import MessageParameter, Text, _, write_parameter
from tnt_sim.i18n.numbers import (
    MINUS,
    format_amount,
    format_cents,
    format_day,
    format_integer,
    format_number,
    format_rate,
    format_round_amount,
    format_rounded,
    format_short_amount,
)


@dataclass(frozen=True, slots=True)
class Money(Text):
    """An exact amount in cents; a dash for None."""

    cents: int | None

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 1 234,56 € » or €1,234.56."""
        return format_amount(self.cents, lang)

    def number(self) -> float | None:
        """Return it as a sheet computes with it."""
        return None if self.cents is None else self.cents / 100


class ShortMoney(Money):
    """An amount in cents to the tenth of k€ or M€."""

    __slots__ = ()

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 123,5 k€ » or €123.5k."""
        return format_short_amount(self.cents, lang)


class SignedMoney(ShortMoney):
    """A gain or a loss in cents to the tenth of k€ or M€.

    >>> SignedMoney(12_345_600).in_(Lang.EN)
    '+€123.5k'
    """

    __slots__ = ()

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « +123,5 k€ » or +€123.5k."""
        return ("+" if (self.cents or 0) > 0 else "") + ShortMoney.write(self, lang, output)


class MoneyChange(Money):
    """The change of an exact amount in cents, with its sign.

    >>> MoneyChange(-123_456).in_(Lang.EN)
    '−€1,234.56'
    """

    __slots__ = ()

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « +1 234,56 € » or +€1,234.56."""
        cents = self.cents or 0
        return f"{MINUS if cents < 0 else '+'}{format_amount(abs(cents), lang)}"


class RoundMoney(Money):
    """An amount in cents, in k€ or M€ where that is exact."""

    __slots__ = ()

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 1,22 M€ » or €1.22M, and else the amount to the cent."""
        return "–" if self.cents is None else format_round_amount(self.cents, lang)


@dataclass(frozen=True, slots=True)
class Count(Text):
    """A whole number, its thousands grouped; a dash for None."""

    n: int | None

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 1 200 » or 1,200."""
        return format_integer(self.n, lang)

    def number(self) -> float | None:
        """Return it as a sheet computes with it."""
        return self.n


@dataclass(frozen=True, slots=True)
class Number(Text):
    """An exact number, with « ≈ » and at most six decimals where it has more."""

    value: Fraction

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 12,5 » or 12.5."""
        return format_number(self.value, lang)


class SignedNumber(Number):
    """The change of a number, with its sign.

    >>> SignedNumber(Fraction(-5, 2)).in_(Lang.FR)
    '−2,5'
    """

    __slots__ = ()

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « +2,5 » or +2.5."""
        return f"{MINUS if self.value < 0 else '+'}{format_number(abs(self.value), lang)}"


class Euros(Number):
    """An exact number of euros, with « ≈ » where it is no whole number of cents."""

    __slots__ = ()

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 1 234,56 € » or €1,234.56."""
        cents = self.value * 100
        return ("" if cents.denominator == 1 else "≈") + format_cents(round(cents), lang)


@dataclass(frozen=True, slots=True)
class Rounded(Text):
    """A measured number with a fixed number of decimals."""

    value: float
    decimals: int

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 0,980 » or 0.980."""
        return format_rounded(self.value, lang, self.decimals)


@dataclass(frozen=True, slots=True)
class Rate(Text):
    """A rate as a percentage, rounded to at most `decimals` decimals."""

    rate: Fraction
    decimals: int = 2

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 12,5 % » or 12.5%."""
        return format_rate(self.rate, lang, decimals=self.decimals)


@dataclass(frozen=True, slots=True)
class Day(Text):
    """A day, `YYYY-MM-DD`."""

    iso: str

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 1er novembre 2021 » or 1 November 2021."""
        return format_day(self.iso, lang)


@dataclass(frozen=True, slots=True)
class Names(Text):
    """Names in quotes; those after the first `most` are counted.

    >>> Names(("a", "b", "c"), most=2).in_(Lang.EN)
    '"a", "b", … (+1)'
    """

    names: Sequence[str]
    most: int | None = None

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « a », « b », or "a", "b"."""
        quoted = [_('"{name}"', name=name).in_(lang) for name in self.names[: self.most]]
        rest = len(self.names) - len(quoted)
        return ", ".join([*quoted, *([f"… (+{rest})"] if rest else [])])


@dataclass(frozen=True, slots=True)
class Listed(Text):
    """Parameters as a list in words; those after the first `most` are counted.

    >>> Listed(("a", "b", "c")).in_(Lang.EN)
    'a, b and c'
    """

    items: Sequence[MessageParameter]
    most: int = 8

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « a, b et c », or a, b and c."""
        return format_list([write_parameter(item, lang, output) for item in self.items], lang, self.most)


@dataclass(frozen=True, slots=True)
class Items(Text):
    """Parameters one after the other, with commas or semicolons, or with spaces alone, in between."""

    items: Sequence[MessageParameter]
    separator: str = ","

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return « 1 € ; 2 € » or €1; €2."""
        separator = _("; ").in_(lang) if self.separator == ";" else f"{self.separator} "
        return separator.join(write_parameter(item, lang, output) for item in self.items)
