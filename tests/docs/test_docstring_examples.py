"""Every example of a docstring runs and prints what stands there."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest
import rooms

MODULES = [name for name, path in rooms.modules().items() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    outcome = doctest.testmod(import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_there_are_examples_in_most_rooms() -> None:
    assert len({rooms.room_of(name) for name in MODULES}) > len(rooms.ORDER) // 2
