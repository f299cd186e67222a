"""A thousand variants of one scenario in one process: a session against PuLP loops and highspy, cold and live.

    uv run python benchmarks/variants.py FAMILY SEED [N] [N_PEER]          (default 1000 and 5)

A third of the variants change the envelope (90 to 110 %), a third the weights of the goal, a third the grants (a
rate of 90 to 100 % of the cost). Each is solved with « least granted » and the tie-break, and proven. The peers
solve the goal and « least granted » of a few of them (`peers.py`); reading the changed scenario is not counted
against them. « highspy, live » keeps one solver for each stage and each third, changes bounds and costs in place
and hands its last point on; it is asked the first three times as many. Seconds are processor time, and the ratios
are those of this run: of means, then of medians.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from families import write
from peers import PEERS, LiveHighs
from side_by_side import two_stages

from tnt_sim.engine.session import SolverSession
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario

Changes = dict[str, object]
LOOPS = ("PuLP+HiGHS", "PuLP+CBC", "highspy")
LIVE = "highspy, live"


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


def main() -> None:
    family, seed, n, n_peer = (
        sys.argv[1],
        int(sys.argv[2]),
        *(int(word) for word in (*sys.argv[3:5], *("1000", "5")[len(sys.argv[3:5]) :])),
    )
    with tempfile.TemporaryDirectory() as folder:
        scenario = load_scenario(write(family, seed, Path(folder)))
        session = SolverSession(scenario)
        first = session.optimise()
        changes = variants(int(scenario.spec.programme.amount or 0) // 100, n)
        ways: Counter[str] = Counter()
        ours: list[float] = []
        peers: dict[str, list[float]] = {name: [] for name in (*LOOPS, LIVE)}
        live = [(LiveHighs(), LiveHighs()) for _ in range(3)]
        for k, change in enumerate(changes):
            began = time.process_time()
            asked = session.optimise(change)
            ours.append(time.process_time() - began)
            answer = asked.answer
            ways[f"{answer.method}, {answer.proof}, canonical {answer.canonical}, {asked.compiled}"] += 1
            asking = {}
            if k % max(1, n // n_peer) == 0 and len(peers[LOOPS[0]]) < n_peer:
                asking = {name: (PEERS[name], PEERS[name]) for name in LOOPS}
            if k < 3 * n_peer:
                asking[LIVE] = live[k % 3]
            if asking:
                form = formulate(asked.problem)
                stage = form.stages[0]
                value = answer.values[0] / stage.scale - stage.constant
                for name, pair in asking.items():
                    found = two_stages(form, pair, 120.0)
                    if found is None:
                        continue
                    _, seconds, said = found
                    peers[name].append(seconds)
                    if said != value:
                        print(f"variant {k}: {name} says {said}, the session {value}", flush=True)
    mean = statistics.mean(ours)
    print(f"{family} seed {seed}: first {first.answer.seconds:.3f} s; {n} variants, mean {mean * 1000:.1f} ms, "
          f"median {statistics.median(ours) * 1000:.1f} ms, longest {max(ours):.2f} s")  # fmt: skip
    for way, count in ways.most_common():
        print(f"  {count} {way}")
    for name, each in peers.items():
        if each:
            peer, middle = statistics.mean(each), statistics.median(each)
            ratios = f"×{peer / mean:.0f} and ×{middle / statistics.median(ours):.0f}"
            print(f"  {name}: mean {peer:.3f} s, median {middle:.3f} s over {len(each)}, {ratios}")


if __name__ == "__main__":
    main()
