"""Rules: who may be funded, for how much, and which combinations are feasible.

`protocols` defines what every rule is given and must offer, `linear_terms` the exact linear sums that rules
are made of. `expressions` reads conditions and measures, `offers` the amounts that each dossier (grant
application) may get, `envelopes` the tree of budgets, `kinds` the eleven kinds of rule. `second_reading` writes
the rows of every rule a second time, independently, for the proof checker. `tnt_sim.rules.limit` and so on build a
rule of each kind in Python; they are made from the specifications on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def _load_builders() -> dict[str, Any]:
    builders: dict[str, Any] = import_module("tnt_sim.api.building.builders").load_builders()
    return builders


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_load_builders())
    builder = None if name.startswith("_") else _load_builders().get(name)
    if builder is None:
        raise AttributeError(f"module 'tnt_sim.rules' has no attribute {name!r}")
    return builder


def __dir__() -> list[str]:
    return sorted(_load_builders())
