"""pabutools' two exact methods on projects read from standard input; started by `pabulib.py`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

from pabutools.election import Additive_Cardinal_Sat, CardinalBallot, CardinalProfile, Instance, Project
from pabutools.rules import max_additive_utilitarian_welfare
from pabutools.rules.maxwelfare import MaxAddUtilWelfareAlgo as Algo

METHODS = {"ILP": Algo.ILP_SOLVER, "primal-dual": Algo.PRIMAL_DUAL}


def answers(projects: list[tuple[str, int, int]], budget: int, repeats: int) -> dict[str, tuple[float, int]]:
    """Median seconds and the score reached, by method."""
    made = [Project(name, cost) for name, cost, _ in projects]
    instance = Instance(made, budget_limit=budget)
    score = {project: points for project, (_, _, points) in zip(made, projects, strict=True)}
    profile = CardinalProfile([CardinalBallot(score)], instance=instance)
    options: dict[str, Any] = {"sat_profile": profile.as_sat_profile(Additive_Cardinal_Sat)}
    found = {}
    for name, algorithm in METHODS.items():
        seconds = []
        for _ in range(repeats):
            began = time.perf_counter()
            chosen = max_additive_utilitarian_welfare(instance, profile, inner_algo=algorithm, **options)
            seconds.append(time.perf_counter() - began)
        found[name] = statistics.median(seconds), int(sum(score[p] for p in chosen))
    return found


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps({name: answers(*file, asked["repeats"]) for name, file in asked["files"].items()}))
