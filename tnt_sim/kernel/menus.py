"""Items that exclude each other: the amounts that one dossier may get, one of them at most.

A group's items stand together, the greatest amount first. The order of choices asks first which groups are taken,
then how much each gets, so an item stands for two places in it: its group's, and behind all groups its own. Items
of a `raised` group are what is added to an amount that is taken in any case: they have the second place only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.kernel.knapsack import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Menus:
    """The group of each item, int64 (n_items,), ascending; whether it is raised, bool (n_items,)."""

    group: IntArray
    raised: BoolArray

    def __post_init__(self) -> None:
        if len(self.group) and (np.diff(self.group) < 0).any():
            raise ValueError("the items of a group stand together")

    @classmethod
    def of(cls, group: IntArray) -> Menus:
        """Groups of which none is raised."""
        return cls(group, np.zeros(len(group), dtype=np.bool_))

    @property
    def shared(self) -> BoolArray:
        """The items whose group has further items, bool (n_items,)."""
        same = self.group[1:] == self.group[:-1]
        return np.r_[False, same] | np.r_[same, False] if len(self.group) else np.zeros(0, dtype=np.bool_)

    @property
    def plain(self) -> bool:
        """Whether every item is alone and by itself, so that all is as without menus."""
        return not (self.shared.any() or self.raised.any())

    def picked(self, items: IntArray) -> Menus:
        """Those of some items, ascending."""
        return Menus(self.group[items], self.raised[items])

    def order(self, items: IntArray) -> IntArray:
        """The places in the order of choices that a choice of items holds, ascending.

        Of two choices goes first which holds the first place that only one of them holds.
        """
        behind = int(self.group[-1]) + 1 if len(self.group) else 0
        funded = self.group[items[~self.raised[items]]]
        return np.concatenate([np.sort(funded), behind + np.sort(items)])
