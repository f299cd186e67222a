"""Runs and results for notebooks: card, tables, charts, report and workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tnt_sim.engine.result import ResultData, build_frame, convert_frame
from tnt_sim.engine.stored_run import NODE, StoredRun, read_stored, run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.notebook.cards import About, build_about, render_result_card
from tnt_sim.reporting.notebook.plots import Plots
from tnt_sim.reporting.run_folder.atomic_write import put_file
from tnt_sim.reporting.run_folder.writer import write_run


@dataclass(frozen=True, slots=True, eq=False)
class OpenedRun:
    """Decision read from its run folder, with the language of the display."""

    run: StoredRun
    lang: Lang

    def __repr__(self) -> str:
        return f"<OpenedRun {self.run.folder.name}: {self.run.summary.get('status')}>"

    @property
    def plot(self) -> Plots:
        """Return its charts."""
        return Plots(self.run, self.lang)

    def summary(self) -> Mapping[str, Any]:
        """Return the document of the run."""
        return self.run.summary

    def to_dataframe(self, backend: str = "polars", *, table: str = "dossiers") -> Any:
        """Return the applications with their decision, or one of the tables of `Result.to_dataframe`."""
        own = self.run.table.drop(NODE) if table == "dossiers" else build_frame(self.run.summary, table)
        return convert_frame(own, backend)

    def _repr_html_(self) -> str:
        day = self.run.spec.date.isoformat() if self.run.spec.date else ""
        about = About(self.run.title, day, self.run.synthetic)
        return render_result_card(self.run.summary, about, self.lang, self.run.checked)


def build_plots(result: ResultData) -> Plots:
    """Return the charts of a result, in its scenario's language."""
    return Plots(run_of(result), _get_lang(result))


def render_result_html(result: ResultData) -> str:
    """Return the card of a result as HTML."""
    return render_result_card(result.document, build_about(result.problem.scenario), _get_lang(result))


def save(result: ResultData, out: Path | str | None = None) -> Path:
    """Write the run folder into `out` (by default `runs` in the project) and return its path."""
    return write_run(result, None if out is None else Path(out))


def to_html(
    result: ResultData,
    path: Path | str | None = None,
    lang: Lang | str | None = None,
    explanation: Mapping[str, Any] | None = None,
) -> str:
    """Return the report as one self-contained page, and write it to a file if a path is given.

    `explanation` is the document of `explain --all`, for the sentence of each application and what
    would fund it.
    """
    from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html

    tongue = Lang(lang or _get_lang(result))
    with tempfile.TemporaryDirectory() as folder:
        run = read_stored(write_run(result, Path(folder)))
        page = render_report_html(run, PageOptions(tongue, explanation=explanation))
    if path is not None:
        put_file(Path(path), page.encode())
    return page


def to_excel(
    result: ResultData,
    path: Path | str,
    lang: Lang | str | None = None,
    explanation: Mapping[str, Any] | None = None,
) -> Path:
    """Write the workbook and return its path; `explanation` as for `to_html`."""
    from tnt_sim.reporting.workbook.workbook import build_workbook

    with tempfile.TemporaryDirectory() as folder:
        run = read_stored(write_run(result, Path(folder)))
        book = build_workbook(run, Lang(lang or _get_lang(result)), explanation=explanation)
    put_file(Path(path), book)
    return Path(path)


def _get_lang(result: ResultData) -> Lang:
    return Lang(result.problem.scenario.spec.locale)
