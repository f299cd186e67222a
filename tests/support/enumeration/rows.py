"""Reading of small cases in plain Python, for brute force: texts, selectors, ranks. No code of the engine.

A case is `scenario` (the YAML tree), `rows` (dossiers, text by column), `files` (side tables by name).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from support.draws import folded

Case = dict[str, Any]
Row = dict[str, str]
Award = dict[str, int]

UNITS: dict[str, dict[str, str]] = {
    "05": {"type": "departement", "department": "05", "region": "93", "population": "141220"},
    "23": {"type": "departement", "department": "23", "region": "75", "population": "116617"},
    "48": {"type": "departement", "department": "48", "region": "76", "population": "76604"},
    "48009": {"type": "commune", "department": "48", "region": "76", "population": "2291"},
    "48080": {"type": "commune", "department": "48", "region": "76", "population": "2887"},
    "48092": {"type": "commune", "department": "48", "region": "76", "population": "4684"},
    "48095": {"type": "commune", "department": "48", "region": "76", "population": "12318"},
}
"""What the map of 2021 says of the units that cases use."""
LISTS = ("tags", "members", "requires")
FREE = ("tags", "lot", "key", "applicant")
"""Columns of free text, in which spellings of one value are one; all others hold codes, numbers or dates."""


def cents(text: str) -> int:
    """« 12.50 € » in cents."""
    value = Fraction(text.replace("€", "").strip()) * 100
    assert value.denominator == 1, text
    return int(value)


def rate(text: str) -> Fraction:
    """« 12.5 % » as a fraction."""
    assert text.endswith("%"), text
    return Fraction(text[:-1].strip()) / 100


def share_of(rate_text: str, amount: int, *, up: bool) -> int:
    """A share of whole cents, rounded up or down."""
    exact = rate(rate_text) * amount
    return -(-exact.numerator // exact.denominator) if up else exact.numerator // exact.denominator


def instant(text: str) -> str:
    """A day is its 00:00; texts of this form compare as instants."""
    return text if "T" in text or not text else f"{text}T00:00"


def rank_key(row: Row, column: str = "filed_at") -> tuple[Any, ...]:
    """By instant (empty last), then digits by value, then text by code point."""
    name, when = row["dossier"], instant(row.get(column, ""))
    digits = name.isdigit()
    return (not when, when, not digits, int(name) if digits else 0, name)


def listed(text: str) -> list[str]:
    return [part for part in text.split(";") if part]


def value_of(row: Row, column: str) -> str:
    """What a cell of one value comes to: the form of all its spellings in a column of free text."""
    return _value(column, row.get(column, ""))


def values_of(row: Row, column: str) -> set[str]:
    """What the items of a list come to."""
    return {_value(column, item) for item in listed(row.get(column, ""))}


def _value(column: str, written: str) -> str:
    return folded(written) if column in FREE else written


def people(row: Row) -> str:
    """The inhabitants of a dossier; the map has those of its members where the cell is empty."""
    return row["population"] or str(sum(int(UNITS[code]["population"]) for code in listed(row["members"])))


def compare(cell: str, want: Any, column: str = "") -> bool:
    """One column of a selector."""
    if isinstance(want, list):
        return _value(column, cell) in {_value(column, one) for one in want}
    if not isinstance(want, dict):
        return _value(column, cell) == _value(column, want)
    if "exact" in want:
        return cell.strip() in [value.strip() for value in want["in"]]
    return all(_test(cell, name, bound, column) for name, bound in want.items())


def _test(cell: str, name: str, bound: Any, column: str) -> bool:
    if name == "not":
        return not compare(cell, bound, column)
    if name == "empty":
        return (cell == "") is bound
    if cell == "":
        return False
    if name == "until":
        return instant(cell)[:10] <= bound if "T" not in bound else instant(cell) <= bound
    if name == "from":
        return instant(cell) >= instant(bound)
    left, right = Fraction(cell), Fraction(str(bound))
    tests = {"min": left >= right, "above": left > right, "max": left <= right, "below": left < right}
    return tests[name]


def holds_list(row: Row, column: str, want: Any) -> bool:
    asked = want["has"] if isinstance(want["has"], list) else [want["has"]]
    return any(_value(column, one) in values_of(row, column) for one in asked)


def matches(row: Row, where: Any, under: Callable[[Row, str], bool]) -> bool:
    """A selector on a row; `under` says whether it asks from an envelope or from one below it."""
    for column, want in (where or {}).items():
        if column == "any":
            fine = any(matches(row, one, under) for one in want)
        elif column == "not":
            fine = not matches(row, want, under)
        elif column == "envelope":
            fine = any(under(row, name) for name in (want if isinstance(want, list) else [want]))
        elif column in LISTS:
            fine = holds_list(row, column, want)
        else:
            fine = compare(people(row) if column == "population" else row.get(column, ""), want, column)
        if not fine:
            return False
    return True


@dataclass
class World:
    """One decision: the scenario of its step, what earlier steps granted, the day on which filing closes."""

    case: Case
    scenario: dict[str, Any]
    kept: Award = field(default_factory=dict)
    closes: str = ""
    freed: bool = False

    @cached_property
    def rows(self) -> list[Row]:
        return sorted(self.case["rows"], key=rank_key)

    @cached_property
    def by_name(self) -> dict[str, Row]:
        return {row["dossier"]: row for row in self.rows}

    @cached_property
    def divided(self) -> dict[str, dict[str, Any]]:
        """How each split envelope is divided."""
        nodes = [self.scenario["programme"]]
        for node in nodes:
            nodes.extend(node.get("envelopes", ()))
        return {node["id"]: node["split"] for node in nodes if "split" in node}

    @cached_property
    def parent(self) -> dict[str, str]:
        """The parent of every envelope, and of the parts of split ones that dossiers ask from."""
        nodes = [self.scenario["programme"]]
        found = {nodes[0]["id"]: ""}
        for node in nodes:
            found |= dict.fromkeys((child["id"] for child in node.get("envelopes", ())), node["id"])
            nodes.extend(node.get("envelopes", ()))
        split = [row for row in self.rows if row["envelope"] in self.divided]
        return found | {self.home(row): row["envelope"] for row in split}

    def home(self, row: Row) -> str:
        """The envelope in which a dossier lands."""
        split = self.divided.get(row["envelope"])
        if split is None:
            return row["envelope"]
        named = (
            [line["group"] for line in self.case["files"][split["table"]]]
            if "table" in split
            else split["groups"]
        )
        by = split["by"]
        (group,) = [one for one in named if _value(by, one) == value_of(row, by)]
        return f"{row['envelope']}/{group}"

    def under(self, row: Row, envelope: str) -> bool:
        tree = self.parent
        node = self.home(row)
        while node:
            if node == envelope:
                return True
            node = tree[node]
        return False

    def chosen(self, where: Any) -> set[str]:
        """The dossiers that a selector names."""
        return {row["dossier"] for row in self.rows if matches(row, where, self.under)}

    def committed(self, row: Row) -> int | None:
        """What a dossier has already: the column, or an earlier step's grant."""
        if row.get("committed"):
            return cents(row["committed"])
        return self.kept.get(row["dossier"])

    @cached_property
    def decided(self) -> dict[str, int]:
        """1 funded, -1 refused by decision; nothing is decided on dossiers that are filed later."""
        found = {}
        for rule in self.scenario.get("rules", ()):
            if rule["kind"] == "decide":
                found |= dict.fromkeys(rule.get("fund", ()), 1) | dict.fromkeys(rule.get("refuse", ()), -1)
        return {name: way for name, way in found.items() if not self.late(self.by_name[name])}

    @cached_property
    def stated(self) -> dict[str, int]:
        """Amounts that decisions state."""
        found = {}
        for rule in self.scenario.get("rules", ()):
            if rule["kind"] == "decide":
                found |= {name: cents(text) for name, text in rule.get("amounts", {}).items()}
        return found

    def late(self, row: Row) -> bool:
        return bool(self.closes and row.get("filed_at") and instant(row["filed_at"])[:10] > self.closes)

    def waived(self, of: str) -> set[str]:
        """The dossiers for which an entry is lifted."""
        found: set[str] = set()
        for waiver in self.scenario.get("waivers", ()):
            if waiver["of"] == of:
                found |= self.chosen(waiver["where"])
        return found

    def eligible(self, row: Row) -> bool:
        """Every requirement but an amount; an empty cell meets none."""
        if row.get("state") in ("refuse", "sans_suite") or self.late(row):
            return False
        for entry in self.scenario.get("eligibility", ()):
            if row["dossier"] in self.waived(entry["id"]):
                continue
            if matches(row, entry.get("where"), self.under) and not matches(
                row, entry["require"], self.under
            ):
                return False
        return True
