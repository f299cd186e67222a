"""Where a text is written: some values have another form on a terminal, on a page and in a sheet."""

from __future__ import annotations

from enum import Flag, auto


class Output(Flag):
    """Where a text, a column or a table appears."""

    TERMINAL = auto()
    PAGE = auto()
    SHEET = auto()
    READING = TERMINAL | PAGE
    FILES = PAGE | SHEET
    ALL = TERMINAL | PAGE | SHEET
