"""The printed formulas of eligibility, caps, envelopes and goals, read literally on a list.

    eligibility   condition ∧ ¬(condition) ⇒ x_i = 0 {not committed} [\\ {conditions}]
    cap           ∀ p [(condition)] : Σ{project = p} g_i [+ column_p] ≤ expression [\\ {conditions}]
    envelope      [expression ≤] Σ{envelope: id} g_i ≤ expression [+ free_p + in − out] [; bounds of Σ{…} x_i]
    goal          max expression, min expression

`column_p` is the largest figure of the rows of project p. `free_p`, `in` and `out` are amounts of the run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from support.enumeration.amounts import project
from support.enumeration.rows import Row, matches
from support.literal.conditions import closing, read_conditions, split
from support.literal.formulas import Reading, _combinations, _Expression, _number, _relation

Zero = Fraction(0)


def is_kept(section: str, formula: str, reading: Reading, flows: Mapping[str, str]) -> bool:
    """Whether a list is as the formula of an entry says."""
    readers = {"eligibility": _refuses, "caps": _caps}
    if section == "envelopes":
        return _within_envelope(formula, reading, flows)
    return readers[section](formula, reading)


def _waived(formula: str, reading: Reading) -> tuple[str, set[str]]:
    text, *braces = formula.split(" \\ ")
    world = reading.world
    out = {
        name
        for one in braces
        for name, row in world.by_name.items()
        if matches(row, read_conditions(one[1:-1]), world.under)
    }
    return text, out


def _refuses(formula: str, reading: Reading) -> bool:
    """No application that the condition bars is in the list, but for those left out."""
    text, out = _waived(formula, reading)
    end = " ⇒ x_i = 0 {not committed}"
    assert text.endswith(end), formula
    text = text.removesuffix(end)
    *where, barred = split(text, " ∧ ")
    unmet = re.fullmatch(r"¬\((.*)\)", barred)
    assert unmet is not None, formula
    world = reading.world
    for name in set(reading.award) - out:
        row = world.by_name[name]
        if world.committed(row) is not None:
            continue
        concerned = all(matches(row, read_conditions(one), world.under) for one in where)
        if concerned and not matches(row, read_conditions(unmet[1]), world.under):
            return False
    return True


def _caps(formula: str, reading: Reading) -> bool:
    """Every project with something new is within its cap."""
    text, out = _waived(formula, reading)
    head, _, relation = text.removeprefix("∀ p").partition(" : ")
    world = reading.world
    for name in sorted({project(row) for row in world.rows}):
        rows = [row for row in world.rows if project(row) == name]
        condition = read_conditions(head.strip(" ()")) if head.strip() else {}
        if not any(matches(row, condition, world.under) for row in rows):
            continue
        if any(row["dossier"] in out for row in rows):
            continue
        if all(world.committed(row) is not None for row in rows if row["dossier"] in reading.award):
            continue
        figures = {
            word: max((_number(row, word) or Zero for row in rows if _is_filled(row, word)), default=None)
            for word in re.findall(r"(\w+)_p\b", relation)
        }
        first = re.search(r"(\w+)_p\b", relation.partition(" ≤ ")[2])
        if first is not None and figures[first[1]] is None:
            continue
        terms = {f"{word}_p": str(value or 0) for word, value in figures.items()}
        granted = sum(reading.award.get(row["dossier"], 0) for row in rows)
        relation_here = relation.replace("Σ{project = p} g_i", "project_sum")
        terms["project_sum"] = str(Fraction(granted, 100))
        if not _relation(relation_here, replace(reading, terms=terms)):
            return False
    return True


def _is_filled(row: Row, column: str) -> bool:
    return bool(row.get(column) or (column == "base" and row.get("cost")))


def _within_envelope(formula: str, reading: Reading, flows: Mapping[str, str]) -> bool:
    return all(_relation(part, replace(reading, terms=dict(flows))) for part in split(formula, " ; "))


def compute_goal(formula: str, reading: Reading, distances: Mapping[str, Any]) -> Fraction:
    """The value of a goal without penalties; `distances` gives what each reported rule lacks."""
    _, _, text = formula.partition(" ")
    text = re.sub(r"shortfall\.([\w-]+)", lambda found: f"({distances[found[1]](reading.award)})", text)
    if "changed" in text:
        text = text.replace("changed", f"({reading.measures.named('changed').value(reading.award)})")
    total = Zero
    for piece in split(text, " + "):
        if not piece.startswith("min{"):
            total += _Expression(piece, reading).value()
            continue
        end = closing(piece, 3)
        head, ratio = piece[4:end], piece[end + 1 :].strip()
        letters, _, written = head.partition(" ∈ ")
        marks = letters.strip("()").split(", ")
        by = {mark: column for column, mark in re.findall(r"(\w+) [=∋] ([de])\b", ratio)}
        spread = _combinations(reading, by, marks, written)
        values = [_ratio(ratio, reading.bind(**dict(zip(marks, one, strict=True)))) for one in spread]
        total += min(values, default=Zero)
    return total


def _ratio(text: str, reading: Reading) -> Fraction:
    """A ratio, rounded down to a step where the formula says so."""
    rounded = re.fullmatch(r"⌊\((.*)\) / \(([\d/]+)\)⌋·\([\d/]+\)", text)
    if rounded is None:
        return Fraction(_Expression(text, reading).value())
    step = Fraction(rounded[2])
    return _Expression(rounded[1], reading).value() // step * step
