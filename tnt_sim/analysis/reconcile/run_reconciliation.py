"""Reconcile a stored run with an accounting export, as a document.

Read an export of Chorus: one row per commitment or payment, with its supplier, amount, day and label.

Known headers are those of public descriptions of such exports (« N° EJ », « Code taxe 1 », « Montant payé »…) and
of the table that `export --format chorus` writes; `--column` gives others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

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
from tnt_sim.domain.money import MoneyError, parse_cents_series
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, Defects, Place, UsageError
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.i18n.parameters import Items
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import ReadOptions

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "amount": (
        "amount", "montant", "montant paye", "montant engage", "montant ae", "montant cp",
        "montant a controler en dev transaction", "montant ttc",
    ),
    "number": (
        "number", "n ej", "numero ej", "no ej", "ej", "engagement juridique", "numero d engagement juridique",
        "n d engagement juridique", "numero de piece de la piece de reference", "n engagement", "n dp",
    ),
    "supplier_id": (
        "supplier_id", "code taxe 1", "siret", "siret fournisseur", "siret du fournisseur", "tiers siret",
        "siret tiers", "siret beneficiaire", "siren",
    ),
    "supplier": (
        "supplier", "fournisseur paye dp", "nom 1", "designation de la structure", "nom du fournisseur",
        "beneficiaire", "raison sociale", "tiers", "fournisseur", "nom fournisseur",
    ),
    "label": (
        "label", "texte", "libelle", "libelle ej", "texte de poste", "texte d en tete", "objet", "designation",
    ),
    "reference": (
        "reference", "axe ministeriel 2", "numero de dossier", "dossier", "n dossier", "numero de dossier ds",
    ),
    "day": (
        "day", "date de derniere operation sur la dp", "date comptable", "date", "date de paiement",
        "date d engagement", "date de creation ej",
    ),
}  # fmt: skip

"""Normalised headers by what they hold, the most certain first."""

_EMPTY = r"(?i)^(?:#|-|0|non affect.(?:e|\(e\))?)?$"

"""Cells without a value, such as « Non affecté »."""

_TOTAL = r"(?i)^(?:sous[- ]?total|total|r.sultat|somme)(?:\s+(?:g.n.ral|global))?e?\s*:?$"


@dataclass(frozen=True, slots=True, eq=False)
class AccountingLines:
    """The lines of an export.

    Attributes
    ----------
    lines : `line` (row of the file), `number`, `supplier_id`, `supplier`, `label`, `reference`, `day` (texts, ""
    where the file has none) and `cents`
    set_aside : `line`, `text`, `cents` (null where it has none) and `why` of rows that are no line: `total` (the
    sum of all lines, or of those just above or below), `other_total` (of none of them) or `no_amount`
    headers : header of each column that was read
    """

    lines: pl.DataFrame
    set_aside: pl.DataFrame
    headers: Mapping[str, str]


def read_accounting_lines(
    path: Path, columns: Mapping[str, str] | None = None, options: ReadOptions = ReadOptions()
) -> AccountingLines:
    """Read the lines of a Chorus export.

    Parameters
    ----------
    columns : header by what it holds (`COLUMNS`), where the names of the file are others
    """
    table = read_plain(path, shown_as=path.name, read=options)
    headers = _find_headers(table.columns, columns or {}, path.name)
    texts = [
        table[headers[name]].fill_null("").str.strip_chars().alias(name)
        if name in headers
        else pl.Series(name, [""], dtype=pl.String).new_from_index(0, table.height)
        for name in COLUMNS
    ]
    frame = pl.DataFrame([table["_row"].cast(pl.Int64).alias("line"), *texts]).with_columns(
        pl.when(pl.col(name).str.contains(_EMPTY)).then(pl.lit("")).otherwise(pl.col(name)).alias(name)
        for name in COLUMNS
        if name != "amount"
    )
    cents = _parse_amounts(frame, headers["amount"], path.name)
    named = [pl.col(name) for name in ("number", "supplier_id", "supplier", "label", "reference")]
    frame = frame.with_columns(
        cents.alias("cents"),
        pl.concat_str(named, separator=" ").str.strip_chars().alias("text"),
        pl.all_horizontal((one == "") | one.str.contains(_TOTAL) for one in named).alias("bare"),
    )
    # A row without any cell of these columns is no row.
    frame = frame.filter((pl.col("text") != "") | (pl.col("amount") != ""))
    frame = frame.with_columns(_find_rows_aside(frame).alias("why"))
    aside = frame.filter(pl.col("why").is_not_null()).select("line", "text", "cents", "why")
    lines = frame.filter(pl.col("why").is_null()).drop("text", "amount", "bare", "why")
    return AccountingLines(lines, aside, headers)


def _find_rows_aside(frame: pl.DataFrame) -> pl.Series:
    """Return why each row is no line; null for lines.

    A total has the word « Total » or the like as its only text. A row without any text is one if it is the sum
    of the lines.
    """
    cents = frame["cents"]
    is_empty = frame["text"] == ""
    lines_cents = int(frame.filter(~pl.col("bare") & pl.col("cents").is_not_null())["cents"].sum())
    is_total = (frame["bare"] & ~is_empty) | (is_empty & (cents == lines_cents).fill_null(value=False))
    is_line = ~is_total & cents.is_not_null()
    known = _find_sums(cents.to_list(), is_line.to_list())
    why = [
        ("total" if known[row] or cents[row] is None else "other_total")
        if is_total[row]
        else None
        if is_line[row]
        else "no_amount"
        for row in range(len(cents))
    ]
    return pl.Series(why, dtype=pl.String)


def _find_sums(cents: list[int | None], is_line: list[bool]) -> list[bool]:
    """Return which rows are the sum of all lines, or of the lines just above or just below."""
    own = [amount or 0 if line else 0 for amount, line in zip(cents, is_line, strict=True)]
    total = sum(own)
    above = _find_sums_above(cents, own)
    below = _find_sums_above(cents[::-1], own[::-1])[::-1]
    return [amount == total or one or other for amount, one, other in zip(cents, above, below, strict=True)]


def _find_sums_above(cents: list[int | None], own: list[int]) -> list[bool]:
    """Return which rows are the sum of the lines from some row above down to them."""
    sums, total, is_sum = {0}, 0, []
    for amount, line in zip(cents, own, strict=True):
        is_sum.append(amount is not None and total - amount in sums)
        total += line
        sums.add(total)
    return is_sum


def _find_headers(file_headers: list[str], chosen: Mapping[str, str], file: str) -> dict[str, str]:
    """Return the header of each column of `COLUMNS` that the file has."""
    known = {normalise_header(name): name for name in reversed(file_headers) if name != "_row"}
    headers: dict[str, str] = {}
    defects = Defects()
    for name, header in chosen.items():
        if header in file_headers:
            headers[name] = header
        else:
            defects.add(
                "accounting_column",
                _(
                    'there is no column "{header}" (columns read: {columns}).',
                    header=header,
                    columns=_list_headers(file_headers),
                ),
                Place(file=file),
            )
    defects.raise_if_any(DataError)
    for name, names in COLUMNS.items():
        for wanted in names:
            if name not in headers and wanted in known and known[wanted] not in headers.values():
                headers[name] = known[wanted]
    if "amount" not in headers:
        _refuse(
            _("no column gives the amounts (columns read: {columns}).", columns=_list_headers(file_headers)),
            "amount",
            file,
        )
    if not headers.keys() & {"supplier_id", "supplier", "label", "reference"}:
        text = _(
            "no column gives the supplier or the label of a line (columns read: {columns}).",
            columns=_list_headers(file_headers),
        )
        _refuse(text, "supplier_id", file)
    return headers


def _list_headers(file_headers: list[str]) -> Items:
    return Items([name for name in file_headers if name != "_row"])


def _refuse(text: Text, name: str, file: str) -> None:
    defects = Defects()
    hint = _(
        'Give its header: --column {name}="HEADER"; if the headers are further down, --header-row N.',
        name=name,
    )
    defects.add("accounting_column", text, Place(file=file), hint=hint)
    defects.raise_if_any(DataError)


def _parse_amounts(frame: pl.DataFrame, header: str, file: str) -> pl.Series:
    """Parse the amounts: the minus sign before or after, « (12) » below zero, and « - » for zero."""
    text = (
        frame["amount"]
        .str.replace(r"^\(([^-−()]+)\)(\s*€)?$", "-${1}")
        .str.replace(r"^[-−–](\s*€)?$", "0")
        .str.replace(r"^([^-−].*?)\s*[-−]$", "-${1}")
    )
    cents, reasons = parse_cents_series(text)
    defects = Defects()
    for row in reasons.is_not_null().arg_true().to_list():
        defects.add(
            "accounting_amount",
            _('column "{header}": "{cell}" is no amount: {why}', header=header, cell=frame["amount"][row],
              why=MoneyError(reasons[row]).text),
            Place(file=file, row=int(frame["line"][row])),
        )  # fmt: skip
    defects.raise_if_any(DataError)
    return cents


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
    """Reconcile the grants of a run with the lines of a file."""
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
