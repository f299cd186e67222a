"""The one answer of a little case by enumeration over bit masks: twelve dossiers in a millisecond or two.

Written from the rules of the game alone, and compared with the slower `brute.py` in the tests; it shares no code
with the engine. Dossiers get one amount or nothing; rules are those that `little.py` draws.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

Case = dict[str, Any]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def rank_key(dossier: dict[str, Any]) -> tuple[Any, ...]:
    """Filed first (empty last), then by number."""
    return dossier["filed"] is None, dossier["filed"] or "", dossier["id"]


def amount_of(dossier: dict[str, Any]) -> int | None:
    """What a dossier gets when it is funded; None when it never is."""
    most: int = min(dossier["requested"], dossier["cost"])
    return most if most > 0 and most >= dossier.get("min", 0) else None


class Masks:
    """Every choice of the dossiers of a case, one row each; the first by rank is the highest bit."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.dossiers = sorted(case["dossiers"], key=rank_key)
        n = len(self.dossiers)
        self.codes = np.arange(1 << n, dtype=np.int64)
        self.held: Ints = self.codes[:, None] >> np.arange(n)[::-1] & 1
        amounts = [amount_of(d) for d in self.dossiers]
        self.cents = np.array([cents or 0 for cents in amounts], dtype=np.int64)
        self.possible: Bools = np.array([cents is not None for cents in amounts])
        self.granted: Ints = self.held @ self.cents

    def base(self) -> Bools:
        """Choices of dossiers that can be funded, with those that are in by decision, in their envelopes."""
        forced = np.array([bool(d.get("decided") == 1 and ok) for d, ok in
                           zip(self.dossiers, self.possible, strict=True)])  # fmt: skip
        fine: Bools = ~(self.held[:, ~self.possible] == 1).any(axis=1) & (self.held[:, forced] == 1).all(
            axis=1
        )
        need, holds = self._need(self.case["envelopes"])
        return fine & holds & (need == 0)

    def _under(self, node: dict[str, Any]) -> Bools:
        names = {node["id"], *(child["id"] for child in node["children"])}
        return np.array([d["envelope"] in names for d in self.dossiers])

    def _need(self, root: dict[str, Any]) -> tuple[Ints, Bools]:
        """What the programme lacks, and whether free money serves what its envelopes lack."""
        holds = np.ones(len(self.codes), dtype=np.bool_)
        given = np.zeros_like(self.granted)
        for child in root["children"]:
            mine = np.array([d["envelope"] == child["id"] for d in self.dossiers])
            lacks = np.maximum(0, self.held[:, mine] @ self.cents[mine] - child["amount"])
            holds &= (lacks == 0) | (not child["ring_fenced"])
            given = given + lacks
        own = np.array([d["envelope"] == root["id"] for d in self.dossiers])
        loose = self.held[:, own] @ self.cents[own]
        free = root["amount"] - sum(child["amount"] for child in root["children"])
        need = np.maximum(0, self.granted - root["amount"])
        apart = {child["id"] for child in root["children"] if child["ring_fenced"]}
        outside = np.array([d["envelope"] not in apart for d in self.dossiers])
        left = root["amount"] - sum(c["amount"] for c in root["children"] if c["id"] in apart)
        need = np.maximum(need, self.held[:, outside] @ self.cents[outside] - left)
        return np.where(given > 0, np.maximum(need, given + loose - free), need), holds

    # -- rules -------------------------------------------------------------------------------------

    def measure(self, name: str, of: Bools) -> Ints:
        """A measure over some dossiers of each choice; money in cents, scores in their common part."""
        if name == "granted":
            return self.held[:, of] @ self.cents[of]
        if name == "dossiers":
            return self.held[:, of].sum(axis=1)
        if name == "leverage":
            return self.held[:, of] @ (np.array([d["cost"] for d in self.dossiers]) - self.cents)[of]
        scale = self._score_scale()
        return self.held[:, of] @ np.array([int(d["score"] * scale) for d in self.dossiers])[of]

    def _score_scale(self) -> int:
        return lcm(*(Fraction(d["score"]).denominator for d in self.dossiers))

    def _where(self, rule: dict[str, Any]) -> Bools:
        return np.array([all(d[k] in v for k, v in rule.get("where", {}).items()) for d in self.dossiers])

    def distance(self, rule: dict[str, Any]) -> tuple[Ints, int]:
        """How far each choice breaks a rule, and by what that is divided (100 for euros)."""
        if rule["kind"] == "exclusive":
            found = np.zeros_like(self.granted)
            for name in {d["applicant"] for d in self.dossiers} - {""}:
                mine = np.array([d["applicant"] == name for d in self.dossiers]) & self.possible
                number = self.held[:, mine].sum(axis=1)
                most = rule["max"]
                found = found + (number * (number - 1) // 2 if most == 1 else np.maximum(0, number - most))
            return found, 1
        every = np.ones(len(self.dossiers), dtype=np.bool_)
        if rule["kind"] == "share":
            low = rule["min"]
            lacks = low.numerator * self.measure("granted", every)
            lacks = lacks - low.denominator * self.measure("granted", self._where(rule))
            return np.maximum(0, lacks), 100 * int(low.denominator)
        unit = 100 if rule["measure"] == "granted" else 1
        groups = [every]
        if rule["by"]:
            names = {d[rule["by"]] for d, ok in zip(self.dossiers, self.possible, strict=True) if ok} - {""}
            groups = [np.array([d[rule["by"]] == name for d in self.dossiers]) for name in sorted(names)]
        found = np.zeros_like(self.granted)
        for group in groups:
            value = self.measure(rule["measure"], self._where(rule) & group)
            if rule.get("min") is not None:
                found = found + np.maximum(0, int(rule["min"] * unit) - value)
            if rule.get("max") is not None:
                found = found + np.maximum(0, value - int(rule["max"] * unit))
        return found, unit

    def allowed(self, without: str | None = None) -> Bools:
        """Which choices keep all that must hold, perhaps one rule left aside."""
        fine = self.base()
        for rule in self.case["rules"]:
            if rule["id"] != without:
                fine &= self.distance(rule)[0] == 0
        return fine

    # -- goals -------------------------------------------------------------------------------------

    def goals(self) -> list[tuple[Ints, int]]:
        """Each stage as whole numbers, greater is better, and by what they are divided."""
        every, found = np.ones(len(self.dossiers), dtype=np.bool_), []
        units = {"granted": 100, "leverage": 100, "dossiers": 1, "score": self._score_scale()}
        for sense, weights in self.case["stages"]:
            scale = lcm(*(Fraction(weight).denominator * units[name] for name, weight in weights.items()))
            value = sum(
                (int(Fraction(weight) * scale) // units[name] * self.measure(name, every)
                 for name, weight in weights.items()),
                np.zeros_like(self.granted),
            )  # fmt: skip
            found.append((value if sense == "maximise" else -value, scale))
        return found

    def best(self, allowed: Bools | None = None) -> int | None:
        """The one answer: best goal after goal, then least money, then the first by rank."""
        rows = np.flatnonzero(self.allowed() if allowed is None else allowed)
        if not len(rows):
            return None
        for value, _ in [*self.goals(), (-self.granted, 1)]:
            rows = rows[value[rows] == value[rows].max()]
        return int(rows.max())

    def names(self, row: int) -> set[str]:
        """Who is in a choice."""
        return {d["id"] for d, held in zip(self.dossiers, self.held[row], strict=True) if held}

    def worth(self, row: int) -> list[Fraction]:
        """The values of the stages of a choice."""
        return [Fraction(int(value[row]), scale) for value, scale in self.goals()]

    def as_good(self, wanted: list[Fraction]) -> Bools:
        """Which choices are worth no less in any stage."""
        fine = np.ones(len(self.codes), dtype=np.bool_)
        for (value, scale), least in zip(self.goals(), wanted, strict=True):
            fine &= value >= int(least * scale)
        return fine


def funded(case: Case) -> set[str] | None:
    """Who is in the one answer; None when nothing fits."""
    masks = Masks(case)
    row = masks.best()
    return None if row is None else masks.names(row)
