"""Random small cases: the same case for brute force and, as files, for the engine."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

from support import draws
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

ENVELOPES = ("a", "b", "c")
THEMED: list[dict[str, list[str]]] = [{"theme": [draws.THEMES[0]]}, {"theme": list(draws.THEMES[1:])}]
MENU = draws.RATES[::2] + draws.RATES[-1:]
LEVELS = tuple(Fraction(text.removesuffix(" %")) / 100 for text in MENU)
PEOPLE = {"x": 100, "y": 250, "z": 40, "w": 250}
COLUMNS = [
    "dossier",
    "envelope",
    "applicant_id",
    "applicant",
    "department",
    "theme",
    "population",
    "cost",
    "requested",
    "min_grant",
    "score",
    "filed_at",
    "committed",
    "state",
    "grant_kind",
]


def pick(draw: st.DrawFn) -> draws.Pick:
    """A choice that hypothesis draws."""
    return lambda some: draw(st.sampled_from(some))


@st.composite
def dossier(draw: st.DrawFn, number: int, nodes: tuple[str, ...], ranged_left: int) -> dict[str, Any]:
    name = draw(st.sampled_from([f"{number}", f"0{number}", f"D{number}"]))
    cents = draw(st.sampled_from([100, 250, 1000, 1999, 3333])) * draw(st.integers(1, 6))
    cost = cents + draw(st.sampled_from([0, 0, 500, 1111]))
    ranged = ranged_left > 0 and draw(st.booleans())
    who = draw(st.sampled_from(list(PEOPLE)))
    numbered = draw(st.integers(0, 4)) > 0
    theme = draw(st.sampled_from(["", *draws.THEMES]))
    found: dict[str, Any] = {
        "id": name,
        "envelope": draw(st.sampled_from(nodes)),
        "applicant": who if numbered else "",
        "holder": who if numbered else draw(st.sampled_from(["l’Été", f"d:{name}"])),
        "population": PEOPLE[who],
        "theme": theme,
        "theme_written": draws.spelling(pick(draw), theme) if theme else "",
        "department": draw(st.sampled_from(["01", "02", "2A"])),
        "requested": cents,
        "cost": cost,
        "rate": (1, 1),
        "score": draws.score(pick(draw)),
        "filed": draw(st.sampled_from(draws.DAYS)) or None,
        "ranged": ranged,
        "eligible": draw(st.sampled_from([True, True, True, True, False])),
        "decided": draw(st.sampled_from([0, 0, 0, 0, 0, 1, -1])),
        "min": draw(st.sampled_from([0, 0, 0, cents, cents + 1])),
    }
    if ranged:
        steps = draw(st.integers(1, 7))
        found["round"] = draw(st.sampled_from([50, 77, 100]))
        found["min"] = max(1, cents - steps * found["round"])
    elif draw(st.integers(0, 5)) == 0:
        found |= {"levels": LEVELS, "common": draw(st.booleans()), "decided": 0}
    if draw(st.integers(0, 9)) == 0:
        found |= {"committed": draw(st.sampled_from([100, 777])), "decided": 0, "ranged": False}
    if not in_reach(found):
        found["decided"] = min(found["decided"], 0)
    return found


def in_reach(found: dict[str, Any]) -> bool:
    if found.get("levels"):
        return False
    unit = found.get("round", 1)
    most = min(found["requested"], found["cost"]) // unit * unit
    least = -(-found["min"] // unit) * unit if found["ranged"] else found["min"]
    return bool(found["eligible"] and most > 0 and least <= most) or "committed" in found


@st.composite
def envelope_tree(draw: st.DrawFn, total: int) -> dict[str, Any]:
    amount = total * draw(st.integers(20, 110)) // 100
    children = []
    left = amount
    for name in ENVELOPES[: draw(st.integers(0, 3))]:
        part: int | None = left * draw(st.integers(0, 80)) // 100
        if draw(st.integers(0, 5)) == 0:
            part = None
        left -= part or 0
        child: dict[str, Any] = {"id": name, "amount": part, "ring_fenced": draw(st.booleans())}
        if part is not None and draw(st.integers(0, 3)) == 0:
            child["children"] = [
                {"id": f"{name}1", "amount": part * draw(st.integers(0, 100)) // 100, "ring_fenced": False}
            ]
        children.append(child)
    return {
        "id": "root",
        "amount": amount,
        "children": children,
        "unassigned": draw(st.sampled_from(["free", "free", "own"])),
    }


def node_ids(node: dict[str, Any]) -> list[str]:
    return [node["id"], *(name for child in node.get("children", ()) for name in node_ids(child))]


@st.composite
def rule(draw: st.DrawFn, number: int, total: int) -> dict[str, Any]:
    where = draw(
        st.sampled_from(
            [{}, {"department": ["01"]}, {"department": ["02", "2A"]}, {"applicant": ["x", "y"]}, *THEMED]
        )
    )
    if draw(st.booleans()):
        name = draw(st.sampled_from(["granted", "dossiers", "score", "applicants", "population"]))
        top = {"granted": total // 100, "dossiers": 6, "score": 20, "applicants": 4, "population": 600}[name]
        found: dict[str, Any] = {
            "id": f"r{number}",
            "kind": "limit",
            "measure": name,
            "where": where,
            "by": draw(st.sampled_from([None, "department", "theme"])),
        }
        unit = {"granted": 100, "score": 4}.get(name, 1)  # amounts in cents, scores in quarters
        low, high = sorted((draw(st.integers(0, top * unit // 3 + 1)), draw(st.integers(0, top * unit))))
        if draw(st.booleans()):
            found["min"] = Fraction(low, unit)
        if draw(st.booleans()) or "min" not in found:
            found["max"] = Fraction(high, unit)
        return found
    name, of_name = draw(
        st.sampled_from([("granted", "granted"), ("dossiers", "dossiers"), ("cost", "granted")])
    )
    share: dict[str, Any] = {
        "id": f"r{number}",
        "kind": "share",
        "measure": name,
        "of_measure": of_name,
        "where": where,
        "of": draw(st.sampled_from([{}, {"department": ["01", "02"]}])),
    }
    if name == of_name and not where:  # a share of itself is refused
        share["where"] = {"department": ["01"]}
    share[draw(st.sampled_from(["min", "max"]))] = Fraction(draw(st.integers(50, 900)), 1000)
    return share


@st.composite
def relation(draw: st.DrawFn, number: int, names: list[str]) -> dict[str, Any]:
    """A rule on who goes with whom."""
    some = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    kind = draw(st.sampled_from(["exclusive", "requires", "together", "order"]))
    found: dict[str, Any] = {"id": f"r{number}", "kind": kind}
    if kind == "order":
        found |= {"rank": draw(st.sampled_from(["score", "cost", "population"]))}
        found |= {"best": draw(st.sampled_from(["low", "high"]))}
        found |= {"by": draw(st.sampled_from([None, "department", "applicant", "theme"]))}
        return found
    if kind == "requires":
        rest = [name for name in names if name not in some] or some
        need = draw(st.lists(st.sampled_from(rest), min_size=1, max_size=2, unique=True))
        found |= {"dossiers": some, "need": [name for name in need if name not in some]}
        if not found["need"]:
            return {"id": f"r{number}", "kind": "exclusive", "dossiers": some, "max": 1}
        if draw(st.booleans()):
            found["at_least"] = 1
        return found
    if draw(st.booleans()):
        found["by"] = draw(st.sampled_from(["department", "applicant", "theme"]))
    else:
        found["dossiers"] = some
    if kind == "exclusive":
        found["max"] = draw(st.integers(1, 2))
    return found


@st.composite
def cases(draw: st.DrawFn, largest: int = 8) -> dict[str, Any]:
    total = draw(st.integers(2000, 40000))
    tree = draw(envelope_tree(total))
    nodes = tuple(node_ids(tree))
    ranged_left = 3
    dossiers: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, largest))):
        dossiers.append(draw(dossier(number, nodes, ranged_left)))
        ranged_left -= dossiers[-1]["ranged"]
    stages = draw(
        st.sampled_from(
            [
                [("maximise", {"score": 1})],
                [("maximise", {"dossiers": 1})],
                [("maximise", {"dossiers": 1}), ("maximise", {"population": 1})],
                [("maximise", {"score": 2, "dossiers": Fraction(1, 2)})],
                [("maximise", {"granted": 1})],
                [("maximise", {"applicants": 1}), ("minimise", {"granted": 1}), ("maximise", {"score": 1})],
                [("maximise", {"leverage": 1})],
            ]
        )
    )
    rules = [draw(rule(k, total)) for k in range(draw(st.integers(0, 3)))]
    names = [d["id"] for d in dossiers]
    rules += [draw(relation(10 + k, names)) for k in range(draw(st.integers(0, 2)))]
    for one in rules:
        how = draw(st.sampled_from(["hard", "hard", "report", "priced"]))
        if how == "report":
            one["report"] = True
        elif how == "priced":
            stage = draw(st.integers(1, len(stages)))
            cost = Fraction(draw(st.sampled_from([1, 5, 30])), draw(st.sampled_from([1, 10, 100])))
            one["penalty"] = {"cost": cost, "stage": stage}
    if not any("population" in weights for _, weights in stages) and not any(
        one.get("measure") == "population" for one in rules
    ):  # a measure refuses blanks, an order leaves them out
        unknown = draw(st.sampled_from(["", "x", "w"]))
        for one in dossiers:
            one["population"] = None if one["applicant"] == unknown else one["population"]
    return {"envelopes": tree, "dossiers": dossiers, "rules": rules, "stages": stages}


def euros(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02d}"


def write(case: dict[str, Any], folder: Path, shuffle: Any = None) -> Path:
    """The case as a scenario file and its table."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(d) for d in case["dossiers"]]
    if shuffle is not None:
        shuffle(rows)
    with (folder / "dossiers.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    path = folder / "case.yaml"
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(_tree(case), stream)
    return path


def _row(d: dict[str, Any]) -> dict[str, str]:
    return {
        "dossier": d["id"],
        "envelope": d["envelope"],
        "applicant_id": d["applicant"],
        "applicant": "" if d["holder"] == f"d:{d['id']}" else d["holder"],
        "department": d["department"],
        "theme": d["theme_written"],
        "population": "" if d["population"] is None else str(d["population"]),
        "cost": euros(d["cost"]),
        "requested": euros(d["requested"]),
        "min_grant": euros(d["min"]) if d["min"] else "",
        "score": draws.text(d["score"]),
        "filed_at": d["filed"] or "",
        "committed": euros(d.get("committed")),
        "state": "en_instruction" if d["eligible"] else "refuse",
        "grant_kind": _grant_kind(d),
    }


def _grant_kind(d: dict[str, Any]) -> str:
    if d.get("levels"):
        return "common" if d["common"] else "menu"
    return f"round{d['round']}" if d["ranged"] else "whole"


def _tree(case: dict[str, Any]) -> dict[str, Any]:
    kinds = sorted({d["round"] for d in case["dossiers"] if d["ranged"]})
    rules: list[dict[str, Any]] = [_rule(rule) for rule in case["rules"]]
    fund = [d["id"] for d in case["dossiers"] if d["decided"] == 1]
    refuse = [d["id"] for d in case["dossiers"] if d["decided"] == -1 and "committed" not in d]
    if fund or refuse:
        rules.append({"id": "jury", "kind": "decide", "fund": fund, "refuse": refuse})
    return {
        "schema_version": 1,
        "id": "case",
        "programme": _envelope(case["envelopes"]),
        "dossiers": [{"file": "dossiers.csv"}],
        "grants": [
            *(
                {"where": {"grant_kind": f"round{unit}"}, "mode": "range", "round": euros(unit)}
                for unit in kinds
            ),
            {"where": {"grant_kind": "menu"}, "mode": "levels", "levels": list(MENU)},
            {
                "where": {"grant_kind": "common"},
                "mode": "common_rate",
                "by": "department",
                "levels": list(MENU),
            },
            {"mode": "all_or_nothing"},
        ],
        "rules": rules,
        "objective": [
            {sense: {name: str(float(weight)) for name, weight in weights.items()}}
            for sense, weights in case["stages"]
        ],
        "solver": {"cross_check": "never"},
    }


def _envelope(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": node["id"]}
    if node["amount"] is not None:
        found["amount"] = euros(node["amount"])
    if node.get("ring_fenced"):
        found["ring_fenced"] = True
    if node.get("unassigned"):
        found["unassigned"] = node["unassigned"]
    if node.get("children"):
        found["envelopes"] = [_envelope(child) for child in node["children"]]
    return found


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {k: rule[k] for k in ("id", "kind", "measure") if k in rule}
    if rule.get("report"):
        found["report"] = True
    if rule.get("penalty"):
        found["penalty"] = {"cost": str(float(rule["penalty"]["cost"])), "stage": rule["penalty"]["stage"]}
    names = {"applicant": "applicant_id"}
    if "measure" not in rule:
        keys = ("dossiers", "need", "at_least", "max", "rank", "best")
        by = {"by": names.get(rule["by"], rule["by"])} if rule.get("by") else {}
        return found | {key: rule[key] for key in keys if key in rule} | by
    for key in ("where", "of"):
        if rule.get(key):
            found[key] = {names.get(k, k): _spelt(k, v) for k, v in rule[key].items()}
    if rule.get("by"):
        found["by"] = rule["by"]
    if rule["kind"] == "share":
        found["of_measure"] = rule["of_measure"]
        return found | {k: f"{draws.text(rule[k] * 100)} %" for k in ("min", "max") if k in rule}
    return found | {k: draws.text(rule[k]) for k in ("min", "max") if rule.get(k) is not None}


def _spelt(column: str, values: list[str]) -> list[str]:
    """Values as the planner writes them: themes in capitals, as few tables do."""
    return [value.upper() for value in values] if column == "theme" else values


def load(case: dict[str, Any], folder: Path, shuffle: Any = None) -> ScenarioData:
    return load_scenario(write(case, folder, shuffle))
