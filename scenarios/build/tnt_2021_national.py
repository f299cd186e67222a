"""Dossiers of axes 1 and 2 but for FranceConnect: what was decided on 22 November 2021, and what comes after.

`FIRST` are the 200 filed, 120 eligible, 75 funded, read as the article has it: axes 1 and 2 together. `APART` are
the dossiers that the other reading adds: 200, 120 and 75 for axis 2 alone, and 44 laureates in axis 1.
`SECOND_CALL` are the dossiers of the second call that nobody has decided on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from synthetic import Atlas, Body, Draw, cost_for, sizes
from tnt_2021_rows import Row, dossier, grant_cells


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
    "appel-2-fin": (dt.date(2021, 11, 11), dt.date(2021, 11, 22)),
}


class Plan(NamedTuple):
    """The batches of each envelope, and the exact total of those that have one."""

    cases: Mapping[str, Sequence[Case]]
    euros: Mapping[tuple[str, str], int]


SCORES: Mapping[str, tuple[float, ...]] = {"funded": (14.5, 1.5, 12.0), "pending": (12.0, 2.5)}
KINDS = ("mutualisation", "metropole", "other")
THRESHOLD = {"appel-1": 500_001, "hors-session": 500_001, "appel-2": 300_000, "appel-2-fin": 300_000}
MEANS = {"axe-1": 270_000, "appels": 160_000}
FIRST = Plan(
    {"axe-1": AXIS_1, "appels": AXIS_2},
    {("axe-1", "funded"): 35 * 302_000, ("appels", "funded"): 40 * 175_000},
)
# 44 laureates of axis 1 for 13.3 M€, 75 of axis 2 for 13.1 M€: 9 and 35 more than in FIRST
APART = Plan(
    {
        "axe-1": (Case("funded", "tour-2", 2, 2, 5),),
        "appels": (
            Case("funded", "appel-1", 9, 8, 18), Case("refused", "appel-1", 5, 4, 11),
            Case("seuil", "appel-1", 5, 5, 12), Case("incomplet", "appel-1", 3, 3, 7),
        ),
    },
    {("axe-1", "funded"): 13_300_000 - 35 * 302_000, ("appels", "funded"): 13_100_000 - 40 * 175_000},
)  # fmt: skip
SECOND_CALL = Plan(
    {
        "appels": (
            Case("pending", "appel-2-fin", 6, 2, 6), Case("seuil", "appel-2-fin", 1, 2, 4),
            Case("incomplet", "appel-2-fin", 1, 1, 1),
        )
    },
    {("appels", "pending"): 2_000_000},
)  # fmt: skip


def may_apply(body: Body, envelope: str, case: Case) -> bool:
    """Whether a body suits a case: above or below the threshold of axis 2, any for axis 1."""
    if envelope == "axe-1":
        return int(body["population"] or 0) >= 10_000
    tall = body["applicant_type"] == "departement" or int(body["population"] or 0) >= THRESHOLD[case.session]
    return tall != (case.outcome == "seuil") and int(body["population"] or 0) >= 40_000


def national(draw: Draw, atlas: Atlas, structures: Sequence[Body], plan: Plan) -> dict[str, list[Row]]:
    """The dossiers of a plan, by envelope."""
    pools: dict[str, Sequence[Body]] = {
        "mutualisation": structures, "metropole": atlas.metropoles, "departement": atlas.departements,
        "region": atlas.regions, "epci": atlas.epci, "commune": atlas.communes,
    }  # fmt: skip
    found: dict[str, list[Row]] = {}
    for envelope, cases in plan.cases.items():
        rows = found.setdefault(envelope, [])
        for outcome in dict.fromkeys(case.outcome for case in cases):
            batch = [
                (case, kind) for case in cases if case.outcome == outcome
                for kind in KINDS for _ in range(getattr(case, kind))
            ]  # fmt: skip
            total = plan.euros.get((envelope, outcome), MEANS[envelope] * len(batch))
            for (case, kind), amount in zip(batch, sizes(draw, len(batch), total, 0.6), strict=True):
                body = applicant(draw, pools, kind, envelope, case)
                rows.append(national_row(draw, body, envelope, case, amount))
    return found


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
    rates = (50, 60, 70, 75, 75) if case.session.startswith("appel-2") else (30, 40, 45, 50, 50, 50)
    cells["cost"] = cost_for(draw, amount, rates)
    cells["score"] = draw.score(*SCORES.get(case.outcome, (9.0, 1.5, 4.0, 11.9)))
    cells["filed_at"] = draw.moment(first, last)
    if case.outcome == "incomplet":
        cells["state"] = "en_construction"
    return dossier(body, envelope, theme, draw, session=case.session, **cells)


def is_eligible(row: Row) -> bool:
    """Whether a dossier may be funded: complete, in scope, filed in a session and above its threshold."""
    if row["state"] == "en_construction":
        return False
    if row["envelope"] == "axe-1":
        return row["theme"] == "co-construction"
    return row["envelope"] != "appels" or is_within_call(row)


def refused(rows: Sequence[Row]) -> list[str]:
    """The dossiers of axes 1 and 2 that were eligible on 22 November 2021 and got no money."""
    return [
        str(row["dossier"]) for row in rows
        if row["envelope"] in ("axe-1", "appels") and row["decided"] == "oui" and row["committed"] == ""
        and is_eligible(row)
    ]  # fmt: skip


def is_within_call(row: Row) -> bool:
    """Whether a dossier of axis 2 was filed in a session and reaches its threshold."""
    enough = int(row["population"] or 0) >= THRESHOLD[str(row["session"])]
    return row["session"] != "hors-session" and (enough or row["applicant_type"] == "departement")
