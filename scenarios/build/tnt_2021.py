"""Build ``scenarios/data/tnt-2021-dossiers.csv``: SYNTHETIC dossiers of the TNT programme, 22 November 2021.

No public list of the programme's dossiers with amounts is known. These are invented, and drawn so that the
published totals hold exactly (sources: ``scenarios/tnt-2021.yaml``). Communes, EPCI, departments and regions,
their codes and inhabitants are those of the 2021 map; amounts, titles, scores and dates are not theirs.

Run with ``uv run python scenarios/build/tnt_2021.py`` once ``territories-2021.parquet`` is there. It writes
the table, and prints the figures that the scenario repeats (control block, list refused by the jury).

The file is the same, byte for byte, on any machine (see ``synthetic.py``): no clock, no set order, no float.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
from synthetic import EURO, Atlas, Body, Draw, cost_for, invented, sizes

DATA = Path(__file__).resolve().parent.parent / "data"
TARGET = DATA / "tnt-2021-dossiers.csv"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
SEED = 20211122
COLUMNS = (
    "dossier", "title", "envelope", "applicant", "applicant_id", "applicant_type", "department", "region",
    "epci", "commune", "members", "population", "cost", "requested", "score", "filed_at", "end",
    "notified_at", "state", "committed", "theme", "session", "n_communes", "n_api", "synthetic",
)  # fmt: skip
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


class Case(NamedTuple):
    """A batch of axis 1-2 dossiers: outcome, session, and how many by kind of applicant."""

    outcome: str
    session: str
    mutualisation: int
    metropole: int
    other: int


AXIS_1 = (
    Case("funded", "tour-1", 7, 6, 14), Case("funded", "tour-2", 2, 2, 4),
    Case("refused", "tour-1", 3, 3, 7), Case("refused", "tour-2", 2, 1, 4),
    Case("hors-perimetre", "tour-1", 4, 4, 9), Case("hors-perimetre", "tour-2", 1, 2, 4),
    Case("incomplet", "tour-2", 3, 2, 6),
)  # fmt: skip
AXIS_2 = (
    Case("funded", "appel-1", 9, 10, 17), Case("funded", "appel-2", 1, 1, 2),
    Case("refused", "appel-1", 5, 5, 9), Case("refused", "appel-2", 1, 2, 3),
    Case("seuil", "appel-1", 7, 5, 9), Case("seuil", "appel-2", 2, 2, 5),
    Case("hors-session", "hors-session", 1, 3, 3),
    Case("incomplet", "appel-1", 1, 1, 2), Case("incomplet", "appel-2", 1, 1, 2),
)  # fmt: skip
# Call 2 of axis 2 and the opening on 1 March are published; the other limits are assumptions.
SESSIONS = {
    "tour-1": (dt.date(2021, 3, 1), dt.date(2021, 6, 30)),
    "tour-2": (dt.date(2021, 9, 1), dt.date(2021, 10, 29)),
    "appel-1": (dt.date(2021, 3, 1), dt.date(2021, 9, 30)),
    "hors-session": (dt.date(2021, 10, 1), dt.date(2021, 10, 7)),
    "appel-2": (dt.date(2021, 10, 8), dt.date(2021, 11, 10)),
}
KINDS = ("mutualisation", "metropole", "other")
THRESHOLD = {"appel-1": 500_001, "hors-session": 500_001, "appel-2": 300_000}
# 35 × 302,000 € and 40 × 175,000 €
TOTALS = {("axe-1", "funded"): 10_570_000, ("appels", "funded"): 7_000_000}
MEANS = {"axe-1": 270_000, "appels": 160_000}


def may_apply(body: Body, envelope: str, case: Case) -> bool:
    """Whether a body suits a case: above or below the threshold of axis 2, any for axis 1."""
    if envelope == "axe-1":
        return int(body["population"] or 0) >= 10_000
    tall = body["applicant_type"] == "departement" or int(body["population"] or 0) >= THRESHOLD[case.session]
    return tall != (case.outcome == "seuil") and int(body["population"] or 0) >= 40_000


def national(draw: Draw, atlas: Atlas, structures: Sequence[Body]) -> list[Row]:
    """The 200 dossiers of axes 1 and 2, FranceConnect apart: 120 eligible, 75 committed, 45 refused."""
    pools: dict[str, Sequence[Body]] = {
        "mutualisation": structures, "metropole": atlas.metropoles, "departement": atlas.departements,
        "region": atlas.regions, "epci": atlas.epci, "commune": atlas.communes,
    }  # fmt: skip
    rows: list[Row] = []
    for envelope, cases in (("axe-1", AXIS_1), ("appels", AXIS_2)):
        for outcome in dict.fromkeys(case.outcome for case in cases):
            batch = [
                (case, kind) for case in cases if case.outcome == outcome
                for kind in KINDS for _ in range(getattr(case, kind))
            ]  # fmt: skip
            total = TOTALS.get((envelope, outcome), MEANS[envelope] * len(batch))
            for (case, kind), amount in zip(batch, sizes(draw, len(batch), total, 0.6), strict=True):
                body = applicant(draw, pools, kind, envelope, case)
                rows.append(national_row(draw, body, envelope, case, amount))
    last = next(row for row in rows if row["session"] == "appel-2" and row["state"] == "en_construction")
    last["filed_at"] = "2021-11-22T23:58"  # in time: the call closed at midnight
    return numbered(rows[:90], "A1", 3) + numbered(rows[90:], "A2", 3)


OTHER_KINDS = ("departement",) * 4 + ("epci",) * 3 + ("commune",) * 2 + ("region",)


def applicant(draw: Draw, pools: dict[str, Sequence[Body]], kind: str, envelope: str, case: Case) -> Body:
    """A body of the kind that suits the case; ``other`` is drawn until a kind has such a body."""
    fit: list[Body] = []
    while not fit:
        drawn = draw.pick(OTHER_KINDS) if kind == "other" else kind
        fit = [body for body in pools[drawn] if may_apply(body, envelope, case)]
    return draw.pick(fit)


def national_row(draw: Draw, body: Body, envelope: str, case: Case, amount: int) -> Row:
    """One dossier of axis 1 or 2 that meets, or fails, exactly what its case says."""
    theme = "co-construction" if envelope == "axe-1" else draw.pick(("demarche", "donnees", "cooperation"))
    if case.outcome == "hors-perimetre":
        theme = draw.pick(("equipement", "equipement", "infrastructure", "formation"))
    first, last = SESSIONS[case.session]
    cells = grant_cells(draw, amount, case.outcome == "funded", (last, dt.date(2021, 11, 19)))
    rates = (50, 60, 70, 75, 75) if case.session == "appel-2" else (30, 40, 45, 50, 50, 50)
    cells["cost"] = cost_for(draw, amount, rates)
    funded = case.outcome == "funded"
    cells["score"] = draw.score(14.5, 1.5, 12.0) if funded else draw.score(9.0, 1.5, 4.0, 11.9)
    cells["filed_at"] = draw.moment(first, last)
    if case.outcome == "incomplet":
        cells["state"] = "en_construction"
    return dossier(body, envelope, theme, draw, session=case.session, **cells)


def numbered(rows: list[Row], prefix: str, digits: int) -> list[Row]:
    """The rows in filing order (equal moments as drawn), numbered from 1."""
    rows.sort(key=lambda row: str(row["filed_at"]))
    for number, row in enumerate(rows, start=1):
        row["dossier"] = f"{prefix}-{number:0{digits}d}"
    return rows


LOCAL_THEMES = ("relation-usager", "relation-usager", "outils-agents", "outils-agents", "donnees", "securite")
LOCAL_RATES = (50, 60, 70, 80, 80, 80, 90, 100, 100, 100)
DEPARTMENT_EUROS = 297_000  # published flat share of a department: commitments stay below it
CANDIDATE_SIGMA = 0.90


def local_body(draw: Draw, atlas: Atlas, syndicats: Sequence[Body], department: str, amount: int) -> Body:
    """An applicant of axis 3 in a department: communes mostly, EPCI more often for large amounts."""
    chance = draw.unit()
    if chance < 0.06:
        return draw.pick([body for body in syndicats if body["department"] == department])
    kinds = ("epci", "metropole") if chance < (0.55 if amount > 40_000 * EURO else 0.28) else ("commune",)
    here = [body for body in atlas.everyone if body["department"] == department]
    pool = [body for body in here if body["applicant_type"] in kinds] or here
    return max((draw.pick(pool) for _ in range(3)), key=lambda body: int(body["population"] or 0))


def local_syndicats(draw: Draw, atlas: Atlas, codes: Sequence[str]) -> list[Body]:
    """One invented syndicat per department, over an invented number of inhabitants."""
    home = {str(body["department"]): body for body in atlas.epci + atlas.communes + atlas.departements}
    return [
        invented("Syndicat informatique", "syndicat", home[code], number)
        | {"population": 5_000 + 100 * draw.below(1_500)}
        for number, code in enumerate(codes, start=1)
    ]


def deconcentrated(draw: Draw, atlas: Atlas, structures: Sequence[Body]) -> list[Row]:
    """Axis 3: 1,400 committed = 19 M€ (500 = 9.7 M€ by 8 October), 676 candidates = 33 M€."""
    codes = sorted({str(body["department"]) for body in atlas.communes} - {"75"})
    syndicats = [*structures, *local_syndicats(draw, atlas, codes)]
    rows: list[Row] = []
    held = dict.fromkeys(codes, 0)
    for n, euros, sigma, first, last in (
        (500, 9_700_000, 0.9, dt.date(2021, 7, 1), dt.date(2021, 10, 8)),
        (900, 9_300_000, 0.9, dt.date(2021, 10, 11), dt.date(2021, 11, 19)),
        (676, 33_000_000, CANDIDATE_SIGMA, None, None),
    ):
        for amount in sorted(sizes(draw, n, euros, sigma), reverse=True):
            code = draw.pick(codes)
            while first and held[code] + amount > DEPARTMENT_EUROS * EURO:
                code = draw.pick(codes)
            held[code] += amount if first else 0
            body = local_body(draw, atlas, syndicats, code, amount)
            notified = (first, last) if first and last else None
            rows.append(deconcentrated_row(draw, body, amount, notified))
    return numbered(rows, "A3", 4)


def deconcentrated_row(draw: Draw, body: Body, amount: int, notified: tuple[dt.date, dt.date] | None) -> Row:
    """One dossier of axis 3; laureates were filed before the first of them was told."""
    told = notified or (dt.date(2021, 9, 30), dt.date(2021, 11, 19))
    cells = grant_cells(draw, amount, notified is not None, told)
    cells["cost"] = cost_for(draw, amount, LOCAL_RATES)
    cells["score"] = draw.score(14.0, 2.0) if notified else draw.score(11.5, 2.5)
    last = min(told[0], dt.date(2021, 9, 30)) - dt.timedelta(days=1)
    cells["filed_at"] = draw.moment(dt.date(2021, 3, 1), last)
    cells["end"] = (dt.date(2022, 3, 31) + dt.timedelta(days=draw.below(600))).isoformat()
    return dossier(body, "deconcentre", draw.pick(LOCAL_THEMES), draw, **cells)


def franceconnect(draw: Draw, atlas: Atlas) -> list[Row]:
    """The window of axis 2: 104 committed at 5,000 €, 206 candidate dossiers of 200 bodies (6 ask twice)."""
    large = [body for body in atlas.communes if int(body["population"] or 0) > 3_500]
    bodies = draw.shuffled(
        draw.shuffled(atlas.departements)[:45] + draw.shuffled(atlas.epci + atlas.metropoles)[:129]
        + draw.shuffled(large)[:100] + draw.shuffled(atlas.communes)[:30]
    )  # fmt: skip
    rows: list[Row] = []
    for rank, body in enumerate(bodies[:304] + bodies[104:110]):
        committed = rank < 104
        cells = grant_cells(draw, 5_000 * EURO, committed, (dt.date(2021, 9, 1), dt.date(2021, 10, 8)))
        cells["requested"] = cells["requested"] if committed else ""
        cells["n_api"] = 0 if committed else draw.pick((0, 0, 1, 1, 1, 2, 3))
        cells["cost"] = (10_000 + 10 * draw.below(1_500)) * EURO
        cells["score"] = draw.score(13.0, 2.0)
        first, last = ((4, 1), (8, 31)) if committed else ((7, 1), (11, 21))
        cells["filed_at"] = draw.moment(dt.date(2021, *first), dt.date(2021, *last))
        rows.append(dossier(body, "fc", "franceconnect", draw, **cells))
    return numbered(rows, "FC", 3)


def demat_ads(draw: Draw, atlas: Atlas) -> list[Row]:
    """Démat.ADS: 430 EPCI for all their communes, 190 communes above 3,500 elsewhere; no commune twice."""
    centres = draw.shuffled(atlas.epci + atlas.metropoles)[:430]
    taken = {body["epci"] for body in centres}
    large = [body for body in atlas.communes if int(body["population"] or 0) > 3_500]
    alone = [body for body in large if body["epci"] not in taken]
    rows: list[Row] = []
    for body in centres + draw.shuffled(alone)[:190]:
        communes = atlas.members.get(str(body["applicant_id"]), [str(body["commune"])])
        amount = min(4_000 + 400 * min(len(communes), 30), 16_000) * EURO
        cells: Row = {"n_communes": len(communes), "members": ";".join(communes) if len(communes) > 1 else ""}
        cells["cost"] = cost_for(draw, amount, (30, 40, 50, 60, 80, 100))
        cells["score"] = draw.score(12.0, 2.5)
        cells["filed_at"] = draw.moment(dt.date(2021, 5, 27), dt.date(2021, 11, 22))
        rows.append(dossier(body, "demat-ads", "ads", draw, **cells))
    return numbered(rows, "ADS", 3)


def build(territories: Path = MAP) -> list[Row]:
    """Every row of the table, in the order of the file; money cells in cents."""
    atlas = Atlas(pl.read_parquet(territories))
    # One stream per part, so that a change in one part leaves the others as they are.
    structures = atlas.structures(Draw(SEED))
    return [
        *national(Draw(SEED + 1), atlas, structures), *franceconnect(Draw(SEED + 2), atlas),
        *deconcentrated(Draw(SEED + 3), atlas, structures), *demat_ads(Draw(SEED + 4), atlas),
    ]  # fmt: skip


def euros(cents: str | int | None) -> str:
    """Cents as a decimal text in euros; an empty cell stays empty."""
    return f"{cents // 100}.{cents % 100:02d}" if isinstance(cents, int) else ""


def encode(rows: Sequence[Row]) -> bytes:
    """The CSV file: UTF-8, comma, line feed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {name: euros(row[name]) for name in ("cost", "requested", "committed")})
    return text.getvalue().encode()


def refused(rows: Sequence[Row]) -> list[str]:
    """The dossiers of axes 1 and 2 that are eligible, not committed: those that the jury did not keep."""
    outcomes = {"axe-1": ("co-construction",), "appels": ("demarche", "donnees", "cooperation")}
    return [
        str(row["dossier"]) for row in rows
        if row["theme"] in outcomes.get(str(row["envelope"]), ()) and row["state"] == "en_instruction"
        and (row["envelope"] == "axe-1" or is_within_call(row))
    ]  # fmt: skip


def is_within_call(row: Row) -> bool:
    """Whether a dossier of axis 2 was filed in a session and reaches its threshold."""
    enough = int(row["population"] or 0) >= THRESHOLD[str(row["session"])]
    return row["session"] != "hors-session" and (enough or row["applicant_type"] == "departement")


if __name__ == "__main__":
    table = build()
    content = encode(table)
    TARGET.write_bytes(content)
    total = sum(int(row["requested"] or 0) for row in table)
    digest = hashlib.sha256(content).hexdigest()
    print(f"control: {{rows: {len(table)}, requested: {euros(total)} €, sha256: {digest}}}")
    print(f"refuse: [{', '.join(refused(table))}]")
