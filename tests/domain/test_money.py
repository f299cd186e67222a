"""Money: what is read, what is refused, and that reading undoes writing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.domain.money import (
    MAX_CENTS,
    MoneyError,
    convert_float_to_cents,
    convert_floats_to_cents,
    format_decimal_euros,
    parse_cents,
    parse_cents_nearest,
    parse_cents_series,
    parse_decimal,
    parse_rate,
    round_down,
    round_float_to_cents,
    round_up,
)
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_cents, format_rate

CENTS = st.integers(-MAX_CENTS, MAX_CENTS)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1 234,56 €", 123456),
        ("1\u202f234,56\u00a0€", 123456),
        ("1234.56", 123456),
        ("12,5 k€", 1250000),
        ("88 M€", 8800000000),
        ("88M", 8800000000),
        ("1.234,56", 123456),
        ("1,234.56", 123456),
        ("1.234.567", 123456700),
        ("1.234 k€", 123400),
        ("0,00001 k€", 1),
        ("100 EUR", 10000),
        ("€1,234.50", 123450),
        ("-5", -500),
        ("\u22125", -500),
        ("007", 700),
    ],
)
def test_amounts_as_people_write_them(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize(
    ("text", "decimal", "reason"),
    [
        ("1.234", None, "ambiguous"),
        ("1 234,567", None, "ambiguous"),
        ("1.234", ".", "decimals"),
        ("1.5", ",", "separator"),
        ("1.234,5", ".", "separator"),
        ("12 34", None, "grouping"),
        ("0,123 €", ".", "separator"),
        ("1,", None, "grouping"),
        ("1,2345", None, "decimals"),
        ("1E5", None, "exponent"),
        ("2,17E+13", None, "exponent"),
        ("NaN", None, "not_finite"),
        ("inf", None, "not_finite"),
        ("", None, "empty"),
        ("douze", None, "not_a_number"),
        ("€5€", None, "not_a_number"),
        ("5 G€", None, "not_a_number"),
        ("١٢", None, "not_a_number"),
        ("99999999999999999", None, "too_large"),
        ("9" * 5000, None, "too_large"),
    ],
)
def test_amounts_that_are_refused(text: str, decimal: str | None, reason: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_cents(text, decimal)
    assert caught.value.reason == reason
    assert caught.value.text.fr
    assert caught.value.text.en


def test_a_declared_mark_decides() -> None:
    assert parse_cents("1.234", ",") == 123400
    assert parse_cents("1.230", ".") == 123
    assert parse_cents("1,234", ".") == 123400


def test_nearest_rounds_half_to_even() -> None:
    texts = ["0,1250", "0,1350", "1,0049"]
    assert [parse_cents_nearest(text) for text in texts] == [12, 14, 100]
    assert [round_float_to_cents(value) for value in (0.125, 0.135, 1.0049)] == [12, 14, 100]
    assert round_float_to_cents(float("nan")) is None


@given(CENTS)
@example(MAX_CENTS)
def test_decimal_text_reads_back(cents: int) -> None:
    assert parse_cents(format_decimal_euros(cents)) == cents


@given(CENTS, st.sampled_from(["€", "k€", "M€"]))
def test_french_and_english_writing_read_back(cents: int, unit: str) -> None:
    assert parse_cents(format_cents(cents, Lang.FR, scale=unit.removesuffix("€")), ",") == cents
    assert (
        parse_cents(format_cents(cents, Lang.EN, scale=unit.removesuffix("€")).replace("€", ""), ".") == cents
    )


AMOUNTISH = st.one_of(
    st.text("0123456789.,  \u00a0\u202f€kME-+e", max_size=12),
    st.from_regex(r"[0-9]{1,3}( [0-9]{3}){0,3}([.,][0-9]{1,3})?( ?[kM]?€)?", fullmatch=True),
    st.none(),
)


@drawn(60)
@given(st.lists(AMOUNTISH, max_size=12), st.sampled_from([None, ",", "."]))
def test_columns_read_as_single_texts_do(texts: list[str | None], decimal: str | None) -> None:
    cents, reasons = parse_cents_series(pl.Series("a", texts, dtype=pl.String), decimal)
    assert cents.dtype == pl.Int64
    for text, found, reason in zip(texts, cents, reasons, strict=True):
        if text is None or not text.strip(" \u00a0\u202f"):
            assert found is None
            assert reason is None
            continue
        assert (found, reason) == _alone(text, decimal)


def _alone(text: str, decimal: str | None) -> tuple[int | None, str | None]:
    try:
        return parse_cents(text, decimal), None
    except MoneyError as error:
        return None, error.reason


@given(st.integers(0, 2**46 * 100))
@example(4503599627370495)
@example(16146345270)
def test_a_float_of_cents_is_those_cents(cents: int) -> None:
    assert convert_float_to_cents(cents / 100) == cents
    assert convert_floats_to_cents(pl.Series([cents / 100])).to_list() == [cents]


def test_floats_that_are_no_cents() -> None:
    values = [0.005, 1e300, float("nan"), float("inf"), 1.001, 12.3400000001]
    assert [convert_float_to_cents(value) for value in values] == [None, None, None, None, None, 1234]
    assert convert_floats_to_cents(pl.Series(values)).to_list() == [None, None, None, None, None, 1234]


def test_rates_and_numbers() -> None:
    assert parse_rate("20 %") == parse_rate("20%") == parse_rate("0.2") == Fraction(1, 5)
    assert parse_rate("12,5 %") == Fraction(1, 8)
    assert parse_decimal("1 234,5") == Fraction(2469, 2)
    assert parse_decimal("1.234") == Fraction(1234, 1000)
    assert parse_decimal("-3") == -3
    for text in ("1,234.5", "1e5", "%", "12,5,1"):
        with pytest.raises(MoneyError):
            parse_rate(text)


def test_writing_for_people() -> None:
    assert format_cents(123456, Lang.FR) == "1\u202f234,56\u00a0€"
    assert format_cents(8_800_000_000, Lang.FR) == "88\u202f000\u202f000\u00a0€"
    assert format_cents(123450, Lang.EN) == "€1,234.50"
    assert format_cents(-5, Lang.EN) == "\u2212€0.05"
    assert format_cents(1_250_000, Lang.FR, scale="k") == "12,5\u00a0k€"
    assert format_cents(8_800_000_000, Lang.EN, scale="M") == "€88M"
    assert format_rate(Fraction(1, 3), Lang.FR) == "33,33\u202f%"
    assert format_rate(Fraction(1, 5), Lang.EN) == "20%"


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_floor_and_ceiling(cents: int, unit: int) -> None:
    low, high = round_down(cents, unit), round_up(cents, unit)
    assert low % unit == high % unit == 0
    assert low <= cents <= high < low + 2 * unit
    array = np.array([cents], dtype=np.int64)
    assert round_down(array, np.array([unit])).tolist() == [low]
    assert round_up(array, np.array([unit])).tolist() == [high]
