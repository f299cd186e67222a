"""Days written in words, « 15 janvier 2025 », as démarches-simplifiées shows them."""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.formats.raw import RawColumn
from tnt_sim.formats.synonyms import normalised

_MONTHS = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre",
    "novembre", "decembre",
)  # fmt: skip
_WORDS = r"^[0-9]{1,2}(?:er)? \p{L}+\.? [0-9]{4}(?: [0-9]{1,2}[:h][0-9]{2})?$"


def with_french_days(column: RawColumn) -> RawColumn:
    """The column with such days in ISO form; those that are no day stay as they are."""
    held = column.text.str.contains(_WORDS).fill_null(value=False)
    if not held.any():
        return column
    learnt = {text: _iso(text) for text in column.text.filter(held).unique()}
    return replace(column, text=column.text.replace({text: day for text, day in learnt.items() if day}))


def _iso(text: str) -> str | None:
    day, month, year, *clock = text.replace("er ", " ").split()
    name = normalised(month)
    if name not in _MONTHS:
        return None
    whole = f"{year}-{_MONTHS.index(name) + 1:02}-{int(day):02}"
    if not clock:
        return whole
    hour, minute = clock[0].replace("h", ":").split(":")
    return f"{whole}T{int(hour):02}:{minute}"
