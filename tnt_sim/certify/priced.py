"""A second reading of every rule, from its compiled data alone, and what multipliers make of it.

The rows that a model is solved with, and those that a proof is replayed on, come from one `rows` of each rule: one
that wrote too narrow a row would mislead both. These are written apart; `agreement.py` holds the two together.

    hard rule, caps, envelope limit, tree, ranges, decisions   rows Σ a_c·x_c + Σ s_i·u_i ≤ b
    common rate, priced rule, goal by group                    none: they need further columns
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnt_sim.certify.priced_links import (
    decided_lines,
    exclusive_lines,
    order_lines,
    queue_lines,
    requires_lines,
    together_lines,
)
from tnt_sim.certify.priced_money import cap_lines, envelope_limit_lines, range_lines, tree_lines
from tnt_sim.certify.priced_rows import Columns, Lines, Numbers, Second
from tnt_sim.certify.priced_sums import (
    coverage_lines,
    equity_lines,
    limit_lines,
    schedule_lines,
    share_lines,
)
from tnt_sim.rules.base import Case, Mode
from tnt_sim.rules.caps import Caps
from tnt_sim.rules.coverage import Coverage
from tnt_sim.rules.decide import Decisions
from tnt_sim.rules.envelope_limits import EnvelopeLimit
from tnt_sim.rules.equity import Equity
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.limit import Limit
from tnt_sim.rules.order import Order
from tnt_sim.rules.queue import FirstCome
from tnt_sim.rules.relation import Exclusive, Requires
from tnt_sim.rules.schedule import Schedule
from tnt_sim.rules.share import Share
from tnt_sim.rules.together import Together
from tnt_sim.scenario.compile import Problem

READERS: Mapping[type, Callable[[Lines, Any], None]] = {
    Limit: limit_lines,
    Share: share_lines,
    Coverage: coverage_lines,
    Schedule: schedule_lines,
    Equity: equity_lines,
    Exclusive: exclusive_lines,
    Requires: requires_lines,
    Together: together_lines,
    Order: order_lines,
    FirstCome: queue_lines,
    Decisions: decided_lines,
    Caps: cap_lines,
    EnvelopeLimit: envelope_limit_lines,
    Case: tree_lines,
    Offers: range_lines,
}
"""Who reads what, by the type of the compiled rule; a `Case` stands for its envelope tree."""


@dataclass(frozen=True, slots=True, eq=False)
class SecondRow:
    """One row, dense: Σ choices·x + Σ units·u ≤ bound.

    Attributes
    ----------
    name : what it stands for
    choices : (n_choices,), int64, or Python integers where they do not fit
    units : (n_ranged,), the same
    bound : whole number
    """

    name: str
    choices: Numbers
    units: Numbers
    bound: int


def second_reading(columns: Columns, rule: Any) -> Second | None:
    """The second reading of a hard rule; None where its kind has none, or where it is not hard."""
    reader = READERS.get(type(rule))
    if reader is None or getattr(rule, "mode", Mode.HARD) is not Mode.HARD:
        return None
    lines = Lines(columns)
    reader(lines, rule)
    return lines.second()


def second_rows(problem: Problem, rule: Any) -> list[SecondRow] | None:
    """The second reading of a rule of a problem, row by row; None where it has none."""
    columns = Columns.of(problem.offers)
    second = second_reading(columns, rule)
    if second is None:
        return None
    rows = []
    starts = np.searchsorted(second.row, np.arange(len(second.names) + 1)).tolist()
    for k, (name, bound) in enumerate(zip(second.names, second.bound, strict=True)):
        whole: Numbers = np.zeros(columns.size, dtype=second.value.dtype)
        part = slice(starts[k], starts[k + 1])
        whole[second.col[part]] = second.value[part]
        rows.append(SecondRow(name, whole[: columns.n_choices], whole[columns.n_choices :], bound))
    return rows


def priced(rows: Sequence[SecondRow], multipliers: Sequence[int]) -> tuple[int, Numbers]:
    """What multipliers y ≥ 0 make of rows: y·b, and the price Σ y·a of each choice and then of each unit, exact.

    Every allocation that keeps the rows has Σ price·x ≤ y·b.
    """
    constant, price = 0, np.zeros(0, dtype=object)
    for row, weight in zip(rows, multipliers, strict=True):
        if weight < 0:
            raise ValueError("a multiplier is negative")
        own = np.concatenate([row.choices, row.units]).astype(object) * weight
        price = own if not len(price) else price + own
        constant += row.bound * weight
    return constant, price
