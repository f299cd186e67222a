"""Random envelope trees for small cases, with every option."""

from __future__ import annotations

import random
from typing import Any

from support import draws
from support.mixed_cases.dossiers import DEPARTMENTS, KEYS, Money, euros

SHARES = list(draws.SHARES)


def programme(dice: random.Random, money: Money, count: int, files: dict[str, Any]) -> dict[str, Any]:
    """A tree of up to three levels; `count` dossiers of about 20 units each will ask from it."""
    total = money.unit * count * dice.randint(6, 22)
    root: dict[str, Any] = {"id": "p", "amount": euros(total)}
    names = ["a", "b", "c"][: dice.choice([0, 1, 2, 2, 3, 3])]
    left, children = total, []
    for name in names:
        part = left * dice.randint(10, 75) // 100 // money.unit * money.unit
        left -= part
        children.append(_child(dice, money, name, part, files))
    if not children:
        if dice.random() < 0.3:
            _split(dice, root, total, files)
        return root | _holding(dice)
    root["envelopes"] = children
    policy = dice.choice(["free", "free", "free", "own", "pro_rata", "to", "overbooked"])
    open_ = [child["id"] for child in children if "amount" in child and not child.get("ring_fenced")]
    if policy == "overbooked":
        root["overbooked"] = "true"
        if dice.random() < 0.3:
            root["unassigned"] = "pro_rata"
        if "envelopes" not in children[0] and "split" not in children[0]:
            children[0]["amount"] = euros(total * dice.randint(50, 100) // 100)
    elif policy == "to":
        root["unassigned"] = {"to": dice.choice(open_)} if open_ else "own"
    elif policy != "free":
        root["unassigned"] = policy
    _transfers(dice, children, open_)
    return root | _holding(dice)


def _child(dice: random.Random, money: Money, name: str, part: int, files: dict[str, Any]) -> dict[str, Any]:
    child: dict[str, Any] = {"id": name}
    if dice.random() < 0.15:
        return child
    child["amount"] = euros(part)
    if dice.random() < 0.25:
        child["ring_fenced"] = "true"
    if dice.random() < 0.2:
        inner = part * dice.randint(20, 80) // 100 // money.unit * money.unit
        child["envelopes"] = [{"id": f"{name}1", "amount": euros(inner)}]
        if dice.random() < 0.5:
            child["envelopes"].append({"id": f"{name}2", "amount": euros(part - inner)})
            _transfers(dice, child["envelopes"], [f"{name}1", f"{name}2"])
        child["unassigned"] = dice.choice(["free", "free", "own"])
    elif dice.random() < 0.15:
        _split(dice, child, part, files)
    return child | _holding(dice)


def _holding(dice: random.Random) -> dict[str, Any]:
    found = {}
    if dice.random() < 0.05:
        found["reserve"] = dice.choice(SHARES)
    if dice.random() < 0.12:
        found["overprogram"] = dice.choice(SHARES[1:])
    return found


def _split(dice: random.Random, node: dict[str, Any], amount: int, files: dict[str, Any]) -> None:
    """Each way to divide an envelope by department or by a column of free text."""
    way = dice.choice(["each", "key", "amounts", "weights"])
    groups, by = list(DEPARTMENTS), "department"
    if way != "key" and dice.random() < 0.5:
        groups, by = [draws.spelling(dice.choice, value) for value in KEYS], "key"
    node["split"] = {"by": by}
    if way == "each":
        node["split"] |= {"groups": groups, "each": euros(amount // dice.choice([3, 4]))}
    elif way == "key":
        node["split"] |= {"groups": groups, "key": "population", "fixed": dice.choice(SHARES)}
    else:
        table = f"cles-{node['id']}.csv"
        node["split"]["table"] = table
        shares = [dice.randint(1, 5) for _ in groups]
        cells = [euros(amount * share // sum(shares)) for share in shares] if way == "amounts" else shares
        column = "amount" if way == "amounts" else "weight"
        files[table] = [{"group": g, column: str(c)} for g, c in zip(groups, cells, strict=True)]
        if way == "weights" and dice.random() < 0.5:
            node["split"]["fixed"] = dice.choice(SHARES)


def _transfers(dice: random.Random, children: list[dict[str, Any]], open_: list[str]) -> None:
    if len(open_) < 2 or dice.random() < 0.55:
        return
    for child in children:
        if child["id"] in open_ and dice.random() < 0.8:
            others = [name for name in open_ if name != child["id"]]
            moves: dict[str, Any] = {"to": dice.sample(others, dice.randint(1, len(others)))}
            for key in ("out_max", "in_max"):
                if dice.random() < 0.5:
                    moves[key] = dice.choice(SHARES)
            child["transfers"] = moves


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node.get("envelopes", ()) for below in nodes(child))]


def open_to(root: dict[str, Any]) -> list[str]:
    """The envelopes from which dossiers may ask; under `pro_rata` not those that draw on what is shared."""
    names = []
    bare = {n["id"] for child in root.get("envelopes", ()) if "amount" not in child for n in nodes(child)}
    for node in nodes(root):
        loose = node is root or node["id"] in bare
        if root.get("unassigned") != "pro_rata" or not loose:
            names.append(node["id"])
    return names
