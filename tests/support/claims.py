"""Each row of the key tables of the scenario reference is a claim; `pytest.mark.claim` names those of a test.

`decide` is the answer of the program, `choose_best` that of the sentences, by enumeration in plain Python.
"""

from __future__ import annotations

import ast
import csv
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from support.text_scenarios import awards
from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.scenario.json_schema import ANY, FILE, build_schema, get_meaning, load_meanings
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.spec import ScenarioSpec

Row = dict[str, str]
Award = dict[str, int]


# ------------------------------------------------------------------------------ which test holds which key


def list_keys() -> Iterator[tuple[str, str]]:
    """The rows of the key tables: table and key."""
    schema = build_schema(ScenarioSpec, explained=False)
    for table, node in {FILE: schema, **schema["$defs"]}.items():
        for key in node.get("properties", {}):
            yield table, key


def list_tables(key: str) -> list[str]:
    """The tables whose key has the one sentence that many share."""
    shared = load_meanings()[ANY, key]
    return [table for table, name in list_keys() if name == key and get_meaning(table, key) == shared]


def read_claims(folder: Path) -> Iterator[tuple[str, str]]:
    """(claim, test) of each mark in the tests of a folder; `*.key` is the sentence that many tables share."""
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for test in ast.parse(text).body if "mark.claim(" in text else ():
            for mark in getattr(test, "decorator_list", ()):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.claim":
                    assert isinstance(test, ast.FunctionDef), path
                    for name in mark.args:
                        yield ast.literal_eval(name), f"{path.name}::{test.name}"


def expand_claim(claim: str) -> list[str]:
    """`Table.key` for each table that a claim is about."""
    table, key = claim.split(".")
    return [f"{one}.{key}" for one in list_tables(key)] if table == ANY else [claim]


# ----------------------------------------------------------------------------------- the program's answer


def write_case(
    folder: Path, rows: Iterable[Row], body: Mapping[str, Any], files: Mapping[str, str] | None = None
) -> Path:
    """A scenario of a table and some keys, which seeks the score unless it says another goal."""
    rows = list(rows)
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(key for row in rows for key in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    for name, text in (files or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    head = {"schema_version": 1, "id": "claim", "dossiers": [{"file": "table.csv"}]}
    whole = {**head, "objective": [{"maximise": {"score": 1}}], **body}
    path = folder / "claim.yaml"
    path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    return path


def solve_case(
    folder: Path, rows: Iterable[Row], body: Mapping[str, Any], files: Mapping[str, str] | None = None
) -> ResultData:
    """What the program makes of a case, solved to its end."""
    result = solve(load_scenario(write_case(folder, rows, body, files)), cross_check="never")
    assert result.status in (Status.OPTIMAL, Status.INFEASIBLE), result.status
    return result


def decide(
    folder: Path, rows: Iterable[Row], body: Mapping[str, Any], files: Mapping[str, str] | None = None
) -> Award | None:
    """Dossier → cents as the program decides; None where it finds or foresees that nothing can hold."""
    try:
        result = solve_case(folder, rows, body, files)
    except InputError as error:
        if not {defect.code for defect in error.defects} <= FORESEEN:
            raise
        return None
    return awards(result) if result.status is Status.OPTIMAL else None


FORESEEN = {"min-use", "min-dossiers"}
"""Codes of contradictions that need no solver."""


def find_codes(run: Callable[[], object]) -> set[str]:
    """The codes of a refusal; none where nothing is refused."""
    try:
        run()
    except InputError as error:
        return {defect.code for defect in error.defects}
    return set()


# -------------------------------------------------------------------------------- the answer of the sentences


def choose_best(
    offers: Mapping[str, Iterable[int]],
    holds: Callable[[Award], bool],
    worth: Callable[[Award], Any],
    must: Iterable[str] = (),
) -> Award | None:
    """The best allocation that holds: most worth, least granted, then the first dossiers, then their cents.

    `offers` has the amounts that each dossier may get, the dossiers in their rank; `must` those that are funded.
    """
    names, must = list(offers), set(must)
    found = []
    for choice in product(*([*([] if name in must else [0]), *offers[name]] for name in names)):
        award = {name: cents for name, cents in zip(names, choice, strict=True) if cents}
        if holds(award):
            cents = [award.get(name, 0) for name in names]
            found.append((worth(award), -sum(cents), [c > 0 for c in cents], cents, award))
    return max(found, default=(None,), key=lambda one: one[:-1])[-1]


def whole(amount: int, **keys: Any) -> dict[str, Any]:
    """The keys of a scenario whose programme has one amount in cents."""
    return {"programme": {"id": "p", "amount": euros(amount)}, **keys}


def draw_rows(dice: random.Random, n: int = 6, **cells: Sequence[str]) -> list[Row]:
    """Applications with amounts that are round now and then, equal scores, and one cell of each other column."""
    return [
        {
            "dossier": f"D{k}",
            "requested": euros(dice.randrange(10_000, 60_000, dice.choice((1, 5_000)))),
            "score": dice.choice(("0.5", "1", "2.25", "2.25", "7.1")),
            **{column: dice.choice(choice) for column, choice in cells.items()},
        }
        for k in range(n)
    ]


def cents(text: str) -> int:
    """« 12.50 » in cents."""
    exact = Fraction(text) * 100
    assert exact.denominator == 1, text
    return int(exact)


def euros(cents: int) -> str:
    """Cents as a table holds them."""
    return f"{cents // 100}.{cents % 100:02d}"


def score_of(rows: Iterable[Row], column: str = "score") -> Callable[[Award], Fraction]:
    """The sum of the scores of what is funded; a blank is nothing."""
    scores = {row["dossier"]: Fraction(row[column] or 0) for row in rows}
    return lambda award: sum((scores[name] for name in award), Fraction(0))


def requested(rows: Iterable[Row]) -> dict[str, list[int]]:
    """All or nothing: what each asks."""
    return {row["dossier"]: [cents(row["requested"])] for row in rows}
