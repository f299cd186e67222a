"""What columns are called in French: normalised labels by canonical column, and those that name a person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "dossier": (
        "numero de dossier", "numero de dossier ds", "n ds", "numero ds", "no ds",
        "n de dossier", "numero dossier", "n dossier",
        "dossier id", "id dossier", "no dossier", "numero", "id", "reference", "reference du dossier",
        "idsubvention", "dossier number", "numero dossier ds", "id projet", "identifiant",
    ),
    "project": (
        "projet id", "numero de projet", "id projet", "code projet",
    ),
    "title": (
        "intitule du projet", "intitule", "titre", "titre du projet", "libelle", "objet",
        "nom du projet", "description du projet", "project title", "description",
    ),
    "envelope": (
        "enveloppe", "dispositif", "dispositif de financement sollicite", "fonds", "axe", "dotation",
        "guichet", "dot",
    ),
    "applicant": (
        "demandeur", "porteur", "porteur de projet", "nom du porteur", "nom du demandeur",
        "beneficiaire", "raison sociale", "entreprise raison sociale", "nombeneficiaire",
        "collectivite", "nom de la collectivite", "nom beneficiaire principal", "nom terr",
    ),
    "applicant_id": (
        "siret", "siren", "etablissement siret", "entreprise siren", "numero siret", "numero siren",
        "idbeneficiaire", "code siren ou insee du demandeur", "siret du porteur", "siren du porteur",
        "id terr", "codgeo",
    ),
    "applicant_type": (
        "nature du porteur de projet", "nature du porteur", "type de porteur", "type de collectivite",
        "type de demandeur", "echelon",
    ),
    "department": (
        "departement code", "code departement", "departement et arrondissement du porteur de projet",
        "departement ou collectivite du demandeur", "departement du porteur de projet", "departement",
        "dept", "dep", "id dep", "inseedep",
    ),
    "region": (
        "region code", "code region", "region",
    ),
    "epci": (
        "epci code", "code epci", "siren epci", "epci a fiscalite propre dont est membre la commune", "epci",
    ),
    "commune": (
        "code insee", "commune code insee", "code commune", "insee",
        "etablissement code insee localite", "inseecom",
    ),
    "population": (
        "population", "habitants", "nombre d habitants", "population municipale", "population totale",
        "pop21", "pop20", "pop19", "pop18",
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
        "je demande ce montant de subventions",
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
"""French headers by canonical column, normalised: those of démarches-simplifiées, Turgot, the ministry and the
DETR form, the surest first."""

UNITS = re.compile(r"\b(?:en euros?|euros?|eur|ht|ttc|en)\b")

_PERSON = re.compile(
    r"\b(?:prenoms?|civilite|e ?mails?|mel|courriel|electronique|telephone|portable|mobile|fax|mandataire|"
    r"instructeurs?|signataire|naissance|iban|rib|franceconnect|usager|contact|representant|interlocuteur|"
    r"genre|sexe|proposer|author|auteur)\b"
)
_PERSON_WHOLE = frozenset(
    {"nom", "noms", "nom et prenom", "nom de famille", "nom d usage", "fonction", "qualite"}
)

_NO_PERSON = frozenset({"groupe instructeur"})


def normalised(header: str) -> str:
    """A header without accents, capitals and punctuation.

    >>> normalised("Coût total de l'opération (en euros HT)")
    'cout total de l operation en euros ht'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", header) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain.replace("°", " ").lower()).strip()


def names_of(header: str) -> tuple[str, str]:
    """A header normalised, and again without its units."""
    plain = normalised(header)
    return plain, " ".join(UNITS.sub(" ", plain).split())


def names_a_person(header: str) -> bool:
    """Whether a label asks for what identifies a natural person.

    >>> names_a_person("Adresse électronique"), names_a_person("Nom de la collectivité")
    (True, False)
    """
    name = re.sub(r" \d+$", "", normalised(header))
    if name in _PERSON_WHOLE:
        return True
    if name in _NO_PERSON:
        return False
    return bool(_PERSON.search(name)) or name.startswith(("fonction du", "fonction de", "nom et qualite"))
