"""Files of an answer: its page and its workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tnt_sim.analysis.shared.study_answer import DocumentTables
from tnt_sim.documents import dump_document
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.run_folder.atomic_write import put_file

if TYPE_CHECKING:
    from tnt_sim.reporting.reports.study_reports import StudyDocument


class StudyFiles(Protocol):
    """An answer that is written as a page and as a workbook."""

    def to_html(self, path: Path | str) -> object:
        """Write the page."""

    def to_excel(self, path: Path | str) -> object:
        """Write the workbook."""


@dataclass(frozen=True, slots=True)
class StudyReport:
    """The report of an answer, as a page or a workbook."""

    answer: StudyFiles

    def html(self, path: Path | str) -> Path:
        """Write one self-contained page and return its path.

        Examples
        --------
        >>> scenario.analyse.alternatives(count=1).report.html("variantes.html").exists()
        True
        """
        self.answer.to_html(path)
        return Path(path)

    def excel(self, path: Path | str) -> Path:
        """Write one workbook, with a sheet per table, and return its path.

        Examples
        --------
        >>> scenario.analyse.sweep(stop="1.3 M€", steps=2).report.excel("courbe.xlsx").exists()
        True
        """
        self.answer.to_excel(path)
        return Path(path)


class Pages(DocumentTables):
    """Mixin that adds `document`, `to_html` and `to_excel` to a result with `data` and a `lang`."""

    @property
    def data(self) -> StudyDocument:
        """Return the answer."""
        raise NotImplementedError

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """Return the JSON document."""
        return dump_document(self.data)

    @property
    def lang(self) -> Lang:
        """Return the language of the result."""
        raise NotImplementedError

    @property
    def report(self) -> StudyReport:
        """Its report: `report.html("page.html")`, `report.excel("classeur.xlsx")`."""
        return StudyReport(self)

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one self-contained page.

        Examples
        --------
        >>> found = tnt.alternatives(scenario, count=1)
        >>> found.to_html("variantes.html")
        """
        from tnt_sim.reporting.renderers.html import render_study_html
        from tnt_sim.reporting.reports.study_reports import build_study

        tongue = Lang(lang or self.lang)
        put_file(Path(path), render_study_html(build_study(self.data, tongue), tongue).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one workbook, with a sheet per table.

        Examples
        --------
        >>> found = tnt.alternatives(scenario, count=1)
        >>> found.to_excel("variantes.xlsx")
        """
        from tnt_sim.reporting.renderers.html import build_study_workbook
        from tnt_sim.reporting.reports.study_reports import build_study

        tongue = Lang(lang or self.lang)
        put_file(Path(path), build_study_workbook(build_study(self.data, tongue), tongue))
