"""Printed texts read back: sentences by patterns with typed fields, numbers as exact integers, tables as cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rich.text import Text as Line

from tnt_sim.i18n.message import Lang

Fields = dict[str, Any]
Check = Callable[..., None]

_MONEY = {Lang.FR: r"[−-]?[\d\u202f]+(?:,\d\d)?\u00a0€", Lang.EN: r"[−-]?€[\d,]+(?:\.\d\d)?"}
_SHORT = {
    Lang.FR: r"[−-]?[\d\u202f]+(?:,\d\d?)?\u00a0[kM]?€",
    Lang.EN: r"[−-]?€[\d,]+(?:\.\d\d?)?[kM]?",
}
_INT = {Lang.FR: r"[−-]?[\d\u202f]+", Lang.EN: r"[−-]?[\d,]+"}
_DECIMAL = {Lang.FR: r"[+−-]?≈?[\d\u202f]+(?:,\d+)?", Lang.EN: r"[+−-]?≈?[\d,]+(?:\.\d+)?"}
KINDS = {"money": _MONEY, "short": _SHORT, "int": _INT, "dec": _DECIMAL}


def number(text: str, lang: Lang) -> Fraction:
    """An exact number as it is printed."""
    plain = text.replace("\u2212", "-").replace("≈", "").replace("\u202f", "").replace("\u00a0", "")
    plain = plain.replace(",", ".") if lang is Lang.FR else plain.replace(",", "")
    return Fraction(plain.removeprefix("+"))


def cents(text: str, lang: Lang) -> tuple[Fraction, Fraction]:
    """An amount in cents and half of its last printed digit, 0 where it is exact."""
    factor = 100_000_000 if "M" in text else 100_000 if "k" in text else 100
    plain = re.sub(r"[€kM\u00a0]", "", text)
    digits = plain.replace("\u202f", "").rpartition("," if lang is Lang.FR else ".")
    places = len(digits[2]) if digits[1] else 0
    about = Fraction(factor, 2 * 10**places) if factor > 100 else Fraction(0)
    return number(plain, lang) * factor, about


def _read(kind: str, text: str, lang: Lang) -> Any:
    if kind == "money":
        return int(cents(text, lang)[0])
    if kind == "short":
        return cents(text, lang)
    if kind == "int":
        return int(number(text, lang))
    return number(text, lang) if kind == "dec" else text


@dataclass(frozen=True)
class Pattern:
    """A sentence in both languages with fields `{name:kind}`; a field without a kind is any text."""

    fr: str
    en: str
    check: Check

    def fields(self, text: str, lang: Lang) -> Fields | None:
        """The fields of a text, read; None for another sentence."""
        parts = re.split(r"(\{[^}]*\})", self.fr if lang is Lang.FR else self.en)
        kinds: dict[str, str] = {}
        source = ""
        for part in parts:
            if not part.startswith("{"):
                source += re.escape(part).replace(r"\ ", "[ \u00a0\u202f]")
                continue
            name, _, kind = part[1:-1].partition(":")
            kinds[name] = kind
            source += f"(?P<{name}>{KINDS[kind][lang] if kind else '.*?'})"
        found = re.fullmatch(source, text)
        if found is None:
            return None
        return {name: _read(kind, found[name], lang) for name, kind in kinds.items()}


def read_sentence(patterns: Sequence[Pattern], text: str, lang: Lang, **about: Any) -> None:
    """Check a sentence by the first pattern that it has; a sentence without one is a failure."""
    for pattern in patterns:
        fields = pattern.fields(text, lang)
        if fields is not None:
            pattern.check(**fields, lang=lang, **about)
            return
    raise AssertionError(f"no pattern reads this sentence: {text!r}")


def sections(lines: Sequence[Line]) -> list[tuple[str, list[str]]]:
    """The printed lines by their bold title or the caption of their table; what stands before is under ""."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        title = str(line.style) == "bold" and not line.plain.startswith(" ")
        if line.plain.strip() and (title or str(line.style) == "italic"):
            found.append((line.plain.strip(), []))
        elif line.plain.strip():
            found[-1][1].append(line.plain)
    return found


def cells(line: str) -> list[str]:
    """The cells of a line of a table."""
    return re.split(r" {2,}", line.strip())
