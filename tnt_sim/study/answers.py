"""What the questions on money came to, as documents: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.errors import Lang
from tnt_sim.result import Proof
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.base import Base, Moves
from tnt_sim.study.entry import Entries
from tnt_sim.study.extension import Way
from tnt_sim.study.line import Line
from tnt_sim.study.next_euro import NextEuro
from tnt_sim.study.prices import Price
from tnt_sim.study.targets import Reached
from tnt_sim.verify.figures import decimal_text, warning_lines
from tnt_sim.verify.reading import Allocation
from tnt_sim.view.labels import says_synthetic

Document = dict[str, Any]


def head_of(problem: Problem, question: str, line: Line | None, lang: Lang) -> Document:
    """The first keys of every document; `points` is empty where no curve was asked for."""
    spec = problem.scenario.spec
    return {
        "schema_version": 1,
        "command": "sweep",
        "question": question,
        "scenario": problem.scenario.id,
        "scenario_sha256": problem.scenario.sha256,
        "title": problem.scenario.title,
        "date": spec.date.isoformat() if spec.date else None,
        "synthetic": says_synthetic(spec, problem.scenario.portfolio.table),
        "status": "optimal",
        "stopped_by": None,
        "progress": None,
        "envelope": None if line is None else line.id,
        "amount_cents": line.amount_cents if line is not None and line.written else None,
        "points": [],
        "warnings": warning_lines(problem.warnings, lang),
    }


def base_figures(base: Base) -> Document:
    """The scenario as it stands."""
    return {
        "objective": _values(base.problem, base.answer.values),
        **_counts(base.problem, base.allocation),
        "proof": _word(base.answer.proof),
    }


def next_entry(found: NextEuro) -> Document:
    """One envelope or rule; `step` is in its unit, `step_cents` for euros."""
    money = found.unit == "€"
    return {
        "kind": found.kind,
        "id": found.id,
        "status": found.status,
        "unit": found.unit,
        "step": decimal_text(found.step),
        "step_upto": decimal_text(found.upper),
        "step_cents": int(found.step * 100) if money and found.step is not None else None,
        "exact": found.exact,
        "goal": found.stage,
        "gain": decimal_text(found.gain),
        **_moved(found.bought),
        "n_funded": found.n_funded,
        "granted_cents": found.granted_cents,
        "shadow_price": None if found.shadow_price is None else f"{found.shadow_price:.6g}",
        "proof": _word(found.proof),
    }


def entry_rows(found: Entries) -> list[Document]:
    """One row for each dossier that can be funded."""
    return found.table.filter(found.table["eligible"]).to_dicts()


def entries_head(found: Entries) -> Document:
    """The range, and how many dossiers have each flag."""
    counts = found.table["flag"].value_counts().to_dicts()
    lists = found.lists
    return {
        "from_cents": lists.from_cents,
        "to_cents": found.to_cents,
        "n_lists": len(lists.cents),
        "exact": found.exact,
        "nested": found.nested,
        "flags": {row["flag"]: row["count"] for row in counts},
    }


def target_entry(found: Reached, lang: Lang) -> Document:
    """One target: the smallest amount, the list there, or why none reaches it."""
    answer = found.answer
    told: Document = {
        "target": found.target.text,
        "words": found.target.words.in_(lang),
        "reached": found.amount_cents is not None,
        "amount_cents": found.amount_cents,
        "amount_from_cents": found.lower_cents,
        "extra_cents": found.extra_cents,
        "exact": found.exact,
        "missing": None if found.missing is None else found.missing.in_(lang),
        "blocked_by": [text.in_(lang) for text in found.blocked_by],
        "proof": _word(found.proof),
        "stopped": found.stopped,
        "objective": [],
        "n_funded": None,
        "granted_cents": None,
        "dossiers": [],
    }
    if answer is None or answer.allocation is None:
        return told
    problem = found.problem
    names = problem.case.table["dossier"].gather(np.flatnonzero(answer.allocation.funded))
    told |= {"objective": _values(problem, answer.values), **_counts(problem, answer.allocation)}
    told["dossiers"] = names.to_list()
    return told


def price_entry(found: Price) -> Document:
    """One price, in value and in euros; of walls, also what those between the children alone cost."""
    told: Document = {
        "kind": found.kind,
        "id": found.id,
        "goal": found.stage,
        "value": decimal_text(found.value),
        "change": decimal_text(found.change),
        "change_upto": None if found.upto is None else decimal_text(found.upto),
        "euros_cents": found.euros_cents,
        "euros_from_cents": found.euros_from_cents,
        **_moved(found.moved),
        "proof": _word(found.proof),
        "one_level": None,
    }
    if found.one_level is not None:
        told["one_level"] = {
            "goal": found.one_level.stage,
            "value": decimal_text(abs(found.one_level.change)),
            "change": decimal_text(found.one_level.change),
            "proof": _word(found.one_level.proof),
        }
    return told


def way_entry(base: Base, found: Way) -> Document:
    """One way to share the extension."""
    told: Document = {
        "way": found.way,
        "axis": found.axis,
        "allowed": found.allowed,
        "why": found.why or None,
        "added": [{"envelope": name, "cents": cents} for name, cents in found.added],
        "objective": _values(base.problem, found.values),
        "goal": found.goal,
        "gain": decimal_text(found.gain),
        "n_funded": found.n_funded,
        "granted_cents": found.granted_cents,
        "unspent_cents": found.unspent_cents,
        **_moved(found.moved),
        "proof": _word(found.proof),
    }
    if found.answer is not None and found.answer.allocation is not None:
        told |= _counts(base.problem, found.answer.allocation)
    return told


def _values(problem: Problem, values: Sequence[Fraction]) -> list[Document]:
    return [
        {"goal": stage.goal, "sense": stage.sense.value, "value": decimal_text(value)}
        for stage, value in zip(problem.stages, values, strict=False)
    ]


def _counts(problem: Problem, allocation: Allocation) -> Document:
    table = problem.case.table.filter(allocation.funded)
    reached = table["department"].replace("", None).drop_nulls().n_unique()
    return {
        "n_funded": int(allocation.funded.sum()),
        "granted_cents": int(allocation.granted_cents.sum()),
        "n_departments": reached,
    }


def _moved(found: Moves | None) -> Mapping[str, Any]:
    if found is None:
        return {"enter": [], "leave": [], "more": [], "less": []}
    return {key: list(getattr(found, key)) for key in ("enter", "leave", "more", "less")}


def _word(proof: Proof | None) -> str | None:
    return None if proof is None else proof.value
