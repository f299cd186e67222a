"""Wording of the table's columns, of their values and of numbers, in French and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Bilingual, Text, _

COLUMN: Mapping[str, Text] = MappingProxyType(
    {
        "dossier": _("the application number"),
        "project": _("the project"),
        "title": _("the title"),
        "envelope": _("the envelope"),
        "applicant": _("the applicant"),
        "applicant_id": _("the applicant (SIREN or INSEE code)"),
        "applicant_type": _("the type of applicant"),
        "department": _("the department"),
        "region": _("the region"),
        "epci": _("the EPCI"),
        "commune": _("the commune"),
        "members": _("the members"),
        "population": _("the population"),
        "cost": _("the cost"),
        "base": _("the eligible cost"),
        "requested": _("the amount requested"),
        "min_grant": _("the smallest grant"),
        "score": _("the score"),
        "filed_at": _("the filing date"),
        "start": _("the start date"),
        "end": _("the end date"),
        "notified_at": _("the notification date"),
        "state": _("the application's state"),
        "committed": _("the committed amount"),
        "tags": _("the tags"),
        "other_state": _("the other State funds"),
        "other_public": _("the other public funds"),
        "other_private": _("the private funds"),
        "invoices": _("the invoices"),
    }
)

_PLURAL = frozenset({"members", "tags", "invoices", "other_state", "other_public", "other_private"})
_SINGULAR = {
    "members": _("commune served or member"),
    "tags": _("tag"),
    "requires": _("required application"),
    "other_state": _("amount of other State funds"),
    "other_public": _("amount of other public funds"),
    "other_private": _("amount of private funds"),
    "invoices": _("amount of invoices"),
}
_VALUES: Mapping[str, Mapping[str, Text]] = MappingProxyType(
    {
        "applicant_type": {
            "epci": _("EPCI"),
            "metropole": _("métropole"),
            "departement": _("département"),
            "region": _("région"),
            "mutualisation": _("shared-services body"),
            "autre": _("other"),
        },
        "state": {
            "en_construction": _("being drawn up"),
            "en_instruction": _("under review"),
            "accepte": _("accepted"),
            "refuse": _("refused"),
            "sans_suite": _("closed with no action"),
        },
    }
)

_ARTICLE_FR = re.compile(r"^(?:le |la |les |l['’])")


def describe_column(name: str) -> Text:
    """Return the name of a column in words; its own name in quotes when it is not canonical."""
    return COLUMN.get(name) or _('"{name}"', name=name)


def is_plural(name: str) -> bool:
    """Return whether the words of a column are plural: « les étiquettes »."""
    return name in _PLURAL


def describe_value(name: str, text: str) -> Text:
    """Return a value of a column in words, or as written when the table has no word for it."""
    return _VALUES.get(name, {}).get(text) or Bilingual(text, text)


def describe_bare_column(name: str) -> Text:
    """Return a column in the singular without its article, as after « pour chaque »."""
    if name in _SINGULAR:
        return _SINGULAR[name]
    return remove_article(describe_column(name))


def remove_article(words: Text) -> Text:
    """Return a noun without its definite article."""
    return Bilingual(_ARTICLE_FR.sub("", words.fr), words.en.removeprefix("the "))
