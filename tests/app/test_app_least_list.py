"""The page never shows less than it has: a list at once, then a better one; that of other settings says so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.lanes import Lane, first_of

from tnt_sim.app.live_answers import LiveAnswer, LiveConflict
from tnt_sim.app.page import Page
from tnt_sim.app.page_state import State
from tnt_sim.app.page_text import PAGE
from tnt_sim.deadline import UNLIMITED
from tnt_sim.engine.incumbent import find_late_allocation, is_better_list, read_list
from tnt_sim.engine.result import Proof, Status
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario

Talk = Callable[..., Mapping[str, Any]]
FREE = State(rules={"plafond-departement": False})


def test_commitments_alone_are_no_list(page: Page) -> None:
    """A limit before any list leaves the answer that stands, and does not show that nothing is granted."""
    found = page.desk.optimise_state(FREE, 0.0)
    assert isinstance(found, LiveConflict)
    assert found.stopped


def test_a_limit_leaves_the_list_that_still_satisfies_the_settings(page: Page) -> None:
    before = page.last_answer
    assert before is not None
    found = page.desk.optimise_state(FREE, 0.0, before=before)
    assert isinstance(found, LiveAnswer)
    assert found.reading.values == before.reading.values
    narrow = page.desk.optimise_state(State(amounts={"programme": 60_000_000}), 0.0, before=before)
    assert isinstance(narrow, LiveConflict), "the list of before grants more than there is"


def test_a_list_stands_at_once_and_a_better_one_follows(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = page.desk._compute_answer

    first: Any = None

    def remember(request: Any, search_seconds: float | None) -> Any:
        nonlocal first
        found = plain(request, search_seconds)
        if search_seconds is None:
            assert request.known_lists[0] is first.allocation, "the better one starts from the first"
            return found
        first = replace(found, proof=Proof.FEASIBLE_GAP, status=Status.FEASIBLE)
        return first

    monkeypatch.setattr(page.desk, "_compute_answer", remember)
    replies = [
        reply.document for reply in page.receive({"do": "rule", "id": "plafond-departement", "value": False})
    ]
    assert [reply["answer"] for reply in replies] == ["sought", ""]
    assert [reply["done"] for reply in replies] == [False, True]
    assert replies[0]["said"] == PAGE["sought"].in_(Lang.FR)
    assert "band" in replies[0]["parts"], "the first list is there"
    assert replies[1]["said"].startswith("Prouvé, en ")


def test_an_impossible_setting_strikes_the_answer_and_says_whose_it_is(page: Page, say: Talk) -> None:
    said = say("share", value="free")
    assert said["answer"] == ""
    said = say("box", id="programme", value="100")
    assert said["answer"] == "struck"
    assert "Le scénario tel qu&#39;il est écrit" in page._sent["other"]
    say("back")
    say("share", value="free")
    say("rule", id="plafond-departement", value=False)
    said = say("box", id="programme", value="100")
    assert said["answer"] == "struck"
    assert "400 000 € au plus par département" in page._sent["other"].replace(
        "\N{NARROW NO-BREAK SPACE}", " "
    ).replace("\N{NO-BREAK SPACE}", " ")


DEPARTMENTS = [f"{number:02d}" for number in range(1, 96) if number != 20]
THREE_AXES = """schema_version: 1
id: fifty
title: SYNTHETIC
programme:
  id: tout
  amount: {total} €
  envelopes:
    - {{id: axe-1, amount: {axes[0]} €}}
    - {{id: axe-2, amount: {axes[1]} €}}
    - {{id: axe-3, amount: {axes[2]} €}}
dossiers: [{{file: dossiers.csv}}]
grants: [{{mode: all_or_nothing}}]
rules:
  - {{id: plafonds, kind: limit, measure: granted, by: department, max: {most} €}}
  - {{id: planchers, kind: limit, measure: granted, by: department, min: {least} €}}
  - {{id: part, kind: share, measure: granted, where: {{theme: t0}}, min: 18 %}}
  - {{id: nombre, kind: limit, measure: dossiers, by: department, max: 400}}
objective: [{{maximise: {{score: 1}}}}]
"""


def write_fifty_thousand(folder: Path) -> Path:
    """Write 50,000 dossiers under three axes, whose rules leave no list without a search."""
    dice, n = np.random.default_rng(1), 50_000
    cost = np.clip(dice.lognormal(9.5, 0.9, n), 500, 400_000).astype(np.int64)
    axis = dice.integers(1, 4, n)
    pl.DataFrame(
        {
            "dossier": [f"D{k:05d}" for k in range(n)],
            "department": dice.choice(DEPARTMENTS, n),
            "envelope": [f"axe-{number}" for number in axis.tolist()],
            "theme": [f"t{number}" for number in dice.integers(0, 6, n).tolist()],
            "requested": cost,
            "score": dice.integers(1, 101, n),
        }
    ).write_csv(folder / "dossiers.csv")
    axes = [int(cost[axis == number].sum() * 0.4) for number in (1, 2, 3)]
    each = sum(axes) / len(DEPARTMENTS)
    text = THREE_AXES.format(total=sum(axes), axes=axes, most=round(1.05 * each), least=round(0.6 * each))
    (folder / "fifty.yaml").write_text(text, encoding="utf-8")
    return folder / "fifty.yaml"


def read_processor() -> float:
    """Processor seconds of this process and of those that it waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


@pytest.mark.slow
def test_twenty_moves_over_fifty_thousand_dossiers_on_a_busy_machine(tmp_path: Path) -> None:
    """Each ends within 5 s of processor time in a list no worse than a greedy one, nor than the one before."""
    page = Page(load_scenario(write_fifty_thousand(tmp_path)), Lang.FR)
    axis = page.axes[-1]
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        for move in first_of(range(20), 6):
            before, began = page.last_answer, read_processor()
            cents = axis.written_cents * (10 + (7 * move) % 20) // 20 // 100 * 100
            n_replies = len(list(page.receive({"do": "amount", "id": axis.id, "value": str(cents)})))
            worked = read_processor() - began
            answer = page.last_answer
            assert page.trouble is None
            assert before is not None
            assert answer is not None
            assert answer is not before
            assert n_replies <= 2
            assert worked <= (20.0 if Lane.in_ci else 5.0), worked
            problem, form = answer.problem, formulate(answer.problem)
            greedy = find_late_allocation(problem, form, form.stages[0].to_solve_stage(), (), UNLIMITED)
            for least in (greedy, read_list(problem, before.allocation, ())):
                assert least is None or not is_better_list(problem, least[1], answer.reading)
            assert answer.reading.granted_cents > 0
    finally:
        for process in busy:
            process.kill()
            process.wait()
