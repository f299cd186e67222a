"""Programmes of axes with stated transfers, and what these let through, by enumeration: no code of the engine.

Money inside an axis goes where it likes (nothing is stated there); between axes it goes along stated arrows,
within what an axis may give and get; what the programme has beyond its axes goes to any axis.
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

Case = dict[str, Any]


def drawn(seed: int, *, alike: bool = False) -> Case:
    """Two or three axes, up to two envelopes in each, five to seven dossiers, one goal or two.

    `alike`: dossiers are of the same size and of two scores, so that many lists are equal.
    """
    dice = Random(seed)
    unit = dice.choice([1, 7, 50, 1000])
    names = ["a", "b", "c"][: dice.choice([2, 3, 3])]
    axes = {}
    for name in names:
        amount = unit * dice.randint(4, 30)
        inner = {}
        if dice.random() < 0.5:
            first = amount * dice.randint(20, 70) // 100
            inner = {f"{name}1": first, f"{name}2": amount - first}
        others = [other for other in names if other != name]
        to = dice.sample(others, dice.randint(0, len(others)))
        out = dice.choice([None, Fraction(1, 10), Fraction(1, 4), Fraction(1, 2)])
        into = dice.choice([None, None, Fraction(1, 5), Fraction(1, 2)])
        axes[name] = {"amount": amount, "inner": inner, "to": to, "out": out, "in": into}
    if not any(axis["to"] for axis in axes.values()):
        axes["a"]["to"] = ["b"]
    leaves = [leaf for name, axis in axes.items() for leaf in (axis["inner"] or {name: 0})]
    dossiers = [
        {
            "id": f"D{k}",
            "envelope": dice.choice(leaves),
            "cents": unit * (7 if alike else dice.randint(2, 18)),
            "score": Fraction(dice.randint(1, 2))
            if alike
            else Fraction(dice.randint(0, 40), dice.choice([1, 2, 10])),
            "jobs": dice.randint(0, 3),
        }
        for k in range(dice.randint(5, 7))
    ]
    spare = unit * dice.choice([0, 0, 3])
    return {"axes": axes, "dossiers": dossiers, "spare": spare, "two": dice.random() < 0.4, "unit": unit}


def total_of(case: Case) -> int:
    return sum(axis["amount"] for axis in case["axes"].values()) + int(case["spare"])


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def load(case: Case, folder: Path) -> ScenarioData:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{d['id']},{d['envelope']},{euros(2 * d['cents'])},{euros(d['cents'])},{float(d['score'])},{d['jobs']}"
        for d in case["dossiers"]
    ]
    text = "\n".join(["dossier,envelope,cost,requested,score,jobs", *rows]) + "\n"
    (folder / "dossiers.csv").write_text(text, encoding="utf-8")
    goals = (
        [{"maximise": {"jobs": 1}}, {"maximise": {"score": 1}}]
        if case["two"]
        else [{"maximise": {"score": 1}}]
    )
    tree = {
        "schema_version": 1,
        "id": "case",
        "programme": {
            "id": "p",
            "amount": euros(total_of(case)),
            "envelopes": [_written(name, axis) for name, axis in case["axes"].items()],
        },
        "dossiers": [{"file": "dossiers.csv"}],
        "objective": goals,
        "solver": {"cross_check": "never"},
    }
    with (folder / "case.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(tree, stream)
    return load_scenario(folder / "case.yaml")


def _written(name: str, axis: Case) -> Case:
    found: Case = {"id": name, "amount": euros(axis["amount"])}
    if axis["inner"]:
        found["envelopes"] = [{"id": leaf, "amount": euros(cents)} for leaf, cents in axis["inner"].items()]
    transfers: Case = {"to": axis["to"]}
    for key in ("out", "in"):
        if axis[key] is not None:
            transfers[f"{key}_max"] = f"{float(axis[key] * 100)} %"
    found["transfers"] = transfers
    return found


def lists(case: Case, held: frozenset[str] = frozenset()) -> Iterator[frozenset[str]]:
    """All lists that hold some dossiers."""
    names = [d["id"] for d in case["dossiers"]]
    for taken in product((False, True), repeat=len(names)):
        found = frozenset(name for name, yes in zip(names, taken, strict=True) if yes)
        if held <= found:
            yield found


def value(case: Case, funded: frozenset[str]) -> tuple[Fraction, ...]:
    mine = [d for d in case["dossiers"] if d["id"] in funded]
    score = sum((d["score"] for d in mine), Fraction(0))
    return (Fraction(sum(d["jobs"] for d in mine)), score) if case["two"] else (score,)


def granted(case: Case, funded: frozenset[str]) -> dict[str, int]:
    """By leaf envelope."""
    sums: dict[str, int] = {}
    for d in case["dossiers"]:
        if d["id"] in funded:
            sums[d["envelope"]] = sums.get(d["envelope"], 0) + d["cents"]
    return sums


def fits(case: Case, funded: frozenset[str], extra: int, *, moved: bool) -> bool:
    """Whether a list fits a programme that is larger by `extra`."""
    sums, needs, pool = granted(case, funded), {}, case["spare"] + extra
    for name, axis in case["axes"].items():
        inner = {leaf: sums.get(leaf, 0) - cents for leaf, cents in axis["inner"].items()}
        here = sums.get(name, 0) + sum(sums.get(leaf, 0) for leaf in axis["inner"])
        needs[name] = here - axis["amount"]
        if not moved and axis["inner"]:  # what its envelopes lack comes from the programme, through the axis
            short = sum(max(0, need) for need in inner.values())
            needs[name] = max(needs[name], short) if short else needs[name]
    if not moved:
        return sum(max(0, need) for need in needs.values()) <= pool
    arcs: dict[tuple[str, str], int] = {("S", "pool"): pool}
    for name, axis in case["axes"].items():
        rate_out, rate_in = axis["out"], axis["in"]
        arcs["pool", name] = 10**9
        arcs["S", name], arcs[name, "T"] = max(0, -needs[name]), max(0, needs[name])
        arcs[name, f"{name}>"] = 10**9 if rate_out is None else int(axis["amount"] * rate_out)
        arcs[f">{name}", name] = 10**9 if rate_in is None else int(axis["amount"] * rate_in)
        for taker in axis["to"]:
            arcs[f"{name}>", f">{taker}"] = 10**9
    return most_flow(arcs) == sum(max(0, need) for need in needs.values())


def most_flow(arcs: dict[tuple[str, str], int]) -> int:
    """From S to T, path by path."""
    left = dict(arcs)
    for tail, head in arcs:
        left.setdefault((head, tail), 0)
    sent = 0
    while True:
        came: dict[str, str] = {"S": ""}
        waiting = ["S"]
        for place in waiting:
            for (tail, head), room in left.items():
                if tail == place and room > 0 and head not in came:
                    came[head] = place
                    waiting.append(head)
        if "T" not in came:
            return sent
        path, place = [], "T"
        while place != "S":
            path.append((came[place], place))
            place = came[place]
        room = min(left[arc] for arc in path)
        for tail, head in path:
            left[tail, head] -= room
            left[head, tail] += room
        sent += room


def best(case: Case, extra: int, *, moved: bool, held: frozenset[str] = frozenset()) -> tuple[Fraction, ...]:
    """The best value of all lists that fit and hold some dossiers."""
    return max(value(case, one) for one in lists(case, held) if fits(case, one, extra, moved=moved))
