"""What stands behind each reason: figures and names read from the decision, one plain entry for each dossier.

Nothing is solved here. The entry's keys are those of `explain.dossiers[]`; sentences are made of it in `view/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.errors import Lang
from tnt_sim.rules.base import IntArray
from tnt_sim.rules.eligibility import INELIGIBLE_CODES
from tnt_sim.rules.total_aid import GUARD, GUARD_TITLE
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.explain.decided import Decided
from tnt_sim.study.explain.missed import Missed, missed_by
from tnt_sim.verify.figures import decimal_text, eligible
from tnt_sim.verify.reasons import worth_per_euro
from tnt_sim.verify.words import counted_zero

Entry = dict[str, Any]
AT_THE_MARGIN = 3
"""Dossiers named at the margin: the last that were funded in the envelope that blocks."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is read once for all dossiers."""

    decided: Decided
    worth: NDArray[np.float64]
    order: IntArray
    """Funded candidates, least worth per euro first."""
    eligible: NDArray[np.bool_]
    counted_zero: Mapping[int, tuple[str, ...]]


def facts_of(decided: Decided) -> Facts:
    """Read the decision once."""
    problem = decided.problem
    worth = worth_per_euro(problem)
    rivals = np.flatnonzero(decided.allocation.funded & problem.offers.candidate & ~problem.offers.forced)
    order = rivals[np.lexsort((-rivals, worth[rivals]))]
    blank = counted_zero(problem, decided.reasons)
    return Facts(decided, worth, order, np.asarray(eligible(problem), dtype=np.bool_), blank)


def entry_of(facts: Facts, row: int) -> Entry:
    """The entry of one dossier, without the changes that would fund it."""
    decided = facts.decided
    problem = decided.problem
    code = str(decided.codes[row])
    funded = bool(decided.allocation.funded[row])
    node = int(problem.case.node[row])
    return {
        "dossier": decided.numbers[row],
        "envelope": problem.case.tree.ids[node] if node >= 0 else None,
        "eligible": bool(facts.eligible[row]),
        "funded": funded,
        "granted_cents": int(decided.allocation.granted_cents[row]),
        "asked_cents": int(problem.offers.least_cents[row]) or None,
        "reason_code": code,
        "optimal": decided.is_optimal,
        "reason": decided.sentences[row],
        "missed": [_missed(one) for one in missed_by(problem, row)] if code in INELIGIBLE_CODES else [],
        "margin": None if funded else _margin(facts, row),
        "by": _by(decided, row),
        "rule": _rule(decided, row),
        "unclear": bool(decided.reasons.unclear[row]),
        "empty": list(facts.counted_zero.get(row, ())),
        "decision": _decision(problem, row) if code == "decided" else None,
        "on_reserve": _on_reserve(decided, row),
        "because": [],
        "barred_by": None,
        "changes": [],
    }


def _missed(one: Missed) -> Entry:
    def told(value: Fraction | str | None) -> str | None:
        return decimal_text(value) if isinstance(value, Fraction) else value

    return {
        "rule": one.rule,
        "column": one.column,
        "value": told(one.value),
        "test": one.test,
        "limit": told(one.limit),
        "shortfall": told(one.shortfall),
        "unit": one.unit,
        "wanted": dict(one.wanted),
        "reason": one.reason,
        "source": one.source,
        "place": str(one.place),
        "not_given": list(one.not_given),
    }


def _margin(facts: Facts, row: int) -> Entry | None:
    """The envelope that blocks a dossier, what is left there, and the last dossiers that were funded under it."""
    decided = facts.decided
    tree = decided.problem.case.tree
    node = int(decided.reasons.blocking[row])
    if node < 0:
        return None
    return {
        "envelope": tree.ids[node],
        "title": tree.titles[node],
        "left_cents": int(decided.reasons.left_cents[row]),
        "asked_cents": int(decided.problem.offers.least_cents[row]),
        "per_thousand_euros": _per_thousand(facts, row),
        "dossiers": [
            {
                "dossier": decided.numbers[other],
                "granted_cents": int(decided.allocation.granted_cents[other]),
                "per_thousand_euros": _per_thousand(facts, other),
            }
            for other in last_funded(facts, node, AT_THE_MARGIN)
        ],
    }


def last_funded(facts: Facts, node: int, most: int) -> list[int]:
    """The funded candidates under an envelope that bring the first goal least per euro, the least first."""
    case = facts.decided.problem.case
    at = case.node[facts.order]
    under = facts.order[(at >= node) & (at < case.tree.end[node])]
    found: list[int] = under[:most].tolist()
    return found


def _per_thousand(facts: Facts, row: int) -> str:
    """What a dossier brings to the first goal per 1,000 €, with two decimals: a figure to read, not to decide."""
    return f"{facts.worth[row] * float(facts.decided.problem.stages[0].terms.scale) * 100_000:.2f}"


def _by(decided: Decided, row: int) -> str | None:
    """The dossier that keeps this one out by a rule between dossiers."""
    other = int(decided.reasons.by[row])
    return decided.numbers[other] if other >= 0 else None


def _rule(decided: Decided, row: int) -> Entry | None:
    """The rule that the reason refers to, with where it stands."""
    name = str(decided.reasons.rule[row])
    if not name:
        return None
    return rule_named(decided.problem, name)


def rule_named(problem: Problem, name: str) -> Entry:
    """A rule, a cap or an envelope's option by its name, with its title and its place in the files."""
    spec = problem.scenario.spec
    for key, entries in (("rules", spec.rules), ("caps", [cap.filled() for cap in spec.caps])):
        for number, entry in enumerate(entries):
            if name in (getattr(entry, "id", None), getattr(entry, "name", None)):
                place = problem.scenario.locate((key, number))
                return {
                    "id": name,
                    "kind": str(getattr(entry, "kind", "cap")),
                    "title": entry.title,
                    "place": str(place),
                }
    if name == GUARD:
        title = GUARD_TITLE.in_(Lang(spec.locale))
        return {"id": name, "kind": "cap", "title": title, "place": None}
    envelope, _, option = name.partition(".")
    known = envelope in problem.case.tree.ids
    where = str(problem.scenario.locate(("envelope", envelope, option))) if known else None
    return {"id": name, "kind": "envelope" if known else "column", "title": "", "place": where}


def _on_reserve(decided: Decided, row: int) -> Entry | None:
    """The rank of a dossier on the reserve list, and what it would get."""
    found = decided.on_reserve.get(decided.numbers[row])
    return None if found is None else {"rank": found[0], "cents": found[1]}


def _decision(problem: Problem, row: int) -> Entry | None:
    """Who decided on a dossier, and why."""
    number = int(problem.decided.rule[row])
    if number < 0:
        return None
    spec = problem.decided.specs[number]
    place = problem.scenario.locate(("rules", spec.id))
    return {
        "rule": spec.id,
        "title": spec.title,
        "reason": spec.reason,
        "author": spec.author,
        "place": str(place),
    }


def counted(entries: Sequence[Entry]) -> dict[str, int]:
    """How many dossiers have each reason code."""
    found: dict[str, int] = {}
    for entry in entries:
        found[entry["reason_code"]] = found.get(entry["reason_code"], 0) + 1
    return dict(sorted(found.items()))
