"""A thousand variants of one scenario in one process: a session against a PuLP loop and against highspy, cold.

    uv run python benchmarks/variants.py FAMILY SEED [N] [N_PEER]          (default 1000 and 5)

A third of the variants change the envelope (90 to 110 %), a third the weights of the goal, a third the grants (a
rate of 90 to 100 % of the cost). Each is solved with « least granted » and the tie-break, and proven. The peers
solve the goal and « least granted » of a few of them, gap 0, one thread; the PuLP loop builds its problem each
time, as a user's loop does; reading the changed scenario is not counted against them. Seconds are processor time,
and the ratios are those of this run.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pulp
from families import write
from side_by_side import bare_highs

import tnt_sim as tnt
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_UPPER
from tnt_sim.scenario.load import load_scenario
from tnt_sim.solve.pulp_bridge import to_pulp

Changes = dict[str, object]


def variants(amount: int, n: int) -> list[Changes]:
    """The changes, drawn once and for all."""
    random = np.random.default_rng(7)
    found: list[Changes] = []
    for k in range(n):
        if k % 3 == 0:
            found.append({"programme.amount": f"{int(amount * random.uniform(0.9, 1.1))} €"})
        elif k % 3 == 1:
            weights = {"value": 10, "requested": f"{random.integers(1, 200) / 10_000:.4f}"}
            found.append({"objective": [{"maximise": weights}]})
        else:
            rate = f"{random.integers(900, 1000) / 10:.1f} %"
            found.append({"grants": [{"mode": "all_or_nothing", "max_rate": rate, "round": "1 €"}]})
    return found


def pulp_loop(form: Formulation, limit: float) -> tuple[float, int]:
    """Processor seconds of the two stages built and solved through PuLP with HiGHS, and the goal's value."""
    goal, least = form.stages[0], form.least_granted
    began = time.process_time()
    problem, x = to_pulp(form.model.with_objective(goal.objective, goal.sense))
    solver = pulp.getSolver("HiGHS", msg=False, gapRel=0.0, threads=1, timeLimit=limit)
    problem.solve(solver)
    value = round(pulp.value(problem.objective))
    terms = pulp.LpAffineExpression.from_list([(x[j], float(c)) for j, c in enumerate(goal.objective) if c])
    problem.addConstraint(terms >= value, "goal")
    problem.sense = pulp.LpMinimize
    problem.setObjective(
        pulp.LpAffineExpression.from_list([(x[j], float(c)) for j, c in enumerate(least.objective)])
    )
    problem.solve(solver)
    return time.process_time() - began, value


def highs_loop(form: Formulation, limit: float) -> tuple[float, int]:
    """The same through highspy, cold."""
    goal, least = form.stages[0], form.least_granted
    first = form.model.with_objective(goal.objective, goal.sense)
    began = time.process_time()
    _, point = bare_highs(first, limit)
    value = -1 if point is None else first.value(point)
    kept = form.model.with_rows(goal.objective[None, :], [value], [NO_UPPER], ["goal"])
    bare_highs(kept.with_objective(-least.objective, goal.sense), limit)
    return time.process_time() - began, value


def main() -> None:
    family, seed, n, n_peer = (
        sys.argv[1],
        int(sys.argv[2]),
        *(int(word) for word in (*sys.argv[3:5], *("1000", "5")[len(sys.argv[3:5]) :])),
    )
    with tempfile.TemporaryDirectory() as folder:
        scenario = load_scenario(write(family, seed, Path(folder)))
        session = tnt.Session(scenario)
        first = session.solve()
        changes = variants(int(scenario.spec.programme.amount or 0) // 100, n)
        ways: Counter[str] = Counter()
        ours: list[float] = []
        peers: dict[str, list[float]] = {"PuLP loop": [], "highspy cold": []}
        for k, change in enumerate(changes):
            began = time.process_time()
            asked = session.solve(change)
            ours.append(time.process_time() - began)
            answer = asked.answer
            ways[f"{answer.method}, {answer.proof}, canonical {answer.canonical}, {asked.compiled}"] += 1
            if k % max(1, n // n_peer) == 0 and len(peers["PuLP loop"]) < n_peer:
                form = formulate(asked.problem)
                stage = form.stages[0]
                value = answer.values[0] / stage.scale - stage.constant
                for name, ask in (("PuLP loop", pulp_loop), ("highspy cold", highs_loop)):
                    seconds, said = ask(form, 120.0)
                    peers[name].append(seconds)
                    if said != value:
                        print(f"variant {k}: {name} says {said}, the session {value}", flush=True)
    mean = statistics.mean(ours)
    print(f"{family} seed {seed}: first {first.answer.seconds:.3f} s; {n} variants, mean {mean * 1000:.1f} ms, "
          f"median {statistics.median(ours) * 1000:.1f} ms, longest {max(ours):.2f} s")  # fmt: skip
    for way, count in ways.most_common():
        print(f"  {count} {way}")
    for name, seconds in peers.items():
        peer = statistics.mean(seconds)
        print(f"  {name}: mean {peer:.3f} s over {len(seconds)}, ×{peer / mean:.0f}")


if __name__ == "__main__":
    main()
