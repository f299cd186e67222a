"""The answer to a declared question: its status, document, tables, page, workbook and charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from tnt_sim.analysis.shared.study_head import QuestionHead
from tnt_sim.disk import encode_parquet
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.errors import find_nearest_name
from tnt_sim.i18n.message import Capitalised, Lang
from tnt_sim.reporting.report_tree import Report
from tnt_sim.reporting.reports.study_report import build_question_report
from tnt_sim.studies.answer_files import Pages
from tnt_sim.studies.study import Study

if TYPE_CHECKING:
    from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart


@dataclass(frozen=True, slots=True)
class StudyPlots:
    """Altair charts of an answer in one language; each is called by its name, and without a name the first one."""

    study: Study
    result: Any
    lang: Lang

    def __call__(self, lang: Lang | str | None = None) -> AltairChart:
        """Draw the first chart.

        Examples
        --------
        >>> scenario.analyse.rule_prices().plot().data["value"].max() > 0
        True
        """
        plots = self if lang is None else self.in_(lang)
        chart: AltairChart = getattr(plots, dir(self)[0])()
        return chart

    def in_(self, lang: Lang | str) -> StudyPlots:
        """Return the same charts in `fr` or `en`.

        Examples
        --------
        >>> scenario.analyse.rule_prices().plot.in_("en").prices().data["label"][0]
        '+21 score'
        """
        return replace(self, lang=Lang(lang))

    def __dir__(self) -> list[str]:
        return list(self.study.list_charts())

    def __getattr__(self, name: str) -> Any:
        charts = {} if name.startswith("_") else self.study.list_charts()
        if name not in charts:
            near = find_nearest_name(name, charts)
            first = f"did you mean {near!r}? " if near else ""
            raise AttributeError(
                f"no chart is named {name!r}: {first}there are {', '.join(charts)}.", name=name
            )
        from tnt_sim.reporting.plots.drawing.picture_charts import plot_chart

        build, data = charts[name], getattr(self.result, "data", self.result)

        @wraps(build)
        def draw(*args: Any, **options: Any) -> AltairChart:
            return plot_chart(build(self.result, *args, **options), self.lang, synthetic=data.synthetic)

        return draw


@dataclass(frozen=True, eq=False)
class QuestionAnswer(Pages):
    """The answer to a question: `status`, `proof`, `document`, `table()`, `report` and `plot`.

    Attributes
    ----------
    result : what the search found: the document, or what has it as its `data`
    """

    study: Study
    result: Any
    lang: Lang

    @property
    def data(self) -> Any:
        """Its document, whose JSON form is `document`."""
        return getattr(self.result, "data", self.result)

    @property
    def is_without_allocation(self) -> bool:
        """Whether an answer that is "infeasible" means that no list exists at all."""
        test = getattr(self.study.load_answer(), "is_without_allocation", None)
        return test is None or bool(test(self.data))

    def __repr__(self) -> str:
        return (
            f"<Answer to {self.study.verb} of {self.data.scenario}: {len(self.table(self.study.table))} rows>"
        )

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        build = getattr(self.study.load_answer(), "map_tables", None)
        own: dict[str, Callable[[], pl.DataFrame]] = {} if build is None else dict(build(self.result))
        return {**own, **super()._map_tables()} | own

    def to_dataframe(
        self,
        backend: str = "polars",
        *,
        table: str | None = None,
        euros: bool = False,
        labels: Lang | str | None = None,
    ) -> Any:
        """Return one row for each entry, or another of `tables`, with " ; " between the items of a list.

        Parameters
        ----------
        backend, table, euros, labels : as of every answer

        Examples
        --------
        >>> scenario.analyse.rule_prices().to_dataframe().height
        3
        """
        from tnt_sim.reporting.notebook.tables import convert_table

        if table is not None or self.study.table not in self.document:
            table = table or self.study.table
            return super().to_dataframe(backend, table=table, euros=euros, labels=labels)
        rows = [
            {key: _join_list(value) for key, value in row.items()} for row in self.document[self.study.table]
        ]
        frame = pl.DataFrame(rows, infer_schema_length=None)
        return convert_table(frame, backend, euros=euros, labels=labels)

    def to_parquet(self, path: str | Path) -> None:
        """Write the table as Parquet.

        Examples
        --------
        >>> scenario.analyse.rule_prices().to_parquet("prix.parquet")
        """
        put_file(Path(path), encode_parquet(self.to_dataframe()))

    @cached_property
    def plot(self) -> StudyPlots:
        """Its charts: `plot.prices()`, or `plot()` for the first one.

        Examples
        --------
        >>> scenario.analyse.rule_prices().plot.prices().save("prix.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        return StudyPlots(self.study, self.result, self.lang)

    def build_report(self) -> Report:
        """Return the report, the same for terminal, page, workbook and notebook.

        Examples
        --------
        >>> scenario.analyse.rule_prices().build_report().title.en
        'What each constraint costs'
        """
        report = build_report(self.study, self.data)
        finish = getattr(self.study.load_answer(), "finish_report", None)
        return report if finish is None else cast(Report, finish(report, self.result))


def build_report(study: Study, data: QuestionHead) -> Report:
    """Return the report of the document of a question."""
    says = study.load_answer()
    first = {
        name: getattr(says, f"build_{name}")(data)
        for name in ("answer", "verdict")
        if hasattr(says, f"build_{name}")
    }
    return build_question_report(data, Capitalised(study.title), says.build_page(data), **first)


def _join_list(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return " ; ".join(
        value if isinstance(value, str) else " ".join(str(part) for part in value.values()) for value in value
    )
