"""Corruptions of run folders, half of them with every hash made to fit: how many are refused, how many named.

uv run python benchmarks/mutate.py [--count 1200] [--first 1000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.run_folders.mutations import mutated
from support.run_folders.small_runs import EVERY, run_of


def main() -> int:
    """Print the score by kind; 1 when a corruption passed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=1200)
    asked.add_argument("--first", type=int, default=1000)
    options = asked.parse_args()
    began = time.perf_counter()
    made, caught, named, hidden = Counter[str](), Counter[str](), Counter[str](), 0
    names = list(EVERY)
    with tempfile.TemporaryDirectory() as folder:
        runs = [run_of(name, Path(folder) / name / "project") for name in names]
        seed = options.first
        while made.total() < options.count:
            outcome = mutated(runs[seed // 2 % len(runs)], seed)
            if outcome is not None:
                made[outcome.name] += 1
                caught[outcome.name] += outcome.caught
                named[outcome.name] += outcome.named
                hidden += outcome.rehashed
                if not (outcome.caught and outcome.named):
                    print(f"seed {seed}, {names[seed // 2 % len(runs)]}: {outcome}")
            seed += 1
    for name in sorted(made):
        print(f"{name:<16}{made[name]:6} made {caught[name]:6} refused {named[name]:6} named")
    print(
        f"{made.total()} corruptions ({hidden} with hashes made to fit): {caught.total()} refused, "
        f"{named.total()} named; {time.perf_counter() - began:.0f} s"
    )
    return int(caught != made)


if __name__ == "__main__":
    sys.exit(main())
