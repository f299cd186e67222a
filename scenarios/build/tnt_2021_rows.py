"""A row of the TNT tables: its columns, its title, its money, its number, its text in the file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence

from synthetic import Body, Draw

COLUMNS = (
    "dossier", "title", "envelope", "applicant", "applicant_id", "applicant_type", "department", "region",
    "epci", "commune", "members", "population", "cost", "requested", "score", "filed_at", "end",
    "notified_at", "state", "committed", "theme", "session", "decided", "project_class", "points",
    "people_trained", "hours_saved", "yearly_savings", "n_communes", "n_api", "synthetic",
)  # fmt: skip
MONEY = ("cost", "requested", "committed")
Row = dict[str, str | int | None]

TITLES = {
    "co-construction": ("Service numérique commun d'état civil", "Carte partagée des travaux et de la voirie",
                        "Cantine et périscolaire : parcours unique", "Signalement citoyen mutualisé",
                        "Gestion des subventions locales", "Réservation des salles et équipements"),
    "demarche": ("Dématérialisation des démarches de l'usager", "Guichet numérique des aides sociales",
                 "Instruction dématérialisée des aides", "Portail des familles et des déplacements"),
    "donnees": ("Plateforme de données territoriales", "Observatoire des données de mobilité",
                "Gouvernance et qualité de la donnée", "Jumeau numérique des bâtiments publics"),
    "cooperation": ("Bureau virtuel partagé des agents", "Espace de travail avec les partenaires sociaux",
                    "Relation usagers à canaux multiples", "Annuaire et identité des agents du territoire"),
    "equipement": ("Achat de tablettes pour les élus", "Renouvellement du parc d'ordinateurs"),
    "infrastructure": ("Raccordement des sites à la fibre", "Bornes Wi-Fi des places publiques"),
    "formation": ("Formation des agents à la bureautique", "Cycle de formation au numérique"),
    "relation-usager": ("Refonte du site et des téléservices", "Prise de rendez-vous en ligne",
                        "Gestion de la relation usager"),
    "securite": ("Audit et plan de sécurité informatique", "Sauvegarde externe et reprise d'activité"),
    "outils-agents": ("Parapheur et signature électroniques", "Gestion électronique des documents",
                      "Travail à distance des agents", "Archivage électronique mutualisé"),
    "franceconnect": ("Connexion à FranceConnect", "FranceConnect et API nationales"),
    "ads": ("Démat.ADS : instruction dématérialisée de l'urbanisme",),
    "cyber": ("Parcours de cybersécurité", "Cellule d'alerte mutualisée", "Exercice de crise et plan de reprise"),
    "partage": ("Portail de données ouvertes", "Entrepôt de données partagé", "Charte de la donnée"),
    "elus": ("Sensibilisation des élus au numérique", "Atelier cybersécurité des élus",
             "Parcours de découverte pour les élus"),
}  # fmt: skip


def dossier(body: Body, envelope: str, theme: str, draw: Draw, **cells: str | int | None) -> Row:
    """One row: an applicant, a title of the theme, and the given cells; money cells are cents."""
    row: Row = dict.fromkeys(COLUMNS, "")
    title = f"{draw.pick(TITLES[theme])} — {body['applicant']}"
    row.update(body | {"envelope": envelope, "theme": theme, "title": title})
    row.update({"state": "en_instruction", "synthetic": "oui"} | cells)
    return row


def grant_cells(draw: Draw, amount: int, committed: bool, notified: tuple[dt.date, dt.date]) -> Row:
    """Cells of the money asked and, for a laureate, of the money promised and the day it was told."""
    cells: Row = {"requested": amount}
    if committed:
        cells |= {"committed": amount, "state": "accepte", "notified_at": draw.moment(*notified, timed=0.0)}
    return cells


def numbered(rows: list[Row], prefix: str, digits: int) -> list[Row]:
    """The rows in filing order (equal moments as drawn), numbered from 1."""
    rows.sort(key=lambda row: str(row["filed_at"]))
    for number, row in enumerate(rows, start=1):
        row["dossier"] = f"{prefix}-{number:0{digits}d}"
    return rows


def euros(cents: str | int | None) -> str:
    """Cents as a decimal text in euros; an empty cell stays empty."""
    return f"{cents // 100}.{cents % 100:02d}" if isinstance(cents, int) else ""


def encode(rows: Sequence[Row]) -> bytes:
    """The CSV file: UTF-8, comma, line feed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {name: euros(row[name]) for name in MONEY})
    return text.getvalue().encode()
