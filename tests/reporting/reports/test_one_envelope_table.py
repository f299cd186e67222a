"""One line is one column of every table of envelopes: terminal, decision note, workbook, notebook."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from support.run_folders.awkward_run import make_run
from support.workbook_pages import pages

from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html
from tnt_sim.reporting.notebook.cards import About, render_result_card
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports import envelope_table
from tnt_sim.reporting.reports.envelope_table import EnvelopeColumn
from tnt_sim.reporting.reports.run import build_report
from tnt_sim.reporting.text.vocabulary import Labels
from tnt_sim.reporting.workbook.workbook import build_workbook

HEAD = Bilingual("Engagé avant", "Committed before")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return open_stored(make_run(tmp_path_factory.mktemp("envelopes")))


def read_terminal(run: StoredRun, lang: Lang) -> str:
    lines = render_report(build_report(run.data, Labels()), lang, 300)
    return "\n".join(str(line) for line in lines)


def read_note(run: StoredRun, lang: Lang) -> str:
    return re.sub(r"<[^>]+>", "\n", render_report_html(run, PageOptions(lang=lang)))


def read_workbook(run: StoredRun, lang: Lang) -> str:
    summary = list(pages(build_workbook(run, lang)).values())[1]
    return "\n".join(str(cell) for row in summary for cell in row)


def read_card(run: StoredRun, lang: Lang) -> str:
    return re.sub(r"<[^>]+>", "\n", render_result_card(run.data, About("", "", synthetic=False), lang))


READERS: dict[str, Callable[[StoredRun, Lang], str]] = {
    "terminal": read_terminal, "note": read_note, "workbook": read_workbook, "notebook": read_card,
}  # fmt: skip


@pytest.mark.parametrize("lang", Lang)
@pytest.mark.parametrize("output", READERS)
def test_one_line_is_a_column_of_every_output(
    run: StoredRun, output: str, lang: Lang, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = READERS[output](run, lang)
    columns = [*envelope_table.ENVELOPE_COLUMNS, EnvelopeColumn("committed_cents", HEAD)]
    monkeypatch.setattr(envelope_table, "ENVELOPE_COLUMNS", columns)
    shown = READERS[output](run, lang)
    assert HEAD.in_(lang) in shown
    assert HEAD.in_(lang) not in without
    committed = {entry.committed_cents for entry in run.envelopes} - {0}
    assert committed == {700_07}
    written = re.compile(r"700[.,]07(?!\d)")
    assert len(written.findall(shown)) >= len(written.findall(without)) + 2  # the programme and its envelope
