"""Which column of a table is which: guessed from the headers, checked on the cells, always to be reviewed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tnt_sim.money import parse_cents_series
from tnt_sim.portfolio import APPLICANT_TYPES, CANONICAL, STATES, ColumnKind

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "dossier": (
        "numero de dossier", "numero de dossier ds", "n de dossier", "numero dossier", "n dossier",
        "dossier id", "id dossier", "no dossier", "numero", "id", "reference", "reference du dossier",
        "idsubvention", "dossier number",
    ),
    "project": (
        "projet id", "numero de projet", "id projet", "code projet",
    ),
    "title": (
        "intitule du projet", "intitule", "titre", "titre du projet", "libelle", "objet",
        "nom du projet", "description du projet", "project title",
    ),
    "envelope": (
        "enveloppe", "dispositif", "dispositif de financement sollicite", "fonds", "axe", "dotation",
        "guichet",
    ),
    "applicant": (
        "demandeur", "porteur", "porteur de projet", "nom du porteur", "nom du demandeur",
        "beneficiaire", "raison sociale", "entreprise raison sociale", "nombeneficiaire",
        "collectivite", "nom de la collectivite",
    ),
    "applicant_id": (
        "siret", "siren", "etablissement siret", "entreprise siren", "numero siret", "numero siren",
        "idbeneficiaire", "code siren ou insee du demandeur", "siret du porteur", "siren du porteur",
    ),
    "applicant_type": (
        "nature du porteur de projet", "nature du porteur", "type de porteur", "type de collectivite",
        "type de demandeur",
    ),
    "department": (
        "departement code", "code departement", "departement",
        "departement ou collectivite du demandeur", "dept", "dep",
    ),
    "region": (
        "region code", "code region", "region",
    ),
    "epci": (
        "epci code", "code epci", "siren epci", "epci",
    ),
    "commune": (
        "code insee", "commune code insee", "code commune", "insee",
        "etablissement code insee localite",
    ),
    "population": (
        "population", "habitants", "nombre d habitants", "population municipale", "population totale",
    ),
    "cost": (
        "cout total", "cout total du projet", "cout total de l operation", "cout du projet", "cout",
        "montant total du projet", "budget total", "cout total ht",
    ),
    "base": (
        "assiette", "assiette subventionnable", "depenses eligibles", "depense eligible",
        "montant des depenses eligibles retenues", "detr dsil montant des depenses eligibles retenues",
        "cout eligible",
    ),
    "requested": (
        "montant demande", "montant de l aide demandee", "subvention demandee", "aide demandee",
        "montant sollicite", "subvention sollicitee", "montantdemande", "montant demande ht", "demande",
    ),
    "score": (
        "note", "note finale", "note du jury", "note totale", "score", "points",
    ),
    "filed_at": (
        "depose le", "date de depot", "date de depot du dossier", "date depot", "depot",
    ),
    "start": (
        "date de debut", "date de commencement de l operation", "date de commencement",
        "debut des travaux",
    ),
    "end": (
        "date de fin", "date previsionnelle d achevement de l operation", "date d achevement",
        "fin des travaux",
    ),
    "state": (
        "etat du dossier", "etat", "statut", "statut du dossier",
    ),
    "tags": (
        "etiquettes", "labels",
    ),
}  # fmt: skip
"""French headers by canonical column, normalised: those of démarches-simplifiées, Turgot and the DETR form."""

_UNITS = re.compile(r"\b(?:en euros?|euros?|eur|ht|ttc|en)\b")
_CLOSED = ("refuse", "classe sans suite", "sans suite", "refused", "without continuation")
_DEPARTMENT = re.compile(r"\d{2,3}|2A|2B")


@dataclass(frozen=True, slots=True)
class Guess:
    """What was found in a table.

    Attributes
    ----------
    columns : canonical name → header; only those that are not named canonically already
    set_aside : canonical name → (header, why it cannot be taken as it is)
    present : every canonical column that the table has, guessed or by its own name
    requested_cents : the sum asked, None when it cannot be read
    envelopes : the values of the envelope column
    closed : the values of a set-aside state column that say « refusé » or « sans suite »
    """

    columns: Mapping[str, str]
    set_aside: Mapping[str, tuple[str, str]]
    present: frozenset[str]
    requested_cents: int | None
    envelopes: tuple[str, ...]
    closed: tuple[str, ...] = ()


def guess_columns(table: pl.DataFrame) -> Guess:
    """Guess from the headers of a table of text cells; a column whose cells do not fit is set aside."""
    headers = [name for name in table.columns if not name.startswith("_")]
    by_norm: dict[str, str] = {}
    for header in headers:
        by_norm.setdefault(normalised(header), header)
        by_norm.setdefault(normalised(_UNITS.sub(" ", normalised(header))), header)
    own = {name for name in CANONICAL if name in headers or f"{name}_cents" in headers}
    taken: dict[str, str] = {}
    aside: dict[str, tuple[str, str]] = {}
    used: set[str] = set(own)
    for name, labels in SYNONYMS.items():
        if name in own:
            continue
        known = [by_norm[label] for label in labels if label in by_norm and by_norm[label] not in used]
        if not known:
            continue
        header = known[0]
        why = _unfit(name, table[header])
        if why:
            aside[name] = (header, why)
        else:
            taken[name] = header
            used.add(header)
    present = frozenset({*own, *taken})
    closed = _closed(table[aside["state"][0]]) if "state" in aside else ()
    return Guess(taken, aside, present, _asked(table, taken, own), _envelopes(table, taken, own), closed)


def _closed(states: pl.Series) -> tuple[str, ...]:
    """The values of a state column that close a dossier, as they are written."""
    values = states.cast(pl.String).drop_nulls().unique().sort().to_list()
    return tuple(value for value in values if normalised(value) in _CLOSED)


def normalised(header: str) -> str:
    """A header without accents, capitals and punctuation.

    >>> normalised("Coût total de l'opération (en euros HT)")
    'cout total de l operation en euros ht'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", header) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain.replace("°", " ").lower()).strip()


def _unfit(name: str, cells: pl.Series) -> str:
    """Why the cells of a column are not those of a canonical one; "" when they may be."""
    values = cells.cast(pl.String).drop_nulls()
    filled = values.filter(values.str.strip_chars() != "").unique().head(1000)
    if name == "state":
        return _not_among(filled, STATES)
    if name == "applicant_type":
        return _not_among(filled, APPLICANT_TYPES)
    if name == "department" and not all(_DEPARTMENT.fullmatch(value.strip()) for value in filled):
        return "les cellules ne sont pas des codes tels que 01 ou 2A"
    if CANONICAL[name] is ColumnKind.MONEY and parse_cents_series(filled)[1].is_not_null().any():
        return "certaines cellules ne sont pas des montants sûrs"
    if name == "dossier" and cells.is_duplicated().any():
        return "certaines valeurs y sont deux fois"
    return ""


def _not_among(filled: pl.Series, valid: Sequence[str]) -> str:
    strange = [value for value in filled if value not in valid]
    return f"valeurs à convertir : {', '.join(sorted(strange)[:4])}" if strange else ""


def _asked(table: pl.DataFrame, taken: Mapping[str, str], own: set[str]) -> int | None:
    if "requested_cents" in table.columns:
        cents = table["requested_cents"].cast(pl.String).cast(pl.Int64, strict=False)
        return int(cents.sum())
    header = taken.get("requested", "requested" if "requested" in own else "")
    if not header:
        return None
    cents, reasons = parse_cents_series(table[header].cast(pl.String))
    return None if reasons.is_not_null().any() else int(cents.sum())


def _envelopes(table: pl.DataFrame, taken: Mapping[str, str], own: set[str]) -> tuple[str, ...]:
    header = taken.get("envelope", "envelope" if "envelope" in own else "")
    if not header:
        return ()
    values = table[header].cast(pl.String).drop_nulls().unique().sort().to_list()
    return tuple(value for value in values if value)
