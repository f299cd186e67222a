"""Comparison of decisions for Python users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.analysis.compare.causes import CELLS, KEYS, Causes, find_causes, find_changed_keys
from tnt_sim.analysis.compare.compared_run import ComparedRun, build_side
from tnt_sim.analysis.compare.comparison import ComparedRuns, list_moves
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.disk import encode_parquet
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import Report as ReportProgress
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.reporting.report_tree import Report
from tnt_sim.reporting.reports.comparison import build_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.answer_files import Pages
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    from tnt_sim.reporting.plots.comparison_plots import ComparisonPlots

FEWEST, MOST = 2, 20
COLUMNS = (*KEYS, *CELLS)
"""Names that a side cannot have, because its tables have columns with these names."""
ComparedSource = Path | str | ScenarioData | ResultData


class Comparison(Pages, ComparedRuns):
    """Comparison of decisions, with exports for notebooks and files."""

    own_table = "moves"

    @cached_property
    def plot(self) -> ComparisonPlots:
        """Its charts: `envelopes`, `moves`, `by_department`, `lorenz`; each is an Altair chart.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.envelopes().save("enveloppes.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.comparison_plots import ComparisonPlots

        return ComparisonPlots(self, self.lang)

    def build_report(self) -> Report:
        """Return the comparison with its charts, for a page or a workbook.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.build_report().title.en
        'Decisions compared'
        """
        return build_report(self)

    def to_parquet(self, path: Path | str) -> None:
        """Write the moves, `side` first.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.to_parquet("mouvements.parquet")
        """
        put_file(Path(path), encode_parquet(self.to_dataframe()))


@with_told_errors
def compare(
    *things: ComparedSource,
    names: Sequence[str] | None = None,
    attribute: bool = True,
    options: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
) -> Comparison:
    """Compare scenarios, results or run folders; the first is the reference.

    Parameters
    ----------
    things : scenario files, run folders, `Scenario` or `Result` objects, 2 to 20
    names : one per decision; by default their ids, made unique
    attribute : find the cause of each move, one change at a time (one or two solves per change)
    options : arguments of `solve`, for scenarios to be solved; its `time_limit` covers all of them
    and the causes, by default the longest of the scenarios'
    progress : called with the phase and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For fewer than 2 or more than 20 decisions, or another number of names.

    Examples
    --------
    >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}))
    >>> found.status
    'done'
    """
    if names is not None and len(names) != len(things):
        raise UsageError(
            _("names given: {n_names}, for {n_things} decisions.", n_names=len(names), n_things=len(things)),
            code="usage.compare",
        )
    if not FEWEST <= len(things) <= MOST:
        raise UsageError(
            _(
                "between {fewest} and {most} scenarios or runs are compared; there are {n_things}.",
                fewest=FEWEST,
                most=MOST,
                n_things=len(things),
            ),
            code="usage.compare",
        )
    sides: list[ComparedRun] = []
    request = dict(options or {})
    things = tuple(_read(thing) for thing in things)
    limits = [thing.spec.solver.time_limit for thing in things if isinstance(thing, ScenarioData)]
    limit = request.get("time_limit")
    clock = Clock(max(limits, default=None) if limit is None else limit)
    course = StudyProgress(clock.deadline, "sides")
    for number, source in enumerate(things):
        if progress is not None:
            progress("solve", number / len(things))
        request["time_limit"] = course.deadline.limit_seconds
        side = build_side(source, None if names is None else names[number], request)
        sides.append(_rename_run(side, {*COLUMNS, *(known.name for known in sides)}))
    if not attribute:
        return Comparison(tuple(sides), {}, course)
    first = sides[0]
    result: dict[str, Causes] = {}
    with course.catch_limits():
        for side in course.iterate_items(sides[1:]):
            if progress is not None:
                progress("causes", len(result) / len(sides))
            keys = find_changed_keys([first, side])
            result[side.name] = find_causes(
                first, side, keys, list_moves(first, side), deadline=course.deadline
            )
            if result[side.name].untried:
                course.withdraw_item()
    return Comparison(tuple(sides), result, course)


def _read(source: ComparedSource) -> ComparedSource:
    """Load the scenario of a path that is not a run folder; return anything else unchanged."""
    return load_scenario(source) if isinstance(source, str | Path) and not Path(source).is_dir() else source


def _rename_run(side: ComparedRun, taken: set[str]) -> ComparedRun:
    name, number = side.name, 2
    while name in taken:
        name, number = f"{side.name} ({number})", number + 1
    return replace(side, name=name)
