"""Questions to a scenario, as methods: `scenario.analyse.sweep(…)`, `scenario.analyse.alternatives()`…"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.functions import build_methods
from tnt_sim.studies.registry import ON_LISTS, ON_MONEY
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    from tnt_sim.api.ensemble import Ensemble
    from tnt_sim.api.sweep import Sweep
    from tnt_sim.studies.study_answer import QuestionAnswer

Progress = Callable[[str, float], None]
"""Called with a phase and the share done, in [0, 1]."""


if TYPE_CHECKING:

    class DeclaredQuestions:
        """Questions that are declared as `tnt_sim.studies` says."""

        def __getattr__(self, name: str) -> Callable[..., QuestionAnswer]: ...

else:
    DeclaredQuestions = build_methods((*ON_MONEY, *ON_LISTS), attrgetter("scenario"))


@dataclass(frozen=True, slots=True)
class Analyses(DeclaredQuestions):
    """The questions to a scenario, one method each.

    Each has a `time_limit` in seconds for the whole; at its end the answer says how far it came.
    """

    scenario: ScenarioData = field(repr=False)

    def __repr__(self) -> str:
        return f"<Analyses of {self.scenario.id}>"

    @with_told_errors
    def sweep(
        self,
        envelope: str | Sequence[str] = (),
        start: str | int | None = None,
        stop: str | int | None = None,
        *,
        steps: int | None = None,
        at: Sequence[str | int] = (),
        exact: bool = False,
        tolerance: str | None = None,
        nested: bool = False,
        free: bool = False,
        share: str = "free",
        backend: str | None = None,
        cross_check: str = "never",
        time_limit: float | None = None,
        progress: Progress | None = None,
        store: str | Path | None = None,
        workers: int | None = None,
        executor: str = "processes",
        scheduler: str | None = None,
    ) -> Sweep:
        """Compute the optimum for amounts of an envelope.

        Parameters
        ----------
        envelope : id of the envelope that varies, or several; by default the programme
        start, stop : "88 M€", "50 %" of the written amount, or whole euros
        steps : n equal steps, that is n + 1 amounts
        at : the amounts one by one instead
        exact : compute every step of the free curve
        tolerance : refine the free curve until its band is nowhere wider, for example than "0.5 %"
        nested, free : restrict to one curve
        share : how amounts below the envelope follow, as for `tnt_sim.sweep`
        backend, cross_check : solver, and second solver, as for `solve`
        store, workers, executor, scheduler : folder that keeps the points, and who solves them, as for
            `tnt_sim.sweep`

        Examples
        --------
        >>> scenario.analyse.sweep(start="1.2 M€", stop="1.4 M€", steps=2).to_dataframe().height > 2
        True
        """
        from tnt_sim.api.sweep import sweep

        return sweep(
            self.scenario, envelope, start, stop, steps=steps, at=at, exact=exact, tolerance=tolerance,
            nested=nested, free=free, share=share, backend=backend, cross_check=cross_check,
            time_limit=time_limit, progress=progress, store=store, workers=workers, executor=executor,
            scheduler=scheduler,
        )  # fmt: skip

    @with_told_errors
    def ensemble(
        self,
        draws: int = 1000,
        seed: int = 0,
        *,
        workers: int | None = None,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Ensemble:
        """Sample the uncertain inputs of a scenario with a section `uncertain`, and optimise each draw.

        Parameters
        ----------
        draws, seed : size of the sample and its seed. The same seed gives the same bytes
        workers : number of processes; by default that of the cores

        Raises
        ------
        UsageError
            For a scenario without `uncertain`.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> unsure.analyse.ensemble(draws=4, workers=1).summary()["command"]
        'ensemble'
        """
        from tnt_sim.api.ensemble import ensemble

        return ensemble(self.scenario, draws, seed, workers=workers, time_limit=time_limit, tell=progress)
