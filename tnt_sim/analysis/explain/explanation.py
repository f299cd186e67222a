"""The reserve list: who would enter first if money came free, best value of the first goal per euro first.

This is the order in which the linear program lets dossiers in as money grows: it is the same whatever the amount.
Whole dossiers need not enter in it; what each would take is in its changes. Each waits for one thing:

- `rule`: funded beside today's list, whatever money comes, the dossier would break it
- else `missing_cents`: with so much more in its envelope and in those above, it enters beside today's list; where
  a share of the amount is held back, so much is written that what is left of it is enough

Dossiers that wait for a rule, and those that would fit as it is, come after the others, without a rank. Each is
read beside today's list as long as there is time (`looked_at`); after that `missing_cents` is a least.

`explain`: why each dossier is funded or not, what each rule does to it, and what would fund it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.explain.facts import Entry, counted, entry_of, facts_of, rule_named
from tnt_sim.analysis.explain.minimal_changes import Settled, asking, changes_of, settle_all
from tnt_sim.analysis.explain.rank_inversions import inversions, only_score, ranking
from tnt_sim.analysis.explain.rule_effects import Effect, effects_of_rules, n_effects
from tnt_sim.analysis.shared.decided_run import Decided, refuse_all_unknown, rows_of
from tnt_sim.analysis.shared.progress import INTERRUPT, Course
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.explanation import explanation_html, sentences_of
from tnt_sim.reporting.text.decision_reasons import why_sentence
from tnt_sim.rules.envelopes.tree_reading import own_sums, read_sums
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.raised_amounts import Raising
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify import step_reading
from tnt_sim.verify.decision_reasons import first_broken_with, most_tried
from tnt_sim.verify.run_document import head

RESERVE = "reserve"
"""What stands in the way where an envelope holds back all that it gets."""
MOST_DOUBLINGS = 20
"""How often the granted money is doubled before an envelope is taken to hold back all that it gets."""
GRANTS = "grants"
"""What stands for the rule of a common rate, which has no name of its own."""


def reserve_list(decided: Decided, deadline: Deadline = UNLIMITED) -> list[dict[str, Any]]:
    """The refused candidates in order, each with its envelope, what it asks, and what it waits for."""
    problem = decided.problem
    waiting = problem.offers.candidate & ~decided.allocation.funded
    listed = step_reading.reserve_list(problem, waiting, problem.offers.least_cents)
    place = dict(zip(decided.numbers.to_list(), range(len(decided.numbers)), strict=True))
    most, node_of = most_tried(problem), problem.case.node.tolist()
    left_at, rules = decided.reasons.room.whole_cents.tolist(), decided.reasons.rule.to_list()
    money, in_the_way = _Money.of(decided), _in_the_way(decided)
    found = []
    for k, (name, _, cents) in enumerate(listed.iter_rows()):
        row = place[name]
        node = node_of[row]
        left = max(0, left_at[node])
        named, missing = rules[row] or None, max(0, cents - left)
        beside = k < most and not deadline.expired
        if beside:
            needed = money.missing(node, cents, missing)
            missing = missing if needed is None else needed
            named = named or in_the_way(row) or (RESERVE if needed is None else None)
        found.append(
            {
                "rank": None,
                "dossier": name,
                "envelope": problem.case.tree.ids[node],
                "asked_cents": cents,
                "left_cents": left,
                "missing_cents": missing,
                "rule": named,
                "looked_at": beside or named is not None,
            }
        )
    found.sort(key=lambda one: not _waits_for_money(one))
    for rank, one in enumerate(found, start=1):
        one["rank"] = rank if _waits_for_money(one) else None
    return found


def _waits_for_money(one: dict[str, Any]) -> bool:
    return one["rule"] is None and one["missing_cents"] > 0


@dataclass(frozen=True, slots=True)
class _Money:
    """What a list with one dossier more takes from the envelopes.

    Attributes
    ----------
    raising : the envelopes at other amounts
    own_cents : what the dossiers of each envelope itself get today
    """

    raising: Raising
    own_cents: tuple[int, ...]

    @classmethod
    def of(cls, decided: Decided) -> _Money:
        case, spec = decided.problem.case, decided.problem.scenario.spec
        own = own_sums(case.tree, case.node, decided.allocation.granted_cents)
        return cls(Raising.of(case, spec.programme), tuple(own))

    def missing(self, node: int, cents: int, room: int) -> int | None:
        """The least that the envelope and those above it lack for a dossier: about what there is no room for.

        More, where own dossiers of an envelope and its children draw on one remainder, or where a share of an
        amount is held back; less, where money reaches the envelope through several others. None where no amount
        is enough.
        """
        tree = self.raising.case.tree
        nodes = [k for k in tree.ancestors(node) if tree.amount_cents[k] is not None]
        own = list(self.own_cents)
        own[node] += cents

        def fits(more: int) -> bool:
            return read_sums(self.raising.tree(dict.fromkeys(nodes, more)), own).holds

        if fits(room):
            if not room or not fits(room - 1):
                return room
            low, high = -1, room - 1
        else:
            low, high = room, max(1, sum(own))
            for _ in range(MOST_DOUBLINGS):
                if fits(high):
                    break
                low, high = high, 2 * high
            else:
                return None
        while high - low > 1:
            half = (low + high) // 2
            low, high = (low, half) if fits(half) else (half, high)
        return high


def _in_the_way(decided: Decided) -> Callable[[int], str | None]:
    """What a list with a dossier more breaks, whatever money comes."""
    problem, today = decided.problem, decided.allocation
    hard = [*problem.table_rules, *(rule for rule in problem.rules if rule.mode is Mode.HARD)]
    broken = first_broken_with(problem, today, hard)

    def named(row: int) -> str | None:
        funded, granted = today.funded.copy(), today.granted_cents.copy()
        funded[row], granted[row] = True, problem.offers.least_cents[row]
        return GRANTS if problem.offers.common.broken(funded, granted) else broken(row)

    return named


MOST_INVERSIONS = 100
REPORT_SECONDS = 60.0
RESERVE_SHARE = 0.2
"""Of the time: what each dossier of the reserve list waits for, before all else."""
REASONS_SECONDS = 1.0
"""What the reasons of all dossiers may take beyond the limit: they are told even where nothing else is reached."""
REASONS_AT_A_TIME = 500
"""Dossiers whose reasons are told between two looks at the clock."""
RULES_SHARE = 0.4
"""Of the time that is left: what each rule does, before the thresholds of all dossiers."""
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why each dossier asked about was funded or not.

    Attributes
    ----------
    document : the JSON document of `explain --json`
    faults : names that are no dossier of the run, each with the nearest
    """

    document: dict[str, Any]
    faults: tuple[Defect, ...]

    def sentences(self, lang: Lang | str = Lang.FR) -> dict[str, str]:
        """By dossier, its reason and its changes in words."""
        return sentences_of(self.document, Lang(lang))

    def to_dataframe(self) -> pl.DataFrame:
        """One row a dossier: its reason and its changes in words, in the language of the document."""
        entries = self.document["dossiers"]
        told = sentences_of(self.document, Lang(self.document["lang"]))
        return pl.DataFrame(
            {
                "dossier": [entry["dossier"] for entry in entries],
                "funded": [entry["funded"] for entry in entries],
                "granted_cents": [entry["granted_cents"] for entry in entries],
                "reason_code": [entry["reason_code"] for entry in entries],
                "explanation": [told[entry["dossier"]] for entry in entries],
            },
            schema={
                "dossier": pl.String,
                "funded": pl.Boolean,
                "granted_cents": pl.Int64,
                "reason_code": pl.String,
                "explanation": pl.String,
            },
        )

    def _repr_html_(self) -> str:
        return explanation_html(self.document, Lang(self.document["lang"]))


def explain(
    decided: Decided,
    names: Sequence[str] = (),
    *,
    everyone: bool = False,
    confirm: bool = True,
    lang: Lang | None = None,
    seconds: float | None = None,
    progress: Report | None = None,
) -> Explanation:
    """Explain some dossiers in full, or all: reasons for everybody, certified intervals for every refused one.

    Parameters
    ----------
    names : the dossiers; with none, and not `everyone`, the reasons and the reserve list alone
    everyone : every dossier of the run, in rank order
    confirm : decide each changed scenario anew
    lang : of the sentences; the scenario's by default
    seconds : for the whole, the scenario's `time_limit` by default; what is not reached has its reason only. The
        reasons may take `REASONS_SECONDS` beyond it; dossiers after that have no entry, and `progress` says how
        many have one

    Raises
    ------
    UsageError
        When none of the names is a dossier of the run.
    """
    began = time.perf_counter()
    rows, faults = rows_of(decided, names)
    refuse_all_unknown(rows, faults)
    tongue = lang or decided.lang
    told = _tell(progress)
    limit = decided.problem.scenario.spec.solver.time_limit if seconds is None else seconds
    deadline, reasons = Deadline(limit), Course(Deadline(limit + REASONS_SECONDS), "dossiers")
    decided, course = replace(decided, clock=Clock.until(deadline)), Course(deadline, "dossiers")
    reserve = _reserve(decided, course)
    share = deadline.share(RULES_SHARE) if everyone else deadline
    looked = decided.best and course.stopped_by is None
    effects, rules = _effects(decided, told, share) if looked else ([], Course(deadline, "questions"))
    goes_on = INTERRUPT not in (course.stopped_by, rules.stopped_by)
    facts = facts_of(decided)
    wanted = list(range(len(decided.numbers))) if everyone else rows
    because = _because(decided, effects)
    bars = {one["dossier"]: one["rule"] for one in reserve if one["rule"] is not None}
    entries: list[Entry] = []
    reasons.n_asked = len(wanted)
    with reasons.held():
        for row in wanted:
            entry = _with_because(entry_of(facts, row), because.get(row, []))
            if entry["reason_code"] in ("outranked", "none_fits") and entry["dossier"] in bars:
                entry["barred_by"] = rule_named(decided.problem, bars[entry["dossier"]])
            entry["sentence"] = why_sentence(entry, tongue)
            entries.append(entry)
            if everyone and len(entries) % REASONS_AT_A_TIME == 0:
                reasons.deadline.check()
    reasons.n_done = len(entries)
    settled = None
    goes_on = goes_on and reasons.stopped_by is None
    if everyone and decided.best and goes_on:
        settled = settle_all(decided, wanted, told, course)
    changes: dict[int, list[Entry]] = {} if settled is None else dict(settled.changes)
    if rows and goes_on:
        with course.held():
            question = asking(decided)
            for row in course.each(rows):
                told("changes", 0.9)
                changes[row] = changes_of(question, row, confirm=confirm)
                course.unanswered()
    for row, entry in zip(wanted, entries, strict=False):
        if row in changes:
            entry["changes"] = changes[row]
        elif settled is not None:
            entry["changes"] = []
    if reasons.stopped_by is not None:
        course.take(reasons.told())
    elif course.stopped_by is None and rules.stopped_by is not None:
        course.take(rules.told())
    document = _document(decided, entries, effects, settled, reserve, faults, tongue) | course.told()
    document["rules_progress"] = rules.told()["progress"]
    document["seconds"] = {"explain": round(time.perf_counter() - began, 3)}
    return Explanation(document, faults)


def for_reports(
    decided: Decided,
    *,
    lang: Lang | None = None,
    seconds: float | None = None,
    progress: Report | None = None,
) -> dict[str, Any]:
    """The document of all dossiers, within a minute or `seconds`: what a report and a workbook tell."""
    limit = (
        min(REPORT_SECONDS, decided.problem.scenario.spec.solver.time_limit) if seconds is None else seconds
    )
    told = explain(decided, everyone=True, lang=lang, seconds=limit, progress=progress)
    return told.document


def _tell(progress: Report | None) -> Report:
    return progress if progress is not None else lambda phase, share: None


def _reserve(decided: Decided, course: Course) -> list[Entry]:
    """The reserve list, each dossier read beside today's list as far as its share of the time and Ctrl-C allow."""
    found: list[Entry] | None = None
    with course.held():
        found = reserve_list(decided, course.deadline.share(RESERVE_SHARE))
    return reserve_list(decided, Deadline(0.0)) if found is None else found


def _effects(decided: Decided, told: Report, deadline: Deadline) -> tuple[list[Effect], Course]:
    """What each rule does, one solve each, as long as there is time; and how many were looked at."""
    found: list[Effect] = []
    course = Course(deadline, "questions", n_asked=n_effects(decided.problem))
    with course.held():
        for number, effect in enumerate(effects_of_rules(decided, Clock.until(deadline), prove=False)):
            told("rules", 0.3 * (number + 1) / max(1, course.n_asked))
            found.append(effect)
            course.n_done += effect.settled
            if number + 1 < course.n_asked:
                deadline.check()
    return found, course


def _because(decided: Decided, effects: Sequence[Effect]) -> dict[int, list[Entry]]:
    """By row, the rules without which the dossier would be decided otherwise."""
    found: dict[int, list[Entry]] = {}
    for effect in effects:
        if not effect.settled:
            continue
        named = rule_named(decided.problem, effect.rule)
        for row in np.flatnonzero(effect.enters | effect.leaves).tolist():
            found.setdefault(row, []).append(named | {"enters": bool(effect.enters[row])})
    return found


def _with_because(entry: Entry, because: Sequence[Entry]) -> Entry:
    """The entry with the rules that decide it, and its code after that."""
    entry["because"].extend(because)
    if entry["because"] and entry["reason_code"] == "merit":
        entry["reason_code"] = "rule"
    if entry["because"] and entry["reason_code"] in ("outranked", "none_fits"):
        entry["reason_code"] = "crowded_out"
    return entry


def _document(
    decided: Decided,
    entries: Sequence[Entry],
    effects: Sequence[Effect],
    settled: Settled | None,
    reserve: Sequence[Entry],
    faults: Sequence[Defect],
    lang: Lang,
) -> dict[str, Any]:
    problem = decided.problem
    return {
        **head(problem),
        "command": "explain",
        "title": problem.scenario.title,
        "lang": lang.value,
        "synthetic": is_synthetic(problem.scenario),
        "run_dir": None if decided.run_dir is None else decided.run_dir.as_posix(),
        "status": "optimal" if decided.best else "feasible",
        "verification": None if decided.verification is None else decided.verification.standings,
        "dossiers": list(entries),
        "reasons": counted(entries),
        "rules": [_effect(decided, effect) for effect in effects],
        "inversions": _inversions(decided),
        "reserve": list(reserve),
        "settled": None if settled is None else settled.counts(),
        "unknown": [
            {"message": fault.text.in_(lang), "hint": fault.hint.in_(lang) if fault.hint else None}
            for fault in faults
        ],
    }


def _inversions(decided: Decided) -> Entry | None:
    """The first thing that a committee sees; None where the goal has no score of its own."""
    if only_score(decided.problem) is None:
        return None
    return inversions(decided, ranking(decided.problem), most=MOST_INVERSIONS)


def _effect(decided: Decided, effect: Effect) -> Entry:
    """What the decision would be without one rule."""
    numbers = decided.numbers
    answer = effect.answer
    return {
        **rule_named(decided.problem, effect.rule),
        "status": answer.status.value,
        "enters": numbers.filter(effect.enters).to_list() if effect.settled else None,
        "leaves": numbers.filter(effect.leaves).to_list() if effect.settled else None,
    }
