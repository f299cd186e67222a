"""Known layouts of exports: their labels, their states and their conventions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tnt_sim.domain.portfolio import STATES
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.forms.mapping import DuplicatesName, FormatName
from tnt_sim.ingest.tables.headers import normalise_header

STATE_WORDS: Mapping[str, str] = {
    "en construction": "en_construction", "en instruction": "en_instruction", "accepte": "accepte",
    "refuse": "refuse", "classe sans suite": "sans_suite", "sans suite": "sans_suite",
    "initiated": "en_construction", "received": "en_instruction", "closed": "accepte", "refused": "refuse",
    "without continuation": "sans_suite",
    "en traitement": "en_instruction", "brouillon de simulation": "en_instruction",
    "accepte provisoirement": "en_instruction", "refuse provisoirement": "en_instruction",
}  # fmt: skip
"""Canonical states by the words of démarches-simplifiées (present and first version) and of Turgot."""

TYPE_WORDS: Mapping[str, str] = {
    "commune": "commune", "communes": "commune", "commune nouvelle": "commune",
    "epci": "epci", "epci a fiscalite propre": "epci", "communaute de communes": "epci",
    "communaute d agglomeration": "epci", "communaute urbaine": "epci",
    "metropole": "metropole",
    "departement": "departement", "conseil departemental": "departement", "conseil_departemental": "departement",
    "region": "region", "conseil regional": "region",
    "syndicat": "syndicat", "syndicat mixte": "syndicat", "syndicat de communes": "syndicat",
    "pole d equilibre territorial et rural": "syndicat", "petr": "syndicat",
    "mutualisation": "mutualisation", "structure de mutualisation": "mutualisation",
    "autre": "autre", "association": "autre", "entreprise": "autre",
    "circonscription de wallis et futuna": "autre",
    "commune et commune nouvelle": "commune", "communaute de communes cc": "epci",
}  # fmt: skip
"""Canonical applicant types by the words of forms and of the register of companies."""

WORDS: Mapping[str, Mapping[str, str]] = {"state": STATE_WORDS, "applicant_type": TYPE_WORDS}


def has_state(values: Iterable[str]) -> bool:
    """Return whether one of the values is the state of an application.

    >>> has_state(["Complet", "Accepté"]), has_state(["Complet"])
    (True, False)
    """
    return any(value in STATES or normalise_header(value) in STATE_WORDS for value in values)


def can_be_states(values: Sequence[str]) -> bool:
    """Return whether values can be states, perhaps in words of the office, and not legal forms.

    >>> can_be_states(["Complet", "Instruit"]), can_be_states(["Commune", "SIVOM"])
    (True, False)
    """
    return has_state(values) or not any(normalise_header(value) in TYPE_WORDS for value in values)


@dataclass(frozen=True)
class Layout:
    """One kind of export.

    Attributes
    ----------
    name, title : as `--format` names it, and in words
    signature : normalised labels of its files; the more are found, the more certain the recognition
    first : by canonical column, normalised labels that take precedence over the common ones
    sheets : normalised beginnings of the name of the sheet with the dossiers
    exclude : by normalised label, normalised values of rows that are set aside
    empty : cells that mean nothing
    zero_is_empty : whether amounts of 0 stand for no answer
    duplicates : what to do with repeated numbers
    rate_cap : the largest legal share of aid
    """

    name: FormatName
    title: Text
    signature: frozenset[str]
    first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    zero_is_empty: bool = False
    duplicates: DuplicatesName = "refuse"
    rate_cap: Fraction | None = Fraction(4, 5)


LAYOUTS: Mapping[str, Layout] = {
    one.name: one
    for one in (
        Layout(
            "demarche",
            _("démarches-simplifiées"),
            frozenset(
                {"id", "email", "franceconnect", "a archiver", "etat du dossier", "depose le",
                 "derniere mise a jour le", "passe en instruction le", "traite le", "motivation de la decision",
                 "instructeurs", "etablissement siret", "entreprise raison sociale"}
            ),
            first={
                "dossier": ("id", "dossier id"),
                "applicant": ("entreprise raison sociale",),
                "applicant_id": ("etablissement siret", "entreprise siren"),
                "commune": ("etablissement code insee localite",),
                "filed_at": ("depose le",),
                "state": ("etat du dossier",),
            },
            sheets=("dossiers",),
            exclude={"etat du dossier": ("brouillon",), "a archiver": ("oui", "true", "1", "on", "vrai")},
            zero_is_empty=True,
        ),
        Layout(
            "turgot",
            _("Turgot"),
            frozenset(
                {"date de depot du dossier", "numero de dossier ds", "arrondissement du demandeur",
                 "projet en double dotation", "assiette subventionnable", "taux demande",
                 "statut de la simulation", "montant previsionnel accorde", "taux previsionnel accorde"}
            ),
            first={
                "dossier": ("numero de dossier ds",),
                "filed_at": ("date de depot du dossier",),
                "state": ("statut de la simulation", "statut"),
                "start": ("date de debut des travaux",),
                "end": ("date de fin des travaux",),
                "envelope": ("dotation",),
                "commune": ("code insee commune du demandeur",),
            },
        ),
        Layout(
            "dotations",
            _("the ministry's DETR and DSIL lists"),
            frozenset(
                {"id projet", "id dep", "id terr", "nom terr", "montant sub", "cout total", "dotation", "echelon",
                 "identifiant", "dot", "inseedep", "inseecom", "codgeo", "catgeorie", "subvention", "levier",
                 "project id", "fund", "beneficiary code", "grant"}
            ),
            first={
                "dossier": ("id projet", "identifiant", "project id"),
                "envelope": ("dotation", "dot", "fund"),
                "applicant": ("nom terr", "beneficiaire", "beneficiary"),
                "applicant_id": ("id terr", "codgeo", "beneficiary code"),
                "applicant_type": ("echelon", "level"),
                "requested": ("montant sub", "subvention", "grant"),
            },
            sheets=("projets",),
        ),
        Layout(
            "fonds-vert",
            _("the Fonds vert list"),
            frozenset(
                {"numero demarche ds", "nom demarche ds", "numero dossier ds", "nom beneficiaire principal",
                 "montant engage", "axe"}
            ),
            first={
                "dossier": ("numero dossier ds",),
                "applicant": ("nom beneficiaire principal",),
                "applicant_id": ("siren",),
                "commune": ("code commune",),
                "requested": ("montant engage",),
                "region": (),
            },
            empty=("NULL",),
            duplicates="number",
            rate_cap=None,
        ),
        Layout(
            "scdl",
            _("SCDL grants"),
            frozenset(
                {"idsubvention", "nomattribuant", "idattribuant", "nombeneficiaire", "idbeneficiaire",
                 "dateconvention", "dispositif", "objet", "montantdemande", "montant"}
            ),
            first={"envelope": ("dispositif",), "title": ("objet",), "requested": ("montantdemande", "montant")},
        ),
        Layout("grist", _("table (Grist, CSV, workbook)"), frozenset()),
        Layout("pabulib", _("Pabulib"), frozenset(), rate_cap=None),
    )
}  # fmt: skip
"""The exports recognised by their labels, by the name of `--format`."""


def identify_layout(labels: Iterable[str]) -> str:
    """Return the layout whose signature matches most labels.

    Below three matches it is `grist`, which has no signature.
    """
    found = {normalise_header(label) for label in labels}
    scores = {name: len(layout.signature & found) for name, layout in LAYOUTS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= 3 else "grist"
