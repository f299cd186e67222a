"""Which rules a selection breaks, and by how much: each bound with its own figure, read in exact integers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tnt_sim.errors import Lang
from tnt_sim.rules.base import Unit
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.equity import Equity
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.conflict.finding import without_refusals
from tnt_sim.study.conflict.open_form import Entry, Line, OpenForm
from tnt_sim.study.conflict.told import figure, member_entry
from tnt_sim.verify.reading import Allocation, AllocationReading, broken_rules
from tnt_sim.view.audit_words import broken_words

OF_LINES = ("rule:", "cap:", "envelope:", "variant", "prerequisite", "decide:")
"""Defects that the lines tell already, with their amounts."""


def broken_entries(
    problem: Problem, allocation: Allocation, reading: AllocationReading, lang: Lang
) -> list[dict[str, Any]]:
    """One entry for each bound that does not hold, then one for each award that cannot be."""
    form = OpenForm.of(problem, without_refusals(problem))
    found = [
        _entry(form, line, *_distance(problem, form.entry(line.entry), line, allocation), lang)
        for line in sorted(form.broken(allocation))
    ]
    for node, cents in enumerate(reading.envelopes.excess_cents):
        if cents:
            line = Line(f"envelope:{problem.case.tree.ids[node]}")
            found.append(_entry(form, line, cents * CENT, Unit.MONEY, lang))
    awards = [
        {"kind": defect.code, "id": "", "by": None, "by_cents": None, "words": defect.text.in_(lang)}
        for defect in broken_rules(problem, allocation, reading)
        if not defect.code.startswith(OF_LINES)
    ]
    return [*found, *awards]


def _distance(problem: Problem, entry: Entry, line: Line, allocation: Allocation) -> tuple[Fraction, Unit]:
    """How far a bound is passed, and its unit; of what binds as a whole, its own distance."""
    funded, granted = allocation.funded, allocation.granted_cents
    for limit, name, side, bound in entry.bounds():
        if (name or "", side) == (line.group, line.side):
            figures = limit.read(funded, granted).readings
            found = next(one for one in figures if (one.group or "") == line.group)
            value = Fraction(found.num, found.den)
            return (bound - value if side == "min" else value - bound), entry.unit
    if entry.kind == "cap":
        above = [one for one in problem.caps.broken(funded, granted) if one.cap == entry.id]
        return sum(one.granted_cents - max(one.limit_cents, 0) for one in above) * CENT, Unit.MONEY
    assert entry.rule is not None
    unit = entry.rule.of.terms.unit if isinstance(entry.rule, Equity) else Unit.NUMBER
    return entry.rule.read(funded, granted).distance, unit


def _entry(form: OpenForm, line: Line, by: Fraction, unit: Unit, lang: Lang) -> dict[str, Any]:
    if unit is Unit.MONEY:
        by = -(-by // CENT) * CENT
    told = {**member_entry(form, line, lang), **figure("by", by, unit)}
    return {**told, "words": broken_words(told, lang)}
