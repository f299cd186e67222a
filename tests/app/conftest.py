"""The programme that `tnt-sim new` writes, in a folder of its own, and pages over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tnt_sim.app.open_page import Reply
from tnt_sim.app.page import Page
from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

Talk = Callable[..., Mapping[str, Any]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    assert main(["new", str(tmp_path / "demo")]) == 0
    return tmp_path / "demo" / "scenario.yaml"


@pytest.fixture
def scenario(file: Path) -> ScenarioData:
    return load_scenario(file)


@pytest.fixture
def page(scenario: ScenarioData) -> Page:
    return Page(scenario, Lang.FR)


@pytest.fixture
def say(page: Page) -> Talk:
    """One event, and what the page says in the end; exactly the last reply is the end."""

    def one(do: str, **event: Any) -> Mapping[str, Any]:
        replies: list[Reply] = list(page.receive({"do": do, **event}))
        assert [reply.document["done"] for reply in replies] == [False] * (len(replies) - 1) + [True]
        told: dict[str, Any] = {"parts": {}}
        for reply in replies:
            told |= {
                **reply.document,
                "parts": {**told["parts"], **reply.document["parts"]},
                "data": reply.data,
            }
        return told

    return one


@pytest.fixture
def force(say: Talk) -> Talk:
    def one(dossier: str, side: str = "in", reason: str = "arbitrage du préfet") -> Mapping[str, Any]:
        return say("force", value={"dossier": dossier, "side": side, "reason": reason})

    return one
