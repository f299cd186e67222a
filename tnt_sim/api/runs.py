"""Run folders for Python users: verified, with tables, charts and exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.api.decision_files import Exports
from tnt_sim.engine.run_folder.run_access import open_stored, refuse_act
from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.theme import import_altair
from tnt_sim.reporting.notebook.cards import About, render_result_card
from tnt_sim.reporting.notebook.tables import RUN_TABLES, DecidedTable, build_run_table
from tnt_sim.studies.functions import build_methods
from tnt_sim.studies.registry import ON_RUNS
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    from tnt_sim.api.studies.equity import DecisionEquity
    from tnt_sim.reporting.plots.result_plots import ResultPlots
    from tnt_sim.reporting.transparency.folder import TransparencyDocument
    from tnt_sim.reporting.transparency.sheet import DossierSheet
    from tnt_sim.studies.study_answer import QuestionAnswer


if TYPE_CHECKING:

    class RunQuestions:
        """Questions to a run that are declared as `tnt_sim.studies` says."""

        def reconcile(
            self, file: Path | str, columns: Mapping[str, str] | None = None, **options: object
        ) -> QuestionAnswer: ...

else:
    RunQuestions = build_methods(ON_RUNS, attrgetter("run"))


@dataclass(frozen=True, eq=False)
class Run(RunQuestions):
    """A decision read from its run folder and verified, with the language of the display."""

    run: StoredRun
    lang: Lang
    project: Path | None = None

    def __repr__(self) -> str:
        return f"<Run {self.run.folder.name}: {self.run.summary.get('status')}>"

    @property
    def status(self) -> str:
        """Status of the decision: `optimal`, `feasible`, `infeasible`."""
        return self.run.data.status

    @property
    def proof(self) -> str | None:
        """The evidence that the folder holds; `run.checked` says what was shown of it here."""
        return self.run.data.proof

    @property
    def document(self) -> Mapping[str, Any]:
        """The document of the run.

        Examples
        --------
        >>> tnt.open_run(result.save()).document["status"]
        'optimal'
        """
        return self.run.summary

    @cached_property
    def export(self) -> Exports:
        """The formats of other tools: `run.export.scdl("subventions.csv")`."""
        return Exports(self.run, self.lang, self.project)

    @cached_property
    def plot(self) -> ResultPlots:
        """Its charts, as those of a result: `by_envelope`, `by_department`, `margin`, `reasons`, `lorenz`.

        Examples
        --------
        >>> tnt.open_run(result.save()).plot.reasons().save("motifs.svg")
        """
        import_altair()
        from tnt_sim.reporting.plots.result_plots import ResultPlots

        return ResultPlots(self.run, self.lang)

    @with_told_errors
    def equity(self) -> DecisionEquity:
        """Return the figures of `Result.equity`.

        Examples
        --------
        >>> tnt.open_run(result.save()).equity().table("indices")["unit"].to_list()
        ['applicant', 'department']
        """
        from tnt_sim.api.studies.equity import compute_run_equity

        return compute_run_equity(self.run, self.lang)

    @with_told_errors
    def summary(self) -> Mapping[str, Any]:
        """Return the document of the run.

        Examples
        --------
        >>> tnt.open_run(result.save()).summary()["n_funded"]
        17
        """
        return self.run.summary

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of its tables, `dossiers` first."""
        return RUN_TABLES

    @with_told_errors
    def table(self, name: str = "dossiers") -> pl.DataFrame:
        """Return one of `tables`: `dossiers`, `envelopes`, `rules`…; amounts in integer cents.

        Examples
        --------
        >>> tnt.open_run(result.save()).table("envelopes").height
        3
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
        """Return the applications with their decision, or one of the tables of `Result.to_dataframe`.

        Parameters
        ----------
        backend : `polars` or `pandas`
        table : one of `tables`
        euros : amounts in euros with two decimals, in columns without `_cents`, and figures as numbers
        labels : headers in words, in `fr` or `en`

        Examples
        --------
        >>> tnt.open_run(result.save()).to_dataframe()["granted_cents"].sum() > 0
        True
        """
        from tnt_sim.reporting.notebook.tables import convert_table

        decided = DecidedTable(self.run.spec, self.run.table.drop(NODE))
        return convert_table(
            build_run_table(table, decided, self.run.data), backend, euros=euros, labels=labels
        )

    @with_told_errors
    def sheet(self, dossier: str, lang: Lang | str | None = None) -> DossierSheet:
        """Return how the decision on one application came about; it shows itself in a notebook.

        Raises
        ------
        DataError
            If the data of the run are gone or have changed.
        UsageError
            If there is no such application.

        Examples
        --------
        >>> tnt.open_run(result.save()).sheet("E-01", "en").table.columns
        ['item', 'key', 'label', 'value', 'origin']
        """
        from tnt_sim.reporting.transparency.sheet import build_sheets

        return build_sheets(self.run, Lang(lang or self.lang), [dossier])[0]

    @with_told_errors
    def write_transparency(
        self,
        folder: Path | str,
        lang: Lang | str | None = None,
        *,
        pdf: Sequence[str] = (),
        time_limit: float | None = None,
        replace: bool = False,
        wording: Path | str | None = None,
        unproven: bool = False,
    ) -> TransparencyDocument:
        """Write the sheets of all applications into a folder, as `tnt-sim transparency` does.

        Parameters
        ----------
        lang : of the sheets
        pdf : applications whose sheet is written as PDF too
        time_limit : seconds; the next call goes on from there
        replace : write over the folder of another decision
        wording : legal texts that a legal service edited
        unproven : write sheets even without a proof of the optimum; they then say so

        Examples
        --------
        >>> tnt.open_run(result.save()).write_transparency("sheets", "en").n_sheets
        24
        """
        from tnt_sim.engine.budgets import Clock
        from tnt_sim.reporting.text.legal_wording import load_wording
        from tnt_sim.reporting.transparency.folder import write_transparency

        chosen, deadline = Lang(lang or self.lang), Clock(time_limit).deadline
        texts = None if wording is None else load_wording(Path(wording))
        run = self.run
        if run.verification is not None:  # it was read from a folder
            run = open_stored(run.folder, self.project, chosen, for_act=True)
            refuse_act(run, unproven=unproven)
        return write_transparency(
            run,
            Path(folder),
            chosen,
            pdf=pdf,
            deadline=deadline,
            replace=replace,
            wording=texts,
        )

    def _repr_html_(self) -> str:
        day = self.run.spec.date.isoformat() if self.run.spec.date else ""
        about = About(self.run.title, day, self.run.synthetic)
        return render_result_card(self.run.data, about, self.lang, self.run.checked)


@with_told_errors
def open_run(run_dir: Path | str, lang: Lang | str | None = None, project: Path | str | None = None) -> Run:
    """Open a run folder: verified, with its tables, charts and card.

    Parameters
    ----------
    run_dir : run folder
    lang : language of the display
    project : project folder, if it has moved since the run

    Raises
    ------
    DataError
        If it is not a run folder.
    VerificationError
        If a rule is broken, a document is false, or a file was changed or is missing.

    Examples
    --------
    >>> tnt.open_run(result.save()).status
    'optimal'
    """
    place = None if project is None else Path(project)
    run = open_stored(Path(run_dir), place, None if lang is None else Lang(lang))
    return Run(run, Lang(lang or run.lang), place)
