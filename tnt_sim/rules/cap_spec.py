"""Caps as a planner writes them, alone or by the name of an entry of the legal library."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from tnt_sim.fields import Code, Described, fault
from tnt_sim.rules.grant_spec import MoneyColumn
from tnt_sim.rules.legal import LIBRARY, LegalCap
from tnt_sim.rules.select import Selector
from tnt_sim.scalars import exact_of, read_cents, read_code, read_rate, write_cents, write_rate

_SHARE = re.compile(r"1([.,]0+)?|0([.,]\d+)?")


def _read_max(value: object) -> Fraction | int:
    """A rate (`80 %`, `0.8`, `4/5`) or an amount (`16 000 €`): a plain number up to 1 is a rate."""
    if isinstance(value, Fraction):
        return value
    text = str(value)
    number = exact_of(value)
    plain = number is not None and 0 <= number <= 1
    if "%" in text or "/" in text or plain or _SHARE.fullmatch(text):
        return read_rate(value)
    return read_cents(value)


def _write_max(value: Fraction | int) -> str:
    return write_rate(value) if isinstance(value, Fraction) else write_cents(value)


RateOrCents = Annotated[
    Fraction | int,
    PlainValidator(_read_max),
    PlainSerializer(_write_max, when_used="json"),
    WithJsonSchema({"type": ["string", "number"], "description": "A rate (80 %) or an amount (16 000 €)"}),
]
"""A `Fraction` is a rate, an `int` is cents."""


class CapSpec(Described):
    """All rows of a project together: Σ granted + Σ counting ≤ max, or max · (of − Σ less) for a rate."""

    id: Code | None = None
    use: Code | None = None
    max: RateOrCents | MoneyColumn | None = None
    of: Code | None = None
    counting: tuple[Code, ...] = ()
    less: tuple[Code, ...] = ()
    where: Selector | None = None

    @model_validator(mode="after")
    def _whole(self) -> CapSpec:
        if self.use is None and (self.id is None or self.max is None):
            raise fault(
                "cap",
                "un plafond veut `id` et `max`, ou `use` avec un nom de la bibliothèque",
                "a cap wants `id` and `max`, or `use` with a name of the library",
                hint=(f"Noms : {', '.join(LIBRARY)}.", f"Names: {', '.join(LIBRARY)}."),
            )
        return self

    @property
    def name(self) -> str:
        """Its id; for an entry of the library without one, the entry's name."""
        return self.id or self.use or ""

    @property
    def legal(self) -> LegalCap | None:
        """The library's entry that it uses, if there is one of that name."""
        return LIBRARY.get(self.use or "")

    def filled(self, title: str = "") -> CapSpec:
        """The cap with the library's fields where it gives none itself; what it gives replaces them whole."""
        legal = self.legal
        if legal is None:
            return self
        given: dict[str, Any] = {key: getattr(self, key) for key in self.model_fields_set}
        taken = {
            key: MoneyColumn(**value)
            if key == "max" and isinstance(value, dict)
            else Selector(value)
            if key == "where"
            else value
            for key, value in legal.fields.items()
        }
        words = {"id": self.name, "title": title or legal.title.fr, "source": legal.source}
        return self.model_copy(update={**words, **taken, **given})


def _by_name(value: object) -> CapSpec:
    return CapSpec(use=read_code(value))


NamedCap = Annotated[
    CapSpec,
    PlainValidator(_by_name),
    WithJsonSchema({"type": "string", "enum": list(LIBRARY), "description": "A cap of the legal library"}),
]
"""A bare string: the name of an entry of the legal library."""
