"""What a document does not hold and a planner wants beside it: titles, units, the day, « synthétique »."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tnt_sim.errors import Lang
from tnt_sim.result import Result
from tnt_sim.rules.base import Unit
from tnt_sim.rules.total_aid import GUARD, GUARD_TITLE
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.verify import figures as document
from tnt_sim.view import words

_YES = ("oui", "true", "1", "yes", "vrai")
_NOTE_MARKS = ("synthétique", "synthetique", "synthetic")


@dataclass(frozen=True, slots=True)
class Labels:
    """Words for one run.

    Attributes
    ----------
    title, day : of the scenario; the day in full words, "" without one
    synthetic : whether the data say that they are invented
    second : the solver that confirmed, "" when none did
    rule_titles, rule_units : by rule id; the unit is « money », « number » or « rate »
    goal_units : per stage of the objective
    reasons : how many dossiers have each reason code, the funded ones and the others apart
    """

    title: str = ""
    day: str = ""
    synthetic: bool = False
    second: str = ""
    rule_titles: Mapping[str, str] = field(default_factory=dict)
    rule_units: Mapping[str, str] = field(default_factory=dict)
    goal_units: Sequence[str] = ()
    reasons: Mapping[bool, Mapping[str, int]] = field(default_factory=dict)


def labels_of(result: Result, lang: Lang) -> Labels:
    """The labels of a result."""
    problem = result.problem
    spec = problem.scenario.spec
    return Labels(
        title=problem.scenario.title,
        day=words.long_day(spec.date.isoformat()).in_(lang) if spec.date else "",
        synthetic=is_synthetic(problem.scenario),
        second=_second(result),
        rule_titles={
            GUARD: GUARD_TITLE.in_(lang),
            **{cap.name: cap.filled().title for cap in spec.caps},
            **{rule.id: rule.title for rule in spec.rules},
        },
        rule_units={
            **{cap.id: Unit.MONEY.value for cap in problem.caps.caps},
            **{rule.id: _unit(rule) for rule in problem.rules},
        },
        goal_units=[stage.terms.unit.value for stage in problem.stages],
        reasons=_reasons(result.dossiers),
    )


def _second(result: Result) -> str:
    """The usual name of the solver that confirmed."""
    check = result.certificate.get("cross_check") or {}
    return words.solver_name(str(check.get("solver") or ""))


def _reasons(dossiers: pl.DataFrame) -> dict[bool, dict[str, int]]:
    counted: dict[bool, dict[str, int]] = {}
    if "reason_code" in dossiers.columns:
        for funded, code, n in dossiers.group_by("funded", "reason_code").len().iter_rows():
            counted.setdefault(bool(funded), {})[code or ""] = n
    return counted


def _unit(rule: object) -> str:
    if getattr(rule, "kind", "") == "share":
        return "rate"
    terms = getattr(rule, "terms", None)
    return "money" if getattr(terms, "unit", None) is Unit.MONEY else "number"


def is_synthetic(scenario: Scenario) -> bool:
    """Whether a column `synthetic` says « oui » somewhere, or the scenario's note says it."""
    return says_synthetic(scenario.spec, scenario.portfolio.table)


def says_synthetic(spec: ScenarioSpec, table: pl.DataFrame) -> bool:
    """The same, of a scenario and a table of its dossiers."""
    if "synthetic" in table.columns:
        marked = table["synthetic"].cast(pl.String).str.to_lowercase().is_in(list(_YES))
        if bool(marked.any()):
            return True
    note = f"{spec.note} {spec.title}".lower()
    return any(mark in note for mark in _NOTE_MARKS)


def spoken(result: Result, lang: Lang) -> dict[str, Any]:
    """The document of a run with its sentences in `lang`: those in it are in the scenario's own language."""
    told = dict(result.document)
    told["warnings"] = [warning.line(lang) for warning in result.warnings]
    if lang.value != result.problem.scenario.spec.locale:
        told["envelopes"] = document.envelopes(
            result.problem, result.reading, result.allocation, result.reasons, lang
        )
    return told
