"""The publisher of a decision and the texts of its letters: blocks `publisher` and `letters` of a scenario."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from tnt_sim.domain.field_types import Code, Flag, Spec, build_field_error, quote_value, read_span
from tnt_sim.i18n.message import _

LETTER_KEYS = ("authority", "contact", "rules")
"""Keys of `publisher` that a letter needs."""


class PublisherSpec(Spec):
    """Who takes the decision, answers those whom it concerns, and publishes the rules."""

    authority: str = ""
    service: str = ""
    contact: str = ""
    rules: str = ""
    legal_basis: str = ""
    decided_by: str = ""
    retention: str = Field(default="", description="A day (2036-12-31), or a span of time (10 years)")
    columns: tuple[Code, ...] = ()

    @field_validator("retention")
    @classmethod
    def _check_retention(cls, text: str) -> str:
        """Accept a day or a span of time, kept as it is written."""
        if not text:
            return text
        try:
            date.fromisoformat(text)
        except ValueError:
            try:
                read_span(text)
            except PydanticCustomError:
                raise build_field_error(
                    "retention",
                    _('"{text}" is neither a day nor a span of time', text=quote_value(text)),
                    hint=_("Write for example 2036-12-31 or 10 years."),
                ) from None
        return text


def compute_last_day(publisher: PublisherSpec, decided_on: date | None) -> date | None:
    """Return the last day of the retention; a span counts from the day of the decision.

    None without `retention`, or for a span if the day of the decision is unknown.

    >>> compute_last_day(PublisherSpec(retention="10 years"), date(2026, 3, 31))
    datetime.date(2036, 3, 31)
    """
    if not publisher.retention:
        return None
    try:
        return date.fromisoformat(publisher.retention)
    except ValueError:
        return None if decided_on is None else read_span(publisher.retention).add_to(decided_on)


PUBLISHER_KEYS = tuple(key for key in PublisherSpec.model_fields if key != "columns")
"""Keys of `publisher` that the documents of transparency need: all but `columns`."""


class LettersSpec(Spec):
    """Texts that letters add to the decision, and whether a refusal gives the request that would be funded."""

    court: str = ""
    appeal: str = ""
    mention: str = ""
    tell_changes: Flag = False


def list_missing_keys(publisher: PublisherSpec, keys: Iterable[str] = PUBLISHER_KEYS) -> tuple[str, ...]:
    """Return the keys without a value."""
    return tuple(key for key in keys if not getattr(publisher, key))
