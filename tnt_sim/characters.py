"""The policy of characters: which ones no file may hold unseen, and which ids look the same.

A reader of a scenario sees lines and letters. Refused is what changes either without being seen: controls, lone
carriage returns, marks of direction, and characters without width or ink. Two ids look the same if their
skeletons are equal: compatible forms (NFKD), then one letter for those that are drawn alike, and one digit for
each value in any script. ASCII characters stay apart, O from 0 and l from 1: codes of applications hold both.

Source: Unicode Technical Standard 39, *Unicode Security Mechanisms*, and its data of confusable characters, of
which this file has the Latin, Greek and Cyrillic letters that pass for ASCII.
"""

from __future__ import annotations

import re
import unicodedata

_DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
"""Marks that turn the direction of what follows."""
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028\u2029\u2060-\u2065\u206a-\u206f\u3164\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\ufffe\uffff\U000e0000-\U000e0fff"
)
"""Characters without width or ink, and separators of lines."""

FORBIDDEN = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_DIRECTIONS}{_UNSEEN}\ud800-\udfff]|\r(?!\n)")
"""Characters that no text of a scenario may hold, unlike tabs and line breaks."""
IN_NO_CELL = f"[\x01-\x08\x0e-\x1f\x7f-\x9f{_DIRECTIONS}]"
"""Characters that no cell of a table may hold, a pattern of Python and polars: terminals and pages obey them."""
IN_NO_CODE = f"[\x00-\x1f\x7f-\x9f{_DIRECTIONS}{_UNSEEN}]"
"""Characters that no id or code may hold, a pattern of Python and polars, with tabs and line breaks."""
IN_NO_LABEL = IN_NO_CODE.replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f")
"""Characters that no tag may hold, a pattern of Python and polars; tabs and line breaks it may."""
_NOT_SHOWN = re.compile(IN_NO_CODE[:-1] + "\ud800-\udfff]")

_ALIKE = str.maketrans(
    # Cyrillic, Greek, Latin, then dashes and apostrophes, each above what it passes for
    "ЗӠбаАЬВсСԁеҽЕԌһНіꙇӏјЈКІӀМоОрРԛгѕЅТѵѴѡԝԜхХуүУҮ"
    "αΑΒΕϜΗιϳͿΚΙΜϺΝοσΟρΡᴦΤυνΧγΥΖ"
    "ƧƷƼɑƄꞴᴄꬲꞘɡıɪɩƖǀᴏƦꜱƽᴜʋᴠɯᴡꞳɣʏᴢ"
    "‐‑‒–—―−˗⁃’‘‛ʼʹ′",
    "336aAbBcCdeeEGhHiiljJKIIMoOpPqrsSTvVwwWxXyyYY"
    "aABEFHijJKIMMNooOpPrTuvXyYZ"
    "235abBceFgiiilloRssuvvwwXyyz"
    "---------''''''",
)
_STYLES = re.compile("[\ufe00-\ufe0f]")
"""Selectors of a style, which emoji need."""


def format_code_point(character: str) -> str:
    """Return the number of a character, as tables of Unicode name it.

    >>> format_code_point("é")
    'U+00E9'
    """
    return f"U+{ord(character):04X}"


def drop_unseen(text: object, stand_in: str = "·") -> str:
    """Return a text on one line, with a dot or another text for each character that is not seen."""
    return _NOT_SHOWN.sub(stand_in, str(text))


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


def build_skeleton(text: str) -> str:
    """Return what is equal for two texts that look the same.

    >>> build_skeleton("Е-01") == build_skeleton("E-01"), build_skeleton("Ét") == build_skeleton("Et")
    (True, False)
    >>> build_skeleton("E-0١")
    'E-01'
    """
    if text.isascii():
        return text
    shown = _STYLES.sub("", _NOT_SHOWN.sub("", unicodedata.normalize("NFKD", text)))
    plain = "".join(str(unicodedata.decimal(sign, sign)) for sign in shown.translate(_ALIKE))
    return unicodedata.normalize("NFC", plain)


def format_difference(left: str, right: str) -> str:
    """Return the first characters in which two texts differ, by number.

    >>> format_difference("Е-01", "E-01")
    'U+0415, U+0045'
    """
    n = next((k for k, pair in enumerate(zip(left, right, strict=False)) if len(set(pair)) > 1), None)
    k = min(len(left), len(right)) if n is None else n
    return ", ".join(format_code_point(text[k]) for text in (left, right) if k < len(text))
