"""Results for Python users: the allocation with its proof, tables, charts, reports, exports and explanations."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.engine.result import ResultData
from tnt_sim.engine.stored_run import run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.studies.functions import build_methods
from tnt_sim.studies.registry import ON_DECISIONS
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.analysis.shared.decided_run import DecidedRun
    from tnt_sim.api.decision_files import DecisionReport, Exports
    from tnt_sim.api.studies.equity import DecisionEquity
    from tnt_sim.api.studies.explanation import Explanation
    from tnt_sim.reporting.plots.result_plots import ResultPlots
    from tnt_sim.reporting.transparency.sheet import DossierSheet
    from tnt_sim.studies.study_answer import QuestionAnswer


def _find_decision(result: ResultData) -> DecidedRun:
    from tnt_sim.analysis.shared.decided_run import of_result

    return of_result(result)


if TYPE_CHECKING:

    class DecisionQuestions:
        """Questions to a decision that are declared as `tnt_sim.studies` says."""

        def inversions(self, **options: object) -> QuestionAnswer: ...

else:
    DecisionQuestions = build_methods(ON_DECISIONS, _find_decision)


class Result(ResultData, DecisionQuestions):
    """The result of one decision: `status`, `proof`, `document`, `table(name)` and `report`, as every result.

    The other attributes are those of `ResultData`: `allocation`, `dossiers`, `warnings`, `certificate`…
    """

    @classmethod
    def from_data(cls, data: ResultData) -> Result:
        """Return a result of the engine as one with the methods of this class.

        Examples
        --------
        >>> from tnt_sim.engine.solve import solve
        >>> tnt.Result.from_data(solve(scenario)).status.value
        'optimal'
        """
        return cls(**{item.name: getattr(data, item.name) for item in fields(ResultData)})

    @property
    def lang(self) -> Lang:
        """Language of the scenario."""
        return Lang(self.problem.scenario.spec.locale)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of its tables, `dossiers` first."""
        from tnt_sim.reporting.notebook.tables import RUN_TABLES

        return RUN_TABLES

    @with_told_errors
    def table(self, name: str = "dossiers") -> pl.DataFrame:
        """Return one of `tables`: `dossiers`, `envelopes`, `rules`…; amounts in integer cents.

        Raises
        ------
        ValueError
            For another name.

        Examples
        --------
        >>> result.table("envelopes")["id"].to_list()
        ['programme', 'numerique', 'mobilites']
        """
        frame: pl.DataFrame = self.to_dataframe(table=name)
        return frame

    @with_told_errors
    def to_dataframe(
        self,
        backend: str = "polars",
        *,
        table: str = "dossiers",
        euros: bool = False,
        labels: Lang | str | None = None,
    ) -> Any:
        """Return the applications with their decision, or another table; amounts in integer cents.

        Parameters
        ----------
        backend : `polars` or `pandas`
        table : one of `tables`
        euros : amounts in euros with two decimals, in columns without `_cents`, and figures as numbers
        labels : headers in words, in `fr` or `en`

        Raises
        ------
        ValueError
            If the table, the backend or the language does not exist.

        Examples
        --------
        >>> result.to_dataframe(table="envelopes", euros=True)["granted"].to_list()[0] > 0
        True
        >>> result.to_dataframe(table="envelopes", euros=True, labels="fr").columns[3]
        'Montant'
        """
        from tnt_sim.reporting.notebook.tables import DecidedTable, build_run_table, convert_table

        decided = DecidedTable(self.problem.scenario.spec, self.dossiers)
        return convert_table(build_run_table(table, decided, self.data), backend, euros=euros, labels=labels)

    @with_told_errors
    def explain(self, *dossiers: str, everyone: bool = False, lang: Lang | str | None = None) -> Explanation:
        """Explain why these applications, or all, are funded or not, and what change would fund them.

        Raises
        ------
        NothingDecided
            If the result has no allocation.

        Examples
        --------
        >>> print(result.explain("E-01").sentences("en")["E-01"][:10])
        Funded for
        """
        from tnt_sim.analysis.shared.decided_run import of_result
        from tnt_sim.api.studies.explanation import explain

        chosen = None if lang is None else Lang(lang)
        return explain(of_result(self), dossiers, everyone=everyone, lang=chosen)

    @with_told_errors
    def equity(self) -> DecisionEquity:
        """Return money per inhabitant and success rates by class of applicants, with Gini and Theil indices.

        Classes are sizes, communes below 2,000 inhabitants, mainland and overseas, and applicant types. A scenario
        with `committed_from` also has the figures of what was signed before.

        Raises
        ------
        NothingDecided
            If the result has no allocation.

        Examples
        --------
        >>> equity = result.equity()
        >>> equity.tables
        ('classes', 'indices', 'splits')
        >>> equity.table("classes").filter(dimension="")["n_funded"].to_list()
        [17]
        >>> equity.report.html("equite.html").exists()
        True
        """
        from tnt_sim.api.studies.equity import compute_run_equity

        return compute_run_equity(run_of(self), self.lang)

    @with_told_errors
    def sheet(self, dossier: str, lang: Lang | str | None = None) -> DossierSheet:
        """Return how the decision on one application came about: data, rules, operations, each with its origin.

        Raises
        ------
        DataError
            If the result has no allocation.
        UsageError
            If there is no such application.

        Examples
        --------
        >>> result.sheet("E-01", "en").lines[0].label
        'Part of the computation in the decision'
        """
        from tnt_sim.reporting.transparency.sheet import build_sheets

        return build_sheets(run_of(self), Lang(lang or self.lang), [dossier])[0]

    @cached_property
    def plot(self) -> ResultPlots:
        """Its charts: `by_envelope`, `by_department`, `margin`, `reasons`, `lorenz`; each is an Altair chart.

        Examples
        --------
        >>> result.plot.by_envelope().save("enveloppes.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.result_plots import ResultPlots

        return ResultPlots(run_of(self), self.lang)

    @cached_property
    def report(self) -> DecisionReport:
        """Its report: `result.report.html("decision.html")`, `result.report.excel("decision.xlsx")`.

        Examples
        --------
        >>> result.report.html(lang="en", explain=False)[:15]
        '<!doctype html>'
        """
        from tnt_sim.api.decision_files import DecisionReport

        return DecisionReport(self)

    @cached_property
    def export(self) -> Exports:
        """The formats of other tools: `result.export.scdl("subventions.csv")`."""
        from tnt_sim.api.decision_files import Exports, read_as_stored

        return Exports(read_as_stored(self), self.lang)

    @with_told_errors
    def save(self, out: Path | str | None = None) -> Path:
        """Write the run folder into `out` (by default `runs` in the project) and return its path.

        Examples
        --------
        >>> result.save("calculs").name.split("-")[0]
        'exemple'
        """
        from tnt_sim.engine.run_folder.writer import write_run

        return write_run(self, None if out is None else Path(out))

    @with_told_errors
    def to_json(self, path: Path | str | None = None) -> str:
        """Return the document of `run --json` as text, and write it to a file if a path is given.

        Examples
        --------
        >>> json.loads(result.to_json())["n_funded"]
        17
        """
        text = json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        if path is not None:
            from tnt_sim.engine.run_folder.atomic_write import put_file

            put_file(Path(path), text.encode())
        return text

    @with_told_errors
    def to_html(
        self,
        path: Path | str | None = None,
        lang: Lang | str | None = None,
        *,
        explain: bool = True,
    ) -> str:
        """Return the report as one self-contained page, and write it to a file if a path is given.

        Examples
        --------
        >>> result.to_html("decision.html", explain=False)[:15]
        '<!doctype html>'
        """
        page = self.report.html(lang=lang, explain=explain)
        if path is not None:
            from tnt_sim.engine.run_folder.atomic_write import put_file

            put_file(Path(path), page.encode())
        return page

    @with_told_errors
    def to_excel(
        self,
        path: Path | str,
        lang: Lang | str | None = None,
        *,
        explain: bool = True,
    ) -> Path:
        """Write the workbook and return its path; see `report.excel`.

        Examples
        --------
        >>> result.to_excel("decision.xlsx", explain=False).name
        'decision.xlsx'
        """
        return self.report.excel(path, lang, explain=explain)

    def _repr_html_(self) -> str:
        from tnt_sim.reporting.notebook.cards import build_about, render_result_card

        return render_result_card(self.data, build_about(self.problem.scenario), self.lang)
