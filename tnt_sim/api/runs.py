"""A run folder, or a result, as notebooks use it: its card, its tables, its pictures, its documents."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tnt_sim.engine.result import Result, document_frame, in_backend
from tnt_sim.engine.stored_run import NODE, StoredRun, read_stored, run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.notebook.cards import About, about, result_card
from tnt_sim.reporting.notebook.plots import Plots
from tnt_sim.reporting.run_folder.atomic_write import put_file
from tnt_sim.reporting.run_folder.writer import write_run


@dataclass(frozen=True, slots=True, eq=False)
class OpenedRun:
    """A decision read back from its folder, and the language in which it is shown."""

    run: StoredRun
    lang: Lang

    @property
    def plot(self) -> Plots:
        """Its pictures."""
        return Plots(self.run, self.lang)

    def summary(self) -> Mapping[str, Any]:
        """The document of the run."""
        return self.run.summary

    def to_dataframe(self, backend: str = "polars", *, table: str = "dossiers") -> Any:
        """The dossiers with their decision, or one of the tables of `Result.to_dataframe`."""
        own = self.run.table.drop(NODE) if table == "dossiers" else document_frame(self.run.summary, table)
        return in_backend(own, backend)

    def _repr_html_(self) -> str:
        day = self.run.spec.date.isoformat() if self.run.spec.date else ""
        about = About(self.run.title, day, self.run.synthetic)
        return result_card(self.run.summary, about, self.lang, self.run.found)


def plots_of(result: Result) -> Plots:
    """The pictures of a result, in its scenario's language."""
    return Plots(run_of(result), _lang(result))


def result_html(result: Result) -> str:
    """The card of a result."""
    return result_card(result.document, about(result.problem.scenario), _lang(result))


def save(result: Result, out: Path | str | None = None) -> Path:
    """Write the run folder into `out` (`runs` in the project by default); gives its path."""
    return write_run(result, None if out is None else Path(out))


def to_html(
    result: Result,
    path: Path | str | None = None,
    lang: Lang | str | None = None,
    explanation: Mapping[str, Any] | None = None,
) -> str:
    """The report, one page that asks for nothing outside; written to a file as well where one is named.

    `explanation` is the document of `explain --all`, for the sentence of each dossier and what would fund it.
    """
    from tnt_sim.reporting.decision_page.page import Options, report_html

    tongue = Lang(lang or _lang(result))
    with tempfile.TemporaryDirectory() as folder:
        run = read_stored(write_run(result, Path(folder)))
        page = report_html(run, Options(tongue, explanation=explanation))
    if path is not None:
        put_file(Path(path), page.encode())
    return page


def to_excel(
    result: Result,
    path: Path | str,
    lang: Lang | str | None = None,
    explanation: Mapping[str, Any] | None = None,
) -> Path:
    """The workbook; gives its path. `explanation` as for `to_html`."""
    from tnt_sim.reporting.workbook.workbook import workbook_bytes

    with tempfile.TemporaryDirectory() as folder:
        run = read_stored(write_run(result, Path(folder)))
        book = workbook_bytes(run, Lang(lang or _lang(result)), explanation=explanation)
    put_file(Path(path), book)
    return Path(path)


def _lang(result: Result) -> Lang:
    return Lang(result.problem.scenario.spec.locale)
