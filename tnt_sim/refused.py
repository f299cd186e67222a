"""Points that rows wider than their rule let through: a valid cut for each, so that the model is solved again."""

from __future__ import annotations

import numpy as np

from tnt_sim.formulation.linear_model import NO_UPPER, LinearModel
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.rules.base import Mode
from tnt_sim.rules.equity import Equity
from tnt_sim.scenario.compile import Problem
from tnt_sim.verify.reading import Allocation


def without_refused(
    problem: Problem, recovery: Recovery, model: LinearModel, allocation: Allocation
) -> LinearModel:
    """The model with a cut for each figure that the exact reading of `equity` refuses; itself when none is."""
    column, row = recovery.funded_columns, recovery.candidate
    for rule in problem.rules:
        if not isinstance(rule, Equity) or rule.mode is not Mode.HARD:
            continue
        for enter, leave in rule.refused(allocation.funded, allocation.granted_cents) or ():
            cut = np.zeros(model.n_cols, dtype=np.int64)
            cut[column] = enter[row].astype(np.int64) - leave[row].astype(np.int64)
            lower = 1 - int(leave[row].sum())
            model = model.with_rows(cut[None, :], [lower], [NO_UPPER], [f"refused {rule.id}"])
    return model
