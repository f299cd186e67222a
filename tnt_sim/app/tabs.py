"""Open tabs: each has a page of its own, answers one event at a time, and is freed when it is closed or silent."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tnt_sim.app.open_page import Event, Reply
from tnt_sim.app.page import Page
from tnt_sim.deadline import Cancellation, monotonic

MOST_TABS = 200
"""Most open tabs; one more closes the tab that was silent for longest."""
IDLE_SECONDS = 600.0
"""Seconds of silence after which a tab is freed. A page says each minute that it is there."""

FREE_SECONDS = 30.0
"""Seconds after a tab has closed until the memory of its answers is given back."""


@dataclass(eq=False)
class Tab:
    """One open page.

    Attributes
    ----------
    key : unguessable name in addresses
    heard_at : when the tab last spoke, on the clock `monotonic`
    """

    key: str
    page: Page
    heard_at: float
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _number: object = None
    _cancellation: Cancellation = field(default_factory=Cancellation, repr=False)

    def receive(self, event: Event) -> Iterator[Reply]:
        """Process one event, after those that came before it.

        `n` numbers the events of the page; `more` says that another one follows at once, so that
        this one is not computed.
        """
        with self._lock:
            self._number, self._cancellation = event.get("n"), Cancellation()
            if event.get("more") is True:
                self._cancellation.cancel()
            yield from self.page.receive(event, self._cancellation)

    def cancel(self, number: object = None) -> None:
        """End the answer being computed; only that of the event `number` if given."""
        if number is None or number == self._number:
            self._cancellation.cancel()


class Tabs:
    """The open tabs of a server."""

    def __init__(self) -> None:
        self._tabs: dict[str, Tab] = {}
        self._guard = threading.Lock()
        self._closed_at: float | None = None

    def __len__(self) -> int:
        return len(self._tabs)

    def open_tab(self, first: Page) -> Tab:
        """Open a tab, from a page before its first event: with the scenario as written."""
        tab = Tab(secrets.token_urlsafe(16), first.open_again(), monotonic())
        with self._guard:
            self._tabs[tab.key] = tab
            oldest = sorted(self._tabs.values(), key=lambda one: one.heard_at)[: len(self._tabs) - MOST_TABS]
        for one in oldest:
            self.close_tab(one.key)
        return tab

    def find_tab(self, key: str) -> Tab | None:
        """Return an open tab, which has just spoken; None if there is none."""
        with self._guard:
            tab = self._tabs.get(key)
            if tab is not None:
                tab.heard_at = monotonic()
        return tab

    def close_tab(self, key: str) -> None:
        """Free a tab, and end what is computed for it."""
        with self._guard:
            tab = self._tabs.pop(key, None)
        if tab is not None:
            tab.cancel()
            self._closed_at = monotonic()

    def is_time_to_free(self) -> bool:
        """Whether a tab closed `FREE_SECONDS` ago; once for all that have closed since the last time."""
        if self._closed_at is None or monotonic() - self._closed_at < FREE_SECONDS:
            return False
        self._closed_at = None
        return True

    def close_idle(self) -> None:
        """Free the tabs that were silent for longer than `IDLE_SECONDS`."""
        now = monotonic()
        for key in [tab.key for tab in list(self._tabs.values()) if now - tab.heard_at > IDLE_SECONDS]:
            self.close_tab(key)

    def close_all(self) -> None:
        """Free every tab."""
        for key in list(self._tabs):
            self.close_tab(key)
