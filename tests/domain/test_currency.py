"""Amounts in the currency of a scenario: read, shown, and refused where they cannot be held."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnt_sim.domain.money import (
    MoneyError,
    parse_cents,
    parse_cents_nearest,
    parse_cents_series,
    parse_decimal,
)
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import (
    CURRENCIES,
    Currency,
    choose_currency,
    format_amounts,
    format_cents,
    format_short_amount,
    get_currency,
    localise_amounts,
    set_currency,
)

EVERY = sorted(CURRENCIES)


@pytest.fixture(autouse=True)
def _own_currency() -> Iterator[None]:
    set_currency(None)
    yield
    set_currency(None)


@pytest.mark.parametrize(
    ("code", "text", "cents"),
    [
        ("GBP", "1,234.50 £", 123_450),
        ("GBP", "£1,234.50", 123_450),
        ("GBP", "GBP 1.2M", 120_000_000),
        ("CHF", "CHF 1'234.50", 123_450),
        ("CHF", "1’234’567", 123_456_700),
        ("CHF", "1.2 M CHF", 120_000_000),
        ("JPY", "¥1,200,000", 120_000_000),
        ("JPY", "¥1,200", 120_000),
        ("JPY", "1200.00", 120_000),
        ("NOK", "kr 1 234,50", 123_450),
        ("SEK", "12,5 kkr", 1_250_000),
        ("BRL", "R$ 1.234,50", 123_450),
        ("XPF", "1 234 567 F", 123_456_700),
    ],
)
def test_amounts_are_read_as_a_country_writes_them(code: str, text: str, cents: int) -> None:
    choose_currency(CURRENCIES[code])
    assert parse_cents(text) == cents
    assert parse_cents_series(pl.Series([text]))[0].to_list() == [cents]


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("EUR", "12 £", "not_a_number"),
        ("GBP", "12 €", "not_a_number"),
        ("GBP", "£1,234", "ambiguous"),
        ("GBP", "£12£", "not_a_number"),
        ("GBP", "£1.005", "ambiguous"),
        ("JPY", "¥12.50", "decimals"),
        ("JPY", "1,20", "decimals"),
        ("JPY", "12,34", "decimals"),
        ("CHF", "12'34", "grouping"),
        ("INR", "₹12,34,567", "grouping"),
    ],
)
def test_an_amount_that_has_no_single_meaning_is_refused(code: str, text: str, reason: str) -> None:
    choose_currency(CURRENCIES[code])
    with pytest.raises(MoneyError) as caught:
        parse_cents(text)
    assert caught.value.reason == reason
    assert parse_cents_series(pl.Series([text]))[1].to_list() == [reason]


@given(
    code=st.sampled_from(EVERY),
    units=st.integers(0, 10**11),
    lang=st.sampled_from(Lang),
    scale=st.sampled_from(["", "k", "M"]),
)
def test_what_is_shown_is_read_again(code: str, units: int, lang: Lang, scale: str) -> None:
    set_currency(CURRENCIES[code])
    cents = units * get_currency().step_cents
    text = format_cents(cents, lang, scale=scale)
    assert CURRENCIES[code].symbol in text
    assert parse_cents(text, "," if lang is Lang.FR else ".") == cents


@pytest.mark.parametrize(
    ("currency", "shown"),
    [
        (CURRENCIES["EUR"], ["1\u202f234,50\u00a0€", "€1,234.50", "12,3\u00a0k€", "€12.3k"]),
        (CURRENCIES["GBP"], ["£1\u202f234,50", "£1,234.50", "£12,3k", "£12.3k"]),
        (
            CURRENCIES["CHF"],
            ["CHF\u00a01\u202f234,50", "CHF\u00a01,234.50", "CHF\u00a012,3k", "CHF\u00a012.3k"],
        ),
        (
            CURRENCIES["SEK"],
            ["1\u202f234,50\u00a0kr", "1,234.50\u00a0kr", "12,3\u00a0k\u00a0kr", "12.3\u00a0k\u00a0kr"],
        ),
        (
            Currency("Kr.", place="before", minor_unit=1),
            ["Kr.\u00a01\u202f234,5", "Kr.\u00a01,234.5", "Kr.\u00a012,3k", "Kr.\u00a012.3k"],
        ),
    ],
)
def test_symbol_and_digits_stand_as_the_currency_says(currency: Currency, shown: list[str]) -> None:
    choose_currency(currency)
    both = (Lang.FR, Lang.EN)
    assert [
        *(format_cents(123_450, lang) for lang in both),
        *(format_short_amount(1_230_000, lang) for lang in both),
    ] == shown


def test_a_negative_amount_has_its_minus_first() -> None:
    choose_currency(CURRENCIES["GBP"])
    assert format_cents(-500, Lang.EN) == "\u2212£5"


def test_amounts_of_a_column_have_as_many_decimals_as_the_currency() -> None:
    choose_currency(Currency("Kr.", place="after", minor_unit=1))
    assert format_amounts([100, 150, None], Lang.EN) == ["1.0\u00a0Kr.", "1.5\u00a0Kr.", "–"]


def test_the_euro_of_a_sentence_is_the_currency() -> None:
    choose_currency(CURRENCIES["GBP"])
    assert _("the programme's envelope is 0 €.").in_(Lang.EN) == "the programme's envelope is 0 £."
    assert "£" in _("outranked per euro by all funded").in_(Lang.EN)
    assert "tnt-sim marginal-euro" in _("Next: {command}", command="tnt-sim marginal-euro").in_(Lang.EN)


def test_further_decimals_are_rounded_to_the_smallest_amount() -> None:
    choose_currency(CURRENCIES["JPY"])
    assert [parse_cents_nearest(text) for text in ("1.50", "2.50", "2.51")] == [200, 200, 300]


def test_a_count_may_have_its_thousands_marked_by_an_apostrophe() -> None:
    assert parse_decimal("18'400") == 18_400


def test_a_second_currency_is_not_chosen() -> None:
    assert choose_currency(CURRENCIES["GBP"])
    assert not choose_currency(CURRENCIES["EUR"])
    assert get_currency() == CURRENCIES["GBP"]


def test_a_word_that_begins_with_the_symbol_is_no_amount() -> None:
    choose_currency(CURRENCIES["ZAR"])
    assert localise_amounts("12 Rue Haute, 12 R", Lang.FR) == "12 Rue Haute, R\u00a012"
