"""Guard on total public aid: it never exceeds the cost of a project, without being written in the scenario.

    Σ_{rows i of p} gᵢ  ≤  cost_p − other_state_p − other_public_p

In whole cents; each figure of a project is the largest among its rows, as for the caps of the scenario, and an
empty other aid is 0. The guard covers the projects that could exceed this, and no waiver applies to it. A project
of unknown cost is not checked. Commitments stay, and a warning lists their excess.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.expressions.columns import NO_LIMIT, read_cents
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.caps import NONE_LEFT, Cap, Caps, warn_committed
from tnt_sim.rules.protocols import Case

GUARD = "public-aid-100"
GUARD_TITLE = _("Public aid: at most 100% of the cost")
OTHERS = ("other_state", "other_public")
MAX_LISTED = 5


def can_exceed_cost(case: Case, caps: Caps, eligible: BoolArray) -> bool:
    """Return whether requests within the caps, plus other public aid, could exceed the cost of some project."""
    if case.table["cost_cents"].null_count() == case.n:
        return False
    asked = np.minimum(read_cents(case, "requested", NO_LIMIT), caps.compute_ceiling_cents())
    most = np.where(caps.committed, read_cents(case, "committed", 0), np.where(eligible, asked, 0))
    return bool(_select_exceeding_projects(case, caps, most).any())


def add_guard(case: Case, caps: Caps, most_cents: IntArray) -> Caps:
    """Return the caps with the guard added over the projects whose largest grants would exceed their cost.

    `most_cents` is int64 (n,), the largest grant of each dossier.
    """
    covered = _select_exceeding_projects(case, caps, most_cents)
    if not covered.any():
        return caps
    limit = np.where(covered, _compute_remaining_cents(case, caps), 0)
    result = replace(caps, caps=(*caps.caps, Cap(GUARD, ("dossiers",), covered, limit)))
    warn_committed(case, replace(result, caps=result.caps[-1:]))
    open_rows = np.zeros_like(covered)
    open_rows[caps.code[~caps.committed & (most_cents > 0)]] = True
    names = [caps.names[project] for project in np.flatnonzero(covered & open_rows).tolist()]
    if not names:
        return result
    listed = ", ".join(names[:MAX_LISTED]) + (
        f" (+{len(names) - MAX_LISTED})" if len(names) > MAX_LISTED else ""
    )
    case.warnings.add(
        GUARD,
        _n(
            "{n} project asks for more than its cost less other public aid, over all its applications: it is "
            "limited to that ({listed}).",
            "{n} projects ask for more than their cost less other public aid, over all their applications: "
            "they are limited to that ({listed}).",
            n=len(names),
            listed=listed,
        ),
    )
    return result


def _find_largest_cells(case: Case, caps: Caps, name: str, empty: int) -> IntArray:
    """Return the largest cell of a money column among the rows of each project, `empty` where all are empty."""
    largest = np.full(len(caps.names), NONE_LEFT, dtype=np.int64)
    np.maximum.at(largest, caps.code, read_cents(case, name, NONE_LEFT))
    return np.where(largest == NONE_LEFT, empty, largest)


def _compute_remaining_cents(case: Case, caps: Caps) -> IntArray:
    """Return cost less other public aid by project; `NO_LIMIT` for an unknown cost."""
    cost = _find_largest_cells(case, caps, "cost", NO_LIMIT)
    others = sum((_find_largest_cells(case, caps, name, 0) for name in OTHERS), np.zeros_like(cost))
    return np.where(cost == NO_LIMIT, NO_LIMIT, cost - others)


def _select_exceeding_projects(case: Case, caps: Caps, most_cents: IntArray) -> BoolArray:
    """Return the projects that could exceed what other public aid leaves, bool (n_projects,).

    Projects that a cap already limits to that amount are left out.
    """
    left, most = _compute_remaining_cents(case, caps), np.zeros(len(caps.names), dtype=np.int64)
    np.add.at(most, caps.code, np.minimum(most_cents, 2**53))
    exceeding: BoolArray = (most > 0) & (most > left)
    for cap in caps.caps:
        exceeding &= ~(cap.covered & (cap.limit_cents <= left))
    return exceeding
