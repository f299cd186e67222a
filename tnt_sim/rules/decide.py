"""Decisions taken by people: dossiers funded, refused, or given a stated amount, with reason and author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tnt_sim.errors import Text, did_you_mean
from tnt_sim.fields import Cents, Code, Described
from tnt_sim.rules.base import BoolArray, Case, IntArray, Path


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


def decisions(case: Case, specs: Sequence[tuple[DecideSpec, Path]]) -> Decisions:
    """Read every decision; unknown dossiers, contradictions and refused commitments are defects."""
    choice = np.zeros(case.n, dtype=np.int64)
    amount = np.full(case.n, -1, dtype=np.int64)
    rule = np.full(case.n, -1, dtype=np.int64)
    if not specs:
        return Decisions(choice, amount, rule, ())
    rows = dict(zip(case.table["dossier"].to_list(), range(case.n), strict=True))
    committed = case.table["committed_cents"].is_not_null().to_numpy()
    for number, (spec, path) in enumerate(specs):
        spoken = [(name, 1, "fund", k) for k, name in enumerate(spec.fund)]
        spoken += [(name, -1, "refuse", k) for k, name in enumerate(spec.refuse)]
        for name, way, key, place in spoken:
            row = _row(case, rows, name, (*path, key, place))
            if row is None:
                continue
            _check(case, name, way, int(choice[row]), bool(committed[row]), (*path, key, place))
            choice[row], rule[row] = way, number
        for name, cents in spec.amounts.items():
            row = _row(case, rows, name, (*path, "amounts", name))
            if row is not None:
                amount[row], rule[row] = cents, number
    return Decisions(choice, amount, rule, tuple(spec for spec, _ in specs))


def _row(case: Case, rows: dict[str, int], name: str, path: Path) -> int | None:
    if name in rows:
        return rows[name]
    case.fault(
        "unknown-dossier",
        Text(f"le dossier « {name} » n'existe pas.", f'there is no dossier "{name}".'),
        path,
        did_you_mean(name, rows),
    )
    return None


def _check(case: Case, name: str, way: int, before: int, committed: bool, path: Path) -> None:
    if committed and way < 0:
        case.fault(
            "decide-committed",
            Text(
                f"le dossier « {name} » est déjà engagé ; une décision ne peut pas le refuser.",
                f'the dossier "{name}" is already committed; a decision cannot refuse it.',
            ),
            path,
            Text("Retirez-le de `refuse`, ou videz son montant `committed`.", "Take it out of `refuse`."),
        )
    if before not in (0, way):
        case.fault(
            "decide-twice",
            Text(
                f"le dossier « {name} » est à la fois retenu et refusé par décision.",
                f'the dossier "{name}" is both funded and refused by decision.',
            ),
            path,
            Text("Gardez une seule des deux décisions.", "Keep one of the two decisions."),
        )
