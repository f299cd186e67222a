"""Equity of a decision for Python users: classes of applicants, indices, page and workbook."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tnt_sim.analysis.equity.list_equity import EquityDocument, ListEquity, compute_equity
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import NothingDecided
from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.report_tree import Report
from tnt_sim.reporting.reports.equity import build_report
from tnt_sim.studies.answer_files import Pages


@dataclass(frozen=True, eq=False)
class DecisionEquity(Pages):
    """How a decision treats classes of applicants: the tables `classes`, `indices` and `splits`, and a report.

    `exact` has fractions: `exact.classes`, and six decimals of `exact.indices` and `exact.splits`.
    """

    run: StoredRun = field(repr=False)
    lang: Lang
    own_table = "classes"

    def __repr__(self) -> str:
        return f"<DecisionEquity of {self.run.spec.id}>"

    @cached_property
    def exact(self) -> ListEquity:
        """The figures, as fractions."""
        return compute_equity(self.run.table, self.run.spec)

    @cached_property
    def data(self) -> EquityDocument:
        """The figures as a document."""
        return self.exact.build_document(self.run.spec.id)

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows.

        Examples
        --------
        >>> result.equity().build_report().title.en
        'Equity'
        """
        return build_report(self.exact, self.run)


def compute_run_equity(run: StoredRun, lang: Lang) -> DecisionEquity:
    """Return the equity of a decision.

    Raises
    ------
    NothingDecided
        If the run has no allocation.
    """
    if "funded" not in run.table.columns:
        raise NothingDecided(
            _(
                'the run of "{scenario}" found no allocation: there is no list to describe.',
                scenario=run.spec.id,
            )
        )
    return DecisionEquity(run, lang)
