"""Little cases with amounts of a few cents, so that brute force can try every cent and every step of a score."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

from support import draws
from support.small_cases.enumeration import goal, rank_key
from support.small_cases.enumeration import solve as brute_solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

__all__ = ["brute_solve", "changed", "goal", "little", "load", "rank_key"]

Case = dict[str, Any]
HEAD = "dossier,envelope,applicant_id,department,theme,population,cost,requested,min_grant,score,filed_at,state\n"


@st.composite
def dossier(draw: st.DrawFn, number: int, nodes: tuple[str, ...]) -> dict[str, Any]:
    requested = draw(st.integers(2, 14))
    theme = draw(st.sampled_from(["", *draws.THEMES[:2]]))
    return {
        "id": f"D{number}",
        "envelope": draw(st.sampled_from(nodes)),
        "applicant": draw(st.sampled_from(["x", "y", "z", ""])),
        "population": draw(st.sampled_from([100, None])),
        "theme": theme,
        "theme_written": theme and draws.spelling(lambda some: draw(st.sampled_from(some)), theme),
        "department": draw(st.sampled_from(["01", "02"])),
        "requested": requested,
        "cost": requested + draw(st.integers(0, 5)),
        "rate": (1, 1),
        "score": Fraction(draw(st.integers(2, 60)), 10),
        "filed": draw(st.sampled_from(draws.DAYS)) or None,
        "ranged": False,
        "eligible": True,
        "decided": 0,
        "min": draw(st.sampled_from([0, 0, 0, 2])),
    }


@st.composite
def little(draw: st.DrawFn, largest: int = 6) -> Case:
    """A case of a few dossiers, mostly one envelope, with a rule or two."""
    children = [
        {"id": name, "amount": draw(st.integers(3, 18)), "ring_fenced": draw(st.booleans())}
        for name in draw(st.sampled_from([(), (), ("a",), ("a", "b")]))
    ]
    amount = sum(child["amount"] for child in children) + draw(st.integers(2, 20))
    nodes = ("root", *(child["id"] for child in children))
    dossiers = [draw(dossier(k, nodes)) for k in range(draw(st.integers(2, largest)))]
    stages = draw(
        st.sampled_from(
            [
                [("maximise", {"score": 1})],
                [("maximise", {"score": 1})],
                [("maximise", {"dossiers": 1}), ("maximise", {"score": 1})],
                [("maximise", {"score": 2, "dossiers": Fraction(1, 2)})],
                [("maximise", {"score": 1}), ("minimise", {"granted": 1})],
                [("maximise", {"leverage": 1}), ("maximise", {"score": 1})],
            ]
        )
    )
    rules = [draw(rule(k)) for k in range(draw(st.sampled_from([0, 0, 1, 1, 2])))]
    tree = {"id": "root", "amount": amount, "children": children, "unassigned": "free"}
    return {"envelopes": tree, "dossiers": dossiers, "rules": rules, "stages": stages}


@st.composite
def rule(draw: st.DrawFn, number: int) -> dict[str, Any]:
    where = draw(
        st.sampled_from([{"department": ["01"]}, {"applicant": ["x", "y"]}, {"theme": [draws.THEMES[0]]}])
    )
    kind = draw(st.sampled_from(["floor", "cap", "count", "share", "exclusive", "by"]))
    found: dict[str, Any] = {
        "id": f"r{number}",
        "kind": "limit",
        "measure": "granted",
        "where": where,
        "by": None,
    }
    if kind == "floor":
        return found | {"min": Fraction(draw(st.integers(1, 8)), 100)}
    if kind == "cap":
        return found | {"max": Fraction(draw(st.integers(3, 15)), 100)}
    if kind == "count":
        return found | {"measure": "dossiers", "max": Fraction(draw(st.integers(1, 2)))}
    if kind == "by":
        by = draw(st.sampled_from(["department", "theme"]))
        return found | {"measure": "dossiers", "where": {}, "by": by, "max": Fraction(2)}
    if kind == "exclusive":
        return {"id": f"r{number}", "kind": "exclusive", "by": "applicant", "max": 1}
    return {
        "id": f"r{number}",
        "kind": "share",
        "measure": "granted",
        "of_measure": "granted",
        "where": where,
        "of": {},
        "min": Fraction(draw(st.sampled_from([125, 200, 333])), 1000),
    }


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def load(case: Case, folder: Path) -> ScenarioData:
    """The case as files, read."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{d['id']},{d['envelope']},{d['applicant']},{d['department']},{d['theme_written']},"
        f"{d['population'] or ''},{euros(d['cost'])},{euros(d['requested'])},"
        f"{euros(d['min']) if d['min'] else ''},"
        f"{draws.text(d['score'])},{d['filed'] or ''},"
        f"{'en_instruction' if d['eligible'] else 'refuse'}\n"
        for d in case["dossiers"]
    ]
    (folder / "dossiers.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    tree = {
        "schema_version": 1,
        "id": "little",
        "programme": _envelope(case["envelopes"]),
        "dossiers": [{"file": "dossiers.csv"}],
        "rules": [_rule(one) for one in case["rules"]],
        "objective": [
            {sense: {name: str(float(weight)) for name, weight in weights.items()}}
            for sense, weights in case["stages"]
        ],
        "solver": {"cross_check": "never"},
    }
    with (folder / "little.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(tree, stream)
    return load_scenario(folder / "little.yaml")


def _envelope(node: dict[str, Any]) -> dict[str, Any]:
    found = {"id": node["id"], "amount": euros(node["amount"])}
    if node.get("ring_fenced"):
        found["ring_fenced"] = True
    if node.get("children"):
        found["envelopes"] = [_envelope(child) for child in node["children"]]
    return found


def _rule(one: dict[str, Any]) -> dict[str, Any]:
    names = {"applicant": "applicant_id"}
    found = {key: one[key] for key in ("id", "kind", "measure", "of_measure") if key in one}
    for key in ("where", "of"):
        if one.get(key):
            found[key] = {names.get(k, k): [v.upper() for v in some] if k == "theme" else some
                          for k, some in one[key].items()}  # fmt: skip
    if one.get("by"):
        found["by"] = names.get(one["by"], one["by"])
    if one["kind"] == "exclusive":
        return found | {"max": one["max"]}
    if one["kind"] == "share":
        return found | {"min": f"{draws.text(one['min'] * 100)} %"}
    return found | {key: f"{float(one[key]):.2f}" for key in ("min", "max") if one.get(key) is not None}


def changed(case: Case, number: int, **cells: Any) -> Case:
    """The case with some figures of one dossier changed."""
    other = deepcopy(case)
    other["dossiers"][number] |= cells
    return other
