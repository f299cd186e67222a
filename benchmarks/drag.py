"""One envelope dragged: a session against a decision anew for each amount, both proven with their one answer.

    uv run python benchmarks/drag.py SCENARIO ENVELOPE [N]          (default 10 amounts, 100 to 108 %)
    uv run python benchmarks/drag.py n:SEED:LIST ENVELOPE [N]       (family N; LIST is the public list of grants)

Seconds are processor time within one run; both lists are compared.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from families import write

from tnt_sim.engine.optimise import optimise
from tnt_sim.engine.session import SolverSession
from tnt_sim.scenario.load import load_scenario, with_changes
from tnt_sim.scenario.problem import compile_problem


def main() -> None:
    name, envelope = sys.argv[1:3]
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    with tempfile.TemporaryDirectory() as folder:
        if name.startswith("n:"):
            _, seed, source = name.split(":", 2)
            scenario = load_scenario(write("n", int(seed), Path(folder), Path(source)))
        else:
            scenario = load_scenario(Path(name))
        problem = compile_problem(scenario)
        tree = problem.case.tree
        amount = tree.amount_cents[tree.ids.index(envelope)] or 0
        session = SolverSession(scenario)
        session.optimise()
        ours, anew, proofs = [], [], set()
        for share in np.random.default_rng(1).uniform(1.0, 1.08, n).tolist():
            where = "programme" if envelope == tree.ids[0] else f"envelopes.{envelope}"
            change = {f"{where}.amount": f"{int(amount * share) // 100} €"}
            began = time.process_time()
            asked = session.optimise(change).answer
            ours.append(time.process_time() - began)
            began = time.process_time()
            fresh = optimise(compile_problem(with_changes(scenario, change)))
            anew.append(time.process_time() - began)
            proofs.add((asked.method, str(asked.proof), asked.canonical))
            assert asked.allocation is not None
            assert fresh.allocation is not None
            if (asked.allocation.granted_cents != fresh.allocation.granted_cents).any():
                print(f"{change}: the lists differ")
    print(f"{name} {envelope}: mean {statistics.mean(ours):.3f} s, anew {statistics.mean(anew):.3f} s, "
          f"x{statistics.mean(anew) / statistics.mean(ours):.1f}; {sorted(proofs)}")  # fmt: skip


if __name__ == "__main__":
    main()
