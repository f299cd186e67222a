"""Small systems as the verifier reads them: trees of caps, groups, ranges, a row beside, and their best gain."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from random import Random
from typing import Any

Tree = tuple[int, "list[Tree]", bool]


@dataclass(frozen=True)
class PlainCase:
    """A system without a goal, a gain for each column, the trees of its caps, and a row beside them if any."""

    record: dict[str, Any]
    gain: list[int]
    trees: list[Tree]
    beside: int | None

    def asking(self, target: int) -> tuple[dict[str, Any], int]:
        """Return the system whose points gain at least `target`, and the number of that row."""
        columns = range(len(self.gain))
        row = {"columns": [*columns], "values": [-value for value in self.gain], "upper": -target}
        return {**self.record, "rows": [*self.record["rows"], row]}, len(self.record["rows"])

    def best(self) -> int | None:
        """Return the greatest gain of a point, by enumeration; None if there is no point."""
        low, high = self.record["columns"]["low"], self.record["columns"]["high"]
        best = None
        for x in itertools.product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
            chosen = [(sum(x[j] for j in one["columns"]), one["must"]) for one in self.record["groups"]]
            if any(n > 1 or (must and not n) for n, must in chosen):
                continue
            sums = [
                sum(v * x[j] for j, v in zip(r["columns"], r["values"], strict=True))
                for r in self.record["rows"]
            ]
            if all(total <= r["upper"] for total, r in zip(sums, self.record["rows"], strict=True)):
                worth = sum(g * value for g, value in zip(self.gain, x, strict=True))
                best = worth if best is None else max(best, worth)
        return best


def draw_plain_case(seed: int) -> PlainCase:
    """Draw three to six columns under one to three caps, nested, exceedable or apart, and often a row beside."""
    dice = Random(seed)
    n = dice.randint(3, 6)
    weight, gain = [dice.randint(1, 12) for _ in range(n)], [dice.randint(0, 12) for _ in range(n)]
    low, high, groups = [0] * n, [1] * n, []
    order = dice.sample(range(n), n)
    if dice.random() < 0.5:
        groups.append({"columns": sorted(order[: dice.randint(2, 3)]), "must": dice.random() < 0.3})
    grouped = {j for group in groups for j in group["columns"]}
    for j in set(range(n)) - grouped:
        high[j] = dice.choice([1, 1, 1, 2, 3])
        low[j] = int(dice.random() < 0.05)
    rows: list[dict[str, Any]] = []

    def add(entries: dict[int, int], upper: int) -> int:
        rows.append({"columns": [*entries], "values": [*entries.values()], "upper": upper})
        return len(rows) - 1

    width = dice.randint(1, 3)
    parts = [order[k::width] for k in range(width)]
    exceedable, children, payers = dice.random() < 0.4, [], []
    for part in parts:
        entries = {j: weight[j] for j in part}
        if exceedable:
            low.append(0)
            high.append(dice.choice([2, 8]))
            gain.append(0)
            payers.append(len(low) - 1)
            entries[payers[-1]] = -1
        row = add(entries, dice.randint(0, sum(weight[j] for j in part)))
        inner = len(part) > 1 and dice.random() < 0.5
        below = [(add({j: 2 * weight[j] for j in part[1:]}, dice.randint(1, 30)), [], False)] if inner else []
        children.append((row, below, exceedable))
    trees: list[Tree] = children
    if exceedable:
        trees = [(add(dict.fromkeys(payers, 1), dice.randint(0, 20)), children, False)]
    elif dice.random() < 0.8:
        trees = [(add(dict(enumerate(weight)), dice.randint(1, sum(weight))), children, False)]
    beside = (
        add({j: dice.randint(-5, 5) for j in range(n)}, dice.randint(-3, 10)) if dice.random() < 0.4 else None
    )
    return PlainCase(
        {"columns": {"low": low, "high": high}, "groups": groups, "rows": rows}, gain, trees, beside
    )
