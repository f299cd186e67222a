"""The weights that a statement leaves possible, as a polygon in exact fractions, and cells of it.

    W = { w ≥ 0, Σ w = 1, lowest_k ≤ w_k ≤ highest_k, w_i ≥ w_j for each i said to weigh as much as j or more }

A half-space is a row (a, b): a·w ≥ b. Up to three criteria W is at most a polygon, which is cut by one half-space
after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

Weights = tuple[Fraction, ...]
Half = tuple[tuple[Fraction, ...], Fraction]


def statements(
    n: int, ranges: Sequence[tuple[Fraction, Fraction]], order: Sequence[tuple[int, int]]
) -> list[Half]:
    """The half-spaces of ranges (lowest, highest) for each criterion and of pairs (i, j): w_i ≥ w_j."""
    halves: list[Half] = []
    for k, (low, high) in enumerate(ranges):
        halves += [(_unit(n, k, 1), low), (_unit(n, k, -1), -high)]
    for i, j in order:
        row = [Fraction(0)] * n
        row[i], row[j] = Fraction(1), Fraction(-1)
        halves.append((tuple(row), Fraction(0)))
    return halves


def _unit(n: int, k: int, sign: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(sign if j == k else 0) for j in range(n))


def vertices(n: int, halves: Sequence[Half]) -> list[Weights]:
    """The corners of the simplex cut by half-spaces, in order around it; n is at most 3."""
    corners = [_unit(n, k, 1) for k in range(n)]
    for half in halves:
        corners = cut(corners, half)
    return corners


def cut(corners: Sequence[Weights], half: Half) -> list[Weights]:
    """What lies on one side of a line: the corners inside, and where edges cross it (Sutherland and Hodgman)."""
    found: list[Weights] = []
    for k, here in enumerate(corners):
        there = corners[(k + 1) % len(corners)]
        a, b = side(half, here), side(half, there)
        if a >= 0:
            found.append(here)
        if a * b < 0:
            t = a / (a - b)
            found.append(tuple(x + t * (y - x) for x, y in zip(here, there, strict=True)))
    return list(dict.fromkeys(found))


def side(half: Half, w: Weights) -> Fraction:
    """a·w − b: where w stands."""
    row, bound = half
    return sum((a * x for a, x in zip(row, w, strict=True)), Fraction(0)) - bound


def drawn(n: int, halves: Sequence[Half], count: int, seed: int, tries: int = 200) -> list[Weights]:
    """Weights drawn evenly from the simplex, those kept that the statements allow; in thousandths."""
    random, found = Random(seed), []
    for _ in range(count * tries):
        cuts = sorted(random.randint(0, 1000) for _ in range(n - 1))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, 1000], strict=True)]
        w = tuple(Fraction(part, 1000) for part in parts)
        if all(side(half, w) >= 0 for half in halves):
            found.append(w)
        if len(found) == count:
            break
    return found
