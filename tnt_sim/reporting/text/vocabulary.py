"""Words of results: each code of the documents as a planner reads it, French and English.

The labels of a run add what its document does not hold: titles, units, the date, and the mark
"synthetic".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.i18n.message import NO_TEXT, Bilingual, Lang, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.numbers import format_day
from tnt_sim.rules.expressions.column_text import COLUMN
from tnt_sim.rules.expressions.text import MEASURE
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.linear_terms import Unit
from tnt_sim.rules.offers.total_aid import GUARD, GUARD_TITLE
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify import run_document
from tnt_sim.verify.run_document import RunDocument
from tnt_sim.verify.verification import Verification, read_own_proof

if TYPE_CHECKING:
    from tnt_sim.engine.result import ResultData


def describe_filed(n: int) -> Text:
    """Write « 24 dossiers déposés »."""
    return _n("{n} application filed", "{n} applications filed", n=n)


def describe_eligible(n: int) -> Text:
    """Write « 22 éligibles »."""
    return _n("{n} eligible", "{n} eligible", n=n)


FLAGS: Mapping[str, Text] = MappingProxyType(
    {
        "always": _("always funded"),
        "enters": _("enters and stays"),
        "in_and_out": _p("moves", "in and out"),
        "leaves": _("leaves"),
        "never": _("no amount in this range"),
        "unknown": _("not known"),
    }
)


def label_dossier(number: str, title: str | None, applicant: str | None = None) -> str:
    """Return « École – Commune d'A (E-03) »; the number alone where nothing else is known.

    >>> label_dossier("E-03", "School", "Town")
    'School – Town (E-03)'
    """
    words = [text for text in (title, applicant) if text]
    if len(words) == 2 and words[1].casefold() in words[0].casefold():
        words = words[:1]
    return f"{' – '.join(words)} ({number})" if words else number


def label_dossiers(
    numbers: Sequence[str], titles: Sequence[str | None], applicants: Sequence[str | None] | None = None
) -> list[str]:
    """Return the names of dossiers in order."""
    return [
        label_dossier(number, title, applicant)
        for number, title, applicant in zip(numbers, titles, applicants or [None] * len(numbers), strict=True)
    ]


STOPPED_BY: Mapping[str, Text] = MappingProxyType(
    {
        "time": _("the time limit"),
        "nodes": _("the node limit"),
        "memory": _("the memory limit"),
        "interrupt": _("an interruption"),
    }
)

UNSPENT: Mapping[str, Text] = MappingProxyType(
    {
        "all_funded": _("every eligible application is funded"),
        "none_fits": _("it is too little for the eligible applications that are not funded"),
        "parent_full": _("the envelope above it is used up"),
        "rule": _("a rule prevents spending it"),
        "reserve": _("held in reserve"),
        "no_gain": _("no remaining application improves the objective"),
        "swap_only": _("only a swap of applications could use it"),
    }
)

REASON: Mapping[str, Text] = MappingProxyType(
    {
        "committed": _("already committed"),
        "decided": _("funded by decision"),
        "merit": _("funded on merit"),
        "rule": _("funded to meet a rule"),
        "state": _("refused or closed by the service"),
        "ineligible": _("not eligible"),
        "not_given": _("not given in a requirement"),
        "capped_out": _("possible amount zero or too small"),
        "variant": _("another variant is funded"),
        "prerequisite": _("a required application is not funded"),
        "order": _("the imposed order excludes it"),
        "outranked": _("outranked per euro by all those funded in their envelope"),
        "none_fits": _("too large for what is left"),
        "crowded_out": _("kept out by a rule or the objective, or not examined"),
        "reserve": _("on the reserve list"),
    }
)

KIND: Mapping[str, Text] = MappingProxyType(
    {
        **{kind.name: kind.label for kind in load_rule_kinds().values()},
        "cap": _("cap over projects"),
    }
)

"""Labels of the rule kinds and of caps, by kind."""


def write_goal(goal: str) -> Text:
    """Return a goal with its article, for a sentence: « la note », « le montant accordé »."""
    return COLUMN.get(goal) or MEASURE.get(goal) or Bilingual(goal, goal)


INHABITANTS = _("Inhabitants of the communes reached")

"""Heading of the figure `inhabitants`."""

_SOLVERS = MappingProxyType(
    {
        "COIN_CMD": "CBC",
        "PULP_CBC_CMD": "CBC",
        "GLPK_CMD": "GLPK",
        "SCIP_PY": "SCIP",
        "SCIP_CMD": "SCIP",
        "CPSAT": "CP-SAT",
    }
)


def get_solver_name(backend: str) -> str:
    """Return the usual name of a solver: "CBC" for `pulp:COIN_CMD`."""
    name = backend.rpartition(":")[2]
    return _SOLVERS.get(name, name)


def describe_verdict(
    document: RunDocument, second: str = "", verification: Verification | None = None
) -> Text:
    """Say what was found and what supports it.

    Parameters
    ----------
    second : name of the solver that confirmed
    verification : what shows it; None for the words of the run itself
    """
    sentence = describe_outcome(
        document.status,
        document.proof,
        verification,
        relaxed=document.relaxed,
        stopped_by=document.stopped_by,
        closed=bool(document.objective) and all(goal.gap == "0" for goal in document.objective),
        second=second,
    )
    if verification is None or verification.rules.is_shown:
        return sentence
    return join_sentences(_NOT_VERIFIED, sentence)


def describe_outcome(
    status: str,
    proof: str | None,
    verification: Verification | None,
    *,
    relaxed: bool = False,
    stopped_by: str | None = None,
    closed: bool = False,
    second: str = "",
) -> Text:
    """Say what was found; `closed`: a solver claims that no objective can be improved."""
    stop = STOPPED_BY.get(stopped_by or "")
    by = _(" ({stop} ended the run)", stop=stop) if stop else NO_TEXT
    if status == "infeasible":
        return _INFEASIBLE_ALONE if proof is None and not relaxed else _INFEASIBLE
    if status == "stopped":
        return _("The run stopped with no allocation{by}.", by=by)
    if relaxed:
        return _RELAXED
    optimal = read_own_proof(status == "optimal", proof) if verification is None else verification.optimal
    if optimal.is_certified:
        return _PROVED if optimal.is_shown or verification is None else _REPEATED
    if optimal.means is not None:
        return _describe_confirmation(second)
    if status == "optimal":
        return _CLAIMED if proof in ("PROVED", "CROSS_CHECKED") else _OPTIMAL_ALONE
    if not stop and closed:
        return _OPTIMAL_ALONE
    return _("A valid allocation, but not proven to be the best{by}. Not for publication.", by=by)


def _describe_confirmation(second: str) -> Text:
    name = f" ({second})" if second else ""
    return _(
        "Optimal allocation: no other does better. Confirmed by a second, independent solver{name}.",
        name=name,
    )


_PROVED = _("Optimal allocation: no other does better. Proven by an exact certificate.")

_REPEATED = _("Optimal allocation, according to its certificate, which only the search that made it repeats.")

_CLAIMED = _("The run says that it is optimal; nothing shows it here. Not for publication without a proof.")

_NOT_VERIFIED = _("NOT VERIFIED: the inputs of the run are gone, or have changed.")

_OPTIMAL_ALONE = _("Optimal according to one solver; not proven. Not for publication.")

_RELAXED = _("Linear relaxation: fractions of applications are allowed. This is not a decision.")

_INFEASIBLE = _("No allocation respects all the rules at once: the scenario contradicts itself.")

_INFEASIBLE_ALONE = _("No allocation respects all the rules at once, says one solver alone.")


@dataclass(frozen=True, slots=True)
class Labels:
    """Words for one run.

    Attributes
    ----------
    title, day : of the scenario; the date in full, "" without one
    synthetic : whether the data are declared synthetic
    second : solver that confirmed, "" if none did
    rule_titles, rule_units : by rule id; the unit is "money", "number" or "rate"
    goal_units : by stage of the objective
    reasons : number of applications by reason code, funded and unfunded ones apart
    """

    title: str = ""
    day: str = ""
    synthetic: bool = False
    second: str = ""
    rule_titles: Mapping[str, str] = field(default_factory=dict)
    rule_units: Mapping[str, str] = field(default_factory=dict)
    goal_units: Sequence[str] = ()
    reasons: Mapping[bool, Mapping[str, int]] = field(default_factory=dict)


def build_labels(result: ResultData, lang: Lang) -> Labels:
    """Return the labels of a result."""
    problem = result.problem
    spec = problem.scenario.spec
    return Labels(
        title=problem.scenario.title,
        day=format_day(spec.date.isoformat(), lang) if spec.date else "",
        synthetic=is_synthetic(problem.scenario),
        second=_get_second_solver(result),
        rule_titles={
            GUARD: GUARD_TITLE.in_(lang),
            **{cap.name: cap.fill_from_library().title for cap in spec.caps},
            **{rule.id: rule.title for rule in spec.rules},
        },
        rule_units={
            **{cap.id: Unit.MONEY.value for cap in problem.caps.caps},
            **{rule.id: _infer_unit(rule) for rule in problem.rules},
        },
        goal_units=[stage.terms.unit.value for stage in problem.stages],
        reasons=_count_reasons(result.dossiers),
    )


def _get_second_solver(result: ResultData) -> str:
    """Return the usual name of the solver that confirmed."""
    check = result.certificate.get("cross_check") or {}
    return get_solver_name(str(check.get("solver") or ""))


def _count_reasons(dossiers: pl.DataFrame) -> dict[bool, dict[str, int]]:
    counted: dict[bool, dict[str, int]] = {}
    if "reason_code" in dossiers.columns:
        for funded, code, n in dossiers.group_by("funded", "reason_code").len().iter_rows():
            counted.setdefault(bool(funded), {})[code or ""] = n
    return counted


def _infer_unit(rule: object) -> str:
    if getattr(rule, "kind", "") == "share":
        return "rate"
    terms = getattr(rule, "terms", None)
    return "money" if getattr(terms, "unit", None) is Unit.MONEY else "number"


def translate_document(result: ResultData, lang: Lang) -> RunDocument:
    """Return the document of a run with its sentences in `lang` instead of the scenario's language."""
    document = replace(result.data, warnings=[warning.line(lang) for warning in result.warnings])
    if lang.value == result.problem.scenario.spec.locale:
        return document
    envelopes = run_document.build_envelope_entries(
        result.problem, result.reading, result.allocation, result.reasons, lang
    )
    return replace(document, envelopes=envelopes)


SHORT_SYNTHETIC = _("synthetic data")

"""Mark of synthetic data for a cell."""
