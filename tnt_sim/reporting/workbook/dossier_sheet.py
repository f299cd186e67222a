"""Sheet « Dossiers »: one row per application with its reason; the other sheets sum over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, _, _p
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.renderers.xlsx import Paper, Styles, add_sheet, set_up, write_column
from tnt_sim.reporting.reports.decision_table import BASE, RATE
from tnt_sim.reporting.reports.explanation import Explained
from tnt_sim.reporting.text import vocabulary
from tnt_sim.rules.expressions import column_text

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from tnt_sim.reporting.renderers.column_sheet import ColumnSheet

TABLE = "Dossiers"
MAX_DOSSIERS = 500_000
"""Most dossiers in the workbook of a run. With a million, written cell by cell, it did not end in 108 s."""
NAMES = {
    "dossier": _("Number"),
    "title": _("Title"),
    "applicant": _("Applicant"),
    "applicant_id": _("SIRET or code"),
    "applicant_type": _("Type"),
    "department": _("Department"),
    "envelope": _("Envelope"),
    "cost": _("Cost"),
    "base": _("Eligible cost"),
    "requested": _("Requested"),
    "score": _("Score"),
    "filed_at": _("Filed on"),
    "state": _("State"),
    "eligible": _p("dossier_sheet", "Eligible"),
    "funded": _p("dossier_sheet", "Funded"),
    "granted": _("Granted"),
    "rate": _("Rate"),
    "code": _p("dossier_sheet", "Reason"),
    "reason": _("Explanation"),
    "change": _("What would fund it"),
    "step": _("Step"),
    "node": _("Envelope rank"),
}
"""Headers of the sheet, used in formulas."""

YES, NO = _("yes"), _("no")
_DECIDED = (
    "eligible",
    "funded",
    "granted_cents",
    "reason_code",
    "reason",
    "step",
    "reserve_rank",
    "reserve_cents",
)


@dataclass(frozen=True, eq=False)
class SheetColumn:
    """One column of a sheet: header, kind of cells, cells, width."""

    header: str
    kind: str
    values: Sequence[Any]
    width: float
    wrap: bool = False


def build_column_reference(key: str, lang: Lang) -> str:
    """Return the structured reference to a column of the sheet « Dossiers » for a formula."""
    return f"{TABLE}[{NAMES[key].in_(lang)}]"


def format_flags(flags: pl.Series, lang: Lang) -> list[str]:
    """Write flags in words."""
    yes, no = YES.in_(lang), NO.in_(lang)
    return [yes if flag else no for flag in flags.to_list()]


def describe_reason(code: str, funded: bool, lang: Lang) -> str:
    """Write a reason code in a few words."""
    if code == "decided" and not funded:
        return _("refused by decision").in_(lang)
    return vocabulary.REASON[code].in_(lang) if code in vocabulary.REASON else code


def convert_to_euros(cents: pl.Series) -> list[float | None]:
    """Convert cents to the euros of a cell: the double nearest to the exact amount."""
    return [None if value is None else value / 100 for value in cents.to_list()]


def convert_to_dates(values: pl.Series, timezone: str) -> list[date | None]:
    """Return dates, or the local dates of instants."""
    if isinstance(values.dtype, pl.Datetime):
        values = values.dt.convert_time_zone(timezone).dt.date()
    return values.to_list()


def build_dossier_columns(
    run: StoredRun, table: pl.DataFrame, lang: Lang, why: Explained | None = None
) -> list[SheetColumn]:
    """Return the columns of the sheet, the planner's own last; `table` is `decided(run)`."""
    names = {key: text.in_(lang) for key, text in NAMES.items()}
    labels = [
        describe_reason(code or "", funded, lang)
        for code, funded in zip(table["reason_code"].to_list(), table["funded"].to_list(), strict=True)
    ]
    nodes = table[NODE].to_list()
    ids = [entry.id for entry in run.envelopes]
    states = {
        state: column_text.describe_value("state", state).in_(lang)
        for state in table["state"].unique().drop_nulls()
    }
    result = [
        SheetColumn(names["dossier"], "text", table["dossier"].to_list(), 13),
        SheetColumn(names["title"], "text", table["title"].to_list(), 42, wrap=True),
        SheetColumn(names["applicant"], "text", table["applicant"].to_list(), 26, wrap=True),
        SheetColumn(label_place_column(run, names), "text", list_places(run, table), 14),
        SheetColumn(names["envelope"], "text", [None if n is None else ids[n] for n in nodes], 14),
        SheetColumn(names["requested"], "money", convert_to_euros(table["requested_cents"]), 15),
        SheetColumn(names["funded"], "text", format_flags(table["funded"], lang), 8),
        SheetColumn(names["granted"], "money", convert_to_euros(table["granted_cents"]), 15),
        SheetColumn(names["rate"], "formula-rate", table[RATE].to_list(), 8),
        SheetColumn(names["code"], "text", labels, 28, wrap=True),
        *_build_reason_columns(table, names, why),
        SheetColumn(names["eligible"], "text", format_flags(table["eligible"], lang), 8),
        SheetColumn(names["cost"], "money", convert_to_euros(table["cost_cents"]), 15),
        SheetColumn(names["base"], "money", convert_to_euros(table[BASE]), 15),
        SheetColumn(names["score"], "decimal", [None if s is None else float(s) for s in table["score"]], 8),
        SheetColumn(names["applicant_type"], "text", table["applicant_type"].to_list(), 14),
        SheetColumn(names["applicant_id"], "text", table["applicant_id"].to_list(), 16),
        SheetColumn(names["filed_at"], "day", convert_to_dates(table["filed_at"], run.spec.timezone), 11),
        SheetColumn(names["state"], "text", [states.get(s, s) for s in table["state"].to_list()], 14),
    ]
    if "step" in table.columns and (table["step"] != "").any():
        result.append(SheetColumn(names["step"], "text", table["step"].to_list(), 12))
    ranks = [None if n is None else n + 1 for n in nodes]
    result.append(SheetColumn(names["node"], "count", ranks, 10))
    rest = table.drop(run.spec.place_column or (), strict=False)
    return [*result, *_build_own_columns(rest, {column.header.casefold() for column in result})]


def label_place_column(run: StoredRun, names: Mapping[str, str]) -> str:
    """Return the header of the territory: the scenario's own, with its column where another header is the same."""
    label = run.spec.place_label
    taken = {name.casefold() for key, name in names.items() if key != "department"}
    if label.casefold() in taken:
        return f"{label} ({run.spec.place_column})"
    return label or names["department"]


def list_places(run: StoredRun, table: pl.DataFrame) -> list[str | None]:
    """Return the territory of each application: its department, or what the scenario's column names."""
    return table[run.spec.place_column or "department"].cast(pl.String).to_list()


def _build_reason_columns(
    table: pl.DataFrame, names: Mapping[str, str], why: Explained | None
) -> Iterator[SheetColumn]:
    """Yield the reason of the run or, with an explanation, its sentence and what would fund the application."""
    reasons, numbers = table["reason"].to_list(), table["dossier"].to_list()
    if why is None:
        yield SheetColumn(names["reason"], "text", reasons, 66, wrap=True)
        return
    told = [why.why.get(number, old) for number, old in zip(numbers, reasons, strict=True)]
    yield SheetColumn(names["reason"], "text", told, 66, wrap=True)
    changes = [why.change.get(number) or None for number in numbers]
    yield SheetColumn(names["change"], "text", changes, 66, wrap=True)


def _build_own_columns(table: pl.DataFrame, taken: set[str]) -> Iterator[SheetColumn]:
    """Yield the planner's own columns, under their own names if free."""
    known = {*(get_table_column(name) for name in CANONICAL), *_DECIDED}
    for name in table.columns:
        if name in known or name.startswith("_"):
            continue
        header, number = name, 2
        while header.casefold() in taken:
            header, number = f"{name} ({number})", number + 1
        taken.add(header.casefold())
        values = table[name]
        if values.dtype.is_numeric():
            yield SheetColumn(header, "decimal", [None if v is None else float(v) for v in values], 12)
        elif isinstance(values.dtype, pl.List):
            yield SheetColumn(header, "text", values.list.join(";").to_list(), 16)
        else:
            yield SheetColumn(header, "text", values.cast(pl.String).to_list(), 16)


def check_dossiers(n_dossiers: int) -> None:
    """Check the number of dossiers against what the workbook of a run holds."""
    if n_dossiers > MAX_DOSSIERS:
        raise UsageError(
            _(
                "the workbook of a run takes {most} applications at most, this run has {n}. Write the list with "
                "`tnt-sim export RUN_DIR --format csv` or `--format parquet`, or one workbook per department "
                "with `tnt-sim export RUN_DIR --by department`.",
                most=Count(MAX_DOSSIERS),
                n=Count(n_dossiers),
            ),
            code="usage.rows",
        )


def write_dossiers(
    book: Workbook, styles: Styles, run: StoredRun, columns: Sequence[SheetColumn], paper: Paper
) -> None:
    """Write the sheet as a table that formulas of other sheets refer to."""
    lang, height = paper.lang, run.table.height
    sheet = add_sheet(book, TABLE)
    write_table(sheet, styles, columns, 0, TABLE, lang)
    set_widths(sheet, columns)
    sheet.freeze_panes(1, 2)
    printed = [column.header for column in columns].index(NAMES["reason"].in_(lang))
    sheet.print_area(0, 0, max(height, 1), printed)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=0))


def write_table(
    sheet: ColumnSheet, styles: Styles, columns: Sequence[SheetColumn], top: int, name: str | None, lang: Lang
) -> None:
    """Write columns below headers in row `top` (from 0); with a name, as a spreadsheet table with filters."""
    height = len(columns[0].values)
    if name is not None:
        heads = [
            {"header": c.header, "header_format": styles.get_head_format(right=_is_right_aligned(c.kind))}
            for c in columns
        ]
        sheet.add_table(
            top, 0, top + max(height, 1), len(columns) - 1,
            {"name": name, "columns": heads, "style": "Table Style Light 1", "banded_rows": False},
        )  # fmt: skip
    for k, column in enumerate(columns):
        sheet.write_string(
            top, k, column.header, styles.get_head_format(right=_is_right_aligned(column.kind))
        )
        if column.kind == "formula-rate":
            _write_rates(sheet, top + 1, k, column, styles, lang)
        else:
            write_column(
                sheet, top + 1, k, column.values, styles.get_cell_formats(column.kind, wrap=column.wrap)
            )


def set_widths(sheet: Worksheet, columns: Sequence[SheetColumn]) -> None:
    """Set the column widths of a sheet that holds one table."""
    for k, column in enumerate(columns):
        sheet.set_column(k, k, column.width)


def _is_right_aligned(kind: str) -> bool:
    return kind not in ("text", "day")


def _write_rates(
    sheet: ColumnSheet, row: int, k: int, column: SheetColumn, styles: Styles, lang: Lang
) -> None:
    """Write granted / base of the row as a formula with its value."""
    style = styles.get_cell_formats("rate-or-blank")[0]
    granted, base = (f"{TABLE}[[#This Row],[{NAMES[key].in_(lang)}]]" for key in ("granted", "base"))
    formula = f"=IF(N({base})>0,{granted}/{base},0)"
    sheet.write_formula_cells(row, k, formula, [value or 0 for value in column.values], style)
