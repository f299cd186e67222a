"""Which rules ask more as the amount grows: then the value may fall, and nothing is said between two points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.claims import Claims, Written, claims_of
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.base import Case, IntArray
from tnt_sim.rules.envelope_limits import EnvelopeLimit
from tnt_sim.scenario.compile import Problem


@dataclass(frozen=True, slots=True)
class Tightening:
    """One rule that asks more: its id, or an envelope and its option."""

    id: str
    option: str | None = None

    def __str__(self) -> str:
        return self.id if self.option is None else f"{self.id}.{self.option}"


def tightening(low: Problem, high: Problem, deadline: Deadline = UNLIMITED) -> list[Tightening]:
    """The rules of which some row at the higher amount is not implied by the same row at the lower one.

    The tree's own rows only relax: no amount falls as the whole grows. Raises DeadlineExpired when the time is up.
    """
    before, after = claims_of(low, deadline), claims_of(high, deadline)
    found = []
    for old, new in zip(before.written, after.written, strict=True):
        if isinstance(old.of, Case) or _implied(before, old, after, new):
            continue
        found.append(_named(old.of))
    return list(dict.fromkeys(found))


def _implied(before: Claims, old: Written, after: Claims, new: Written) -> bool:
    """Whether the later rows have the same coefficients and bounds that are no tighter."""
    if old.last - old.first != new.last - new.first:
        return False
    one, other = before.system.rows, after.system.rows
    if (other.upper[new.first : new.last] < one.upper[old.first : old.last]).any():
        return False
    n = before.system.n_choices
    for a, b in zip(_entries(before, old, n), _entries(after, new, n), strict=True):
        if not np.array_equal(a, b):
            return False
    return True


def _entries(claims: Claims, part: Written, n_choices: int) -> tuple[IntArray, IntArray, IntArray]:
    """Row, column and value of the entries on choices; further columns are numbered as the tree needs them."""
    rows = claims.system.rows
    inside = (rows.row >= part.first) & (rows.row < part.last) & (rows.col < n_choices)
    return rows.row[inside] - part.first, rows.col[inside], rows.value[inside]


def _named(of: object) -> Tightening:
    if isinstance(of, EnvelopeLimit):
        return Tightening(of.envelope, of.option)
    return Tightening(str(getattr(of, "id", type(of).__name__)))
