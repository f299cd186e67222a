"""Systems written by hand, and whether a tree is taken for a proof that they hold no point."""

from __future__ import annotations

from typing import Any

import numpy as np

from tnt_sim.certify.certificate import CertificateError, _Tree
from tnt_sim.certify.system import MultiplierError, Rows, System
from tnt_sim.deadline import UNLIMITED


def system(*lines: tuple[list[int], int], must: bool = False) -> System:
    """Choices alone in their blocks under rows of (value of each choice, upper bound)."""
    n = len(lines[0][0])
    entries = [(r, c, v) for r, (values, _) in enumerate(lines) for c, v in enumerate(values) if v]
    row, col, value = (np.array(part, dtype=np.int64) for part in zip(*entries, strict=True))
    upper = np.array([bound for _, bound in lines], dtype=np.int64)
    rows = Rows(row, col, value, upper, tuple(f"row {k}" for k in range(len(lines))))
    zeros = np.zeros(n, dtype=np.int64)
    return System(np.arange(n), np.full(n, must), zeros, zeros + 1, rows)


def closed(of: System, pool: list[list[int]], tree: list[Any]) -> bool:
    """Whether the tree is taken for a proof that the system holds no point."""
    try:
        _Tree(of, pool, tree, UNLIMITED).check()
    except (CertificateError, MultiplierError):
        return False
    return True
