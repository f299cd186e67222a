"""Answers read from the curves of nested caps equal those of a solve for each application."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.clocks import StepClock

from tnt_sim.analysis.explain import path_answers, path_changes
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.explain.minimal_changes import Asking, list_changes, prepare_question, settle_all
from tnt_sim.analysis.shared import cap_curves
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.documents import dump_document
from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

SAID = ("first_cents", "of", "status", "to_cents", "by_cents", "low_cents", "tie", "why")
MOST_READINGS = 120
"""Readings of the clock after the limit: a look per part of the tree that is being taken."""


def ask_about_nested_caps(folder: Path, seed: int, n: int = 14, *, deep: bool = False) -> Asking:
    """A decision under ceilings in ceilings, where many dossiers ask for the same: SYNTHETIC."""
    random = np.random.default_rng(seed)
    leaf = random.integers(0, 4, n)
    ask = random.choice([3, 4, 4, 5, 8, 13], n)
    table = pl.DataFrame(
        {
            "dossier": [f"D{k:02d}" for k in range(n)],
            "envelope": [f"e{k}" for k in leaf.tolist()],
            "cost": ask,
            "requested": ask,
            "score": random.integers(1, 7, n),
        }
    )
    table.write_csv(folder / "dossiers.csv")
    caps = [int(ask[leaf == k].sum()) * int(random.integers(4, 11)) // 10 for k in range(4)]
    leaves = [f"{{id: e{k}, amount: {cap} €}}" for k, cap in enumerate(caps)]
    if deep:
        both = (caps[0] + caps[1]) * 8 // 10
        below = ", ".join(leaves[:2])
        leaves = [f"{{id: f, amount: {both} €, overbooked: true, envelopes: [{below}]}}", *leaves[2:]]
    amount = int(ask.sum()) * int(random.integers(3, 8)) // 10
    text = f"""schema_version: 1
id: nested
title: SYNTHETIC
programme: {{id: tout, amount: {amount} €, overbooked: true, envelopes: [{", ".join(leaves)}]}}
dossiers: [{{file: dossiers.csv}}]
objective: [{{maximise: {{score: 1}}}}]
"""
    (folder / "nested.yaml").write_text(text, encoding="utf-8")
    result = solve(load_scenario(folder / "nested.yaml"))
    assert result.status is Status.OPTIMAL
    return prepare_question(of_result(result))


def list_refused(question: Asking) -> list[int]:
    waiting = question.decided.problem.offers.candidate & ~question.decided.allocation.funded
    return np.flatnonzero(waiting).tolist()


def pick(changes: Any, kind: str, *keys: str) -> list[tuple[Any, ...]]:
    """What some keys of the changes of a kind say."""
    listed = [dump_document(one) for one in changes]
    return [tuple(one.get(key) for key in keys) for one in listed if one["kind"] == kind]


@pytest.mark.parametrize("seed", range(12))
def test_every_score_and_extension_is_that_of_a_solve(tmp_path: Path, seed: int) -> None:
    question = ask_about_nested_caps(tmp_path, seed, deep=seed % 4 == 3)
    assert question.paths is not None
    rows = list_refused(question)
    told = settle_all(question.decided, rows, lambda name, share: None, StudyProgress(UNLIMITED, "dossiers"))
    assert (told.settled["by_solve"], told.settled["intervals"]) == (0, 0)
    alone = replace(question, paths=None)
    for row in rows:
        asked = list_changes(alone, row, confirm=False)
        said = ("status", "why", "to", "by", "tie")
        assert pick(told.changes[row], "score", *said) == pick(asked, "score", *said)
        mine, theirs = (
            pick(each, "envelope", "of", "status", "to_cents", "low_cents")
            for each in (told.changes[row], asked)
        )
        for of, status, to_cents, low in mine:
            same = [one for one in theirs if one[0] == of]
            if same and seed % 4 != 3:
                assert [(of, status, to_cents)] == [one[:3] for one in same]
            elif same:
                assert status == "interval" or same[0][2] == to_cents
                assert low is None or same[0][2] is None or low <= same[0][2]


@pytest.mark.parametrize("seed", range(20, 32))
def test_every_change_is_that_of_a_solve(tmp_path: Path, seed: int) -> None:
    question = ask_about_nested_caps(tmp_path, seed, 9 if seed < 30 else 14, deep=seed % 4 == 3)
    assert question.paths is not None
    for row in list_refused(question)[:3]:
        told = list_changes(question, row)
        asked = list_changes(replace(question, paths=None), row)
        told, asked = ([dump_document(one) for one in each] for each in (told, asked))
        for mine, theirs in zip(told, asked, strict=True):
            for key in ("first_cents", "proof"):  # more is told here than a solve finds
                if key in theirs and theirs[key] is None:
                    mine[key] = None
            assert mine == theirs


def test_an_amount_that_the_relaxation_does_not_expect_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many columns the amount from which the one answer funds a dossier may stay unknown, nothing else."""
    kept = lost = 0
    for seed in (20, 28, 36, 40):
        question = ask_about_nested_caps(tmp_path, seed)
        for row in list_refused(question)[:6]:
            told = pick(list_changes(question, row), "envelope", *SAID)
            with monkeypatch.context() as patch:
                patch.setattr(path_changes, "MOST_UNEXPECTED", 0)
                few = pick(list_changes(question, row), "envelope", *SAID)
            for mine, theirs in zip(told, few, strict=True):
                assert mine[1:] == theirs[1:]
                assert theirs[0] in (mine[0], None)
                kept += theirs[0] is not None
                lost += theirs[0] != mine[0]
    assert kept
    assert lost


def test_a_cap_above_all_that_binds_once_an_envelope_rises_is_seen(tmp_path: Path) -> None:
    """The envelopes leave 1 € of the limit: 5 € more for one of them fund nothing."""
    rows = ["dossier,envelope,requested,score", "A,e0,10,5", "B,e0,5,1", "C,e1,10,5", "D,e1,7,2"]
    (tmp_path / "dossiers.csv").write_text("\n".join(rows), encoding="utf-8")
    text = """schema_version: 1
id: top
title: SYNTHETIC
programme: {id: tout, envelopes: [{id: e0, amount: 10 €}, {id: e1, amount: 10 €}]}
dossiers: [{file: dossiers.csv}]
objective: [{maximise: {score: 1}}]
rules: [{id: all, kind: limit, measure: granted, max: 21 €}]
"""
    (tmp_path / "top.yaml").write_text(text, encoding="utf-8")
    question = prepare_question(of_result(solve(load_scenario(tmp_path / "top.yaml"))))
    assert question.paths is not None
    assert pick(list_changes(question, 1), "envelope", "of", "status") == [("e0", "impossible")]


def test_states_that_outgrow_their_budget_leave_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = ask_about_nested_caps(tmp_path, 1)
    assert question.paths is not None
    rows = list_refused(question)
    known = question.paths.find_intervals(rows, UNLIMITED)
    monkeypatch.setattr(cap_curves, "ROUNDS", 1)
    monkeypatch.setattr(path_answers.PathAnswers, "_solve_interval", lambda *_: None)
    wide = question.paths.find_intervals(rows, UNLIMITED)
    for row in wide:
        assert wide[row].low <= known[row].low
        assert wide[row].high is None or known[row].high is None or known[row].high <= wide[row].high


def test_a_limit_of_one_question_is_not_that_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = ask_about_nested_caps(tmp_path, 1)
    assert question.paths is not None
    rows = list_refused(question)
    clock = StepClock().install(monkeypatch)
    for after in (3, 30):
        question.paths.find_intervals(rows, Deadline(after * clock.tick))
    known = question.paths.find_intervals(rows, UNLIMITED)
    fresh = path_answers.PathAnswers.of(question.decided.problem, question.decided.allocation, UNLIMITED)
    assert fresh is not None
    assert repr(known) == repr(fresh.find_intervals(rows, UNLIMITED))
    assert len(known) == len(rows)


@pytest.mark.parametrize("everyone", [True, False])
def test_a_limit_ends_every_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, everyone: bool) -> None:
    """Whenever time is up, few steps follow, and what is told holds."""
    question = ask_about_nested_caps(tmp_path, 5, 120)
    rows = list_refused(question)
    decided, numbers = question.decided, question.decided.numbers
    names = [] if everyone else [numbers[row] for row in rows[:2]]
    known = {one.dossier: one for one in explain(decided, names, everyone=everyone).data.dossiers}
    for after in (1, 20, 60, 150, 400, 1000):
        clock = StepClock().install(monkeypatch)
        told = explain(decided, names, everyone=everyone, seconds=after * clock.tick).data
        assert clock.readings_after(after * clock.tick) <= MOST_READINGS, after
        for one in told.dossiers:
            exact = {change.kind: change for change in known[one.dossier].changes}
            for change in map(dump_document, one.changes):
                truth = dump_document(exact[change["kind"]])
                if change["status"] == "exact":
                    assert change["to" if "to" in change else "to_cents"] in truth.values()
                elif change["kind"] == "score" and change["status"] == "interval":
                    assert int(change["low"]) <= int(truth["to"])
                    assert change["high"] is None or int(truth["to"]) <= int(change["high"])
