"""Pieces to build synthetic dossiers with: reproducible chance, exact totals, applicants of the 2021 map.

The only source of chance is ``random.Random(seed).random()``, whose sequence Python guarantees; a normal
draw is a sum of twelve of them; amounts are shared out in integers by largest remainder. So a table built
with these pieces is the same, byte for byte, on any machine.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Mapping, Sequence

import polars as pl

EURO = 100
Body = dict[str, str | int | None]

# Departments without a council of their own in 2021 (Paris, Alsace, Corse, Martinique, Guyane, Mayotte).
NO_COUNCIL = ("75", "67", "68", "2A", "2B", "972", "973", "976")
# Digital mutualisation structures: 39 in 2020, 66 in 2023 (Déclic).
N_STRUCTURES = 60


class Draw:
    """Chance, from ``random.Random.random`` only (the one sequence that Python promises to keep)."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def unit(self) -> float:
        return self._random.random()

    def below(self, n: int) -> int:
        return int(self.unit() * n)

    def normal(self) -> float:
        return sum(self.unit() for _ in range(12)) - 6.0

    def pick[T](self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def shuffled[T](self, items: Sequence[T]) -> list[T]:
        deck = list(items)
        for last in range(len(deck) - 1, 0, -1):
            other = self.below(last + 1)
            deck[last], deck[other] = deck[other], deck[last]
        return deck

    def moment(self, first: dt.date, last: dt.date, timed: float = 0.3) -> str:
        """A day between two, both included; with an hour of the working day in a share ``timed`` of cases."""
        day = first + dt.timedelta(days=self.below((last - first).days + 1))
        if self.unit() >= timed:
            return day.isoformat()
        return f"{day.isoformat()}T{8 + self.below(11):02d}:{self.below(60):02d}"

    def fine_score(self, mean: float, spread: float) -> str:
        """A mark out of 20 with two decimals, as an index gives it where no jury sits."""
        hundredths = round(100 * min(max(mean + spread * self.normal(), 2.0), 20.0))
        return f"{hundredths // 100}.{hundredths % 100:02d}"

    def score(self, mean: float, spread: float, low: float = 2.0, high: float = 20.0) -> str:
        """A mark out of 20 with one decimal."""
        tenths = round(10 * min(max(mean + spread * self.normal(), low), high))
        return f"{tenths // 10}.{tenths % 10}"


def share_out(weights: Sequence[int], total: int) -> list[int]:
    """Integers in proportion to ``weights`` whose sum is ``total`` (largest remainder, ties by rank)."""
    whole = sum(weights)
    parts = [weight * total // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(weights[i] * total % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def sizes(draw: Draw, n: int, total_euros: int, sigma: float) -> list[int]:
    """``n`` log-normal amounts in cents, multiples of 10 € but for a tenth of them, of exact total."""
    weights = [int(100_000 * math.exp(sigma * draw.normal())) for _ in range(n)]
    cents = [1_000 * tens for tens in share_out(weights, total_euros // 10)]
    for i in range(0, n - 1, 20):  # a few amounts to the cent, by pairs that keep the total
        shift = 1 + draw.below(499)
        cents[i] += shift
        cents[i + 1] -= shift
    return cents


def cost_for(draw: Draw, granted: int, percents: Sequence[int]) -> int:
    """A cost in cents of which ``granted`` is at most a drawn rate; whole euros below 100 %."""
    percent = draw.pick(percents)
    return granted if percent == 100 else -(-granted // percent) * EURO


class Atlas:
    """The 2021 map as applicants: one mapping of canonical columns per body."""

    def __init__(self, table: pl.DataFrame) -> None:
        kept = table.filter(pl.col("population").is_not_null()).sort("type", "code")
        self.communes: list[Body] = []
        self.epci: list[Body] = []
        self.metropoles: list[Body] = []
        self.departements: list[Body] = []
        self.regions: list[Body] = []
        self.members: dict[str, list[str]] = {}
        for record in kept.to_dicts():
            self._add(record)
        self.everyone = self.communes + self.epci + self.metropoles + self.departements

    def _add(self, record: Mapping[str, str | int | None]) -> None:
        kind, code = str(record["type"]), str(record["code"])
        if kind in ("epci-METRO", "epci-MET69"):
            home, kind = self.metropoles, "metropole"
        elif kind.startswith("epci-"):
            home, kind = self.epci, "epci"
        else:
            home = {"commune": self.communes, "departement": self.departements, "region": self.regions}[kind]
        if (kind == "departement" and code in NO_COUNCIL) or not record["region"]:
            return
        epci = record["epci"] or ""
        body: Body = {
            "applicant": record["name"], "applicant_id": code, "applicant_type": kind,
            "department": record["department"] or "", "region": record["region"], "epci": epci,
            "commune": code if kind == "commune" else "", "members": "", "population": record["population"],
        }  # fmt: skip
        if kind == "commune" and epci:
            self.members.setdefault(str(epci), []).append(code)
        if record["population"]:  # a village destroyed in 1916 is a member, not an applicant
            home.append(body)

    def structures(self, draw: Draw) -> list[Body]:
        """Invented mutualisation structures: all EPCI of one department; population is the members' sum."""
        made: list[Body] = []
        for department in draw.shuffled(self.departements):
            code = department["department"]
            members = [body for body in self.epci + self.metropoles if body["department"] == code]
            if len(members) < 3:
                continue
            body = invented(
                "Structure de mutualisation numérique", "mutualisation", department, len(made) + 1
            )
            body["members"] = ";".join(sorted(str(member["applicant_id"]) for member in members))
            body["population"] = sum(int(member["population"] or 0) for member in members)
            made.append(body)
        return made[:N_STRUCTURES]


def invented(name: str, kind: str, department: Body, number: int) -> Body:
    """A body that does not exist, said to be so, in a real department."""
    return {
        "applicant": f"{name} n° {number}, {department['applicant']} (fictif)",
        "applicant_id": f"FICTIF-{kind[:3].upper()}-{number:03d}", "applicant_type": kind,
        "department": department["department"], "region": department["region"], "epci": "", "commune": "",
        "members": "", "population": None,
    }  # fmt: skip
