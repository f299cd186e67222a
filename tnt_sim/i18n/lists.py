"""Short lists in words, the rest counted.

>>> format_list(["a", "b", "c"], Lang.EN)
'a, b and c'
"""

from __future__ import annotations

from collections.abc import Iterable

from tnt_sim.i18n.message import Lang, _, _n


def format_list(names: Iterable[str], lang: Lang, most: int = 8, word: str | None = None) -> str:
    """Return a short list in words, the last two joined by `word` (« et »); the rest is counted."""
    all_items = list(names)
    displayed, rest = all_items[:most], len(all_items) - most
    if rest > 0:
        names_shown = ", ".join(displayed)
        return _n("{names} and {n} more", "{names} and {n} more", n=rest, names=names_shown).in_(lang)
    if len(displayed) < 2:
        return "".join(displayed)
    first, last = ", ".join(displayed[:-1]), displayed[-1]
    return first + word + last if word else _("{first} and {other}", first=first, other=last).in_(lang)


def format_unlisted_count(number: int, lang: Lang) -> str:
    """Return « 3 autres : --json »: how many more there are than a list shows, and where to find them."""
    return _n("{n} more: --json", "{n} more: --json", n=number).in_(lang)
