"""Findings on data: every finding as a table, and the counts that validation and import show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.engine.award_list import guard_formulas
from tnt_sim.i18n.message import Lang, _, _p
from tnt_sim.i18n.parameters import Count, Items
from tnt_sim.ingest.quality.checks import Quality
from tnt_sim.ingest.quality.findings import KINDS, Severity
from tnt_sim.reporting.report_tree import Column, Kind, Node, Paragraph, Table, Tone, Words

SEVERITY = {
    Severity.ERROR: _("blocking"),
    Severity.WARNING: _("to check"),
    Severity.INFO: _("for information"),
}
_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARNING}
_EXAMPLES, _SHOWN = 5, 3
_NAMES_ITS_COLUMN = ("missing", "unreadable", "zero_amount", "zero_as_empty", "rounded",
                     "spelling", "code_off_map")  # fmt: skip
_GAP = re.compile(r"\{(column|value|expected)\}")


def build_findings_table(
    quality: Quality,
    dossiers: pl.Series,
    rows: pl.Series,
    lang: Lang,
    *,
    cells: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> pl.DataFrame:
    """Return every finding with its application, position, sentence and remedy.

    Parameters
    ----------
    quality : findings, by row of the table
    dossiers, rows : application number and file row of each row of the table
    lang : language of the sentences
    cells : letters of the file's columns, if it has cells
    sheet : name of the sheet
    """
    result = quality.findings
    at = result["index"]
    letter = result["column"].replace_strict(dict(cells or {}), default=None, return_dtype=pl.String)
    row = rows.gather(at.fill_null(0)).cast(pl.String)
    row = row.set(at.is_null(), None)
    prefix = f"{sheet}!" if sheet else ""
    table = result.with_columns(
        dossier=dossiers.gather(at.fill_null(0)).set(at.is_null(), ""),
        row=row,
        cell=(prefix + letter + row).fill_null(""),
    )
    codes = result["code"].unique(maintain_order=True).to_list()
    severities = {code: KINDS[code].severity.value for code in codes}
    hints = {code: KINDS[code].hint.in_(lang) for code in codes}
    text = pl.col("code").replace_strict
    return table.select(
        text(severities, default="", return_dtype=pl.String).alias("severity"),
        "code", guard_formulas(pl.col("dossier")).alias("dossier"), pl.col("row").fill_null(""), "cell", "column",
        guard_formulas(pl.col("value")).alias("value"), guard_formulas(pl.col("expected")).alias("expected"),
        _build_sentences(codes, lang).alias("message"),
        text(hints, default="", return_dtype=pl.String).alias("remedy"),
    )  # fmt: skip


def _build_sentences(codes: Sequence[str], lang: Lang) -> pl.Expr:
    """Return the sentence of each row: the template of its kind, filled in."""
    whole: Any = None
    for code in codes:
        parts = _GAP.split(KINDS[code].text.in_(lang))
        pieces = [pl.lit(part) if k % 2 == 0 else pl.col(part) for k, part in enumerate(parts)]
        start = pl.when(pl.col("code") == code) if whole is None else whole.when(pl.col("code") == code)
        whole = start.then(pl.concat_str(pieces))
    return pl.lit("") if whole is None else whole.otherwise(pl.lit(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingExample:
    """Application and place of a finding, with its sentence."""

    dossier: str | None
    row: str | None
    cell: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingKindEntry:
    """One kind of finding: how many there are, in which columns, and what to do."""

    code: str
    severity: Severity
    title: str
    n: int
    columns: Mapping[str, int]
    remedy: str
    examples: Sequence[FindingExample]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnQuality:
    """One column: how many cells are filled, empty, or have a finding."""

    column: str
    n_filled: int
    n_empty: int
    n_findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityEntry:
    """The findings on the data, by severity, kind and column."""

    n_error: int
    n_warning: int
    n_info: int
    kinds: Sequence[FindingKindEntry]
    columns: Sequence[ColumnQuality]


def build_quality_entry(quality: Quality, table: pl.DataFrame, lang: Lang) -> QualityEntry:
    """Count the findings by severity and kind, with some examples; `table` is `build_findings_table`."""
    kinds = []
    for code, n in quality.count_by_code().items():
        own = table.filter(pl.col("code") == code)
        by_column = own.group_by("column", maintain_order=True).len()
        kinds.append(
            FindingKindEntry(
                code=code,
                severity=KINDS[code].severity,
                title=KINDS[code].title.in_(lang),
                n=n,
                columns=dict(by_column.iter_rows()),
                remedy=KINDS[code].hint.in_(lang),
                examples=[
                    FindingExample(**row)
                    for row in own.head(_EXAMPLES).select("dossier", "row", "cell", "message").to_dicts()
                ],
            )
        )
    totals = dict.fromkeys(Severity, 0)
    for code, n in quality.count_by_code().items():
        totals[KINDS[code].severity] += n
    return QualityEntry(
        n_error=totals[Severity.ERROR],
        n_warning=totals[Severity.WARNING],
        n_info=totals[Severity.INFO],
        kinds=kinds,
        columns=[ColumnQuality(**row) for row in quality.columns.to_dicts()],
    )


def build_quality(quality: QualityEntry) -> list[Node]:
    """Return the table of the findings, most severe first."""
    kinds = quality.kinds
    if not kinds:
        return [Paragraph(_("Nothing odd was found."))]
    columns = [
        Column(_("Severity"), [SEVERITY[kind.severity] for kind in kinds]),
        Column(_p("count", "Number"), [kind.n for kind in kinds], Kind.COUNT),
        Column(_("Finding"), [_describe_finding(kind) for kind in kinds]),
    ]
    return [Table(columns, most=len(kinds), tones=[_TONES.get(kind.severity) for kind in kinds])]


def _describe_finding(kind: FindingKindEntry) -> Words:
    """Write the title of a kind, its columns if there are several, and the first dossiers."""
    columns = [name for name in kind.columns if name]
    title: Words = kind.title
    if len(columns) > 1:
        counted = [_("{column} {count}", column=name, count=Count(n)) for name, n in kind.columns.items()]
        title = _("{title} ({columns})", title=title, columns=Items(counted))
    elif columns and kind.code in _NAMES_ITS_COLUMN:
        title = _("{title} ({columns})", title=title, columns=columns[0])
    dossiers = list(dict.fromkeys(one.dossier for one in kind.examples if one.dossier))[:_SHOWN]
    if not dossiers:
        return title
    if kind.n > len(dossiers):
        dossiers.append("…")
    return _("{title}: {dossiers}", title=title, dossiers=Items(dossiers))
