"""Impossible settings drawn on small scenarios: each repair is solved as it is written, by hand.

    python benchmarks/impossible_settings.py FIRST_SEED SETTINGS [SCENARIO…]

SETTINGS impossible settings of each scenario, those that are possible left out. The checks are those of
`tests/support/analysis_cases`: a repair with `--set` texts leads to the optimum that it states, prices ascend, and
where no repair exists the document names what no repair lifts. On the random worlds of 3 to 7 dossiers (`mondes`;
`promis` with commitments) the first repair has the least euros of all by enumeration, whose code shares nothing
with the engine.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.analysis_cases.clashing_rules import Choices, check_fixes, commit, corrections, world, write
from support.analysis_cases.impossible_settings import NAMES, check_repairs, draw_setting, write_scenario

from tnt_sim.analysis.infeasibility.minimal_conflicts import ConflictResult, conflict
from tnt_sim.errors import ScenarioError
from tnt_sim.scenario.load import with_sets

WORLDS = ("mondes", "promis")


def check_setting(name: str, seed: int, folder: Path) -> Iterator[str]:
    """Check one setting; yield what is counted, nothing where it is possible."""
    every = None
    if name in WORLDS:
        case = world(seed) if name == "mondes" else commit(world(seed), seed)
        scenario, sets = write(case, folder), [f"seed {seed}"]
        every = Choices(case)
    else:
        sets = draw_setting(name, seed)
        scenario = with_sets(write_scenario(name, folder), sets)
    try:
        answer = conflict(scenario, max_sets=50, max_repairs=50, max_solves=1000)
    except ScenarioError:
        yield "mistakes, not impossible"
        return
    if answer.status != "infeasible":
        assert every is None or every.allowed.any()
        yield f"possible, {answer.status}"
        return
    yield "impossible"
    n = check_repairs(scenario, answer)
    yield from ["repairs"] * len(answer.document["repairs"])
    yield from ["repairs solved as written"] * n
    if not answer.document["repairs"]:
        yield "without a repair"
        print("no repair:", name, seed, sets)
    yield "kinds: " + " ".join(sorted({m["kind"] for one in answer.document["sets"] for m in one["members"]}))
    if every is not None:
        _compare(every, answer)
        yield "least euros equal enumeration"


def _compare(every: Choices, answer: ConflictResult) -> None:
    if answer.written_sets:
        assert answer.data.repairs[0].cents == every.least_euros(), "written"
    else:
        check_fixes(every, answer.repairs, corrections(every))


def main(first: int, settings: int, names: list[str]) -> None:
    """Draw, check and count."""
    for name in names:
        counts: Counter[str] = Counter()
        for seed in count(first):
            if counts["impossible"] >= settings:
                break
            with tempfile.TemporaryDirectory() as folder:
                try:
                    counts.update(check_setting(name, seed, Path(folder)))
                except AssertionError as error:
                    counts["FAILED"] += 1
                    print("FAILED:", name, seed, error)
        print(name, f"seeds {first} to {seed - 1}")
        for key, number in sorted(counts.items()):
            print(f"    {key:40} {number}")


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or [*NAMES, *WORLDS])
