"""Backend `twice`: SciPy solves each model with and without presolve, and a difference is numeric trouble."""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.formulation.linear_model import IntArray, LinearModel
from tnt_sim.solve.backends.backend import Limits, RawSolution, Termination, Tuning
from tnt_sim.solve.backends.scipy_milp import ScipyBackend

DIFFERENT = 0.5
"""Two optimal values of an integer model that differ by so much are two answers."""


class TwiceBackend:
    """SciPy, asked twice about integer models; its point stands where both optimal values agree."""

    name = "twice"
    capabilities = ScipyBackend.capabilities

    def solve(
        self,
        model: LinearModel,
        *,
        relax: bool = False,
        limits: Limits = Limits(),
        start: IntArray | None = None,
        tuning: Tuning = Tuning(),
    ) -> RawSolution:
        """Solve one model; `start` is ignored."""
        scipy = ScipyBackend()
        answer = scipy.solve(model, relax=relax, limits=limits, tuning=tuning)
        answer = replace(answer, solver=f"{answer.solver}, twice")
        if relax or answer.termination is not Termination.OPTIMAL:
            return answer
        again = scipy.solve(model, limits=limits, tuning=replace(tuning, presolve=not tuning.presolve))
        if again.objective is None or answer.objective is None:
            return answer
        if abs(again.objective - answer.objective) < DIFFERENT:
            return answer
        return replace(
            answer, termination=Termination.NUMERIC_TROUBLE, values=None, objective=None, bound=None
        )
