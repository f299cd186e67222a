"""What an exact solve of one objective comes to: a point that keeps every row, and what was done to get it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tnt_sim.formulation.linear_model import IntArray
from tnt_sim.solve.backend import Termination


class RepairKind(StrEnum):
    """What was done about an answer that did not survive the exact reading."""

    RETRIED = "retried"  # NaN, failure, or an answer that a point in hand proves wrong: another path
    CUT_OFF = "cut_off"  # a point that breaks a row was removed by an exactly valid cut
    POLISHED = "polished"  # the 0-1 columns were kept and the amounts solved again
    VALUE_CHECKED = "value_checked"  # the claimed value was not the exact one: « better » was asked for
    TIGHTENED = "tightened"  # tighter tolerances, for a point to hold


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair, in words for the log."""

    kind: RepairKind
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class IntegralSolution:
    """A point that keeps every row exactly (or none), and how far it is claimed to be best.

    Parameters
    ----------
    values : int64 (n_cols,) or None
    value : int or None
        The exact objective of `values`.
    bound : int or None
        No whole value above (maximise) or below (minimise) is claimed to exist; a solver's word only.
    termination
        OPTIMAL only when every solve behind it was.
    solver, log, repairs, n_solves, seconds
        How it was found.
    """

    termination: Termination
    values: IntArray | None
    value: int | None
    bound: int | None
    solver: str
    log: str
    repairs: tuple[Repair, ...] = ()
    n_solves: int = 1
    seconds: float = 0.0
