"""Text files in two encodings at once: what a copy and paste between programs leaves behind."""

from __future__ import annotations

import re

from tnt_sim.errors import DataError, Defect, Place, Text

_UTF8 = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x90-\xbf]|\xe2\x82\xac|\xc5[\x92\x93]")


def check_one_encoding(data: bytes, shown_as: str) -> None:
    """Refuse a text in which accents are written in UTF-8 in one place and in cp1252 in another.

    Raises
    ------
    DataError
        With the first place of each.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        utf8 = _UTF8.search(data)
        if utf8 is None:
            return
        lines = [data.count(b"\n", 0, at) + 1 for at in (utf8.start(), error.start)]
        text = Text(
            f"deux encodages dans un fichier : UTF-8 à la ligne {lines[0]}, cp1252 à la ligne {lines[1]}.",
            f"two encodings in one file: UTF-8 in line {lines[0]}, cp1252 in line {lines[1]}.",
        )
        hint = Text(
            "Exportez-le de nouveau, ou enregistrez-le en « CSV UTF-8 » après avoir corrigé les accents.",
            'Export it again, or save it as "CSV UTF-8" after correcting the accents.',
        )
        places = tuple(Place(file=shown_as, line=line) for line in lines)
        raise DataError([Defect("mixed_encodings", text, places, hint)]) from None
