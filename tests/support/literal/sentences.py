"""The parameters that a sentence of a rule states: amounts, rates, numbers and what it exempts."""

from __future__ import annotations

import re
from fractions import Fraction

from support.literal.formulas import NUMBER, SCALES

_FORMS = {
    "en": re.compile(r"(−?)(€?)(\d[\d,]*(?:\.\d+)?)(%?)"),
    "fr": re.compile(r"(−?)()(\d+(?:\u202f\d{3})*(?:,\d+)?)((?:[\u00a0\u202f ][%€])?)"),
}
_MONTHS = {
    name: number
    for names in (
        "January February March April May June July August September October November December",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    )
    for number, name in enumerate(names.split(), 1)
}
_STEP = re.compile(
    r"(?:Decision of|Décision du) (\d+)(?:er)? (\S+) (\d{4})(?:, (?:with|avec) (.*?))?"
    r"\. (?:Applications filed later wait|Les dossiers déposés ensuite attendent)\."
    r"( Grants of earlier steps are kept\.| Les attributions des étapes précédentes sont maintenues\.)?"
)
EXEMPTIONS = {
    "fundable": ("outside this rule", "hors de la règle"),
    "free": ("are committed, or are funded or refused by a decision", "engagés, ou qui sont financés ou refusés"),
    " \\ {": ("Waiver: leaves out", "Dérogation : laisse de côté"),
    "open}": (
        "Committed amounts and those that a decision sets are kept",
        "décision fixe sont maintenus",
    ),
    "not committed": ("Commitments are kept", "Les engagements sont maintenus"),
    "∀ p": ("Commitments are kept", "Les engagements sont maintenus"),
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
        if mark in formula.replace("free_", "")
        for words, sentence in zip(pair, (english, french), strict=True)
        if words not in sentence.replace("\u00a0", " ").replace("\u202f", " ")
    ]


def list_lacking(formula: str, english: str, french: str) -> list[str]:
    """The words of exemptions and the bounds and rates of a formula that a sentence does not say."""
    missing = list_lacking_words(formula, english, french)
    if "¬" in formula or formula.startswith(("max ", "min ")):
        return missing  # numbers of conditions, of names and of steps, which sentences write in their own way
    constants = read_constants(formula.replace("⌊y⌋ ∈ 0.01 €·ℕ", "").replace("(1 ", "("))
    for language, sentence in (("en", english), ("fr", french)):
        numbers, _ = read_numbers(sentence, language)
        missing += [f"{one} in “{sentence}”" for one in constants - numbers]
    return missing


def read_step(sentence: str) -> tuple[str, dict[str, str], bool]:
    """The day of a step, what it sets, and whether it keeps what earlier ones granted."""
    found = _STEP.fullmatch(sentence.replace("\u00a0", " "))
    assert found is not None, sentence
    day, month, year, changes, keeps = found.groups()
    pairs = [one.split(" = ", 1) for one in re.split(r", | and | et ", changes)] if changes else []
    return f"{year}-{_MONTHS[month]:02}-{int(day):02}", dict(pairs), keeps is not None
