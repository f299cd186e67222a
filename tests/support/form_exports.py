"""Made-up exports in each layout: three dossiers, with people in them, as the services export them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from support.table_files import ods_rows, packed
from tnt_sim.ingest.forms.form_import import Imported, import_form
from tnt_sim.ingest.forms.form_reader import read_form
from tnt_sim.ingest.forms.mapping import FormMapping
from tnt_sim.ingest.tables.raw_table import ReadOptions

Row = Sequence[Any]

COST, ASKED = "Coût total de l'opération (en euros HT)", "Montant de l'aide demandée (en euros)"
HEAD = ["ID", "Email", "FranceConnect ?"]
COMPANY = [
    "Établissement SIRET", "Établissement code postal", "Établissement localité",
    "Établissement code INSEE localité", "Entreprise SIREN", "Entreprise raison sociale",
]  # fmt: skip
STEPS = [
    "À archiver", "État du dossier", "Dernière mise à jour le", "Déposé le", "Passé en instruction le",
    "Traité le", "Motivation de la décision", "Instructeurs", "Groupe instructeur",
]  # fmt: skip
FORM = [
    "Nature du porteur de projet", "Nom", "Prénom", "Nom", "Prénom", "Téléphone", "Intitulé du projet",
    "Département ou collectivité du demandeur", "Date de commencement de l'opération",
    "Date prévisionnelle d'achèvement de l'opération", COST, ASKED, "Précisez lequel.", "Précisez lequel.",
    "Projet situé en QPV",
]  # fmt: skip
LABELS = [*HEAD, *COMPANY, *STEPS, *FORM]

SIRETS = ("21010053000018", "21010053000018", "21630113000010")
PEOPLE = ("jean.dupont@mairie.fr", "Dupont", "Jeanne", "agent@prefecture.gouv.fr", "06 12 34 56 78", "Martin")


def rows() -> list[list[Any]]:
    """Three dossiers: refused, under review and a draft; the second has an empty cost, exported as 0."""
    states = ("En instruction", "Refusé", "Brouillon")
    filed = ("2026-01-05 09:30", "2026-01-06 10:00", "")
    cost, asked = (120000, 0, 5000), (60000, 12000.5, 1000)
    made = []
    for k in range(3):
        company = [
            SIRETS[k],
            "01000",
            "Bourg-en-Bresse",
            "01053",
            SIRETS[k][:9],
            "COMMUNE DE BOURG EN BRESSE",
        ]
        steps = ["Non", states[k], "2026-01-10 08:00", filed[k], "", "", "", PEOPLE[3], "01 - Ain"]
        form = [
            "Commune", PEOPLE[1], PEOPLE[2], PEOPLE[5], PEOPLE[2], PEOPLE[4], f"Rénovation de l'école {k + 1}",
            "01 - Ain", "2026-03-01", "2026-12-31", cost[k], asked[k], "", "autre zonage", "on",
        ]  # fmt: skip
        made.append([str(1001 + k), PEOPLE[0], "", *company, *steps, *form])
    return made


def as_csv(labels: Row, body: Sequence[Row], *, delimiter: str = ",") -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([labels, *body])
    return stream.getvalue().encode()


def book(sheets: Mapping[str, Sequence[Row]]) -> bytes:
    """A workbook of several sheets."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    moment = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    for name, body in sheets.items():
        page = workbook.add_worksheet(name)
        for r, row in enumerate(body):
            for c, value in enumerate(row):
                if isinstance(value, dt.datetime):
                    page.write_datetime(r, c, value, moment)
                elif isinstance(value, str):
                    page.write_string(r, c, value)
                elif value is not None:
                    page.write_number(r, c, value)
    workbook.close()
    return buffer.getvalue()


def ods_book(sheets: Mapping[str, Sequence[Row]]) -> bytes:
    """An ODS file of several sheets."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    tables = "".join(
        f'<table:table table:name="{name}">{ods_rows(body)}</table:table>' for name, body in sheets.items()
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": manifest,
            "content.xml": content,
        }
    )


def demarche_sheets() -> dict[str, list[list[Any]]]:
    """The sheets of a workbook export: companies, opinions and a repeated block apart."""
    labels = [*HEAD, "Entreprise raison sociale", *STEPS, *FORM]
    n, m = len(HEAD), len(HEAD) + len(COMPANY)
    body = [[*row[:n], row[m - 1], *row[m:]] for row in rows()]
    companies = [["Dossier ID", "Champ", *COMPANY]]
    companies += [[row[0], "", *row[n:m]] for row in rows()]
    companies += [
        ["1001", "Identification du maître d'ouvrage délégué", "35600000000048", "", "", "", "", "LA POSTE"]
    ]
    opinions = [["Dossier ID", "Question", "Avis", "Expert"], ["1001", "?", "favorable", PEOPLE[0]]]
    block = [
        ["Dossier ID", "Ligne", "Financeur", "Montant"],
        ["1001", 1, "Région", 1000],
        ["1001", 2, "UE", 500.5],
    ]
    return {
        "Dossiers": [labels, *body],
        "Etablissements": companies,
        "Avis": opinions,
        "Cofinancements": block,
    }


def imported(
    folder: Path, name: str, data: bytes | str, mapping: FormMapping | None = None, *,
    format_name: str | None = None, likeness: bool = True, read: ReadOptions = ReadOptions(), **more: Any,
) -> Imported:  # fmt: skip
    """Write a file and import it."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    form, layout = read_form(path, shown_as=name, format_name=format_name, read=read)
    return import_form(form, layout, mapping, likeness=likeness, **more)


def answer(*dossiers: dict[str, Any], **page: Any) -> str:
    """A GraphQL answer of a démarche."""
    info = {"hasNextPage": False, "endCursor": "x"} | page.pop("pageInfo", {})
    demarche = {
        "number": 42,
        "revision": {"id": "r1"},
        "dossiers": {"pageInfo": info, "nodes": list(dossiers)},
    }
    return json.dumps({"data": {"demarche": demarche}, **page})
