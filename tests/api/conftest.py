"""Each test of this room is a session of its own: shipped scenarios are in two currencies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tnt_sim.i18n.numbers import open_currency_session


@pytest.fixture(autouse=True)
def _own_session() -> Iterator[None]:
    with open_currency_session():
        yield
