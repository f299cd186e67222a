"""Draws of uncertain inputs for Python users."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.analysis.shared.executors import choose_execution
from tnt_sim.analysis.shared.worker_memory import estimate_worker_bytes
from tnt_sim.analysis.uncertainty.draw_task import (
    Sample,
    estimate_sample_bytes,
    prepare_ground,
)
from tnt_sim.analysis.uncertainty.result import EnsembleTables
from tnt_sim.analysis.uncertainty.runner import DrawLimits, choose_draw_execution, run_draws
from tnt_sim.analysis.uncertainty.runner import ReportProgress as EnsembleTell
from tnt_sim.analysis.uncertainty.store import DrawStore
from tnt_sim.disk import encode_parquet
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.reporting.report_tree import Report
from tnt_sim.reporting.reports.uncertainty import build_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.answer_files import Pages
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.reporting.plots.ensemble_plots import EnsemblePlots

MOST_DRAWS = 1_000_000


class Ensemble(Pages, EnsembleTables):
    """Ensemble of draws, with exports for notebooks and files."""

    own_table = "dossiers"

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        return {**super()._map_tables(), "draws": self.build_draw_table}

    @cached_property
    def plot(self) -> EnsemblePlots:
        """Its charts: `frequency`, `histogram`, `tornado`; each is an Altair chart.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> tnt.ensemble(unsure, 4, workers=1).plot.histogram().save("valeurs.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.ensemble_plots import EnsemblePlots

        return EnsemblePlots(self, self.lang)

    def build_report(self) -> Report:
        """Return the whole ensemble, for a page or a workbook.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> tnt.ensemble(unsure, 4, workers=1).build_report().title.en
        'What is sure in spite of uncertainty'
        """
        return build_report(self)

    def to_parquet(self, path: Path | str) -> None:
        """Write one row per application.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> drawn = tnt.ensemble(unsure, 4, workers=1)
        >>> drawn.to_parquet("tirages.parquet")
        """
        put_file(Path(path), encode_parquet(self.dossiers))


@with_told_errors
def ensemble(
    scenario: ScenarioData | Path | str,
    draws: int = 1000,
    seed: int = 0,
    *,
    sampling: str = "lhs",
    workers: int | None = None,
    sensitivity: int = 0,
    time_limit: float | None = None,
    tell: EnsembleTell | None = None,
    store: Path | str | None = None,
    executor: str = "processes",
    scheduler: str | None = None,
) -> Ensemble:
    """Sample the uncertain inputs, optimise each draw, and evaluate lists decided beforehand in all draws.

    Parameters
    ----------
    scenario : from a file, with a section `uncertain`
    draws, seed : size of the sample and seed; the same seed gives the same bytes
    sampling : `lhs` (Latin hypercube), `sobol` or `random`
    workers : number of processes; by default that of the cores, as far as memory holds them, or this process
        alone where the time limit is so short that others would hardly start
    sensitivity : draws for the total Sobol index of each input; 0 for none
    time_limit : seconds for the whole, of which draws get two thirds. The default is that of the scenario. With
        a store the limit of the scenario is for each draw
    tell : called with the phase and the share done, in [0, 1]
    store : folder that keeps every draw; the same call goes on there, also after a crash
    executor, scheduler : `processes`, `serial` or `dask`; address of a Dask scheduler that runs already

    Raises
    ------
    UsageError
        For a scenario without `uncertain`, with steps or not from a file, for numbers out of
        range, more workers than memory holds, or a store of other draws.

    Examples
    --------
    >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
    >>> drawn = tnt.ensemble(unsure, 4, workers=1)
    >>> drawn.dossiers.height
    22
    """
    if isinstance(scenario, str | Path):
        scenario = load_scenario(scenario)
    if scenario.path is None:
        raise UsageError(
            _("this scenario does not come from a file. Write it to a .yaml file and give its name.")
        )
    if not 1 <= draws <= MOST_DRAWS or seed < 0 or not 0 <= sensitivity <= draws:
        raise UsageError(
            _(
                "between 1 and {most_draws} draws, a seed of 0 or more, and no more draws for sensitivity.",
                most_draws=MOST_DRAWS,
            ),
            code="usage.ensemble",
        )
    own = scenario.spec.solver.time_limit
    whole = time_limit if time_limit is not None or store is not None else own
    deadline = Clock(whole).deadline
    sample = Sample(scenario.path, tuple(scenario.sets), scenario.sha256, draws, seed, sampling)
    began = time.perf_counter()
    ground = prepare_ground(scenario, sample)
    prepare_seconds = time.perf_counter() - began
    points = estimate_sample_bytes(ground.inputs, draws)
    worker_bytes = estimate_worker_bytes(ground.problem.case.n, points)
    execution = choose_execution(executor, workers, scheduler, worker_bytes)
    if workers is None:
        execution = choose_draw_execution(execution, deadline.limit_seconds, prepare_seconds)
    limits = DrawLimits(deadline.limit_seconds, None if store is None and execution.is_local else own)
    if store is None:
        return Ensemble(sample, ground, run_draws(ground, execution, sensitivity, tell, limits))
    with DrawStore.open(Path(store), scenario, sample, sensitivity) as kept:
        return Ensemble(sample, ground, run_draws(ground, execution, sensitivity, tell, limits, kept))
