"""Small scenarios in which rules clash, and every answer by enumeration over bit masks.

Shares no code with the engine. A world is a tree of a root and two children, dossiers that are funded whole or not
at all, and a few rules. `Choices` holds all 2ⁿ choices of dossiers, one row each, so that twelve dossiers are as
quick as seven.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support import draws
from tnt_sim.analysis.infeasibility.repair_cost import RuleRepair
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

World = dict[str, Any]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
DEPARTMENTS = ("01", "02", "2A")
ENVELOPES = ("root", "a", "b")
DECIDED, WHOLE = ("fund", "refuse"), ("exclusive", "requires")
KINDS = ("floor", "floor", "count", "share", "cap", "each", "fund", "refuse", "exclusive", "requires")
NEVER = np.int64(2**60)


def world(seed: int, largest: int = 7, least: int = 3) -> World:
    """A random world; most of them hold a conflict."""
    draw = random.Random(seed)
    n = draw.randint(least, largest)
    dossiers = [
        {
            "id": f"D{k}",
            "envelope": draw.choice(["a", "b", "root"]),
            "department": draw.choice(DEPARTMENTS),
            "theme": draw.choice(("", *draws.THEMES, *draws.THEMES)),
            "cents": draw.choice([10_000, 25_050, 33_333, 60_000]) * draw.randint(1, 3),
            "tenths": draw.randint(1, 200),
        }
        for k in range(1, n + 1)
    ]
    for d in dossiers:
        d["written"] = d["theme"] and draws.spelling(draw.choice, d["theme"])
    total = sum(d["cents"] for d in dossiers)
    root = total * draw.randint(25, 70) // 100
    a = root * draw.randint(20, 60) // 100
    b = (root - a) * draw.randint(40, 100) // 100
    rules = [_rule(draw, k, dossiers) for k in range(draw.randint(2, 5))]
    return {
        "root": root,
        "a": a,
        "b": b,
        "fenced": draw.random() < 0.4,
        "dossiers": dossiers,
        "rules": rules,
    }


def commit(case: World, seed: int) -> World:
    """The world with one or two dossiers committed, which no repair takes back."""
    draw = random.Random(f"committed-{seed}")
    return {**case, "committed": draw.sample([d["id"] for d in case["dossiers"]], draw.randint(1, 2))}


def _rule(draw: random.Random, k: int, dossiers: list[Any]) -> dict[str, Any]:
    kind = draw.choice(KINDS)
    some = draw.sample([d["id"] for d in dossiers], 2)
    where = draw.choice(draws.THEMES)
    mine = [d for d in dossiers if d["theme"] == where]
    cents = sum(d["cents"] for d in mine)
    found: dict[str, Any] = {"id": f"r{k}", "kind": kind, "where": where, "some": some}
    if kind == "floor":
        found["min"] = cents * draw.randint(40, 100) // 100
    if kind == "cap":
        found["max"] = cents * draw.randint(0, 60) // 100
    if kind == "count":
        found["min"] = len(mine)
    if kind == "share":
        found["min"] = Fraction(draw.choice([125, 333, 700]), 1000)
    if kind == "each":
        found["max"] = draw.randint(0, 1)
    return found


def write(case: World, folder: Path) -> ScenarioData:
    """The world as files."""
    fence = "true" if case["fenced"] else "false"
    lines = [
        "schema_version: 1",
        "id: heurt",
        "programme:",
        "  id: root",
        f"  amount: {_euros(case['root'])}",
        "  envelopes:",
        f"    - {{id: a, amount: {_euros(case['a'])}}}",
        f"    - {{id: b, amount: {_euros(case['b'])}, ring_fenced: {fence}}}",
        "dossiers: [{file: d.csv}]",
        "objective: [{maximise: {score: 1}}]",
        "rules:" if case["rules"] else "rules: []",
        *(_written(rule) for rule in case["rules"]),
    ]
    table = ["dossier,envelope,department,theme,requested,cost,score,committed"]
    table += [
        f"{d['id']},{d['envelope']},{d['department']},{d['written']},{_figure(d['cents'])},{_figure(d['cents'])},"
        + draws.text(Fraction(d["tenths"], 10))
        + ","
        + (_figure(d["cents"]) if d["id"] in case.get("committed", ()) else "")
        for d in case["dossiers"]
    ]
    (folder / "d.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    (folder / "heurt.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_scenario(folder / "heurt.yaml")


def _figure(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _euros(cents: int) -> str:
    return f'"{_figure(cents)} €"'


def _written(rule: dict[str, Any]) -> str:
    head, where, (one, other) = f"id: {rule['id']}", f'where: {{theme: "{rule["where"]}"}}', rule["some"]
    text = {
        "floor": lambda: f"kind: limit, measure: granted, {where}, min: {_euros(rule['min'])}",
        "cap": lambda: f"kind: limit, measure: granted, {where}, max: {_euros(rule['max'])}",
        "count": lambda: f"kind: limit, measure: dossiers, {where}, min: {rule['min']}",
        "each": lambda: f"kind: limit, measure: dossiers, by: department, max: {rule['max']}",
        "share": lambda: f"kind: share, measure: granted, {where}, min: {draws.text(rule['min'] * 100)} %",
        "fund": lambda: f"kind: decide, fund: [{one}]",
        "refuse": lambda: f"kind: decide, refuse: [{one}]",
        "exclusive": lambda: f"kind: exclusive, dossiers: [{one}, {other}], max: 1",
        "requires": lambda: f"kind: requires, dossiers: [{one}], need: [{other}]",
    }[rule["kind"]]()
    return f"  - {{{head}, {text}}}"


class Choices:
    """All choices of dossiers of a world, one row each, and what each of them breaks."""

    def __init__(self, case: World) -> None:
        self.case = case
        self.ids = [d["id"] for d in case["dossiers"]]
        n = len(self.ids)
        self.held: Ints = np.arange(1 << n, dtype=np.int64)[:, None] >> np.arange(n) & 1
        self.cents = self.total("cents")
        self.tenths = self.total("tenths")
        """The score of each choice, in tenths."""
        self._relief: dict[frozenset[str], Ints] = {}

    def total(self, key: str) -> Ints:
        """Σ of a figure over each choice, int64 (2ⁿ,)."""
        return self.held @ np.array([d[key] for d in self.case["dossiers"]], dtype=np.int64)

    def names(self, row: int) -> set[str]:
        """Who is in a choice."""
        return {name for name, held in zip(self.ids, self.held[row], strict=True) if held}

    def row_of(self, names: set[str]) -> int:
        """The choice of these dossiers."""
        return sum(1 << k for k, name in enumerate(self.ids) if name in names)

    def apart(self, row: int, worth: Ints | None = None) -> Ints:
        """In how many dossiers (or for how much of their worth) each choice differs from one, int64 (2ⁿ,)."""
        differs = self.held ^ self.held[row]
        return differs.sum(axis=1) if worth is None else differs @ worth

    def under(self, key: str, value: str) -> Bools:
        """Which dossiers have that value, bool (n,)."""
        return np.array([d[key] == value for d in self.case["dossiers"]])

    def slack(self, rule: dict[str, Any]) -> tuple[Ints, Ints]:
        """By how many cents and how many units each choice breaks a rule; 0 where it holds."""
        nothing = np.zeros_like(self.cents)
        of = np.array([d["cents"] for d in self.case["dossiers"]], dtype=np.int64)
        mine = self.under("theme", rule["where"])
        money, number = self.held[:, mine] @ of[mine], self.held[:, mine].sum(axis=1)
        one, other = (self.held[:, self.ids.index(name)] for name in rule["some"])
        kind = rule["kind"]
        if kind == "floor":
            return np.maximum(0, rule["min"] - money), nothing
        if kind == "cap":
            return np.maximum(0, money - rule["max"]), nothing
        if kind == "share":
            part, whole = rule["min"].numerator, rule["min"].denominator
            return np.maximum(0, -(-(part * self.cents - whole * money) // whole)), nothing
        if kind == "each":
            return nothing, sum((self._above(place, rule["max"]) for place in DEPARTMENTS), nothing)
        units = {
            "count": lambda: np.maximum(0, rule["min"] - number),
            "fund": lambda: 1 - one,
            "refuse": lambda: one,
            "exclusive": lambda: one & other,
            "requires": lambda: one & (1 - other),
        }[kind]()
        return nothing, units

    def _above(self, place: str, most: int) -> Ints:
        mine: Ints = self.held[:, self.under("department", place)].sum(axis=1)
        return np.maximum(0, mine - most)

    @cached_property
    def slacks(self) -> dict[str, tuple[Ints, Ints]]:
        """The slack of each rule by its key."""
        return {key_of(rule): self.slack(rule) for rule in self.case["rules"]}

    def relief(self, lifted: frozenset[str]) -> Ints:
        """The least that must be added to the amounts of the lifted envelopes; NEVER where that does not help."""
        lifted = frozenset(key for key in lifted if key.startswith("envelope:"))
        if lifted not in self._relief:
            self._relief[lifted] = self._added(lifted)
        return self._relief[lifted]

    def _added(self, lifted: frozenset[str]) -> Ints:
        case, zero = self.case, np.zeros_like(self.cents)
        of = np.array([d["cents"] for d in case["dossiers"]], dtype=np.int64)
        got = {name: self.held[:, self.under("envelope", name)] @ of[self.under("envelope", name)]
               for name in ENVELOPES}  # fmt: skip
        free = case["root"] - case["a"] - case["b"]
        over = {name: np.maximum(0, got[name] - case[name]) for name in ("a", "b")}
        best = np.full_like(self.cents, NEVER)
        # what each child takes of the free money: nothing, all that it lacks, or what the others leave
        for take_a in (zero, over["a"], np.minimum(over["a"], np.maximum(0, free - got["root"]))):
            left = np.maximum(0, free - got["root"] - take_a)
            for take_b in (zero, over["b"], np.minimum(over["b"], left)):
                taken = take_a + take_b
                more = {"a": over["a"] - take_a, "b": over["b"] - take_b}
                # one euro more in a part is one euro more in the programme, where that may be raised too
                joint = "root" in {key.removeprefix("envelope:") for key in lifted}
                parts, of_a = (more["a"] + more["b"], more["a"]) if joint else (zero, zero)
                asked = self.cents - case["root"] - parts
                if case["fenced"]:
                    asked = np.maximum(asked, self.cents - got["b"] - (case["root"] - case["b"]) - of_a)
                asked = np.where(taken > 0, np.maximum(asked, taken + got["root"] - free), asked)
                more["root"] = np.maximum(0, asked)
                fine = ~((take_b > 0) & case["fenced"])
                for name, cents in more.items():
                    fine &= (cents == 0) | (f"envelope:{name}" in lifted)
                best = np.where(fine, np.minimum(best, sum(more.values())), best)
        return best

    def fits(self, fix: frozenset[str]) -> Bools:
        """Which choices break nothing but what is in `fix`, bool (2ⁿ,)."""
        fine = (self.relief(fix) < NEVER) & self.promised
        for key, (money, units) in self.slacks.items():
            if key not in fix:
                fine &= (money == 0) & (units == 0)
        return fine

    def fits_lines(self, lines: Iterable[tuple[str, str]]) -> Bools:
        """Which choices hold these (entry, group) alone, bool (2ⁿ,)."""
        kept = list(lines)
        fine = self.relief(frozenset(keys(self.case)) - {entry for entry, _ in kept}) < NEVER
        rules = {key_of(rule): rule for rule in self.case["rules"]}
        for entry, group in kept:
            if entry in rules and rules[entry]["kind"] == "each":
                fine &= self._above(group, rules[entry]["max"]) == 0
            elif entry in rules:
                fine &= sum(self.slacks[entry]) == 0
        return fine

    @property
    def promised(self) -> Bools:
        """Which choices fund all that is committed, bool (2ⁿ,)."""
        held = [name in self.case.get("committed", ()) for name in self.ids]
        return np.asarray(self.held[:, held].all(axis=1))

    @property
    def allowed(self) -> Bools:
        """Which choices keep every rule, bool (2ⁿ,)."""
        return self.fits(frozenset())

    def cheapest(self, fix: frozenset[str]) -> tuple[int, int] | None:
        """The least euros, then units, that repair through `fix` alone; None where it repairs nothing."""
        fine = self.fits(fix)
        if not fine.any():
            return None
        cents, units = self.relief(fix).copy(), np.zeros_like(self.cents)
        for rule in self.case["rules"]:
            if (key := key_of(rule)) in fix and rule["kind"] not in WHOLE:
                cents, units = cents + self.slacks[key][0], units + self.slacks[key][1]
        least = int(cents[fine].min())
        return least, int(units[fine & (cents == least)].min())

    def least_euros(self) -> int:
        """The least cents that repair, over all sets of what may be taken back."""
        least = self.cheapest(frozenset(keys(self.case)))
        assert least is not None
        return least[0]


def key_of(rule: dict[str, Any]) -> str:
    """The name of a rule in the open form."""
    return ("decide:" if rule["kind"] in DECIDED else "rule:") + str(rule["id"])


def keys(case: World) -> list[str]:
    """The names of what may be taken back, as the open form gives them."""
    return [*(f"envelope:{name}" for name in ENVELOPES), *map(key_of, case["rules"])]


def _subsets(names: list[str]) -> Iterator[frozenset[str]]:
    """Smallest first."""
    for k in range(len(names) + 1):
        for some in combinations(names, k):
            yield frozenset(some)


def corrections(every: Choices) -> set[frozenset[str]]:
    """Every minimal set without which all else fits."""
    fixes: list[frozenset[str]] = []
    for one in _subsets(keys(every.case)):
        if not any(fix <= one for fix in fixes) and every.fits(one).any():
            fixes.append(one)
    return set(fixes)


def conflicts(every: Choices) -> set[frozenset[str]]:
    """Every minimal set that no choice holds together, whatever else is given up."""
    names = keys(every.case)
    found: list[frozenset[str]] = []
    for one in _subsets(names):
        if not any(known <= one for known in found) and not every.fits(frozenset(names) - one).any():
            found.append(one)
    return set(found)


def check_fixes(every: Choices, repairs: Sequence[RuleRepair], fixes: set[frozenset[str]]) -> None:
    """All minimal corrections, one more set where that moves less money, and the cheapest of all first."""
    more = {repair.fix for repair in repairs} - fixes
    assert {repair.fix for repair in repairs} == fixes | more
    assert len(more) <= 1
    costs = [every.cheapest(fix) for fix in fixes]
    assert all(every.cheapest(fix) < min(filter(None, costs)) for fix in more)  # type: ignore[operator]
    assert repairs[0].cents == every.least_euros()
