"""Smallest changes of `explain` against brute force on little cases of up to 12 dossiers; run by hand.

    python benchmarks/explain_oracle.py SEED CASES [LARGEST]

Every step of the score and every cent of the request is tried by an enumeration that shares no code with the
engine.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from analysis.explain.test_minimal_changes import (
    first_score,
    largest_grant,
    least_distance,
    number_of,
    question_on,
    refused,
    worth,
)
from hypothesis import HealthCheck, given, seed, settings
from support.small_cases.in_cents import Case, little

from tnt_sim.analysis.explain.minimal_changes import list_changes
from tnt_sim.analysis.explain.rule_effects import minimise_violation
from tnt_sim.documents import dump_document

SEED, CASES, LARGEST = (*map(int, sys.argv[1:4]), 12)[:3]
COUNT: Counter[str] = Counter()


@seed(SEED)
@settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(little(largest=LARGEST))
def compare(case: Case) -> None:
    """One refused dossier of one case: its score, its grant, and each rule."""
    with tempfile.TemporaryDirectory() as folder:
        question = question_on(case, folder)
        rows = refused(question, most=1) if question else []
        if question is None or not rows:
            return
        row = rows[0]
        number = number_of(case, question, row)
        for change in map(dump_document, list_changes(question, row)):
            kind, status = change["kind"], change["status"]
            if kind == "score" and status != "undefined":
                wanted = first_score(case, number, Fraction(change.get("step", "0.5")))
                assert wanted is None or Fraction(change["to"]) == wanted, (case, change, wanted)
            elif kind == "grant" and status != "undefined":
                assert change.get("to_cents") == largest_grant(case, number), (case, change)
            COUNT[f"{kind} {status}"] += 1
        today = worth(case)
        for rule in question.decided.problem.rules:
            found = minimise_violation(question.decided, row, rule).distance
            assert found == least_distance(case, number, rule.id, today), (case, rule.id, found)
            COUNT["rule"] += 1


compare()
for name, count in sorted(COUNT.items()):
    print(f"{name:24} {count}")
