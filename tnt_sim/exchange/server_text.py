"""Text of a server, as it may be shown."""

from __future__ import annotations

import unicodedata


def make_printable(text: str) -> str:
    """Return a text of a server without what would move in a terminal: line breaks, escapes, directions.

    >>> make_printable("No" + chr(10) + chr(27) + "[2J")
    'No �[2J'
    """
    return "".join(
        sign
        if sign.isprintable() or unicodedata.category(sign) == "Zs"
        else " "
        if sign.isspace()
        else "\ufffd"
        for sign in text
    )
