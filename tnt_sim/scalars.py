"""The readers and writers behind `tnt_sim.fields`: one text in, one value out, or an error in both languages.

Each reader accepts the text of a scenario file and, for people who write Python, values that already have a
type. Nothing is guessed: what has two readings is refused with both of them named.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic_core import PydanticCustomError

from tnt_sim.money import (
    MoneyError,
    cents_from_float,
    cents_to_decimal_text,
    parse_cents,
    parse_decimal,
    parse_rate,
)

_MAX_TEXT = 60
_MAX_DIGITS = 15
_MAX_CENTS = 10**15
_FRACTION = re.compile(r"(-?\d{1,15})\s*/\s*(\d{1,15})")
_WHOLE = re.compile(r"\d+(?:[ \u00a0\u202f]\d{3})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TRUE_WORDS = frozenset({"yes", "oui", "on", "vrai", "y", "o", "1"})
_FALSE_WORDS = frozenset({"no", "non", "off", "faux", "n", "0"})


def fault(
    code: str, fr: str, en: str, *, hint: tuple[str, str] | None = None, at: tuple[str | int, ...] = ()
) -> PydanticCustomError:
    """An error of a field or of a model, in both languages.

    `hint` is the remedy (French, English). `at` points below the object that is validated (a model validator
    that blames one of its keys). The code becomes the code of the `Defect`.
    """
    context: dict[str, Any] = {"fr": fr, "en": en}
    if hint is not None:
        context |= {"hint_fr": hint[0], "hint_en": hint[1]}
    if at:
        context["at"] = at
    return PydanticCustomError(code, "{fr}", context)


def shown(value: object) -> str:
    """A value as a message quotes it: short, on one line."""
    text = _CONTROL.sub("·", str(value))
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def text_of(value: object, code: str, what_fr: str, what_en: str) -> str:
    """The stripped text of a scalar, or the error for what is none."""
    if value is None or value == "":
        raise fault(code, f"valeur vide : {what_fr} ici", f"empty value: {what_en} expected here")
    if isinstance(value, dict | list | tuple):
        kind_fr = "un bloc de clés" if isinstance(value, dict) else "une liste"
        kind_en = "a mapping" if isinstance(value, dict) else "a list"
        raise fault(code, f"{what_fr} ici, et non {kind_fr}", f"{what_en} expected, not {kind_en}")
    if not isinstance(value, str):
        name = type(value).__name__
        raise fault(
            code,
            f"{what_fr} ici, et non {shown(value)} ({name})",
            f"{what_en} expected, not {shown(value)} ({name})",
        )
    return value.strip()


def _money_fault(code: str, text: str, error: MoneyError) -> PydanticCustomError:
    why = error.text
    return fault(code, f"« {shown(text)} » : {why.fr}", f'"{shown(text)}": {why.en}')


def read_cents(value: object) -> int:
    """Money, zero or more, in cents; a float is euros."""
    if isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool):
        cents = _cents_of_number(value)
    elif isinstance(value, float):
        found = cents_from_float(value)
        if found is None:
            raise fault(
                "money",
                f"{value} n'est pas un nombre entier de centimes",
                f"{value} is no whole number of cents",
            )
        cents = found
    else:
        text = text_of(value, "money", "un montant est attendu", "an amount")
        try:
            cents = parse_cents(text)
        except MoneyError as error:
            raise _money_fault("money", text, error) from None
    if cents < 0:
        raise fault(
            "money_negative",
            f"« {shown(value)} » : un montant ne peut pas être négatif",
            f'"{shown(value)}": an amount cannot be negative',
        )
    if cents > _MAX_CENTS:
        raise fault("money", f"« {shown(value)} » est trop grand", f'"{shown(value)}" is too large')
    return cents


def _cents_of_number(value: int | Decimal | Fraction) -> int:
    if isinstance(value, Decimal) and not value.is_finite():
        raise fault("money", f"{value} n'est pas un montant", f"{value} is no amount")
    cents = Fraction(value) * 100
    if cents.denominator != 1:
        raise fault("money", f"{value} a plus de deux décimales", f"{value} has more than two decimals")
    return cents.numerator


def exact_of(value: object) -> Fraction | None:
    """A Python number as the fraction that it shows (a float as its shortest decimal), else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > _MAX_DIGITS:
            raise fault("number", f"{value} n'est pas un nombre utilisable", f"{value} is no usable number")
        return Fraction(value)
    return None


def _quotient(text: str) -> Fraction | None:
    match = _FRACTION.fullmatch(text)
    if match is None or int(match[2]) == 0:
        return None
    return Fraction(int(match[1]), int(match[2]))


def read_number(value: object) -> Fraction:
    """An exact number of either sign; `1/3` is read too."""
    number = exact_of(value)
    if number is not None:
        return number
    text = text_of(value, "number", "un nombre est attendu", "a number")
    quotient = _quotient(text)
    if quotient is not None:
        return quotient
    try:
        return parse_decimal(text)
    except MoneyError as error:
        raise _money_fault("number", text, error) from None


def read_rate(value: object) -> Fraction:
    """An exact rate, zero or more; above 1 only with ``%``."""
    rate = exact_of(value)
    written = shown(value)
    if rate is None:
        text = text_of(value, "rate", "un taux est attendu", "a rate")
        rate = _quotient(text)
        if rate is None:
            try:
                rate = parse_rate(text)
            except MoneyError as error:
                raise _money_fault("rate", text, error) from None
    if rate < 0:
        raise fault(
            "rate_negative",
            f"« {written} » : un taux ne peut pas être négatif",
            f'"{written}": a rate cannot be negative',
        )
    if rate > 1 and isinstance(value, str | int | float) and "%" not in written and "/" not in written:
        raise fault(
            "rate_without_percent",
            f"« {written} » sans « % » voudrait dire {write_number(rate * 100)} %",
            f'"{written}" without "%" would mean {write_number(rate * 100)} %',
            hint=(
                f"Écrivez « {written} % », ou « {write_number(rate * 100)} % » si c'est bien cela.",
                f'Write "{written} %", or "{write_number(rate * 100)} %" if that is what you mean.',
            ),
        )
    return rate


def read_count(value: object) -> int:
    """A whole number, zero or more; spaces may group thousands."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    text = (
        str(value)
        if isinstance(value, int)
        else text_of(value, "count", "un nombre entier est attendu", "a whole number")
    )
    digits = re.sub(r"[ \u00a0\u202f]", "", text)
    if _WHOLE.fullmatch(text) is None or not digits.isascii() or len(digits) > _MAX_DIGITS:
        raise fault(
            "count",
            f"« {shown(text)} » n'est pas un nombre entier, positif ou nul, d'au plus {_MAX_DIGITS} chiffres",
            f'"{shown(text)}" is not a whole number, zero or more, of at most {_MAX_DIGITS} digits',
            hint=("Écrivez par exemple 3500 ou 3 500.", "Write for example 3500 or 3 500."),
        )
    return int(digits)


def read_flag(value: object) -> bool:
    """``true`` or ``false``."""
    if isinstance(value, bool):
        return value
    text = text_of(value, "flag", "true ou false est attendu", "true or false")
    if text in ("true", "false"):
        return text == "true"
    word = text.lower()
    meant = (
        "true" if word in _TRUE_WORDS | {"true"} else "false" if word in _FALSE_WORDS | {"false"} else None
    )
    raise fault(
        "flag",
        f"« {shown(text)} » : seuls true et false sont lus ici",
        f'"{shown(text)}": only true and false are read here',
        hint=(f"Écrivez {meant}.", f"Write {meant}.") if meant else None,
    )


def read_code(value: object) -> str:
    """A text without control characters; never a number, which may have lost its zeros."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise fault(
            "code",
            f"{shown(value)} est un nombre : un code est un texte (« 01 » et 1 ne sont pas le même)",
            f'{shown(value)} is a number: a code is a text ("01" and 1 are not the same)',
            hint=("Mettez-le entre guillemets.", "Put it in quotes."),
        )
    if not text_of(value, "code", "un texte est attendu", "a text"):
        raise fault("code", "le texte est vide", "the text is empty")
    text = str(value)
    if _CONTROL.search(text):
        raise fault(
            "code",
            f"« {shown(text)} » contient une tabulation, un retour à la ligne ou un caractère invisible",
            f'"{shown(text)}" holds a tab, a line break or an invisible character',
        )
    return text


def write_number(number: Fraction) -> str:
    """The exact decimal of a fraction, else ``n/d``."""
    twos = fives = 0
    rest = number.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    places = max(twos, fives)
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    return sign + (digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}")


def write_rate(rate: Fraction) -> str:
    """A rate in per cent, where that is exact."""
    percent = write_number(rate * 100)
    return write_number(rate) if "/" in percent else f"{percent} %"


def write_cents(cents: int) -> str:
    """An amount, ``1234.56 €``."""
    return f"{cents_to_decimal_text(cents)} €"
