"""The engine's answer to an instance, and what an exact reference makes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

from support.trust.instances import Instance, brute_force
from tnt_sim.engine.result import ResultData, Status, build_own_verification
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError, TntError
from tnt_sim.kernel.compiled.library import COMPILED, NUMPY, VARIABLE
from tnt_sim.scenario.load import ScenarioData

RIGHT, WRONG, OVERSPENT, UNPROVEN = "right", "mismatch", "overspent", "not canonical"
PATHS = {COMPILED: (COMPILED, "auto"), NUMPY: (NUMPY, "auto"), "direct": (COMPILED, "direct")}
"""Which kernels are used, and by which method: those of C, those of numpy, and no exact kernel at all."""
REFUSED = "refused"
"""What the engine says without solving: that nothing can hold."""


@dataclass(frozen=True)
class Answer:
    """What the engine said: the funded dossiers (from 0) or None, its words, how long it took, and what shows it.

    `optimal_by` and `first_by` are the means of a list; "–" where nothing shows it.
    """

    funded: list[int] | None
    status: str
    proof: str | None
    canonical: bool
    seconds: float
    optimal_by: str = "–"
    first_by: str = "–"


def answer(instance: Instance, folder: Path, backend: str = "highs", second: str = "auto",
           time_limit: float | None = None) -> Answer:  # fmt: skip
    """Solve an instance through its scenario files; an error that is no refusal is told as the status."""
    return answers(instance, folder, (COMPILED,), backend, second, time_limit)[0]


def answers(instance: Instance, folder: Path, paths: Iterable[str], backend: str = "highs", second: str = "auto",
            time_limit: float | None = None) -> list[Answer]:  # fmt: skip
    """Solve an instance by each path; its files are read once, and no path sees what another has computed."""
    try:
        read = instance.scenario(folder, second)
    except ScenarioError:
        return [Answer(None, REFUSED, None, False, 0.0) for _ in paths]
    return [_solve_by(path, deepcopy(read), backend, time_limit) for path in paths]


def _solve_by(path: str, scenario: ScenarioData, backend: str, time_limit: float | None) -> Answer:
    """Solve a scenario by one of `PATHS`."""
    began = time.perf_counter()
    kernels, method = PATHS[path]
    try:
        with patch.dict(os.environ, {VARIABLE: kernels}):
            result = solve(scenario, backend=backend, time_limit=time_limit, method=method)
    except ScenarioError:
        return Answer(None, REFUSED, None, False, time.perf_counter() - began)
    except TntError as error:
        told = f"{type(error).__name__}: {error}"
        return Answer(None, told, None, False, time.perf_counter() - began)
    document = result.document
    return Answer(
        funded=None if result.status is Status.INFEASIBLE else funded_of(result),
        status=result.status.value,
        proof=document["proof"],
        canonical=document["canonical"],
        seconds=time.perf_counter() - began,
        **means_of(result),
    )


def means_of(result: ResultData) -> dict[str, str]:
    """By what the optimum and the rank among ties are shown."""
    if result.allocation is None:
        return {}
    checked = build_own_verification(result)
    return {"optimal_by": checked.optimal.means or "–", "first_by": checked.first.means or "–"}


def funded_of(result: ResultData) -> list[int]:
    """The funded dossiers, counted from 0 in rank order."""
    return np.flatnonzero(result.dossiers["funded"].to_numpy()).tolist()


def judged(instance: Instance, found: Answer, expected: list[int] | None) -> str:
    """The answer against the canonical one by all 2^n sets (`brute_force`)."""
    if found.funded is not None and instance.breaks(found.funded):
        return OVERSPENT
    if found.status not in (REFUSED, "optimal", "feasible", "infeasible"):
        return found.status
    if found.funded != expected:
        return WRONG if found.status in (REFUSED, "optimal", "infeasible") else UNPROVEN
    if found.funded is not None and not found.canonical:
        return UNPROVEN
    return RIGHT


def judge_all(instances: Iterable[Instance], folder: Path, backend: str = "highs",
              second: str = "auto") -> list[tuple[str, str, Answer]]:  # fmt: skip
    """(name, judgement, answer) of each instance."""
    found = []
    for instance in instances:
        said = answer(instance, folder, backend, second)
        found.append((instance.name, judged(instance, said, brute_force(instance)), said))
    return found
