"""Sessions: changed versions of one scenario, solved one after the other."""

from __future__ import annotations

from collections.abc import Mapping

from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, build_outcome_result
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.session import SolverSession
from tnt_sim.scenario.scenario import ScenarioData


class Session:
    """Solves changed versions of one scenario, and reuses what earlier solves computed.

    Parameters
    ----------
    scenario
        The base scenario. Each call changes this one, not the previous version.
    backend
        `highs`, `scipy` or `pulp:NAME`.
    """

    def __init__(self, scenario: ScenarioData, *, backend: str = "highs") -> None:
        self.scenario = scenario
        self.backend = backend
        self._session = SolverSession(scenario)

    def __repr__(self) -> str:
        return f"<Session {self.scenario.id}, {self.backend}>"

    def solve(
        self,
        changes: Mapping[str, object] | None = None,
        *,
        prove: bool = True,
        canonical: bool = True,
        cross_check: str = "never",
        time_limit: float | None = None,
    ) -> ResultData:
        """Find the optimal allocation of the scenario with some values changed."""
        options = OptimiseOptions(
            prove=prove,
            canonical=canonical,
            backend=self.backend,
            cross_check=cross_check,
            with_evidence=True,
        )
        clock = Clock(time_limit)
        found = self._session.optimise(changes, options, clock=clock)
        return build_outcome_result(found.problem, found.answer, clock.seconds)
