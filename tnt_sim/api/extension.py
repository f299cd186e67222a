"""« Transfer or extend » for Python users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.analysis.extend.document import ExtendDocument
from tnt_sim.analysis.extend.document import build_document as extend_document
from tnt_sim.analysis.extend.result import FREE, NESTED
from tnt_sim.analysis.extend.search import extend_of
from tnt_sim.analysis.shared.reference_solution import ReportProgress
from tnt_sim.engine.budgets import Clock
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import Report
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.answer_files import Pages
from tnt_sim.studies.extend.answer import build_report
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    from tnt_sim.studies.extend.plots import ExtensionPlots


@dataclass(frozen=True, eq=False)
class Extension(Pages):
    """Result of "transfer or extend", with its page and workbook.

    Attributes
    ----------
    data : the answer
    lang : language of the display
    """

    data: ExtendDocument
    lang: Lang

    def __repr__(self) -> str:
        return f"<Extension of {self.data.scenario}: {self.data.status}>"

    def to_dataframe(
        self,
        backend: str = "polars",
        *,
        table: str | None = None,
        euros: bool = False,
        labels: Lang | str | None = None,
    ) -> Any:
        """Return one of its `tables`, first `gains` and `moves`.

        `gains` has one row per curve, total and objective; its figures are floats, for drawing (the
        document holds exact decimals). `moves` has one row per move of money, in integer cents.

        Parameters
        ----------
        backend : `polars` or `pandas`
        table : which table, `gains` by default
        euros : amounts in euros with two decimals, in columns without `_cents`, and figures as numbers
        labels : headers in words, in `fr` or `en`

        Raises
        ------
        ValueError
            For another table.

        Examples
        --------
        >>> tnt.extend(scenario, "1.3 M€").to_dataframe()["curve"].unique().sort().to_list()
        ['free', 'nested']
        """
        from tnt_sim.reporting.notebook.data_frames import convert_table

        return convert_table(self.table(table or "gains"), backend, euros=euros, labels=labels)

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        own: dict[str, Callable[[], pl.DataFrame]] = {
            "gains": lambda: pl.DataFrame(self._list_gains(), infer_schema_length=None),
            "moves": lambda: pl.DataFrame(self._list_moves(), infer_schema_length=None),
        }
        return own | dict(super()._map_tables())

    def _list_gains(self) -> list[dict[str, Any]]:
        keys = ("transfer", "extension", "total", "alone", "alone_beyond_transfer")
        return [
            {"curve": curve, "total_cents": entry["total_cents"], "goal": gain["goal"]}
            | {key: None if gain[key] is None else float(gain[key]) for key in keys}
            for curve in (FREE, NESTED)
            for entry in self.document[curve]["totals"]
            for gain in entry["gains"]
        ]

    def _list_moves(self) -> list[dict[str, Any]]:
        entries = {
            curve: [found["transfer"], *(entry["with_transfers"] for entry in found["totals"])]
            for curve in (FREE, NESTED)
            if (found := self.document[curve])
        }
        return [
            {"curve": curve, "total_cents": entry["total_cents"], **move}
            for curve, found in entries.items()
            for entry in found
            if entry is not None
            for move in entry.get("moves", ())
        ]

    @cached_property
    def plot(self) -> ExtensionPlots:
        """Its chart: `gains` of transfers, of larger totals, and of both.

        Examples
        --------
        >>> tnt.extend(scenario, "1.3 M€").plot.gains().save("gains.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.studies.extend.plots import ExtensionPlots

        return ExtensionPlots(self.data, self.lang)

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows.

        Examples
        --------
        >>> tnt.extend(scenario, "1.3 M€").build_report().title.en
        'Transfer or extend?'
        """
        return build_report(self.data)


@with_told_errors
def extend(
    scenario: ScenarioData,
    *to: str | int,
    time_limit: float | None = None,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
) -> Extension:
    """Compare moving money between envelopes at the same total with enlarging the total.

    Parameters
    ----------
    to : totals of the programme: "98 M€", "110 %" of the written amount, or whole euros; by default
    three round ones
    time_limit : seconds for the whole; by default that of the scenario
    lang : language of the document; by default that of the scenario
    progress : called with the phase and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For a programme without amount, a total below it, or a scenario with steps.
    NothingDecided
        If no allocation satisfies every rule.
    LimitReached
        If no allocation was found in time.

    Examples
    --------
    >>> [entry["total_cents"] for entry in tnt.extend(scenario, "1.3 M€").document["free"]["totals"]]
    [130000000]
    """
    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    tongue = Lang(lang or scenario.spec.locale)
    found = extend_of(scenario, to, clock=Clock(limit), report_progress=progress)
    return Extension(extend_document(found, tongue), tongue)
