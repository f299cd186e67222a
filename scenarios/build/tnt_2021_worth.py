"""What a dossier is worth, in columns that look at all dossiers: points, and the impact questionnaire.

Points make dossiers of different classes comparable. With a the amount in euros, s the score, and sums over the
dossiers of a class that can be funded and are not committed yet,

    points = a / 1,000 · s / s̄        s̄ = Σ a·s / Σ a

so that a class is worth one point per 1,000 € on average, whatever its amounts, and quality moves each dossier
from there. The questionnaire (people trained, hours saved, savings) is drawn; one dossier in ten leaves it empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic import EURO, Draw
from tnt_2021_national import is_eligible
from tnt_2021_open import FEE, centre_fee
from tnt_2021_rows import Row

CLASSES = {"axe-1": "co-construction", "deconcentre": "guichet"}


def with_worth(rows: Sequence[Row], draw: Draw, all_rows: Sequence[Row] = ()) -> list[Row]:
    """The rows with their class, points and questionnaire; means are those of `all_rows` when given."""
    for row in [*rows, *all_rows]:
        row["project_class"] = row["project_class"] or class_of(row)
    free: dict[str, list[Row]] = {str(row["project_class"]): [] for row in rows}
    for row in all_rows or rows:
        if row["committed"] == "" and is_eligible(row) and row["project_class"] in free:
            free[str(row["project_class"])].append(row)
    sums = {name: weighed(members) for name, members in free.items()}
    return [
        row | {"points": points_of(row, *sums[str(row["project_class"])])} | questionnaire(row, draw)
        for row in rows
    ]


def class_of(row: Row) -> str:
    """The class of an application of axis 1, of a call, or of the deconcentrated windows."""
    envelope = str(row["envelope"])
    if envelope == "appels":
        return "appel-2" if str(row["filed_at"]) >= "2021-10-08" else "appel-1"
    return CLASSES[envelope]


def amount(row: Row) -> int:
    """What the dossier asks, in cents: its request, or its flat fee."""
    if isinstance(row["requested"], int):
        return row["requested"]
    return centre_fee(int(row["n_communes"] or 0)) if row["envelope"] == "demat-ads" else FEE * EURO


def hundredths(row: Row) -> int:
    """The score in hundredths."""
    whole, _, decimals = str(row["score"]).partition(".")
    return int(whole) * 100 + int(decimals.ljust(2, "0"))


def weighed(rows: Sequence[Row]) -> tuple[int, int]:
    """Σ amount and Σ amount·score of some rows."""
    return sum(map(amount, rows)), sum(amount(row) * hundredths(row) for row in rows)


def points_of(row: Row, money: int, weighted: int) -> str:
    """The points with two decimals, rounded half up, from the sums of the row's class."""
    numerator, denominator = amount(row) * hundredths(row) * money, 1_000 * weighted
    worth = (2 * numerator + denominator) // (2 * denominator)
    return f"{worth // 100}.{worth % 100:02d}"


class Impact(NamedTuple):
    """What 100,000 € of a class of projects bring on average: people trained, hours and euros saved a year."""

    people: int
    hours: int
    euros: int


IMPACTS = {
    "co-construction": Impact(60, 4_000, 25_000), "appel-1": Impact(80, 3_500, 20_000),
    "appel-2": Impact(80, 3_500, 20_000), "guichet": Impact(90, 3_000, 12_000),
    "fc-departement": Impact(60, 9_000, 30_000), "fc-grande": Impact(60, 6_000, 20_000),
    "fc-petite": Impact(40, 1_500, 3_000), "ads-epci": Impact(70, 5_000, 16_000),
    "ads-commune": Impact(60, 4_000, 12_000), "cyber": Impact(250, 500, 30_000),
    "partage": Impact(120, 2_000, 10_000), "elus": Impact(900, 200, 0),
}  # fmt: skip


def questionnaire(row: Row, draw: Draw) -> Row:
    """The three answers, around the mean of the class; all empty in one dossier out of ten."""
    answers = [part * amount(row) * (40 + draw.below(121)) // (100_000 * EURO * 100) for part in
               IMPACTS[str(row["project_class"])]]  # fmt: skip
    if draw.unit() < 0.1:
        return {}
    return dict(zip(("people_trained", "hours_saved", "yearly_savings"), answers, strict=True))
