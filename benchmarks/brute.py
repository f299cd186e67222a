"""Thousands of small cases that mix every kind of rule, against brute force; 1 where anything differs.

uv run python benchmarks/brute.py --cases 2000 --from 0 --dossiers 8
uv run python benchmarks/brute.py --only 1234      one case: its files, both answers, and the smallest that differs
uv run python benchmarks/brute.py --binding 200    how often each kind of rule changes the answer
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.enumeration.oracle import decide
from support.enumeration.rows import Case
from support.mixed_cases.drawn import mixed
from support.mixed_cases.run import awards, check, engine
from support.mixed_cases.smaller import smaller
from support.mixed_cases.without_part import binding


def main() -> int:
    """Run what is asked for."""
    asked = _arguments()
    if asked.only is not None:
        return _one(mixed(asked.only, asked.dossiers, asked.points))
    seeds = range(asked.first, asked.first + (asked.binding or asked.cases))
    if asked.binding:
        return _binding(asked, seeds)
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    for seed in seeds:
        case = mixed(seed, asked.dossiers, asked.points)
        try:
            told, how = check(case, asked.backend, asked.replay)
        except Exception as error:  # noqa: BLE001 - a crash is a finding, and the other cases still run
            told, how = [f"{type(error).__name__}: {error}"], "crashed"
        counts[how] += 1
        counts["different"] += bool(told)
        for line in told:
            print(f"{seed}: {line}", flush=True)
    counted = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    print(f"{len(seeds)} cases ({counted}), {time.perf_counter() - began:.0f} s")
    return 1 if counts["different"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--from", dest="first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--dossiers", type=int, default=8, help="the most dossiers of a case")
    parser.add_argument("--points", type=int, default=4000, help="about how many allocations a case may have")
    parser.add_argument("--backend", default="highs")
    parser.add_argument("--replay", action="store_true", help="write each run folder and verify it")
    parser.add_argument("--only", type=int, help="one case, by its number")
    parser.add_argument("--binding", type=int, default=0, help="count what binds in so many cases; no engine")
    return parser.parse_args()


def _one(case: Case) -> int:
    told, how = check(case)
    print(how, *told, sep="\n")
    shown = smaller(case) if told else case
    print(json.dumps(shown["scenario"], ensure_ascii=False, indent=1))
    for row in shown["rows"]:
        print({column: cell for column, cell in row.items() if cell})
    print(shown["files"])
    found, expected = engine(shown), decide(shown)
    print("engine:", sorted(found) if isinstance(found, set) else (found.status, awards(found)))
    print("brute force:", expected)
    return 1 if told else 0


def _binding(asked: argparse.Namespace, seeds: range) -> int:
    had: Counter[str] = Counter()
    bound: Counter[str] = Counter()
    for seed in seeds:
        for kind, changes in binding(mixed(seed, asked.dossiers, asked.points)):
            had[kind] += 1
            bound[kind] += changes
    for kind in sorted(had):
        print(f"{kind:24} in {had[kind]:5} cases, binds in {bound[kind]:5}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
