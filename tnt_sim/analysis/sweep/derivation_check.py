"""Compare the problem that a sweep derives at an amount with the one that compiling the scenario gives.

A derived problem changes the amounts of the compiled tree alone. Proofs and readings begin from the same tree, so
that neither would see an option of an envelope that the derivation forgets; only compiling anew does.
"""

from __future__ import annotations

import numpy as np

from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import Defect, ScenarioError, VerificationError
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Money
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.incremental_lp import compare_models


def check_derived_problem(
    moved: AmountVariation, base: Problem, cents: int, deadline: Deadline = UNLIMITED
) -> None:
    """Check that the problem derived at an amount has the rows, bounds and objectives of the compiled one.

    Nothing is checked where nothing is derived, or where the scenario contradicts itself at this amount.
    """
    derived = moved.derive_problem_at(base, cents)
    if derived is None:
        return
    try:
        compiled = moved.compile_problem_at(cents, deadline)
    except ScenarioError:
        return
    if not _is_same_program(formulate(derived, deadline=deadline), formulate(compiled, deadline=deadline)):
        sentence = _(
            "at {amount}, the rules read again from the scenario are not those that the sweep used: its lists do "
            "not count. This is a fault of the program.",
            amount=Money(cents),
        )
        raise VerificationError([Defect("sweep-derived", sentence)])


def _is_same_program(left: Formulation, other: Formulation) -> bool:
    """Whether two formulations have the same rows, bounds, columns and stages."""
    stages = [*zip(left.stages, other.stages, strict=False)]
    return (
        compare_models(left.model, other.model).is_empty
        and left.model.row_names == other.model.row_names
        and len(left.stages) == len(other.stages)
        and all(
            np.array_equal(a.objective, b.objective)
            and (a.sense, a.constant, a.scale, a.tolerance) == (b.sense, b.constant, b.scale, b.tolerance)
            for a, b in stages
        )
    )
