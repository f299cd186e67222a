"""Rules: who may be funded, for how much, and which combinations are feasible.

`protocols` defines what every rule is given and must offer, `linear_terms` the exact linear sums that rules
are made of. `expressions` reads conditions and measures, `offers` the amounts that each dossier (grant
application) may get, `envelopes` the tree of budgets, `kinds` the eleven kinds of rule. `second_reading` writes
the rows of every rule a second time, independently, for the proof checker. `builders` has a function for each
kind, `tnt_sim.rules.limit` and so on, which is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tnt_sim.rules.builders import (
        coverage,
        decide,
        equity,
        exclusive,
        limit,
        linear,
        order,
        requires,
        schedule,
        share,
        together,
    )

__all__ = [
    "coverage",
    "decide",
    "equity",
    "exclusive",
    "limit",
    "linear",
    "order",
    "requires",
    "schedule",
    "share",
    "together",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("tnt_sim.rules.builders"), name)
    raise AttributeError(f"module 'tnt_sim.rules' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
