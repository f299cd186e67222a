"""Caps as a planner writes them, and a library of caps that French law sets, with their references.

Each entry of the library carries a level of confidence in its figure: A, official text or primary file; B,
specialised press; C, inference. Whether an entry applies to a given programme is for the planner to decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from tnt_sim.domain.field_types import (
    Code,
    Described,
    build_field_error,
    convert_to_fraction,
    read_cents,
    read_code,
    read_rate,
    write_cents,
    write_rate,
)
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.offers.grant_spec import MoneyColumn

OVERSEAS = ("971", "972", "973", "974", "976")


@dataclass(frozen=True, slots=True)
class LegalCap:
    """One cap of the law: title, legal reference, level of confidence, note and fields of a `caps` entry."""

    title: Text
    source: str
    sure: Literal["A", "B", "C"]
    note: Text
    fields: Mapping[str, Any]


_OWN_PART = {
    "of": "cost",
    "less": ("other_private",),
    "counting": ("other_state", "other_public"),
}
_METROPOLE = {"department": {"not": list(OVERSEAS)}}

LIBRARY: Mapping[str, LegalCap] = MappingProxyType(
    {
        "cgct-l1111-10": LegalCap(
            _("Own share: the owner keeps at least 20% of all public funding"),
            "CGCT L. 1111-10 III",
            "A",
            _("Not applied overseas (971, 972, 973, 974, 976). Waivers go into `waivers`."),
            {"max": Fraction(4, 5), **_OWN_PART, "where": _METROPOLE},
        ),
        "cgct-l1111-10-chef-de-file": LegalCap(
            _("Own share: at least 30% for a lead authority (chef de file)"),
            "CGCT L. 1111-10, mairesdefrance.com id=650",
            "B",
            _("For the applications tagged `chef-de-file`; give another `where` where needed."),
            {
                "max": Fraction(7, 10),
                **_OWN_PART,
                "where": {"tags": {"has": "chef-de-file"}, **_METROPOLE},
            },
        ),
        "r2334-27": LegalCap(
            _("State funds: at most 80% of the eligible expense, all together"),
            "CGCT R. 2334-27",
            "A",
            _("DETR, DSIL, DSID and DPV add up over one project."),
            {"max": Fraction(4, 5), "of": "base", "counting": ("other_state",)},
        ),
        "decret-2018-514": LegalCap(
            _("Public aid: at most 100% of the eligible expense"),
            "Décret n° 2018-514 du 25 juin 2018, art. 10",
            "B",
            _("Not for the grants of the CGCT; 80% before 2018."),
            {"max": Fraction(1), "of": "base", "counting": ("other_state", "other_public")},
        ),
        "invoices": LegalCap(
            _("Paid on invoices: no more than they say"),
            "Guichet Démat.ADS (val-de-marne.gouv.fr, weka.fr, 12/05/2021)",
            "A",
            _("Column `invoices`; an empty cell limits nothing."),
            {"max": {"column": "invoices"}},
        ),
    }
)

_SHARE = re.compile(r"1([.,]0+)?|0([.,]\d+)?")


def _read_max(value: object) -> Fraction | int:
    """Read a rate (`80 %`, `0.8`, `4/5`) or an amount (`16 000 €`); a plain number up to 1 is a rate."""
    if isinstance(value, Fraction):
        return value
    text = str(value)
    number = convert_to_fraction(value)
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
"""A rate (`Fraction`) or an amount in cents (`int`)."""


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
    def _check_complete(self) -> CapSpec:
        if self.use is None and (self.id is None or self.max is None):
            raise build_field_error(
                "cap",
                _("a cap needs `id` and `max`, or `use` with a name of the library."),
                hint=_("Names: {names}.", names=", ".join(LIBRARY)),
            )
        return self

    @property
    def name(self) -> str:
        """The id; for a library entry without one, the name of the entry."""
        return self.id or self.use or ""

    @property
    def legal(self) -> LegalCap | None:
        """The library entry that the cap uses, or None."""
        return LIBRARY.get(self.use or "")

    def fill_from_library(self, title: str = "") -> CapSpec:
        """Return the cap with the library's fields where it gives none itself.

        A field that it gives replaces the library's.
        """
        legal = self.legal
        if legal is None:
            return self
        written: dict[str, Any] = {key: getattr(self, key) for key in self.model_fields_set}
        taken = {
            key: MoneyColumn(**value)
            if key == "max" and isinstance(value, dict)
            else Selector(value)
            if key == "where"
            else value
            for key, value in legal.fields.items()
        }
        words = {"id": self.name, "title": title or legal.title.fr, "source": legal.source}
        return self.model_copy(update={**words, **taken, **written})


def _read_name(value: object) -> CapSpec:
    return CapSpec(use=read_code(value))


NamedCap = Annotated[
    CapSpec,
    PlainValidator(_read_name),
    WithJsonSchema({"type": "string", "enum": list(LIBRARY), "description": "A cap of the legal library"}),
]
"""A plain string: the name of an entry of the library."""
