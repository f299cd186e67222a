"""Every study ends on its deadline with what was found, and says how far it came: a false clock for each verb.

`VERBS` names what a planner can start; a verb or a function that is new must be added here.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.clocks import StepClock
from support.every_verb import VERBS, Document, House
from support.floors_programme import write_floors
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.cli import verbs
from tnt_sim.engine.budgets import BUDGETS
from tnt_sim.errors import LimitReached
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.explanation import build_explained
from tnt_sim.reporting.reports.progress import UNITS, describe_interruption
from tnt_sim.solve.backends.highs import HighsBackend


@pytest.fixture
def house(folder: Path) -> House:
    """The small programme of `conftest.py`: a scenario, its decision, a selection and a clash."""
    return House(folder)


@pytest.fixture(scope="module")
def floors(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The same with 240 dossiers under a floor for each of 100 departments and 10 regions, a share, and a rate."""
    return House(write_floors(tmp_path_factory.mktemp("floors")).parent)


ELSEWHERE = {
    "run": "tests/engine and tests/solve",
    "batch": "the limit is that of each scenario (`run`); Ctrl-C ends it: tests/analysis/batch",
    "app": "each answer has its own limit: tests/app",
    "transparency": "the limit is that of writing: tests/reporting/transparency",
    "send": "the limit is that of the calls: tests/exchange",
    "reconcile": "the assignment ends with its limit: tests/analysis/reconcile",
}
NO_STUDY = {
    "new",
    "examples",
    "refresh",
    "validate",
    "show",
    "verify",
    "core",
    "import",
    "export",
    "sign",
    "schema",
    "runs",
    "doctor",
}
FUNCTIONS = {"next_euro": "marginal-euro", "entries": "entry-thresholds", "target": "target",
             "prices": "rule-prices", "extension": "extension-shares"}  # fmt: skip
NO_STUDY_FUNCTIONS = {
    "batch",
    "by_opinion",
    "core",
    "envelope",
    "explore",
    "goals",
    "import_file",
    "open_batch",
    "open_run",
    "read_scenario",
    "rules",
    "table",
}
MOST_READINGS = 250
"""Of the clock after the deadline, at one a millisecond of a real one: each layer looks once more and ends."""


def test_every_verb_is_here() -> None:
    named = {name.split()[0] for name in VERBS}
    assert set(verbs.VERBS) == named | set(ELSEWHERE) | NO_STUDY
    functions = {name for name in tnt.__all__ if name.islower() and not name.startswith("_")}
    assert {FUNCTIONS.get(name, name) for name in functions - NO_STUDY_FUNCTIONS} <= set(VERBS)


def _checked(document: Document) -> None:
    """A whole document: what ended it, and after how many of how many, in both languages."""
    progress = document["progress"]
    assert document["stopped_by"] in (None, "time")
    assert progress["unit"] in UNITS
    assert progress["of"] is None or 0 <= progress["done"] <= progress["of"]
    if document["stopped_by"] is not None:
        study = SimpleNamespace(stopped_by=document["stopped_by"], progress=ProgressEntry(**progress))
        for lang in Lang:
            assert str(progress["done"]) in describe_interruption(study).in_(lang)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_ends_on_its_deadline(verb: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline passes after so many readings of the clock: few more are made, and the answer is whole."""
    early = 0
    for after in (1, 12, 80):
        clock = StepClock().install(monkeypatch)
        try:
            document = VERBS[verb](house, after * clock.tick)
        except LimitReached:  # nothing to start from
            document = None
        assert clock.readings_after(after * clock.tick) <= MOST_READINGS, after
        if document is not None:
            _checked(document)
            early += document["stopped_by"] == "time"
        else:
            early += 1
    assert early


def _solve(house: House, seconds: float) -> None:
    tnt.Scenario.from_yaml(house.folder / "petit.yaml").solve(time_limit=seconds)


SLOW_TO_OPEN = {"report --slider"}
"""What opens a run folder, whose certificate of many rows has limits of its own: tests/verify."""


@pytest.mark.parametrize("verb", seeds(("solve", *(verb for verb in VERBS if verb not in SLOW_TO_OPEN)), 8))
def test_a_hundred_floors_end_on_the_deadline(
    verb: str, floors: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing granted breaks a floor: after the limit a first list is sought for a second more, once at most."""
    for after in (1, 12, 80, 400):
        clock = StepClock().install(monkeypatch)
        with suppress(LimitReached):  # nothing to start from
            {**VERBS, "solve": _solve}[verb](floors, after * clock.tick)
        late = round(BUDGETS.late_seconds / clock.tick)
        assert clock.readings_after(after * clock.tick) <= MOST_READINGS + late, after


@pytest.mark.parametrize("verb", seeds(tuple(VERBS), 8))
def test_a_solver_that_dawdles(verb: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that uses all the time that there is: it is asked few more times, and what is known is told."""
    clock, solve, calls = StepClock().install(monkeypatch), HighsBackend.solve, []

    def dawdling(*args: Any, **how: Any) -> Any:
        calls.append(clock.readings)
        found = solve(*args, **how)
        clock.readings += 10_000_000
        return found

    monkeypatch.setattr(HighsBackend, "solve", dawdling)
    try:
        _checked(VERBS[verb](house, 1_000.0))
    except LimitReached:
        assert calls
    assert len([at for at in calls if at > 1_000_000]) <= 6


def test_a_limit_in_the_past_is_said_at_once(house: House) -> None:
    """On a real clock: no time at all is no reason to begin."""
    for verb, ask in VERBS.items():
        try:
            document = ask(house, 0.0)
        except LimitReached:
            continue
        assert document["stopped_by"] == "time" or verb in ("ensemble", "compare"), verb


def test_reasons_of_all_end_with_the_limit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the reasons take too long, the list ends with those that were told, and says how many."""
    monkeypatch.setattr("tnt_sim.analysis.explain.explanation.REASONS_AT_A_TIME", 1)
    monkeypatch.setattr("tnt_sim.analysis.explain.explanation.REASONS_SECONDS", 0.0)
    StepClock().install(monkeypatch)
    told = explain(house.decided, everyone=True, seconds=0.0)
    document = told.document
    n = len(house.decided.numbers)
    assert len(document["dossiers"]) == 1 < n
    assert (document["stopped_by"], document["progress"]) == (
        "time",
        {"done": 1, "of": n, "unit": "dossiers"},
    )
    assert document["settled"] is None
    assert build_explained(told.data, Lang.FR) is not None
