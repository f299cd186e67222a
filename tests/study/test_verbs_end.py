"""Every study ends on its deadline with what was found, and says how far it came: a false clock for each verb.

`VERBS` names what a planner can start; a verb or a function that is new must be added here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.clocks import StepClock

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import explain, for_reports
from tnt_sim.analysis.explain.rank_inversions import inversions_document
from tnt_sim.analysis.shared import decided_run as decisions
from tnt_sim.analysis.sweep.slider_positions import slider_of
from tnt_sim.cli.main import _VERBS
from tnt_sim.errors import LimitReached
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.explanation import explained
from tnt_sim.reporting.reports.progress import UNITS, stopped_sentence
from tnt_sim.reporting.run_folder.run_access import open_stored
from tnt_sim.scenario.load import load_scenario
from tnt_sim.solve.backends.highs import HighsBackend

Document = Mapping[str, Any]


@pytest.fixture
def house(folder: Path) -> House:
    """The small programme of `conftest.py`: a scenario, its decision, a selection and a clash."""
    return House(folder)


class House:
    """What verbs start from, read before the clock is a false one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        text = (folder / "petit.yaml").read_text(encoding="utf-8")
        uncertain = "uncertain: [{id: u, column: cost, times: {lognormal: {median: 1, sigma: 0.2}}}]\n"
        floor = "max: 30 k€}, {id: plancher, kind: limit, measure: granted, min: 59 k€}]"
        (folder / "petit.yaml").write_text(text + uncertain, encoding="utf-8")
        (folder / "clash.yaml").write_text(text.replace("max: 30 k€}]", floor.replace("30", "10")), "utf-8")
        (folder / "other.yaml").write_text(text.replace("max: 30 k€", "max: 20 k€"), encoding="utf-8")
        (folder / "list.csv").write_text("dossier\nD1\nD2\n", encoding="utf-8")
        self.scenario = load_scenario(folder / "petit.yaml")
        self.clash = load_scenario(folder / "clash.yaml")
        self.other = load_scenario(folder / "other.yaml")
        result: Any = tnt.Scenario.from_yaml(folder / "petit.yaml").solve()
        self.run = result.save(folder / "runs")
        self.decided = decisions.of_result(result)
        self.refused = result.to_dataframe().filter(~result.to_dataframe()["funded"])["dossier"].to_list()


def _sweep(house: House, seconds: float, **how: Any) -> Document:
    found = tnt.sweep(house.scenario, start="50 k€", stop="75 k€", time_limit=seconds, **how)
    return found.document


def _slider(house: House, seconds: float) -> Document:
    found = slider_of(open_stored(house.run), "p", n_steps=6, seconds=seconds)
    known = [one for one in found.positions if one.summary is not None]
    progress = {"done": len(known), "of": len(found.positions), "unit": "amounts"}
    stopped = "time" if len(known) < len(found.positions) else None
    return {"stopped_by": stopped, "progress": progress}


VERBS: Mapping[str, Callable[[House, float], Document]] = {
    "sweep": lambda h, t: _sweep(h, t, steps=8),
    "sweep --free": lambda h, t: _sweep(h, t, steps=8, free=True),
    "sweep --nested": lambda h, t: _sweep(h, t, steps=8, nested=True),
    "sweep --exact": lambda h, t: _sweep(h, t, exact=True),
    "sweep --tolerance": lambda h, t: _sweep(h, t, free=True, tolerance="1 %"),
    "sweep --next": lambda h, t: tnt.next_euro(h.scenario, time_limit=t).document,
    "sweep --entries": lambda h, t: tnt.entries(h.scenario, time_limit=t).document,
    "sweep --target": lambda h, t: tnt.target(h.scenario, "all", "+2", "rules", time_limit=t).document,
    "sweep --prices": lambda h, t: tnt.prices(h.scenario, time_limit=t).document,
    "sweep --extend": lambda h, t: tnt.extension(h.scenario, "10 k€", time_limit=t).document,
    "extend": lambda h, t: tnt.extend(h.scenario, time_limit=t).document,
    "explain": lambda h, t: explain(h.decided, h.refused[:3], seconds=t).document,
    "explain --all": lambda h, t: explain(h.decided, everyone=True, seconds=t).document,
    "report": lambda h, t: for_reports(h.decided, seconds=t),
    "report --slider": _slider,
    "inversions": lambda h, t: inversions_document(h.decided, rank="cost", seconds=t),
    "alternatives": lambda h, t: tnt.alternatives(h.scenario, count=4, time_limit=t).document,
    "weights": lambda h, t: tnt.weights(h.scenario, ["score", "dossiers"], time_limit=t).document,
    "audit": lambda h, t: tnt.audit(h.scenario, h.folder / "list.csv", time_limit=t).document,
    "conflict": lambda h, t: tnt.conflict(h.clash, time_limit=t).document,
    "compare": lambda h, t: tnt.compare(h.scenario, h.other, options={"time_limit": t}).summary(),
    "ensemble": lambda h, t: tnt.ensemble(h.scenario, 6, workers=1, time_limit=t).summary(),
}
ELSEWHERE = {
    "run": "tests/engine and tests/solve",
    "batch": "the limit is that of each scenario (`run`); Ctrl-C ends it: tests/study/batch",
    "app": "each answer has its own limit: tests/app",
}
NO_STUDY = {"new", "validate", "show", "verify", "core", "import", "export", "sign", "doctor"}
FUNCTIONS = {"next_euro": "sweep --next", "entries": "sweep --entries", "target": "sweep --target",
             "prices": "sweep --prices", "extension": "sweep --extend"}  # fmt: skip
NO_STUDY_FUNCTIONS = {"by_opinion", "core", "import_file", "open_run", "table"}
MOST_READINGS = 250
"""Of the clock after the deadline, at one a millisecond of a real one: each layer looks once more and ends."""


def test_every_verb_is_here() -> None:
    named = {name.split()[0] for name in VERBS}
    assert set(_VERBS) == named | set(ELSEWHERE) | NO_STUDY
    functions = {name for name in tnt.__all__ if name.islower() and not name.startswith("_")}
    assert {FUNCTIONS.get(name, name) for name in functions - NO_STUDY_FUNCTIONS} <= set(VERBS)


def _checked(document: Document) -> None:
    """A whole document: what ended it, and after how many of how many, in both languages."""
    progress = document["progress"]
    assert document["stopped_by"] in (None, "time")
    assert progress["unit"] in UNITS
    assert progress["of"] is None or 0 <= progress["done"] <= progress["of"]
    if document["stopped_by"] is not None:
        for lang in Lang:
            assert str(progress["done"]) in stopped_sentence(document, lang)


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


@pytest.mark.parametrize("verb", VERBS)
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
    document = explain(house.decided, everyone=True, seconds=0.0).document
    n = len(house.decided.numbers)
    assert len(document["dossiers"]) == 1 < n
    assert (document["stopped_by"], document["progress"]) == (
        "time",
        {"done": 1, "of": n, "unit": "dossiers"},
    )
    assert document["settled"] is None
    assert explained(document, Lang.FR) is not None
