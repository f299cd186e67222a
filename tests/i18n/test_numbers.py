"""Figures in words: French first, exact where it says so, « ≈ » where it does not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import (
    MINUS,
    format_amounts,
    format_day,
    format_euros,
    format_integer,
    format_number,
    format_percentage,
    format_short_amount,
)

FR, EN = Lang.FR, Lang.EN


@pytest.mark.parametrize(
    ("cents", "french", "english"),
    [
        (0, "0\u00a0€", "€0"),
        (800, "8\u00a0€", "€8"),
        (999_999, "9\u202f999,99\u00a0€", "€9,999.99"),
        (1_234_500, "12,3\u00a0k€", "€12.3k"),
        (99_996_000, "1\u00a0M€", "€1M"),
        (8_799_999_200, "88\u00a0M€", "€88M"),
        (111_018_631_467, "1\u202f110,2\u00a0M€", "€1,110.2M"),
        (-5_000_000, "\u221250\u00a0k€", "\u2212€50k"),
        (None, "–", "–"),
    ],
)
def test_short_amounts_in_both_languages(cents: int | None, french: str, english: str) -> None:
    assert format_short_amount(cents, FR) == french
    assert format_short_amount(cents, EN) == english


@pytest.mark.parametrize("lang", Lang)
def test_a_number_keeps_all_its_digits(lang: Lang) -> None:
    number = Fraction(-(10**40) - 1, 10**6)
    group, decimal = ("\u202f", ",") if lang is FR else (",", ".")
    thousands = group.join(["\u221210", *["000"] * 11])
    assert format_number(number, lang) == f"{thousands}{decimal}000001"


def test_a_column_of_amounts_has_cents_everywhere_or_nowhere() -> None:
    assert format_amounts([100, 250, None], FR) == ["1,00\u00a0€", "2,50\u00a0€", "–"]
    assert format_amounts([100, 200], FR) == ["1\u00a0€", "2\u00a0€"]
    assert format_amounts([100, 250], EN) == ["€1.00", "€2.50"]


def test_numbers_say_when_decimals_are_left_out() -> None:
    assert format_number(Fraction(1, 3), FR) == "≈0,333333"
    assert format_number(Fraction(-12_345_678, 1000), EN) == "\u221212,345.678"
    assert format_euros("10000", FR) == "10\u202f000\u00a0€"
    assert format_euros("0.333333333333", FR) == "≈0,33\u00a0€"
    assert format_percentage("0.253333333333", FR) == "25,33\u202f%"
    assert format_percentage(None, FR) == "–"


def test_lists_count_the_rest() -> None:
    assert format_list(["a", "b", "c"], FR) == "a, b et c"
    assert format_list([str(k) for k in range(20)], EN, 2) == "0, 1 and 18 more"


@drawn(300)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15), max_value=10**15))
def test_numbers_are_those_of_babel(number: Decimal) -> None:
    for lang in Lang:
        told = format_decimal(number, "#,##0.######", locale=str(lang), decimal_quantization=False)
        assert format_number(Fraction(number), lang) == told.replace("-", MINUS)
        assert format_integer(int(number), lang) == format_decimal(int(number), locale=str(lang)).replace(
            "-", MINUS
        )


def test_days_are_those_of_babel() -> None:
    """Every day of 29 years, with all weekdays and leap years; French writes the first as an ordinal."""
    for lang in Lang:
        for number in range(29 * 366):
            day = date(1999, 12, 31) + timedelta(days=number)
            told = format_date(day, "d MMMM y", locale=str(lang))
            assert format_day(day.isoformat(), lang) == (
                "1er" + told[1:] if lang is FR and day.day == 1 else told
            )
