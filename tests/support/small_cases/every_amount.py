"""Every amount of an envelope by enumeration, in plain Python: it shares no code with the engine.

An allocation that keeps all else fits from some amount on (with those above raised by as much): its need. The
whole curve is then the list of allocations by need.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from support.small_cases.enumeration import (
    envelope_holds,
    equal_treatment,
    goal,
    options,
    rank_key,
    rule_holds,
)

Award = dict[str, int]


@dataclass
class Point:
    """An allocation: the least amount at which it fits, what it is worth (greater is better), and itself."""

    need: int
    goals: tuple[Fraction, ...]
    award: Award
    key: tuple[Any, ...]


def path_to(node: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The nodes from the root down to an envelope."""
    if node["id"] == name:
        return [node]
    for child in node.get("children", ()):
        below = path_to(child, name)
        if below:
            return [node, *below]
    return []


def raised(tree: dict[str, Any], name: str, cents: int) -> dict[str, Any]:
    """The tree with an envelope at an amount and those above moved by as much."""
    found = copy.deepcopy(tree)
    line = path_to(found, name)
    more = cents - line[-1]["amount"]
    for node in line:
        if node["amount"] is not None:
            node["amount"] += more
    return found


def floor(tree: dict[str, Any], name: str) -> int:
    """What the children of an envelope have: it cannot have less."""
    return sum(child["amount"] or 0 for child in path_to(tree, name)[-1].get("children", ()))


def points(case: dict[str, Any], name: str, rules: list[dict[str, Any]] | None = None) -> list[Point]:
    """All allocations that keep everything at some amount of the envelope, by rising need."""
    dossiers = sorted(case["dossiers"], key=rank_key)
    tree = case["envelopes"]
    written = rules if rules is not None else case["rules"]
    hard = [rule for rule in written if "penalty" not in rule and not rule.get("report")]
    low = floor(tree, name)
    high = path_to(tree, name)[-1]["amount"] + sum(
        max(d["requested"], d.get("committed") or 0) for d in dossiers
    )
    found = []
    for choice in product(*(options(d) for d in dossiers)):
        awards = {d["id"]: cents for d, cents in zip(dossiers, choice, strict=True) if cents is not None}
        if not equal_treatment(awards, dossiers) or not all(rule_holds(r, awards, dossiers) for r in hard):
            continue
        need = _need(tree, name, awards, dossiers, low, high)
        if need is None:
            continue
        priced = {**case, "rules": written}
        goals = tuple(goal(priced, k, awards, dossiers) for k in range(1, len(case["stages"]) + 1))
        key = (
            *goals,
            -sum(awards.values()),
            tuple(d["id"] in awards for d in dossiers),
            tuple(awards.get(d["id"], 0) for d in dossiers),
        )
        found.append(Point(need, goals, awards, key))
    return sorted(found, key=lambda point: point.need)


def _need(
    tree: dict[str, Any], name: str, awards: Award, dossiers: list[dict[str, Any]], low: int, high: int
) -> int | None:
    def fits(cents: int) -> bool:
        return envelope_holds(raised(tree, name, cents), awards, dossiers)

    if not fits(high):
        return None
    if fits(low):
        return low
    while high - low > 1:  # for one allocation, more money never hurts
        half = (low + high) // 2
        low, high = (low, half) if fits(half) else (half, high)
    return high


def best_at(every: list[Point], cents: int) -> Point | None:
    """The canonical answer at an amount."""
    return max((p for p in every if p.need <= cents), key=lambda p: p.key, default=None)


def least(every: list[Point], wanted: Callable[[Point], bool]) -> int | None:
    """The least amount at which some allocation is as wanted."""
    return min((p.need for p in every if wanted(p)), default=None)


def amounts(every: list[Point]) -> list[int]:
    """Every amount at which something new fits."""
    return sorted({p.need for p in every})
