"""Sweeps for Python users: the optimum at each amount of an envelope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.analysis.shared.amount_variation import FREE as FREE_SHARE
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.analysis.sweep.document import SweepDocument
from tnt_sim.analysis.sweep.plan import build_plan
from tnt_sim.analysis.sweep.result import build_document as sweep_document
from tnt_sim.analysis.sweep.runner import ReportProgress as SweepTell
from tnt_sim.analysis.sweep.runner import SweepResult, choose_sweep_execution, run
from tnt_sim.analysis.sweep.store import SweepStore
from tnt_sim.disk import encode_parquet
from tnt_sim.domain.money import MoneyError, parse_cents
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.report_tree import Report
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.answer_files import WithReport
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.reporting.plots.sweep_plots import SweepPlots


@dataclass(frozen=True)
class Sweep(WithReport, StudyAnswer):
    """Result of a sweep: the optimum at each amount of an envelope.

    Attributes
    ----------
    data : the answer
    found : the points, with their allocations
    lang : language of the sentences
    """

    data: SweepDocument
    found: SweepResult = field(repr=False)
    lang: Lang

    def __repr__(self) -> str:
        return f"<Sweep of {self.data.scenario}: {len(self.data.points)} points>"

    def to_dataframe(
        self,
        backend: str = "polars",
        *,
        table: str = "points",
        euros: bool = False,
        labels: Lang | str | None = None,
    ) -> Any:
        """Return one of its `tables`: `points`, `envelopes`, `dossiers`, `steps`…; amounts in integer cents.

        Parameters
        ----------
        backend : `polars` or `pandas`
        table : which table
        euros : amounts in euros with two decimals, in columns without `_cents`, and figures as numbers
        labels : headers in words, in `fr` or `en`

        Raises
        ------
        ValueError
            For an unknown table or backend.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_dataframe(table="points").height
        6
        """
        from tnt_sim.reporting.notebook.tables import convert_table

        return convert_table(self.table(table), backend, euros=euros, labels=labels)

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        from tnt_sim.analysis.sweep import frames

        own: dict[str, Callable[[], pl.DataFrame]] = {
            "points": partial(frames.build_point_frame, self.data),
            "envelopes": partial(frames.build_envelope_frame, self.data),
            "dossiers": partial(frames.build_dossier_frame, self.data),
            "steps": partial(frames.build_step_frame, self.data),
        }
        return own | {name: make for name, make in super()._map_tables().items() if name not in own}

    @cached_property
    def plot(self) -> SweepPlots:
        """Its charts: `curve`, `index`, `entries`, `envelopes`; each is an Altair chart.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.plot.curve().save("courbe.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.sweep_plots import SweepPlots

        return SweepPlots(self.data, self.lang)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the document as JSON text, and write it to a file if a path is given.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_json()[:1]
        '{'
        """
        return _save_text(super().to_json() + "\n", path)

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows.

        Examples
        --------
        >>> tnt.sweep(scenario, stop="1.3 M€", steps=2).build_report().title.en
        'What another envelope buys'
        """
        from tnt_sim.reporting.reports.sweep import build_report

        return build_report(self.data)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the page with its charts, and write it to a file if a path is given.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> page = curve.to_html("courbe.html")
        """
        from tnt_sim.reporting.renderers.html import render_report_html

        return _save_text(render_report_html(self.build_report(), self.lang), path)

    def to_excel(self, path: str | Path) -> Path:
        """Write the workbook and return its path.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_excel("courbe.xlsx").name
        'courbe.xlsx'
        """
        from tnt_sim.reporting.renderers.xlsx import build_report_workbook

        target = Path(path)
        put_file(target, build_report_workbook(self.build_report(), self.lang))
        return target

    def to_parquet(self, path: str | Path, *, table: str = "points") -> Path:
        """Write one of the tables of `to_dataframe` as Parquet and return its path.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_parquet("courbe.parquet").name
        'courbe.parquet'
        """
        target = Path(path)
        put_file(target, encode_parquet(self.to_dataframe(table=table)))
        return target

    def _repr_html_(self) -> str:
        """Return the sentences, the pictures and the tables for a notebook."""
        from tnt_sim.reporting.renderers.html import render_report_fragment
        from tnt_sim.reporting.reports.sweep import build_report

        return render_report_fragment(build_report(self.data), self.lang)


@with_told_errors
def sweep(
    scenario: ScenarioData,
    envelope: str | Sequence[str] = (),
    start: str | int | None = None,
    stop: str | int | None = None,
    *,
    steps: int | None = None,
    at: Sequence[str | int] = (),
    share: str = FREE_SHARE,
    exact: bool = False,
    free: bool = False,
    nested: bool = False,
    tolerance: str | None = None,
    time_limit: float | None = None,
    backend: str | None = None,
    cross_check: str = "never",
    lang: Lang | str | None = None,
    progress: SweepTell | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    executor: str = "processes",
    scheduler: str | None = None,
) -> Sweep:
    """Compute the optimum for amounts of an envelope from `start` to `stop`.

    Parameters
    ----------
    envelope : id of the envelope that varies, or several; by default the programme
    start, stop : "88 M€", "50 %" of the written amount, or whole euros; by default the written
    amount
    steps : n equal steps, that is n + 1 amounts; by default round figures
    at : the amounts one by one instead: the announcements of the nested curve
    share : how amounts below the envelope follow: `free`, `pro_rata`, or the id of one envelope
    below it
    exact : compute every step of the free curve
    free, nested : restrict to one curve; by default both
    tolerance : refine the free curve between the amounts until its band is nowhere wider: "0.5 %"
    of the value, or a number of units of the first objective
    time_limit : seconds for the whole; by default that of the scenario
    backend, cross_check : solver, and second solver, as for `solve`
    lang : language of the sentences; by default that of the scenario
    progress : called with the phase and the share done, in [0, 1]
    store : folder that keeps every point; the same call goes on there, also after a crash
    workers : free amounts solved at a time; by default one, from which the next one starts
    executor, scheduler : `processes`, `serial` or `dask`; address of a Dask scheduler that runs already

    Raises
    ------
    UsageError
        For an invalid request, see `analysis.sweep.plan.build_plan`; for more workers than memory holds, workers
        for a scenario that does not come from a file, or a store of another sweep.

    Examples
    --------
    >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
    >>> curve.status
    'optimal'
    """
    names = (envelope,) if isinstance(envelope, str) else tuple(envelope)
    _refuse_amounts(scenario, names)
    plan = build_plan(
        scenario,
        envelopes=[name for name in names if name],
        start=start,
        stop=stop,
        steps=steps,
        at=at,
        share=share,
        exact=exact,
        free=free,
        nested=nested,
        tolerance=tolerance,
    )
    solver = scenario.spec.solver
    execution = choose_sweep_execution(plan, executor, workers, scheduler)
    with SweepStore() if store is None else SweepStore.open(Path(store), plan, resume=True) as points:
        outcome = run(
            plan,
            store=points,
            execution=execution,
            time_limit=solver.time_limit if time_limit is None else time_limit,
            backend=backend or solver.backend,
            cross_check=cross_check,
            report_progress=progress,
        )
    return build_sweep(outcome, lang)


def _refuse_amounts(scenario: ScenarioData, names: Sequence[str]) -> None:
    """Refuse an amount in place of an envelope id; `start` and `stop` come after it."""
    known = {spec.id for spec, __ in scenario.spec.programme.walk()}
    for name in names:
        if name in known or not _is_amount(name):
            continue
        raise UsageError(
            _(
                '"{name}" is an amount, and the first argument after the scenario is an envelope. start '
                'and stop are the second and third arguments: write tnt.sweep(s, start="{name}", stop=…).',
                name=name,
            ),
            code="usage.envelope",
        )


def _is_amount(text: str) -> bool:
    """Whether a text is an amount or a percentage."""
    try:
        parse_cents(text.strip().removesuffix("%").strip())
    except MoneyError:
        return False
    return True


def build_sweep(result: SweepResult, lang: Lang | str | None = None) -> Sweep:
    """Wrap the points of a sweep with their document."""
    tongue = Lang(lang or result.plan.scenario.spec.locale)
    return Sweep(sweep_document(result, tongue), result, tongue)


def _save_text(text: str, path: str | Path | None) -> str:
    if path is not None:
        put_file(Path(path), text.encode())
    return text
