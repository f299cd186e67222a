"""What a planner changes in a workbook: amounts, bounds and switches, each at its `--set` path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.money import (
    MoneyError,
    cents_from_float,
    cents_to_decimal_text,
    parse_cents,
    parse_decimal,
    parse_rate,
)

BOUNDS = ("min", "max")
_AMOUNT = re.compile(r"€|EUR|[kM]\s*$")
_LABELS = {
    "amount": Text("Enveloppe {name} : montant", "Envelope {name}: amount"),
    "reserve": Text("Enveloppe {name} : réserve", "Envelope {name}: reserve"),
    "min_use": Text("Enveloppe {name} : emploi minimal", "Envelope {name}: least use"),
    "min": Text("Règle {name} : au moins", "Rule {name}: at least"),
    "max": Text("Règle {name} : au plus", "Rule {name}: at most"),
    "off": Text("Règle {name} : arrêtée", "Rule {name}: switched off"),
}


class ParameterKind(StrEnum):
    """What the value of a parameter is."""

    MONEY = "money"
    RATE = "rate"
    NUMBER = "decimal"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a workbook may change.

    Attributes
    ----------
    path : as `--set` takes it
    label : what it is, in the workbook's language
    kind : what its value is
    text : the value as the scenario holds it
    about : its title, or its source
    """

    path: str
    label: str
    kind: ParameterKind
    text: str
    about: str = ""


def parameters(tree: Mapping[str, Any], lang: Lang) -> list[Parameter]:
    """The parameters of a resolved scenario, in the order of its text."""
    return [*_of_envelopes(tree["programme"], "programme", lang), *_of_rules(tree.get("rules") or (), lang)]


def _of_envelopes(envelope: Mapping[str, Any], path: str, lang: Lang) -> Iterator[Parameter]:
    name = str(envelope["id"])
    about = str(envelope.get("title") or "")
    kinds = {"amount": ParameterKind.MONEY, "reserve": ParameterKind.RATE, "min_use": ParameterKind.RATE}
    for key, kind in kinds.items():
        if envelope.get(key) is not None:
            label = _LABELS[key].in_(lang).format(name=name)
            yield Parameter(f"{path}.{key}", label, kind, str(envelope[key]), about)
    for child in envelope.get("envelopes") or ():
        yield from _of_envelopes(child, f"envelopes.{child['id']}", lang)


def _of_rules(rules: Any, lang: Lang) -> Iterator[Parameter]:
    for rule in rules:
        name, about = str(rule["id"]), str(rule.get("title") or "")
        for key in BOUNDS:
            bound, path = rule.get(key), f"rules.{name}.{key}"
            if isinstance(bound, Mapping):
                bound, path = bound.get("share"), f"{path}.share"
            if bound is not None:
                label = _LABELS[key].in_(lang).format(name=name)
                yield Parameter(path, label, kind_of(str(bound)), str(bound), about)
        off = "true" if str(rule.get("off", "false")).lower() == "true" else "false"
        yield Parameter(
            f"rules.{name}.off", _LABELS["off"].in_(lang).format(name=name), ParameterKind.FLAG, off, about
        )


def kind_of(text: str) -> ParameterKind:
    """What a bound is, from how it is written: « 25 % », « 10 k€ », 3."""
    if text.strip().endswith("%"):
        return ParameterKind.RATE
    return ParameterKind.MONEY if _AMOUNT.search(text.strip()) else ParameterKind.NUMBER


def exact(kind: ParameterKind, text: str) -> Fraction | str:
    """The exact value of a text: cents, a fraction, a number, `true` or `false`; MoneyError where it is none."""
    match kind:
        case ParameterKind.MONEY:
            return Fraction(parse_cents(text))
        case ParameterKind.RATE:
            return parse_rate(text)
        case ParameterKind.NUMBER:
            return parse_decimal(text)
        case ParameterKind.FLAG:
            return text


def as_number(parameter: Parameter) -> float | None:
    """The number that a cell shows; None where the text is no number that we read."""
    try:
        value = exact(parameter.kind, parameter.text)
    except MoneyError:
        return None
    if isinstance(value, str):
        return None
    return float(value / 100) if parameter.kind is ParameterKind.MONEY else float(value)


def as_text(kind: ParameterKind, number: float) -> str:
    """The text of a cell's number, as `--set` takes it; MoneyError when it is no whole number of cents."""
    if kind is ParameterKind.MONEY:
        cents = cents_from_float(number)
        if cents is None:
            raise MoneyError("decimals")
        return f"{cents_to_decimal_text(cents)} €"
    plain = Decimal(repr(number))
    if kind is ParameterKind.RATE:
        return f"{_digits(round(plain * 100, 10))} %"
    return _digits(plain)


def _digits(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
