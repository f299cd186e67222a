"""Cases of one base decided one after the other, each as if alone: problem, rows and kernels' finds are kept.

What a session carries further (the basis of a linear program, a point in hand) is left out: it can change no
optimum, but it can change which of two ways an answer came by, where a kernel gives up at a budget. Here solvers
are handed the same numbers as for the case alone, bit by bit, so that everything told of it is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tnt_sim.clock import Clock
from tnt_sim.decision import decide_problem
from tnt_sim.drafts import Drafts
from tnt_sim.errors import TntError
from tnt_sim.result import Result, Status
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.session import laid_again


@dataclass
class Series:
    """What the cases so far have left: two problems that a new one may differ from by amounts or goals, and rows.

    `n_kept` counts the problems that were not compiled anew.
    """

    drafts: Drafts = field(default_factory=Drafts)
    n_kept: int = 0
    _known: tuple[Problem, ...] = ()

    def decide(self, scenario: Scenario, *, clock: Clock, **how: Any) -> Result:
        """The decision of a scenario without steps, as `decide` gives it but for the proofs of ties.

        `clock` is for all that is tried together.

        Raises
        ------
        ScenarioError
            Contradictions that need no solver.
        """
        for _, quick in laid_again(self._known, scenario):
            try:
                found = self._decided(quick, clock, how)
            except TntError:
                break
            if found.status is not Status.INFEASIBLE:
                self.n_kept += 1
                return found
        # what goes wrong is told as the case alone tells it: compiling says at once what can never hold
        return self._decided(compile_problem(scenario), clock, how)

    def _decided(self, problem: Problem, clock: Clock, how: dict[str, Any]) -> Result:
        self._known = (*self._known[:1], problem)
        return decide_problem(problem, clock=clock, drafts=self.drafts, ties=False, **how)
