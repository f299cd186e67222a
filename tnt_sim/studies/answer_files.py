"""Files of an answer: its page and its workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast, overload

from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.i18n.message import Lang
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.reporting.report_tree import Report


def with_files[**Request, Answer](
    function: Callable[Request, Any], answer: type[Answer]
) -> Callable[Request, Answer]:
    """Return a function of an analysis whose result has a page and a workbook, as an `answer`."""

    @with_told_errors
    @wraps(function)
    def compute(*args: Request.args, **keywords: Request.kwargs) -> Answer:
        found = function(*args, **keywords)
        return answer(**{field.name: getattr(found, field.name) for field in fields(found)})

    return compute


class ReportedAnswer(Protocol):
    """An answer that is written as a page and as a workbook."""

    @property
    def lang(self) -> Lang:
        """Language of the answer."""

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows."""


@dataclass(frozen=True, slots=True)
class StudyReport:
    """The report of an answer, as a page or a workbook."""

    answer: ReportedAnswer

    @overload
    def html(self, path: None = None, lang: Lang | str | None = None) -> str: ...

    @overload
    def html(self, path: Path | str, lang: Lang | str | None = None) -> Path: ...

    def html(self, path: Path | str | None = None, lang: Lang | str | None = None) -> Path | str:
        """Write one self-contained page and return its path; without a path, return the page as text.

        Parameters
        ----------
        lang : by default that of the answer

        Examples
        --------
        >>> scenario.analyse.alternatives(count=1).report.html("variantes.html").exists()
        True
        >>> scenario.analyse.alternatives(count=1).report.html(lang="en")[:15]
        '<!doctype html>'
        """
        from tnt_sim.reporting.renderers.html import render_report_html

        page = render_report_html(self.answer.build_report(), Lang(lang or self.answer.lang))
        if path is None:
            return page
        put_file(Path(path), page.encode())
        return Path(path)

    def excel(self, path: Path | str, lang: Lang | str | None = None) -> Path:
        """Write one workbook, with a sheet per table, and return its path.

        Examples
        --------
        >>> scenario.analyse.sweep(stop="1.3 M€", steps=2).report.excel("courbe.xlsx").exists()
        True
        """
        from tnt_sim.reporting.renderers.xlsx import build_report_workbook

        put_file(
            Path(path), build_report_workbook(self.answer.build_report(), Lang(lang or self.answer.lang))
        )
        return Path(path)


class WithReport:
    """Mixin of an answer that is written as a page and as a workbook."""

    @cached_property
    def report(self) -> StudyReport:
        """Its report: `report.html("page.html")`, `report.excel("classeur.xlsx")`."""
        return StudyReport(cast(ReportedAnswer, self))


class Pages(WithReport, StudyAnswer):
    """Base of the answers whose page and workbook come from one report."""

    own_table: ClassVar[str] = ""
    """Name of the table of the answer, which no list of the document is."""

    if TYPE_CHECKING:

        @property
        def lang(self) -> Lang:
            """Language of the answer."""

        def build_report(self) -> Report:
            """Return the report that a page or a workbook shows."""

    def to_dataframe(
        self,
        backend: str = "polars",
        *,
        table: str | None = None,
        euros: bool = False,
        labels: Lang | str | None = None,
    ) -> Any:
        """Return the table of the answer, or a list of its document; amounts in integer cents.

        Parameters
        ----------
        backend : `polars` or `pandas`
        table : one of `tables`. By default the table of the answer, one row for each entry
        euros : amounts in euros with two decimals, in columns without `_cents`, and figures as numbers
        labels : headers in words, in `fr` or `en`

        Raises
        ------
        ValueError
            If the table, the backend or the language does not exist.

        Examples
        --------
        >>> scenario.analyse.rule_prices().to_dataframe(euros=True).height
        3
        """
        from tnt_sim.reporting.notebook.tables import convert_table

        own = getattr(super(), "to_dataframe", None)
        if table is None and own is None:
            lists = (key for key, rows in self.document.items() if isinstance(rows, list) and rows)
            table = self.own_table or next(lists)
        frame = self.table(table) if table is not None else own()  # type: ignore[misc]
        return convert_table(frame, backend, euros=euros, labels=labels)

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        lists = super()._map_tables()
        own = getattr(super(), "to_dataframe", None)
        return {self.own_table: own, **lists} | {self.own_table: own} if self.own_table and own else lists

    def to_json(self, path: Path | str | None = None) -> str:
        """Return the document as JSON text, and write it to a file if a path is given.

        Examples
        --------
        >>> tnt.alternatives(scenario, count=1).to_json("variantes.json")[:1]
        '{'
        """
        text = super().to_json()
        if path is not None:
            put_file(Path(path), text.encode())
        return text

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one self-contained page.

        Examples
        --------
        >>> tnt.alternatives(scenario, count=1).to_html("variantes.html")
        """
        from tnt_sim.reporting.renderers.html import render_report_html

        chosen = Lang(lang or self.lang)
        put_file(Path(path), render_report_html(self.build_report(), chosen).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one workbook, with a sheet per table.

        Examples
        --------
        >>> tnt.alternatives(scenario, count=1).to_excel("variantes.xlsx")
        """
        from tnt_sim.reporting.renderers.xlsx import build_report_workbook

        chosen = Lang(lang or self.lang)
        put_file(Path(path), build_report_workbook(self.build_report(), chosen))

    def _repr_html_(self) -> str:
        from tnt_sim.reporting.renderers.html import render_report_fragment

        return render_report_fragment(self.build_report(), self.lang)
