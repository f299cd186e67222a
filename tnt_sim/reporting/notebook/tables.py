"""Display a table in a notebook: euros for cents, words for codes and headers, figures right-aligned.

The table itself is unchanged: exact integer cents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from types import MappingProxyType
from typing import Any

import polars as pl

from tnt_sim.engine.result import TABLES, build_frame, convert_frame
from tnt_sim.i18n.message import NO_TEXT, Bilingual, Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import format_amounts, format_decimal, format_integer, format_number
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.renderers.html import render_rows_html, wrap_in_frame
from tnt_sim.reporting.reports.quality import SEVERITY
from tnt_sim.reporting.text.vocabulary import FLAGS, KIND, REASON
from tnt_sim.rules.expressions.column_text import COLUMN, describe_bare_column
from tnt_sim.rules.expressions.text import SENSE, capitalise
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.values.answer_values import PROOF
from tnt_sim.verify.run_document import RunDocument

EUROS = pl.Decimal(20, 2)

"""Type of amounts in euros, which is exact."""


def convert_table(
    frame: pl.DataFrame, backend: str = "polars", *, euros: bool = False, labels: Lang | str | None = None
) -> Any:
    """Return a table for analysts; without `euros` and `labels` it is the table itself.

    Parameters
    ----------
    frame : the table, amounts in integer cents
    backend : `polars` or `pandas`
    euros : amounts in euros with two decimals, in columns without `_cents`, and figures that are text as numbers
    labels : language of the headers, `fr` or `en`. By default they are the names of the columns
    """
    shaped = _convert_to_euros(frame) if euros else frame
    if labels is not None:
        shaped = shaped.rename(_list_headers(shaped.columns, Lang(labels)))
    return _convert_to_pandas(shaped) if backend == "pandas" and euros else convert_frame(shaped, backend)


def _convert_to_euros(frame: pl.DataFrame) -> pl.DataFrame:
    columns: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        bare = name.removesuffix(CENTS)
        column = pl.col(name)
        if bare != name:
            is_list = isinstance(dtype, pl.List)
            amounts = column.list.eval(_divide_cents(pl.element())) if is_list else _divide_cents(column)
            columns.append(amounts.alias(f"{bare}_euros" if bare in frame.columns else bare))
        elif name in EXACT and dtype == pl.String:
            columns.append(pl.lit(_parse_figures(frame[name])).alias(name))
        else:
            columns.append(column)
    return frame.select(columns)


def _divide_cents(cents: pl.Expr) -> pl.Expr:
    """Return cents as euros, exactly: the digits are those of the integer."""
    whole = cents.cast(pl.Int64)
    digits = whole.abs().cast(pl.String).str.zfill(3)
    sign = pl.when(whole < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, digits.str.head(-2), pl.lit("."), digits.str.tail(2)).cast(EUROS)


def _parse_figures(values: pl.Series) -> pl.Series:
    """Return figures written as text as floats; unchanged where one of them is no decimal."""
    figures = values.cast(pl.Float64, strict=False)
    return values if figures.null_count() > values.null_count() else figures


def _list_headers(names: list[str], lang: Lang) -> dict[str, str]:
    """Return the header of each column; the column's name beside it where two headers are equal."""
    headers = {name: get_header(name, lang) or name for name in names}
    words = list(headers.values())
    return {name: f"{word} ({name})" if words.count(word) > 1 else word for name, word in headers.items()}


def _convert_to_pandas(frame: pl.DataFrame) -> Any:
    """Return a data frame of pandas: euros as floats, whole numbers with empty cells as nullable integers."""
    decimals = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal)]
    table = frame.with_columns(pl.col(decimals).cast(pl.Float64)).to_pandas()
    for name, dtype in frame.schema.items():
        if dtype.is_integer() and frame[name].null_count():
            table[name] = table[name].astype("Int64")
    return table


RUN_TABLES = ("dossiers", *TABLES, "departments")

"""Names of the tables of a decision, the main one first."""


@dataclass(frozen=True, slots=True)
class DecidedTable:
    """The applications of a decision, and the scenario, which names a map."""

    spec: ScenarioSpec
    table: pl.DataFrame


def build_run_table(name: str, decided: DecidedTable, document: RunDocument) -> pl.DataFrame:
    """Return one of `RUN_TABLES`; amounts in integer cents."""
    if name not in RUN_TABLES:
        raise ValueError(f"table must be one of {', '.join(RUN_TABLES)}, not {name!r}")
    if name == "dossiers":
        return decided.table
    if name == "departments":
        from tnt_sim.reporting.decision_page.subtotals import build_department_table

        return build_department_table(decided)
    return build_frame(document, name)


MOST_ROWS = 20

CENTS = "_cents"

HEADS: Mapping[str, Text] = MappingProxyType(
    {
        "id": NO_TEXT,
        "amount": _("Amount"),
        "effective": _("Available"),
        "granted": _("Granted"),
        "unspent": _("Left"),
        "unspent_because": _p("tables", "Why some is left"),
        "n_dossiers": _("Filed"),
        "n_eligible": _("Eligible"),
        "n_funded": _p("tables", "Funded"),
        "eligible": _p("tables", "Eligible"),
        "funded": _p("tables 40", "Funded"),
        "reason_code": _("Code"),
        "reason": _p("tables", "Reason"),
        "explanation": _p("tables", "Explanation"),
        "rule": _("Rule"),
        "kind": _("Kind"),
        "mode": _("Mode"),
        "group": _("Group"),
        "min": _("Minimum"),
        "max": _("Maximum"),
        "value": _("Value"),
        "slack": _("Slack"),
        "holds": _("Satisfied"),
        "binds": _("At its bound"),
        "goal": _p("tables", "Goal"),
        "sense": _("Sense"),
        "bound": _("Bound"),
        "proof": _("Proof"),
        "name": _("Name"),
        "len": _p("tables", "Number"),
        "share": _("Share"),
        "standing": _("Group"),
        "planned": _("Planned"),
        "times": _("Draws"),
    }
)

"""Headers of our columns; the suffix `_cents` is left out."""


@dataclass(frozen=True, slots=True)
class NotebookTable:
    """Table with its display; `frame` is the table itself."""

    frame: pl.DataFrame = field(repr=False)
    lang: Lang
    most: int
    heads: Mapping[str, str]

    def _repr_html_(self) -> str:
        return wrap_in_frame(render_table_html(self.frame, self.lang, self.most, self.heads), self.lang)


def table(
    frame: pl.DataFrame,
    *,
    lang: Lang | str = Lang.FR,
    most: int = MOST_ROWS,
    heads: Mapping[str, str] | None = None,
) -> NotebookTable:
    """Display the first rows of a table, with `…_cents` as euros; `heads` renames some headers.

    Raises
    ------
    ValueError
        If `heads` names a column that the table does not have.

    Examples
    --------
    >>> shown = tnt.table(result.table("envelopes"), most=2)
    """
    unknown = sorted(set(heads or ()) - set(frame.columns))
    if unknown:
        raise ValueError(f"no such column: {', '.join(unknown)}")
    return NotebookTable(frame, Lang(lang), most, dict(heads or {}))


def render_table_html(frame: pl.DataFrame, lang: Lang, most: int, heads: Mapping[str, str]) -> str:
    """Return the first rows as an HTML table, and how many are left out."""
    few = frame.head(most)
    cells = [_format_cells(few[name], lang) for name in few.columns]
    right = [k for k, name in enumerate(few.columns) if few.schema[name].is_numeric()]
    names = [heads.get(name) or get_header(name, lang) for name in few.columns]
    text = render_rows_html(names, list(zip(*cells, strict=True)), right)
    rest = frame.height - few.height
    if rest:
        left = _n("… and {n} more row", "… and {n} more rows", n=rest)
        text += f'\n<p class="soft">{escape(left.in_(lang))}</p>'
    return text


def get_header(name: str, lang: Lang) -> str:
    """Return a column's header: words for our columns, otherwise its own name."""
    bare = name.removesuffix(CENTS)
    if bare in HEADS:
        return HEADS[bare].in_(lang)
    return capitalise(describe_bare_column(bare).in_(lang)) if bare in COLUMN else bare


EXACT = ("value", "min", "max", "slack", "bound", "gap")

"""Columns with exact decimals as text."""

VALUES: Mapping[str, Mapping[str, Text]] = MappingProxyType(
    {
        "proof": PROOF,
        "flag": FLAGS,
        "reason_code": {**REASON, "decided": _("decided by people")},
        "sense": SENSE,
        "kind": KIND,
        "severity": {severity.value: text for severity, text in SEVERITY.items()},
    }
)

"""Words for the values of columns that hold codes."""


def _format_cells(column: pl.Series, lang: Lang) -> Sequence[str]:
    """Format a column as texts: amounts, words for codes, otherwise by its type."""
    codes = VALUES.get(column.name)
    if codes is not None:
        return [
            "–" if one is None else codes.get(one, Bilingual(one, one)).in_(lang) for one in column.to_list()
        ]
    if column.name.endswith(CENTS) and column.dtype.is_integer():
        return format_amounts(column.to_list(), lang)
    if column.name in EXACT and column.dtype == pl.String:
        return [format_decimal(text, lang) for text in column.to_list()]
    tell = _select_formatter(column.dtype, lang)
    return ["–" if value is None else tell(value) for value in column.to_list()]


def _select_formatter(dtype: pl.DataType, lang: Lang) -> Callable[[Any], str]:
    if dtype == pl.Boolean:
        yes, no = _("yes").in_(lang), _("no").in_(lang)
        return lambda value: yes if value else no
    if dtype.is_integer():
        return lambda value: format_integer(value, lang)
    if dtype.is_float():
        return lambda value: format_number(
            Fraction(value).limit_denominator(10**9), lang, decimals=3
        ).removeprefix("≈")
    if dtype.is_decimal():
        return lambda value: format_number(Fraction(value), lang)
    if isinstance(dtype, pl.List):
        return lambda value: Items([str(part) for part in value], ";").in_(lang)
    return str
