"""Build ``scenarios/data/demarche-exemple.csv``: a SYNTHETIC export in the layout of démarches-simplifiées.

Columns are those that the service writes: who files, the company, the steps, then the form's own labels. Communes,
their codes and inhabitants are those of the 2021 map; what they ask is drawn at random and describes no real
request. Some rows hold what real exports hold too: a draft, a cost that was left empty (written as 0), a request
above its cost, a SIRET with a wrong digit, a project filed twice.

Run with ``uv run python scenarios/build/demarche_export.py``. The file is the same, byte for byte, on any machine.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from pathlib import Path

import polars as pl
from synthetic import EURO, Atlas, Body, Draw, cost_for, sizes

TARGET = Path(__file__).resolve().parent.parent / "data" / "demarche-exemple.csv"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
SEED = 20260115
N, TOTAL_EUROS = 140, 3_600_000
DEPARTMENTS = {"22": "Côtes-d'Armor", "29": "Finistère", "35": "Ille-et-Vilaine", "56": "Morbihan"}
THEMES = (
    "Dématérialisation des démarches", "Accueil numérique des usagers", "Données ouvertes", "Cybersécurité",
    "Outils des agents",
)  # fmt: skip
COLUMNS = (
    "ID", "Email", "FranceConnect ?", "Établissement SIRET", "Entreprise SIREN", "Entreprise raison sociale",
    "Établissement code INSEE localité", "Archivé", "État du dossier", "Dernière mise à jour le", "Déposé le",
    "Passé en instruction le", "Traité le", "Groupe instructeur", "Nom", "Prénom", "Téléphone",
    "Nature du porteur de projet", "Intitulé du projet", "Thème du projet",
    "Département ou collectivité du demandeur", "Date prévisionnelle d'achèvement de l'opération",
    "Coût total de l'opération (en euros HT)", "Montant de l'aide demandée (en euros)", "Note du jury",
    "synthetic",
)  # fmt: skip
COST, ASKED = "Coût total de l'opération (en euros HT)", "Montant de l'aide demandée (en euros)"
Row = dict[str, str | int]


def rows(territories: Path = MAP) -> list[Row]:
    """The dossiers in filing order, a few of them faulty on purpose."""
    draw = Draw(SEED)
    atlas = Atlas(pl.read_parquet(territories))
    everyone = draw.shuffled([*atlas.communes, *atlas.epci])
    bodies = [body for body in everyone if body["department"] in DEPARTMENTS][:N]
    asked = sizes(draw, N, TOTAL_EUROS, 0.7)
    made = [row(draw, k, body, cents) for k, (body, cents) in enumerate(zip(bodies, asked, strict=True))]
    made.sort(key=lambda one: str(one["Déposé le"]))
    for number, one in enumerate(made, start=7_400_001):
        one["ID"] = number
    return spoiled(made)


def row(draw: Draw, k: int, body: Body, cents: int) -> Row:
    """One dossier as the service exports it."""
    kind, department = str(body["applicant_type"]), str(body["department"])
    own = str(body["applicant_id"]) if kind == "epci" else siren(str(body["commune"]))
    asked = cents // EURO
    cost = cost_for(draw, asked * EURO, (40, 50, 60, 70, 80)) // EURO
    theme = draw.pick(THEMES)
    filed = draw.moment(dt.date(2026, 1, 15), dt.date(2026, 3, 31), timed=1.0).replace("T", " ")
    end = dt.date(2026, 10, 1) + dt.timedelta(days=draw.below(800))
    return {
        "ID": 0, "Email": f"mairie-{k + 1:03d}@exemple.invalid", "FranceConnect ?": "",
        "Établissement SIRET": siret(own), "Entreprise SIREN": own,
        "Entreprise raison sociale": str(body["applicant"]).upper(),
        "Établissement code INSEE localité": str(body["commune"] or ""), "Archivé": "Non",
        "État du dossier": "En instruction", "Dernière mise à jour le": "2026-04-02 08:00", "Déposé le": filed,
        "Passé en instruction le": "2026-04-01 09:00", "Traité le": "",
        "Groupe instructeur": f"{department} - {DEPARTMENTS[department]}", "Nom": f"NOM{k + 1}",
        "Prénom": f"Prénom{k + 1}", "Téléphone": "00 00 00 00 00",
        "Nature du porteur de projet": "Commune" if kind == "commune" else "EPCI",
        "Intitulé du projet": f"{theme}, {body['applicant']}", "Thème du projet": theme,
        "Département ou collectivité du demandeur": f"{department} - {DEPARTMENTS[department]}",
        "Date prévisionnelle d'achèvement de l'opération": end.isoformat(),
        COST: cost, ASKED: asked,
        "Note du jury": draw.score(12.0, 3.0), "synthetic": "oui",
    }  # fmt: skip


def siren(commune: str) -> str:
    """The number that INSEE gives a commune: « 21 », its code, and a check digit."""
    return checked(f"21{commune[:2]}0{commune[2:]}")


def siret(own: str) -> str:
    """The first establishment of a SIREN."""
    return checked(f"{own}0001")


def checked(body: str) -> str:
    """Digits with the check digit of Luhn after them."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{body}{-total % 10}"


def spoiled(made: list[Row]) -> list[Row]:
    """The same with what real exports hold too."""
    made[5]["Coût total de l'opération (en euros HT)"] = 0
    made[11]["Montant de l'aide demandée (en euros)"] = (
        int(made[11]["Coût total de l'opération (en euros HT)"]) + 500
    )
    wrong = str(made[23]["Établissement SIRET"])
    made[23]["Établissement SIRET"] = wrong[:-1] + str((int(wrong[-1]) + 1) % 10)
    made[40]["État du dossier"] = "Refusé"
    made[41]["État du dossier"] = "Classé sans suite"
    made[60] |= {"État du dossier": "Brouillon", "Déposé le": "", "Passé en instruction le": ""}
    twin = dict(made[72]) | {"ID": int(made[-1]["ID"]) + 1, "Déposé le": "2026-03-31 18:20"}
    return [*made, twin]


def build(territories: Path = MAP) -> bytes:
    """The CSV file as the service writes it: UTF-8, comma, line feed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(territories))
    return text.getvalue().encode()


if __name__ == "__main__":
    content = build()
    TARGET.write_bytes(content)
    lines = content.count(b"\n") - 1
    print(f"{TARGET.name}: {{rows: {lines}, sha256: {hashlib.sha256(content).hexdigest()}}}")
