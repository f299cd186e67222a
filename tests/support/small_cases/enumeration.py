"""The whole contract for small cases, by enumeration, in plain Python: it shares no code with the engine.

A case is a dictionary: `envelopes` (a tree of dicts in cents), `dossiers` (a list of dicts), `rules`, `stages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

Case = dict[str, Any]
Award = dict[str, int]


def rank_key(dossier: dict[str, Any]) -> tuple[Any, ...]:
    """Filed first (empty last), then ids made of digits by value, then the others by code point."""
    name, filed = dossier["id"], dossier.get("filed")
    digits = name.isdigit()
    return (filed is None, filed or "", not digits, int(name) if digits else 0, name)


def options(dossier: dict[str, Any]) -> list[int | None]:
    """What a dossier may get: None for nothing."""
    if dossier.get("committed") is not None:
        return [dossier["committed"]]
    if not dossier.get("eligible", True) or dossier.get("decided") == -1:
        return [None]
    if dossier.get("levels"):
        amounts = sorted(set(menu_amounts(dossier)))
        if not amounts:
            return [None]
        return [*amounts] if dossier.get("decided") == 1 else [None, *amounts]
    most = min(dossier["requested"], dossier["cost"] * dossier["rate"][0] // dossier["rate"][1])
    unit = dossier.get("round", 1)
    most = most // unit * unit
    least = -(-dossier["min"] // unit) * unit if dossier["ranged"] else dossier.get("min", 0)
    if most <= 0 or most < least:
        return [None]
    amounts: list[int | None] = list(range(least, most + 1, unit)) if dossier["ranged"] else [most]
    return amounts if dossier.get("decided") == 1 else [None, *amounts]


def menu_amounts(dossier: dict[str, Any]) -> list[int]:
    """The amounts of a menu of rates (of the cost) that lie within what the dossier may get."""
    amounts = [dossier["cost"] * rate // 1 for rate in dossier["levels"]]
    top = min(dossier["requested"], dossier["cost"])
    return [cents for cents in amounts if 0 < cents <= top and cents >= dossier.get("min", 0)]


def equal_treatment(awards: Award, dossiers: list[dict[str, Any]]) -> bool:
    """In each group of a common rate some level explains every funded dossier's amount."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for d in dossiers:
        if d.get("common") and d["id"] in awards and "committed" not in d:
            groups.setdefault(d["department"], []).append(d)
    return all(
        any(all(d["cost"] * rate // 1 == awards[d["id"]] for d in members) for rate in members[0]["levels"])
        for members in groups.values()
    )


def in_play(dossier: dict[str, Any]) -> bool:
    return any(option is not None for option in options(dossier))


def envelope_holds(node: dict[str, Any], awards: Award, dossiers: list[dict[str, Any]]) -> bool:
    """Whether some non-negative gifts of free money make every amount hold, tried from the root down."""
    return _need(node, awards, dossiers)[1] and _need(node, awards, dossiers)[0] == 0


def _granted(node: dict[str, Any], awards: Award, dossiers: list[dict[str, Any]]) -> int:
    own = sum(awards.get(d["id"], 0) for d in dossiers if d["envelope"] == node["id"])
    return own + sum(_granted(child, awards, dossiers) for child in node.get("children", ()))


def _need(node: dict[str, Any], awards: Award, dossiers: list[dict[str, Any]]) -> tuple[int, bool]:
    """How much more than its own amount the node needs, and whether all under it can hold."""
    children = node.get("children", ())
    needs = [_need(child, awards, dossiers) for child in children]
    if not all(ok for _, ok in needs):
        return 0, False
    total = _granted(node, awards, dossiers)
    if node["amount"] is None:
        return 0, all(need == 0 for need, _ in needs)
    given = 0
    for child, (need, _) in zip(children, needs, strict=True):
        if need and (child.get("ring_fenced") or node.get("overbooked") or node.get("unassigned") == "own"):
            return 0, False
        given += need
    need = max(0, total - node["amount"])
    apart = _apart(node)
    if apart:
        outside = total - sum(_granted(fence, awards, dossiers) for fence in apart)
        need = max(need, outside - (node["amount"] - sum(fence["amount"] for fence in apart)))
    if given:
        loose = sum(awards.get(d["id"], 0) for d in dossiers if d["envelope"] == node["id"])
        loose += sum(_granted(c, awards, dossiers) for c in children if c["amount"] is None)
        free = node["amount"] - sum(c["amount"] or 0 for c in children)
        need = max(need, given + loose - free)
    return need, True


def _apart(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The outermost ring-fenced envelopes under a node: what they leave goes to nobody else."""
    if node["amount"] is None or node.get("overbooked"):
        return []
    children = [child for child in node.get("children", ()) if child["amount"] is not None]
    return [f for child in children for f in ([child] if child.get("ring_fenced") else _apart(child))]


def measure(name: str, awards: Award, dossiers: list[dict[str, Any]]) -> Fraction:
    """The value of a measure over the funded dossiers of a list."""
    funded = [d for d in dossiers if d["id"] in awards]
    if name == "granted":
        return Fraction(sum(awards[d["id"]] for d in funded), 100)
    if name == "dossiers":
        return Fraction(len(funded))
    if name == "applicants":
        return Fraction(len({d["holder"] for d in funded}))
    if name == "population":
        # Where the figures of an applicant differ, the largest counts, funded or not.
        best: dict[str, int] = {}
        for d in dossiers:
            best[d["holder"]] = max(best.get(d["holder"], 0), d["population"])
        return Fraction(sum(best[holder] for holder in {d["holder"] for d in funded}))
    if name == "leverage":
        return Fraction(sum(d["cost"] - awards[d["id"]] for d in funded), 100)
    if name == "cost":
        return Fraction(sum(d["cost"] for d in funded), 100)
    assert name == "score"
    return sum((d["score"] for d in funded), Fraction(0))


def pairs_broken(rule: dict[str, Any], awards: Award, dossiers: list[dict[str, Any]]) -> int:
    """How often exclusive, requires, together or order is broken."""
    alive = [d for d in dossiers if in_play(d)]
    chosen = [d for d in alive if all(d[k] in v for k, v in rule.get("where", {}).items())]
    if rule["kind"] == "requires":
        need = rule.get("at_least", len(rule["need"]))
        held = sum(name in awards for name in rule["need"])
        return sum(max(0, need - held) for name in rule["dossiers"] if name in awards)
    if rule["kind"] == "order":
        free = [d for d in chosen if "committed" not in d and not d["decided"]]
        sign = 1 if rule.get("best", "low") == "low" else -1
        return sum(
            j["id"] in awards and i["id"] not in awards
            for i in free
            for j in free
            if None not in (i[rule["rank"]], j[rule["rank"]])
            and sign * i[rule["rank"]] < sign * j[rule["rank"]]
            and (not rule.get("by") or "" != i[rule["by"]] == j[rule["by"]])
        )
    if rule.get("by"):
        names = sorted({d[rule["by"]] for d in chosen} - {""})
        groups = [[d["id"] for d in chosen if d[rule["by"]] == name] for name in names]
    else:
        groups = [list(rule["dossiers"])]
    broken = 0
    for members in groups:
        held = sum(name in awards for name in members)
        if rule["kind"] == "exclusive":
            most = rule.get("max", 1)
            broken += held * (held - 1) // 2 if most == 1 else max(0, held - most)
        else:
            broken += held * (len(members) - held)
    return broken


def distance(rule: dict[str, Any], awards: Award, dossiers: list[dict[str, Any]]) -> Fraction:
    """How far a rule is broken, in the unit that its price is for."""
    if rule["kind"] in ("exclusive", "requires", "together", "order"):
        return Fraction(pairs_broken(rule, awards, dossiers))
    total = Fraction(0)
    for num, den, low, high in figures(rule, awards, dossiers):
        if low is not None:
            total += max(Fraction(0), low * den - num)
        if high is not None:
            total += max(Fraction(0), num - high * den)
    return total


def rule_holds(rule: dict[str, Any], awards: Award, dossiers: list[dict[str, Any]]) -> bool:
    """One hard rule."""
    if rule["kind"] in ("exclusive", "requires", "together", "order"):
        return pairs_broken(rule, awards, dossiers) == 0
    for num, den, low, high in figures(rule, awards, dossiers):
        if den == 0:
            continue
        if (low is not None and num < low * den) or (high is not None and num > high * den):
            return False
    return True


def figures(
    rule: dict[str, Any], awards: Award, dossiers: list[dict[str, Any]]
) -> list[tuple[Fraction, Fraction, Fraction | None, Fraction | None]]:
    """(numerator, denominator, minimum, maximum) of a limit or a share, group by group."""
    chosen = [d for d in dossiers if all(d[k] in v for k, v in rule.get("where", {}).items())]
    if rule["kind"] == "share":
        of = [d for d in dossiers if all(d[k] in v for k, v in rule.get("of", {}).items())]
        num = measure(rule["measure"], awards, [d for d in chosen if d in of])
        return [(num, measure(rule["of_measure"], awards, of), rule.get("min"), rule.get("max"))]
    found = []
    groups = sorted({d[rule["by"]] for d in dossiers if in_play(d)} - {""}) if rule.get("by") else [None]
    for group in groups:
        members = [d for d in chosen if group is None or d[rule["by"]] == group]
        low = rule.get("min")
        if low is not None and rule.get("by"):
            biggest = {d["id"]: max(o for o in options(d) if o is not None) for d in members if in_play(d)}
            low = min(low, measure(rule["measure"], biggest, members))
        found.append((measure(rule["measure"], awards, members), Fraction(1), low, rule.get("max")))
    return found


def goal(case: Case, number: int, awards: Award, dossiers: list[dict[str, Any]]) -> Fraction:
    """The value of one stage, greater is better, less what broken priced rules take from it."""
    sense, weights = case["stages"][number - 1]
    value = sum((weight * measure(name, awards, dossiers) for name, weight in weights.items()), Fraction(0))
    found = value if sense == "maximise" else -value
    for rule in case["rules"]:
        if rule.get("penalty", {}).get("stage") == number and not rule.get("report"):
            found -= rule["penalty"]["cost"] * distance(rule, awards, dossiers)
    return found


def allowed(case: Case) -> Iterator[tuple[Award, tuple[Any, ...]]]:
    """Every allocation that keeps all that must hold, and its key: the greater, the better."""
    dossiers = sorted(case["dossiers"], key=rank_key)
    hard = [rule for rule in case["rules"] if "penalty" not in rule and not rule.get("report")]
    for choice in product(*(options(d) for d in dossiers)):
        awards = {d["id"]: cents for d, cents in zip(dossiers, choice, strict=True) if cents is not None}
        if not envelope_holds(case["envelopes"], awards, dossiers):
            continue
        if not equal_treatment(awards, dossiers) or not all(rule_holds(r, awards, dossiers) for r in hard):
            continue
        goals = tuple(goal(case, number, awards, dossiers) for number in range(1, len(case["stages"]) + 1))
        taken = tuple(d["id"] in awards for d in dossiers)
        cents = tuple(awards.get(d["id"], 0) for d in dossiers)
        yield awards, (goals, -sum(awards.values()), taken, cents)


def solve(case: Case) -> list[tuple[str, int]] | None:
    """The canonical answer as (dossier, cents) by rank, or None when nothing fits."""
    best = max(allowed(case), key=lambda found: found[1], default=None)
    if best is None:
        return None
    dossiers = sorted(case["dossiers"], key=rank_key)
    return [(d["id"], best[0][d["id"]]) for d in dossiers if d["id"] in best[0]]
