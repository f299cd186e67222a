"""Bilingual sentences: one `Text` holds the French and the English."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lang(StrEnum):
    """The languages of messages."""

    FR = "fr"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    fr: str
    en: str

    def in_(self, lang: Lang) -> str:
        """Return the sentence in one language."""
        return self.fr if lang is Lang.FR else self.en

    def __str__(self) -> str:
        return self.fr


def describe_count(number: int, fr: tuple[str, str], en: tuple[str, str]) -> Text:
    """Return « 1 règle », « 2 règles »: French uses the plural from 2 on, English for all but 1."""
    return Text(f"{number} {fr[abs(number) >= 2]}", f"{number} {en[number != 1]}")


_MONTHS_FR = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
    "novembre", "décembre",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def format_long_day(iso: str) -> Text:
    """Return a day in full: « 22 novembre 2021 », 22 November 2021.

    >>> format_long_day("2021-11-01").fr, format_long_day("2021-11-01").en
    ('1er novembre 2021', '1 November 2021')
    """
    year, month, day = (int(part) for part in iso[:10].split("-"))
    first = "1er" if day == 1 else str(day)
    return Text(f"{first} {_MONTHS_FR[month - 1]} {year}", f"{day} {_MONTHS_EN[month - 1]} {year}")
