"""Table of a reconciliation: each line of the export and each decision without one, with its list."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tnt_sim.analysis.reconcile.reconciliation import Reconciliation
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.reporting.export.flat_table import CellKind, Flat, FlatColumn
from tnt_sim.reporting.reports.reconciliation import DOUBTS, EVIDENCE, LISTS


def build_reconciliation_table(reconciliation: Reconciliation, file: str, lang: Lang) -> Flat:
    """Return one row per line, then one per decision without a line.

    The grant and the difference stand on the first line of each decision alone, so that their columns sum up to
    the totals of the decisions.
    """
    decisions = reconciliation.decisions.select(
        "dossier", "applicant", "granted_cents", "difference_cents", "evidence",
        pl.col("list").alias("own_list"), pl.col("why").alias("own_why"),
    )  # fmt: skip
    rows = reconciliation.lines.join(decisions, on="dossier", how="left", maintain_order="left")
    first = pl.col("dossier").is_not_null() & pl.col("dossier").is_first_distinct()
    rows = rows.with_columns(
        pl.when(first).then(pl.col(name)).alias(name) for name in ("granted_cents", "difference_cents")
    )
    alone = decisions.join(reconciliation.lines, on="dossier", how="anti", maintain_order="left")
    table = pl.concat([rows, alone], how="diagonal").with_columns(
        pl.coalesce("list", "own_list").alias("list"), pl.coalesce("why", "own_why").alias("why")
    )
    columns = [
        _build_words(table["list"], LISTS, _("List"), lang, 34),
        FlatColumn(_("Application").in_(lang), CellKind.TEXT, table["dossier"], 16),
        FlatColumn(_("Applicant").in_(lang), CellKind.TEXT, table["applicant"], 32),
        FlatColumn(_("Granted").in_(lang), CellKind.MONEY, table["granted_cents"], 16),
        FlatColumn(_("Row of the file").in_(lang), CellKind.COUNT, table["line"], 12),
        FlatColumn(_("Commitment").in_(lang), CellKind.TEXT, table["number"], 16),
        FlatColumn(_("Supplier").in_(lang), CellKind.TEXT, table["supplier"], 32),
        FlatColumn(_("Label").in_(lang), CellKind.TEXT, table["label"], 40),
        FlatColumn(_("Date").in_(lang), CellKind.TEXT, table["day"], 12),
        FlatColumn(_("Amount").in_(lang), CellKind.MONEY, table["cents"], 16),
        FlatColumn(_("Difference").in_(lang), CellKind.MONEY, table["difference_cents"], 16),
        _build_words(table["evidence"], EVIDENCE, _("Recognised by"), lang, 18),
        _build_words(table["why"], DOUBTS, _("Why"), lang, 50),
    ]
    return Flat(columns, _("Reconciliation with {file}", file=file), file, total=True)


def _build_words(
    codes: pl.Series, words: Mapping[str, Text], head: Text, lang: Lang, width: float
) -> FlatColumn:
    texts = {code: text.in_(lang) for code, text in words.items()}
    values = codes.replace_strict(texts, default=None, return_dtype=pl.String)
    return FlatColumn(head.in_(lang), CellKind.TEXT, values, width)
