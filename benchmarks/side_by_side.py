"""One decision, side by side: the engine against bare solvers on the same integer model, answers compared.

uv run [--with ortools] python benchmarks/side_by_side.py FAMILY SEED… [--list FILE] [--limit SECONDS]

All solve the goal to gap 0 on one thread, from the same arrays in memory; reading and formulating are not counted.
The engine's time is to the point that it holds to be optimal (`solve`), with the tie-break; the proof is beside.
Solvers that are not installed are left out. A bare solver's answer is read again in integers: « wrong » says that
it is worse than the proven value or breaks a row.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from families import write

from tnt_sim.engine import solve
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.scenario.compile import compile_problem
from tnt_sim.scenario.load import load_scenario
from tnt_sim.solve.highs import quiet_highspy

Answer = tuple[float, np.ndarray | None]


def bare_highs(model: LinearModel, limit: float) -> Answer:
    """highspy, cold, gaps 0, one thread."""
    highspy: Any = quiet_highspy()
    highs = highspy.Highs()
    highs.silent()
    for name, value in (("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0), ("time_limit", limit)):
        highs.setOptionValue(name, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.n_cols, model.n_rows
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = model.objective.astype(float)
    lp.col_lower_, lp.col_upper_ = model.col_lower.astype(float), model.col_upper.astype(float)
    lp.row_lower_ = np.where(model.row_lower == NO_LOWER, -highspy.kHighsInf, model.row_lower.astype(float))
    lp.row_upper_ = np.where(model.row_upper == NO_UPPER, highspy.kHighsInf, model.row_upper.astype(float))
    lp.integrality_ = [highspy.HighsVarType.kInteger] * model.n_cols
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = model.matrix.indptr, model.matrix.indices
    lp.a_matrix_.value_ = model.matrix.data.astype(float)
    began = time.perf_counter()
    highs.passModel(lp)
    highs.run()
    seconds = time.perf_counter() - began
    done = highs.getModelStatus().name == "kOptimal"
    return seconds, np.rint(np.array(highs.getSolution().col_value)).astype(np.int64) if done else None


def bare_cp_sat(model: LinearModel, limit: float) -> Answer | None:
    """CP-SAT, one worker."""
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        return None
    cp = cp_model.CpModel()
    x = [cp.new_int_var(int(a), int(b), "") for a, b in zip(model.col_lower, model.col_upper, strict=True)]
    m = model.matrix
    for row in range(model.n_rows):
        part = slice(int(m.indptr[row]), int(m.indptr[row + 1]))
        expression = cp_model.LinearExpr.weighted_sum([x[j] for j in m.indices[part]], m.data[part].tolist())
        low, high = int(model.row_lower[row]), int(model.row_upper[row])
        cp.add_linear_constraint(
            expression, low if low != NO_LOWER else -(2**60), high if high != NO_UPPER else 2**60
        )
    cp.maximize(cp_model.LinearExpr.weighted_sum(x, model.objective.tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = limit
    solver.parameters.presolve_inclusion_work_limit = 0
    began = time.perf_counter()
    status = solver.solve(cp)
    seconds = time.perf_counter() - began
    if status != cp_model.OPTIMAL:
        return seconds, None
    return seconds, np.array([solver.value(v) for v in x], dtype=np.int64)


def bare_scip(model: LinearModel, limit: float) -> Answer | None:
    """SCIP, gap 0."""
    try:
        from pyscipopt import Model, quicksum
    except ImportError:
        return None
    scip = Model()
    scip.hideOutput()
    scip.setParam("limits/time", limit)
    x = [
        scip.addVar(vtype="I", lb=int(a), ub=int(b))
        for a, b in zip(model.col_lower, model.col_upper, strict=True)
    ]
    m = model.matrix
    for row in range(model.n_rows):
        part = slice(int(m.indptr[row]), int(m.indptr[row + 1]))
        sum_ = quicksum(int(a) * x[j] for a, j in zip(m.data[part], m.indices[part], strict=True))
        low, high = int(model.row_lower[row]), int(model.row_upper[row])
        if low != NO_LOWER:
            scip.addCons(sum_ >= low)
        if high != NO_UPPER:
            scip.addCons(sum_ <= high)
    scip.setObjective(quicksum(int(c) * v for c, v in zip(model.objective, x, strict=True)), "maximize")
    began = time.perf_counter()
    scip.optimize()
    seconds = time.perf_counter() - began
    if scip.getStatus() != "optimal":
        return seconds, None
    return seconds, np.array([round(scip.getVal(v)) for v in x], dtype=np.int64)


PEERS: dict[str, Callable[[LinearModel, float], Answer | None]] = {
    "highspy": bare_highs,
    "cp-sat": bare_cp_sat,
    "scip": bare_scip,
}


def compare(path: Path, limit: float) -> dict[str, float]:
    """Seconds of the engine and of each peer on one scenario; prints a line."""
    scenario = load_scenario(path)
    model = formulate(compile_problem(scenario))
    stage = model.stages[0]
    plain = model.model.with_objective(stage.objective, stage.sense)
    result = solve(scenario, cross_check="never", time_limit=limit)
    spent = result.document["seconds"]
    goal = result.document["objective"][0]
    best = int((result.reading.values[0] / stage.scale) - stage.constant) if result.reading else 0
    seconds = {"engine": spent["solve"], "proof": spent["proof"]}
    words = [
        f"engine {spent['solve']:.3f} s ({result.document['method']}), proof {spent['proof']:.3f} s {result.proof}"
    ]
    for name, ask in PEERS.items():
        answer = ask(plain, limit)
        if answer is None:
            continue
        seconds[name], point = answer
        said = "unfinished" if point is None else "equal"
        if point is not None and (not plain.is_feasible(point) or plain.value(point) != best):
            rows = "kept" if plain.is_feasible(point) else "broken"
            said = f"wrong ({plain.value(point) - best:+d}, rows {rows})"
        words.append(f"{name} {seconds[name]:.3f} s ×{seconds[name] / max(spent['solve'], 1e-4):.1f} {said}")
    print(f"{path.stem} {goal['value']}: " + "; ".join(words), flush=True)
    return seconds


def main() -> None:
    words = sys.argv[1:]
    limit = float(words[words.index("--limit") + 1]) if "--limit" in words else 120.0
    source = Path(words[words.index("--list") + 1]) if "--list" in words else None
    seeds = [int(word) for word in words[1:] if word.isdigit() and words[words.index(word) - 1] != "--limit"]
    with tempfile.TemporaryDirectory() as folder:
        places = [write(words[0], seed, Path(folder) / str(seed), source) for seed in seeds]
        every = [compare(place, limit) for place in places]
    for name in every[0]:
        times = [found[name] for found in every if name in found]
        print(f"{name:8} median {statistics.median(times):.4f} s, {min(times):.4f} to {max(times):.4f}")


if __name__ == "__main__":
    main()
