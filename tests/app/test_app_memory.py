"""What was computed for a tab is given back soon after it has closed."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from tnt_sim.app import server, tabs
from tnt_sim.app.page import Page
from tnt_sim.cli.projects.uploaded_project import build_starting
from tnt_sim.engine.session import SolverSession
from tnt_sim.i18n.message import Lang


def test_nothing_of_a_closed_tab_is_held_after_half_a_minute(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, returned = [0.0], []
    monkeypatch.setattr(tabs, "monotonic", lambda: now[0])
    monkeypatch.setattr(server, "return_memory", lambda: returned.append(now[0]))
    with server.PlannerServer(0, "token", page, build_starting(tmp_path, Lang.EN), Lang.EN) as planner:
        tab = planner.tabs.open_tab(page)
        list(tab.receive({"do": "rule", "id": "plafond-departement", "value": False}))
        assert tab.page.last_answer is not page.last_answer
        held: list[weakref.ref[object]] = [
            weakref.ref(one) for one in (tab.page.last_answer, *page.desk._idle)
        ]
        assert any(isinstance(one(), SolverSession) for one in held)
        planner.tabs.close_tab(tab.key)
        del tab
        planner.service_actions()
        assert not returned, "a page that is loaded anew finds what it had"
        now[0] = tabs.FREE_SECONDS
        planner.service_actions()
        planner.service_actions()
        assert returned == [tabs.FREE_SECONDS], "once"
        gc.collect()
        assert [one() for one in held] == [None] * len(held)
        again = planner.tabs.open_tab(page)
        list(again.receive({"do": "rule", "id": "plafond-departement", "value": False}))
        assert again.page.last_answer is not None
        assert again.page.last_answer.sure
