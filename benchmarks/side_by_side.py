"""One decision, side by side: the engine against bare solvers on the same integer model, answers compared.

uv run [--with ortools] python benchmarks/side_by_side.py FAMILY SEED… [--list FILE] [--limit SECONDS]

All solve to gap 0 on one thread, from the same arrays in memory (`peers.py`); reading and formulating are not
counted. The engine's time is for the goal, « least granted » and the one answer among equals; its proof stands
beside. Each peer solves the goal and, with the goal kept, « least granted »: « both » is the ratio of these two
stages to the engine's time, « goal » that of the goal alone. Seconds are processor time. A peer's answer is read
again in integers: « wrong » says that it is worse than the proven value or breaks a row.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from families import write
from peers import PEERS, Peer

from tnt_sim.engine.solve import solve
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_UPPER, SolveStage
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods.exact_kernels import solve_exactly

Times = dict[str, list[float]]


def two_stages(
    form: Formulation, asked: tuple[Peer, Peer], limit: float
) -> tuple[float, float, int | None] | None:
    """Processor seconds of the goal and of both stages, and the goal's value; None without the solver.

    The first peer is asked for the goal, the second for « least granted ». A stage that a limit stopped counts its
    seconds, and the value is None.
    """
    goal, least = form.stages[0], form.least_granted
    first = form.model.with_objective(goal.objective, goal.sense)
    answer = asked[0](first, limit)
    if answer is None:
        return None
    seconds, point = answer
    if point is None or not first.is_feasible(point):
        return seconds, seconds, None
    value = first.compute_value(point)
    kept = form.model.with_rows(goal.objective[None, :], [value], [NO_UPPER], ["goal"])
    answer = asked[1](kept.with_objective(least.objective, least.sense), limit)
    return seconds, seconds + (0.0 if answer is None else answer[0]), value


def kernel_seconds(form: Formulation) -> tuple[float, int | None]:
    """Processor seconds of the exact kernels for all stages and the one answer, and the goal's value."""
    stages = [
        SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant)
        for s in (*form.stages, form.least_granted)
    ]
    began = time.process_time()
    found = solve_exactly(form.model, stages, recovery=form.recovery)
    return time.process_time() - began, None if found is None else found[0].stages[0].value


def compare(path: Path, limit: float, ratios: Times) -> None:
    """The engine and each peer on one scenario; prints a line and takes in its ratios."""
    scenario = load_scenario(path)
    form = formulate(compile_problem(scenario))
    began = time.process_time()
    result = solve(scenario, cross_check="never", time_limit=limit)
    whole = time.process_time() - began
    stage, document = form.stages[0], result.document
    best = int(result.reading.values[0] / stage.scale - stage.constant) if result.reading else 0
    ours, value = kernel_seconds(form)
    if value is None:  # no kernel settles it: the engine's own clock, which shares the processor with others
        ours, value = document["seconds"]["solve"], best
    assert value == best
    ratios.setdefault("engine", []).append(ours)
    words = [f"engine {ours:.4f} s ({document['method']}), {whole:.3f} s with proof ({result.proof})"]
    for name, ask in PEERS.items():
        found = two_stages(form, (ask, ask), limit)
        if found is None:
            continue
        goal, both, said = found
        verdict = "unfinished" if said is None else "equal" if said == best else f"wrong ({said - best:+d})"
        words.append(
            f"{name} {goal:.2f} and {both:.2f} s, ×{goal / ours:.0f} and ×{both / ours:.0f} {verdict}"
        )
        for kind, ratio in (("goal", goal / ours), ("both", both / ours)):
            ratios.setdefault(f"{name}, {kind}", []).append(ratio)
    print(f"{path.stem} {document['objective'][0]['value']}: " + "; ".join(words), flush=True)


def main() -> None:
    words = sys.argv[1:]
    limit = float(words[words.index("--limit") + 1]) if "--limit" in words else 120.0
    source = Path(words[words.index("--list") + 1]) if "--list" in words else None
    seeds = [int(word) for k, word in enumerate(words[1:], 1) if word.isdigit() and words[k - 1] != "--limit"]
    ratios: Times = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            compare(write(words[0], seed, Path(folder) / str(seed), source), limit, ratios)
    for name, found in ratios.items():
        unit = " s" if name == "engine" else ""
        middle = statistics.median(found)
        print(f"{name:16} median {middle:.4g}{unit}, {min(found):.4g} to {max(found):.4g}")


if __name__ == "__main__":
    main()
