"""`reconcile`: the grants of a run against the lines of an accounting export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, _
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Query, Study, Subject

if TYPE_CHECKING:
    from tnt_sim.analysis.reconcile.run_reconciliation import RunReconciliation
    from tnt_sim.engine.stored_run import StoredRun


def _parse_columns(texts: Sequence[str]) -> dict[str, str]:
    """Parse `NAME=HEADER` texts.

    Raises
    ------
    UsageError
        For another form, or a name that is not one of those.
    """
    names = ("amount", "number", "supplier_id", "supplier", "label", "reference", "day")
    columns: dict[str, str] = {}
    for text in texts:
        name, equals, header = text.partition("=")
        if not equals or name not in names or not header.strip():
            raise UsageError(
                _(
                    '--column "{typed}": write NAME=HEADER, where NAME is one of {names}. {hint}',
                    typed=text,
                    names=", ".join(names),
                    hint=suggest_name(name, names) or NO_TEXT,
                ),
                code="usage.column",
            )
        columns[name] = header.strip()
    return columns


@partial(
    Study,
    verb="reconcile",
    help=N_("Reconciles the grants of a run with the lines of an accounting export (Chorus)."),
    note=N_(
        "Each decision and each line stands in exactly one list: equal to the cent, another amount, "
        "decision without a line, line without a decision, to be settled by hand. A decision may have "
        "several lines."
    ),
    examples="""\
  tnt-sim reconcile runs/exemple-1a2b3c4d chorus.csv
  tnt-sim reconcile runs/exemple-1a2b3c4d chorus.csv --table rapprochement.csv
  tnt-sim reconcile runs/exemple-1a2b3c4d paiements.xlsx --out rapprochement.html \\
    --column amount=Paiement
""",
    subject=Subject.RUN,
    title=_("decisions and accounting lines"),
    document="analysis.reconcile.document.ReconcileDocument",
    table="lines",
    title_of_table=_("Reconciliation"),
    answer="tnt_sim.studies.reconcile.answer",
)
def reconcile(
    ask: Query[StoredRun],
    file: Annotated[
        str | Path, TypedOption("", N_("The export of Chorus: CSV, XLSX, ODS or Parquet."), N_("FILE"))
    ],
    columns: Annotated[
        Mapping[str, str] | None,
        TypedOption(
            "--column",
            N_(
                "Which header has amount, number (of the commitment), supplier_id, supplier, label, reference "
                "(of the application) or day."
            ),
            N_("NAME=HEADER"),
            _parse_columns,
        ),
    ] = None,
    *,
    sheet: Annotated[
        str | None, TypedOption("--sheet", N_("The sheet of the workbook."), N_("SHEET"))
    ] = None,
    encoding: Annotated[
        str | None,
        TypedOption("--encoding", N_("The encoding of the CSV, utf-8 or cp1252 (Excel)."), N_("NAME")),
    ] = None,
    header_row: Annotated[int, TypedOption("--header-row", N_("The row of the headers."), "N", least=1)] = 1,
) -> RunReconciliation:
    """Reconcile the grants with the lines of an accounting export: CSV, XLSX, ODS or Parquet.

    Parameters
    ----------
    columns : header of the file for `amount`, `number`, `supplier_id`, `supplier`, `label`, `reference`, `day`

    Raises
    ------
    DataError
        If the file cannot be read, with every defect.
    UsageError
        If the amounts of the run are not in euros.

    Examples
    --------
    >>> run = tnt.open_run(result.save())
    >>> run.reconcile(run.export.chorus("chorus.csv")).status
    'agrees'
    """
    from tnt_sim.analysis.reconcile.run_reconciliation import reconcile_run
    from tnt_sim.ingest.tables.raw_table import ReadOptions

    read = ReadOptions(sheet=sheet, encoding=encoding, header_row=header_row)
    return reconcile_run(ask.subject, Path(file), columns, read, ask.count("lines"))
