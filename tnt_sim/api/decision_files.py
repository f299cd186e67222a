"""Files of one decision: its report as page and workbook, and the formats of other tools."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, overload

from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.stored_run import StoredRun, read_stored
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.export.flat_table import CsvStyle
from tnt_sim.reporting.export.formats import ExportOptions, export_bytes, require_format

if TYPE_CHECKING:
    from tnt_sim.analysis.explain.document import ExplainDocument


def read_as_stored(result: ResultData) -> StoredRun:
    """Return a result as its run folder would be read.

    Examples
    --------
    >>> read_as_stored(result).spec.id
    'exemple'
    """
    with tempfile.TemporaryDirectory() as folder:
        return read_stored(write_run(result, Path(folder)))


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """The report of a decision, as a page or a workbook."""

    result: ResultData = field(repr=False)

    def __repr__(self) -> str:
        return f"<DecisionReport of {self.result.problem.scenario.id}>"

    @overload
    def html(self, path: None = None, lang: Lang | str | None = None, *, explain: bool = True) -> str: ...

    @overload
    def html(self, path: Path | str, lang: Lang | str | None = None, *, explain: bool = True) -> Path: ...

    def html(
        self,
        path: Path | str | None = None,
        lang: Lang | str | None = None,
        *,
        explain: bool = True,
    ) -> Path | str:
        """Write one self-contained page and return its path; without a path, return the page as text.

        Parameters
        ----------
        lang : by default that of the scenario
        explain : with the sentence of each application and what would fund it

        Examples
        --------
        >>> result.report.html("decision.html", explain=False).stat().st_size > 10_000
        True
        >>> result.report.html(explain=False)[:15]
        '<!doctype html>'
        """
        from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html

        options = PageOptions(self._get_lang(lang), explanation=self._explain() if explain else None)
        page = render_report_html(read_as_stored(self.result), options)
        if path is None:
            return page
        put_file(Path(path), page.encode())
        return Path(path)

    def excel(
        self,
        path: Path | str,
        lang: Lang | str | None = None,
        *,
        explain: bool = True,
    ) -> Path:
        """Write the workbook and return its path; parameters as for `html`.

        Examples
        --------
        >>> result.report.excel("decision.xlsx", explain=False).exists()
        True
        """
        from tnt_sim.reporting.workbook.workbook import build_workbook

        told = self._explain() if explain else None
        book = build_workbook(read_as_stored(self.result), self._get_lang(lang), explanation=told)
        put_file(Path(path), book)
        return Path(path)

    def _get_lang(self, lang: Lang | str | None) -> Lang:
        return Lang(lang or self.result.problem.scenario.spec.locale)

    def _explain(self) -> ExplainDocument | None:
        from tnt_sim.analysis.explain.explanation import explain_for_reports
        from tnt_sim.analysis.shared.decided_run import of_result

        return None if self.result.allocation is None else explain_for_reports(of_result(self.result))


@dataclass(frozen=True, slots=True)
class Exports:
    """The formats of other tools, one method each. Every method writes its file and returns the path.

    Acts (`demarche`, `scdl`, `mail_merge`, `order_annex`, `chorus`) are refused for a decision that is not shown
    to be optimal, unless `unproven` is set; the act then says so. An act of a run folder asks, as
    `tnt-sim export` does, that its project lies above the folder or was named.

    Attributes
    ----------
    run : the run, computed here or read from a folder
    lang : of headers and sentences
    project : project folder of a run that was read, if its reader named one
    """

    run: StoredRun = field(repr=False)
    lang: Lang
    project: Path | None = None

    def __repr__(self) -> str:
        return f"<Exports of {self.run.spec.id}>"

    def write(
        self,
        name: str,
        path: Path | str,
        *,
        lang: Lang | str | None = None,
        csv_style: CsvStyle | str = CsvStyle.FR,
        info: Mapping[str, str] | None = None,
        unproven: bool = False,
    ) -> Path:
        """Write a format by the name of `tnt-sim export --format`, formats of other packages included.

        Parameters
        ----------
        lang : of headers and sentences; by default that of the scenario
        csv_style : `fr` (as Excel reads it in French) or `intl`
        info : what the format asks and the run does not know, as `--info`
        unproven : write an act without a proof of optimality

        Raises
        ------
        UsageError
            For an unknown format, suffix or key of `info`, or an act without proof.
        VerificationError
            For an act of a run folder that is false, or whose project lies elsewhere and was not named.

        Examples
        --------
        >>> result.export.write("csv", "liste.csv", csv_style="intl").name
        'liste.csv'
        """
        target = Path(path)
        suffix = target.suffix.lower() or require_format(name).suffixes[0]
        options = ExportOptions(
            suffix, Lang(lang or self.lang), CsvStyle(csv_style), dict(info or {}), unproven
        )
        run = self.run
        if require_format(name).is_act and run.verification is not None:  # it was read from a folder
            run = open_stored(run.folder, self.project, options.lang, for_act=True)
        put_file(target, export_bytes(run, name, options))
        return target

    def csv(self, path: Path | str, *, csv_style: CsvStyle | str = CsvStyle.FR) -> Path:
        """Write one row per application as CSV.

        Examples
        --------
        >>> result.export.csv("liste.csv").exists()
        True
        """
        return self.write("csv", path, csv_style=csv_style)

    def parquet(self, path: Path | str) -> Path:
        """Write one row per application as Parquet, amounts in integer cents.

        Examples
        --------
        >>> result.export.parquet("liste.parquet").exists()
        True
        """
        return self.write("parquet", path)

    def xlsx(self, path: Path | str, *, lang: Lang | str | None = None) -> Path:
        """Write the workbook of the decision, without explanations.

        Examples
        --------
        >>> result.export.xlsx("decision.xlsx").exists()
        True
        """
        return self.write("xlsx", path, lang=lang)

    def demarche(self, path: Path | str, *, unproven: bool = False) -> Path:
        """Write the decisions for démarches-simplifiées.

        Examples
        --------
        >>> result.export.demarche("demarche.csv").exists()
        True
        """
        return self.write("demarche", path, unproven=unproven)

    def turgot(self, path: Path | str) -> Path:
        """Write the table of Turgot.

        Examples
        --------
        >>> result.export.turgot("turgot.xlsx").exists()
        True
        """
        return self.write("turgot", path)

    def scdl(
        self, path: Path | str, *, info: Mapping[str, str] | None = None, unproven: bool = False
    ) -> Path:
        """Write the public list of grants (schéma SCDL « subventions »).

        Examples
        --------
        >>> about = {"nomAttribuant": "Ministère", "idAttribuant": "11000201100044"}
        >>> result.export.scdl("subventions.csv", info=about)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        tnt_sim.errors.DataError: scdl [E-01], [E-02], ... un SIRET de 14 chiffres est attendu ...
        """
        return self.write("scdl", path, info=info, unproven=unproven)

    def pabulib(self, path: Path | str) -> Path:
        """Write an instance of participatory budgeting (Pabulib).

        Examples
        --------
        >>> result.export.pabulib("instance.pb").exists()
        True
        """
        return self.write("pabulib", path)

    def mail_merge(self, path: Path | str, *, unproven: bool = False) -> Path:
        """Write the data of letters to applicants (publipostage).

        Examples
        --------
        >>> result.export.mail_merge("courriers.csv").exists()
        True
        """
        return self.write("publipostage", path, unproven=unproven)

    def order_annex(self, path: Path | str, *, unproven: bool = False) -> Path:
        """Write the annex of the order that grants (arrêté).

        Examples
        --------
        >>> result.export.order_annex("annexe.csv").exists()
        True
        """
        return self.write("arrete", path, unproven=unproven)

    def chorus(
        self, path: Path | str, *, info: Mapping[str, str] | None = None, unproven: bool = False
    ) -> Path:
        """Write the commitments for Chorus.

        Examples
        --------
        >>> about = {"domaineFonctionnel": "0362-05", "centreFinancier": "0362-CDIE"}
        >>> result.export.chorus("chorus.csv", info=about).exists()
        True
        """
        return self.write("chorus", path, info=info, unproven=unproven)
