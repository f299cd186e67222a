"""What `explain` says is enough is enough when it is written into the scenario, and one unit less is not.

Through the files, as a planner would: a score and a request in the table, an amount and a bound in the
scenario. The unit is a step of the score, the rounding unit of grants, a cent, a whole dossier.
"""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import draws

from tnt_sim.analysis.explain.minimal_changes import list_changes, prepare_question
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.documents import dump_document
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import ResultData, SolveOutcome, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.scenario.load import load_scenario, with_amounts, with_changes
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData

SEEDS = range(10, 21)
UNIT = 1_000
"""Grants are rounded down to 10 €."""


def written(folder: Path, seed: int, cells: dict[tuple[str, str], str] | None = None) -> ScenarioData:
    """A random scenario as files; `cells` replaces cells of its table, by dossier and column."""
    draw = random.Random(seed)
    rows: dict[str, dict[str, str]] = {}
    for k in range(draw.randint(5, 11)):
        requested = draw.randint(400, 2500)
        rows[f"D{k}"] = {
            "envelope": draw.choice("ab"),
            "department": draw.choice(["01", "02"]),
            "theme": draws.blank(draw.choice, draws.spelling(draw.choice, draw.choice(draws.THEMES))),
            "cost": f"{requested + draw.randint(0, 900)}.{draw.randint(0, 99):02d}",
            "requested": f"{requested}.{draw.randint(0, 99):02d}",
            "score": draws.text(draws.score(draw.choice)),
        }
    for (name, column), value in (cells or {}).items():
        rows[name][column] = value
    columns = ["dossier", *next(iter(rows.values()))]
    lines = [",".join(columns), *(",".join([name, *row.values()]) for name, row in rows.items())]
    a, b = draw.randint(1500, 4000), draw.randint(1000, 3000)
    text = (
        "schema_version: 1\nid: force\n"
        f"programme: {{id: p, amount: {a + b + draw.randint(0, 900)} €, unassigned: free, envelopes: "
        f"[{{id: a, amount: {a} €}}, {{id: b, amount: {b} €}}]}}\n"
        "dossiers: [{file: d.csv}]\n"
        "grants: [{mode: all_or_nothing, max_rate: 90 %, round: 10 €}]\n"
        f"rules:\n  - {{id: plafond, kind: limit, measure: granted, where: {{theme: {draws.THEMES[1].upper()}}}, "
        f"max: {draw.randint(1500, 5000)}.05 €}}\n"
        "  - {id: nombre, kind: limit, measure: dossiers, where: {department: '02'}, "
        f"max: {draw.randint(1, 3)}}}\n"
        "objective: [{maximise: {score: 1}}]\nsolver: {cross_check: never}\n"
    )
    (folder / "d.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "force.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "force.yaml")


def funds(scenario: ScenarioData, name: str) -> bool:
    """Whether the one answer of a scenario holds a dossier."""
    result = solve(scenario)
    assert result.document["status"] == "optimal"
    assert result.document["canonical"]
    return bool(result.dossiers.filter(dossier=name)["funded"][0])


def within(scenario: ScenarioData, name: str, values: tuple[Fraction, ...]) -> bool:
    """Whether an allocation of a scenario holds a dossier and is worth that much in every goal."""
    problem = compile_problem(scenario)
    row = problem.case.table["dossier"].to_list().index(name)
    answer: SolveOutcome = optimise(
        with_fixed(problem, [row]), OptimiseOptions(kept_values=tuple(values), canonical=False, prove=False)
    )
    assert answer.is_closed or answer.status is Status.INFEASIBLE
    return answer.allocation is not None


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def check_one(folder: Path, seed: int, result: ResultData, name: str, change: dict[str, Any]) -> str | None:
    """The change is enough, one unit less is not; what kind it was, None where it has no figure."""
    if change["status"] != "exact" or (change.get("tie") and change["kind"] == "envelope"):
        return None
    assert result.reading is not None
    values = result.reading.values
    if change["kind"] == "score":
        to, step = Fraction(change["to"]), Fraction(change["step"])
        cells = [{(name, "score"): f"{float(score)}"} for score in (to, to - step)]
        held = [funds(written(folder, seed, one), name) for one in cells]
    elif change["kind"] == "grant":
        assert change["step_cents"] == UNIT
        cells = [{(name, "requested"): euros(change["to_cents"] + more)} for more in (0, UNIT)]
        held = [funds(written(folder, seed, one), name) for one in cells]
    else:
        write = more_money if change["kind"] == "envelope" else looser
        held = [within(one, name, values) for one in write(written(folder, seed), result, change)]
    assert held == [True, False], change
    return str(change["kind"])


def more_money(scenario: ScenarioData, result: ResultData, change: dict[str, Any]) -> list[ScenarioData]:
    """An envelope raised, and the programme by as much; the same for one cent less."""
    amounts = {str(change["of"]): int(change["to_cents"])}
    root = result.document["envelopes"][0]
    amounts.setdefault(root["id"], root["amount_cents"] + change["by_cents"])
    return [with_amounts(scenario, {key: cents - less for key, cents in amounts.items()}) for less in (0, 1)]


def looser(scenario: ScenarioData, result: ResultData, change: dict[str, Any]) -> list[ScenarioData]:
    """The bound of a rule given way; by one cent, or one dossier, less."""
    assert result.reading is not None
    bound = next(r for r in result.reading.rules if r.id == change["of"]).readings[0].maximum
    assert bound is not None
    money = change["unit"] == "money"
    unit = Fraction(1, 100) if money else Fraction(1)
    bounds = [bound + Fraction(change["by"]) - less for less in (0, unit)]
    texts = [f"{float(one):.2f} €" if money else int(one) for one in bounds]
    return [with_changes(scenario, {f"rules.{change['of']}.max": text}) for text in texts]


def one_refused(folder: Path, seed: int) -> list[str]:
    """The first refused dossier of one scenario, each of its changes tried; the kinds that were."""
    folder.mkdir()
    try:
        result = solve(written(folder, seed))
    except ScenarioError:
        return []
    if result.status is not Status.OPTIMAL:
        return []
    question = prepare_question(of_result(result))
    decided = question.decided
    waiting = np.flatnonzero(decided.problem.offers.candidate & ~decided.allocation.funded)
    if not len(waiting):
        return []
    row = int(waiting[0])
    name = str(decided.numbers[row])
    changes = [dump_document(one) for one in list_changes(question, row, confirm=False)]
    return [kind for change in changes if (kind := check_one(folder, seed, result, name, change))]


@pytest.mark.slow
def test_enough_is_enough_and_one_unit_less_is_not(tmp_path: Path) -> None:
    seen = Counter(kind for seed in SEEDS for kind in one_refused(tmp_path / str(seed), seed))
    assert min(seen[kind] for kind in ("score", "grant", "envelope", "rule")) >= 1, seen
