"""What draws say together: frequencies, risks, lists that hold up, how much more than the money may be promised.

With v_1 … v_n the values of n draws, the greater the better (or negated):

    VaR_α   the value that a share α of the draws falls short of or reaches
    CVaR_α  the mean of the worst α·n draws, the last one counted in part     (Rockafellar and Uryasev, 2000)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.rules.base import IntArray

TAIL = Fraction(1, 10)
CORE, EXTERIOR = Fraction(95, 100), Fraction(5, 100)
"""A dossier is core when it is funded in so many draws, exterior when in no more than so many, else borderline."""
RISK = Fraction(5, 100)
"""The chance that what is paid may exceed the money."""


@dataclass(frozen=True, slots=True)
class Risk:
    """A distribution in five exact figures."""

    mean: Fraction
    least: Fraction
    most: Fraction
    var: Fraction
    cvar: Fraction


def risk_of(values: Sequence[Fraction], *, best_is_high: bool, tail: Fraction = TAIL) -> Risk:
    """The figures of some values, each draw as likely as any other; `var` and `cvar` are of the bad tail."""
    ordered = sorted(values, reverse=not best_is_high)
    n = len(ordered)
    weight = tail * n
    whole = math.floor(weight)
    total = sum(ordered[:whole], Fraction(0)) + (weight - whole) * ordered[min(whole, n - 1)]
    return Risk(
        mean=sum(ordered, Fraction(0)) / n,
        least=min(ordered),
        most=max(ordered),
        var=ordered[max(0, math.ceil(weight) - 1)],
        cvar=total / weight,
    )


def frequencies(rows: Sequence[IntArray], n: int) -> IntArray:
    """In how many draws each of `n` dossiers is funded, int64 (n,)."""
    counted = np.zeros(n, dtype=np.int64)
    for part in rows:
        counted[part] += 1
    return counted


def standing(times: int, n_draws: int) -> str:
    """`core`, `borderline` or `exterior`."""
    share = Fraction(times, n_draws)
    return "core" if share >= CORE else "exterior" if share <= EXTERIOR else "borderline"


def overprogramming(granted_cents: int, paid_cents: Sequence[int], risk: Fraction = RISK) -> Fraction | None:
    """The share above the money that may be promised with P(paid > money) ≤ risk, the list growing in proportion.

    If granting G pays p_1 … p_n, promising M·(1 + s) pays p_j·M·(1 + s)/G, which exceeds M when p_j·(1 + s) > G.
    With p* the greatest p_j that may not exceed it, s = G/p* − 1. None where nothing is paid.
    """
    ordered = sorted(paid_cents, reverse=True)
    allowed = math.floor(risk * len(ordered))
    critical = ordered[min(allowed, len(ordered) - 1)]
    return None if critical <= 0 else Fraction(granted_cents, critical) - 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A list decided before the draws: what it is worth over them.

    Attributes
    ----------
    name : `plan` for the list without uncertainty, `draw N` for the best list of a draw
    risk : of its values
    worst_regret : the most that it loses against the best list of a draw; 0 where it loses nowhere
    ahead : it is worth more than the best list of a draw in which it holds: it keeps promised amounts where
        dossiers ask for more, and so is no list of that draw
    holds : the share of draws in which it keeps every hard rule
    paid_cents : what it pays, draw by draw
    """

    name: str
    risk: Risk
    worst_regret: Fraction
    holds: Fraction
    paid_cents: tuple[int, ...]
    ahead: bool


def kept_list(
    name: str,
    read: Sequence[tuple[Fraction, int, bool]],
    best: Sequence[Fraction | None],
    *,
    best_is_high: bool,
) -> Kept:
    """The figures of a list from its readings in each draw, and the best value of each draw."""
    values = [value for value, _, _ in read]
    sign = 1 if best_is_high else -1
    regrets = [sign * (top - value) for top, value in zip(best, values, strict=True) if top is not None]
    return Kept(
        name=name,
        risk=risk_of(values, best_is_high=best_is_high),
        worst_regret=max([Fraction(0), *regrets]),
        holds=Fraction(sum(holds for _, _, holds in read), len(read)),
        paid_cents=tuple(paid for _, paid, _ in read),
        ahead=any(
            holds and top is not None and sign * (value - top) > 0
            for top, (value, _, holds) in zip(best, read, strict=True)
        ),
    )


def total_effect(base: Sequence[Fraction], mixed: Sequence[Fraction]) -> Fraction | None:
    """The total Sobol index of an input, from draws in which only its part was drawn anew; None without variance.

    S_T = Σ (f(A) − f(A with i from B))² / (2 n Var f)          (Jansen, Comput. Phys. Commun. 117 (1999))
    """
    n = len(base)
    mean = sum(base, Fraction(0)) / n
    variance = sum(((value - mean) ** 2 for value in base), Fraction(0)) / n
    if not variance:
        return None
    moved = sum(((one - other) ** 2 for one, other in zip(base, mixed, strict=True)), Fraction(0))
    return moved / (2 * n * variance)
