"""Build the SYNTHETIC dossiers of the TNT programme: ``tnt-2021-dossiers.csv`` and ``tnt-2021-axe-2-seul.csv``.

No public list of the programme's dossiers with amounts is known. These are invented, and drawn so that the
published totals hold exactly (sources: ``scenarios/tnt-2021.yaml``). Communes, EPCI, departments and regions,
their codes and inhabitants are those of the 2021 map; amounts, titles, scores and dates are not theirs.

Axes 1 and 2 are drawn in ``tnt_2021_national.py``, windows and lines in ``tnt_2021_open.py``, the deconcentrated
windows here; points and the questionnaire, which look at all dossiers, are added in ``tnt_2021_worth.py``.

Run with ``uv run python scenarios/build/tnt_2021.py`` once ``territories-2021.parquet`` is there. It writes both
tables, and prints the figures that the scenarios repeat (control blocks, lists refused by the jury).

The files are the same, byte for byte, on any machine (see ``synthetic.py``): no clock, no set order, no float.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from synthetic import EURO, Atlas, Body, Draw, cost_for, invented, sizes
from tnt_2021_national import APART, FIRST, SECOND_CALL, national, refused
from tnt_2021_open import demat_ads, franceconnect, lines
from tnt_2021_rows import Row, dossier, encode, euros, grant_cells, numbered
from tnt_2021_worth import with_worth

DATA = Path(__file__).resolve().parent.parent / "data"
TARGET = DATA / "tnt-2021-dossiers.csv"
OTHER_READING = DATA / "tnt-2021-axe-2-seul.csv"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
SEED = 20211122
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


def local_syndicats(draw: Draw, places: Draw, atlas: Atlas, codes: Sequence[str]) -> list[Body]:
    """One invented syndicat per department; members are drawn from `places`, `draw` says about how many people."""
    home = {str(body["department"]): body for body in atlas.epci + atlas.communes + atlas.departements}
    found: list[Body] = []
    for number, code in enumerate(codes, start=1):
        body = invented("Syndicat informatique", "syndicat", home[code], number)
        here = [commune for commune in atlas.communes if commune["department"] == code]
        members = joined(places.shuffled(here), 5_000 + 100 * draw.below(1_500))
        body["members"] = ";".join(sorted(str(member["commune"]) for member in members))
        body["population"] = sum(int(member["population"] or 0) for member in members)
        found.append(body)
    return found


def joined(communes: Sequence[Body], people: int) -> list[Body]:
    """The communes that join one after the other while all together have no more than so many inhabitants.

    Where that leaves less than two, the two smallest.
    """
    members: list[Body] = []
    for commune in communes:
        if int(commune["population"] or 0) <= people:
            members.append(commune)
            people -= int(commune["population"] or 0)
    smallest = sorted(communes, key=lambda body: int(body["population"] or 0))[:2]
    return members if len(members) > 1 else smallest


def deconcentrated(draw: Draw, places: Draw, atlas: Atlas, structures: Sequence[Body]) -> list[Row]:
    """Axis 3: 1,400 committed = 19 M€ (500 = 9.7 M€ by 8 October), 676 candidates = 33 M€."""
    codes = sorted({str(body["department"]) for body in atlas.communes} - {"75"})
    syndicats = [*structures, *local_syndicats(draw, places, atlas, codes)]
    rows: list[Row] = []
    held = dict.fromkeys(codes, 0)
    for n, whole, sigma, first, last in (
        (500, 9_700_000, 0.9, dt.date(2021, 7, 1), dt.date(2021, 10, 8)),
        (900, 9_300_000, 0.9, dt.date(2021, 10, 11), dt.date(2021, 11, 19)),
        (676, 33_000_000, CANDIDATE_SIGMA, None, None),
    ):
        for amount in sorted(sizes(draw, n, whole, sigma), reverse=True):
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


def build(territories: Path = MAP) -> dict[Path, list[Row]]:
    """Every row of both tables, in the order of the files; money cells in cents."""
    atlas = Atlas(pl.read_parquet(territories))
    # One stream per part, so that a change in one part leaves the others as they are.
    structures = atlas.structures(Draw(SEED))
    first = national(Draw(SEED + 1), atlas, structures, FIRST)
    calls = first["appels"]
    last = next(row for row in calls if row["session"] == "appel-2" and row["state"] == "en_construction")
    last["filed_at"] = "2021-11-22T23:58"  # in time: the call closed at midnight
    second = national(Draw(SEED + 5), atlas, structures, SECOND_CALL)
    apart = national(Draw(SEED + 7), atlas, structures, APART)
    rows = [
        *numbered(first["axe-1"], "A1", 3), *numbered(calls, "A2", 3), *numbered(second["appels"], "A2S", 2),
        *franceconnect(Draw(SEED + 2), atlas, territories),
        *deconcentrated(Draw(SEED + 3), Draw(SEED + 10), atlas, structures), *demat_ads(Draw(SEED + 4), atlas),
        *lines(Draw(SEED + 6), atlas, structures),
    ]  # fmt: skip
    others = [*numbered(apart["axe-1"], "A1B", 2), *numbered(apart["appels"], "A2B", 2)]
    for row in rows + others:
        row["decided"] = "oui" if row["committed"] != "" or is_settled(row) else "non"
    return {
        TARGET: with_worth(rows, Draw(SEED + 8)),
        OTHER_READING: with_worth(others, Draw(SEED + 9), rows),
    }


def is_settled(row: Row) -> bool:
    """Whether a dossier that is not committed is one of the filed whose end is published: not funded."""
    return row["envelope"] in ("axe-1", "appels") and row["session"] != "appel-2-fin"


if __name__ == "__main__":
    for path, table in build().items():
        content = encode(table)
        path.write_bytes(content)
        total = sum(int(row["requested"] or 0) for row in table)
        digest = hashlib.sha256(content).hexdigest()
        print(path.name, f"control: {{rows: {len(table)}, requested: {euros(total)} €, sha256: {digest}}}")
        print(f"refuse: [{', '.join(refused(table))}]")
