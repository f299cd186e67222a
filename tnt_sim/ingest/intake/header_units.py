"""The currency and the thousands or millions that a header states: « (£k) », « TCHF », « in 1000 kr »."""

from __future__ import annotations

import re
from functools import cache

from tnt_sim.i18n.numbers import CURRENCIES, Currency

_SHARED = frozenset({"F", "R"})
"""Symbols of one letter, which stand for other things too; their currencies are known by their code."""
_BEFORE = {1_000: r"k|t|tsd\.?", 1_000_000: r"mn?|mio\.?"}
_AFTER = {1_000: r"k|tsd\.?|000s?|thousands?", 1_000_000: r"mn?|mio\.?|millions?"}
_OPENING = r"(?:(?<=[(\[])|(?<=\b[ei][nm]\s)|(?<=\bi\s)|(?<=\bde\s))"
_ODD = re.compile(
    rf"(?i)(?:¤\s?|{_OPENING})1[ .,'\u2019\u00a0\u202f]?000(?!\w)"
    r"|(?<![\w.'\u2019])(?<!\d[ \u00a0\u202f])(?:['\u2019]?000s?|[kmt](?![.'\u2019])|kk|mm|mn|bn|mrd|tsd|tausend"
    r"|tusen|thousands?|mil|mill|mille|miles|mila|milhares|mio|billions?|lakhs?|crores?)(?!\w)"
)
"""Words that may say thousands or millions."""


@cache
def list_signs() -> dict[str, Currency]:
    """Return the currency of each symbol and code; a symbol of several countries is that of the first."""
    signs = {one.symbol: one for one in reversed(list(CURRENCIES.values())) if one.symbol not in _SHARED}
    return signs | dict(CURRENCIES)


@cache
def _compile_unit() -> re.Pattern[str]:
    """Compile the signs with a scale; letters stand in brackets, after « in », behind a scale or, a code, last."""
    signs = sorted(list_signs(), key=len, reverse=True)
    marks = "|".join(re.escape(sign) for sign in signs if not sign[-1].isalpha())
    words = "|".join(re.escape(sign) for sign in signs if sign[-1].isalpha())
    codes = "|".join(CURRENCIES)
    before = rf"(?i:{'|'.join(_BEFORE.values())})"
    after = rf"(?i:{'|'.join(_AFTER.values())})"
    thousand = rf"{_OPENING}(?i:i\s|in\s)?1000\s?"
    last = rf"(?:{codes})(?=\s*$|\s?['\u2019]?{after}\s*$)"
    return re.compile(
        rf"(?:(?P<thousand>{thousand})|(?<!\w)(?P<before>{before})\s?)?(?P<mark>{marks})"
        rf"(?:\s?['\u2019]?(?P<after>{after})(?!\w))?"
        rf"|(?:(?P<thousand_word>{thousand})|(?<!\w)(?P<before_word>{before})\s?|{_OPENING}|(?<!\w)(?={last}))"
        rf"(?P<word>{words})(?!\w)(?:\s?['\u2019]?(?P<after_word>{after})(?!\w))?"
    )


def find_header_sign(label: str) -> str | None:
    """Return the symbol or code of a currency in a header.

    >>> find_header_sign("Grant (£k)"), find_header_sign("Kosten (TCHF)"), find_header_sign("Action MAD 2")
    ('£', 'CHF', None)
    """
    match = _compile_unit().search(label)
    return None if match is None else match["mark"] or match["word"]


def remove_unit(label: str) -> str:
    """Return a header without the sign of a currency and its scale.

    >>> remove_unit("Total cost (£m)")
    'Total cost ( )'
    """
    return re.sub(r"(?i)(?:\b[ei][nm]\s+|\bi\s+)?¤", " ", _compile_unit().sub("¤", label))


@cache
def _compile_sign() -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in sorted(list_signs(), key=len, reverse=True))
    return re.compile(rf"^(?:{signs})\s*(?!0\d)|\s*(?:{signs})$")


def remove_sign(text: str) -> str:
    """Return an amount without the sign of a currency other than the euro's.

    >>> remove_sign("£ 500"), remove_sign("500 kr"), remove_sign("500 €")
    ('500', '500', '500 €')
    """
    return text if "€" in text else _compile_sign().sub("", text)


def find_unit_factor(label: str) -> int:
    """Return by how much a scale beside the sign of a currency multiplies.

    >>> find_unit_factor("Kosten (TCHF)"), find_unit_factor("Grant (£000)"), find_unit_factor("Beløp (i 1000 kr)")
    (1000, 1000, 1000)
    """
    match = _compile_unit().search(label)
    if match is None:
        return 1
    if match["thousand"] or match["thousand_word"]:
        return 1_000
    before = match["before"] or match["before_word"] or ""
    after = match["after"] or match["after_word"] or ""
    for scale, words in ((before, _BEFORE), (after, _AFTER)):
        for factor, pattern in words.items():
            if re.fullmatch(rf"(?i:{pattern})", scale):
                return factor
    return 1


def has_odd_scale(label: str) -> bool:
    """Return whether a header may say thousands or millions in a way that is not understood.

    >>> has_odd_scale("Total cost ('000)"), has_odd_scale("Coût T.T.C. (k€)"), has_odd_scale("Grant ($MM)")
    (True, False, True)
    """
    return _ODD.search(_compile_unit().sub("¤", label)) is not None


def remove_odd_scale(label: str) -> str:
    """Return a header without its sign and without words that may be a scale; the same where it has none."""
    return _ODD.sub(" ", _compile_unit().sub("¤", label)).replace("¤", " ") if has_odd_scale(label) else label
