"""Explain a decision: reasons, effect of each rule, changes that would fund a refusal, reserve list.

`explain` writes one document for some applications or for all of them:

- the reason for each decision, read from the allocation without a solve (`facts`)
- the effect of each rule: the optimum without that rule (`rule_effects`), one solve per rule
- the smallest change of one figure that would fund each refused application (`minimal_changes`)
- the reserve list

The reserve list ranks the refused candidates by their worth for the first objective per euro, best
first. This is the greedy (Dantzig) order of the linear relaxation of a knapsack: it does not depend
on the amount available. An integer optimum need not follow that order. Each entry waits for one
thing:

- `rule`: adding the application to today's list would break this rule, whatever the money
- otherwise `missing_cents`: the least increase of its envelope, and of the envelopes above it, with
  which it is funded beside today's list. Where an envelope holds back a share of its amount, the
  increase includes that share.

Entries that wait for a rule, and entries that would already fit, come last and have no rank. The
exact figures are computed as long as time allows (`looked_at` is true); afterwards `missing_cents`
is a lower bound.

Source: G. B. Dantzig, "Discrete-variable extremum problems", Operations Research 5 (1957).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    DecidingRule,
    ExplainDocument,
    ExplainedDossier,
    InversionList,
    ReserveEntry,
    RuleEffectEntry,
    SecondsEntry,
    UnknownDossier,
)
from tnt_sim.analysis.explain.facts import build_entry, build_rule_entry, count_by_reason, read_facts
from tnt_sim.analysis.explain.minimal_changes import list_changes, prepare_question, settle_all
from tnt_sim.analysis.explain.rank_inversions import build_ranking, find_single_score, list_inversions
from tnt_sim.analysis.explain.rule_effects import Effect, count_rule_effects, generate_rule_effects
from tnt_sim.analysis.explain.sentences import describe_dossiers, explain_dossier
from tnt_sim.analysis.explain.stored_explanation import get_report_limit
from tnt_sim.analysis.marginal.list_addition import build_blocking_rule_finder
from tnt_sim.analysis.shared.decided_run import DecidedRun, find_rows, refuse_all_unknown
from tnt_sim.analysis.shared.progress import INTERRUPT, StudyProgress
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import Status
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.envelopes.tree_reading import PathReading, read_sums, sum_by_node
from tnt_sim.scenario.amount_increase import Raising
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify import step_reading
from tnt_sim.verify.decision_reasons import compute_n_tried

RESERVE = "reserve"
"""Value of `rule` for an envelope that holds back every euro added to it."""
MOST_DOUBLINGS = 20
"""Doublings of the increase before an envelope is considered to hold back every euro added to it."""


def list_reserve(decided: DecidedRun, deadline: Deadline = UNLIMITED) -> list[ReserveEntry]:
    """List the refused candidates in reserve order, each with what it waits for.

    Parameters
    ----------
    deadline : after it, entries have a lower bound of `missing_cents` and `looked_at` is false
    """
    problem = decided.problem
    waiting = problem.offers.candidate & ~decided.allocation.funded
    listed = step_reading.build_reserve_list(problem, waiting, problem.offers.least_cents)
    place = dict(zip(decided.numbers.to_list(), range(len(decided.numbers)), strict=True))
    most, node_of = compute_n_tried(problem), problem.case.node.tolist()
    left_at, rules = decided.reasons.room.whole_cents.tolist(), decided.reasons.rule.to_list()
    money, in_the_way = _Money.of(decided), build_blocking_rule_finder(decided.problem, decided.allocation)
    ranked, others = list[ReserveEntry](), list[ReserveEntry]()
    for k, (name, _, cents) in enumerate(listed.iter_rows()):
        row = place[name]
        node = node_of[row]
        left = max(0, left_at[node])
        named, missing = rules[row] or None, max(0, cents - left)
        beside = k < most and not deadline.expired
        if beside:
            needed = money.find_missing_cents(node, cents, missing)
            missing = missing if needed is None else needed
            named = named or in_the_way(row) or (RESERVE if needed is None else None)
        waits_for_money = named is None and missing > 0
        (ranked if waits_for_money else others).append(
            ReserveEntry(
                rank=len(ranked) + 1 if waits_for_money else None,
                dossier=name,
                envelope=problem.case.tree.ids[node],
                asked_cents=cents,
                left_cents=left,
                missing_cents=missing,
                rule=named,
                looked_at=beside or named is not None,
            )
        )
    return [*ranked, *others]


@dataclass(frozen=True, slots=True)
class _Money:
    """Money that today's list with one more application would need.

    Attributes
    ----------
    raising : compiles the envelope tree with other amounts
    own_cents : granted today to the applications attached to each node itself, int (n_nodes,)
    path : reads the envelopes above one application only; None where an increase changes others too
    """

    raising: Raising
    own_cents: tuple[int, ...]
    path: PathReading | None

    @classmethod
    def of(cls, decided: DecidedRun) -> _Money:
        case, spec = decided.problem.case, decided.problem.scenario.spec
        own = sum_by_node(case.tree, case.node, decided.allocation.granted_cents)
        raising = Raising.of(case, spec.programme)
        path = None if raising.divides else PathReading.of(raising.undivided, own)
        return cls(raising, tuple(own), path)

    def find_missing_cents(self, node: int, cents: int, room: int) -> int | None:
        """Find the least increase of an envelope and of those above it that pays for one more application.

        Doubling, then bisection on the increase; feasibility is read in exact integers. Feasibility
        is taken as monotone in the increase.

        Parameters
        ----------
        node : envelope of the application
        cents : amount of the application
        room : first guess, `cents` less the money left
        """
        tree = self.raising.case.tree
        nodes = [k for k in tree.list_ancestors(node) if tree.amount_cents[k] is not None]
        own = list(self.own_cents)
        own[node] += cents

        def can_fit(more: int) -> bool:
            raised = self.raising.build_tree(dict.fromkeys(nodes, more))
            if self.path is None:
                return read_sums(raised, own).holds
            return self.path.can_pay(raised, node, cents)

        if can_fit(room):
            if not room or not can_fit(room - 1):
                return room
            low, high = -1, room - 1
        else:
            low, high = room, max(1, sum(own))
            for _ in range(MOST_DOUBLINGS):
                if can_fit(high):
                    break
                low, high = high, 2 * high
            else:
                return None
        while high - low > 1:
            half = (low + high) // 2
            low, high = (low, half) if can_fit(half) else (half, high)
        return high


MOST_INVERSIONS = 100
RESERVE_SHARE = 0.2
"""Share of the time for the reserve list, computed first."""
REASONS_SECONDS = 1.0
"""Seconds that the reasons may take beyond the limit, so that they exist even if nothing else was computed."""
REASONS_AT_A_TIME = 500
"""Applications whose reasons are written between two checks of the deadline."""
FIRST_SHARE = 0.7
"""Share of the time left for the limits of all scores, before the changes and the reasons of all."""
CHANGES_SHARE = 0.3
"""Least share of the time left for the changes of refused applications, before the reasons of all."""
RULES_SHARE = 0.4
"""Share of the remaining time for the effects of the rules, before the changes of all applications."""
Report = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class ExplanationResult(StudyAnswer):
    """Reasons for the decisions on some applications.

    Attributes
    ----------
    data : the answer, whose JSON form is `document`
    faults : names that are not applications of the run, each with the nearest one
    decided : the decision that it explains
    """

    data: ExplainDocument
    faults: tuple[Defect, ...]
    decided: DecidedRun

    def __repr__(self) -> str:
        return f"<Explanation of {len(self.data.dossiers)} applications of {self.data.scenario}>"

    def sentences(self, lang: Lang | str = Lang.FR) -> dict[str, str]:
        """Return, by application number, its reason and its changes as sentences."""
        return describe_dossiers(self.data, Lang(lang))

    def to_dataframe(self) -> pl.DataFrame:
        """Return one row per application: decision, amount, reason code and explanation in words."""
        entries = self.data.dossiers
        texts = describe_dossiers(self.data, Lang(self.data.lang))
        return pl.DataFrame(
            {
                "dossier": [entry.dossier for entry in entries],
                "funded": [entry.funded for entry in entries],
                "granted_cents": [entry.granted_cents for entry in entries],
                "reason_code": [entry.reason_code for entry in entries],
                "explanation": [texts[entry.dossier] for entry in entries],
            },
            schema={
                "dossier": pl.String,
                "funded": pl.Boolean,
                "granted_cents": pl.Int64,
                "reason_code": pl.String,
                "explanation": pl.String,
            },
        )


def explain(
    decided: DecidedRun,
    names: Sequence[str] = (),
    *,
    everyone: bool = False,
    confirm: bool = True,
    lang: Lang | None = None,
    seconds: float | None = None,
    progress: Report | None = None,
    known: ExplainDocument | None = None,
) -> ExplanationResult:
    """Explain some applications in full, or all of them with certified intervals.

    Parameters
    ----------
    names : applications to explain with every change that would fund them. Without names, and
    without `everyone`, the document holds the effects of the rules and the reserve list.
    everyone : explain every application of the run, in rank order
    confirm : for named applications, re-optimise the changed scenario to confirm each change
    lang : language of the sentences; by default that of the scenario
    seconds : time limit of the whole; by default the scenario's `time_limit`. Applications not
    reached in time have a reason and no changes. Reasons may take `REASONS_SECONDS` more;
    applications beyond that have no entry, and `progress` counts those that have one.
    progress : called with the phase and the share done, in [0, 1]
    known : an earlier document of all applications: effects of rules and the reserve list are taken from it, and
    with `everyone` all of it
    """
    began = time.perf_counter()
    rows, faults = find_rows(decided, names)
    refuse_all_unknown(rows, faults)
    tongue = lang or decided.lang
    if known is not None and everyone:
        return ExplanationResult(replace(known, unknown=_list_unknown(faults, tongue)), faults, decided)
    sentences = _get_reporter(progress)
    clock = Clock(get_limit(decided, seconds))
    clock.slowdown = decided.slowdown
    deadline = clock.hold_back_answer(
        len(decided.numbers)
    ).deadline  # one dossier has a reserve list of all too
    reasons = StudyProgress(Deadline(deadline.seconds_left + REASONS_SECONDS), "dossiers")
    decided, course = (
        replace(decided, clock=Clock.from_deadline(deadline)),
        StudyProgress(deadline, "dossiers"),
    )
    reserve = _list_reserve_in_time(decided, course) if known is None else known.reserve
    share = deadline.take_share(RULES_SHARE) if everyone else deadline
    looked = known is None and decided.best and course.stopped_by is None
    effects, rules = (
        _compute_effects(decided, sentences, share) if looked else ([], StudyProgress(deadline, "questions"))
    )
    entries_of_rules = (
        [_build_effect_entry(decided, one) for one in effects] if known is None else known.rules
    )
    goes_on = INTERRUPT not in (course.stopped_by, rules.stopped_by)
    inversions = find_inversions(decided) if known is None else known.inversions
    facts = read_facts(decided)
    wanted = list(range(len(decided.numbers))) if everyone else rows
    because = map_deciding_rules(decided, entries_of_rules)
    bars = {one.dossier: one.rule for one in reserve if one.rule is not None}
    written: dict[int, ExplainedDossier] = {}
    reasons.n_asked = len(wanted)

    def write_reasons(some: Sequence[int]) -> None:
        with reasons.catch_limits():
            for row in some:
                entry = build_entry(facts, row, because.get(row, ()), bars)
                written[row] = replace(entry, sentence=explain_dossier(entry).in_(tongue))
                if everyone and len(written) % REASONS_AT_A_TIME == 0:
                    reasons.deadline.check()
        reasons.n_done = len(written)

    funded = decided.allocation.funded
    refused = [row for row in wanted if not funded[row]] if everyone else wanted
    first = refused[:REASONS_AT_A_TIME] if everyone else wanted
    start = time.perf_counter()
    write_reasons(first)
    settled = None
    goes_on = goes_on and reasons.stopped_by is None
    rest = [row for row in wanted if funded[row]] if everyone else []
    if everyone and goes_on:
        each, left = (time.perf_counter() - start) / max(1, len(first)), deadline.seconds_left
        course.deadline = deadline.tighten(max(left - each * len(wanted), CHANGES_SHARE * left))
        quick = replace(decided, clock=Clock.from_deadline(course.deadline))
        until = deadline.take_share(FIRST_SHARE)
        settled = settle_all(quick, refused, sentences, course, until)
        course.deadline = deadline
    if INTERRUPT in (course.stopped_by, rules.stopped_by):
        reasons.deadline = Deadline(REASONS_SECONDS)
    if reasons.stopped_by is None:
        write_reasons([*refused[len(first) :], *rest])
    entries = [written[row] for row in wanted if row in written]
    wanted = [row for row in wanted if row in written]
    changes: dict[int, Sequence[ChangeEntry]] = {} if settled is None else dict(settled.changes)
    if rows and goes_on:
        with course.catch_limits():
            question = prepare_question(decided)
            for row in course.iterate_items(rows):
                sentences("changes", 0.9)
                changes[row] = list_changes(question, row, confirm=confirm)
                course.withdraw_item()
    for k, entry in enumerate(entries):
        if changes.get(wanted[k]):
            entries[k] = replace(entry, changes=changes[wanted[k]])
    if reasons.stopped_by is not None:
        course.take(INTERRUPT if course.stopped_by == INTERRUPT else reasons.stopped_by, reasons.progress)
    elif course.stopped_by is None and rules.stopped_by is not None:
        course.take(rules.stopped_by, rules.progress)
    problem = decided.problem
    document = ExplainDocument(
        scenario=problem.scenario.id,
        scenario_sha256=problem.scenario.sha256,
        run_dir=None if decided.run_dir is None else decided.run_dir.as_posix(),
        title=problem.scenario.title,
        lang=tongue.value,
        synthetic=is_synthetic(problem.scenario),
        status=Status.OPTIMAL if decided.best else Status.FEASIBLE,
        verification=None if decided.verification is None else decided.verification.record,
        dossiers=entries,
        reasons=count_by_reason(entries),
        rules=entries_of_rules,
        inversions=inversions,
        reserve=reserve,
        settled=None if settled is None else settled.count_by_method(),
        unknown=_list_unknown(faults, tongue),
        stopped_by=course.stopped_by,
        progress=course.progress,
        rules_progress=rules.progress if known is None else known.rules_progress,
        seconds=SecondsEntry(explain=round(time.perf_counter() - began, 3)),
        read_from=None if known is None else known.read_from,
    )
    return ExplanationResult(document, faults, decided)


def get_limit(decided: DecidedRun, seconds: float | None) -> float:
    """Return the seconds that an explanation is given: those asked, or the scenario's `time_limit`."""
    return decided.problem.scenario.spec.solver.time_limit if seconds is None else seconds


def explain_for_reports(decided: DecidedRun, *, seconds: float | None = None) -> ExplainDocument:
    """Return the document of all applications, computed within a minute or `seconds`.

    Reports and workbooks read it.
    """
    limit = get_report_limit(decided.problem.scenario.spec.solver.time_limit, seconds)
    return explain(decided, everyone=True, seconds=limit).data


def _get_reporter(progress: Report | None) -> Report:
    return progress if progress is not None else lambda phase, share: None


def _list_reserve_in_time(decided: DecidedRun, course: StudyProgress) -> list[ReserveEntry]:
    """Compute the reserve list within its share of the time; without exact figures after Ctrl-C."""
    result: list[ReserveEntry] | None = None
    with course.catch_limits():
        result = list_reserve(decided, course.deadline.take_share(RESERVE_SHARE))
    return list_reserve(decided, Deadline(0.0)) if result is None else result


def _compute_effects(
    decided: DecidedRun, report: Report, deadline: Deadline
) -> tuple[list[Effect], StudyProgress]:
    """Compute the effect of each rule within the time limit, with the count of rules examined."""
    result: list[Effect] = []
    course = StudyProgress(deadline, "questions", n_asked=count_rule_effects(decided.problem))
    with course.catch_limits():
        for number, effect in enumerate(generate_rule_effects(decided, Clock.from_deadline(deadline))):
            report("rules", 0.3 * (number + 1) / max(1, course.n_asked))
            result.append(effect)
            course.n_done += effect.settled
            if number + 1 < course.n_asked:
                deadline.check()
    return result, course


def map_deciding_rules(
    decided: DecidedRun, effects: Sequence[RuleEffectEntry]
) -> dict[int, list[DecidingRule]]:
    """Map each row to the rules whose removal changes its decision."""
    if not any(effect.enters or effect.leaves for effect in effects):
        return {}
    place = dict(zip(decided.numbers.to_list(), range(len(decided.numbers)), strict=True))
    result: dict[int, list[DecidingRule]] = {}
    for effect in effects:
        for names, enters in ((effect.enters, True), (effect.leaves, False)):
            for name in names or ():
                deciding = DecidingRule(
                    id=effect.id, kind=effect.kind, title=effect.title, place=effect.place, enters=enters
                )
                result.setdefault(place[name], []).append(deciding)
    return result


def _list_unknown(faults: Sequence[Defect], lang: Lang) -> list[UnknownDossier]:
    return [
        UnknownDossier(message=fault.text.in_(lang), hint=fault.hint.in_(lang) if fault.hint else None)
        for fault in faults
    ]


def find_inversions(decided: DecidedRun) -> InversionList | None:
    """Return the rank inversions of the decision; None if the objective has not exactly one score."""
    if find_single_score(decided.problem) is None:
        return None
    return list_inversions(decided, build_ranking(decided.problem), most=MOST_INVERSIONS)


def _build_effect_entry(decided: DecidedRun, effect: Effect) -> RuleEffectEntry:
    """Write the effect of one rule as an entry of the document."""
    numbers, named = decided.numbers, build_rule_entry(decided.problem, effect.rule)
    return RuleEffectEntry(
        id=named.id,
        kind=named.kind,
        title=named.title,
        place=named.place,
        status=effect.answer.status,
        enters=numbers.filter(effect.enters).to_list() if effect.settled else None,
        leaves=numbers.filter(effect.leaves).to_list() if effect.settled else None,
    )
