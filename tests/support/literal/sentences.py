"""The parameters that a sentence of a rule states: amounts, rates, numbers and what it exempts."""

from __future__ import annotations

import re
from fractions import Fraction

from support.literal.formulas import NUMBER, SCALES

_FORMS = {
    "en": re.compile(r"(−?)(€?)(\d[\d,]*(?:\.\d+)?)(%?)"),
    "fr": re.compile(r"(−?)()(\d+(?:\u202f\d{3})*(?:,\d+)?)((?:[\u00a0\u202f ][%€])?)"),
}
EXEMPTIONS = {
    "fundable": ("outside this rule", "hors de la règle"),
    "free": ("are committed, or are funded or refused by a decision", "engagés, ou qui sont financés ou refusés"),
    " \\ {": ("Waiver: leaves out", "Dérogation : laisse de côté"),
    "demand": (", or all that", ", ou tout ce que"),
}  # fmt: skip
"""What a formula exempts, and the words that say it in English and in French."""


def read_numbers(sentence: str, language: str) -> tuple[set[Fraction], set[Fraction]]:
    """The numbers of a sentence, and among them its amounts and rates; those in quotes are names."""
    plain = re.sub(r"\"[^\"]*\"|«[^»]*»", "", sentence)
    numbers, marked = set(), set()
    for sign, euro, digits, unit in _FORMS[language].findall(plain):
        text = digits.rstrip(",") if language == "fr" else digits.rstrip(",").replace(",", "")
        value = Fraction(text.replace("\u202f", "").replace(",", ".")) * (-1 if sign else 1)
        value /= 100 if "%" in unit else 1
        numbers.add(value)
        if euro or unit:
            marked.add(value)
    return numbers, marked


def read_constants(formula: str) -> set[Fraction]:
    """The bounds, rates and prices of a formula: its numbers but for factors of applications, and zero."""
    plain = formula
    while "{" in plain:
        plain = re.sub(r"\{[^{}]*\}", "", plain)
    plain = re.sub(r"\[[^]]*\]|[xg]_[\w-]+", "", plain)
    found = set()
    for number in NUMBER.finditer(plain):
        rest = plain[number.end() :].lstrip()
        value = Fraction(number[0].replace("\u202f", ""))
        if rest.startswith("%"):
            found.add(value / 100)
            continue
        if rest.startswith("·") and "distance" not in rest[:14] and "pair" not in rest[:9]:
            continue
        scale = next((scale for unit, scale in SCALES.items() if rest.startswith(unit)), 1)
        found.add(value * scale)
    return found - {0}


def list_lacking_words(formula: str, english: str, french: str) -> list[str]:
    """What a formula exempts and a sentence does not say."""
    return [
        words
        for mark, pair in EXEMPTIONS.items()
        if mark in formula
        for words, sentence in zip(pair, (english, french), strict=True)
        if words not in sentence.replace("\u00a0", " ").replace("\u202f", " ")
    ]
