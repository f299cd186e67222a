"""Random corruptions of run folders: every one is refused, and the refusal names what was changed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.lanes import Lane, first_of
from support.run_folders.mutations import ALWAYS, PLAIN, Outcome, mutated
from support.run_folders.small_runs import EVERY

from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.i18n.message import Lang

SEEDS = range(160)


@pytest.fixture
def runs(made: dict[str, Path]) -> dict[str, Path]:
    return made


@pytest.mark.parametrize("name", EVERY)
def test_untouched_they_are_accepted(runs: dict[str, Path], name: str) -> None:
    report = verify_run(runs[name])
    assert [defect.line(Lang.EN) for defect in report.defects] == []
    assert report.ok
    assert report.notes == ()


@pytest.mark.drawn
def test_every_corruption_is_refused_and_named(runs: dict[str, Path]) -> None:
    names = list(EVERY)
    outcomes: list[Outcome] = []
    for seed in first_of(SEEDS, 24):
        found = mutated(runs[names[seed // 2 % len(names)]], seed)
        if found is not None:
            outcomes.append(found)
    assert [outcome for outcome in outcomes if not outcome.caught] == []
    assert [outcome for outcome in outcomes if not outcome.named] == []
    assert len(outcomes) > (0.9 if Lane.is_whole() else 0.8) * len(first_of(SEEDS, 24))
    kinds = Counter(outcome.name for outcome in outcomes)
    if Lane.is_whole():
        assert {mutation.__name__ for mutation in (*ALWAYS, *PLAIN)} - set(kinds) == set()
    assert all(verify_run(run).ok for run in runs.values())
