"""The smallest changes of `explain` equal brute force, which tries every step of the score and every cent."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from support.lanes import drawn
from support.small_cases.bit_masks import Masks, funded
from support.small_cases.enumeration import allowed
from support.small_cases.in_cents import Case, brute_solve, changed, little, load

from tnt_sim.analysis.explain import minimal_changes
from tnt_sim.analysis.explain.document import ChangeEntry, GrantChange
from tnt_sim.analysis.explain.minimal_changes import Asking, list_changes, prepare_question, settle_all
from tnt_sim.analysis.explain.refusal_bounds import Bounds
from tnt_sim.analysis.explain.required_changes import (
    EnvelopeIncrease,
    list_raised_paths,
    solve_envelope_change,
)
from tnt_sim.analysis.explain.rule_effects import minimise_violation
from tnt_sim.analysis.shared.decided_run import DecidedRun, of_result
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.documents import dump_document
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation
from tnt_sim.verify.decision_reasons import determine_reasons

STEPS = 60
QUICK = drawn(10)


def question_on(case: Case, folder: str) -> Asking | None:
    try:
        result = solve(load(case, Path(folder)))
    except ScenarioError:
        return None
    return prepare_question(of_result(result)) if result.status is Status.OPTIMAL else None


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
@given(little(largest=5))
def test_two_enumerations_agree(case: Case) -> None:
    """That of the masks, and that of plain Python."""
    slow = brute_solve(case)
    assert funded(case) == (None if slow is None else {name for name, _ in slow})


@QUICK
@given(little(largest=12))
def test_smallest_changes_equal_brute_force(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        question = question_on(case, folder)
        if question is None:
            return
        for row in refused(question):
            number = number_of(case, question, row)
            changes = [dump_document(one) for one in list_changes(question, row)]
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
@given(little(largest=12))
def test_everyone_at_once_agrees_with_brute_force(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        question = question_on(case, folder)
        if question is None:
            return
        rows = refused(question, most=9)

        def settle() -> Mapping[int, Sequence[ChangeEntry]]:
            course = StudyProgress(UNLIMITED, "dossiers")
            return settle_all(question.decided, rows, lambda phase, share: None, course).changes

        check_all_at_once(case, question, settle())
        with patch.object(minimal_changes, "_compute_scores", side_effect=DeadlineExpired):
            ended = settle()
        check_all_at_once(case, question, ended)
        upper = [
            one for entries in ended.values() for one in entries if one.kind == "score" and not_open(one)
        ]
        event(f"upper limits before any search: {bool(upper)}")


def not_open(change: ChangeEntry) -> bool:
    return change.status != "interval" or getattr(change, "high", None) is not None


def check_all_at_once(case: Case, question: Asking, found: Mapping[int, Sequence[ChangeEntry]]) -> None:
    wanted = worth(case)
    for row, entries in found.items():
        number = number_of(case, question, row)
        changes = [dump_document(one) for one in entries]
        mores = [one for one in changes if one["kind"] == "envelope"]
        for more in mores if len(case["stages"]) == 1 else []:
            needed = no_loss(changed(case, number, decided=1), wanted)
            assert more["status"] == "impossible" or needed is None or more["low_cents"] <= needed, more
            assert more["status"] != "exact" or more["by_cents"] == needed, more
            assert more["status"] != "impossible" or needed is None, more
        for score in (one for one in changes if one["kind"] == "score"):
            first = first_score(case, number, Fraction(score.get("step", "0.5")))
            last = case["dossiers"][number]["score"] + (STEPS - 1) * Fraction(score.get("step", "0.5"))
            if score["status"] == "exact":
                assert Fraction(score["to"]) == first or (first is None and Fraction(score["to"]) > last), (
                    score
                )
            elif score["status"] == "interval":
                assert first is None or Fraction(score["low"]) <= first, score
                assert score["high"] is None or Fraction(score["high"]) > last or first is not None, score
                assert first is None or score["high"] is None or first <= Fraction(score["high"]), score
            elif score["status"] == "impossible":
                assert first is None, score


def beside_another_list(case: Case, question: Asking, award: dict[str, int]) -> Asking:
    """The same question on another feasible list, which nothing shows to be the best."""
    problem, names = question.decided.problem, question.decided.numbers.to_list()
    cents = np.array([award.get(name, 0) for name in names], dtype=np.int64)
    allocation = Allocation(np.array([name in award for name in names]), cents)
    reading = read_allocation(problem, allocation)
    assert not list_broken_rules(problem, allocation, reading)
    reasons = determine_reasons(problem, allocation, reading)
    decided = replace(
        question.decided,
        allocation=allocation,
        reading=reading,
        reasons=reasons,
        codes=reasons.code,
        best=False,
        proof=Proof.FEASIBLE_GAP.value,
    )
    return prepare_question(decided)


@drawn(60)
@given(little(largest=6), st.data())
def test_limits_beside_a_list_not_proven_equal_brute_force(case: Case, data: Any) -> None:
    """Below the lower score no best list funds the dossier, from the upper one on each does."""
    with tempfile.TemporaryDirectory() as folder:
        optimum = question_on(case, folder)
        if optimum is None:
            return
        award, key = data.draw(st.sampled_from(list(allowed(case))))
        question = beside_another_list(case, optimum, award)
        rows = refused(question)

        def settle(deadline: Deadline = UNLIMITED) -> Mapping[int, Sequence[ChangeEntry]]:
            course = StudyProgress(deadline, "dossiers")
            return settle_all(question.decided, rows, lambda phase, share: None, course).changes

        settled = settle()
        with patch.object(minimal_changes, "_compute_scores", side_effect=DeadlineExpired):
            ended = settle()
        event(f"lower limits alone: {bool(ended)}")
        assert settle(Deadline(0.0)) == {}
        for row in rows:
            number = number_of(case, question, row)
            name, now = case["dossiers"][number]["id"], case["dossiers"][number]["score"]
            alone = list_changes(question, row)
            assert [one.why for one in alone if one.kind == "any"] == ["not_proven"]
            known = *settled.get(row, ()), *ended.get(row, ()), *alone
            for change in (dump_document(one) for one in known):
                assert change.get("proof") is None
                event(f"{change['kind']} {change['status']}, upper {change.get('high') is not None}")
                if change["kind"] == "envelope" and len(case["stages"]) == 1:
                    needed = no_loss(changed(case, number, decided=1), list(key[0]), change["of"])
                    assert needed is None or change["low_cents"] <= needed, change
                    assert change["by_cents"] is None or (
                        needed is not None and needed <= change["by_cents"]
                    ), change
                if change["kind"] != "score" or change["status"] == "undefined":
                    continue
                if change["status"] == "impossible":
                    assert first_score(case, number, Fraction(1, 2)) is None
                    continue
                step, low = Fraction(change["step"]), Fraction(change["low"])
                if low > now:
                    assert name not in funded(changed(case, number, score=low - step)), change
                if change["high"] is not None:
                    assert name in funded(changed(case, number, score=Fraction(change["high"]))), change


def raised(case: Case, cents: int, envelope: str = "root") -> Case:
    """The case with more money in an envelope and in those above it."""
    other = deepcopy(case)

    def add(node: dict[str, Any]) -> bool:
        holds = node["id"] == envelope or any(add(child) for child in node.get("children", ()))
        if holds and node.get("amount") is not None:
            node["amount"] += cents
        return holds

    assert add(other["envelopes"]), envelope
    return other


def worth(case: Case) -> list[Fraction]:
    """What the one answer is worth in each stage."""
    masks = Masks(case)
    row = masks.best()
    assert row is not None
    return masks.worth(row)


MORE = 60


def no_loss(case: Case, wanted: list[Fraction], envelope: str = "root") -> int | None:
    """The fewest cents more at which an allocation of a case is worth so much in its first stages."""
    for cents in range(MORE):
        masks = Masks(raised(case, cents, envelope))
        if (masks.allowed() & masks.as_good(wanted)).any():
            return cents
    return None


@QUICK
@given(little(largest=12))
def test_more_money_equals_brute_force(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        question = question_on(case, folder)
        if question is None:
            return
        wanted = worth(case)
        for row in refused(question, most=1):
            number = number_of(case, question, row)
            name = case["dossiers"][number]["id"]
            *_, path = list_raised_paths(question.decided.problem, row)
            raised_envelope = EnvelopeIncrease(question.decided, path, row, question.steps)
            found = dump_document(solve_envelope_change(raised_envelope))
            if len(case["stages"]) == 1:
                forced = changed(case, number, decided=1)
                assert found.get("by_cents") == no_loss(forced, wanted), found
            if found["status"] == "exact" and found["first_cents"] is not None:
                first = next(c for c in range(MORE) if name in (funded(raised(case, c)) or set()))
                assert found["first_cents"] == case["envelopes"]["amount"] + first, found


def least_distance(case: Case, number: int, name: str, wanted: list[Fraction]) -> Fraction | None:
    """The least distance of one rule from its bounds, every other rule kept, the dossier in, and no goal worse."""
    masks = Masks(changed(case, number, decided=1))
    far, unit = masks.distance(next(one for one in case["rules"] if one["id"] == name))
    fine = masks.allowed(without=name) & masks.as_good(wanted)
    return Fraction(int(far[fine].min()), unit) if fine.any() else None


@QUICK
@given(little(largest=12))
def test_relaxed_rules_equal_brute_force(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        question = question_on(case, folder)
        if question is None:
            return
        wanted = worth(case)
        by_id = {rule.id: rule for rule in question.decided.problem.rules}
        for row in refused(question):
            number = number_of(case, question, row)
            for name, rule in by_id.items():
                found = minimise_violation(question.decided, row, rule)
                assert found.distance == least_distance(case, number, name, wanted), (name, found)


TABLE = "dossier,requested,score\nA,50,10\nB,50,9\nC,60,8\nD,30,3\nE,40,2\nF,300,1\n"


def decide_table(folder: Path, objective: str) -> DecidedRun:
    (folder / "d.csv").write_text(TABLE, encoding="utf-8")
    head = "schema_version: 1\nid: s\ndossiers: [{file: d.csv}]\nsolver: {cross_check: never}\n"
    rest = f"programme: {{id: p, amount: 100}}\nobjective: {objective}\n"
    (folder / "s.yaml").write_text(head + rest, encoding="utf-8")
    return of_result(solve(load_scenario(folder / "s.yaml")))


def list_refused(decided: DecidedRun) -> list[int]:
    return np.flatnonzero(~decided.allocation.funded).tolist()


def test_what_is_to_be_asked_alone_is_not_settled_by_bounds(tmp_path: Path) -> None:
    """The scores count in the second goal only, of which the first pass knows nothing."""
    decided = decide_table(tmp_path, "[{maximise: {dossiers: 1}}, {maximise: {score: 1}}]")
    course = StudyProgress(UNLIMITED, "dossiers")
    rows = list_refused(decided)
    with patch.object(minimal_changes, "_compute_scores", side_effect=DeadlineExpired):
        table = settle_all(decided, rows, lambda phase, share: None, course)
    scores = [one for changes in table.changes.values() for one in changes if one.kind == "score"]
    assert [one.status for one in scores] == ["impossible"]
    assert (table.settled, course.n_done) == ({"by_bounds": 1}, 1)


@pytest.mark.parametrize("best", [True, False])
def test_limits_stay_where_the_first_pass_uses_its_time(tmp_path: Path, best: bool) -> None:
    """Exchanges that end with their time leave their limits, and the other questions go on."""
    decided = replace(decide_table(tmp_path, "[{maximise: {score: 1}}]"), best=best)
    now = [0.0]
    whole = Deadline(1000.0, lambda: now[0])
    find_exchanges = Bounds.find_exchanges

    def use_all(bounds: Bounds, rows: Sequence[int], deadline: Deadline) -> dict[int, Fraction]:
        found = find_exchanges(bounds, rows, deadline)
        now[0] = 800.0
        return found

    def settle() -> dict[int, list[ChangeEntry]]:
        course = StudyProgress(whole, "dossiers")
        run = replace(decided, clock=Clock.from_deadline(whole))
        with patch.object(Bounds, "find_exchanges", use_all):
            return settle_all(
                run, list_refused(decided), lambda phase, share: None, course, whole.take_share(0.7)
            ).changes

    kinds = {row: [one.kind for one in changes] for row, changes in settle().items()}
    assert set(kinds) == set(list_refused(decided))
    assert all({"score", "envelope"} <= set(found) for found in kinds.values())


def test_the_last_cent_of_an_envelope_pays_a_smaller_grant(tmp_path: Path) -> None:
    """All ask an even number of cents of an odd amount: the rows of the model are halved, the cent is not lost."""
    rows = ["A,0.02,0.02,0.3", "B,0.02,0.02,0.2"]
    (tmp_path / "dossiers.csv").write_text(
        "\n".join(["dossier,cost,requested,score", *rows]), encoding="utf-8"
    )
    text = (
        "schema_version: 1\nid: impair\nprogramme: {id: root, amount: '0.03'}\ndossiers: [{file: dossiers.csv}]\n"
        "objective: [{maximise: {score: 1}}]\nsolver: {cross_check: never}\n"
    )
    rule = "rules: [{id: r, kind: limit, measure: granted, max: '0.03'}]\n"
    for name, more in (("plain", ""), ("rule", rule)):
        file = tmp_path / f"{name}.yaml"
        file.write_text(text + more, encoding="utf-8")
        question = prepare_question(of_result(solve(load_scenario(file))))
        (change,) = [one for one in list_changes(question, 1) if one.kind == "grant"]
        assert isinstance(change, GrantChange)
        assert (change.to_cents, change.confirmed) == (1, True)
