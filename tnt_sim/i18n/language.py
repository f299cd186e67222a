"""The languages of messages."""

from __future__ import annotations

from enum import Flag, StrEnum, auto


class Lang(StrEnum):
    """A language of messages."""

    FR = "fr"
    EN = "en"


class Output(Flag):
    """Where a text, a column or a table appears."""

    TERMINAL = auto()
    PAGE = auto()
    SHEET = auto()
    READING = TERMINAL | PAGE
    FILES = PAGE | SHEET
    ALL = TERMINAL | PAGE | SHEET
