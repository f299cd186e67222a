"""Between which extensions a dossier enters without loss, for all of them from one linear program.

lower   with prices y of « least amount, every goal at least as good », L(y) its exact bound and r its exact
        reduced costs: no amount below L + max(0, r_i) holds dossier i
upper   today's list with i on top, at the amount at which it fits, if it keeps every rule there
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import LinearModel, Sense
from tnt_sim.rules.envelope import most_lowered
from tnt_sim.scenario.compile import Problem
from tnt_sim.solve.fixing import exact_bound
from tnt_sim.solve.lexicographic import with_kept_row
from tnt_sim.solve.registry import get_backend
from tnt_sim.solve.tighten import tighten
from tnt_sim.study.base import Base
from tnt_sim.study.least import amount_stage, read_at
from tnt_sim.study.line import Line, at_amount
from tnt_sim.study.moving import loosened, moving_rules
from tnt_sim.verify.reading import Allocation

UNKNOWN = -1


def limits_by_prices(
    base: Base, line: Line, rows: Sequence[int], deadline: Deadline = UNLIMITED
) -> tuple[list[int], list[int]]:
    """A lower and an upper limit on the no-loss extension of each row, in cents; UNKNOWN for no upper one.

    A row that is reached after the deadline has no upper one.
    """
    moving = bool(moving_rules(base.problem, line.nodes))
    problem = loosened(base.problem, line.nodes, line.top_cents) if moving else base.problem
    opened, stage = amount_stage(problem, line, line.top_cents)
    asked = replace(opened, stages=(*opened.stages, stage))
    lower = _lower(base, line, asked, rows, deadline)
    if moving:
        return lower, [UNKNOWN] * len(rows)
    return lower, [UNKNOWN if deadline.expired else _upper(base, line, opened, row) for row in rows]


def _lower(base: Base, line: Line, asked: Problem, rows: Sequence[int], deadline: Deadline) -> list[int]:
    try:
        form = formulate(asked, deadline=deadline)
    except DeadlineExpired:
        return [0] * len(rows)
    amount = form.stages[-1]
    model = _keeping(base, form, tighten(form.model)).with_objective(amount.objective, Sense.MINIMISE)
    duals = get_backend("highs").solve(model, relax=True, limits=Clock.until(deadline).limits()).row_duals
    if duals is None:
        return [0] * len(rows)
    bound = exact_bound(model, duals)
    if bound.scaled is None:
        return [0] * len(rows)
    found = []
    for row in rows:
        place = int(np.searchsorted(form.recovery.candidate, row))
        scaled = bound.scaled + max(0, int(bound.reduced_costs[place]))
        units = -(-scaled >> bound.scale) + amount.constant
        cents = units * amount.scale * 100
        found.append(max(0, -(-cents.numerator // cents.denominator) - line.amount_cents))
    return found


def _keeping(base: Base, form: Formulation, model: LinearModel) -> LinearModel:
    """The rows « no goal worse than today »."""
    for stage, value in zip(form.stages, base.limits, strict=False):
        units = value / stage.scale - stage.constant
        up = stage.sense is Sense.MAXIMISE
        limit = -(-units.numerator // units.denominator) if up else units.numerator // units.denominator
        model = with_kept_row(model, stage.name, stage.objective, stage.sense, limit)
    return model


def _upper(base: Base, line: Line, opened: Problem, row: int) -> int:
    """Today's list and the dossier at its least."""
    funded, granted = base.allocation.funded.copy(), base.allocation.granted_cents.copy()
    funded[row] = True
    granted[row] = base.problem.offers.least_cents[row]
    case = opened.case
    cents = line.top_cents - most_lowered(case.tree, case.node, granted)
    reading = read_at(at_amount(base.problem, line, cents), Allocation(funded, granted), base.limits)
    return UNKNOWN if reading is None else max(0, cents - line.amount_cents)
