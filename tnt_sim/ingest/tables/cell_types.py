"""Typed values of cells: text, codes, lists and numbers; repair of codes that spreadsheets damaged.

A damaged code is repaired only where a single code can be meant. SIREN and SIRET are checked with the Luhn
algorithm (ISO/IEC 7812-1); the establishments of La Poste follow a rule of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import polars as pl

from tnt_sim.characters import IN_NO_CODE, IN_NO_LABEL, format_code_point
from tnt_sim.domain.portfolio import (
    DECIMAL_TYPE,
    FIXED_VALUES,
    convert_to_decimal,
    describe_number_reason,
    parse_numbers,
)
from tnt_sim.domain.territory import load_territory
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import (
    FORMULA_HINT,
    SPACES,
    RawColumn,
    ReadOptions,
    Reporter,
    describe_column,
    format_number,
    quote_cell,
    shorten_value,
)

_MANGLED = r"^[0-9](?:[.,][0-9]+)?E\+[0-9]{2}$"
_LOST_ZERO = {
    "department": r"^[1-9]$",
    "region": r"^[1-9]$",
    "commune": r"^[0-9]{4}$",
    "members": r"(?:^|;) *[0-9]{4} *(?:;|$)",
}
_LENGTHS = {
    "applicant_id": (2, 3, 5, 9, 14),
    "commune": (5,),
    "epci": (9,),
    "department": (2, 3),
    "region": (2,),
}
_AS_TEXT = _("Format the column as text and write the code in full.")
_WHOLE = _("Write a whole number, for example 4200, or empty the cell.")
LISTS_OF_IDS = frozenset({"members", "requires"})
_LEADING_NUMBER = re.compile(r"[0-9]+(?:[ \u00a0\u202f][0-9]{3})*(?:[.,][0-9]+)?")
_ROUND_IT = _("Round to six decimals.")
_LA_POSTE = "356000000"


def read_text(column: RawColumn) -> pl.Series:
    """Return every cell as text, "" where it is empty; numbers in their shortest digits, dates in ISO form."""
    if column.typed is not None:
        return format_typed_column(column.typed)
    text = column.text
    if column.numbers is not None:
        text = text.fill_null(_format_numbers(column.numbers))
    if column.moments is not None and column.days is not None:
        text = text.fill_null(_format_moments(column.moments, column.days))
    if column.odd is not None:
        text = text.fill_null(column.odd)
    return text.fill_null("")


def _format_numbers(numbers: pl.Series) -> pl.Series:
    values = numbers.drop_nulls().unique()
    learnt = pl.DataFrame({"value": values, "text": pl.Series(map(format_number, values), dtype=pl.String)})
    asked = pl.DataFrame({"value": numbers})
    return asked.join(learnt, on="value", how="left", maintain_order="left")["text"]


def _format_moments(moments: pl.Series, days: pl.Series) -> pl.Series:
    return moments.dt.strftime("%Y-%m-%d").zip_with(days, moments.dt.strftime("%Y-%m-%dT%H:%M:%S"))


def has_text(dtype: pl.DataType) -> bool:
    """Return whether the values of a typed column can be written as text."""
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Duration))


def format_typed_column(values: pl.Series) -> pl.Series:
    """Return a typed column as text, "" where it is null; nested types have no text."""
    if values.dtype.is_float():
        return _format_numbers(values.cast(pl.Float64)).fill_null("")
    if not has_text(values.dtype):
        return pl.Series("text", [""]).new_from_index(0, len(values))
    return values.cast(pl.String).fill_null("")


def read_code(column: RawColumn, name: str, report: Reporter, refused: str = IN_NO_CODE) -> pl.Series:
    """Return codes as text; numeric cells are accepted only where they are whole and no digit can be lost.

    `refused` is the pattern of the characters that no cell may hold.
    """
    typed = column.typed
    if typed is not None and not typed.dtype.is_numeric():
        report.record_column_type("code", column, name, _("codes as text expected"), _AS_TEXT)
        return format_typed_column(typed)
    text = read_text(column)
    numbers = typed if typed is not None else column.numbers
    if numbers is not None:
        _check_numbers(column, name, numbers.cast(pl.Float64), text, report)
    for other in (column.moments, column.odd):
        if other is not None:
            report.record_cells(
                "code", column, other.is_not_null(), lambda i: _explain_not_code(column, i, name), name
            )
    mangled = text.str.contains(_MANGLED)
    if mangled.any():
        report.record_cells(
            "code_mangled", column, mangled, lambda i: _explain_mangled_code(column, i, name), name
        )
    unseen = text.str.contains(refused)
    if unseen.any():
        report.record_cells(
            "code_character", column, unseen, lambda i: _explain_unseen(column, text[i], name, refused), name
        )
    if name == "applicant_id":
        text = _strip_identifier_spaces(text)
    lost = text.str.contains(_LOST_ZERO[name]) if name in _LOST_ZERO else None
    if lost is not None and lost.any():
        report.record_cells(
            "code_zero", column, lost, lambda i: _explain_lost_zero(column, name, text[i]), name
        )
    if name in FIXED_VALUES:
        _check_enumeration(column, name, text, report)
    return text.alias(name)


def _check_numbers(
    column: RawColumn, name: str, numbers: pl.Series, text: pl.Series, report: Reporter
) -> None:
    """Check that numeric cells of a code column are whole, exact and of a length that codes have."""
    whole = (numbers == numbers.round()) & (numbers >= 0) & (numbers < 2**53)
    broken = numbers.is_not_null() & ~whole.fill_null(value=False)
    if broken.any():
        report.record_cells("code", column, broken, lambda i: _explain_not_code(column, i, name), name)
    if name not in _LENGTHS:
        return
    lengths = text.str.len_chars()
    known = text.str.contains(_LOST_ZERO[name]) if name in _LOST_ZERO else broken
    wrong = numbers.is_not_null() & ~broken & ~known & ~lengths.is_in(_LENGTHS[name])
    if wrong.any():
        report.record_cells("code_length", column, wrong, lambda i: _explain_length(column, i, name), name)


def _strip_identifier_spaces(text: pl.Series) -> pl.Series:
    """Remove the spaces of SIRET and SIREN written in groups (« 213 500 017 00010 »)."""
    grouped = text.str.contains(rf"^[0-9][0-9{SPACES}]+[0-9]$") & text.str.contains(rf"[{SPACES}]")
    if not grouped.any():
        return text
    joined = text.str.replace_all(rf"[{SPACES}]", "")
    return joined.zip_with(grouped & joined.str.len_chars().is_in([9, 14]), text)


def check_identifiers(column: RawColumn, text: pl.Series, report: Reporter) -> None:
    """Warn of SIREN and SIRET with a missing digit or a wrong check digit.

    For La Poste (SIREN 356 000 000) the sum of a SIRET's digits must be a multiple of five instead.
    """
    short = text.str.contains(r"^(?:[0-9]{4}|[0-9]{8}|[0-9]{13})$")
    if short.any():
        n, first, where = int(short.sum()), text.filter(short)[0], describe_column(column, "applicant_id")
        remark = _(
            "{where}: codes with one digit less than a SIRET, a SIREN or an INSEE code: {n}, for "
            'example "{first}".',
            where=where,
            n=n,
            first=first,
        )
        report.warn("code_length", remark, column, short)
    bad = pl.Series("bad", [False]).new_from_index(0, len(text))
    for length in (9, 14):
        fits = text.str.contains(rf"^[0-9]{{{length}}}$")
        codes = text.filter(fits)
        if len(codes):
            bad = bad.scatter(fits.arg_true(), select_wrong_check_digits(codes, length))
    if bad.any():
        n, first = int(bad.sum()), shorten_value(text.filter(bad)[0])
        where = describe_column(column, "applicant_id")
        remark = _(
            '{where}: SIREN or SIRET with a wrong check digit: {n}, for example "{first}".',
            where=where,
            n=n,
            first=first,
        )
        report.warn("check_digit", remark, column, bad)


def select_wrong_check_digits(codes: pl.Series, length: int) -> pl.Series:
    """Return which codes of `length` digits have a wrong check digit (Luhn), Boolean."""
    digits = [codes.str.slice(position, 1).cast(pl.Int32) for position in range(length)]
    total = plain = pl.Series("sum", [0], dtype=pl.Int32).new_from_index(0, len(codes))
    for position, digit in enumerate(digits):
        doubled = digit * 2 if (length - position) % 2 == 0 else digit
        total = total + doubled - (doubled > 9).cast(pl.Int32) * 9
        plain = plain + digit
    wrong = total % 10 != 0
    if length == 14:
        wrong = wrong & ~(codes.str.starts_with(_LA_POSTE) & (plain % 5 == 0))
    return wrong


def _check_enumeration(column: RawColumn, name: str, text: pl.Series, report: Reporter) -> None:
    valid = FIXED_VALUES[name]
    unknown = ~text.is_in([*valid, ""])
    if not unknown.any():
        return

    def explain_cell(index: int) -> tuple[Text, Text | None]:
        where, displayed = describe_column(column, name), shorten_value(text[index])
        return _(
            '{where}: "{displayed}" is not a known value.', where=where, displayed=displayed
        ), suggest_name(text[index], valid)

    report.record_cells("unknown_value", column, unknown, explain_cell, name)


def read_list(column: RawColumn, name: str, report: Reporter) -> pl.Series:
    """Return lists of text: cells split at ``;``, items stripped, empty and repeated items dropped.

    Typed lists are read as their items joined by ``;``. Ids hold no tabs and line breaks; other items may.
    """
    typed = column.typed
    if typed is not None and isinstance(typed.dtype, pl.List):
        inner = typed.dtype.inner
        if inner != pl.String and not (isinstance(inner, pl.DataType) and inner.is_integer()):
            report.record_column_type("list", column, name, _("lists of text expected"), None)
            return pl.Series(name, [[]], dtype=pl.List(pl.String)).new_from_index(0, len(typed))
        text = typed.cast(pl.List(pl.String)).list.join(";", ignore_nulls=True).fill_null("")
        column = replace(column, typed=None, text=text)
    text = read_code(column, name, report, IN_NO_CODE if name in LISTS_OF_IDS else IN_NO_LABEL)
    items = text.str.split(";").list.eval(
        pl.element().str.strip_chars(SPACES).filter(pl.element().str.strip_chars(SPACES) != "")
    )
    return items.list.unique(maintain_order=True).alias(name)


def read_integer(column: RawColumn, name: str, report: Reporter, options: ReadOptions) -> pl.Series:
    """Return whole numbers of at least zero, Int64, null for empty cells."""
    numbers = read_decimal(column, name, report, options)
    wrong = ((numbers < 0) | (numbers % 1 != 0)).fill_null(value=False)
    # « 1.234 » may be a thousand or a fraction: it is refused in a count.
    doubtful = (
        column.text.str.contains(r"[.,][0-9]{3}$").fill_null(value=False)
        if column.typed is None
        else ~wrong & wrong
    )
    bad = wrong | (doubtful & numbers.is_not_null())
    if bad.any():
        report.record_cells("integer", column, bad, lambda i: _explain_integer(column, i, name), name)
    return numbers.set(bad, None).cast(pl.Int64).alias(name)


def read_decimal(column: RawColumn, name: str, report: Reporter, options: ReadOptions) -> pl.Series:
    """Return exact numbers, Decimal(38, 6), null for empty cells; workbook floats to the nearest millionth."""
    typed = column.typed
    if typed is not None:
        if not typed.dtype.is_numeric():
            report.record_column_type("number", column, name, _("numbers expected"), None)
            return pl.Series(name, [None], dtype=DECIMAL_TYPE).new_from_index(0, len(typed))
        numbers, reasons = convert_to_decimal(typed)
    else:
        numbers, reasons = parse_numbers(column.text, options.decimal)
        if column.numbers is not None:
            others, other_reasons = convert_to_decimal(column.numbers)
            numbers, reasons = numbers.fill_null(others), reasons.fill_null(other_reasons)
        stray = column.select_filled() & numbers.is_null() & reasons.is_null()
        reasons = reasons.set(stray, "not_a_number") if stray.any() else reasons
    bad = reasons.is_not_null()
    if bad.any():
        report.record_cells(
            "number", column, bad, lambda i: _explain_number(column, i, name, reasons[i]), name
        )
    return numbers.alias(name)


def _explain_not_code(column: RawColumn, index: int, name: str) -> tuple[Text, Text | None]:
    where, shown = describe_column(column, name), quote_cell(column, index)
    return _('{where}: "{shown}" is not a code.', where=where, shown=shown), _AS_TEXT


def _explain_mangled_code(column: RawColumn, index: int, name: str) -> tuple[Text, Text | None]:
    where, text = describe_column(column, name), quote_cell(column, index)
    return _(
        '{where}: "{cell}": a spreadsheet rewrote the code, its digits are lost.', where=where, cell=text
    ), _AS_TEXT


def _explain_unseen(column: RawColumn, code: str, name: str, refused: str) -> tuple[Text, Text | None]:
    where = describe_column(column, name)
    numbers = ", ".join(map(format_code_point, dict.fromkeys(re.findall(refused, code))))
    return _(
        '{where}: "{cell}" holds a tab, a line break or an invisible character ({number}).',
        where=where,
        cell=shorten_value(code),
        number=numbers,
    ), _("Type the value anew, without copying it.")


def _explain_lost_zero(column: RawColumn, name: str, code: str) -> tuple[Text, Text | None]:
    where = describe_column(column, name)
    return _(
        '{where}: "{code}": the leading zero is lost.', where=where, code=code
    ), _AS_TEXT if ";" in code else _('Format the cell as text and write "0{code}".', code=code)


def _explain_length(column: RawColumn, index: int, name: str) -> tuple[Text, Text | None]:
    where, text = describe_column(column, name), quote_cell(column, index)
    lengths = _LENGTHS[name]
    listed, last = ", ".join(map(str, lengths[:-1])), lengths[-1]
    digits = _("{listed} or {last}", listed=listed, last=last) if listed else last
    return _(
        "{where}: the number {number} does not have {digits} digits.", where=where, number=text, digits=digits
    ), _AS_TEXT


def _explain_integer(column: RawColumn, index: int, name: str) -> tuple[Text, Text | None]:
    where, text = describe_column(column, name), quote_cell(column, index)
    return _('{where}: "{cell}" is not a whole number of at least zero.', where=where, cell=text), _WHOLE


def _explain_number(column: RawColumn, index: int, name: str, reason: str) -> tuple[Text, Text | None]:
    where, text, why = (
        describe_column(column, name),
        quote_cell(column, index),
        describe_number_reason(reason),
    )
    return _(
        '{where}: "{cell}" is not read as a number: {why}.', where=where, cell=text, why=why
    ), _ROUND_IT if reason == "decimals" else _suggest_number(text) if reason == "not_a_number" else None


def _suggest_number(text: str) -> Text:
    """Return what to write in a cell of numbers: what a formula gives, the number without its unit, or nothing."""
    if text.startswith("#"):
        return FORMULA_HINT
    number = _LEADING_NUMBER.match(text)
    if number is not None:
        return _("Write the number alone: {number}.", number=number[0])
    return _("Write a number, or empty the cell.")


_WHOLE_FLOAT = r"^[0-9]+\.0$"


def read(name: str, text: pl.Series, map_year: int) -> pl.Series:
    """Return the codes of a canonical column from the text of a form; what is not understood is unchanged."""
    if name == "department":
        return _convert_by_value(text, lambda value: _parse_department(value, map_year))
    if name == "region":
        return _convert_by_value(text, lambda value: _parse_region(value, map_year))
    if name == "commune":
        return _clear_zero_codes(_pad_codes(_strip_decimals(text), 5))
    if name == "epci":
        return _clear_zero_codes(_strip_decimals(_extract_siren(text)))
    if name == "applicant_id":
        return _clear_zero_codes(_repair_identifiers(text))
    return text


def _clear_zero_codes(text: pl.Series) -> pl.Series:
    """Empty a code of 0, which spreadsheets write where there is none."""
    return text.set(text == "0", "")


def select_repaired(text: pl.Series, read_as: pl.Series) -> pl.Series:
    """Return where a number was given and another one read: a lost zero, an extra « .0 »."""
    return text.str.contains(r"^[0-9]+(?:\.0)?$") & (text != read_as) & (read_as != "")


def _convert_by_value(text: pl.Series, convert: Callable[[str], str]) -> pl.Series:
    learnt = {value: code for value in text.unique() if (code := convert(value)) != value}
    return text.replace(learnt) if learnt else text


@cache
def _load_names(level: str, map_year: int) -> Mapping[str, str]:
    table = load_territory(map_year).table.filter(pl.col("level") == level)
    return {normalise_header(name): code for name, code in table.select("name", "code").iter_rows()}


def _parse_department(value: str, map_year: int) -> str:
    head = value.strip(SPACES)
    if len(head) == 1 and head.isdigit():
        return f"0{head}"
    if head in ("20A", "20B"):  # Corsica, in three characters
        return f"2{head[2]}"
    for length in (3, 2):
        code, rest = head[:length].upper(), head[length:].lstrip(SPACES)
        if code in _load_codes("department", map_year) and (not rest or rest[0] in "-–—:"):
            return code
    return _load_names("department", map_year).get(normalise_header(value), value)


def _parse_region(value: str, map_year: int) -> str:
    head = value.strip(SPACES).removeprefix("R")
    code, rest = head[:2], head[2:].lstrip(SPACES)
    if code in _load_codes("region", map_year) and (not rest or rest[0] in "-–—:"):
        return code
    return _load_names("region", map_year).get(normalise_header(value), value)


@cache
def _load_codes(level: str, map_year: int) -> frozenset[str]:
    table = load_territory(map_year).table.filter(pl.col("level") == level)
    return frozenset(table["code"].to_list())


def _strip_decimals(text: pl.Series) -> pl.Series:
    """Remove the « .0 » that a spreadsheet or a script added to numbers."""
    floats = text.str.contains(_WHOLE_FLOAT)
    return text.str.strip_suffix(".0").zip_with(floats, text) if floats.any() else text


def _pad_codes(text: pl.Series, length: int) -> pl.Series:
    short = text.str.contains(rf"^[0-9]{{{length - 1}}}$")
    return text.str.zfill(length).zip_with(short, text) if short.any() else text


def _extract_siren(text: pl.Series) -> pl.Series:
    found = text.str.extract(r"^\s*([0-9]{9})\s*[-–—:]", 1)
    return found.fill_null(text)


def _repair_identifiers(text: pl.Series) -> pl.Series:
    """Return SIRET and SIREN without spaces.

    A lost leading zero is restored where the check digit then is right.
    """
    grouped = text.str.contains(rf"^[0-9][0-9{SPACES}]+[0-9]$") & text.str.contains(rf"[{SPACES}]")
    if grouped.any():
        text = text.str.replace_all(rf"[{SPACES}]", "").zip_with(grouped, text)
    text = _extract_siren(_strip_decimals(text))
    for length in (9, 14):
        short = text.str.contains(rf"^[0-9]{{{length - 1}}}$")
        if short.any():
            padded = text.str.zfill(length)
            right = short & ~_select_wrong_codes(padded, length)
            text = padded.zip_with(right, text)
    return text


def select_wrong_identifiers(text: pl.Series) -> pl.Series:
    """Return which SIREN and SIRET have a wrong check digit, Boolean."""
    values = text.unique()
    bad = values.filter(_select_wrong_codes(values, 9) | _select_wrong_codes(values, 14))
    return text.is_in(bad.implode()) if len(bad) else text != text


def _select_wrong_codes(text: pl.Series, length: int) -> pl.Series:
    fits = text.str.contains(rf"^[0-9]{{{length}}}$").fill_null(value=False)
    nothing = pl.Series("bad", [False]).new_from_index(0, len(text))
    numbers = text.filter(fits)
    return (
        nothing.scatter(fits.arg_true(), select_wrong_check_digits(numbers, length))
        if len(numbers)
        else nothing
    )
