"""Measures of small cases in plain Python: what each funded dossier adds, and what counts once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from support.enumeration.amounts import base_cents, options, project, undecided_amounts
from support.enumeration.rows import Award, Row, World, cents, matches, people, value_of

Zero = Fraction(0)
MONEY = ("cost", "base", "requested", "invoices", "other_state", "other_public", "other_private")


@dataclass
class Measure:
    """Σ fixed + Σ per_cent · amount over funded dossiers, and each key of `once` a single time."""

    fixed: dict[str, Fraction] = field(default_factory=dict)
    per_cent: dict[str, Fraction] = field(default_factory=dict)
    once: list[tuple[dict[str, str], dict[str, Fraction]]] = field(default_factory=list)
    constant: Fraction = Zero
    money: bool = False

    def value(self, award: Award, among: Iterable[str] | None = None) -> Fraction:
        """The measure over the funded dossiers, or over those of `among`."""
        held = award.keys() if among is None else [name for name in among if name in award]
        total = self.constant
        for name in held:
            total += self.fixed.get(name, Zero) + self.per_cent.get(name, Zero) * award[name]
        for keys, worth in self.once:
            total += sum((worth[key] for key in {keys[name] for name in held if name in keys}), Zero)
        return total

    def alone(self, name: str, amount: int) -> Fraction:
        """What one dossier would add alone."""
        return self.value({name: amount}) - self.constant


@dataclass
class Measures:
    """The measures of one decision; `offers` is what each dossier may get."""

    world: World
    offers: dict[str, list[int | None]] = field(init=False)

    def __post_init__(self) -> None:
        self.offers = options(self.world)

    @property
    def in_play(self) -> list[str]:
        return [name for name, some in self.offers.items() if any(one is not None for one in some)]

    @property
    def eligible(self) -> list[str]:
        """Those in play, and those that only a decision refuses."""
        rows, playing = self.world.by_name, self.in_play
        return [name for name in self.offers if name in playing or undecided_amounts(self.world, rows[name])]

    def rows(self) -> list[Row]:
        return [self.world.by_name[name] for name in self.in_play]

    def most(self, name: str) -> int:
        return max(one for one in self.offers[name] if one is not None)

    def least(self, name: str) -> int:
        return min(one for one in self.offers[name] if one is not None)

    def forced(self, name: str) -> bool:
        """Committed, or funded by decision."""
        return None not in self.offers[name]

    def named(self, name: str) -> Measure:
        """A measure by its name."""
        spec = self.world.scenario.get("measures", {}).get(name)
        if spec is None:
            return self._built_in(name)
        if "mean" in spec:
            return self._mean(spec)
        parts = spec.get("sum", [spec])
        return combined([(Fraction(1), self._part(part)) for part in parts])

    def _mean(self, spec: dict[str, Any]) -> Measure:
        found = Measure()
        for row in self.rows():
            cells = [Fraction(row[column]) for column in spec["mean"] if row[column]]
            found.fixed[row["dossier"]] = sum(cells, Zero) / len(cells)
        return found

    def _part(self, spec: dict[str, Any]) -> Measure:
        chosen = [row for row in self.rows() if matches(row, spec.get("where"), self.world.under)]
        names = [row["dossier"] for row in chosen]
        if "value" in spec:
            part = Measure(fixed={name: Fraction(spec["value"]) for name in names})
        elif spec["column"] == "changed":
            return self._changed(set(names) if "where" in spec else None)
        elif spec["column"] in ("granted", "dossiers", "projects", "applicants", "leverage"):
            whole = self._built_in(spec["column"])
            part = Measure(
                {name: value for name, value in whole.fixed.items() if name in names},
                {name: value for name, value in whole.per_cent.items() if name in names},
                [({n: k for n, k in keys.items() if n in names}, worth) for keys, worth in whole.once],
                money=whole.money,
            )
        else:
            part = self._column(spec["column"], names)
        if "once_per" not in spec:
            return part
        keys = {
            name: value_of(self.world.by_name[name], spec["once_per"])
            for name in part.fixed
            if part.fixed[name]
        }
        worth: dict[str, Fraction] = {}
        for name, key in keys.items():
            worth[key] = max(worth.get(key, part.fixed[name]), part.fixed[name])
        return Measure(once=[(keys, worth)], money=part.money)

    def _column(self, column: str, names: list[str]) -> Measure:
        fixed = {}
        for name in names:
            row = self.world.by_name[name]
            if column == "base":
                fixed[name] = Fraction(base_cents(row) or 0, 100)
            elif column in MONEY:
                fixed[name] = Fraction(cents(row[column] or "0"), 100)
            elif column == "population":
                fixed[name] = Fraction(people(row))
            else:
                fixed[name] = Fraction(row[column] or "0")
        return Measure(fixed, money=column in MONEY)

    def _built_in(self, name: str) -> Measure:
        names = self.in_play
        if name == "granted":
            return Measure(per_cent=dict.fromkeys(names, Fraction(1, 100)), money=True)
        if name == "dossiers":
            return Measure(fixed=dict.fromkeys(names, Fraction(1)))
        if name == "leverage":
            cost = self._column("cost", names)
            return Measure(cost.fixed, dict.fromkeys(names, Fraction(-1, 100)), money=True)
        if name == "changed":
            return self._changed(None)
        if name in ("projects", "applicants", "population"):
            return self._once(name)
        return self._column(name, names)

    def _once(self, name: str) -> Measure:
        keys: dict[str, str] = {}
        worth: dict[str, Fraction] = {}
        for row in self.rows():
            named = f"n:{value_of(row, 'applicant')}" if row["applicant"] else f"d:{row['dossier']}"
            key = project(row) if name == "projects" else row.get("applicant_id") or named
            keys[row["dossier"]] = key
            mine = Fraction(people(row)) if name == "population" else Fraction(1)
            worth[key] = max(worth.get(key, mine), mine)
        return Measure(once=[(keys, worth)])

    def _changed(self, names: set[str] | None) -> Measure:
        """Funded in only one of this and the earlier list."""
        table = self.world.case["files"][self.world.scenario["reference"]]
        before = {row["dossier"] for row in table if row["granted"] and cents(row["granted"]) > 0}
        counted = set(self.world.by_name) if names is None else names
        fixed = {name: Fraction(-1 if name in before else 1) for name in counted}
        inside = before if names is None else before & counted
        return Measure(fixed, constant=Fraction(len(inside)))

    def reach(self, measure: Measure, names: Iterable[str]) -> Fraction:
        """What dossiers could bring at most if all had their largest grant; only what gains, or is settled."""
        award = {}
        for name in names:
            amount = self.least(name) if measure.per_cent.get(name, Zero) < 0 else self.most(name)
            if self.forced(name) or measure.alone(name, amount) > 0:
                award[name] = amount
        return measure.value(award)

    def groups(self, by: Any, named: Iterable[str], listed: Any = None) -> dict[str, list[str]]:
        """The values of a column (or of several) among `named`, each with its dossiers; empty values form none.

        A list says which groups there are.
        """
        only = None if listed in (None, "present") else list(listed)
        found: dict[str, list[str]] = {name: [] for name in only or ()}
        for name in named:
            key = self.key(by, self.world.by_name[name])
            if key and (only is None or key in only):
                found.setdefault(key, []).append(name)
        return found

    def key(self, by: Any, row: Row) -> str:
        columns = [by] if isinstance(by, str) else list(by)
        cells = [self.world.home(row) if one == "envelope" else value_of(row, one) for one in columns]
        return " · ".join(cells) if all(cells) else ""


def combined(parts: list[tuple[Fraction, Measure]]) -> Measure:
    """A weighted sum."""
    total = Measure()
    for weight, part in parts:
        for mine, theirs in ((total.fixed, part.fixed), (total.per_cent, part.per_cent)):
            for name, value in theirs.items():
                mine[name] = mine.get(name, Zero) + weight * value
        total.once += [
            (keys, {key: weight * value for key, value in worth.items()}) for keys, worth in part.once
        ]
        total.constant += weight * part.constant
        total.money = total.money or part.money
    return total
