"""A style of one's own over the neutral one: refused with its line where it would ask for anything outside.

This is a courtesy to its author: the policy of the page lets nothing be loaded, whatever a style says.
"""

from __future__ import annotations

import re
from pathlib import Path

from tnt_sim.errors import DataError, Defects, Place, Text, UsageError

_MOST_BYTES = 1_000_000
_OUTSIDE = re.compile(r"@import|@charset|url\s*\(\s*(?!['\"]?\s*data:)|</|<!--", re.IGNORECASE)


def read_theme(path: Path) -> str:
    """The style of a file, to be put after the neutral one.

    Raises
    ------
    UsageError
        There is no such file, or it is too large.
    DataError
        It is not UTF-8, or a line would load something, or end the style.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            Text(
                f"la feuille de style « {path} » ne peut pas être lue.",
                f'the style sheet "{path}" cannot be read.',
            ),
            code="usage.theme",
        ) from error
    if len(data) > _MOST_BYTES:
        raise UsageError(
            Text(
                f"« {path} » dépasse 1 Mo : ce n'est pas une feuille de style.",
                f'"{path}" is above 1 MB: no style sheet.',
            ),
            code="usage.theme",
        )
    found = Defects()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found.add(
            "theme", Text("la feuille de style n'est pas en UTF-8.", "the style sheet is not UTF-8."),
            Place(str(path)), hint=Text("Enregistrez-la en UTF-8.", "Save it as UTF-8."),
        )  # fmt: skip
        raise DataError(found.found) from None
    _tell_outside(text, path, found)
    found.raise_if_any(DataError)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _tell_outside(text: str, path: Path, found: Defects) -> None:
    """Each place where the style would load something, or end."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _OUTSIDE.finditer(line):
            found.add(
                "theme",
                Text(
                    f"« {match[0].strip()} » n'est pas permis : le rapport ne demande rien au dehors.",
                    f'"{match[0].strip()}" is not allowed: the report asks for nothing outside.',
                ),
                Place(str(path), line=number, column=match.start() + 1),
                hint=Text(
                    "Mettez polices et images dans la feuille (url(data:…)).",
                    "Put fonts and images into the sheet (url(data:…)).",
                ),
            )
