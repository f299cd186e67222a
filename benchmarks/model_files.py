"""LP and MPS files of every shipped scenario, read back and solved by HiGHS and CBC, beside the decision.

    uv run python benchmarks/model_files.py [NAME …] [--seconds 30] [--solver highs]

For each stage of the objective, and for the least granted after them:

- HiGHS and CBC read both files and solve them with gap 0. Each has `--seconds` for a file; the second file is
  solved where the first one ended. Their optimum must be the value of the decision, in whole units of the stage.
- Where a solver does not end, the value of the decision must lie between its bound and its list.
- HiGHS reads the LP file once more with the grants of the decision fixed: it must find a feasible point, whose
  objective is the value of the decision.

A stage whose earlier values the engine does not prove within the time limit of the scenario has no file. A row
prints seconds on the clock. Each scenario has its own process. The command ends with code 1 if a row disagrees.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl

import tnt_sim as tnt
from tnt_sim.api.models.model import LEAST_GRANTED
from tnt_sim.engine.result import Proof
from tnt_sim.solve.backends.highs import import_highspy

HERE = Path(__file__).resolve().parents[1]
SCENARIOS = HERE / "scenarios"
CBC = shutil.which("cbc")
EXACT = {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}
FIXING_SECONDS = 60.0
HEAD = """\
| scenario | stage | value | HiGHS: LP, MPS | CBC: LP, MPS | decision fixed in the LP file |
|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Solved:
    """What a solver made of a file: its best list and its bound, None where it claims none."""

    has_ended: bool
    best: float | None
    bound: float | None
    seconds: float


def main() -> int:
    """Print one row per stage; return 1 if one disagrees."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--solver", choices=("highs", "cbc"), nargs="+", default=["highs", "cbc"])
    given = parser.parse_args()
    names = given.names or [path.stem for path in sorted(SCENARIOS.glob("*.yaml")) if "lot-" not in path.stem]
    if len(names) > 1:
        words = [sys.executable, __file__, "--seconds", str(given.seconds), "--solver", *given.solver]
        print(HEAD, flush=True)
        return max(subprocess.run([*words[:2], name, *words[2:]], check=False).returncode for name in names)
    agree = True
    for row, is_equal in compare_stages(names[0], given.seconds, given.solver):
        agree = agree and is_equal
        print(row, flush=True)
    return 0 if agree else 1


def compare_stages(name: str, seconds: float, solvers: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield the row of each stage of a scenario, and whether all its figures agree."""
    scenario = tnt.read_scenario(SCENARIOS / f"{name}.yaml")
    model = scenario.model()
    began = time.perf_counter()
    decided = tnt.Scenario.from_data(model.scenario).solve()
    spent = time.perf_counter() - began
    values = [Fraction(goal["value"]) for goal in decided.document["objective"]]
    proved = [goal["bound"] == goal["value"] for goal in decided.document["objective"]]
    n_proved = proved.index(False) if False in proved else len(proved)
    model._solved.values = tuple(values[:n_proved])
    model._solved.proof = decided.proof or Proof.FEASIBLE_GAP
    values.append(Fraction(decided.document["granted_cents"], 100))
    label = f"`{name}` ({decided.proof}, {spent:.0f} s)"
    for number, value in enumerate(values, start=1):
        title = model.stages["name"][number - 1]
        if number - 1 > n_proved:
            yield (
                f"| {label} | {title} | {float(value)} | no file: an earlier value is not proved | | |",
                True,
            )
            continue
        is_exact = decided.proof != Proof.FEASIBLE_GAP if title == LEAST_GRANTED else proved[number - 1]
        yield compare_stage(
            model.with_stage(number), label, value, decided.table(), seconds, solvers, is_exact=is_exact
        )


def compare_stage(
    model: tnt.Model,
    label: str,
    value: Fraction,
    awards: pl.DataFrame,
    seconds: float,
    solvers: Sequence[str],
    *,
    is_exact: bool,
) -> tuple[str, bool]:
    """Return the row of one stage, and whether all its figures agree."""
    title = model.stages["name"][model.number - 1]
    sign = -1 if model.named.is_maximised else 1
    wanted = round((value - model.named.offset) / model.named.cost_scale)
    cells, agree = [], True
    with tempfile.TemporaryDirectory() as folder:
        files = [(Path(folder) / "model.lp", 1), (Path(folder) / "model.mps", sign)]
        model.to_lp(files[0][0])
        model.to_mps(files[1][0])
        for name, solve in (("highs", solve_with_highs), ("cbc", solve_with_cbc)):
            if name not in solvers:
                cells.append("")
                continue
            texts: list[str] = []
            for path, way in files:
                if texts and "not ended" in texts[0]:
                    break
                solved = solve(path, seconds)
                text, is_equal = compare_answer(model, solved, way, wanted, is_exact=is_exact)
                texts.append(text)
                agree = agree and is_equal
            cells.append("; ".join(texts))
        fixed = fix_decision(model, awards, files[0][0])
    is_same = fixed is not None and round(Fraction(fixed) / model.named.cost_scale) == wanted
    cells.append("same value" if is_same else f"**{fixed}**")
    return f"| {label} | {title} | {float(value)} | {' | '.join(cells)} |", agree and is_same


def compare_answer(
    model: tnt.Model, solved: Solved, way: int, wanted: int, *, is_exact: bool
) -> tuple[str, bool]:
    """Say how an answer stands to the value of the decision, in whole units of the stage."""
    scale = model.named.cost_scale
    maximised = model.named.is_maximised
    if solved.has_ended and solved.best is not None:
        found = round(way * Fraction(solved.best) / scale)
        better = found > wanted if maximised else found < wanted
        is_equal = found == wanted or (not is_exact and better)
        words = "same" if found == wanted else f"**{float(found * scale + model.named.offset)}**"
        return f"{words}, {solved.seconds:.1f} s", is_equal
    ends = [None if end is None else way * Fraction(end) / scale for end in (solved.best, solved.bound)]
    best, bound = ends if maximised else ends[::-1]
    slack = Fraction(1, 10)
    inside = (best is None or best <= wanted + slack or not is_exact) and (
        bound is None or bound >= wanted - slack
    )
    texts = ["none" if end is None else f"{float(end * scale + model.named.offset):.2f}" for end in ends]
    words = f"not ended: list {texts[0]}, bound {texts[1]}"
    return words if inside else f"**{words}**", inside


def solve_with_highs(path: Path, seconds: float) -> Solved:
    """Solve a file with HiGHS."""
    highs = import_highspy().Highs()
    for option, value in (EXACT | {"time_limit": seconds}).items():
        highs.setOptionValue(option, value)
    highs.readModel(str(path))
    began = time.perf_counter()
    highs.run()
    spent = time.perf_counter() - began
    info = highs.getInfo()
    has_list = info.primal_solution_status == 2
    best = info.objective_function_value if has_list else None
    bound = info.mip_dual_bound if np.isfinite(info.mip_dual_bound) else None
    return Solved(highs.getModelStatus().name == "kOptimal", best, bound, spent)


def solve_with_cbc(path: Path, seconds: float) -> Solved:
    """Solve a file with CBC, whose log has the bound where it stops at the limit."""
    out = path.with_suffix(".sol")
    out.unlink(missing_ok=True)
    limits = ["-ratio", "0", "-allow", "0", "-timeMode", "elapsed", "-sec", str(seconds)]
    command = [str(CBC), str(path), *limits, "-solve", "-solution", str(out)]
    began = time.perf_counter()
    log = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20 * seconds).stdout
    spent = time.perf_counter() - began
    head = out.read_text().splitlines()[0] if out.exists() else ""
    if head.startswith("Optimal - objective value"):
        return Solved(True, float(head.split()[-1]), None, spent)
    best = re.search(r"^Objective value:\s+(\S+)", log, re.M)
    bound = re.search(r"^(?:Lower|Upper) bound:\s+(\S+)", log, re.M)
    return Solved(False, float(best[1]) if best else None, float(bound[1]) if bound else None, spent)


def fix_decision(model: tnt.Model, awards: pl.DataFrame, path: Path) -> float | None:
    """Return the objective of the LP file where the grants are those of the decision; None if it is infeasible."""
    recovery = model.form.recovery
    cents = awards["granted_cents"].to_numpy()
    funded = awards["funded"].to_numpy()
    units = np.maximum(recovery.unit_cents[recovery.amount_rows], 1)
    is_level = ~np.isin(recovery.amount_rows, recovery.ranged)
    amounts = (cents - recovery.base_cents)[recovery.amount_rows] // units
    levels = funded[recovery.options.row] & (cents[recovery.options.row] == recovery.options.cents)
    amounts = np.where(funded[recovery.amount_rows], amounts, 0)
    whole = np.concatenate([funded[recovery.candidate], amounts, levels])
    free = len(recovery.candidate) + np.flatnonzero(is_level)
    highs = import_highspy().Highs()
    for option, value in (EXACT | {"time_limit": FIXING_SECONDS}).items():
        highs.setOptionValue(option, value)
    highs.readModel(str(path))
    for k in np.setdiff1d(np.arange(recovery.n_columns), free).tolist():
        __, column = highs.getColByName(model.named.columns[k])
        highs.changeColBounds(column, float(whole[k]), float(whole[k]))
    highs.run()
    return highs.getObjectiveValue() if highs.getModelStatus().name == "kOptimal" else None


if __name__ == "__main__":
    sys.exit(main())
