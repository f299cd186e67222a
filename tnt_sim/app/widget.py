"""The planner's page as a widget of a notebook: the page and script of the server, over the kernel's messages."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from tnt_sim.app.open_page import Reply
from tnt_sim.app.page import Page
from tnt_sim.app.page_text import SCRIPT
from tnt_sim.app.server import read_assets


class PageWidget(anywidget.AnyWidget):
    """One page in one cell of a notebook; an event is not cancelled by a later one."""

    _esm = read_assets()["/assets/page.js"]
    _css = read_assets()["/assets/page.css"]
    frame = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, page: Page) -> None:
        said = {key: text.in_(page.lang) for key, text in SCRIPT.items()}
        super().__init__(frame=page.frame, words=said)
        self._page = page
        self.on_msg(self._receive_event)

    def _receive_event(self, __: Any, event: dict[str, Any], buffers: Any) -> None:
        try:
            for reply in self._page.receive(event):
                self._give(reply)
        except Exception as error:
            self._give(self._page.build_failure_reply(error))  # otherwise the page would wait forever
            raise

    def _give(self, reply: Reply) -> None:
        self.send(dict(reply.document), None if reply.data is None else [reply.data])
