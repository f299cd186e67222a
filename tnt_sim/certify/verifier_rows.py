"""Write a system of rows in the plain form that `verifier.py` reads."""

from __future__ import annotations

import numpy as np

from tnt_sim.certify.system import Rows, System
from tnt_sim.certify.verifier import Json


def describe_system(system: System) -> Json:
    """Return the columns, groups and rows of a system as plain values.

    A block that must be chosen has its only choice fixed; one of several choices is a group.

    Examples
    --------
    >>> from tnt_sim.certify.system import Rows
    >>> rows = Rows.from_entries(np.array([0, 0]), np.array([0, 1]), np.array([-2, -3]), np.array([-4]), ("goal",))
    >>> system = System(np.array([0, 0]), np.array([False]), np.array([0, 0]), np.array([1, 1]), rows)
    >>> describe_system(system)["groups"]
    [{'columns': [0, 1], 'must': False}]
    """
    n = system.n_choices
    heads, sizes = system.heads, np.bincount(system.block[:n], minlength=len(system.must))
    low = system.low.copy()
    low[heads[(sizes == 1) & system.must]] = 1
    groups = [
        {"columns": list(range(heads[k], heads[k] + sizes[k])), "must": bool(system.must[k])}
        for k in np.flatnonzero((sizes > 1) | (system.must & (sizes == 0))).tolist()
    ]
    return {
        "columns": {"low": low.tolist(), "high": system.high.tolist()},
        "groups": groups,
        "rows": describe_rows(system.rows),
    }


def describe_rows(rows: Rows, start: int = 0) -> Json:
    """Return the rows from one on as plain values."""
    starts = rows.compute_row_starts()[start:]
    entries = slice(int(starts[0]), None)
    ends = (starts - starts[0]).tolist()
    col, value, upper = rows.col[entries].tolist(), rows.value[entries].tolist(), rows.upper[start:].tolist()
    return [
        {"name": name, "columns": col[a:b], "values": value[a:b], "upper": bound}
        for name, a, b, bound in zip(rows.names[start:], ends[:-1], ends[1:], upper, strict=True)
    ]


def has_lists(proof: Json) -> bool:
    """Return whether any part of a proof for the verifier lists selections, under caps or of a row."""
    return bool(proof.get("trees") or proof.get("blocks")) or any(
        has_lists(part) for part in proof.get("parts", ())
    )
