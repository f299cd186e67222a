"""Values as users write them, drawn in one place for all generators of the suite.

Each function takes `pick`, which chooses one of a list: `dice.choice` of a `random.Random`, or
`lambda some: draw(st.sampled_from(some))` in a strategy of hypothesis.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

Pick = Callable[[Sequence[Any]], Any]

SCORES = ("0", "0.5", "2.25", "3.5", "3.5", "5.9", "6.6", "7.4", "7.4", "9.75", "9.8", "11.3", "12.1", "14.5")
"""Notes with halves, tenths and quarters; some stand twice, so that dossiers tie."""
RATES = ("12.5 %", "20 %", "30 %", "33.3 %", "50 %", "80 %")
SHARES = ("5 %", "7.5 %", "10 %", "25 %", "33.3 %", "50 %")
DAYS = ("", "2021-03-01", "2021-04-01")
"""Filing dates; some dossiers have none."""
THEMES = ("L’Été à l’école", "Cœur de ville", "Réseau d’eau")
"""Values of a column of free text, with accents, spaces and apostrophes."""
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.lower,
    lambda value: _without_accents(value),
    lambda value: unicodedata.normalize("NFD", value),
    lambda value: value.replace("’", "'"),
    lambda value: value.replace(" ", "\u00a0"),
    lambda value: f" {value.replace(' ', '  ')} ",
)


def score(pick: Pick) -> Fraction:
    """A note with decimals."""
    return Fraction(pick(SCORES))


def text(value: Fraction) -> str:
    """A number as a table holds it, exact: four decimals are enough for what is drawn here."""
    units = value * 10_000
    assert units.denominator == 1, value
    whole, rest = divmod(units.numerator, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def blank(pick: Pick, value: str, one_in: int = 8) -> str:
    """A cell that is empty once in a while."""
    return str(pick([""] + [value] * (one_in - 1)))


def spelling(pick: Pick, value: str, usual: int = 4) -> str:
    """A value as one of several people wrote it: as it is, or with another case, accent, space or apostrophe."""
    written: str = pick((str,) * usual + SPELLINGS)(value)
    return written


def folded(written: str) -> str:
    """What all spellings of a value have in common, for references that share no code with the engine."""
    bare = _without_accents(written.lower()).replace("’", "'")
    return re.sub(r" ?' ?", "'", " ".join(bare.split()))


def _without_accents(value: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", value) if not unicodedata.combining(c))
