"""The windows and lines of the TNT programme: FranceConnect, Démat.ADS, cybersecurity and data, elected officials.

FranceConnect: 104 bodies of the equipped list are committed; the candidates are the 66 departments, 1,327 large
bodies and 3,099 small communes that the goals of March 2022 still need. Nobody has filed for them: `filed_at` is
empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import franceconnect as goals
from synthetic import EURO, Atlas, Body, Draw, cost_for, sizes
from tnt_2021_rows import Row, dossier, grant_cells, numbered

NEEDED = {"departement": 66, "grande": 1_327, "petite": 3_099}
"""What the goals still need, by class: 101 − 35, 2,211 − 884, 3,180 − 81."""
N_COMMITTED = 104
N_CENTRES, N_ALONE = 1_000, 340
FEE = 5_000
OPENED, CLOSED = dt.date(2021, 9, 1), dt.date(2021, 11, 20)


def franceconnect(draw: Draw, atlas: Atlas, territories: Path) -> list[Row]:
    """The window of axis 2: 104 committed at 5,000 €, then one candidate for each body that the goals need."""
    table = goals.bodies(territories)
    equipped = goals.equipped(table)
    known = {(str(body["applicant_type"]), str(body["applicant_id"])): body for body in atlas.everyone}
    grade = {(kind, code): name for kind, code, name in table.select("kind", "code", "grade").iter_rows()}
    have = [(kind, code) for kind, code in equipped.select("kind", "code").iter_rows()]
    funded = draw.shuffled([known[key] for key in have if key in known])[:N_COMMITTED]
    rows = [_connection(draw, body, grade, True) for body in funded]
    for name, count in NEEDED.items():
        missing = sorted(key for key, of in grade.items() if of == name and key not in set(have))
        bodies = [known.get(key) or _body(atlas, table, key) for key in draw.shuffled(missing)[:count]]
        bodies.sort(key=lambda body: str(body["applicant_id"]))
        rows += [_connection(draw, body, grade, False) for body in bodies]
    return numbered(rows[:N_COMMITTED], "FC", 4) + _continued(rows[N_COMMITTED:])


def _continued(rows: list[Row]) -> list[Row]:
    for number, row in enumerate(rows, start=N_COMMITTED + 1):
        row["dossier"] = f"FC-{number:04d}"
    return rows


def _body(atlas: Atlas, table: goals.pl.DataFrame, key: tuple[str, str]) -> Body:
    """A department of the statistics that has no council of its own: it counts in the goal of 101."""
    kind, code = key
    (record,) = table.filter((goals.pl.col("kind") == kind) & (goals.pl.col("code") == code)).to_dicts()
    region = next(body["region"] for body in atlas.communes if body["department"] == record["department"])
    return {
        "applicant": record["name"], "applicant_id": code, "applicant_type": kind,
        "department": record["department"],
        "region": region, "epci": "", "commune": "", "members": "", "population": record["population"],
    }  # fmt: skip


def _connection(draw: Draw, body: Body, grade: dict[tuple[str, str], str], committed: bool) -> Row:
    name = grade[str(body["applicant_type"]), str(body["applicant_id"])]
    cells = grant_cells(draw, FEE * EURO, committed, (dt.date(2021, 9, 1), dt.date(2021, 10, 8)))
    if committed:
        cells["filed_at"] = draw.moment(dt.date(2021, 4, 1), dt.date(2021, 8, 31))
    else:
        cells["requested"] = ""
    cells["n_api"] = 0 if committed else draw.pick((0, 0, 1, 1, 1, 2, 3))
    cells["cost"] = (10_000 + 10 * draw.below(1_500)) * EURO
    cells["score"] = draw.fine_score(13.0, 2.0)
    return dossier(body, "fc", "franceconnect", draw, project_class=f"fc-{name}", **cells)


def demat_ads(draw: Draw, atlas: Atlas) -> list[Row]:
    """Démat.ADS: 1,000 EPCI for all their communes, 340 communes above 3,500 elsewhere; no commune twice."""
    centres = draw.shuffled(atlas.epci + atlas.metropoles)[:N_CENTRES]
    shared = {body["applicant_id"] for body in centres}
    large = [body for body in atlas.communes if int(body["population"] or 0) > 3_500]
    alone = draw.shuffled([body for body in large if body["epci"] not in shared])[:N_ALONE]
    rows: list[Row] = []
    for body in centres + alone:
        communes = atlas.members.get(str(body["applicant_id"]), [str(body["commune"])])
        kind = "ads-epci" if len(communes) > 1 else "ads-commune"
        cells: Row = {"n_communes": len(communes), "members": ";".join(communes) if len(communes) > 1 else ""}
        cells["cost"] = cost_for(draw, centre_fee(len(communes)), (30, 40, 50, 60, 80, 100))
        cells["score"] = draw.fine_score(12.0, 2.5)
        cells["filed_at"] = draw.moment(dt.date(2021, 5, 27), dt.date(2021, 11, 22))
        rows.append(dossier(body, "demat-ads", "ads", draw, project_class=kind, **cells))
    return numbered(rows, "ADS", 4)


def centre_fee(n_communes: int) -> int:
    """4,000 € a centre and 400 € a commune, 30 at most, in cents."""
    return (4_000 + 400 * min(n_communes, 30)) * EURO


def lines(draw: Draw, atlas: Atlas, structures: Sequence[Body]) -> list[Row]:
    """Cybersecurity (18, 600,000 €), data (12, 400,000 €) and elected officials (24, 600,000 €)."""
    groups = [*structures, *atlas.epci, *atlas.metropoles, *atlas.departements]
    return [
        *_line(draw, groups, 18, 600_000, "groupes", "cyber", "CY"),
        *_line(draw, groups, 12, 400_000, "groupes", "partage", "DO"),
        *_line(draw, groups, 24, 600_000, "axe-3-reste", "elus", "EL"),
    ]


def _line(
    draw: Draw, bodies: Sequence[Body], n: int, euros: int, envelope: str, theme: str, prefix: str
) -> list[Row]:
    rows: list[Row] = []
    for body, amount in zip(draw.shuffled(bodies)[:n], sizes(draw, n, euros, 0.5), strict=True):
        cells: Row = {"requested": amount, "cost": cost_for(draw, amount, (50, 60, 70, 80))}
        cells["score"] = draw.score(12.0, 2.5)
        cells["filed_at"] = draw.moment(OPENED, CLOSED)
        rows.append(dossier(body, envelope, theme, draw, project_class=theme, **cells))
    return numbered(rows, prefix, 2)
