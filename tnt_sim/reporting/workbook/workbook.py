"""Workbook of a run: the decision with formulas that can be traced, and the sheet « Lisez-moi »."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_day
from tnt_sim.reporting.renderers.xlsx import (
    Paper,
    Styles,
    add_sheet,
    close,
    create_workbook,
    set_up,
    write_text,
)
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.reporting.reports.decision_table import build_decision_table
from tnt_sim.reporting.reports.explanation import Explained, build_explained
from tnt_sim.reporting.text import vocabulary
from tnt_sim.reporting.text.verification import build_answer_rows
from tnt_sim.reporting.workbook.comparison_sheet import write_comparison
from tnt_sim.reporting.workbook.dossier_sheet import (
    TABLE,
    build_dossier_columns,
    check_dossiers,
    write_dossiers,
)
from tnt_sim.reporting.workbook.list_sheets import (
    EXPLAINED,
    select_envelopes,
    write_envelopes,
    write_explained,
    write_reserve,
)
from tnt_sim.reporting.workbook.parameters import NAME as PARAMETERS
from tnt_sim.reporting.workbook.parameters import write_parameters
from tnt_sim.reporting.workbook.summary_sheet import EQUITY, write_equity, write_summary

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

Row = tuple[str, str]
_ONE_PAGE = 48
_HASHES = (
    ("scenario_sha256", _("Scenario and data")),
    ("allocation_sha256", _("Allocation")),
    ("document_sha256", _("Document of the run")),
)


def write_readme(
    book: Workbook, styles: Styles, run: StoredRun, paper: Paper, name: str, sheets: Sequence[Row]
) -> None:
    """Write the first sheet: the run, its evidence and inputs; `sheets` describes the others."""
    lang = paper.lang
    sheet = add_sheet(book, name)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 96)
    write_text(sheet, 0, 0, run.title, styles.title)
    sheet.set_row(0, 24)
    verdict = vocabulary.describe_verdict(run.data, verification=run.checked).in_(lang)
    write_text(sheet, 1, 0, verdict, styles.get_format(bold=True))
    row = 2
    for text in _list_marks(run, lang):
        write_text(sheet, row, 0, text, styles.get_format(bold=True, font_color="#7A3E00"))
        row += 1
    pieces = (
        (_("The run"), _list_run_rows(run, lang)),
        (_("Hashes (SHA-256)"), _list_hashes(run, lang)),
        (_("Data read"), [(e.path, e.sha256) for e in run.data.inputs]),
        (_("Sheets"), sheets),
        (_("Warnings"), [("!", text) for text in run.data.warnings]),
    )
    for title, rows in pieces:
        row = _write_section(sheet, styles, row + 1, title.in_(lang), list(rows))
    set_up(sheet, paper, n_pages=1 if row <= _ONE_PAGE else 0)


def _write_section(sheet: Worksheet, styles: Styles, row: int, title: str, rows: Sequence[Row]) -> int:
    if not rows:
        return row - 1
    write_text(sheet, row, 0, title, styles.section)
    for at, (name, text) in enumerate(rows, start=row + 1):
        write_text(sheet, at, 0, name, styles.get_cell_formats("text", wrap=True)[0])
        write_text(sheet, at, 1, text, styles.get_cell_formats("text", wrap=True)[0])
    return row + 1 + len(rows)


def _list_marks(run: StoredRun, lang: Lang) -> Iterator[str]:
    """Yield what a reader must know before any figure."""
    if run.synthetic:
        yield SYNTHETIC.in_(lang)
    if not run.publishable:
        yield _("This allocation is not publishable.").in_(lang)


def _list_run_rows(run: StoredRun, lang: Lang) -> Iterator[Row]:
    yield _("Run folder").in_(lang), run.name
    yield _("Scenario").in_(lang), run.data.scenario
    if run.spec.date:
        yield (
            _("Day of the decision").in_(lang),
            format_day(run.spec.date.isoformat(), lang),
        )
    for name, text in build_answer_rows(run.checked.record):
        yield name.in_(lang), text.in_(lang)
    yield _("To check it").in_(lang), f"tnt-sim verify runs/{run.name}"
    versions = ", ".join(f"{name} {version}" for name, version in run.data.versions.items())
    yield _("Versions (not verified)").in_(lang), versions


def _list_hashes(run: StoredRun, lang: Lang) -> Iterator[Row]:
    for key, title in _HASHES:
        yield title.in_(lang), getattr(run.data, key)
    yield from run.data.files.items()


README = _("Read me")
SUMMARY = _("Summary")
RESERVE = _("Reserve")
COMPARISON = _("Comparison")
_ABOUT = {
    "summary": _(
        'The money, the envelopes, the rules and the reasons; its sums are formulas over "Dossiers".'
    ),
    "envelopes": _("One sheet per envelope: its figures and its applications, the funded ones first."),
    "dossiers": _("All applications, with the decision and why; filters in the first row."),
    "reserve": _("What is funded if the reserve is freed."),
    "equity": _("Classes of applicants: who is funded, money per inhabitant, Gini and Theil indices."),
    "explained": _("What each rule does, and who would enter, in order."),
    "comparison": _("This run (A) and another (B)."),
    "parameters": _("The amounts and bounds: change them, then run again with --from-xlsx."),
}


def build_workbook(
    run: StoredRun,
    lang: Lang,
    other: StoredRun | None = None,
    explanation: ExplainDocument | None = None,
) -> bytes:
    """Return the workbook of a run, compared with another one if given; deterministic for a run.

    `explanation` is the document of all applications: it adds what would fund each application.
    """
    check_dossiers(run.table.height)
    stream = io.BytesIO()
    foot = f"{run.name} · {run.data.allocation_sha256[:12]}"
    book = create_workbook(stream, run.title, foot, run.spec.date)
    styles, paper = Styles(book, lang), Paper(run.title, foot, lang)
    table, why = build_decision_table(run), build_explained(explanation, lang)
    kept = (README, SUMMARY, RESERVE, EQUITY, EXPLAINED, COMPARISON, PARAMETERS)
    taken = {text.in_(lang).casefold() for text in kept}
    taken.add(TABLE.casefold())
    write_readme(book, styles, run, paper, README.in_(lang), list(_list_contents(run, lang, other, why)))
    write_summary(book, styles, run, paper, SUMMARY.in_(lang))
    write_envelopes(book, styles, run, table, paper, taken)
    write_dossiers(book, styles, run, build_dossier_columns(run, table, lang, why), paper)
    write_reserve(book, styles, run, paper, RESERVE.in_(lang))
    write_equity(book, styles, run, paper)
    if why is not None:
        write_explained(book, styles, why, paper)
    if other is not None:
        write_comparison(book, styles, run, other, paper, COMPARISON.in_(lang))
    write_parameters(book, styles, run, paper)
    return close(book, stream)


def _list_contents(
    run: StoredRun, lang: Lang, other: StoredRun | None, why: Explained | None
) -> Iterator[tuple[str, str]]:
    yield SUMMARY.in_(lang), _ABOUT["summary"].in_(lang)
    n_sheets = len(select_envelopes(run))
    if n_sheets:
        first = _n("{n} envelope", "{n} envelopes", n=n_sheets)
        yield first.in_(lang), _ABOUT["envelopes"].in_(lang)
    yield TABLE, _ABOUT["dossiers"].in_(lang)
    yield RESERVE.in_(lang), _ABOUT["reserve"].in_(lang)
    yield EQUITY.in_(lang), _ABOUT["equity"].in_(lang)
    if why is not None:
        yield EXPLAINED.in_(lang), _ABOUT["explained"].in_(lang)
    if other is not None:
        yield COMPARISON.in_(lang), f"{_ABOUT['comparison'].in_(lang)} B{_(': ').in_(lang)}{other.name}"
    yield PARAMETERS.in_(lang), _ABOUT["parameters"].in_(lang)
