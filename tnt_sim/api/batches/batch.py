"""Many scenarios for Python users: solved once each, kept in a store, read as tables or by SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.analysis.batch import tables
from tnt_sim.analysis.batch.document import BatchDocument
from tnt_sim.analysis.batch.plan import (
    BatchCase,
    BatchPlan,
    build_cases,
    estimate_plan_bytes,
    join_plans,
    read_plan,
)
from tnt_sim.analysis.batch.runner import BatchResult, Tick, run_batch, sort_by_plan
from tnt_sim.analysis.batch.store import read_runs
from tnt_sim.analysis.shared.executors import choose_execution
from tnt_sim.analysis.shared.result_store import check_begun, read_batch_identity
from tnt_sim.api.scenario import Scenario
from tnt_sim.errors import DisagreementError, UsageError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.report_tree import Report
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.answer_files import Pages

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from tnt_sim.api.result import Result

type BatchSource = Path | str | ScenarioData
type ReportShare = Callable[[str, float], None]
"""Called with the phase and the share done, in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Batch(Pages):
    """Many scenarios in one store: `cases`, `totals`, SQL, and each case again as a scenario or a result.

    Attributes
    ----------
    outcome : the plan, and the rows of the store
    lang : language of the display
    n_cases : cases of the batch, done or not
    """

    outcome: BatchResult
    lang: Lang
    n_cases: int

    own_table = "cases"

    def __repr__(self) -> str:
        return f"<Batch of {self.n_cases} cases: {self.outcome.runs.height} done, {self.outcome.n_failed} failed>"

    @cached_property
    def data(self) -> BatchDocument:
        """The answer, whose JSON form is `document`."""
        return replace(self.outcome.build_document(), n_cases=self.n_cases)

    @property
    def folder(self) -> Path:
        """The store, which `tnt-sim batch --out` would write too."""
        return self.outcome.folder

    @property
    def cases(self) -> pl.DataFrame:
        """One row per case, with a column for each changed value; amounts in integer cents.

        Examples
        --------
        >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
        >>> tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial").cases["n_funded"].to_list()
        [16, 17]
        """
        return self.table("cases")

    @property
    def totals(self) -> pl.DataFrame:
        """One row per status: how many cases, and the least and the greatest of funded and granted.

        Examples
        --------
        >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
        >>> tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial").totals.height
        1
        """
        return self.table("totals")

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        runs = self.outcome.runs
        return {
            "cases": partial(tables.build_case_table, runs),
            "envelopes": partial(tables.build_envelope_table, runs),
            "grants": partial(tables.build_grant_table, runs),
            "dossiers": partial(tables.build_frequency_table, runs),
            "totals": partial(tables.build_total_table, runs),
        }

    def scenario(self, case: str | int) -> Scenario:
        """Return the scenario of a case.

        Parameters
        ----------
        case : its name, the beginning of its `case_sha256`, or its place from 0

        Raises
        ------
        ValueError
            If there is no such case, or several.
        UsageError
            If the batch was opened without its files.

        Examples
        --------
        >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
        >>> many = tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial")
        >>> many.scenario("1 M€").solve().document["n_funded"]
        16
        """
        chosen = self._find_case(case)
        if not self.outcome.plan.bases:
            raise UsageError(
                _("the store names no scenario file: give the files of the batch to `open_batch`."),
                code="usage.batch",
            )
        return Scenario.from_yaml(chosen.base, chosen.sets)

    def solve(self, case: str | int) -> Result:
        """Solve a case again, and return its result with proof, charts and report.

        Parameters
        ----------
        case : its name, the beginning of its `case_sha256`, or its place from 0

        Raises
        ------
        ValueError
            If there is no such case, or several.
        DisagreementError
            If its list is not the one in the store.

        Examples
        --------
        >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
        >>> many = tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial")
        >>> many.solve(0).document["n_funded"]
        16
        """
        key = self._find_case(case).key
        result = self.scenario(case).solve()
        stored = self.outcome.runs.filter(pl.col("case_sha256") == key)
        known = stored.filter("canonical")["allocation_sha256"].to_list()
        own = result.document.get("allocation_sha256")
        if known and result.document.get("canonical") and known != [own]:
            raise DisagreementError(_("the same scenario got two answers ({names}).", names=str(case)))
        return result

    def connect(self) -> DuckDBPyConnection:
        """Open the store in DuckDB, with the views `runs`, `cases`, `envelopes` and `grants`.

        Raises
        ------
        UsageError
            If DuckDB is not installed, or nothing is stored yet.

        Examples
        --------
        >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
        >>> many = tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial")
        >>> many.connect().sql("select count(*) from cases").fetchall()
        [(2,)]
        """
        return tables.open_in_duckdb(self.folder)

    def sql(self, query: str) -> DuckDBPyRelation:
        """Return the answer of a query in DuckDB; `.pl()` makes it a data frame of polars, `.df()` of pandas.

        Raises
        ------
        UsageError
            If DuckDB is not installed, or nothing is stored yet.

        Examples
        --------
        >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
        >>> many = tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial")
        >>> many.sql("select name, n_funded from cases order by n_funded").fetchall()
        [('1 M€', 16), ('1.2 M€', 17)]
        """
        return self.connect().sql(query)

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows.

        Examples
        --------
        >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
        >>> many = tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial")
        >>> many.report.html("lot.html").exists()
        True
        """
        return _build_report(self.outcome, self.n_cases)

    def _find_case(self, case: str | int) -> BatchCase:
        cases = self.outcome.plan.cases
        if isinstance(case, int):
            if not 0 <= case < len(cases):
                raise ValueError(f"case must be from 0 to {len(cases) - 1}, not {case}")
            return cases[case]
        chosen = [one for one in cases if one.name == case] or [
            one for one in cases if one.key.startswith(case)
        ]
        if len(chosen) != 1:
            names = ", ".join(repr(one.name) for one in cases[:10])
            raise ValueError(f"case must name one case, such as {names}: {case!r} names {len(chosen)}")
        return chosen[0]


def _build_report(outcome: BatchResult, n_cases: int) -> Report:
    from tnt_sim.reporting.reports.batch import build_report

    return build_report(
        outcome.runs,
        n_cases,
        str(outcome.folder),
        interrupted=outcome.interrupted,
        n_torn=outcome.n_torn,
    )


def batch(
    sources: BatchSource | Sequence[BatchSource],
    out: Path | str,
    *,
    matrix: Mapping[str, Sequence[object]] | None = None,
    names: Sequence[str] | None = None,
    workers: int | None = None,
    executor: str = "processes",
    scheduler: str | None = None,
    backend: str | None = None,
    method: str = "auto",
    time_limit: float | None = None,
    cross_check: str | None = None,
    resume: bool = False,
    lang: Lang | str | None = None,
    progress: ReportShare | None = None,
) -> Batch:
    """Solve many scenarios, each once, into a store; the same call goes on where it stopped.

    The store is that of `tnt-sim batch`. A case that fails has its error in its row.

    Parameters
    ----------
    sources : batch files, scenario files or `Scenario` objects, one or several
    out : folder of the store
    matrix : values by dotted path, for one scenario: every combination is a case
    names : of the cases of `Scenario` objects, one each
    workers : number of processes, by default that of the cores as far as memory holds them
    executor : `processes`, `serial` or `dask`
    scheduler : address of a Dask scheduler that runs already
    backend, method, cross_check : as for `solve`
    time_limit : seconds for each case
    resume : only go on; a folder without a batch is refused
    lang : language of the display, by default that of the first scenario
    progress : called with the phase and the share done, in [0, 1]

    Raises
    ------
    ScenarioError, DataError
        With every defect of a file or of a matrix.
    UsageError
        If the folder holds another batch, or a scenario does not come from a file.

    Examples
    --------
    >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
    >>> many = tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial")
    >>> many.cases.select("programme.amount", "n_funded").rows()
    [('1 M€', 16), ('1.2 M€', 17)]
    """
    folder = Path(out)
    if resume:
        check_begun(folder)
    plan = _build_plan(_list_sources(sources), matrix, names)
    execution = choose_execution(executor, workers, scheduler, estimate_plan_bytes(plan))
    options: dict[str, object] = {
        "backend": backend,
        "method": None if method == "auto" else method,
        "time_limit": None if time_limit is None else float(time_limit),
        "cross_check": cross_check,
    }
    request = {key: value for key, value in options.items() if value is not None}

    def report_tick(tick: Tick) -> None:
        if progress is not None:
            progress("cases", tick.n_done / tick.n_cases)

    outcome = run_batch(plan, folder, execution.execute, execution.n_workers, request, report_tick)
    tongue = _choose_lang(plan, lang)
    from tnt_sim.reporting.reports.batch import write_batch

    n_cases = len(plan.cases)
    write_batch(_build_report(outcome, n_cases), folder, tongue)
    return Batch(outcome, tongue, n_cases)


def open_batch(
    folder: Path | str,
    *sources: BatchSource,
    matrix: Mapping[str, Sequence[object]] | None = None,
    names: Sequence[str] | None = None,
    lang: Lang | str | None = None,
) -> Batch:
    """Open the store of a batch, of `tnt.batch` or of `tnt-sim batch`, whatever is done of it; nothing is solved.

    Parameters
    ----------
    folder : the store
    sources, matrix, names : as the batch was given. Without them a case is not a scenario again
    lang : language of the display

    Raises
    ------
    UsageError
        If the folder holds no batch, or another one than the sources say.

    Examples
    --------
    >>> amounts = {"programme.amount": ["1 M€", "1.2 M€"]}
    >>> many = tnt.batch(scenario, "lots/exemple", matrix=amounts, executor="serial")
    >>> tnt.open_batch("lots/exemple").cases.equals(many.cases)
    True
    """
    place = Path(folder)
    sha256, n_cases = read_batch_identity(place)
    runs = read_runs(place)
    if sources:
        plan = _build_plan(sources, matrix, names)
        if plan.sha256 != sha256:
            raise UsageError(
                _('"{folder}" holds another batch, or its files have changed since.', folder=place),
                code="usage.batch",
            )
        runs = sort_by_plan(plan, runs)
    else:
        rows = runs.select("name", "changes").iter_rows()
        plan = BatchPlan(tuple(BatchCase(name, Path(), "", tuple(sets)) for name, sets in rows), ())
    outcome = BatchResult(plan, place, runs, runs.height < n_cases, 0)
    return Batch(outcome, _choose_lang(plan, lang), n_cases)


def _list_sources(sources: BatchSource | Sequence[BatchSource]) -> Sequence[BatchSource]:
    return [sources] if isinstance(sources, str | Path | ScenarioData) else list(sources)


def _choose_lang(plan: BatchPlan, lang: Lang | str | None) -> Lang:
    written = [base.spec.locale for base in plan.bases]
    return Lang(lang or (written[0] if written else Lang.FR))


def _build_plan(
    sources: Sequence[BatchSource],
    matrix: Mapping[str, Sequence[object]] | None,
    names: Sequence[str] | None,
) -> BatchPlan:
    """Return the cases of files, of scenarios, or of one scenario with a matrix."""
    if matrix is not None:
        if len(sources) != 1:
            raise UsageError(
                _("`matrix` is for one scenario; there are {n}.", n=len(sources)), code="usage.batch"
            )
        source = sources[0]
        scenario = source if isinstance(source, ScenarioData) else Scenario.from_yaml(source)
        return join_plans([build_cases(scenario, matrix)])
    if names is not None and len(names) != len(sources):
        raise UsageError(
            _("names given: {n_names}, for {n_things} scenarios.", n_names=len(names), n_things=len(sources)),
            code="usage.batch",
        )
    pieces: list[tuple[Sequence[BatchCase], ScenarioData]] = []
    for place, source in enumerate(sources):
        if isinstance(source, ScenarioData):
            pieces.append(build_cases(source, {}, None if names is None else names[place]))
        else:
            plan = read_plan([Path(source)])
            pieces.append((plan.cases, plan.bases[0]))
    return join_plans(pieces)
