"""Shows that a list is the one answer: of all allocations as good, none goes before it in the order of dossiers.

The allocations as good are the points of a system (`Claims.keeping`). One goes before the list when, at the first
dossier where the two differ, it funds and the list does not; or, with the same dossiers funded, when it gives more
at the first where the amounts differ. So walking through the dossiers in their order,

    a dossier that the list funds       is funded from here on: points without it go after the list
    one that the list does not fund     the part in which it is funded must hold no point; then it is not funded

and then once more for amounts. A proof is {"narrow": multipliers of the whole system, "parts": one refutation for
each part that the walk meets, null for one that is empty at sight}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnt_sim.certify.certificate import CertificateError, check_refutation, pairs
from tnt_sim.certify.claims import Claims
from tnt_sim.certify.sharpen import sharpen
from tnt_sim.certify.system import Box, System, compact, narrowed, weigh
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.base import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """An allocation over the columns of a problem's system.

    Attributes
    ----------
    taken : int64 (n_blocks,), the choice that each candidate gets, -1 for none
    cents : int64 (n_choices,), the amount of each choice
    free : int64 (n_blocks,), the place among free columns of the units above the least of a range, -1 for none
    units : int64 (n_blocks,), how many of them the allocation gives
    """

    taken: IntArray
    cents: IntArray
    free: IntArray
    units: IntArray

    @classmethod
    def of(cls, claims: Claims, unit_cents: IntArray, funded: BoolArray, granted_cents: IntArray) -> Listed:
        """The columns of an allocation.

        Raises
        ------
        CertificateError
            For an amount that is none of the dossier's.
        """
        choices = claims.choices
        own = granted_cents[choices.dossier]
        ranged = np.isin(choices.dossier, choices.ranged)
        fits = funded[choices.dossier] & np.where(ranged, own >= choices.cents, own == choices.cents)
        column = np.flatnonzero(fits)
        taken = np.full(len(choices.candidate), -1, dtype=np.int64)
        taken[choices.block[column]] = column
        if ((taken >= 0) != funded[choices.candidate]).any():
            raise CertificateError("an amount is none of its dossier's")
        free, units = np.full(len(taken), -1, dtype=np.int64), np.zeros(len(taken), dtype=np.int64)
        block = np.searchsorted(choices.candidate, choices.ranged)
        free[block] = np.arange(len(block))
        some = block[taken[block] >= 0]
        above = granted_cents[choices.candidate[some]] - choices.cents[taken[some]]
        units[some] = above // unit_cents[choices.candidate[some]]
        return cls(taken, choices.cents, free, units)


def parts_before(system: System, box: Box, listed: Listed) -> Iterator[Box]:
    """The parts that hold every point of the box that goes before the list; the box shrinks on the way."""
    ends = np.append(system.heads, system.n_choices)
    for k, choice in enumerate(listed.taken.tolist()):
        mine = slice(int(ends[k]), int(ends[k + 1]))
        if choice >= 0:
            box.must[k] = True
        elif box.open[mine].any():
            part = box.copy()
            part.must[k] = True
            yield part
            box.open[mine] = False
    for k, choice in enumerate(listed.taken.tolist()):
        if choice >= 0:
            yield from _more(box, listed, k, slice(int(ends[k]), int(ends[k + 1])))


def _more(box: Box, listed: Listed, k: int, mine: slice) -> Iterator[Box]:
    """The parts in which dossier k gets more than the list gives it."""
    choice, free, units = int(listed.taken[k]), int(listed.free[k]), int(listed.units[k])
    open_ = box.open[mine].copy()
    more = open_ & (listed.cents[mine] > listed.cents[choice])
    if more.any():
        part = box.copy()
        part.open[mine] = more
        yield part
    if free >= 0 and box.high[free] > units:
        part = box.copy()
        part.low[free] = max(int(part.low[free]), units + 1)
        yield part
    box.open[mine] = open_ & (np.arange(mine.start, mine.stop) == choice)
    if free >= 0:
        box.low[free], box.high[free] = max(int(box.low[free]), units), min(int(box.high[free]), units)


def check_first(
    system: System, listed: Listed, proof: Mapping[str, Any], deadline: Deadline = UNLIMITED
) -> None:
    """Accept only if `proof` shows that no point of the system goes before the list.

    Raises
    ------
    CertificateError
        With the place that fails.
    DeadlineExpired
        When time is up before it is decided.
    """
    try:
        system = sharpen(system)
        box = system.box()
        for y in proof["narrow"]:
            if not narrowed(system, box, weigh(system, *pairs(y))):
                return
        given = list(proof["parts"])
        for number, part in enumerate(parts_before(system, box, listed)):
            left = compact(system, part)
            if number >= len(given):
                raise CertificateError("a part has no proof")
            if left is not None:
                check_refutation(left, given[number], deadline=deadline)
    except CertificateError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise CertificateError(f"malformed: {error!r}") from error
