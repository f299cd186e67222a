"""Money columns: text, workbook numbers and typed columns become whole cents, or located defects."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl

from tnt_sim.domain.money import (
    MAX_CENTS,
    MAX_FLOAT_EUROS,
    MoneyError,
    convert_floats_to_cents,
    describe_reason,
    parse_cents_nearest,
    parse_cents_series,
    round_float_to_cents,
)
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.tables.raw_table import (
    FORMULA_HINT,
    RawColumn,
    ReadOptions,
    Reporter,
    Rounding,
    describe_column,
    quote_cell,
)

_TYPES = _("euros (numbers or text) expected")
_HINTS = {
    "ambiguous": _('Declare read: {{decimal: ","}} or read: {{decimal: "."}}.'),
    "separator": _("Correct the cell or read.decimal."),
    "decimals": _("Correct the cell, or declare read: {{rounding: nearest}}."),
}
_FORMS = _('Write "1 234,56 €", "1234.56", "12,5 k€" or "88 M€".')


@dataclass(eq=False)
class _MoneyColumn:
    """Cents of a column, the reason where a cell has none, and the rounded cells."""

    cents: pl.Series
    reasons: pl.Series
    rounded: pl.Series


def read_money(column: RawColumn, name: str, report: Reporter, options: ReadOptions) -> pl.Series:
    """Return cents, Int64, null for empty cells; negative amounts are defects."""
    amounts = _read_typed(column, options) if column.typed is not None else _parse_cells(column, options)
    if amounts is None:
        report.record_column_type("money", column, name, _TYPES, None)
        return pl.Series(name, [None], dtype=pl.Int64).new_from_index(0, len(column.text))
    bad = amounts.reasons.is_not_null()
    if bad.any():
        report.record_cells(
            "money",
            column,
            bad,
            lambda index: _explain_amount(column, index, name, amounts.reasons[index]),
            name,
        )
    negative = (amounts.cents < 0).fill_null(value=False)
    if negative.any():
        report.record_cells(
            "money_negative", column, negative, lambda index: _explain_negative(column, index, name), name
        )
    if amounts.rounded.any():
        n, where = int(amounts.rounded.sum()), describe_column(column, name)
        text = _("{where}: amounts rounded to the nearest cent (ties to even): {n}.", where=where, n=n)
        report.warn("rounded", text, column, amounts.rounded)
    return amounts.cents.alias(name)


def read_cents(column: RawColumn, name: str, report: Reporter) -> pl.Series:
    """Return a column of whole cents, such as ``requested_cents``, as Int64."""
    typed = column.typed
    if typed is not None and not typed.dtype.is_integer():
        expected = _("whole cents expected")
        report.record_column_type("money", column, name, expected, None)
        return pl.Series(name, [None], dtype=pl.Int64).new_from_index(0, len(typed))
    if typed is not None:
        cents = typed.cast(pl.Int64, strict=False)
    else:
        ordinary = column.text.str.contains(r"^-?[0-9]{1,16}$").fill_null(value=False)
        cents = column.text.set(~ordinary, None).cast(pl.Int64)
        if column.numbers is not None:
            whole = (column.numbers == column.numbers.round()) & (column.numbers.abs() <= MAX_CENTS)
            cents = cents.fill_null(column.numbers.set(~whole.fill_null(value=False), None).cast(pl.Int64))
    reasons = _assign_reason(column.select_filled() & (cents.is_null() | (cents.abs() > MAX_CENTS)), "cents")
    bad = reasons.is_not_null()
    if bad.any():
        report.record_cells(
            "money", column, bad, lambda index: _explain_amount(column, index, name, "cents"), name
        )
    negative = (cents < 0).fill_null(value=False)
    if negative.any():
        report.record_cells(
            "money_negative", column, negative, lambda index: _explain_negative(column, index, name), name
        )
    return cents.alias(name)


def _assign_reason(where: pl.Series, reason: str) -> pl.Series:
    """Return the reason where a Boolean series is True, null elsewhere."""
    return pl.select(pl.when(where.fill_null(value=False)).then(pl.lit(reason)).alias("reason")).to_series()


def _parse_cells(column: RawColumn, options: ReadOptions) -> _MoneyColumn:
    cents, reasons = parse_cents_series(column.text, options.decimal)
    amounts = _MoneyColumn(cents, reasons, reasons == "")
    if options.rounding is Rounding.NEAREST:
        amounts = _round_text(column.text, amounts, options.decimal)
    if column.numbers is not None:
        numbers = _convert_floats(column.numbers, options)
        amounts = _MoneyColumn(
            amounts.cents.fill_null(numbers.cents),
            amounts.reasons.fill_null(numbers.reasons),
            amounts.rounded.fill_null(value=False) | numbers.rounded,
        )
    for other, reason in ((column.moments, "date"), (column.odd, "odd")):
        if other is not None:
            amounts.reasons = amounts.reasons.fill_null(_assign_reason(other.is_not_null(), reason))
    amounts.rounded = amounts.rounded.fill_null(value=False)
    return amounts


def _round_text(text: pl.Series, amounts: _MoneyColumn, decimal: str | None) -> _MoneyColumn:
    """Read again, with rounding, the cells that have too many decimals."""
    many = (amounts.reasons == "decimals").fill_null(value=False)
    if not many.any():
        return amounts
    texts = text.filter(many).unique()
    read: list[int | None] = []
    for value in texts:
        try:
            read.append(parse_cents_nearest(value, decimal))
        except MoneyError:
            read.append(None)
    return _with_rounded(text, amounts, many, texts, read)


def _with_rounded(
    values: pl.Series, amounts: _MoneyColumn, many: pl.Series, keys: pl.Series, read: list[int | None]
) -> _MoneyColumn:
    learnt = pl.DataFrame({"key": keys, "cents": pl.Series(read, dtype=pl.Int64)})
    asked = pl.DataFrame({"key": values.set(~many, None)})
    cents = asked.join(learnt, on="key", how="left", maintain_order="left")["cents"]
    done = cents.is_not_null()
    return _MoneyColumn(
        amounts.cents.fill_null(cents),
        amounts.reasons.set(done, None),
        amounts.rounded.fill_null(value=False) | done,
    )


def _convert_floats(values: pl.Series, options: ReadOptions) -> _MoneyColumn:
    cents = convert_floats_to_cents(values)
    missing = values.is_not_null() & cents.is_null()
    finite = values.is_finite().fill_null(value=False)
    large = finite & (values.abs() > MAX_FLOAT_EUROS)
    reasons = _assign_reason(missing & ~finite, "not_finite").fill_null(
        _assign_reason(missing & large, "too_large")
    )
    reasons = reasons.fill_null(_assign_reason(missing, "decimals"))
    amounts = _MoneyColumn(cents, reasons, missing & ~missing)
    many = (reasons == "decimals").fill_null(value=False)
    if options.rounding is Rounding.NEAREST and many.any():
        keys = values.filter(many).unique()
        amounts = _with_rounded(values, amounts, many, keys, [round_float_to_cents(value) for value in keys])
    return amounts


def _read_typed(column: RawColumn, options: ReadOptions) -> _MoneyColumn | None:
    """Return a typed column of euros; None when its type cannot hold amounts."""
    values = column.typed
    assert values is not None
    dtype = values.dtype
    if dtype.is_float():
        return _convert_floats(values.cast(pl.Float64), options)
    if dtype.is_integer():
        large = (values.cast(pl.Int64, strict=False).is_null() & values.is_not_null()) | (
            values.cast(pl.Float64).abs() > MAX_CENTS / 100
        )
        cents = values.set(large.fill_null(value=False), None).cast(pl.Int64) * 100
        return _MoneyColumn(cents, _assign_reason(large, "too_large"), large & ~large)
    if isinstance(dtype, pl.Decimal):
        return _convert_decimals(values, options)
    return None


def _convert_decimals(values: pl.Series, options: ReadOptions) -> _MoneyColumn:
    large = (values.cast(pl.Float64).abs() > MAX_CENTS / 100).fill_null(value=False)
    retained = values.set(large, None)
    cut = retained.cast(pl.Decimal(38, 2))
    many = (
        (cut.cast(values.dtype, strict=False) != retained).fill_null(value=False)
        if _get_scale(values) > 2
        else large & ~large
    )
    cents = (cut * 100).cast(pl.Int64).set(many, None)
    reasons = _assign_reason(large, "too_large").fill_null(_assign_reason(many, "decimals"))
    amounts = _MoneyColumn(cents, reasons, large & ~large)
    if options.rounding is Rounding.NEAREST and many.any():
        keys = retained.filter(many).unique()
        read: list[int | None] = [
            int((Decimal(value) * 100).quantize(Decimal(1), ROUND_HALF_EVEN)) for value in keys
        ]
        amounts = _with_rounded(retained, amounts, many, keys, read)
    return amounts


def _get_scale(values: pl.Series) -> int:
    return values.dtype.scale if isinstance(values.dtype, pl.Decimal) else 0


def _explain_amount(column: RawColumn, index: int, name: str, reason: str) -> tuple[Text, Text | None]:
    where, text = describe_column(column, name), quote_cell(column, index)
    others = {
        "date": _("this is a date"),
        "odd": _("this is not a number"),
        "cents": _("this is not a whole number of cents"),
    }
    why = others.get(reason) or describe_reason(reason)
    hint = _HINTS.get(reason) or (None if reason in ("too_large", "cents") else _suggest_amount(text))
    return _('{where}: "{cell}" is not read as an amount: {why}.', where=where, cell=text, why=why), hint


def _suggest_amount(text: str) -> Text:
    """Return what to write in a cell of amounts that is not read."""
    if text.startswith("#"):
        return FORMULA_HINT
    if text.startswith("(") and text.endswith(")"):
        return _(
            "Brackets mean a negative amount: write {amount} without them, or empty the cell.",
            amount=text.strip("() "),
        )
    return _FORMS


def _explain_negative(column: RawColumn, index: int, name: str) -> tuple[Text, Text | None]:
    where, text = describe_column(column, name), quote_cell(column, index)
    return _('{where}: "{cell}": an amount cannot be negative.', where=where, cell=text), _(
        "Take the minus out, or empty the cell."
    )
