"""Sessions: changed versions of one scenario, solved one after the other."""

from __future__ import annotations

from collections.abc import Mapping

from tnt_sim.api.result import Result
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, build_outcome_result
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
    ) -> Result:
        """Find the optimal allocation of the scenario with some values changed.

        Parameters
        ----------
        changes
            New values by dotted path, as in `Scenario.with_`.
        prove
            Seek an exact certificate.
        canonical
            Break ties, so that the list is the same on every machine.
        cross_check
            `never`, `auto` or the name of a second solver.
        time_limit
            Seconds.

        Raises
        ------
        ScenarioError
            If the changes contradict the scenario.
        LimitReached
            If a limit came before any allocation was found.

        Examples
        --------
        >>> session = tnt.Session(scenario)
        >>> [session.solve({"programme.amount": f"{m} M€"}).document["n_funded"] for m in ("1", "1.2")]
        [16, 17]
        """
        options = OptimiseOptions(
            prove=prove,
            canonical=canonical,
            backend=self.backend,
            cross_check=cross_check,
            with_evidence=True,
        )
        clock = Clock(time_limit)
        found = self._session.optimise(changes, options, clock=clock)
        return Result.from_data(build_outcome_result(found.problem, found.answer, clock.seconds))
