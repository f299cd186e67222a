"""How far an allocation that is not proven may be from the best, told in money."""

from __future__ import annotations

import math

from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.linear_model import LinearModel, Sense
from tnt_sim.solve.backend import Backend, Limits
from tnt_sim.solve.fixing import exact_bound
from tnt_sim.solve.lexicographic import StagesOutcome, with_kept_row


def gaps_in_money(
    form: Formulation,
    model: LinearModel,
    outcome: StagesOutcome,
    amount_cents: int | None,
    backend: Backend,
    limits: Limits,
) -> tuple[int | None, ...]:
    """For each stage with a gap, the amount less the least money that its value needs, in cents.

    With z the values of the stages up to k, over fractions and bounded exactly by weak duality:

        amount − ⌈ min Σ granted : { rows, value_j ≥ z_j for j ≤ k } ⌉

    No allocation is worth as much with less: the amount that stage k may waste is no more than this. None for a
    stage without a gap, without prices, or without an amount.
    """
    found: list[int | None] = []
    for stage, result in zip(form.stages, outcome.stages, strict=False):
        if result.value is None or limits.expired:
            break
        model = with_kept_row(model, stage.name, stage.objective, stage.sense, result.value)
        closed = amount_cents is None or result.bound == result.value
        found.append(None if closed else _spare(form, model, int(amount_cents or 0), backend, limits))
    return tuple(found)


def _spare(
    form: Formulation, model: LinearModel, amount_cents: int, backend: Backend, limits: Limits
) -> int | None:
    least = form.least_granted
    goal = model.with_objective(least.objective, Sense.MINIMISE)
    duals = backend.solve(goal, relax=True, limits=limits).row_duals if backend.capabilities.duals else None
    bound = None if duals is None else exact_bound(goal, duals).value
    if bound is None:
        return None
    cents = math.ceil(100 * least.scale * (math.ceil(bound) + least.constant))
    return max(0, amount_cents - cents)
