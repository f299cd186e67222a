"""A proof from what the solve found: the caps or the priced rows of its kernel, over the prover's own rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tnt_sim.certify.by_blocks import SCALE, bounded
from tnt_sim.certify.menus import one_at_most
from tnt_sim.certify.system import STAGE, MultiplierError, System
from tnt_sim.solve.grounds import Grounds, Tree


def from_grounds(system: System, grounds: Grounds) -> dict[str, Any] | None:
    """A proof that is still to be checked; None where the system has no such rows."""
    counted = Counter(system.rows.names)
    place = {name: k for k, name in enumerate(system.rows.names) if counted[name] == 1}
    try:
        if grounds.trees:
            return {"caps": _caps(system, [_tree(t, place) for t in grounds.trees])}
        return {"blocks": _blocks(system, grounds, place)}
    except (KeyError, MultiplierError):
        return None


def _caps(system: System, groups: list[list[Any]]) -> dict[str, Any]:
    """The trees, for the stage's goal; where one stage is kept, for that one and what its best at least cost."""
    names, better = system.rows.names, system.rows.goal
    kept = [k for k, name in enumerate(names) if name.startswith(STAGE) and k != better]
    if len(kept) != 1:
        return {"goal": better, "groups": groups}
    return {"goal": kept[0], "groups": groups, "less": better}


def _tree(tree: Tree, place: dict[str, int]) -> list[Any]:
    name, below, beyond = tree
    return [place[f"{name}:max"], [_tree(child, place) for child in below], *([True] if beyond else [])]


def _blocks(system: System, grounds: Grounds, place: dict[str, int]) -> dict[str, Any]:
    """The priced rows; a price is for a unit of the row, which the solver's model may count in other units."""
    rows = [place[f"{known.name}:{'max' if known.upper else 'min'}"] for known in grounds.rows]
    # the rows as the check reads them
    read = one_at_most(system, [row for row in (*rows, system.rows.goal) if row >= 0])
    prices = []
    for known, row in zip(grounds.rows, rows, strict=True):
        longest = int(np.abs(bounded(read, row)[0]).max(initial=1))
        prices.append(round(known.price * known.longest / longest * 2.0**SCALE))
    own = [k for k, known in enumerate(grounds.rows) if known.own]
    return {"goal": system.rows.goal, "rows": rows, "own": own, "prices": prices, "scale": SCALE}
