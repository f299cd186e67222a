"""The smallest changes of `explain` equal brute force, which tries every step of the score and every cent."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from little import Case, changed, funded, little, load

from tnt_sim.engine import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.result import Status
from tnt_sim.study.explain.changes import Asking, asking, changes_of
from tnt_sim.study.explain.decided import of_result
from tnt_sim.study.explain.everyone import settle_all

STEPS = 60
QUICK = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def question_on(case: Case, folder: str) -> Asking | None:
    try:
        result = solve(load(case, Path(folder)))
    except ScenarioError:
        return None
    return asking(of_result(result)) if result.status is Status.OPTIMAL else None


def refused(question: Asking, most: int = 2) -> list[int]:
    decided = question.decided
    waiting = decided.problem.offers.candidate & ~decided.allocation.funded
    return [row for row in range(len(waiting)) if waiting[row]][:most]


def number_of(case: Case, question: Asking, row: int) -> int:
    name = question.decided.numbers[row]
    return next(k for k, one in enumerate(case["dossiers"]) if one["id"] == name)


def first_score(case: Case, number: int, step: Fraction) -> Fraction | None:
    """The first score above the present one at which the one answer holds the dossier."""
    now, name = case["dossiers"][number]["score"], case["dossiers"][number]["id"]
    for k in range(1, STEPS):
        held = funded(changed(case, number, score=now + k * step))
        if held is not None and name in held:
            return Fraction(now + k * step)
    return None


def largest_grant(case: Case, number: int) -> int | None:
    """The largest request below the present one at which the one answer holds the dossier."""
    name = case["dossiers"][number]["id"]
    for cents in range(case["dossiers"][number]["requested"] - 1, 0, -1):
        held = funded(changed(case, number, requested=cents))
        if held is not None and name in held:
            return cents
    return None


def told(changes: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in changes if one["kind"] == kind)
    return found


@QUICK
@given(little())
def test_smallest_changes_equal_brute_force(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        question = question_on(case, folder)
        if question is None:
            return
        for row in refused(question):
            number = number_of(case, question, row)
            changes = changes_of(question, row)
            score = told(changes, "score")
            wanted = first_score(case, number, Fraction(score.get("step", "0.5")))
            if score["status"] == "exact" and Fraction(score["to"]) <= _last(case, number, score):
                assert Fraction(score["to"]) == wanted, score
                assert score["confirmed"]
            else:
                assert wanted is None, score
            grant = told(changes, "grant")
            most = largest_grant(case, number)
            if grant["status"] == "exact":
                assert grant["to_cents"] == most, grant
                assert grant["confirmed"]
            elif grant["status"] == "impossible":
                assert most is None, grant


def _last(case: Case, number: int, score: dict[str, Any]) -> Fraction:
    now: Fraction = case["dossiers"][number]["score"]
    return now + (STEPS - 1) * Fraction(score["step"])


@QUICK
@given(little())
def test_everyone_at_once_agrees_with_brute_force(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        question = question_on(case, folder)
        if question is None:
            return
        rows = refused(question, most=9)
        settled = settle_all(question.decided, rows, lambda phase, share: None)
        for row, changes in settled.changes.items():
            number = number_of(case, question, row)
            score = changes[0]
            wanted = first_score(case, number, Fraction(score.get("step", "0.5")))
            last = case["dossiers"][number]["score"] + (STEPS - 1) * Fraction(score.get("step", "0.5"))
            if score["status"] == "exact":
                assert Fraction(score["to"]) == wanted or (wanted is None and Fraction(score["to"]) > last), (
                    score
                )
            elif score["status"] == "interval":
                assert wanted is None or Fraction(score["low"]) <= wanted, score
                assert score["high"] is None or Fraction(score["high"]) > last or wanted is not None, score
                assert wanted is None or score["high"] is None or wanted <= Fraction(score["high"]), score
            elif score["status"] == "impossible":
                assert wanted is None, score
