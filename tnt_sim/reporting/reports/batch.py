"""Report of a batch: result of each scenario, failures, and how to resume."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.engine.run_folder.atomic_write import put_files
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import format_decimal
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.xlsx import build_report_workbook
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Tone,
    build_section,
    write_both,
    write_each,
)
from tnt_sim.scenario.problem import CLASHES
from tnt_sim.values.answer_values import Support

MOST_ROWS = 40
MOST_FAILURES = 5


def build_report(runs: pl.DataFrame, n_cases: int, store: str, *, interrupted: bool, n_torn: int) -> Report:
    """Return the report of a batch: one row per scenario that was computed, of `n_cases`."""
    failed = runs.filter(pl.col("status") == "error")
    nodes: list[Node] = []
    if runs.height:
        rows = list(runs.iter_rows(named=True))
        columns = [
            Column(_("Scenario"), runs["name"].to_list()),
            Column(_("Value"), write_each(_format_values, rows), Kind.FIGURE),
            Column(_("Funded"), runs["n_funded"].to_list(), Kind.COUNT),
            Column(_("Granted"), runs["granted_cents"].to_list(), Kind.MONEY),
            Column(_("Left"), runs["unspent_cents"].to_list(), Kind.MONEY, optional=True),
            Column(_("Proof"), write_each(_describe_evidence, rows)),
        ]
        nodes.append(build_section(_("The scenarios"), columns, most=MOST_ROWS))
    nodes += [
        Callout(write_both(partial(_describe_failure, row)), Tone.WARNING)
        for row in failed.head(MOST_FAILURES).iter_rows(named=True)
    ]
    impossible = runs.filter((pl.col("status") == "infeasible") | pl.col("error_code").is_in(sorted(CLASHES)))
    nodes += [
        Paragraph(write_both(partial(_describe_conflict_command, row)), soft=True)
        for row in impossible.head(MOST_FAILURES).iter_rows(named=True)
    ]
    if n_torn:
        torn = _n(
            "{n} damaged file set aside (*.torn); its scenarios were computed again.",
            "{n} damaged files set aside (*.torn); their scenarios were computed again.",
            n=n_torn,
        )
        nodes.append(Callout(torn, Tone.WARNING))
    where = _("The answers are in {store}/runs/*.parquet (polars, DuckDB, pandas).", store=store)
    again = _("The same command goes on from where it stopped.")
    nodes.append(Paragraph(where if runs.height == n_cases else again, soft=True))
    return Report(
        title=_("Series of scenarios"),
        subject=_describe_headline(runs.height, n_cases, failed.height, interrupted),
        nodes=nodes,
    )


PAGE, WORKBOOK = "batch.html", "batch.xlsx"


def write_batch(report: Report, folder: Path, lang: Lang) -> list[Path]:
    """Write the page and the workbook of a batch into its folder; those of an earlier start are replaced."""
    data = {PAGE: render_report_html(report, lang).encode(), WORKBOOK: build_report_workbook(report, lang)}
    return put_files(folder, data, replace=True)


_NO_ANSWER = {
    "error": _("failed"),
    "infeasible": _("no allocation is possible"),
    "stopped": _("stopped"),
}


def _describe_evidence(row: Mapping[str, Any], lang: Lang) -> str:
    """Write the evidence of a result, or why there is no list."""
    proof = Support(row["proof"]).in_(lang) if row["proof"] else ""
    if row["status"] not in _NO_ANSWER:
        return proof or row["status"]
    return _NO_ANSWER[row["status"]].in_(lang) + (f" ({proof})" if proof else "")


def _describe_failure(row: Mapping[str, Any], lang: Lang) -> str:
    """Write the error of a scenario, in the reader's language if the store has it."""
    said = Bilingual(row["error_fr"] or row["error"], row["error"]).in_(lang)
    return _(
        "{scenario} failed ({code}): {error}", scenario=row["name"], code=row["error_code"], error=said
    ).in_(lang)


def _describe_conflict_command(row: Mapping[str, Any], lang: Lang) -> str:
    """Say what to type to see what clashes in a scenario, and what would be enough."""
    changes = "".join(f" --set {quote_argument(one)}" for one in row["changes"])
    return _(
        "Conflicts and repairs of {scenario}: tnt-sim conflict SCENARIO{changes}",
        scenario=row["name"],
        changes=changes,
    ).in_(lang)


def _describe_headline(n_done: int, n_cases: int, n_failed: int, interrupted: bool) -> Text:
    done = _n("{n} of {total} scenarios.", "{n} of {total} scenarios.", n=n_done, total=Count(n_cases))
    failed = _n("{n} of them failed.", "{n} of them failed.", n=n_failed) if n_failed else None
    return join_sentences(_("Interrupted.") if interrupted else None, done, failed)


def _format_values(row: Mapping[str, Any], lang: Lang) -> str:
    return " / ".join(format_decimal(value, lang) for value in row["values"] or []) or "–"
