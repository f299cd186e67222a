"""Decisions taken by people: dossiers funded, refused, or given a stated amount, with reason and author."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tnt_sim.domain.field_types import Cents, Code, Described
from tnt_sim.rules.linear_terms import BoolArray, IntArray


class DecideSpec(Described):
    """A decision on named dossiers."""

    id: Code
    kind: Literal["decide"]
    fund: tuple[Code, ...] = ()
    refuse: tuple[Code, ...] = ()
    amounts: Mapping[str, Cents] = {}
    reason: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided.

    Attributes
    ----------
    choice : int64 (n,): 1 funded, -1 refused, 0 left to the model
    amount_cents : int64 (n,): the stated amount, -1 where none is
    rule : int64 (n,): which decide rule spoke, -1 for none
    specs : the decide rules in force
    """

    choice: IntArray
    amount_cents: IntArray
    rule: IntArray
    specs: tuple[DecideSpec, ...]

    def without(self, mask: BoolArray) -> Decisions:
        """The same without what was decided on some dossiers."""
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
