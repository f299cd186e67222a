"""The languages of messages."""

from __future__ import annotations

from enum import StrEnum


class Lang(StrEnum):
    """A language of messages."""

    FR = "fr"
    EN = "en"
