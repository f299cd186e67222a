"""Allocations by the compiled kernels, by numpy and by the plain path (`--method direct`) are equal, to the cent.

    uv run python benchmarks/equal_paths.py [FROM] [TO]          (default 0 2000; 0 to 60 run with the tests)

Even seeds draw a scenario of all rule kinds (`tests/support/mixed_cases/drawn.py`); odd ones draw dossiers under
limits, shares and exclusions that cross, with few different amounts and scores, so that ties abound: every other
time 0-1 dossiers alone, else levels and ranges too. SYNTHETIC, all of it.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support import draws
from support.mixed_cases.drawn import mixed
from support.mixed_cases.run import write

from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.kernel.compiled.library import COMPILED, NUMPY, VARIABLE, get_core
from tnt_sim.scenario.load import load_scenario


def open_amounts(seed: int) -> tuple[str, str]:
    """A scenario and its table: levels, ranges and single amounts in nested envelopes, under rules that cross."""
    dice = random.Random(seed)
    n = dice.randint(4, 14)
    kinds = dice.choice([["levels"], ["levels", "plain"], ["range", "plain"], ["levels", "range", "plain"]])
    costs = [dice.randint(1, 12) * dice.choice([100, 700, 233.37]) for _ in range(dice.choice([2, 5, 14]))]
    costs = [round(cost, 2) for cost in costs]
    rows = [
        (
            k,
            dice.choice(kinds),
            dice.choice("ab"),
            dice.choice(costs),
            draws.text(draws.score(dice.choice)),
            draws.blank(dice.choice, f"t{dice.randrange(3)}", 10),
        )
        for k in range(n)
    ]
    asked = sum(row[3] for row in rows)
    amount = asked * dice.randint(10, 45) // 100
    rules = []
    for theme in ("t0", "t1"):
        side, share = dice.choice([("min", 15), ("min", 30), ("max", 30), ("", 0), ("", 0)])
        mine = sum(row[3] for row in rows if row[5] == theme)
        if side and mine:
            who = f"id: {side}-{theme}, kind: limit, measure: granted, where: {{theme: {theme}}}"
            rules.append(f"{{{who}, {side}: {mine * share // 100} €}}")
    if dice.random() < 0.3:
        rules.append(f"{{id: count, kind: limit, measure: dossiers, max: {max(1, n // 2)}}}")
    if dice.random() < 0.3:
        rules.append("{id: jury, kind: decide, fund: [D000]}")
    if dice.random() < 0.2:
        rules.append("{id: one, kind: exclusive, dossiers: [D001, D002, D003], max: 1}")
    goals = dice.choice(
        [
            "{score: 1}",
            "{score: 1}",
            "{dossiers: 1}",
            "{granted: 1}",
            "{leverage: 1}",
            "{score: 100, granted: -0.01}",
        ]
    )
    step, part = dice.choice([50, 100]), f"{{id: a, amount: {amount * 6 // 10} €}}"
    text = (
        "schema_version: 1\nid: case\ntitle: SYNTHETIC\n"
        f"programme: {{id: tout, amount: {amount} €, envelopes: [{part}, {{id: b}}]}}\n"
        "dossiers: [{file: dossiers.csv}]\ngrants:\n"
        "  - {where: {kind: levels}, mode: levels, levels: [20 %, 30 %, 50 %]}\n"
        f"  - {{where: {{kind: range}}, mode: range, min_rate: 20 %, max_rate: 50 %, round: {step} €}}\n"
        "  - {where: {kind: plain}, mode: all_or_nothing, max_rate: 40 %}\n"
        + "rules:\n" * bool(rules)
        + "".join(f"  - {rule}\n" for rule in rules)
        + f"objective: [{{maximise: {goals}}}]\nsolver: {{cross_check: never}}\n"
    )
    table = "dossier,kind,envelope,cost,requested,score,theme\n" + "".join(
        f"D{k:03},{kind},{envelope},{cost},{cost},{score},{theme and draws.spelling(dice.choice, theme)}\n"
        for k, kind, envelope, cost, score, theme in rows
    )
    return text, table


def crossing(seed: int) -> tuple[str, str]:
    """A scenario and its table: rules that cross over dossiers that are funded in full or not at all."""
    dice = random.Random(seed)
    n = dice.randint(8, 40)
    amounts = [dice.randint(1, 60) * dice.choice([1, 50, 997, 0.37]) for _ in range(dice.choice([3, 8, 40]))]
    amounts = [round(amount, 2) for amount in amounts]
    rows = [
        (
            k,
            dice.choice(amounts),
            draws.text(draws.score(dice.choice)),
            f"t{dice.randrange(3)}",
            f"r{dice.randrange(4)}",
        )
        for k, theme in enumerate(dice.randrange(3) for _ in range(n))
    ]
    total = sum(row[1] for row in rows)
    rules = []
    for name, place in (("theme", 3), ("reg", 4)):
        for group in sorted({str(row[place]) for row in rows}):
            mine = sum(row[1] for row in rows if row[place] == group)
            side, share = dice.choice([("min", 25), ("max", 45), ("max", 60), ("", 0)])
            if side:
                rules.append(
                    f"  - {{id: {side}-{group}, kind: limit, measure: granted, where: {{{name}: {group}}}, "
                    f"{side}: {mine * share // 100} €}}"
                )
    if dice.random() < 0.4:
        rules.append(f"  - {{id: count, kind: limit, measure: dossiers, max: {max(1, n // 2)}}}")
    if dice.random() < 0.3:
        rules.append("  - {id: part, kind: share, measure: dossiers, where: {theme: T0}, min: 12.5 %}")
    if dice.random() < 0.3:
        rules.append("  - {id: one, kind: exclusive, dossiers: [D000, D001, D002], max: 1}")
    goals = dice.choice(["{maximise: {score: 1}}", "{maximise: {dossiers: 1}}, {maximise: {score: 1}}"])
    text = (
        "schema_version: 1\nid: case\ntitle: SYNTHETIC\n"
        f"programme: {{id: tout, amount: {total * dice.randint(30, 70) // 100} €}}\n"
        "dossiers: [{file: dossiers.csv}]\n" + "rules:\n" * bool(rules) + "\n".join(rules) + "\n"
        f"objective: [{goals}]\nsolver: {{cross_check: never}}\n"
    )
    table = "dossier,requested,score,theme,reg\n" + "".join(
        f"D{k:03},{amount},{score},{draws.spelling(dice.choice, theme)},{reg}\n"
        for k, amount, score, theme, reg in rows
    )
    return text, table


def place_of(seed: int, folder: Path) -> Path:
    """The scenario file of one seed."""
    if seed % 2 == 0:
        return write(mixed(seed, 8, 4000), folder)
    text, table = open_amounts(seed) if seed % 4 == 3 else crossing(seed)
    (folder / "dossiers.csv").write_text(table, encoding="utf-8")
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    return folder / "case.yaml"


def told(result: ResultData) -> dict[str, Any]:
    """What must be equal."""
    held = result.allocation
    return {
        "status": result.status.value,
        "values": [goal["value"] for goal in result.document["objective"]],
        "canonical": result.document["canonical"],
        "granted": None if held is None else held.granted_cents.tolist(),
        "funded": None if held is None else held.funded.tolist(),
    }


def compare(seed: int) -> tuple[str, str]:
    """How the seed was solved, and what differs (empty when nothing does, or a limit ended one of the two)."""
    with tempfile.TemporaryDirectory() as name:
        place = place_of(seed, Path(name))
        try:
            ours, by_numpy = (solve_by(path, place) for path in (COMPILED, NUMPY))
        except InputError as error:
            return "refused", "" if seed % 4 != 1 else str(error)
        plain = solve_by(COMPILED, place, method="direct")
    differ, in_time = [], True
    for name, other in (("numpy", by_numpy), ("plain", plain)):
        if Status.FEASIBLE in (ours.status, other.status) and ours.status is not other.status:
            in_time = False
        else:
            differ += [f"{name}, {difference}" for difference in list_differences(ours, other)]
    way = f"{ours.document['method']}{'' if in_time else ', one not settled in time'}"
    return way, ", ".join(differ)


def solve_by(path: str, place: Path, **options: Any) -> ResultData:
    """Solve a scenario with the compiled kernels or with numpy."""
    with patch.dict(os.environ, {VARIABLE: path}):
        return solve(load_scenario(place), cross_check="never", **options)


def list_differences(ours: ResultData, other: ResultData) -> list[str]:
    """List what another path tells otherwise."""
    left, right = told(ours), told(other)
    return [f"{key}: {left[key]} ≠ {right[key]}" for key in left if left[key] != right[key]]


def main() -> None:
    first, last = (int(word) for word in (*sys.argv[1:3], *("0", "2000")[len(sys.argv[1:3]) :]))
    if get_core() is None:
        sys.exit("The compiled kernels are not built: nothing to compare.")
    ways: Counter[str] = Counter()
    different = {}
    began = time.perf_counter()
    for seed in range(first, last):
        way, differ = compare(seed)
        ways[way] += 1
        if differ:
            different[seed] = differ
            print(f"{seed} ({way}): {differ}", flush=True)
    print(
        f"{last - first} scenarios in {time.perf_counter() - began:.0f} s: {dict(ways)}; {len(different)} differ"
    )
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
