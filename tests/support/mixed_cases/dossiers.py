"""Random dossiers, grants and caps for small cases that mix every kind of rule."""

from __future__ import annotations

import random
from typing import Any

from support import draws

DEPARTMENTS = ("05", "23", "48")
COMMUNES = ("48009", "48080", "48092", "48095")
PEOPLE = {"x": "100", "y": "250", "z": "40"}
SHARED, URGENT = "mutualisé", "d’urgence"
"""Tags."""
LOTS = ("Lot d’été", "Cœur de ville")
KEYS = ("Clé 1", "Clé 2", "Clé 3")
COLUMNS = [
    "dossier",
    "project",
    "envelope",
    "applicant_id",
    "applicant",
    "department",
    "members",
    "population",
    "cost",
    "base",
    "requested",
    "min_grant",
    "score",
    "filed_at",
    "end",
    "state",
    "committed",
    "other_state",
    "invoices",
    "variant_of",
    "requires",
    "tags",
    "lot",
    "key",
    "note_a",
    "note_b",
    "year",
    "grant_kind",
    "n_communes",
]
RATES = list(draws.RATES)


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


class Money:
    """Amounts of a case: a few cents, or a few round units."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.unit = dice.choice([1, 7, 50, 100, 137, 5000])

    def some(self, low: int = 4, high: int = 40) -> int:
        return self.unit * self.dice.randint(low, high)


def dossiers(dice: random.Random, money: Money, nodes: list[str], count: int) -> list[dict[str, str]]:
    """Dossiers of every kind of grant; at most three with a range of amounts."""
    rows = [_dossier(dice, money, number, nodes) for number in range(1, count + 1)]
    for row in [row for row in rows if row["grant_kind"] == "range"][3:]:
        row["grant_kind"] = "whole"
    if dice.random() < 0.25:
        label = dice.choice([rows[0]["dossier"], "V"])
        for row in dice.sample(rows, 2):
            row["variant_of"] = "" if row["dossier"] == label else label
    if dice.random() < 0.25:
        first, second = sorted(dice.sample(range(count), 2))
        rows[second]["requires"] = rows[first]["dossier"]
    return rows


def _dossier(dice: random.Random, money: Money, number: int, nodes: list[str]) -> dict[str, str]:
    asked = money.some()
    applicant = dice.choice(list(PEOPLE))
    tags = dice.choice([[], [SHARED], [SHARED, URGENT], [URGENT]])
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "dossier": dice.choice([f"{number}", f"0{number}", f"D{number}"]),
        "project": dice.choice(["", "", "P", "Q"]),
        "envelope": dice.choice(nodes),
        "applicant_id": draws.blank(dice.choice, applicant, 6),
        "applicant": draws.blank(dice.choice, draws.spelling(dice.choice, f"Commune d’É{applicant}"), 4),
        "department": dice.choice(DEPARTMENTS),  # never blank: the map and common rates are read by it
        "members": ";".join(sorted(dice.sample(COMMUNES, dice.randint(1, 2)))),
        "population": draws.blank(dice.choice, PEOPLE[applicant], 6),  # the map has its members' then
        "cost": euros(asked + money.unit * dice.choice([0, 0, 3, 11])),
        "requested": euros(asked),
        "score": draws.text(draws.score(dice.choice)),
        "filed_at": dice.choice(["", "2021-03-01", "2021-03-01T09:30", "2021-04-01", "2021-05-02"]),
        "end": dice.choice(["", "2022-06-30", "2023-06-30", "2024-01-01"]),
        "state": dice.choice(["en_instruction"] * 9 + ["refuse"]),
        "other_state": dice.choice(["", "", euros(money.some(1, 8))]),
        "invoices": dice.choice(["", "", euros(max(money.unit, asked - money.some(0, 6)))]),
        "tags": ";".join(draws.spelling(dice.choice, tag) for tag in tags),
        "lot": draws.blank(dice.choice, draws.spelling(dice.choice, dice.choice(LOTS)), 3),
        "key": draws.spelling(dice.choice, dice.choice(KEYS)),  # never blank: `once_per` refuses that
        "note_a": draws.text(draws.score(dice.choice)),
        "note_b": draws.blank(dice.choice, draws.text(draws.score(dice.choice)), 2),
        "year": dice.choice(["2021", "2022"]),
        "n_communes": f"{dice.randint(1, 6)}",
        "grant_kind": dice.choice(["whole"] * 5 + ["range", "range", "menu", "common", "formula", "rate"]),
    }
    if dice.random() < 0.3:
        row["base"] = euros(asked + money.unit * dice.choice([-2, 0, 1]))
    if row["grant_kind"] == "range":
        row["min_grant"] = euros(max(1, asked - money.unit * dice.randint(1, 4)))
    elif dice.random() < 0.15:
        row["min_grant"] = euros(asked - money.unit * dice.choice([0, 2, -1]))
    if dice.random() < 0.08:
        row["committed"] = euros(money.some(1, 12))
    return row


def grants(dice: random.Random, money: Money) -> list[dict[str, Any]]:
    """One entry for each kind of grant; the last is the default."""
    rated: dict[str, Any] = {
        "where": {"grant_kind": "rate"},
        "max_rate": dice.choice(["50 %", "66.6 %", "75 %", "90 %"]),
    }
    if dice.random() < 0.5:
        first = {"up_to": euros(money.unit * dice.randint(3, 20)), "rate": "80 %"}
        rated["max_rate"] = {"brackets": [first, {"rate": "40 %"}]}
    if dice.random() < 0.5:
        rated["bonus"] = [{"where": {"tags": {"has": SHARED}}, "rate": "10 %", "up_to": "95 %"}]
    fee = {
        "flat": euros(money.some(1, 8)),
        "per": [{"column": "n_communes", "amount": euros(money.unit * 4)}],
    }
    if dice.random() < 0.5:
        fee["per"][0]["up_to"] = "4"  # type: ignore[index]
    common = [*dice.sample(RATES, 2), "40 %"]
    return [
        {"where": {"grant_kind": "range"}, "mode": "range", "round": euros(money.unit)},
        {
            "where": {"grant_kind": "menu"},
            "mode": "levels",
            "levels": [*RATES[2:], f"{euros(money.some())} €"],
        },
        {
            "where": {"grant_kind": "common"},
            "mode": "common_rate",
            "by": dice.choice(["department", "key"]),
            "levels": common,
        },
        {"where": {"grant_kind": "formula"}, "formula": fee, "max": {"column": "invoices"}},
        rated,
        {"mode": "all_or_nothing"},
    ]


def caps(dice: random.Random, money: Money) -> list[Any]:
    """Caps over the rows of a project."""
    some: list[Any] = [
        {"id": "part", "max": "80 %", "of": "cost", "counting": ["other_state"], "less": ["invoices"]},
        {"id": "etat", "max": "95 %", "of": "base", "counting": ["other_state"]},
        "r2334-27",
        {"id": "facture", "max": {"column": "invoices"}},
        {"id": "fixe", "max": f"{euros(money.some(12, 50))} €", "where": {"tags": {"has": SHARED}}},
    ]
    return dice.sample(some, dice.choice([1, 1, 2])) if dice.random() < 0.35 else []


def cap_name(cap: Any) -> str:
    return cap if isinstance(cap, str) else str(cap["id"])
