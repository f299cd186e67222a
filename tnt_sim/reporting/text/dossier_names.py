"""Names of dossiers for readers: title and applicant first, the number in brackets."""

from __future__ import annotations

from collections.abc import Sequence


def label_dossier(number: str, title: str | None, applicant: str | None = None) -> str:
    """Return « École – Commune d'A (E-03) »; the number alone where nothing else is known.

    >>> label_dossier("E-03", "School", "Town")
    'School – Town (E-03)'
    """
    words = [text for text in (title, applicant) if text]
    if len(words) == 2 and words[1].casefold() in words[0].casefold():
        words = words[:1]
    return f"{' – '.join(words)} ({number})" if words else number


def label_dossiers(
    numbers: Sequence[str], titles: Sequence[str | None], applicants: Sequence[str | None] | None = None
) -> list[str]:
    """Return the names of dossiers in order."""
    return [
        label_dossier(number, title, applicant)
        for number, title, applicant in zip(numbers, titles, applicants or [None] * len(numbers), strict=True)
    ]
