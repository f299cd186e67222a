"""Charts of lists: other choices beside the best one, and a list made by hand with what it leaves out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import polars as pl

from tnt_sim.analysis.alternatives.document import AlternativesDocument
from tnt_sim.analysis.explain.document import InversionList
from tnt_sim.i18n.message import Capitalised, Lang, _
from tnt_sim.reporting.plots.drawing.chart_words import build_title, make_unique
from tnt_sim.reporting.plots.drawing.scatter_charts import ScatterAxes, draw_inversions
from tnt_sim.reporting.plots.drawing.study_charts import draw_list_matrix
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, apply_theme
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.alternatives import MOST_MATRIX_ROWS, build_matrix, list_matrix_rows
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import LIST_MARKS
from tnt_sim.reporting.reports.inversion_picture import describe_left_out
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify.allocation_reading import Allocation


@dataclass(frozen=True, slots=True)
class AlternativePlots(InOneLanguage):
    """Chart of other choices, in one language: `lists`."""

    document: AlternativesDocument
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of other choices: lists>"

    def lists(self, most: int = MOST_MATRIX_ROWS) -> AltairChart:
        """Draw the applications that depend on the choice by the lists that fund them, the most disputed first.

        Parameters
        ----------
        most : number of applications that are drawn at most

        Raises
        ------
        ValueError
            If no other list was found, or all lists fund the same.

        Examples
        --------
        >>> scenario.analyse.alternatives(within="2 %", count=2).plot.lists().data.columns
        ['name', 'list', 'funded', 'decision']
        """
        picture = build_matrix(self.document, most)
        rows, lists = list_matrix_rows(self.document)
        if picture is None or not rows:
            raise ValueError("no application depends on the choice: there is nothing to draw")
        rows = rows[:most]
        words = {True: _("funded").in_(self.lang), False: _("not funded").in_(self.lang)}
        names = make_unique([row.name for row in rows], [str(k) for k in range(len(rows))])
        frame = pl.DataFrame(
            [
                {"name": name, "list": list_, "funded": inside, "decision": words[inside]}
                for row, name in zip(rows, names, strict=True)
                for list_, inside in zip(lists, row.inside, strict=True)
            ]
        )
        title = build_title(picture.finding, picture.question, self.lang, synthetic=self.document.synthetic)
        return apply_theme(draw_list_matrix(frame, lists, self.lang).properties(title=title), self.lang)


@dataclass(frozen=True, slots=True)
class AuditPlots(InOneLanguage):
    """Chart of a list made by hand, in one language: `inversions`."""

    problem: Problem
    allocation: Allocation
    pairs: InversionList | None
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of an audit: inversions>"

    def inversions(self) -> AltairChart:
        """Draw the list by value and amount, with a line from each better application that it leaves out.

        Raises
        ------
        ValueError
            If the scenario has no single score that orders applications, or none has a value and an amount.

        Examples
        --------
        >>> _ = Path("liste.csv").write_text("dossier\\nE-01\\nE-02\\n", encoding="utf-8")
        >>> scenario.analyse.audit("liste.csv").plot.inversions().data.columns
        ['dossier', 'title', 'envelope', 'decision', 'amount', 'value']
        """
        if self.pairs is None:
            raise ValueError("no single score orders the applications: there are no inversions to draw")
        dossiers = DecidedDossiers.of_list(self.problem, self.allocation)
        ids = list(self.problem.case.tree.ids)
        groups = Counter(pair.group for pair in self.pairs.refused if pair.group in ids)
        group = max(groups, key=lambda name: (groups[name], -ids.index(name))) if groups else ids[0]
        table = dossiers.select_envelope(ids.index(group))
        if table.is_empty():
            raise ValueError("no application has an amount and a value: there is nothing to draw")
        words = {mark.value: Capitalised(text).in_(self.lang) for mark, text in LIST_MARKS.items()}
        frame = table.select(
            "dossier",
            "title",
            pl.Series("envelope", [ids[k] for k in table["node"].to_list()], dtype=pl.String),
            pl.Series("decision", [words[mark] for mark in table["mark"].to_list()], dtype=pl.String),
            (pl.col("cents") / 100).alias("amount"),
            "value",
        )
        present = set(frame["decision"])
        marks = [(mark, words[mark.value]) for mark in LIST_MARKS if words[mark.value] in present]
        value = Capitalised(dossiers.value_words).in_(self.lang)
        question = _(
            '{value} against amount, in "{envelope}".',
            value=Capitalised(dossiers.value_words),
            envelope=dossiers.get_envelope_title(ids.index(group)),
        )
        chart = draw_inversions(frame, self._build_links(frame, group), ScatterAxes(marks, value, self.lang))
        synthetic = is_synthetic(self.problem.scenario)
        title = build_title(describe_left_out(self.pairs), question, self.lang, synthetic=synthetic)
        return apply_theme(chart.properties(title=title), self.lang)

    def _build_links(self, frame: pl.DataFrame, group: str) -> pl.DataFrame:
        """Return one row per better dossier left out, with the worst one in the list."""
        places = {
            name: (amount, value) for name, amount, value in frame.select("dossier", "amount", "value").rows()
        }
        rows = [
            (
                pair.better.dossier,
                *places[pair.better.dossier],
                pair.worse.dossier,
                *places[pair.worse.dossier],
            )
            for pair in (self.pairs.refused if self.pairs is not None else ())
            if pair.group == group and pair.better.dossier in places and pair.worse.dossier in places
        ]
        schema = {
            "dossier": pl.String, "amount": pl.Float64, "value": pl.Float64,
            "funded": pl.String, "amount_funded": pl.Float64, "value_funded": pl.Float64,
        }  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")
