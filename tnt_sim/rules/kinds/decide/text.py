"""Formula of `decide`."""

from __future__ import annotations

from tnt_sim.rules.expressions.text import _MAX_LISTED, format_money
from tnt_sim.rules.offers.decisions import DecideSpec


def format_decide_formula(rule: DecideSpec) -> str:
    """Return `x_A = 1 ; x_B = 0 ; g_C = 10 k€·x_C`, shortened after a few dossiers."""
    pieces = [f"x_{name} = 1" for name in rule.fund[:_MAX_LISTED]] + (
        ["…"] if len(rule.fund) > _MAX_LISTED else []
    )
    pieces += [f"x_{name} = 0" for name in rule.refuse[:_MAX_LISTED]] + (
        ["…"] if len(rule.refuse) > _MAX_LISTED else []
    )
    pieces += [
        f"g_{name} = {format_money(cents)}·x_{name}"
        for name, cents in list(rule.amounts.items())[:_MAX_LISTED]
    ]
    return " ; ".join(pieces)
