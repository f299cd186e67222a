"""Pabulib files: the kernel against pabutools' ILP and its primal-dual, answers compared.

uv run python benchmarks/pabulib.py FOLDER [REPEATS]

Each side starts from what it holds in memory: ours from the model, pabutools from its instance and the total score
of each project (one ballot that holds all scores). Both maximise the score within the budget; ours finds the least
granted and the one answer as well. « decision » is the whole of it from the scenario in memory: compiled, solved,
proven, the proof checked, read again. pabutools needs an older PuLP than we do, so it runs in an environment of
its own (`pabulib_peer.py`). Times are medians, summed over the files.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import polars as pl

from tnt_sim.engine.solve import solve
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import SolveStage
from tnt_sim.ingest.tables.pabulib import read_pb
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods.cap_tree import solve_tree

Projects = list[tuple[str, int, int]]


def projects_of(path: Path) -> tuple[Projects, int]:
    """(id, cost, score) of each project, and the budget."""
    file = read_pb(path.read_bytes(), path.name)
    worth = "score" if "score" in file.header else "votes"
    rows = zip(file.get_column("project_id"), file.get_column("cost"), file.get_column(worth), strict=True)
    return [(name, round(float(cost)), int(score)) for name, cost, score in rows], int(
        float(file.meta["budget"])
    )


def median(task: Callable[[], object], repeats: int) -> float:
    """Seconds of one call, the median of several."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        task()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def ours(projects: Projects, budget: int, repeats: int) -> dict[str, tuple[float, int]]:
    """Seconds, and the score reached: of the kernel, and of the whole decision with its proof."""
    with tempfile.TemporaryDirectory() as folder:
        names, costs, scores = zip(*projects, strict=True)
        table = pl.DataFrame({"dossier": names, "cost": costs, "requested": costs, "value": scores})
        table.write_parquet(Path(folder) / "dossiers.parquet")
        text = f"schema_version: 1\nid: pb\nprogramme: {{id: all, amount: {budget} €}}\n"
        text += "dossiers: [{file: dossiers.parquet}]\nobjective: [{maximise: {value: 1}}]\n"
        (Path(folder) / "pb.yaml").write_text(text, encoding="utf-8")
        scenario = load_scenario(Path(folder) / "pb.yaml")
        form = formulate(compile_problem(scenario))
        result = solve(deepcopy(scenario))
        assert result.document["proof"] == "PROVED"
    stages = [
        SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant)
        for s in (*form.stages, form.least_granted)
    ]
    outcome = solve_tree(form.model, stages)
    assert outcome is not None
    value = int(form.stages[0].scale * (outcome[0].stages[0].value or 0))
    copies = [deepcopy(scenario) for _ in range(repeats)]  # nothing that a decision keeps helps the next one
    decided = median(lambda: solve(copies.pop()), repeats), int(result.document["objective"][0]["value"])
    return {"kernel": (median(lambda: solve_tree(form.model, stages), repeats), value), "decision": decided}


def theirs(files: dict[str, tuple[Projects, int]], repeats: int) -> dict[str, dict[str, tuple[float, int]]]:
    """Seconds and score of pabutools' two exact methods for each file, in an environment of its own."""
    peer = Path(__file__).with_name("pabulib_peer.py")
    command = [
        "uv",
        "run",
        "-q",
        "--no-project",
        "--with",
        "pabutools",
        "--with",
        "pulp<4",
        "python",
        str(peer),
    ]
    asked = json.dumps({"files": files, "repeats": repeats})
    answer = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, tuple[float, int]]] = json.loads(answer.stdout)
    return found


def main() -> None:
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    total: dict[str, float] = {}
    files = {path.stem: projects_of(path) for path in sorted(Path(sys.argv[1]).glob("*.pb"))}
    peers = theirs(files, repeats)
    for name, (projects, budget) in files.items():
        answers = ours(projects, budget, repeats) | peers[name]
        for who, (spent, _) in answers.items():
            total[who] = total.get(who, 0.0) + spent
        same = len({reached for _, reached in answers.values()}) == 1
        line = ", ".join(f"{who} {spent * 1e3:.3f} ms" for who, (spent, _) in answers.items())
        print(f"{name[:40]:40} {len(projects):4} projects: {line}, {'equal' if same else answers}")
    for who, spent in total.items():
        print(f"{who:12} {spent * 1e3:9.2f} ms in all, ×{spent / total['kernel']:.1f}")


if __name__ == "__main__":
    main()
