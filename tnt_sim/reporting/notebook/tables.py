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

from tnt_sim.i18n.message import NO_TEXT, Bilingual, Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import format_amounts, format_decimal, format_integer, format_number
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.renderers.html import render_rows_html, wrap_in_frame
from tnt_sim.reporting.reports.quality import SEVERITY
from tnt_sim.reporting.text.entry_flags import FLAGS
from tnt_sim.reporting.text.vocabulary import KIND, REASON
from tnt_sim.rules.expressions.column_text import COLUMN, describe_bare_column
from tnt_sim.rules.expressions.text import SENSE, capitalise
from tnt_sim.values.answer_values import PROOF

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
