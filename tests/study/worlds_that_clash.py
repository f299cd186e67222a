"""Small scenarios in which rules clash, and every answer by enumeration, in plain Python.

Shares no code with the engine. A world is a tree of a root and two children, dossiers that are funded whole or not
at all, and a few rules.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import Scenario

World = dict[str, Any]
DEPARTMENTS = ("01", "02", "2A")


def world(seed: int, largest: int = 7) -> World:
    """A random world; most of them hold a conflict."""
    draw = random.Random(seed)
    n = draw.randint(3, largest)
    dossiers = [
        {
            "id": f"D{k}",
            "envelope": draw.choice(["a", "b", "root"]),
            "department": draw.choice(DEPARTMENTS),
            "cents": draw.choice([10_000, 25_050, 33_333, 60_000]) * draw.randint(1, 3),
            "score": draw.randint(1, 20),
        }
        for k in range(1, n + 1)
    ]
    total = sum(d["cents"] for d in dossiers)
    root = total * draw.randint(25, 70) // 100
    a = root * draw.randint(20, 60) // 100
    b = (root - a) * draw.randint(40, 100) // 100
    rules = [_rule(draw, k, dossiers, total) for k in range(draw.randint(2, 5))]
    return {
        "root": root,
        "a": a,
        "b": b,
        "fenced": draw.random() < 0.4,
        "dossiers": dossiers,
        "rules": rules,
    }


def _rule(draw: random.Random, k: int, dossiers: list[Any], total: int) -> dict[str, Any]:
    kind = draw.choice(["floor", "floor", "count", "share", "fund", "refuse", "exclusive", "requires"])
    some = draw.sample([d["id"] for d in dossiers], 2)
    where = draw.choice(DEPARTMENTS)
    mine = sum(d["cents"] for d in dossiers if d["department"] == where)
    found: dict[str, Any] = {"id": f"r{k}", "kind": kind, "where": where, "some": some}
    if kind == "floor":
        found["min"] = mine * draw.randint(40, 100) // 100
    if kind == "count":
        found["min"] = sum(d["department"] == where for d in dossiers)
    if kind == "share":
        found["min"] = Fraction(draw.choice([25, 40, 70]), 100)
    return found


def write(case: World, folder: Path) -> Scenario:
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
        "rules:",
        *(_written(rule) for rule in case["rules"]),
    ]
    table = ["dossier,envelope,department,requested,cost,score"]
    table += [
        f"{d['id']},{d['envelope']},{d['department']},{_figure(d['cents'])},{_figure(d['cents'])},{d['score']}"
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
    head, where, (one, other) = f"id: {rule['id']}", f'where: {{department: "{rule["where"]}"}}', rule["some"]
    if rule["kind"] == "floor":
        return f"  - {{{head}, kind: limit, measure: granted, {where}, min: {_euros(rule['min'])}}}"
    if rule["kind"] == "count":
        return f"  - {{{head}, kind: limit, measure: dossiers, {where}, min: {rule['min']}}}"
    if rule["kind"] == "share":
        return f"  - {{{head}, kind: share, measure: granted, {where}, min: {int(rule['min'] * 100)} %}}"
    if rule["kind"] in ("fund", "refuse"):
        return f"  - {{{head}, kind: decide, {rule['kind']}: [{one}]}}"
    if rule["kind"] == "exclusive":
        return f"  - {{{head}, kind: exclusive, dossiers: [{one}, {other}], max: 1}}"
    return f"  - {{{head}, kind: requires, dossiers: [{one}], need: [{other}]}}"


def keys(case: World) -> list[str]:
    """The names of what may be taken back, as the open form gives them."""
    decided = {"fund", "refuse"}
    rules = [("decide:" if r["kind"] in decided else "rule:") + r["id"] for r in case["rules"]]
    return [*(f"envelope:{name}" for name in ("root", "a", "b")), *rules]


def selections(case: World) -> Iterator[list[dict[str, Any]]]:
    """Every choice of dossiers."""
    for k in range(len(case["dossiers"]) + 1):
        for some in combinations(case["dossiers"], k):
            yield list(some)


def slack(rule: dict[str, Any], chosen: list[dict[str, Any]]) -> tuple[int, Fraction]:
    """By how many cents and how many units a rule is broken; 0 where it holds."""
    ids = {d["id"] for d in chosen}
    mine = [d for d in chosen if d["department"] == rule["where"]]
    one, other = rule["some"]
    kind = rule["kind"]
    if kind == "floor":
        return max(0, rule["min"] - sum(d["cents"] for d in mine)), Fraction(0)
    if kind == "share":
        lacking = rule["min"] * sum(d["cents"] for d in chosen) - sum(d["cents"] for d in mine)
        return max(0, -(-lacking.numerator // lacking.denominator)), Fraction(0)
    broken = {
        "count": max(0, rule.get("min", 0) - len(mine)) if kind == "count" else 0,
        "fund": int(one not in ids),
        "refuse": int(one in ids),
        "exclusive": int(one in ids and other in ids),
        "requires": int(one in ids and other not in ids),
    }[kind]
    return 0, Fraction(broken)


def relief(case: World, chosen: list[dict[str, Any]], lifted: frozenset[str]) -> int | None:
    """The least that must be added to the amounts of the lifted envelopes; None where that does not help."""
    got = {name: sum(d["cents"] for d in chosen if d["envelope"] == name) for name in ("root", "a", "b")}
    total, free = sum(got.values()), case["root"] - case["a"] - case["b"]
    over = {name: max(0, got[name] - case[name]) for name in ("a", "b")}
    best = None
    # what each child takes of the free money: nothing, all that it lacks, or what the others leave
    for take_a in {0, over["a"], min(over["a"], max(0, free - got["root"]))}:
        left = max(0, free - got["root"] - take_a)
        for take_b in {0, over["b"], min(over["b"], left)}:
            if take_b and case["fenced"]:
                continue
            more = {"a": over["a"] - take_a, "b": over["b"] - take_b}
            asked = total - case["root"]
            if take_a + take_b:
                asked = max(asked, take_a + take_b + got["root"] - free)
            more["root"] = max(0, asked)
            if all(not cents or f"envelope:{name}" in lifted for name, cents in more.items()):
                cents = sum(more.values())
                best = cents if best is None else min(best, cents)
    return best


def cheapest(case: World, fix: frozenset[str]) -> tuple[int, Fraction] | None:
    """The least euros, then units, that repair through `fix` alone; None where it repairs nothing."""
    best = None
    names = dict(zip([r["id"] for r in case["rules"]], keys(case)[3:], strict=True))
    for chosen in selections(case):
        cents, units = 0, Fraction(0)
        for rule in case["rules"]:
            money, number = slack(rule, chosen)
            if names[rule["id"]] in fix:
                whole = rule["kind"] in ("exclusive", "requires")
                cents, units = cents + money, units + (0 if whole else number)
            elif money or number:
                break
        else:
            more = relief(case, chosen, fix)
            if more is not None and (best is None or (cents + more, units) < best):
                best = cents + more, units
    return best


def minimal(sets: list[frozenset[str]]) -> set[frozenset[str]]:
    """Those that hold no other."""
    return {one for one in sets if not any(other < one for other in sets)}


def corrections(case: World) -> set[frozenset[str]]:
    """Every minimal set without which all else fits."""
    every = keys(case)
    fixes = []
    for k in range(len(every) + 1):
        for some in combinations(every, k):
            one = frozenset(some)
            if not any(fix <= one for fix in fixes) and cheapest(case, one) is not None:
                fixes.append(one)
    return set(fixes)


def conflicts(case: World, fixes: set[frozenset[str]]) -> set[frozenset[str]]:
    """Every minimal set that meets each correction: what clashes, by definition of a correction."""
    every = keys(case)
    found: list[frozenset[str]] = []
    for k in range(len(every) + 1):
        for some in combinations(every, k):
            one = frozenset(some)
            if all(one & fix for fix in fixes) and not any(known <= one for known in found):
                found.append(one)
    return minimal(found)
