"""What a case of a batch costs: as a run of its own, alone without the proofs of ties, after its neighbours.

uv run python benchmarks/neighbours.py [--cases 30] [FAMILY SEED]

Cases are those of `batch.py` (amounts of the frozen `tnt-2021`), or amounts and goals of a family (`variants.py`).
All three ways are asked for each case in turn, so that they meet the same machine; seconds are processor time, and
what a batch records of the three is compared. « carried » is how many problems were not compiled anew.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from batch import amounts_of
from families import write
from frozen import FLAGSHIP
from variants import variants

from tnt_sim.analysis.batch.runner import build_record
from tnt_sim.engine.session import SolverSession
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario, set_text, with_sets
from tnt_sim.scenario.scenario import ScenarioData

WAYS = ("a run of its own", "alone, no proofs of ties", "after its neighbours")


def cases(family: str | None, seed: int, n: int, folder: Path) -> tuple[ScenarioData, list[tuple[str, ...]]]:
    """A base and the changes of its cases, as texts."""
    if family is None:
        return load_scenario(FLAGSHIP), [
            (f"programme.amount={programme}", f"envelopes.deconcentre.amount={part}")
            for programme, part in amounts_of(n)
        ][:n]
    base = load_scenario(write(family, seed, folder))
    changes = variants(int(base.spec.programme.amount or 0) // 100, 3 * n)
    asked = [change for k, change in enumerate(changes) if k % 3 < 2]
    asked.sort(key=lambda change: "objective" in change)
    return base, [tuple(f"{path}={set_text(value)}" for path, value in one.items()) for one in asked[:n]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("family", nargs="?")
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--cases", type=int, default=30)
    options = parser.parse_args()
    seconds: list[list[float]] = [[], [], []]
    equal = True
    with tempfile.TemporaryDirectory() as folder:
        base, asked = cases(options.family, options.seed, options.cases, Path(folder))
        session = SolverSession(base, as_alone=True)
        solve(base)  # what is imported and read at the first run is nobody's
        for sets in asked:
            records = []
            for way, kept in enumerate((None, SolverSession(base, as_alone=True), session)):
                began = time.process_time()
                scenario = with_sets(base, sets)
                records.append(build_record(scenario, solve(scenario, session=kept)))
                seconds[way].append(time.process_time() - began)
            equal &= records[0] == records[1] == records[2]
    for way, each in zip(WAYS, seconds, strict=True):
        print(f"{way}: mean {statistics.mean(each):.4f} s, median {statistics.median(each):.4f} s a case")
    print(f"{len(asked)} cases, {session.n_derived} carried, records equal: {equal}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
