"""Decisions taken by people on named dossiers: funded, refused, or granted a stated amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tnt_sim.domain.field_types import Cents, Code, Described
from tnt_sim.rules.linear_terms import BoolArray, IntArray


class DecideSpec(Described):
    """A decision on named applications."""

    id: Code
    kind: Literal["decide"]
    fund: tuple[Code, ...] = ()
    refuse: tuple[Code, ...] = ()
    amounts: Mapping[str, Cents] = {}
    reason: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """All decisions in force.

    Attributes
    ----------
    choice : int64 (n,): 1 funded, -1 refused, 0 left to the optimisation
    amount_cents : int64 (n,): the stated amount, -1 for none
    rule : int64 (n,): position in `specs` of the rule that decides, -1 for none
    specs : the `decide` rules in force
    """

    choice: IntArray
    amount_cents: IntArray
    rule: IntArray
    specs: tuple[DecideSpec, ...]

    def without(self, mask: BoolArray) -> Decisions:
        """Return the decisions without those on the dossiers of `mask`, bool (n,)."""
        return replace(
            self,
            choice=np.where(mask, 0, self.choice),
            amount_cents=np.where(mask, -1, self.amount_cents),
            rule=np.where(mask, -1, self.rule),
        )

    @property
    def refused(self) -> BoolArray:
        """The dossiers refused by decision, bool (n,)."""
        return self.choice < 0

    @property
    def funded(self) -> BoolArray:
        """The dossiers funded by decision, bool (n,)."""
        return self.choice > 0
