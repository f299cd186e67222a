"""The planner's page as a widget of a notebook: the page and script of the server, over the kernel's messages."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from tnt_sim.app.cell_style import build_cell_style
from tnt_sim.app.open_page import Reply
from tnt_sim.app.page import Page
from tnt_sim.app.page_text import CELL_SCRIPT
from tnt_sim.app.server import read_assets


class PageWidget(anywidget.AnyWidget):
    """One page in cells of a notebook; an event is not cancelled by a later one.

    The cells write `settings`, as an address has them, when they show an answer: what observes it runs then.
    """

    _esm = read_assets()["/assets/page.js"]
    frame = traitlets.Unicode().tag(sync=True)
    sheet = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    settings = traitlets.Unicode().tag(sync=True)

    def __init__(self, page: Page) -> None:
        words = {key: text.in_(page.lang) for key, text in CELL_SCRIPT.items()}
        super().__init__(frame=page.frame, sheet=build_cell_style(), words=words)
        self._page = page
        self.on_msg(self._receive_event)

    def _receive_event(self, __: Any, event: dict[str, Any], buffers: Any) -> None:
        try:
            for reply in self._page.receive(event):
                self._give(reply)
        except Exception as error:
            self._give(self._page.build_failure_reply(error))  # otherwise the page would wait forever
            raise

    def show_reply(self, reply: Reply) -> None:
        """Show in every cell what no event of theirs asked for; it ends none of their events."""
        self._give(Reply({**reply.document, "done": False}, reply.data))

    def _give(self, reply: Reply) -> None:
        self.send(dict(reply.document), None if reply.data is None else [reply.data])
