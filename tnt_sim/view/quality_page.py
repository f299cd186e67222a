"""The quality report: a table with a sentence per finding, a document, and a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.formats.finding_kinds import KINDS, Severity
from tnt_sim.formats.quality import Quality
from tnt_sim.view.award_list import guarded
from tnt_sim.view.figures import count
from tnt_sim.view.grid import hanging, paragraph

SEVERITY = {
    Severity.ERROR: Text("bloquant", "blocking"),
    Severity.WARNING: Text("à vérifier", "to check"),
    Severity.INFO: Text("pour information", "for information"),
}
_STYLE = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_EXAMPLES, _SHOWN = 5, 3
_NAMES_ITS_COLUMN = ("missing", "unreadable", "zero_amount", "zero_as_empty", "rounded",
                     "spelling", "code_off_map")  # fmt: skip
_GAP = re.compile(r"\{(column|value|expected)\}")


def findings_table(
    quality: Quality,
    dossiers: pl.Series,
    rows: pl.Series,
    lang: Lang,
    *,
    cells: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> pl.DataFrame:
    """Every finding with its dossier, its place, its sentence and what to do.

    Parameters
    ----------
    quality : the findings, by the row of the table
    dossiers, rows : the number of each row of the table, and its row in the file
    cells : column → letters of the file, where it has cells
    """
    found = quality.findings
    at = found["index"]
    letter = found["column"].replace_strict(dict(cells or {}), default=None, return_dtype=pl.String)
    row = rows.gather(at.fill_null(0)).cast(pl.String)
    row = row.set(at.is_null(), None)
    prefix = f"{sheet}!" if sheet else ""
    table = found.with_columns(
        dossier=dossiers.gather(at.fill_null(0)).set(at.is_null(), ""),
        row=row,
        cell=(prefix + letter + row).fill_null(""),
    )
    codes = found["code"].unique(maintain_order=True).to_list()
    severities = {code: KINDS[code].severity.value for code in codes}
    hints = {code: KINDS[code].hint.in_(lang) for code in codes}
    text = pl.col("code").replace_strict
    return table.select(
        text(severities, default="", return_dtype=pl.String).alias("severity"),
        "code", guarded(pl.col("dossier")).alias("dossier"), pl.col("row").fill_null(""), "cell", "column",
        guarded(pl.col("value")).alias("value"), guarded(pl.col("expected")).alias("expected"),
        _sentences(codes, lang).alias("message"),
        text(hints, default="", return_dtype=pl.String).alias("remedy"),
    )  # fmt: skip


def _sentences(codes: Sequence[str], lang: Lang) -> pl.Expr:
    """The sentence of each row: the template of its kind, filled in."""
    whole: Any = None
    for code in codes:
        parts = _GAP.split(KINDS[code].text.in_(lang))
        pieces = [pl.lit(part) if k % 2 == 0 else pl.col(part) for k, part in enumerate(parts)]
        start = pl.when(pl.col("code") == code) if whole is None else whole.when(pl.col("code") == code)
        whole = start.then(pl.concat_str(pieces))
    return pl.lit("") if whole is None else whole.otherwise(pl.lit(""))


def quality_document(quality: Quality, table: pl.DataFrame, lang: Lang) -> dict[str, Any]:
    """The counts of findings by severity and kind, with a few examples of each; `table` is `findings_table`."""
    kinds = []
    for code, n in quality.counts().items():
        own = table.filter(pl.col("code") == code)
        by_column = own.group_by("column", maintain_order=True).len()
        kinds.append(
            {
                "code": code,
                "severity": KINDS[code].severity.value,
                "title": KINDS[code].title.in_(lang),
                "n": n,
                "columns": dict(by_column.iter_rows()),
                "remedy": KINDS[code].hint.in_(lang),
                "examples": own.head(_EXAMPLES).select("dossier", "row", "cell", "message").to_dicts(),
            }
        )
    totals = dict.fromkeys((f"n_{one.value}" for one in Severity), 0)
    for code, n in quality.counts().items():
        totals[f"n_{KINDS[code].severity.value}"] += n
    return {**totals, "kinds": kinds, "columns": quality.columns.to_dicts()}


def quality_lines(document: Mapping[str, Any], lang: Lang, width: int) -> list[Line]:
    """What was found, the gravest first."""
    french = lang is Lang.FR
    kinds = document["kinds"]
    if not kinds:
        return paragraph("Aucun défaut trouvé." if french else "Nothing odd was found.", width)
    head = ("Gravité", "Nombre", "Constat") if french else ("Severity", "Number", "Finding")
    rows = [
        (SEVERITY[Severity(kind["severity"])].in_(lang), count(kind["n"], lang), _finding(kind, lang))
        for kind in kinds
    ]
    lines = hanging(rows, width, header=head, right=(1,))
    return [_styled(line, lang) for line in lines]


def _finding(kind: Mapping[str, Any], lang: Lang) -> str:
    columns = [name for name in kind["columns"] if name]
    where = ""
    if len(columns) > 1:
        where = " (" + ", ".join(f"{name} {count(n, lang)}" for name, n in kind["columns"].items()) + ")"
    elif columns and kind["code"] in _NAMES_ITS_COLUMN:
        where = f" ({columns[0]})"
    dossiers = list(dict.fromkeys(one["dossier"] for one in kind["examples"] if one["dossier"]))[:_SHOWN]
    named = f" : {', '.join(dossiers)}" if lang is Lang.FR else f": {', '.join(dossiers)}"
    more = ", …" if kind["n"] > len(dossiers) else ""
    return f"{kind['title']}{where}{named + more if dossiers else ''}"


def _styled(line: Line, lang: Lang) -> Line:
    for severity, style in _STYLE.items():
        if line.plain.strip().startswith(SEVERITY[severity].in_(lang)):
            return Line(line.plain, style=style)
    return line
