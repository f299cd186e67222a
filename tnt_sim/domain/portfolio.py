"""The dossiers (grant applications) of a scenario, one strict polars table with the origin of each row.

A `Portfolio` holds columns, never one Python object per dossier. Its rows are in the canonical rank order:
by the instant of `filed_at` (a day is its 00:00 in the time zone, empty last), then by `dossier`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.domain.money import MoneyError, parse_decimal
from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Text, _


class ColumnKind(StrEnum):
    """How the cells of a canonical column are read."""

    TEXT = "text"
    CODE = "code"
    MONEY = "money"
    DECIMAL = "decimal"
    INTEGER = "integer"
    WHEN = "when"
    LIST = "list"


CANONICAL: Mapping[str, ColumnKind] = MappingProxyType(
    {
        "dossier": ColumnKind.CODE,
        "project": ColumnKind.CODE,
        "title": ColumnKind.TEXT,
        "envelope": ColumnKind.CODE,
        "applicant": ColumnKind.TEXT,
        "applicant_id": ColumnKind.CODE,
        "applicant_type": ColumnKind.CODE,
        "department": ColumnKind.CODE,
        "region": ColumnKind.CODE,
        "epci": ColumnKind.CODE,
        "commune": ColumnKind.CODE,
        "members": ColumnKind.LIST,
        "population": ColumnKind.INTEGER,
        "cost": ColumnKind.MONEY,
        "base": ColumnKind.MONEY,
        "requested": ColumnKind.MONEY,
        "min_grant": ColumnKind.MONEY,
        "score": ColumnKind.DECIMAL,
        "filed_at": ColumnKind.WHEN,
        "start": ColumnKind.WHEN,
        "end": ColumnKind.WHEN,
        "notified_at": ColumnKind.WHEN,
        "state": ColumnKind.CODE,
        "committed": ColumnKind.MONEY,
        "other_state": ColumnKind.MONEY,
        "other_public": ColumnKind.MONEY,
        "other_private": ColumnKind.MONEY,
        "variant_of": ColumnKind.CODE,
        "requires": ColumnKind.LIST,
        "tags": ColumnKind.LIST,
    }
)
"""The canonical columns, in order, with their kinds."""

APPLICANT_TYPES = (
    "commune", "epci", "metropole", "departement", "region", "syndicat", "mutualisation", "autre",
)  # fmt: skip
STATES = ("en_construction", "en_instruction", "accepte", "refuse", "sans_suite")
FIXED_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"applicant_type": APPLICANT_TYPES, "state": STATES}
)
"""Columns that allow only certain values, with these values."""

DECIMAL_TYPE = pl.Decimal(38, 6)
INSTANT_TYPE = pl.Datetime("us", "UTC")
MAX_NUMBER = 10**12
"""Bound on the magnitude of numbers, so that their millionths fit in 64 bits."""

MANY = 5
"""From this number on, cells with the same value and the same fault share one message."""

MAX_PLACES = 20
"""Most bad cells of one column that are listed one by one for one kind of defect."""


def get_table_column(name: str) -> str:
    """Return the table's name of a canonical column: money X is ``X_cents``."""
    return f"{name}_cents" if CANONICAL.get(name) is ColumnKind.MONEY else name


@dataclass(frozen=True, slots=True)
class Source:
    """One file that was read: path as written, SHA-256, number of rows, and positions of its columns."""

    path: str
    sha256: str
    n_rows: int
    sheet: str | None = None
    letters: Mapping[str, str] = field(default_factory=dict)
    """Spreadsheet letters by column name (canonical where there is one); empty for text files."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header of each column in the file, by the same names."""


@dataclass(frozen=True, slots=True, eq=False)
class _Memoised:
    """A value computed from the table, and the columns that it depends on; None for all."""

    value: Any
    columns: frozenset[str] | None


@dataclass(frozen=True, eq=False)
class Portfolio:
    """The dossiers as one table in canonical rank order.

    Parameters
    ----------
    table : every canonical column, further columns, and ``_row`` (row in the file), ``_source``
    sources : the files, by the index in ``_source``
    timezone : IANA name, for days and date-times without offset
    warnings : notices of the reading, such as rounded amounts
    """

    table: pl.DataFrame
    sources: tuple[Source, ...]
    timezone: str = "Europe/Paris"
    warnings: tuple[Defect, ...] = ()
    _memo: dict[tuple[object, ...], _Memoised] = field(default_factory=dict, init=False, repr=False)

    def __repr__(self) -> str:
        return f"<Portfolio of {len(self)} applications, {self.table.width} columns>"

    def __len__(self) -> int:
        return self.table.height

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Names of the columns that are not canonical, in the order of the file."""
        known = {get_table_column(name) for name in CANONICAL}
        return tuple(name for name in self.table.columns if name not in known and not name.startswith("_"))

    def memoise[T](
        self, name: tuple[object, ...], read: Callable[[], T], columns: Collection[str] | None = None
    ) -> T:
        """Return `read()`, computed once and cached under `name`.

        The result must depend on `name`, the schema and the values of `columns` alone; by default on the
        whole table.

        A session compiles its scenario repeatedly over one table. Cached arrays are made read-only.
        """
        if name not in self._memo:
            result = read()
            if isinstance(result, np.ndarray):
                result.flags.writeable = False
            self._memo[name] = _Memoised(result, None if columns is None else frozenset(columns))
        seen: T = self._memo[name].value
        return seen

    def locate(self, row_index: int, column: str | None = None) -> Place:
        """Return where a row of the table (0-based) was read, with its cell where the file has cells."""
        if "_row" not in self.table.columns:  # the map is selected from like dossiers
            return Place()
        names = ("_row", "_source", "dossier")
        known = self.memoise(("places",), lambda: [self.table[name] for name in names], names)
        row, index, dossier = (series[row_index] for series in known)
        source = self.sources[index]
        name = column.removesuffix("_cents") if column else ""
        letter = source.letters.get(name) or source.letters.get(column or "")
        cell = f"{letter}{row}" if letter else None
        return Place(file=source.path, row=row, sheet=source.sheet, cell=cell, dossier=dossier)

    def select(self, mask: pl.Series) -> Portfolio:
        """Return the rows where a Boolean series is True, in order, with the same sources."""
        return replace(self, table=self.table.filter(mask))

    def filter(self, predicate: pl.Expr) -> Portfolio:
        """Return the rows where an expression is True; null counts as False."""
        return replace(self, table=self.table.filter(predicate))

    def with_table(self, table: pl.DataFrame) -> Portfolio:
        """Return the same sources with another table of the same schema (for example with filled cells)."""
        return replace(self, table=table)

    def replace_columns(self, columns: Sequence[pl.Series]) -> Portfolio:
        """Return the same dossiers with other values in some columns, of the same names and types.

        It keeps what other columns gave to `memoise`.
        """
        table = self.table.clone()
        for column in columns:
            table.replace_column(table.get_column_index(column.name), column)
        result = replace(self, table=table)
        if result.table.schema == self.table.schema:
            changed = {column.name for column in columns}
            for name, memoised in self._memo.items():
                if memoised.columns is not None and not memoised.columns & changed:
                    result._memo[name] = memoised
        return result

    def read_numbers(self, column: str) -> tuple[pl.Series, tuple[Defect, ...]]:
        """Return a column as exact numbers, Decimal(38, 6), null where empty; euros for money.

        Text is read strictly: « 12,5 » and « 12.5 », spaces between thousands. A text that is no number, has
        more than six decimals or reaches 10¹² gives null and a located defect.
        """
        series = self.table[get_table_column(column)]
        if CANONICAL.get(column) is ColumnKind.MONEY:
            return series.cast(DECIMAL_TYPE) / pl.Series([100], dtype=DECIMAL_TYPE), ()
        if series.dtype == DECIMAL_TYPE:
            return series, ()
        if series.dtype == pl.String:
            numbers, reasons = parse_numbers(series)
        elif series.dtype.is_numeric():
            numbers, reasons = convert_to_decimal(series)
        else:
            numbers = pl.Series(column, [None], dtype=DECIMAL_TYPE).new_from_index(0, len(series))
            reasons = pl.select(
                pl.when(series.is_not_null()).then(pl.lit("not_a_number")).otherwise(None)
            ).to_series()
        return numbers.alias(column), self._collect_number_defects(column, series, reasons)

    def _collect_number_defects(
        self, column: str, values: pl.Series, reasons: pl.Series
    ) -> tuple[Defect, ...]:
        bad = reasons.is_not_null()
        n_filled = int((values.cast(pl.String) != "").sum())
        if n_filled >= MANY and n_filled == int(bad.sum()):
            # Not a column of numbers at all: do not quote its cells, which may be names of persons.
            text = _(
                'column "{column}": none of its {n_filled} cells is a number.',
                column=column,
                n_filled=n_filled,
            )
            return (Defect("not-numeric", text, (self.locate(int(bad.arg_true()[0]), column),)),)
        groups, single = group_by_value([values.alias("value")], bad)
        rows = [*groups, *([index] for index in single)]
        defects = [
            self._build_number_defect(column, values, reasons, indices) for indices in rows[:MAX_PLACES]
        ]
        left = [index for indices in rows[MAX_PLACES:] for index in indices]
        if left:
            text = _(
                'column "{column}": further values that are not numbers: {n_left}.',
                column=column,
                n_left=len(left),
            )
            defects.append(Defect("number", text, (self.locate(max(left), column),)))
        return tuple(defects)

    def _build_number_defect(
        self, column: str, values: pl.Series, reasons: pl.Series, indices: list[int]
    ) -> Defect:
        why, label = describe_number_reason(reasons[indices[0]]), str(values[indices[0]])[:40]
        text = _(
            'column "{column}": "{label}" is not read as a number: {why}.',
            column=column,
            label=label,
            why=why,
        )
        if len(indices) > 1:
            text = extend_to_many(text, sorted(self.table["_row"].gather(indices).to_list()))
        return Defect("number", text, tuple(self.locate(index, column) for index in indices[:MANY]))


def extend_to_many(text: Text, rows: Sequence[int]) -> Text:
    """Return the sentence about one cell extended to many, with their number and the first rows."""
    listed, end = ", ".join(map(str, rows[:10])), ", …" if len(rows) > 10 else "."
    return _("{text} {n_rows} cells: rows {listed}{end}", text=text, n_rows=len(rows), listed=listed, end=end)


def group_by_value(keys: Sequence[pl.Series], bad: pl.Series) -> tuple[list[list[int]], list[int]]:
    """Return the bad rows grouped by values that at least `MANY` of them share, and the other bad rows."""
    where = pl.int_range(len(bad), eager=True).alias("_index")
    result = pl.DataFrame([*keys, where]).filter(bad)
    if result.height < MANY:
        return [], result["_index"].to_list()
    rows = result.group_by([key.name for key in keys], maintain_order=True).agg("_index")["_index"]
    many = rows.list.len() >= MANY
    single = rows.filter(~many).explode(empty_as_null=False).sort().to_list()
    return rows.filter(many).to_list(), single


_NUMBER_REASONS = {
    "not_a_number": _("this is not a number"),
    "decimals": _("more than six decimals"),
    "too_large": _("it is not below 10¹² in magnitude"),
    "not_finite": _("this is not a finite number"),
}


def describe_number_reason(reason: str) -> Text:
    """Return the sentence of a reason code of `parse_numbers`."""
    return _NUMBER_REASONS.get(reason) or MoneyError(reason).text


_NUMBER = r"^[-\u2212+]?[0-9]{1,12}(?:[.,][0-9]{1,6})?$"


def parse_numbers(values: pl.Series, decimal: str | None = None) -> tuple[pl.Series, pl.Series]:
    """Parse a String series into Decimal(38, 6), with the reason code of each text that is no number.

    Null and empty text give null in both. ``1.234`` is the number 1.234 unless `decimal` is ``,``.
    """
    pattern = _NUMBER.replace("[.,]", f"[{decimal}]") if decimal else _NUMBER
    ordinary = values.str.contains(pattern).fill_null(value=False)
    plain = values.set(~ordinary, None).str.replace(",", ".", literal=True)
    numbers = plain.str.replace("\u2212", "-", literal=True).str.replace("+", "", literal=True)
    exact = numbers.cast(DECIMAL_TYPE)
    rest = ~ordinary & values.is_not_null() & (values.str.strip_chars(" \u00a0\u202f") != "")
    reasons = pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
    if not rest.any():
        return exact, reasons
    texts = values.filter(rest).unique()
    read = [_read_number(text, decimal) for text in texts]
    learnt = pl.DataFrame(
        {
            "text": texts,
            "micros": pl.Series([micros for micros, __ in read], dtype=pl.Int64),
            "reason": pl.Series([reason for __, reason in read], dtype=pl.String),
        }
    )
    asked = pl.DataFrame({"text": values.set(~rest, None)})
    joined = asked.join(learnt, on="text", how="left", maintain_order="left")
    return exact.fill_null(_from_micros(joined["micros"])), joined["reason"]


def _read_number(text: str, decimal: str | None) -> tuple[int | None, str | None]:
    try:
        micros = parse_decimal(text, decimal) * 1_000_000
    except MoneyError as error:
        return None, error.reason
    if abs(micros) >= MAX_NUMBER * 1_000_000:
        return None, "too_large"
    if micros.denominator != 1:
        return None, "decimals"
    return micros.numerator, None


def _from_micros(micros: pl.Series) -> pl.Series:
    return micros.cast(DECIMAL_TYPE) / pl.Series([1_000_000], dtype=DECIMAL_TYPE)


def convert_to_decimal(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a numeric series as Decimal(38, 6), floats rounded to the millionth.

    The reasons are those of `parse_numbers`.
    """
    finite = values.is_finite() if values.dtype.is_float() else values.is_not_null()
    small = ((values.cast(pl.Float64).abs() < MAX_NUMBER) & finite).fill_null(value=False)
    exact = values.set(~small, None).cast(DECIMAL_TYPE)
    marks = pl.DataFrame({"good": small | values.is_null(), "finite": finite})
    reason = (
        pl.when("good").then(None).when("finite").then(pl.lit("too_large")).otherwise(pl.lit("not_finite"))
    )
    return exact, marks.select(reason.cast(pl.String).alias("reason")).to_series()


def sort_by_rank(table: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Sort the rows by the instant of `filed_at` (empty last), then by `dossier`.

    Dossiers whose number is all digits come first, by value and then text; all others after, by code point.
    """
    digits = pl.col("dossier").str.contains("^[0-9]+$")
    value = pl.when(digits).then(pl.col("dossier").str.strip_chars_start("0")).otherwise(pl.lit(""))
    keys = [
        convert_to_instants("filed_at", table.schema["filed_at"], timezone),
        ~digits,
        value.str.len_chars(),
        value,
    ]
    return table.sort([*keys, "dossier"], nulls_last=True, maintain_order=True)


def convert_to_instants(column: str, dtype: pl.DataType, timezone: str) -> pl.Expr:
    """Return a date or date-time column as instants; a day is its 00:00 in the time zone."""
    if not isinstance(dtype, pl.Date):
        return pl.col(column)
    local = pl.col(column).cast(pl.Datetime("us"))
    # Where clocks jump at midnight, the day begins an hour later.
    at_midnight, later = (
        at.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        for at in (local, local + pl.duration(hours=1))
    )
    return pl.coalesce(at_midnight, later).dt.convert_time_zone("UTC")
