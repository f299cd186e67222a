"""Trees of three levels, and what walls let through, by enumeration: it shares no code with the engine.

« Open » says it all: money of an envelope without fence goes to any other below the same node; what a fence sets
apart does not leave it; dossiers of an envelope itself may use what those below it leave, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

Node = dict[str, Any]
RATES = (Fraction(1, 10), Fraction(1, 8), Fraction(1, 4))


def drawn(seed: int) -> dict[str, Any]:
    """A case of a number: a tree, and up to six dossiers."""
    dice = Random(seed)
    unit = dice.choice([1, 7, 125, 1000])
    root = _node(dice, "p", unit * dice.randint(20, 70), unit, 0)
    if dice.random() < 0.08:
        root["amount"] = None
    places = [node["id"] for node in walk(root)]
    leaves = [node["id"] for node in walk(root) if not node["children"]]
    dossiers = []
    for k in range(dice.randint(3, 6)):
        most = unit * dice.randint(4, 24)
        dossier = {
            "id": f"D{k}",
            "envelope": dice.choice(leaves if dice.random() < 0.8 else places),
            "most": most,
            "least": most,
            "score": Fraction(dice.randint(0, 60), dice.choice([1, 2, 10])),
        }
        if dice.random() < 0.15:
            dossier["least"] = most - unit * dice.randint(1, 2)
        if dice.random() < 0.1:
            dossier["committed"] = unit * dice.randint(1, 5)
        dossiers.append(dossier)
    return {"root": root, "dossiers": dossiers, "unit": unit}


def _node(dice: Random, name: str, amount: int | None, unit: int, depth: int) -> Node:
    node: Node = {"id": name, "amount": amount, "children": [], "unassigned": "free"}
    chance = (1.0, 0.55, 0.0)[depth]
    left = amount or unit * 30
    if dice.random() < chance:
        count = dice.choice([2, 2, 3])
        for k in range(count):
            part = left if k == count - 1 and dice.random() < 0.6 else left * dice.randint(15, 70) // 100
            left -= part
            own = None if dice.random() < 0.1 else part
            child = _node(dice, f"{name}{k}", own, unit, depth + 1)
            if own is not None and dice.random() < 0.3:
                child["ring_fenced"] = True
            node["children"].append(child)
        node["unassigned"] = dice.choice(["free", "free", "own", "pro_rata", "to"])
        if node["unassigned"] == "to":
            able = [c["id"] for c in node["children"] if c["amount"] is not None and not c.get("ring_fenced")]
            node["unassigned"] = {"to": dice.choice(able)} if able else "free"
        if dice.random() < 0.12:
            node["overbooked"], node["unassigned"] = True, "free"
    if amount is not None and dice.random() < 0.12:
        node["reserve"] = dice.choice(RATES)
    if amount is not None and dice.random() < 0.1:
        node["overprogram"] = dice.choice(RATES)
    if dice.random() < 0.06:
        node["max_dossiers"] = dice.randint(1, 2)
    return node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node["children"]:
        yield from walk(child)


def with_transfers(case: dict[str, Any], dice: Random) -> dict[str, Any]:
    """A drawn case whose envelopes may give to siblings, some within limits."""
    for node in walk(case["root"]):
        able = [c for c in node["children"] if c["amount"] is not None and not c.get("ring_fenced")]
        for giver in able:
            takers = [taker["id"] for taker in able if taker is not giver and dice.random() < 0.5]
            if takers:
                giver["transfers"] = {"to": takers}
                if dice.random() < 0.5:
                    giver["transfers"]["out_max"] = euros(giver["amount"] // 2)
    return case


def with_dossiers_above(case: dict[str, Any], dice: Random) -> dict[str, Any]:
    """A drawn case half of whose dossiers ask from envelopes that have others under them."""
    above = [node["id"] for node in walk(case["root"]) if node["children"]]
    for dossier in case["dossiers"]:
        if dice.random() < 0.5:
            dossier["envelope"] = dice.choice(above)
    return case


def with_fences_below(case: dict[str, Any], dice: Random) -> dict[str, Any]:
    """A drawn case whose root has free money, and whose envelopes below its children are mostly fenced."""
    case["root"]["unassigned"] = "free"
    for child in case["root"]["children"]:
        child.pop("ring_fenced", None)
        for below in walk(child):
            if below is not child and below["amount"] is not None and dice.random() < 0.7:
                below["ring_fenced"] = True
    return case


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def load(case: dict[str, Any], folder: Path) -> ScenarioData:
    folder.mkdir(parents=True, exist_ok=True)
    head = "dossier,envelope,cost,requested,min_grant,score,committed,kind"
    rows = [
        f"{d['id']},{d['envelope']},{euros(2 * d['most'])},{euros(d['most'])},{euros(d['least'])},"
        f"{float(d['score'])},{euros(d['committed']) if 'committed' in d else ''},"
        f"{'range' if d['least'] < d['most'] else 'whole'}"
        for d in case["dossiers"]
    ]
    (folder / "dossiers.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    tree = {
        "schema_version": 1,
        "id": "case",
        "programme": _written(case["root"]),
        "dossiers": [{"file": "dossiers.csv"}],
        "grants": [
            {"where": {"kind": "range"}, "mode": "range", "round": euros(case["unit"])},
            {"mode": "all_or_nothing"},
        ],
        "objective": [{"maximise": {"score": 1}}],
        "solver": {"cross_check": "never"},
    }
    with (folder / "case.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(tree, stream)
    return load_scenario(folder / "case.yaml")


def _written(node: Node) -> Node:
    found: Node = {"id": node["id"]}
    if node["amount"] is not None:
        found["amount"] = euros(node["amount"])
    for key in ("ring_fenced", "overbooked", "max_dossiers", "transfers"):
        if key in node:
            found[key] = node[key]
    for key in ("reserve", "overprogram"):
        if key in node:
            found[key] = f"{float(node[key] * 100)} %"
    if node["children"]:
        found["envelopes"] = [_written(child) for child in node["children"]]
        found["unassigned"] = node["unassigned"]
    return found


def options(case: dict[str, Any], dossier: dict[str, Any]) -> list[int]:
    """What a dossier may get, 0 for nothing."""
    if "committed" in dossier:
        return [dossier["committed"]]
    unit = case["unit"]
    low, high = -(-dossier["least"] // unit) * unit, dossier["most"] // unit * unit
    if dossier["least"] == dossier["most"]:
        return [0, dossier["most"]]
    return [0, *range(low, high + 1, unit)]


def best(case: dict[str, Any], opened: str | None = None, *, wholly: bool = True) -> Fraction:
    """The best score, once the walls of an envelope are down."""
    purse = Purse(case, opened, wholly)
    found: Fraction | None = None
    for grants in product(*(options(case, d) for d in case["dossiers"])):
        score = sum((d["score"] for d, g in zip(case["dossiers"], grants, strict=True) if g), Fraction(0))
        if (found is None or score > found) and purse.fits(grants):
            found = score
    assert found is not None
    return found


class Purse:
    """Whether grants fit a tree with the walls of one envelope down."""

    def __init__(self, case: dict[str, Any], opened: str | None, wholly: bool) -> None:
        self.case, self.opened, self.wholly = case, opened, wholly
        self.own: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.given: dict[str, int] = {}
        for node in walk(case["root"]):
            amount = node["amount"]
            if amount is not None:
                held = -(-amount * node.get("reserve", Fraction(0)).numerator
                         // node.get("reserve", Fraction(1)).denominator)  # fmt: skip
                self.held[node["id"]] = held
                self.own[node["id"]] = amount - held + int(amount * node.get("overprogram", 0))
        for node in walk(case["root"]):
            self._give(node)
        self.getting: set[str] = set()
        """The envelopes to which free money may come today."""
        for node in walk(case["root"]):
            own = self.own.get(node["id"])
            some = node["id"] in self.getting or (own is not None and own > self._written(node))
            for child in node["children"]:
                open_ = child["amount"] is not None and not child.get("ring_fenced")
                if some and open_ and self._gains(node, child, own, divided=False):
                    self.getting.add(child["id"])

    def _give(self, node: Node) -> None:
        """What `pro_rata` gives, by largest remainders."""
        if node["unassigned"] != "pro_rata" or node.get("overbooked") or node["amount"] is None:
            return
        loose = {n["id"] for n in self._loose(node)}
        rest = self.own[node["id"]] - self._written(node)
        rest -= sum(d.get("committed", 0) for d in self.case["dossiers"] if d["envelope"] in loose)
        takers = [c for c in node["children"] if c["amount"] is not None and not c.get("ring_fenced")]
        whole = sum(c["amount"] for c in takers)
        if rest <= 0 or not whole:
            return
        parts = {c["id"]: rest * c["amount"] // whole for c in takers}
        late = sorted(takers, key=lambda c: (-(rest * c["amount"] % whole), c["id"]))
        for c in late[: rest - sum(parts.values())]:
            parts[c["id"]] += 1
        for name, part in parts.items():
            self.own[name] += part
            self.given[name] = part

    def _loose(self, node: Node) -> list[Node]:
        """The node itself and all below its children without amount."""
        return [node, *(n for c in node["children"] if c["amount"] is None for n in walk(c))]

    @staticmethod
    def _written(node: Node) -> int:
        return sum(c["amount"] or 0 for c in node["children"])

    def fits(self, grants: tuple[int, ...]) -> bool:
        self.got = {n["id"]: 0 for n in walk(self.case["root"])}
        self.count = dict(self.got)
        for d, cents in zip(self.case["dossiers"], grants, strict=True):
            self.got[d["envelope"]] += cents
            self.count[d["envelope"]] += cents > 0
        for node in walk(self.case["root"]):
            if sum(self.count[n["id"]] for n in walk(node)) > node.get("max_dossiers", 99):
                return False
        need = self._need(self.case["root"], opened=False, over=False, lifted=False)
        return need is not None and need <= 0

    def _granted(self, node: Node) -> int:
        return sum(self.got[n["id"]] for n in walk(node))

    def _need(
        self, node: Node, *, opened: bool, over: bool, lifted: bool, divided: bool = False
    ) -> int | None:
        """What a node lacks; negative is what it can spare; None where nothing helps.

        `over`: an envelope above has an amount. `lifted`: nothing is set apart for it. `divided`: its children get
        nothing of what it gets.
        """
        root = node["id"] == self.opened
        here = root or opened
        below = opened or (root and self.wholly)
        own = None if lifted or node["amount"] is None else self.own[node["id"]]
        ceilings = bool(node.get("overbooked") or own is None) and (own is not None or over or lifted)
        some = over or node["amount"] is not None
        wants, spare = 0, 0
        for child in node["children"]:
            fence = bool(child.get("ring_fenced")) and child["amount"] is not None
            up = here and ceilings and not fence and child["amount"] is not None
            tight = root and not self.wholly and self._is_divided(child) and child["id"] not in self.getting
            need = self._kid(child, below, some, up, tight)
            if need is None:
                return None
            if child["amount"] is None or up:
                continue
            if fence or not (here or self._gains(node, child, own, divided)) or ceilings:
                if need > 0:
                    return None
                continue
            wants += max(0, need)
            if here:
                spare += max(0, -need)
        short = max(0, wants - spare)
        if own is None:
            return None if short else -1
        need = self._granted(node) - own
        apart = self._apart(node)
        if apart:
            outside = self._granted(node) - sum(self._granted(fence) for fence in apart)
            left = own + self.held.get(node["id"], 0) - sum(fence["amount"] for fence in apart)
            need = max(need, outside - left)
        if short:
            given = sum(self.given.get(c["id"], 0) for c in node["children"])
            loose = sum(self.got[n["id"]] for n in self._loose(node))
            need = max(need, short + loose - (own - self._written(node) - given))
        return need

    def _kid(self, child: Node, below: bool, some: bool, up: bool, tight: bool) -> int | None:
        if up and not self.wholly and any(c["amount"] is not None for c in child["children"]):
            kept = self.own[child["id"]]
            self.own[child["id"]] = 10**12  # a ceiling that caps nothing, above walls that stay
            found = self._need(child, opened=below, over=some, lifted=False, divided=tight)
            self.own[child["id"]] = kept
            return None if found is None else -1
        return self._need(child, opened=below, over=some, lifted=up, divided=tight)

    def _is_divided(self, node: Node) -> bool:
        parts = [c["amount"] for c in node["children"] if c["amount"] is not None]
        return bool(parts) and node["amount"] is not None and sum(parts) >= self.own[node["id"]]

    def _gains(self, node: Node, child: Node, own: int | None, divided: bool) -> bool:
        policy = node["unassigned"]
        if own is None or divided or node.get("overbooked"):
            return False
        return bool(policy == "free" or (isinstance(policy, dict) and policy["to"] == child["id"]))

    def _apart(self, node: Node) -> list[Node]:
        """The outermost fences below a node: what they leave goes to nobody else."""
        if node.get("overbooked") or node["amount"] is None:
            return []
        kids = [c for c in node["children"] if c["amount"] is not None]
        return [f for c in kids for f in ([c] if c.get("ring_fenced") else self._apart(c))]
