"""Sessions: changed versions of one scenario, solved one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from tnt_sim.api.result import Result
from tnt_sim.api.variants import VariantRow, Variants
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, build_outcome_result
from tnt_sim.engine.session import SolverSession
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.told_errors import with_told_errors


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

    @with_told_errors
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

    @with_told_errors
    def solve_many(
        self,
        changes: Sequence[Mapping[str, object]],
        *,
        prove: bool = True,
        canonical: bool = True,
        time_limit: float | None = None,
    ) -> Variants:
        """Solve many changed versions, each with the answer that it has alone, and return a table.

        Versions that change the same values are solved one after the other, as they share the compiled rules,
        rows and kernel results. A version that contradicts itself has its error in its row. At the time limit,
        or at Ctrl-C, the table has what was solved.

        Parameters
        ----------
        changes
            For each version, new values by dotted path, as in `Scenario.with_`.
        prove, canonical
            As in `solve`.
        time_limit
            Seconds for all versions.

        Examples
        --------
        >>> session = tnt.Session(scenario)
        >>> many = session.solve_many([{"programme.amount": f"{m} M€"} for m in ("1", "1.2")])
        >>> many.table().select("status", "proof", "n_funded").rows()
        [('optimal', 'PROVED', 16), ('optimal', 'PROVED', 17)]
        """
        options = OptimiseOptions(prove=prove, canonical=canonical, backend=self.backend)
        rows: dict[int, VariantRow] = {}
        with suppress(KeyboardInterrupt):
            for place, found in self._session.optimise_many(changes, options, clock=Clock(time_limit)):
                rows[place] = VariantRow.of(found)
        return Variants(tuple(changes), rows)
