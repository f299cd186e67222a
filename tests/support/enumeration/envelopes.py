"""The envelope tree of a small case in plain Python: splits, what is unassigned, transfers between siblings."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from support.enumeration.rows import UNITS, Award, World, cents, rate, share_of

INFINITE = 10**12


@dataclass
class Node:
    """One envelope: `own` is what it may grant by itself, None where only its parents cap it."""

    id: str
    spec: dict[str, Any]
    written: int | None
    own: int | None
    kids: list[Node] = field(default_factory=list)

    def walk(self) -> list[Node]:
        return [self, *(below for kid in self.kids for below in kid.walk())]


def largest_remainder(total: int, weights: dict[str, Fraction]) -> dict[str, int]:
    """Whole cents in proportion; what is left to the largest remainders, ties by name."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    found = {name: value.numerator // value.denominator for name, value in exact.items()}
    order = sorted(found, key=lambda name: (found[name] - exact[name], name))
    for name in order[: total - sum(found.values())]:
        found[name] += 1
    return found


def split(world: World, node: dict[str, Any]) -> dict[str, int]:
    """The groups of a split envelope and their amounts."""
    spec = node["split"]
    if "table" in spec:
        table = world.case["files"][spec["table"]]
        if "amount" in table[0]:
            return {row["group"]: cents(row["amount"]) for row in table}
        weights = {row["group"]: Fraction(row["weight"]) for row in table}
        return _weighted(node, weights)
    groups = spec["groups"]
    if "each" in spec:
        return {group: cents(spec["each"]) for group in groups}
    return _weighted(node, {group: Fraction(UNITS[group]["population"]) for group in groups})


def _weighted(node: dict[str, Any], weights: dict[str, Fraction]) -> dict[str, int]:
    fixed = rate(node["split"].get("fixed", "0 %"))
    whole = sum(weights.values())
    mixed = {name: fixed / len(weights) + (1 - fixed) * value / whole for name, value in weights.items()}
    return largest_remainder(cents(node["amount"]), mixed)


def tree(world: World) -> Node:
    """The programme laid out, with what `pro_rata` gives."""
    root = _node(world, world.scenario["programme"])
    for node in root.walk():
        if (
            node.spec.get("unassigned") == "pro_rata"
            and not node.spec.get("overbooked")
            and node.own is not None
        ):
            _give(world, node)
    return root


def _node(world: World, spec: dict[str, Any]) -> Node:
    written = cents(spec["amount"]) if "amount" in spec else None
    own = written
    if written is not None:
        held = 0 if world.freed else share_of(spec.get("reserve", "0 %"), written, up=True)
        own = written - held + share_of(spec.get("overprogram", "0 %"), written, up=False)
    node = Node(spec["id"], spec, written, own)
    node.kids = [_node(world, child) for child in spec.get("envelopes", ())]
    if "split" in spec:
        parts = split(world, spec)
        node.kids = [Node(f"{spec['id']}/{name}", {}, part, part) for name, part in sorted(parts.items())]
    return node


def _give(world: World, node: Node) -> None:
    """What a node has beyond its children's amounts and its own commitments, in proportion to the amounts."""
    loose = {node.id} | {below.id for kid in node.kids if kid.written is None for below in kid.walk()}
    held = sum(world.committed(row) or 0 for row in world.rows if world.home(row) in loose)
    rest = (node.own or 0) - sum(kid.written or 0 for kid in node.kids) - held
    takers = {kid.id: kid for kid in node.kids if kid.written is not None and not kid.spec.get("ring_fenced")}
    if rest > 0 and sum(kid.written or 0 for kid in takers.values()) > 0:
        parts = largest_remainder(rest, {name: Fraction(kid.written or 0) for name, kid in takers.items()})
        for name, part in parts.items():
            takers[name].own = (takers[name].own or 0) + part


class Purse:
    """Whether money can flow so that an allocation holds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.root = tree(world)
        self.homes = {row["dossier"]: world.home(row) for row in world.rows}
        self.granted: dict[str, int] = {}
        self.loose: dict[str, int] = {}
        self.known: dict[tuple[tuple[str, int], ...], bool] = {}

    def holds(self, award: Award) -> bool:
        """Every amount, minimum use and number of dossiers."""
        sums: dict[str, int] = {}
        counts: dict[str, int] = {}
        for name, amount in award.items():
            sums[self.homes[name]] = sums.get(self.homes[name], 0) + amount
            counts[self.homes[name]] = counts.get(self.homes[name], 0) + 1
        if not self._counted(self.root, counts):
            return False
        key = tuple(sorted(sums.items()))
        if key not in self.known:
            self._sum(self.root, sums)
            need = self._need(self.root)
            self.known[key] = need is not None and need <= 0 and self._used(self.root)
        return self.known[key]

    def _counted(self, node: Node, counts: dict[str, int]) -> bool:
        n = sum(counts.get(below.id, 0) for below in node.walk())
        low, high = int(node.spec.get("min_dossiers", 0)), int(node.spec.get("max_dossiers", INFINITE))
        return low <= n <= high and all(self._counted(kid, counts) for kid in node.kids)

    def _used(self, node: Node) -> bool:
        least = share_of(node.spec.get("min_use", "0 %"), node.written or 0, up=True)
        return self.granted[node.id] >= least and all(self._used(kid) for kid in node.kids)

    def _sum(self, node: Node, sums: dict[str, int]) -> int:
        """Granted at and under each node; `loose`: what draws on a node's own money."""
        below = {kid.id: self._sum(kid, sums) for kid in node.kids}
        own = sums.get(node.id, 0)
        self.granted[node.id] = own + sum(below.values())
        self.loose[node.id] = own + sum(below[kid.id] for kid in node.kids if kid.written is None)
        return self.granted[node.id]

    def gaining(self, node: Node) -> list[Node]:
        """The children to which the unassigned money of a node may go."""
        policy = node.spec.get("unassigned", "free")
        if node.own is None or node.spec.get("overbooked") or policy in ("own", "pro_rata"):
            return []
        open_ = [kid for kid in node.kids if kid.own is not None and not kid.spec.get("ring_fenced")]
        return [kid for kid in open_ if kid.id == policy["to"]] if isinstance(policy, dict) else open_

    def beyond(self, node: Node) -> int:
        """What a node has beyond its children's written amounts."""
        return (node.own or 0) - sum(kid.written or 0 for kid in node.kids)

    def _need(self, node: Node) -> int | None:
        """The least that a node must get on top; negative is what it can spare; None when nothing helps."""
        needs = {kid.id: self._need(kid) for kid in node.kids}
        if any(need is None for need in needs.values()):
            return None
        wanted = {kid.id: needs[kid.id] or 0 for kid in node.kids if kid.own is not None}
        total = sum(max(0, need) for need in wanted.values())
        alone = self.shipped(node, wanted, 0) if total else 0
        if alone < total and self.shipped(node, wanted, INFINITE) < total:
            return None
        if node.own is None:
            return 0 if alone == total else None
        need = max(self.granted[node.id] - node.own, self.outside(node))
        if alone < total:
            need = max(need, total - alone + self.loose[node.id] - self.beyond(node))
        return need

    def outside(self, node: Node) -> int:
        """What dossiers outside ring-fenced envelopes lack: they may not use what those leave."""
        reserve = (
            0 if self.world.freed else share_of(node.spec.get("reserve", "0 %"), node.written or 0, up=True)
        )
        apart = self.apart(node)
        if not apart:
            return -INFINITE
        got = self.granted[node.id] - sum(self.granted[kid.id] for kid in apart)
        return got - ((node.own or 0) + reserve - sum(kid.written or 0 for kid in apart))

    def apart(self, node: Node) -> list[Node]:
        """The outermost ring-fenced envelopes under a node that shares its amount out."""
        if node.own is None or node.spec.get("overbooked"):
            return []
        kids = [kid for kid in node.kids if kid.own is not None]
        return [f for kid in kids for f in ([kid] if kid.spec.get("ring_fenced") else self.apart(kid))]

    def shipped(self, node: Node, wanted: dict[str, int], purse: int) -> int:
        """The most of what the children want that siblings and the purse can bring."""
        return max_flow(self.network(node, wanted, purse))

    def network(self, node: Node, wanted: dict[str, int], purse: int) -> dict[tuple[str, str], int]:
        """Capacities: from `S` to those who spare and to the purse, to `T` what is wanted."""
        arcs = {("S", "purse"): purse}
        for kid in self.gaining(node):
            arcs["purse", kid.id] = INFINITE
        for kid in node.kids:
            if kid.own is None:
                continue
            arcs["S", kid.id] = max(0, -wanted[kid.id])
            arcs[kid.id, "T"] = max(0, wanted[kid.id])
            moves = kid.spec.get("transfers", {})
            for side, ends in (("out", (kid.id, f"{kid.id}>")), ("in", (f">{kid.id}", kid.id))):
                text = moves.get(f"{side}_max")
                arcs[ends] = INFINITE if text is None else share_of(text, kid.written or 0, up=False)
            for taker in moves.get("to", ()):
                arcs[f"{kid.id}>", f">{taker}"] = INFINITE
        return arcs

    def moved(self, award: Award) -> dict[str, tuple[int, int]]:
        """(taken, given) of the root's children: unassigned money first, then the least, then by id."""
        sums: dict[str, int] = {}
        for name, amount in award.items():
            sums[self.homes[name]] = sums.get(self.homes[name], 0) + amount
        self._sum(self.root, sums)
        wanted = {kid.id: self._need(kid) or 0 for kid in self.root.kids if kid.own is not None}
        pool = max(0, self.beyond(self.root) - self.loose[self.root.id])
        pool = min(pool, sum(max(0, need) for need in wanted.values()))
        flow = cheapest_flow(self.network(self.root, wanted, pool))
        found = {}
        for kid in self.root.kids:
            taken = sum(cents_ for (a, b), cents_ in flow.items() if b == f">{kid.id}")
            given = sum(cents_ for (a, b), cents_ in flow.items() if a == f"{kid.id}>")
            found[kid.id] = (taken, given)
        return found


def max_flow(arcs: dict[tuple[str, str], int]) -> int:
    """By paths of most room, one after the other."""
    return sum(_augment(arcs, dict.fromkeys(arcs, ()), {}))


def cheapest_flow(arcs: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """The most that flows, then the least between siblings, then the greatest vector by giver and taker."""
    pairs = sorted((a[:-1], b[1:]) for a, b in arcs if a.endswith(">") and b.startswith(">"))
    costs: dict[tuple[str, str], tuple[int, ...]] = {}
    for a, b in arcs:
        cost = [0] * (len(pairs) + 1)
        if a.endswith(">") and b.startswith(">"):
            cost[0], cost[1 + pairs.index((a[:-1], b[1:]))] = 1, -1
        costs[a, b] = tuple(cost)
    flow: dict[tuple[str, str], int] = {}
    _augment(arcs, costs, flow)
    return flow


def _augment(
    arcs: dict[tuple[str, str], int],
    costs: dict[tuple[str, str], tuple[int, ...]],
    flow: dict[tuple[str, str], int],
) -> list[int]:
    """Send along cheapest paths of the residual network (Bellman and Ford) until none is left."""
    sent = []
    while True:
        zero = tuple(0 for _ in next(iter(costs.values())))
        best: dict[str, tuple[tuple[int, ...], list[tuple[str, str, bool]]]] = {"S": (zero, [])}
        changed = True
        while changed:
            changed = False
            for (a, b), room in arcs.items():
                used = flow.get((a, b), 0)
                for here, there, free, sign in ((a, b, room - used, 1), (b, a, used, -1)):
                    if free <= 0 or here not in best:
                        continue
                    cost = tuple(x + sign * y for x, y in zip(best[here][0], costs[a, b], strict=True))
                    if there not in best or cost < best[there][0]:
                        best[there] = (cost, [*best[here][1], (a, b, sign > 0)])
                        changed = True
        if "T" not in best:
            return sent
        path = best["T"][1]
        amount = min(arcs[a, b] - flow.get((a, b), 0) if on else flow[a, b] for a, b, on in path)
        for a, b, on in path:
            flow[a, b] = flow.get((a, b), 0) + (amount if on else -amount)
        sent.append(amount)
