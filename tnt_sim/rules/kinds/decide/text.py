"""Formula of `decide`."""

from __future__ import annotations

from tnt_sim.rules.expressions.text import _SHOWN, money
from tnt_sim.rules.offers.decisions import DecideSpec


def decide_formula(rule: DecideSpec) -> str:
    """Return `x_A = 1 ; x_B = 0 ; g_C = 10 k€·x_C`, shortened after a few dossiers."""
    pieces = [f"x_{name} = 1" for name in rule.fund[:_SHOWN]] + (["…"] if len(rule.fund) > _SHOWN else [])
    pieces += [f"x_{name} = 0" for name in rule.refuse[:_SHOWN]] + (
        ["…"] if len(rule.refuse) > _SHOWN else []
    )
    pieces += [f"g_{name} = {money(cents)}·x_{name}" for name, cents in list(rule.amounts.items())[:_SHOWN]]
    return " ; ".join(pieces)
