"""Check that rows over whole numbers have no common point. Standard library only; Python 3.9 or later.

    python verifier.py [FOLDER]     reads rows.json and certificate.json; exit status 0 if there is a claim, and
                                    every claim is shown

Whole x with low <= x <= high; Σ value·x <= upper for each row; of each group, whose columns are 0 or 1 and in no
other group, at most one is 1 (exactly one with `must`). A claim says that with its own rows no point is left.
« Nothing is better » is -gain·x <= -best - 1. « Nothing as good is cheaper » is -gain·x <= -best and
cost·x <= granted - 1. In rows.json:

    {"columns": {"low": [..], "high": [..]}, "groups": [{"columns": [..], "must": false}, ..],
     "rows": [{"columns": [..], "values": [..], "upper": b}, ..],
     "claims": [{"says": "..", "rows": [row, ..], "before": [{"columns": [..], "at": v}, ..]}, ..]}

A claim with « before » says that no point is before another one, whose sums Σ x of these columns are v: a point is
before it if at the first sum where the two differ it has more.

In certificate.json {"proofs": [PROOF, ..]}, one for each claim (null for none). PROOF has one of three forms, the
third for « before »:

    {"multipliers": {row: m, ..}, "trees": [TREE, ..], "carried": row, "blocks": [row, ..]}
    {"split": {"columns": [..], "values": [..], "at": v}, "parts": [PROOF, PROOF]}
    {"narrow": [{row: m, ..}, ..], "parts": [PROOF, ..]}
    TREE: {"row": r, "price": y, "best": b, "below": [TREE, ..], "may_exceed": false}

1. A split adds Σ value·x <= v to one part and Σ value·x >= v + 1 to the other, as a row with the next number.
2. With multipliers m >= 0 a point satisfies gain·x >= target, where gain = -Σ m·value and target = -Σ m·upper.
3. The rows of a tree are caps: each counts part of the columns of the cap above it, in the same weights or in a
   multiple of them. The weight of fixed columns is off the room. At prices y >= 0, let Y be the sum of the prices
   from the root down to a cap. A selection under it is worth at most
       y·room + Σ best of the caps below + Σ over its own choices of max (gain - Y·weight),
   and falls short of that by what its parts fall short, and by y for each unit of room that it leaves.
4. « best », where it is given and below that, is shown: all parts (weight, gain) that fall short by less than
   the difference are listed, and none may be within the room. A part that is no lighter than another and gains
   no more is dropped, because the other may replace it under all caps.
5. A cap that may be exceeded has money of its own: a column, -1 in it and 1 in the cap above, pays for what
   exceeds it, is at least 0 and counts nowhere else. The cap above counts these columns alone. The price is at
   most Y above; a unit of room costs y, a unit of excess Y - y.
6. One row may be carried through a single tree that holds all its columns, at its multiplier m as the price of
   a unit: each part has its value in it too, and what exceeds it at the root is dropped.
7. A block is one choice of the columns of a row with values >= 0: all their values that keep it. One cap holds
   them, or none.
8. If the best of the trees and the greatest gains outside them stay below the target, there is no point.
9. A row of a split or of « before », or a sum of rows, narrows the ranges: what alone exceeds it when all else
   is least is closed; of a group, one must be taken where none exceeds it.
10. « before » goes through the sums: the points with more must be shown to be none, one part each unless the
    ranges show it already, and then the sum is v.

Multipliers m >= 0, prices, splits and values of « best » that are accepted are sound; good ones make lists short.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from math import inf
from operator import add
from os.path import abspath, dirname, join
from typing import Any

MOST_PAIRS = 3_000_000
"""Pairs that one claim may make for its lists, its blocks, and of a column's values beyond two."""
LARGEST = 1 << 200
"""The largest figure that is read."""

Json = Any
"""What a JSON file holds, before it is checked; or a list of tuples of figures."""
Entry = tuple[int, int, int]
"""Weight, value in the carried row, and gain with its sign turned: the smaller, the better."""
Row = tuple[dict[int, int], int]
"""Coefficients by column, and the upper bound."""


class NotShown(Exception):
    """The certificate does not show the claim; `args[0]` says why."""


def read_whole(number: Json, least: int = -LARGEST) -> int:
    """Return a whole number of at least `least`."""
    if type(number) is not int or not least <= number <= LARGEST:
        raise NotShown(f"{str(number)[:30]!r} is not a whole number in range")
    return number


def read_row(record: Json, n_columns: int) -> Row:
    """Return the coefficients of a row by column, and its upper bound."""
    columns, values = record["columns"], record["values"]
    if len(columns) != len(values) or len(set(columns)) != len(columns):
        raise NotShown("the columns and values of a row do not match")
    if not all(0 <= read_whole(column) < n_columns for column in columns):
        raise NotShown("a row counts a column that does not exist")
    return dict(zip(columns, map(read_whole, values))), read_whole(record["upper"])


class PlainSystem:
    """Columns with their ranges, groups of which one may be chosen, and rows."""

    def __init__(self, record: Json) -> None:
        """Read a system."""
        columns, groups = record["columns"], record["groups"]
        self.low, self.high = [*map(read_whole, columns["low"])], [*map(read_whole, columns["high"])]
        self.groups = [group["columns"] for group in groups]
        self.must = [group["must"] for group in groups]
        self.group_of = {read_whole(j, 0): g for g, group in enumerate(self.groups) for j in group}
        n = len(self.low)
        if len(self.high) != n or any(type(must) is not bool for must in self.must):
            raise NotShown("the columns or groups are not in the form that is read here")
        if len(self.group_of) != sum(map(len, self.groups)):
            raise NotShown("two groups share a column")
        if any(j >= n or not 0 <= self.low[j] <= self.high[j] <= 1 for j in self.group_of):
            raise NotShown("a column of a group is not 0 or 1")
        self.written = list(record["rows"])
        self.read: dict[int, Row] = {}
        self.is_open = True

    def get_row(self, index: Json) -> Row:
        """Return a row, read when it is first needed."""
        if read_whole(index, 0) >= len(self.written):
            raise NotShown("there is no such row")
        if index not in self.read:
            self.read[index] = read_row(self.written[index], len(self.low))
        return self.read[index]

    def get_open_row(self, index: Json) -> Row:
        """Return the columns of a row that are not fixed, and the room that the fixed ones leave."""
        row, upper = self.get_row(index)
        fixed = sum(value * self.low[j] for j, value in row.items() if self.low[j] == self.high[j])
        return {j: value for j, value in row.items() if value and self.low[j] < self.high[j]}, upper - fixed

    def has_points(self) -> bool:
        """Narrow the groups by what is fixed; return whether every column and group has a value left."""
        if not self.is_open or any(low > high for low, high in zip(self.low, self.high)):
            return False
        for group, must in zip(self.groups, self.must):
            opened, taken = [j for j in group if self.high[j]], [j for j in group if self.low[j]]
            if len(taken) > 1 or (must and not opened):
                return False
            if must and len(opened) == 1:
                taken = opened
            for j in group if taken else ():
                self.low[j] = self.high[j] = int(j == taken[0])
        return True

    def narrow(self, row: dict[int, int], upper: int) -> None:
        """Close what alone exceeds a row when all else is least; no point is left if the least exceeds it."""
        shares: dict[int, list[int]] = {}
        for j in row:
            shares.setdefault(self.group_of.get(j, -1 - j), []).append(j)
        least = {}
        for g, columns in shares.items():
            ends = [row[j] * end for j in columns for end in (self.low[j], self.high[j])]
            if g >= 0 and self.must[g] and all(j in row or not self.high[j] for j in self.groups[g]):
                ends = [row[j] for j in columns if self.high[j]]  # one of them is taken
            least[g] = min(ends, default=0)
        slack = upper - sum(least.values())
        self.is_open = self.is_open and slack >= 0
        for g, columns in shares.items() if slack >= 0 else ():
            for j in columns:
                if g >= 0 and row[j] > slack + least[g]:
                    self.high[j] = 0
                elif g < 0 and row[j] > 0:
                    self.high[j] = min(self.high[j], (slack + least[g]) // row[j])
                elif g < 0 and row[j] < 0:
                    self.low[j] = max(self.low[j], -((slack + least[g]) // -row[j]))
            if g >= 0 and slack + least[g] < 0:  # one of these columns is taken
                self.must[g] = True
                for j in self.groups[g]:
                    self.high[j] = self.high[j] if j in row else 0

    def add_row(self, row: dict[int, int], upper: int) -> PlainSystem:
        """Return a copy with one more row, which narrows its ranges."""
        copy: PlainSystem = PlainSystem.__new__(PlainSystem)
        copy.__dict__.update(self.__dict__, low=[*self.low], high=[*self.high], must=[*self.must])
        copy.read, copy.written = dict(self.read), [*self.written, None]
        copy.read[len(self.written)] = row, upper
        copy.narrow(row, upper)
        return copy

    def add_up(self, multipliers: Json) -> Row:
        """Return a sum of rows."""
        total: dict[int, int] = {}
        bound = 0
        for name, times in multipliers.items():
            if name != str(int(name)):  # "01" would count row 1 a second time
                raise NotShown(f"{name[:30]!r} is no number of a row")
            row, upper = self.get_row(int(name))
            bound += read_whole(times, 0) * upper
            for j, value in row.items():
                total[j] = total.get(j, 0) + times * value
        return total, bound

    def iterate_earlier(self, order: Json) -> Iterator[PlainSystem]:
        """Narrow to each sum of an order in turn; return the systems of the points with more that may exist."""
        for step in order:
            row, at = read_row(
                {**step, "values": [1] * len(step["columns"]), "upper": step["at"]}, len(self.low)
            )
            opposite = dict.fromkeys(row, -1)
            if sum(self.high[j] for j in row) > at:
                more = self.add_row(opposite, -at - 1)
                if self.has_points() and more.has_points():
                    yield more
            self.narrow(row, at)
            self.narrow(opposite, -at)


class PricedCap:
    """A cap of a tree: its room and prices, the caps below it, and the choices that it alone holds."""

    def __init__(self, room: int, price: int, may_exceed: bool, best: int | None) -> None:
        """Keep what the certificate says of a cap."""
        self.room, self.price, self.may_exceed, self.claim = room, price, may_exceed, best
        self.below: list[PricedCap] = []
        self.choices: list[list[Entry]] = []
        self.total = self.ceiling = self.best = 0
        self.over: float = inf
        self.payer = -1


class ListStep:
    """Parts of which a selection takes one: what each falls short, and what a unit more or less costs."""

    def __init__(self, entries: list[Entry], price: int, rate: int, best: int) -> None:
        """Measure the parts against the best of them."""
        self.entries = sorted((best + m + price * w + rate * v, w, v, m) for w, v, m in entries)
        self.usual = self.entries[0][1:3]
        self.lighter, self.heavier = zip(*(self.get_rates(k) for k in (1, 2)))

    def get_rates(self, k: int) -> tuple[int, int]:
        """Return the least that a unit less, and a unit more, of figure k costs."""
        usual = self.entries[0][k]
        less = (entry[0] // (usual - entry[k]) for entry in self.entries if entry[k] < usual)
        more = (entry[0] // (entry[k] - usual) for entry in self.entries if entry[k] > usual)
        return min(less, default=LARGEST), min(more, default=LARGEST)


class Check:
    """One proof without splits: multipliers make one gain of all rows, trees of caps bound it."""

    def __init__(self, system: PlainSystem, proof: Json, spent: list[int]) -> None:
        """Read the multipliers and the trees, and share the choices out among the caps."""
        self.system, self.spent = system, spent
        multipliers, name = proof.get("multipliers", {}), str(proof.get("carried"))
        self.carried: dict[int, int] = {}
        self.rate = self.most = 0
        if name in multipliers:
            self.rate = read_whole(multipliers[name], 0)
            self.carried, self.most = system.get_row(int(name))
        total, bound = system.add_up({row: times for row, times in multipliers.items() if row != name})
        self.target = -bound - self.rate * self.most
        self.gain = [-total.get(j, 0) for j in range(len(system.low))]
        self.holder: dict[int, PricedCap] = {}
        self.weight: dict[int, int] = {}
        self.loose = 0
        self.paid: set[int] = set()
        self.joined: set[int] = set()
        self.trees = [self.read_tree(tree, None) for tree in proof.get("trees", [])]
        for block in proof.get("blocks", []):
            self.join_columns(*system.get_open_row(block))
        self.distribute_choices()

    def read_tree(
        self, record: Json, above: PricedCap | None, excess: dict[int, int] | None = None
    ) -> PricedCap:
        """Read a cap and those below it; `excess` is the row above of a cap that may be exceeded."""
        row, room = self.system.get_open_row(record["row"])
        if excess is not None:  # one column, counted -1 here and +1 above, pays for what exceeds the room
            payers = [j for j, value in row.items() if value == -1 and excess.get(j) == 1]
            if len(payers) != 1 or self.system.low[payers[0]] or self.is_counted(payers[0]):
                raise NotShown("no column of the cap above pays for what exceeds a cap")
            self.paid.add(payers[0])
            del row[payers[0]]
        best = read_whole(record["best"]) if "best" in record else None
        cap = PricedCap(room, read_whole(record["price"], 0), excess is not None, best)
        cap.payer = payers[0] if excess is not None else -1
        below = record.get("below", [])
        if below and below[0].get("may_exceed"):
            if above is not None and not cap.may_exceed:
                raise NotShown("a cap that pays for others lies under one that counts choices")
            cap.below = [self.read_tree(child, None, row) for child in below]
            if row.keys() != {child.payer for child in cap.below}:
                raise NotShown("a cap that pays for others counts something else")
            return cap
        self.assign_columns(row, cap, above)
        cap.below = [self.read_tree(child, cap) for child in below]
        return cap

    def is_counted(self, j: int) -> bool:
        """Return whether a column has its place under a cap, pays for one already, or is part of a group."""
        return j in self.holder or j in self.paid or j in self.system.group_of

    def assign_columns(self, row: dict[int, int], cap: PricedCap, above: PricedCap | None) -> None:
        """Put a row's columns, which must lie under `above` and no cap beside it, under a cap."""
        if any(self.holder.get(j) is not above or j in self.paid for j in row):
            raise NotShown("two caps share a column, or a cap is no part of the one above")
        if above is None:
            self.weight.update(row)
        elif row:
            times = Fraction(*(weights[next(iter(row))] for weights in (self.weight, row)))
            if times <= 0 or any(self.weight[j] != times * value for j, value in row.items()):
                raise NotShown("a cap counts other weights than the one above")
            cap.room = cap.room * times.numerator // times.denominator
        self.holder.update(dict.fromkeys(row, cap))

    def distribute_choices(self) -> None:
        """Give each cap the choices among its own columns, and count the greatest gains outside all caps."""
        system = self.system
        low, high = system.low, system.high
        for group, must in zip(system.groups, system.must):
            held: dict[int, list[int]] = {}
            for j in group:
                if high[j]:
                    held.setdefault(id(self.holder.get(j)), []).append(j)
            for columns in held.values():
                # what is fixed as taken is already off the room
                options = [self.build_entry(j, 1) for j in columns]
                if not low[columns[0]] and not (must and len(held) == 1):
                    options.append((0, 0, 0))
                self.add_choice(self.holder.get(columns[0]), options)
        for j, (least, most) in enumerate(zip(low, high)):
            if j in system.group_of or j in self.paid or j in self.joined:
                continue
            cap = self.holder.get(j)
            values = range(least, most + 1, 1 if cap else max(1, most - least))
            self.spend(max(0, len(values) - 2))
            self.add_choice(cap, [self.build_entry(j, value) for value in values])

    def join_columns(self, row: dict[int, int], upper: int) -> None:
        """Make one choice of the columns of a row: all their values that keep it."""
        low, high = self.system.low, self.system.high
        taken = self.joined | self.paid | self.system.group_of.keys()
        if len({id(self.holder.get(j)) for j in row}) != 1 or taken.intersection(row):
            raise NotShown("the columns of a block are under several caps, or have another place")
        if any(value < 0 or low[j] < 0 for j, value in row.items()):
            raise NotShown("a block has a value below zero")
        states: list[Json] = [(0, 0, 0, 0)]
        for j, weight in row.items():
            values = range(low[j], high[j] + 1)
            self.spend(len(states) * len(values))
            options = [(weight * value, *self.build_entry(j, value)) for value in values]
            sums = [tuple(map(add, state, option)) for state in states for option in options]
            states = [state for state in sums if state[0] <= upper]
        if not states:
            raise NotShown("the columns of a block have no value that keeps its row")
        self.joined.update(row)
        self.add_choice(self.holder.get(next(iter(row))), [state[1:] for state in states])

    def build_entry(self, j: int, value: int) -> Entry:
        """Return what a column at a value adds; what is fixed is off the room of its caps already."""
        weight = 0 if self.system.low[j] == self.system.high[j] else self.weight.get(j, 0)
        return weight * value, self.carried.get(j, 0) * value, -self.gain[j] * value

    def add_choice(self, cap: PricedCap | None, options: list[Entry]) -> None:
        """Add a choice to a cap, or its greatest gain to what lies outside all caps."""
        if cap is not None:
            cap.choices.append(self.prune(options))
            return
        if any(v != options[0][1] for _, v, _ in options):
            raise NotShown("the carried row counts a column outside the trees")
        self.most -= options[0][1]
        self.loose -= min(m + self.rate * v for _, v, m in options)

    def is_shown(self) -> bool:
        """Return whether no selection reaches the target."""
        if any(self.gain[j] or self.carried.get(j) for j in self.paid):
            raise NotShown("a column that pays for an excess is counted elsewhere too")
        if self.carried and len(self.trees) != 1:
            raise NotShown("a row is carried through one tree")
        return self.loose + sum(self.compute_bound(tree, 0) for tree in self.trees) < self.target

    def compute_bound(self, cap: PricedCap, above: int, listed: bool = True) -> int:
        """Return a bound of the worth under a cap at the price `above`; lists show it where it is claimed."""
        if cap.may_exceed and cap.price > above:
            raise NotShown("the price of a cap that may be exceeded is greater than the one above")
        cap.total = cap.price if cap.may_exceed else above + cap.price
        cap.over = above - cap.price if cap.may_exceed else inf
        cap.ceiling = cap.price * cap.room + sum(
            self.compute_bound(child, cap.total, listed) for child in cap.below
        )
        cap.ceiling += sum(self.measure(one, cap.total) for one in cap.choices)
        cap.best = cap.ceiling if cap.claim is None else min(cap.claim, cap.ceiling)
        if listed and cap.best < cap.ceiling and self.list_entries(cap, cap.ceiling - cap.best - 1):
            raise NotShown("a cap has a selection that is worth more than is claimed")
        return cap.best

    def spend(self, n_pairs: int) -> None:
        """Count pairs, and refuse more than are listed at most."""
        self.spent[0] += n_pairs
        if self.spent[0] > MOST_PAIRS:
            raise NotShown("the lists are too long")

    def measure(self, options: list[Entry], price: int) -> int:
        """Return the greatest worth of some options at a price."""
        return -min(m + price * w + self.rate * v for w, v, m in options)

    def list_entries(self, cap: PricedCap, limit: int) -> list[Entry]:
        """List the entries under a cap that fall short of its ceiling by at most `limit`."""
        price, steps, (start_w, start_v, start_m) = cap.total, [], (0, 0, 0)
        for child in cap.below:
            entries = self.list_entries(child, limit + child.ceiling - child.best)
            if not entries:
                return []
            steps.append(ListStep(entries, price, self.rate, child.best))
        for options in cap.choices:
            best = self.measure(options, price)
            near = [p for p in options if best + p[2] + price * p[0] + self.rate * p[1] <= limit]
            if len(near) == 1:
                start_w, start_v, start_m = start_w + near[0][0], start_v + near[0][1], start_m + near[0][2]
            else:
                steps.append(ListStep(near, price, self.rate, best))
        steps.sort(key=lambda step: (len(step.entries) > 2, min(step.lighter[0], step.heavier[0])))
        # a figure, its bound, and what a unit over and under the bound costs
        limits: list[Json] = [(1, cap.room, cap.over, cap.price)]
        if self.carried and cap is self.trees[0]:
            limits.append((2, self.most, inf, self.rate))
        # of the steps still to come: the usual figure, and the least that a unit less, or more, costs
        after = [[(0, over, under) for _, _, over, under in limits]]
        for step in reversed(steps):
            after.append(
                [
                    (rest + step.usual[k - 1], min(less, step.lighter[k - 1]), min(more, step.heavier[k - 1]))
                    for (k, *_), (rest, less, more) in zip(limits, after[-1])
                ]
            )
        states = keep_near([(0, start_w, start_v, start_m)], limits, after.pop(), limit)
        for step in steps:
            joined: list[Json] = []
            for short, w, v, m in step.entries:
                self.spend(len(states))
                joined += [(a + w, b + v, c + m, s + short) for s, a, b, c in states if s + short <= limit]
            states = [(short, w, v, m) for w, v, m, short in self.prune(joined)]
            states = keep_near(states, limits, after.pop(), limit)
        if len(limits) > 1:  # what is left of the room and of the carried row adds up in the end
            short_of = cap.price * cap.room + self.rate * self.most
            states = [s for s in states if s[0] + short_of - cap.price * s[1] - self.rate * s[2] <= limit]
        if cap.may_exceed:
            return self.prune([(max(0, w - cap.room), v, m) for _, w, v, m in states])
        return [state[1:] for state in states]

    def prune(self, entries: list[Json]) -> list[Json]:
        """Sort entries by weight; keep those that gain more than all that are no heavier in either figure."""
        entries.sort()
        front: list[Json] = []
        values: list[int] = []
        gains: list[int] = []
        for entry in entries:
            place = bisect_right(values, entry[1])
            if place and gains[place - 1] <= entry[2]:
                continue
            last = place
            while last < len(values) and gains[last] >= entry[2]:
                last += 1
            first = place - (place > 0 and values[place - 1] == entry[1])
            values[first:last], gains[first:last] = [entry[1]], [entry[2]]
            front.append(entry)
        return front


def keep_near(states: list[Json], limits: list[Json], rest: list[Json], limit: int) -> list[Json]:
    """Keep the states that fall short by at most `limit` once each figure is brought to its bound."""
    for (k, bound, *_), (usual, less, more) in zip(limits, rest):
        room = bound - usual
        states = [
            state
            for state in states
            if state[0] + (less * (state[k] - room) if state[k] > room else more * (room - state[k])) <= limit
        ]
    return states


def check_proof(system: PlainSystem, proof: Json, spent: list[int]) -> bool:
    """Return whether a proof shows that a system has no point; `spent` counts the pairs listed."""
    if not system.has_points():
        return True
    if proof is None:
        raise NotShown(MISSING)
    if "split" not in proof:
        return Check(system, proof, spent).is_shown()
    at = read_whole(proof["split"]["at"])
    row, _ = read_row({**proof["split"], "upper": at}, len(system.low))
    first, second = proof["parts"]
    opposite = {j: -value for j, value in row.items()}
    return check_proof(system.add_row(row, at), first, spent) and check_proof(
        system.add_row(opposite, -at - 1), second, spent
    )


MISSING = "the certificate has no proof of it"
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, MemoryError)
"""Errors that end the reading of a file of another form."""


def check_first(system: PlainSystem, order: Json, proof: Json, spent: list[int]) -> bool:
    """Return whether a proof shows that no point of a system is before the one whose sums are in `order`."""
    for multipliers in proof["narrow"]:
        system.narrow(*system.add_up(multipliers))
    written = iter(proof["parts"])
    return all(check_proof(more, next(written, None), spent) for more in system.iterate_earlier(order))


def check_claim(record: Json, proof: Json, before: Json = None) -> str:
    """Return an empty text if a proof shows that the rows have no point, or none before another, else why not."""
    try:
        system, spent = PlainSystem(record), [0]
        is_empty = (
            check_proof(system, proof, spent) if before is None else check_first(system, before, proof, spent)
        )
    except NotShown as error:
        return str(error)
    except MALFORMED as error:
        return f"the files are not in the form that is read here: {error!a:.200}"
    return "" if is_empty else "the prices and lists leave room for a point"


def read_json(path: str) -> Json:
    """Return what a file holds."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(folder: str) -> int:
    """Check every claim in a folder, and print a sentence for each."""
    try:
        record = read_json(join(folder, "rows.json"))
        proofs = read_json(join(folder, "certificate.json"))["proofs"]
        claims = [
            (str(claim["says"]), [*record["rows"], *claim["rows"]], claim.get("before"))
            for claim in record["claims"]
        ]
        pairs = [*zip(claims, [*proofs, *([None] * len(claims))])]
    except (OSError, *MALFORMED) as error:
        print(f"not shown: {error!a:.200}")
        return 1
    if not claims:
        print("not shown: rows.json has no claim")
    n_shown = 0
    for (says, rows, before), proof in pairs:
        reason = check_claim({**record, "rows": rows}, proof, before) if proof is not None else MISSING
        n_shown += not reason
        print(f"not shown: {says} ({reason})" if reason else f"shown: {says}")
    return 0 if claims and n_shown == len(claims) else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else dirname(abspath(__file__))))
