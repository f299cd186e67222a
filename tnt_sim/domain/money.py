"""Money in whole cents and rates as exact fractions: parsing, writing, and rounding to a unit.

An amount is a number of euros, or of the currency of the scenario, as people write it: ``1 234,56 €``,
``1234.56``, ``12,5 k€``, ``88 M€``, ``CHF 1'234.50``. A text that can be read in two ways is refused, with the
reason in both languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import Currency, get_currency

MAX_CENTS = 2**53 - 1
"""Largest amount in cents: every integer up to it is exact in a 64-bit float, hence in a solver."""

MAX_FLOAT_EUROS = 2.0**46
"""Up to this value two whole-cent amounts are never the same float."""

_SPACE = " \u00a0\u202f\u2009"
_SUFFIXES = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}
_MINUS = "-\u2212"
APOSTROPHES = "'\u2019"
"""Apostrophes between thousands: « CHF 1'234.50 »."""
_EXPONENT = re.compile(r"[-+\u2212]?[0-9]+(?:[.,][0-9]+)?[eE][-+]?[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_GROUPED = re.compile(rf"[1-9][0-9]{{0,2}}(?:[{_SPACE}{APOSTROPHES}][0-9]{{3}})+")
_PLAIN = re.compile(r"[0-9]+")
_WHOLE = re.compile(r"[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?:,[0-9]{3})+)")
"""Thousands that cannot be decimals in a currency without any: « ¥1,200 »."""
_MAX_DIGITS = 40
_CLOSE = Fraction(1, 1_000_000)

_REASONS = {
    "empty": _("no amount"),
    "not_a_number": _("this is not a number"),
    "not_finite": _("this is not a finite number"),
    "exponent": _("a number with an exponent is not read: the exact digits may be lost"),
    "ambiguous": _("a separator followed by three digits may mark thousands or decimals"),
    "separator": _("the decimal separator is not the one declared"),
    "grouping": _("the digits are not grouped by thousands"),
    "decimals": _("more than two decimals of a euro"),
    "too_large": _("the amount is above €90,071,992,547,409.91"),
}


def describe_reason(reason: str) -> Text:
    """Return the sentence of a reason code of `parse_cents_series`, without capital and full stop."""
    currency = get_currency()
    if reason == "decimals" and currency.minor_unit == 0:
        return _("an amount in {symbol} has no decimals", symbol=currency.symbol)
    if reason == "decimals" and currency.minor_unit == 1:
        return _("an amount in {symbol} has one decimal at most", symbol=currency.symbol)
    return _REASONS[reason]


def list_signs(currency: Currency) -> str:
    """Return the alternatives of a pattern that match the symbol and the code of a currency."""
    return "|".join(re.escape(sign) for sign in (currency.symbol, currency.code) if sign)


@cache
def _compile_amount(currency: Currency) -> re.Pattern[str]:
    """Return the pattern of an amount: sign, symbol on one side, digits with their marks, k or M."""
    signs = list_signs(currency)
    return re.compile(
        rf"(?P<sign>[{_MINUS}]?)[{_SPACE}]*(?P<before>{signs})?[{_SPACE}]*"
        rf"(?P<digits>[0-9][0-9.,{APOSTROPHES}{_SPACE}]*?)[{_SPACE}]*(?P<suffix>[kKM]?)[{_SPACE}]*(?P<after>{signs})?"
    )


class MoneyError(ValueError):
    """A text that is no amount, number or rate; `text` says why, `reason` is a stable code."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.text = describe_reason(reason)
        super().__init__(self.text.fr)


@dataclass(frozen=True, slots=True)
class _Digits:
    """The digits of the whole part and of the decimals of a number."""

    whole: str
    decimals: str

    def to_fraction(self) -> Fraction:
        return Fraction(int(self.whole + self.decimals), 10 ** len(self.decimals))


def _check_decimal(decimal: str | None) -> None:
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal must be ',' or '.', not {decimal!r}")


def _strip_grouping(whole: str, thousands: str) -> str:
    """Return the digits of a whole part; spaces or one `thousands` mark may group them by three."""
    if _PLAIN.fullmatch(whole):
        return whole
    if _GROUPED.fullmatch(whole):
        return re.sub(rf"[{_SPACE}{APOSTROPHES}]", "", whole)
    if thousands and re.fullmatch(rf"[1-9][0-9]{{0,2}}(?:{re.escape(thousands)}[0-9]{{3}})+", whole):
        return whole.replace(thousands, "")
    raise MoneyError("grouping")


def _find_decimal_mark(digits: str, decimal: str | None, *, ambiguous: bool) -> str | None:
    """Return which of ``.`` and ``,`` marks the decimals of `digits`; None when neither does."""
    marks = [mark for mark in digits if mark in ".,"]
    if not marks:
        return None
    last = marks[-1]
    if decimal is not None:
        other = "," if decimal == "." else "."
        if digits.count(decimal) > 1 or (decimal in marks and last != decimal):
            raise MoneyError("separator")
        if decimal not in marks and not re.fullmatch(
            rf"[1-9][0-9]{{0,2}}(?:{re.escape(other)}[0-9]{{3}})+", digits
        ):
            raise MoneyError("separator")
        return decimal if decimal in marks else None
    if len(set(marks)) == 2:
        if marks.count(last) > 1:
            raise MoneyError("separator")
        return last
    if len(marks) > 1:
        return None
    if ambiguous and re.search(r"[.,][0-9]{3}$", digits):
        raise MoneyError("ambiguous")
    return last


def _split(digits: str, decimal: str | None, *, ambiguous: bool, thousands: bool = True) -> _Digits:
    mark = _find_decimal_mark(digits, decimal, ambiguous=ambiguous)
    other = {".": ",", ",": "."}
    if mark is None:
        used = next((sign for sign in digits if sign in ".,"), "")
        whole, decimals = _strip_grouping(digits, used if thousands else ""), ""
    else:
        head, __, decimals = digits.rpartition(mark)
        whole = _strip_grouping(head, other[mark] if thousands else "")
        if not _PLAIN.fullmatch(decimals):
            raise MoneyError("grouping")
    if len(whole) + len(decimals) > _MAX_DIGITS:
        raise MoneyError("too_large")
    return _Digits(whole, decimals)


def _refuse(text: str) -> MoneyError:
    if not text:
        return MoneyError("empty")
    if _EXPONENT.fullmatch(text):
        return MoneyError("exponent")
    return MoneyError("not_finite" if _NOT_FINITE.fullmatch(text) else "not_a_number")


def parse_euros(text: str, decimal: str | None = None) -> Fraction:
    """Parse an amount into exact euros, with any number of decimals."""
    _check_decimal(decimal)
    text = text.strip(_SPACE)
    currency = get_currency()
    match = _compile_amount(currency).fullmatch(text)
    if match is None or (match["before"] and match["after"]):
        raise _refuse(text)
    factor, digits = _SUFFIXES[match["suffix"]], match["digits"]
    if decimal is None and factor == 1 and currency.minor_unit == 0 and _WHOLE.fullmatch(digits):
        decimal = "," if "." in digits else "."
    euros = _split(digits, decimal, ambiguous=factor == 1).to_fraction() * factor
    return -euros if match["sign"] else euros


def parse_cents(text: str, decimal: str | None = None) -> int:
    """Parse an amount into cents; `decimal` states which of ``.`` and ``,`` marks decimals."""
    cents = parse_euros(text, decimal) * 100
    if cents.denominator != 1 or cents.numerator % get_currency().step_cents:
        raise MoneyError("decimals")
    return _require_range(cents.numerator)


def parse_cents_nearest(text: str, decimal: str | None = None) -> int:
    """Parse like `parse_cents`, but round further decimals half-even to the smallest amount of the currency."""
    step = get_currency().step_cents
    return _require_range(round(parse_euros(text, decimal) * 100 / step) * step)


def _require_range(cents: int) -> int:
    if abs(cents) > MAX_CENTS:
        raise MoneyError("too_large")
    return cents


def parse_cents_series(values: pl.Series, decimal: str | None = None) -> tuple[pl.Series, pl.Series]:
    """Parse a String series into cents, with the reason code of each value that is no amount.

    Returns ``(Int64, String)`` of the same length; null and empty text give null in both. Ordinary forms are
    parsed by whole columns, the remaining ones once per distinct text.
    """
    _check_decimal(decimal)
    marks, currency = re.escape(decimal) if decimal else ".,", get_currency()
    plain = values.str.replace(rf"[{_SPACE}]*(?:{list_signs(currency)})?[{_SPACE}]*$", "")
    spaces = rf"[{_SPACE}{APOSTROPHES}]"
    grouped = plain.str.contains(
        rf"^[1-9][0-9]{{0,2}}(?:{spaces}[0-9]{{3}}){{1,3}}(?:[{marks}][0-9]{{1,2}})?$"
    )
    if grouped.any():
        plain = plain.zip_with(~grouped.fill_null(value=False), plain.str.replace_all(spaces, ""))
    ordinary = plain.str.contains(rf"^[0-9]{{1,12}}(?:[{marks}][0-9]{{1,2}})?$").fill_null(value=False)
    # A two-decimal text casts to Decimal without any rounding.
    exact = plain.set(~ordinary, None).str.replace(",", ".", literal=True).cast(pl.Decimal(18, 2))
    cents = (exact.cast(pl.Decimal(38, 2)) * 100).cast(pl.Int64)
    if currency.step_cents > 1:  # « 1.50 » of a currency without decimals is refused below, with its reason
        ordinary &= (cents % currency.step_cents == 0).fill_null(value=False)
        cents = cents.set(~ordinary, None)
    rest = ~ordinary & values.is_not_null() & (values.str.strip_chars(_SPACE) != "")
    none = pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))
    if not rest.any():
        return cents.alias(values.name), none
    return _parse_residual(values, cents, rest, decimal)


def _parse_residual(
    values: pl.Series, cents: pl.Series, rest: pl.Series, decimal: str | None
) -> tuple[pl.Series, pl.Series]:
    """Parse the `rest` of a series, each distinct text once."""
    texts = values.filter(rest).unique()
    result: list[int | None] = []
    reasons: list[str | None] = []
    for text in texts:
        try:
            result.append(parse_cents(text, decimal))
            reasons.append(None)
        except MoneyError as error:
            result.append(None)
            reasons.append(error.reason)
    learnt = pl.DataFrame(
        {
            "text": texts,
            "cents": pl.Series(result, dtype=pl.Int64),
            "reason": pl.Series(reasons, dtype=pl.String),
        }
    )
    asked = pl.DataFrame({"text": values.set(~rest, None)})
    joined = asked.join(learnt, on="text", how="left", maintain_order="left")
    return cents.fill_null(joined["cents"]).alias(values.name), joined["reason"].alias(values.name)


def convert_float_to_cents(value: float) -> int | None:
    """Return the cents of a float of euros within 10⁻⁶ of a whole cent, else None.

    The float nearest to a whole-cent amount is that amount, however large it is.
    """
    if not abs(value) <= MAX_FLOAT_EUROS:
        return None
    exact = Fraction(value) * 100
    cents = round(exact)
    close = abs(exact - cents) <= _CLOSE or cents / 100 == value
    return cents if close else None


def convert_floats_to_cents(values: pl.Series) -> pl.Series:
    """Apply `convert_float_to_cents` to a Float64 series: Int64, null where it is null or no whole cent."""
    bounded = values.set((~(values.abs() <= MAX_FLOAT_EUROS)).fill_null(value=True), None)
    cents = (bounded * 100).round()
    close = ((bounded * 100 - cents).abs() <= float(_CLOSE)) | (cents / 100 == bounded)
    result = cents.set((~close).fill_null(value=True), None).cast(pl.Int64)
    rest = bounded.is_not_null() & result.is_null() & (bounded.abs() > 1e7)
    if rest.any():
        # The product of a large float and 100 may round to a neighbour of its cents.
        exact = [convert_float_to_cents(value) for value in bounded.filter(rest)]
        result = result.scatter(rest.arg_true(), pl.Series(exact, dtype=pl.Int64))
    return result


def round_float_to_cents(value: float) -> int | None:
    """Return the cents of a float of euros, its shortest decimal rounded half-even.

    Returns None beyond `MAX_FLOAT_EUROS`.
    """
    if not abs(value) <= MAX_FLOAT_EUROS:
        return None
    return int((Decimal(repr(value)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def parse_decimal(text: str, decimal: str | None = None) -> Fraction:
    """Parse a plain number exactly; one ``.`` or ``,`` marks its decimals, spaces its thousands.

    >>> parse_decimal("12,5"), parse_decimal("1 234.5")
    (Fraction(25, 2), Fraction(2469, 2))
    """
    _check_decimal(decimal)
    text = text.strip(_SPACE)
    match = re.fullmatch(rf"([{_MINUS}+]?)([0-9][0-9.,{APOSTROPHES}{_SPACE}]*)", text)
    if match is None:
        raise _refuse(text)
    value = _split(match[2], decimal, ambiguous=False, thousands=decimal is not None).to_fraction()
    return -value if match[1] and match[1] in _MINUS else value


MOST_PLACES = 40
"""Digits that a number may have before its point, and after it, once it is written without an exponent."""


def parse_bounded_decimal(text: str) -> Decimal:
    """Parse a decimal as JSON and Python write it: an exponent may not make a short text a long number."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise ValueError("not a number") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() >= MOST_PLACES or exponent < -MOST_PLACES:
        raise ValueError("too many digits")
    return number


def parse_rate(text: str) -> Fraction:
    """Parse a rate: ``20 %`` and ``0.2`` are 1/5; a number without ``%`` is the fraction itself.

    >>> parse_rate("12,5 %"), parse_rate("0.2")
    (Fraction(1, 8), Fraction(1, 5))
    """
    text = text.strip(_SPACE)
    if text.endswith("%"):
        return parse_decimal(text[:-1]) / 100
    return parse_decimal(text)


def format_decimal_euros(cents: int) -> str:
    """Return euros with a point and two decimals, for files: ``1234.56``."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def round_down[Amounts: (int, npt.NDArray[np.int64])](cents: Amounts, unit: Amounts) -> Amounts:
    """Return the greatest multiple of `unit` cents that is at most `cents`, elementwise for arrays."""
    return cents // unit * unit


def round_up[Amounts: (int, npt.NDArray[np.int64])](cents: Amounts, unit: Amounts) -> Amounts:
    """Return the least multiple of `unit` cents that is at least `cents`, elementwise for arrays."""
    return -(-cents // unit) * unit


def divide_cents(cents: int, n: int) -> int:
    """Return cents divided by n > 0, to the nearest cent, and half a cent upwards.

    >>> divide_cents(250, 100), divide_cents(249, 100)
    (3, 2)
    """
    return (2 * cents + n) // (2 * n)
