"""A mixed case through the engine, and against brute force."""

from __future__ import annotations

import csv
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from support.draws import folded
from support.enumeration.oracle import Answer, decide
from support.enumeration.rows import Case
from support.mixed_cases.dossiers import COLUMNS
from support.mixed_cases.envelopes import nodes
from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.objective import ObjectiveStage, Smallest

REFUSED_FORMS = {
    "share-denominator",
    "share-of-itself",
    "share-above-one",
    "requires-circle",
    "decide-amount",
}
"""What is refused for its form; every other refusal says that nothing can hold, and must be right."""


def write(case: Case, folder: Path, shuffle: Any = None) -> Path:
    """The case as a scenario and its tables."""
    rows = list(case["rows"])
    if shuffle is not None:
        shuffle(rows)
    _table(folder / "dossiers.csv", list(COLUMNS), rows)
    for name, table in case["files"].items():
        _table(folder / name, list(table[0]) if table else ["dossier", "granted"], table)
    path = folder / "case.yaml"
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(case["scenario"], stream)
    return path


def _table(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


def engine(
    case: Case, backend: str = "highs", shuffle: Any = None, replay: bool = False
) -> ResultData | set[str]:
    """The engine's result, or the codes of a refusal before solving; with `replay` its folder is read again."""
    with tempfile.TemporaryDirectory() as name:
        try:
            result = solve(load_scenario(write(case, Path(name), shuffle)), backend=backend)
            if replay and result.allocation is not None:
                read = verify_run(write_run(result))
                assert read.ok, read
            return result
        except InputError as error:
            return {defect.code for defect in error.defects}


def differences(case: Case, found: ResultData | set[str], expected: Answer) -> list[str]:
    """What the engine says otherwise than brute force; [] when they agree."""
    if isinstance(found, set):
        fine = bool(found & REFUSED_FORMS) or expected.decision is None
        fine = fine or ("shares-whole" in found and not expected.decision.award)  # 0 of 0 keeps every share
        return [] if fine else [f"refused {sorted(found)}, but {expected.decision}"]
    if expected.decision is None:
        return (
            [] if found.status is Status.INFEASIBLE else [f"{found.status} {awards(found)}, but nothing fits"]
        )
    if expected.no_list is (found.status is Status.OPTIMAL or _is_best_by_one_solver(found)):
        return [f"{found.status}, but {expected.decision}"]
    told = []
    mine, theirs = awards(found), expected.decision.award
    if mine != theirs:
        told.append(f"award {mine}, but {theirs}")
    if found.status is Status.OPTIMAL and found.document["canonical"] is expected.no_list:
        told.append("not canonical")
    values = [stage["value"] for stage in found.document["objective"]]
    steps = [_find_step(stage) for stage in found.problem.stages]
    if not all(map(_is_figure, values, expected.decision.values, steps)):
        told.append(f"values {values}, but {[str(value) for value in expected.decision.values]}")
    known = expected.decision.holds
    holds = {rule["id"]: rule["holds"] for rule in found.document["rules"] if rule["id"] in known}
    if holds != expected.decision.holds:
        told.append(f"holds {holds}, but {expected.decision.holds}")
    return told + _money(case, found, expected) + _reserve(found, expected)


def _is_best_by_one_solver(result: ResultData) -> bool:
    """Whether one solver alone calls the list of a run the best: no proof was found, nobody confirmed it."""
    codes = {warning.code for warning in result.warnings}
    return result.status is Status.FEASIBLE and "one-solver" in codes


def awards(result: ResultData) -> dict[str, int]:
    funded = result.dossiers.filter(result.dossiers["funded"])
    return dict(zip(funded["dossier"].to_list(), funded["granted_cents"].to_list(), strict=True))


def _find_step(stage: ObjectiveStage) -> Fraction:
    """The step that the least served figure of a stage is rounded down to, as it is printed; 0 for none."""
    parts = (part for part in stage.goal_parts if isinstance(part, Smallest))
    return sum((part.rounded_to or Fraction(0) for part in parts), Fraction(0))


def _is_figure(text: str, value: Fraction, step: Fraction) -> bool:
    """Whether a figure is the exact one, or less than a step below it.

    The document rounds to twelve digits what no decimal ends.
    """
    rounding = abs(value) / 10**11
    return value - step - rounding <= Fraction(text) <= value + rounding


def _money(case: Case, found: ResultData, expected: Answer) -> list[str]:
    """What moved between siblings; told where only the children of the root may move money."""
    assert expected.decision is not None
    below = [
        inner for child in case["scenario"]["programme"].get("envelopes", ()) for inner in nodes(child)[1:]
    ]
    if any("transfers" in node for node in below):
        return []
    # parts of a split go by a spelling of their value, which a table may hold with more spaces
    entries = {_folded_parts(entry["id"]): entry for entry in found.document["envelopes"]}
    held = {name: entries[_folded_parts(name)] for name in expected.decision.moved}
    mine = {
        name: (entry["transferred_in_cents"], entry["transferred_out_cents"]) for name, entry in held.items()
    }
    return [] if mine == expected.decision.moved else [f"moved {mine}, but {expected.decision.moved}"]


def _folded_parts(envelope: str) -> tuple[str, ...]:
    """An envelope's id with each of its parts folded on its own: spaces at a value's ends say nothing."""
    return tuple(folded(part) for part in envelope.split("/"))


def _reserve(found: ResultData, expected: Answer) -> list[str]:
    if "reserve_rank" not in found.dossiers.columns:
        return [] if not expected.reserve else [f"reserve missing, but {expected.reserve}"]
    listed = found.dossiers.drop_nulls("reserve_rank").sort("reserve_rank")
    mine = list(zip(listed["dossier"].to_list(), listed["reserve_cents"].to_list(), strict=True))
    return [] if mine == expected.reserve else [f"reserve {mine}, but {expected.reserve}"]


def check(case: Case, backend: str = "highs", replay: bool = False) -> tuple[list[str], str]:
    """The differences of a case, and how it went: solved, infeasible, or refused for a form."""
    expected, found = decide(case), engine(case, backend, replay=replay)
    told = differences(case, found, expected)
    if isinstance(found, set) and found & REFUSED_FORMS:
        return told, "form"
    return told, "infeasible" if expected.decision is None else "solved"
