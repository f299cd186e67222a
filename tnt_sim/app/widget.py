"""The widget of the planner's page: it hands what was touched to `Page`, and sends back what that answers."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from tnt_sim.app.page import Page, Reply
from tnt_sim.app.phrases import SCRIPT
from tnt_sim.disk import touch
from tnt_sim.errors import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.view.report.page import asset

ASKED = "TNT_SIM_APP"
"""The environment variable that says which scenario the notebook shows, in which language, and where it tells
that it is warm."""


def _own(name: str) -> str:
    return (files("tnt_sim") / "app" / "assets" / name).read_text(encoding="utf-8")


class PageWidget(anywidget.AnyWidget):
    """One page in one browser tab."""

    _esm = _own("page.js")
    _css = asset("style.css") + _own("page.css")
    frame = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, page: Page) -> None:
        said = {key: text.in_(page.lang) for key, text in SCRIPT.items()}
        super().__init__(frame=page.frame, words=said)
        self._page = page
        self.on_msg(self._touched)

    def _touched(self, _: Any, event: dict[str, Any], buffers: Any) -> None:
        try:
            for reply in self._page.receive(event):
                self._give(reply)
        except Exception as error:
            self._give(self._page.failed(error))  # else the page would wait for ever
            raise

    def _give(self, reply: Reply) -> None:
        self.send(dict(reply.told), None if reply.data is None else [reply.data])


def planner_page() -> PageWidget:
    """The page of the scenario that `tnt-sim app` was started for."""
    asked = json.loads(os.environ[ASKED])
    scenario = load_scenario(Path(asked["scenario"]))
    page = PageWidget(Page(scenario, Lang(asked["lang"])))
    touch(Path(asked["warm"]))
    return page
