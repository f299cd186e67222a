"""The same case with one part taken out, part by part: to see what binds, and to make a mismatch small."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from typing import Any

from support.enumeration.oracle import decide
from support.enumeration.rows import Case
from support.mixed_cases.envelopes import nodes

ENVELOPE_OPTIONS = (
    "ring_fenced", "unassigned", "overbooked", "transfers", "reserve", "overprogram", "min_use", "min_dossiers",
    "max_dossiers", "split",
)  # fmt: skip
LISTS = ("rules", "caps", "waivers", "eligibility", "steps", "objective")


def without(case: Case) -> Iterator[tuple[str, Case]]:
    """(kind of what is taken out, the case without it)."""
    yield from _entries(case)
    yield from _envelopes(case)
    yield from _columns(case)
    yield from _grants(case)
    yield from _stages(case)


def binding(case: Case, enough: Collection[str] = ()) -> Iterator[tuple[str, bool]]:
    """(kind, whether taking it out changes the answer) for each part of a case but those of kinds in `enough`."""
    whole = decide(case)
    for kind, fewer in without(case):
        if kind not in enough:
            found = decide(fewer)
            yield kind, (found.award, found.reserve) != (whole.award, whole.reserve)


def _entries(case: Case) -> Iterator[tuple[str, Case]]:
    for key in LISTS:
        entries = case["scenario"].get(key, ())
        for k, entry in enumerate(entries):
            smaller = copy.deepcopy(case)
            if key == "steps":
                del smaller["scenario"]["steps"]
            elif key != "objective" or len(entries) > 1:
                del smaller["scenario"][key][k]
            if not _dangles(smaller):
                yield _kind(key, entry), smaller
            if key == "steps":
                break


def _kind(key: str, entry: Any) -> str:
    if key != "rules":
        return key
    kind = str(entry["kind"])
    if "first_come" in entry:
        kind = "queue" if entry.get("skip") == "true" else "first_come"
    mode = "reported" if "report" in entry else "priced" if "penalty" in entry else ""
    return f"{kind} {mode}".rstrip()


def _dangles(case: Case) -> bool:
    """Whether something names what is not there any more."""
    scenario = case["scenario"]
    rules = {rule["id"]: rule for rule in scenario["rules"]}
    caps = [cap if isinstance(cap, str) else cap["id"] for cap in scenario["caps"]]
    lifted = {waiver["of"] for waiver in scenario.get("waivers", ())}
    goals = [name for stage in scenario["objective"] for name in (stage.get("maximise") or stage["minimise"])]
    wanted = {name.removeprefix("shortfall.") for name in goals if name.startswith("shortfall.")}
    sets = {
        path.split(".")[1]
        for step in scenario.get("steps", ())
        for path in step.get("set", {})
        if "rules" in path
    }
    known = {*rules, *caps, *(entry["id"] for entry in scenario.get("eligibility", ()))}
    return bool((lifted | wanted | sets) - known)


def _envelopes(case: Case) -> Iterator[tuple[str, Case]]:
    for k, node in enumerate(nodes(case["scenario"]["programme"])):
        for option in ENVELOPE_OPTIONS:
            if option in node and node[option] != "free":
                smaller = copy.deepcopy(case)
                found = nodes(smaller["scenario"]["programme"])[k]
                value = found.pop(option)
                kind = (
                    f"unassigned {value if isinstance(value, str) else 'to'}"
                    if option == "unassigned"
                    else option
                )
                yield kind, smaller


def _columns(case: Case) -> Iterator[tuple[str, Case]]:
    for column in ("variant_of", "requires", "committed"):
        if any(row[column] for row in case["rows"]):
            smaller = copy.deepcopy(case)
            for row in smaller["rows"]:
                row[column] = ""
            yield f"column {column}", smaller


def _grants(case: Case) -> Iterator[tuple[str, Case]]:
    for kind in ("range", "menu", "common", "formula", "rate"):
        if any(row["grant_kind"] == kind for row in case["rows"]):
            smaller = copy.deepcopy(case)
            for row in smaller["rows"]:
                row["grant_kind"] = "whole" if row["grant_kind"] == kind else row["grant_kind"]
            yield f"grant {kind}", smaller


def _stages(case: Case) -> Iterator[tuple[str, Case]]:
    """What a stage may give up, and the goals that are no plain sums."""
    for k, stage in enumerate(case["scenario"]["objective"]):
        if "tolerance" in stage:
            smaller = copy.deepcopy(case)
            del smaller["scenario"]["objective"][k]["tolerance"]
            yield "tolerance", smaller
        sense = "maximise" if "maximise" in stage else "minimise"
        for name in stage[sense]:
            special = name.split(".")[0]
            if special in (
                "smallest",
                "shortfall",
                "changed",
                "une_fois",
                "applicants",
                "population",
                "projects",
            ):
                smaller = copy.deepcopy(case)
                smaller["scenario"]["objective"][k][sense] = {"dossiers": "1"}
                yield f"goal {special}", smaller
