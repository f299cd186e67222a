"""Wording of the table's columns, of their values and of numbers, in French and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Text
from tnt_sim.i18n.numbers import (
    format_integer as format_integer,  # imported from here until all callers have moved
)
from tnt_sim.i18n.numbers import format_list as format_list
from tnt_sim.i18n.numbers import format_number as format_number

COLUMN: Mapping[str, Text] = MappingProxyType(
    {
        "dossier": Text("le numéro de dossier", "the dossier number"),
        "project": Text("le projet", "the project"),
        "title": Text("l'intitulé", "the title"),
        "envelope": Text("l'enveloppe", "the envelope"),
        "applicant": Text("le porteur", "the applicant"),
        "applicant_id": Text("le porteur (SIREN ou code INSEE)", "the applicant (SIREN or INSEE code)"),
        "applicant_type": Text("le type de porteur", "the type of applicant"),
        "department": Text("le département", "the department"),
        "region": Text("la région", "the region"),
        "epci": Text("l'EPCI", "the EPCI"),
        "commune": Text("la commune", "the commune"),
        "members": Text("les membres", "the members"),
        "population": Text("la population", "the population"),
        "cost": Text("le coût", "the cost"),
        "base": Text("l'assiette", "the eligible cost"),
        "requested": Text("le montant demandé", "the amount requested"),
        "min_grant": Text("la subvention minimale", "the smallest grant"),
        "score": Text("la note", "the score"),
        "filed_at": Text("la date de dépôt", "the filing date"),
        "start": Text("la date de début", "the start date"),
        "end": Text("la date de fin", "the end date"),
        "notified_at": Text("la date de notification", "the notification date"),
        "state": Text("l'état du dossier", "the dossier's state"),
        "committed": Text("le montant engagé", "the committed amount"),
        "tags": Text("les étiquettes", "the tags"),
        "other_state": Text("les autres aides de l'État", "the other State funds"),
        "other_public": Text("les autres aides publiques", "the other public funds"),
        "other_private": Text("les financements privés", "the private funds"),
        "invoices": Text("les factures", "the invoices"),
    }
)

_PLURAL = frozenset({"members", "tags", "invoices", "other_state", "other_public", "other_private"})
_SINGULAR = {
    "members": Text("commune servie ou membre", "commune served or member"),
    "tags": Text("étiquette", "tag"),
    "requires": Text("dossier préalable", "required dossier"),
    "other_state": Text("montant d'autres aides de l'État", "amount of other State funds"),
    "other_public": Text("montant d'autres aides publiques", "amount of other public funds"),
    "other_private": Text("montant de financements privés", "amount of private funds"),
    "invoices": Text("montant de factures", "amount of invoices"),
}
_VALUES: Mapping[str, Mapping[str, Text]] = MappingProxyType(
    {
        "applicant_type": {
            "epci": Text("EPCI", "EPCI"),
            "metropole": Text("métropole", "métropole"),
            "departement": Text("département", "département"),
            "region": Text("région", "région"),
            "mutualisation": Text("structure de mutualisation", "shared-services body"),
            "autre": Text("autre", "other"),
        },
        "state": {
            "en_construction": Text("en construction", "being drawn up"),
            "en_instruction": Text("en instruction", "under review"),
            "accepte": Text("accepté", "accepted"),
            "refuse": Text("refusé", "refused"),
            "sans_suite": Text("classé sans suite", "closed with no action"),
        },
    }
)

_ARTICLE_FR = re.compile(r"^(?:le |la |les |l')")


def describe_column(name: str) -> Text:
    """Return the name of a column in words; its own name in quotes when it is not canonical."""
    return COLUMN.get(name) or Text(f"« {name} »", f'"{name}"')


def is_plural(name: str) -> bool:
    """Return whether the words of a column are plural: « les étiquettes »."""
    return name in _PLURAL


def describe_value(name: str, text: str) -> Text:
    """Return a value of a column in words, or as written when the table has no word for it."""
    return _VALUES.get(name, {}).get(text) or Text(text, text)


def describe_bare_column(name: str) -> Text:
    """Return a column in the singular without its article, as after « pour chaque »."""
    if name in _SINGULAR:
        return _SINGULAR[name]
    full = describe_column(name)
    return Text(_ARTICLE_FR.sub("", full.fr), full.en.removeprefix("the "))
