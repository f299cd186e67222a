"""Which exact kernel settles a decision, if any: a tree of caps first, then blocks under prices.

Free money that few envelopes share, across which a rule binds, is projected out, and both are tried once more.

None asks no solver and sends the model to one: the goal has a tolerance, a column is no choice, or too many rows
cross.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from tnt_sim.formulation.linear_model import LinearModel
from tnt_sim.kernel.blocks import Heard
from tnt_sim.kernel.group import Memory
from tnt_sim.kernel.under_caps import LongTreeError
from tnt_sim.solve.crossing import SOLVER as BLOCKS
from tnt_sim.solve.crossing import solve_crossing
from tnt_sim.solve.gains import Projected, without_gains
from tnt_sim.solve.lexicographic import Stage, StagesOutcome
from tnt_sim.solve.live import LiveLp
from tnt_sim.solve.tree import SOLVER as TREE
from tnt_sim.solve.tree import solve_tree, told

MANY_COLUMNS = 10_000
"""The linear program of more columns takes longer than a tree of caps."""
QUICK_WORK = 50_000
"""States of blocks looked at before a long tree is."""
WORDS = {TREE: "tree", BLOCKS: "blocks"}
"""What a result's `method` calls each kernel."""


def solve_exactly(
    model: LinearModel,
    stages: Sequence[Stage],
    live: LiveLp | None = None,
    heard: Heard | None = None,
    memory: Memory | None = None,
) -> tuple[StagesOutcome, bool] | None:
    """The stages, and whether the point is the one answer; None where no kernel settles them.

    `live` and `heard` are for the blocks (`solve_crossing`), `memory` is for trees.
    """
    try:
        found = solve_tree(model, stages, long=model.n_cols > MANY_COLUMNS, memory=memory)
    except LongTreeError:
        found = solve_crossing(model, stages, live, heard, QUICK_WORK)
        if found is None or not found[1]:
            found = solve_tree(model, stages, memory=memory)
    found = found or solve_crossing(model, stages, live, heard)
    projected = without_gains(model, stages) if found is None and heard is None else None
    return found if projected is None else _without(projected, stages, live, memory)


def _without(
    projected: Projected, stages: Sequence[Stage], live: LiveLp | None, memory: Memory | None
) -> tuple[StagesOutcome, bool] | None:
    """The same over the model without its gains, told of the whole one; a proof has grounds of its own to seek."""
    began = time.perf_counter()
    asked = [replace(stage, objective=stage.objective[projected.columns]) for stage in stages]
    found = solve_exactly(projected.model, asked, live, None, memory)
    point = None if found is None or found[0].values is None else projected.expand(found[0].values)
    if found is None or point is None:
        return None
    seconds = time.perf_counter() - began
    return told(projected.whole, stages, point, found[1], seconds, found[0].stages[0].solver)
