"""Reconcile a stored run with an accounting export, as a document."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.analysis.reconcile.accounting_lines import AccountingLines, read_accounting_lines
from tnt_sim.analysis.reconcile.document import (
    AccountingLine,
    DoubtfulDecision,
    DoubtfulLine,
    ReconciledDecision,
    ReconcileDocument,
    ReconciliationTotal,
    SetAsideLine,
)
from tnt_sim.analysis.reconcile.reconciliation import (
    DOUBTFUL,
    LISTS,
    MATCHED,
    OTHER_AMOUNT,
    WITHOUT_DECISION,
    WITHOUT_LINE,
    Reconciliation,
    reconcile_lines,
)
from tnt_sim.analysis.shared.progress import TIME, StudyProgress
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.ingest.tables.raw_table import ReadOptions


@dataclass(frozen=True, slots=True, eq=False)
class RunReconciliation:
    """A reconciliation with its document."""

    reconciliation: Reconciliation
    data: ReconcileDocument


def reconcile_run(
    run: StoredRun,
    path: Path,
    columns: Mapping[str, str] | None,
    options: ReadOptions,
    course: StudyProgress,
) -> RunReconciliation:
    """Reconcile the grants of a run with the lines of a file.

    Raises
    ------
    DataError
        If the file cannot be read.
    UsageError
        If the amounts of the run are not in euros.
    """
    if get_currency() != EURO:
        raise UsageError(
            _(
                "Chorus holds amounts in EUR, and these are in {symbol}: they cannot be reconciled.",
                symbol=get_currency().symbol,
            ),
            code="usage.currency",
        )
    read = read_accounting_lines(path, columns, options)
    reconciliation = reconcile_lines(run.table, read.lines, course.deadline)
    course.stopped_by = TIME if reconciliation.stopped else None
    course.n_asked = read.lines.height
    course.n_done = int(reconciliation.lines["why"].ne_missing("time").sum())
    return RunReconciliation(reconciliation, _build_document(run, path, read, reconciliation, course))


def _build_document(
    run: StoredRun,
    path: Path,
    read: AccountingLines,
    reconciliation: Reconciliation,
    course: StudyProgress,
) -> ReconcileDocument:
    totals = list_totals(reconciliation)
    grants, lines = int(reconciliation.decisions["granted_cents"].sum()), int(read.lines["cents"].sum())
    whole = totals[-1]
    assert (whole.n_decisions, whole.granted_cents) == (reconciliation.decisions.height, grants)
    assert (whole.n_lines, whole.lines_cents) == (read.lines.height, lines)
    agrees = (
        whole.n_decisions == totals[0].n_decisions
        and whole.n_lines == totals[0].n_lines
        and "other_total" not in read.set_aside["why"]
    )
    lists = {
        name: [ReconciledDecision(**one) for one in _list_decisions(reconciliation, name, "evidence")]
        for name in (MATCHED, OTHER_AMOUNT, WITHOUT_LINE)
    }
    return ReconcileDocument(
        scenario=run.spec.id,
        scenario_sha256=run.data.scenario_sha256,
        title=run.title,
        date=run.spec.date.isoformat() if run.spec.date else None,
        synthetic=run.synthetic,
        status="stopped" if reconciliation.stopped else "agrees" if agrees else "differs",
        stopped_by=course.stopped_by,
        progress=course.progress,
        warnings=run.data.warnings,
        allocation_sha256=run.data.allocation_sha256,
        file=path.name,
        file_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        columns=dict(read.headers),
        totals=totals,
        matched=lists[MATCHED],
        other_amount=lists[OTHER_AMOUNT],
        without_line=lists[WITHOUT_LINE],
        without_decision=[
            AccountingLine(**one) for one in _list_lines(reconciliation, WITHOUT_DECISION, "names")
        ],
        doubtful_decisions=[
            DoubtfulDecision(**one) for one in _list_decisions(reconciliation, DOUBTFUL, "why")
        ],
        doubtful_lines=[
            DoubtfulLine(**one) for one in _list_lines(reconciliation, DOUBTFUL, "dossier", "why")
        ],
        set_aside=[SetAsideLine(**one) for one in read.set_aside.iter_rows(named=True)],
    )


def list_totals(reconciliation: Reconciliation) -> list[ReconciliationTotal]:
    """Add up each list, and all of them."""
    rows: list[dict[str, Any]] = []
    for name in LISTS:
        decisions, lines = (
            one.filter(pl.col("list") == name) for one in (reconciliation.decisions, reconciliation.lines)
        )
        rows.append(
            {
                "list": name,
                "n_decisions": decisions.height,
                "granted_cents": int(decisions["granted_cents"].sum()),
                "n_lines": lines.height,
                "lines_cents": int(lines["cents"].sum()),
            }
        )
    sums = {key: sum(row[key] for row in rows) for key in rows[0] if key != "list"}
    return [ReconciliationTotal(**row) for row in [*rows, {"list": "all", **sums}]]


def _list_decisions(reconciliation: Reconciliation, name: str, last: str) -> list[dict[str, Any]]:
    rows = reconciliation.decisions.filter(pl.col("list") == name)
    lines = (
        reconciliation.lines.filter(pl.col("dossier").is_not_null())
        .join(rows.select("dossier"), on="dossier", how="semi")
        .group_by("dossier")
        .agg(pl.col("line").sort().alias("lines"))
    )
    columns = (
        "dossier",
        "applicant",
        "committed",
        "granted_cents",
        "lines",
        "lines_cents",
        "difference_cents",
        last,
    )
    entries = rows.join(lines, on="dossier", how="left", maintain_order="left").select(columns)
    return [{**row, "lines": row["lines"] or []} for row in entries.iter_rows(named=True)]


def _list_lines(reconciliation: Reconciliation, name: str, *last: str) -> list[dict[str, Any]]:
    rows = reconciliation.lines.filter(pl.col("list") == name)
    return list(rows.select("line", "number", "supplier", "label", "cents", *last).iter_rows(named=True))
