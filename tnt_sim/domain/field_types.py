"""Types of the fields of a scenario: each reads one text, returns one value, and writes it back.

A scenario file is read as text and each field decides what its text means, so that ``01`` stays a code and
``88 M€`` is an amount. Values that already have a Python type are accepted too. A text with two possible
meanings is refused, and the error names both. Each type serialises (``model_dump(mode="json")``) to a
canonical text that reads back as the same value, and describes itself in the JSON schema.

Use attributes, or dump in JSON mode: in Python mode pydantic turns fractions and spans into texts and dicts.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tnt_sim.characters import IN_NO_CODE, drop_unseen, format_code_point
from tnt_sim.domain.money import (
    MoneyError,
    convert_float_to_cents,
    describe_reason,
    format_decimal_euros,
    parse_cents,
    parse_decimal,
    parse_rate,
)
from tnt_sim.errors import find_nearest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import get_currency

__all__ = [
    "Cents",
    "Code",
    "Count",
    "Day",
    "Described",
    "Flag",
    "Memory",
    "Number",
    "Rate",
    "Seconds",
    "Span",
    "Spec",
    "Valid",
    "build_field_error",
]

_MAX_TEXT = 60
_MAX_DIGITS = 15
_MAX_CENTS = 10**15
_FRACTION = re.compile(r"(-?\d{1,15})\s*/\s*(\d{1,15})")
_WHOLE = re.compile(r"\d+(?:[ \u00a0\u202f]\d{3})*")
_IN_NO_CODE = re.compile(IN_NO_CODE)
_QUOTES = "“”„‟«»‘’‚‹›"
_TRUE_WORDS = frozenset({"yes", "oui", "on", "vrai", "y", "o", "1"})
_FALSE_WORDS = frozenset({"no", "non", "off", "faux", "n", "0"})
_EXAMPLES: Mapping[str, Text] = {
    "money": _("Write for example 88 M€, 12.5 k€ or 1234.56."),
    "number": _("Write for example 12 or 12.5."),
    "rate": _("Write for example 80%."),
    "count": _("Write for example 3500 or 3 500."),
    "flag": _("Write true or false."),
    "code": _("Write a name or a code, in quotes if it is made of digits."),
    "day": _("Write for example 2021-11-22."),
    "moment": _("Write for example 2021-11-05T12:00."),
    "duration": _("Write for example 300 s, 5 min or 2 h."),
    "memory": _("Write for example 512 MB or 2 GB."),
    "span": _("Write for example 24 months, 90 days or 2 years."),
    "timezone": _("Write for example {zone}.", zone="Europe/Paris"),
}
"""Remedies by error code: examples of valid values."""
_CHECK_UNIT = _("Check the zeros and the unit: k€ is thousands, M€ is millions.")


def build_field_error(
    code: str, text: Text, *, hint: Text | None = None, at: tuple[str | int, ...] = ()
) -> PydanticCustomError:
    """Return the error of a field or of a model, in both languages.

    `hint` is the remedy. `at` is the path below the validated object, for a model
    validator that blames one of its keys. `code` becomes the code of the `Defect`.
    """
    context: dict[str, Any] = {"fr": text.fr, "en": text.en}
    if hint is not None:
        context |= {"hint_fr": hint.fr, "hint_en": hint.en}
    if at:
        context["at"] = at
    return PydanticCustomError(code, "{fr}", context)


def quote_value(value: object) -> str:
    """Return a value as messages quote it: short, on one line."""
    text = drop_unseen(value)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def read_scalar_text(value: object, code: str, expected: Text) -> str:
    """Return the stripped text of a scalar; raise the error of the field for anything else."""
    hint = _EXAMPLES.get(code)
    if value is None or value == "":
        text = _("the value is empty: {expected} is expected here", expected=expected)
        raise build_field_error(code, text, hint=hint)
    if isinstance(value, dict | list | tuple):
        kind = _("a mapping") if isinstance(value, dict) else _("a list")
        text = _("{expected} is expected here, not {kind}", expected=expected, kind=kind)
        raise build_field_error(code, text, hint=hint)
    if not isinstance(value, str):
        name = type(value).__name__
        raise build_field_error(
            code,
            _(
                "{expected} is expected here, not {value} ({name})",
                expected=expected,
                value=quote_value(value),
                name=name,
            ),
            hint=hint,
        )
    return value.strip()


def _build_money_error(code: str, text: str, error: MoneyError) -> PydanticCustomError:
    why, hint = error.text, _suggest_number(code, text)
    if error.reason == "too_large":
        hint = _CHECK_UNIT
    elif error.reason == "ambiguous":
        hint = _("Write thousands without a separator, for example 12500.")
    return build_field_error(code, _('"{value}": {why}', value=quote_value(text), why=why), hint=hint)


def _suggest_number(code: str, text: str) -> Text:
    """Return how to write what is not read as a number: without the quotes of a text, else an example."""
    bare = text.strip(_QUOTES + " \u00a0\u202f")
    if bare != text and any(mark in text for mark in _QUOTES):
        return _('Use straight quotes: "{value}".', value=quote_value(bare))
    return _EXAMPLES[code]


def read_cents(value: object) -> int:
    """Read money, zero or more, in cents; a float is in euros."""
    if isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool):
        cents = _convert_to_cents(value)
    elif isinstance(value, float):
        result = convert_float_to_cents(value)
        if result is None:
            raise build_field_error(
                "money",
                _("{value} is not a whole number of cents", value=str(value)),
            )
        cents = result
    else:
        text = read_scalar_text(value, "money", _("an amount"))
        try:
            cents = parse_cents(text)
        except MoneyError as error:
            raise _build_money_error("money", text, error) from None
    if cents % get_currency().step_cents:
        raise build_field_error(
            "money", _('"{value}": {why}', value=quote_value(value), why=describe_reason("decimals"))
        )
    if cents < 0:
        raise build_field_error(
            "money_negative",
            _('"{value}": an amount cannot be negative', value=quote_value(value)),
            hint=_("Take the minus out, or correct the amount."),
        )
    if cents > _MAX_CENTS:
        raise build_field_error(
            "money", _('"{value}" is too large', value=quote_value(value)), hint=_CHECK_UNIT
        )
    return cents


def _convert_to_cents(value: int | Decimal | Fraction) -> int:
    if isinstance(value, Decimal) and not value.is_finite():
        raise build_field_error("money", _("{value} is not an amount", value=str(value)))
    cents = Fraction(value) * 100
    if cents.denominator != 1:
        raise build_field_error("money", _("{value} has more than two decimals", value=str(value)))
    return cents.numerator


def convert_to_fraction(value: object) -> Fraction | None:
    """Return a Python number as the fraction that it displays (a float as its shortest decimal).

    Returns None for other values.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > _MAX_DIGITS:
            raise build_field_error("number", _("{value} is not a usable number", value=str(value)))
        return Fraction(value)
    return None


def _parse_quotient(text: str) -> Fraction | None:
    match = _FRACTION.fullmatch(text)
    if match is None or int(match[2]) == 0:
        return None
    return Fraction(int(match[1]), int(match[2]))


def read_number(value: object) -> Fraction:
    """Read an exact number of either sign; `1/3` is accepted."""
    number = convert_to_fraction(value)
    if number is not None:
        return number
    text = read_scalar_text(value, "number", _("a number"))
    quotient = _parse_quotient(text)
    if quotient is not None:
        return quotient
    try:
        return parse_decimal(text)
    except MoneyError as error:
        raise _build_money_error("number", text, error) from None


def read_rate(value: object) -> Fraction:
    """Read an exact rate, zero or more; above 1 only with ``%``."""
    rate = convert_to_fraction(value)
    written = quote_value(value)
    if rate is None:
        text = read_scalar_text(value, "rate", _("a rate"))
        rate = _parse_quotient(text)
        if rate is None:
            try:
                rate = parse_rate(text)
            except MoneyError as error:
                raise _build_money_error("rate", text, error) from None
    if rate < 0:
        raise build_field_error(
            "rate_negative",
            _('"{written}": a rate cannot be negative', written=written),
            hint=_("Take the minus out, or correct the rate."),
        )
    if rate > 1 and isinstance(value, str | int | float) and "%" not in written and "/" not in written:
        raise build_field_error(
            "rate_without_percent",
            _(
                '"{written}" without "%" would mean {number}%',
                written=written,
                number=write_number(rate * 100),
            ),
            hint=_(
                'Write "{written}%", or "{number}%" if that is what you mean.',
                written=written,
                number=write_number(rate * 100),
            ),
        )
    return rate


def read_count(value: object) -> int:
    """Read a whole number, zero or more; spaces may group thousands."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    text = str(value) if isinstance(value, int) else read_scalar_text(value, "count", _("a whole number"))
    digits = re.sub(r"[ \u00a0\u202f]", "", text)
    if _WHOLE.fullmatch(text) is None or not digits.isascii() or len(digits) > _MAX_DIGITS:
        raise build_field_error(
            "count",
            _(
                '"{value}" is not a whole number, zero or more, of at most {max_digits} digits',
                value=quote_value(text),
                max_digits=_MAX_DIGITS,
            ),
            hint=_EXAMPLES["count"],
        )
    return int(digits)


def read_flag(value: object) -> bool:
    """Read ``true`` or ``false``."""
    if isinstance(value, bool):
        return value
    text = read_scalar_text(value, "flag", _("true or false"))
    if text in ("true", "false"):
        return text == "true"
    word = text.lower()
    meant = (
        "true" if word in _TRUE_WORDS | {"true"} else "false" if word in _FALSE_WORDS | {"false"} else None
    )
    raise build_field_error(
        "flag",
        _('"{value}": only true and false are read here', value=quote_value(text)),
        hint=_("Write {example}.", example=meant) if meant else _EXAMPLES["flag"],
    )


def read_code(value: object) -> str:
    """Read a text without control characters; a number is refused, because it may have lost its zeros."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise build_field_error(
            "code",
            _(
                '{value} is a number: a code is a text ("01" and 1 are not the same)',
                value=quote_value(value),
            ),
            hint=_("Put it in quotes."),
        )
    if not read_scalar_text(value, "code", _("a text")):
        raise build_field_error("code", _("the text is empty"), hint=_EXAMPLES["code"])
    text = str(value)
    if bad := _IN_NO_CODE.search(text):
        raise build_field_error(
            "code",
            _(
                '"{value}" holds a tab, a line break or an invisible character ({number})',
                value=quote_value(text),
                number=format_code_point(bad[0]),
            ),
            hint=_("Type the value anew, without copying it."),
        )
    return text


def write_number(number: Fraction) -> str:
    """Return the exact decimal of a fraction, or ``n/d`` if it has none.

    >>> write_number(Fraction(5, 4)), write_number(Fraction(1, 3))
    ('1.25', '1/3')
    """
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
    """Return a rate in per cent where that is exact."""
    percent = write_number(rate * 100)
    return write_number(rate) if "/" in percent else f"{percent} %"


def write_cents(cents: int) -> str:
    """Return an amount, ``1234.56 €``."""
    return f"{format_decimal_euros(cents)} {get_currency().symbol}"


def write_amount(cents: int) -> str:
    """Return an amount as one writes it in a scenario, ``1234.56 €`` or ``1234 €``."""
    return write_cents(cents).replace(".00 ", " ")


_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_FRENCH_DAY = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_COMPACT_DAY = re.compile(r"(\d{4})(0[1-9]|1[0-2])([0-2]\d|3[01])")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:\s?Z|\s?[+-]\d{2}:\d{2})?", re.IGNORECASE
)
_DURATION = re.compile(r"(\d{1,9}(?:[.,]\d{1,6})?)\s*(s|sec|min|h)?")
_SPAN = re.compile(r"(-?\d{1,5})\s*([a-zé]+)", re.IGNORECASE)


def read_day(value: object) -> date:
    """Read a day, ``YYYY-MM-DD``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = read_scalar_text(value, "day", _("a day"))
    match = _DAY.fullmatch(text)
    if match is None:
        raise build_field_error(
            "day",
            _('"{value}" is not a day written YYYY-MM-DD', value=quote_value(text)),
            hint=_suggest_day(text) or _EXAMPLES["day"],
        )
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise _build_day_error(text) from None


def _suggest_day(text: str) -> Text | None:
    """Return how to write a day given in another notation; None for what is no day."""
    french, compact = _FRENCH_DAY.fullmatch(text), _COMPACT_DAY.fullmatch(text)
    if french is not None:
        iso = f"{french[3]}-{int(french[2]):02}-{int(french[1]):02}"
    elif compact is not None:
        iso = "-".join(compact.groups())
    else:
        return None
    return _("Write {example}.", example=iso)


def _build_day_error(text: str) -> PydanticCustomError:
    return build_field_error(
        "day",
        _('"{value}" is not in the calendar', value=quote_value(text)),
        hint=_("Correct the day, the month or the hour."),
    )


def read_moment(value: object) -> date | datetime:
    """Read a day or an instant; an instant has an offset only if its text has one."""
    if isinstance(value, date):
        return value
    text = read_scalar_text(value, "moment", _("a day or an instant"))
    if _MOMENT.fullmatch(text) is None:
        if _DAY.fullmatch(text) or _suggest_day(text) is not None:
            return read_day(text)
        raise build_field_error(
            "moment",
            _(
                '"{value}" is neither a day (YYYY-MM-DD) nor an instant (YYYY-MM-DDTHH:MM)',
                value=quote_value(text),
            ),
            hint=_EXAMPLES["moment"],
        )
    compact = text[:10] + "T" + text[11:].replace(" ", "").upper()
    try:
        return datetime.fromisoformat(compact)
    except ValueError:
        raise _build_day_error(text) from None


def read_seconds(value: object) -> float:
    """Read a duration above zero, in seconds."""
    number = convert_to_fraction(value)
    if number is None:
        text = read_scalar_text(value, "duration", _("a duration"))
        match = _DURATION.fullmatch(text.lower())
        if match is not None:
            scale = {"min": 60, "h": 3600}.get(match[2] or "s", 1)
            number = Fraction(match[1].replace(",", ".")) * scale
    if number is None or not 0 < number <= 10**9:
        raise build_field_error(
            "duration",
            _('"{value}" is not a duration above zero', value=quote_value(value)),
            hint=_EXAMPLES["duration"],
        )
    return float(number)


_BYTES = re.compile(r"(\d+(?:[.,]\d+)?) ?(k|m|g)(?:b|o)")
_BYTE_UNITS = {"k": 10**3, "m": 10**6, "g": 10**9}


def read_bytes(value: object) -> int:
    """Read an amount of memory of 1 MB at least, in bytes."""
    number = convert_to_fraction(value)
    if number is None:
        match = _BYTES.fullmatch(read_scalar_text(value, "memory", _("an amount of memory")).lower())
        if match is not None:
            number = Fraction(match[1].replace(",", ".")) * _BYTE_UNITS[match[2]]
    if number is None or not 10**6 <= number <= 10**15:
        raise build_field_error(
            "memory",
            _('"{value}" is not an amount of memory of 1 MB at least', value=quote_value(value)),
            hint=_EXAMPLES["memory"],
        )
    return int(number)


def write_bytes(count: int) -> str:
    """Return an amount of memory, ``512 MB``."""
    return f"{write_number(Fraction(count, 10**6))} MB"


_SPAN_UNITS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("month", "months", "mois"), (1, 0)),
    **dict.fromkeys(("year", "years", "an", "ans", "année", "années"), (12, 0)),
    **dict.fromkeys(("day", "days", "jour", "jours"), (0, 1)),
    **dict.fromkeys(("week", "weeks", "semaine", "semaines"), (0, 7)),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A length of calendar time, in whole months or whole days (negative: backwards)."""

    months: int = 0
    days: int = 0

    def add_to(self, day: date) -> date:
        """Return the day that lies this far after `day`; the 31st becomes the last day of a shorter month.

        A result beyond the calendar is its first or last day.
        """
        year, month = divmod(day.year * 12 + day.month - 1 + self.months, 12)
        if not date.min.year <= year <= date.max.year:
            return date.max if year > date.max.year else date.min
        last = calendar.monthrange(year, month + 1)[1]
        moved = day.replace(year=year, month=month + 1, day=min(day.day, last)).toordinal() + self.days
        return date.fromordinal(min(max(moved, 1), date.max.toordinal()))

    def __str__(self) -> str:
        return f"{self.days} days" if self.days else f"{self.months} months"


def read_span(value: object) -> Span:
    """Read a span of calendar time."""
    if isinstance(value, Span):
        return value
    text = read_scalar_text(value, "span", _("a span of time"))
    match = _SPAN.fullmatch(text)
    unit = _SPAN_UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise build_field_error(
            "span",
            _('"{value}" is not a span in days, weeks, months or years', value=quote_value(text)),
            hint=_EXAMPLES["span"],
        )
    count = int(match[1])
    return Span(months=count * unit[0], days=count * unit[1])


def write_seconds(seconds: float) -> str:
    """Return a duration, ``300 s``."""
    return f"{write_number(Fraction(Decimal(repr(seconds))))} s"


def write_iso(moment: date) -> str:
    """Return a day or an instant in ISO 8601."""
    return moment.isoformat()


def _describe_field(example: str, *kinds: str, **more: Any) -> WithJsonSchema:
    """Return the entry of a field in the JSON schema, because an editor takes ``01`` and ``88`` for numbers."""
    return WithJsonSchema(
        {"type": list(kinds) if len(kinds) > 1 else kinds[0], "description": example, **more}
    )


Cents = Annotated[
    int,
    PlainValidator(read_cents),
    PlainSerializer(write_cents, when_used="json"),
    _describe_field("Money, zero or more: 88 M€, 12.5 k€, 1 234.56 €", "string", "number"),
]
"""Money, zero or more, in cents."""
Rate = Annotated[
    Fraction,
    PlainValidator(read_rate),
    PlainSerializer(write_rate, when_used="json"),
    _describe_field("A rate: 20 %, 12.5 %, 0.2", "string", "number"),
]
"""An exact rate, zero or more; above 1 only with ``%`` (so that ``80`` is never 8000 %)."""
Number = Annotated[
    Fraction,
    PlainValidator(read_number),
    PlainSerializer(write_number, when_used="json"),
    _describe_field("A decimal number, exact: 1.3", "string", "number"),
]
"""An exact number of either sign."""
Count = Annotated[
    int, PlainValidator(read_count), _describe_field("A whole number, zero or more", "integer", "string")
]
"""A whole number, zero or more."""
Flag = Annotated[bool, PlainValidator(read_flag), _describe_field("true or false", "boolean")]
"""``true`` or ``false``, and no other word."""
Code = Annotated[
    str, PlainValidator(read_code), _describe_field("A code or a name, as text", "string", "number")
]
"""A text that is not empty and has no tab, line break or control character."""
Day = Annotated[
    date,
    PlainValidator(read_day),
    PlainSerializer(write_iso, when_used="json"),
    _describe_field("A day: 2021-11-22", "string", format="date"),
]
"""A day, written ``YYYY-MM-DD``."""
Seconds = Annotated[
    float,
    PlainValidator(read_seconds),
    PlainSerializer(write_seconds, when_used="json"),
    _describe_field("A duration above zero: 300 s, 5 min, 2 h", "string", "number"),
]
"""A duration above zero, in seconds."""
Memory = Annotated[
    int,
    PlainValidator(read_bytes),
    PlainSerializer(write_bytes, when_used="json"),
    _describe_field("An amount of memory of 1 MB at least: 512 MB, 2 GB", "string", "number"),
]
"""An amount of memory, in bytes."""


def _list_zones() -> frozenset[str]:
    """Return the names of the time zones in the `tzdata` package."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(listed.split()) - {"Factory"}


def read_zone(value: object) -> str:
    """Read the IANA name of a time zone."""
    text = read_scalar_text(value, "timezone", _("a time zone"))
    zones = _list_zones()
    if text in zones:
        return text
    near = find_nearest_name(text, zones)
    raise build_field_error(
        "timezone",
        _('"{value}" is not a known time zone', value=quote_value(text)),
        hint=_("Write for example {zone}.", zone=near or "Europe/Paris"),
    )


Zone = Annotated[str, PlainValidator(read_zone), _describe_field("A time zone: Europe/Paris", "string")]
"""The IANA name of a time zone."""


class Spec(BaseModel):
    """Base of every object of a scenario: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Valid(Spec):
    """When something is in force; both days included, an absent one is no limit."""

    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Valid:
        if self.from_ is not None and self.until is not None and self.until < self.from_:
            raise build_field_error(
                "valid_order",
                _(
                    '"until" ({until}) is before "from" ({from_}): never in force',
                    until=self.until,
                    from_=self.from_,
                ),
                hint=_("Swap the two days, or correct one of them."),
                at=("until",),
            )
        return self

    def is_in_force(self, day: date | None) -> bool:
        """Return whether `day` lies within; always True without a day (a scenario that gives none)."""
        if day is None:
            return True
        after_start = self.from_ is None or self.from_ <= day
        return after_start and (self.until is None or day <= self.until)


class Described(Spec):
    """Keys that every object of a scenario may have: texts, a source, a period of validity, and a switch."""

    title: str = ""
    source: str = ""
    note: str = ""
    valid: Valid | None = None
    off: Flag = False

    def is_in_force(self, day: date | None) -> bool:
        """Return whether the object counts on `day`: not switched off, and valid that day."""
        return not self.off and (self.valid is None or self.valid.is_in_force(day))
