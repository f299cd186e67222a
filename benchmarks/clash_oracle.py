"""Conflicts, repairs, audits and alternatives against enumeration on random worlds of 8 to 12 dossiers, by hand.

    python benchmarks/clash_oracle.py FIRST_SEED WORLDS [LARGEST]

The same checks as in the tests, whose oracle shares no code with the engine, on as many worlds as asked: every
minimal conflict with its lines, every minimal repair with its euros and units, the fewest decisions that must
change, the better and the cheaper list, and each alternative.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from analysis.alternatives import test_alternatives
from analysis.audit import test_audit_of_a_selection
from analysis.infeasibility import test_conflict
from support.analysis_cases.clashing_rules import Choices, World, world, write

import tnt_sim as tnt
from tnt_sim.analysis.infeasibility.minimal_conflicts import find_conflict
from tnt_sim.engine.budgets import Clock
from tnt_sim.errors import ScenarioError

FIRST, WORLDS, LARGEST = (*map(int, sys.argv[1:4]), 12)[:3]
COUNT: Counter[str] = Counter()


def clash(case: World, folder: Path) -> None:
    """Every conflict and every repair."""
    problem = test_conflict.compiled(case, folder)
    if problem is None:
        COUNT["contradictions that need no solver"] += 1
        return
    found = find_conflict(problem, Clock(None), max_sets=60, max_repairs=60, max_solves=2000)
    COUNT["repairs not proven least in 2 s"] += test_conflict.check(case, found)
    COUNT["minimal conflicts"] += len(found.sets)
    COUNT["minimal repairs"] += len(found.repairs)


def lists(case: World, folder: Path, seed: int) -> None:
    """An audit of a random list, and four alternatives."""
    every = Choices(case)
    if not every.allowed.any():
        return
    try:
        row = seed * 77 % len(every.held)
        audited = test_audit_of_a_selection.audited(case, every.names(row), folder)
        others = tnt.alternatives(
            write(case, folder), within=Fraction(seed % 3, 10), count=4, by=("dossiers", "money")[seed % 2]
        )
    except ScenarioError:
        return
    test_audit_of_a_selection.check(every, row, audited)
    test_alternatives.check(every, others, Fraction(seed % 3, 10), ("dossiers", "money")[seed % 2])
    COUNT["swap counts"] += len(audited.swaps)
    COUNT["better and cheaper lists"] += 2
    COUNT["alternatives"] += len(others.portfolios)


for seed in range(FIRST, FIRST + WORLDS):
    case = world(seed, LARGEST, least=min(8, LARGEST))
    with tempfile.TemporaryDirectory() as folder:
        clash(case, Path(folder))
        case["rules"] = case["rules"][: seed % 3]
        lists(case, Path(folder), seed)
for name, count in sorted(COUNT.items()):
    print(f"{name:34} {count}")
