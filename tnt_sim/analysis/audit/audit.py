"""Audit a hand-made selection against the rules and the optimum.

The audit gives the rules that the list breaks, each with its distance in exact integers; its loss
against the optimum; the optimum for no more money than the list; the least money for at least the
same values; and, for a share of the loss, the fewest decisions to change::

    min Hamming distance to the list  s.t.  every rule,  stage value ≥ mine + share · (best − mine)

Each question first gets a limit that no list passes and the best list near it (`question_limits.py`), then its
answer while time lasts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl

from tnt_sim.analysis.audit.document import (
    AuditDocument,
    AuditGoal,
    BrokenAward,
    ComparedList,
    SelectionEntry,
    SelectionFinding,
    SwapEntry,
    ViolatedBound,
    ViolatedRatedBound,
    ViolationEntry,
)
from tnt_sim.analysis.audit.question_limits import MOST_COLUMNS, CapLimitSearch, LimitSearch
from tnt_sim.analysis.audit.selection import Selection
from tnt_sim.analysis.audit.sentences import describe_violation
from tnt_sim.analysis.explain.document import InversionList
from tnt_sim.analysis.explain.rank_inversions import build_ranking, find_single_score, list_inversions
from tnt_sim.analysis.infeasibility.document import RatedBoundEntry
from tnt_sim.analysis.infeasibility.elastic_problem import ElasticProblem, LiftableBound, WrittenPart
from tnt_sim.analysis.infeasibility.minimal_conflicts import without_refusals
from tnt_sim.analysis.infeasibility.repair_texts import build_bound_entry, count_cents
from tnt_sim.analysis.shared.list_distance import build_min_changes_problem, list_changes
from tnt_sim.analysis.shared.progress import INTERRUPT, TIME, StudyProgress
from tnt_sim.analysis.shared.study_head import build_question_head
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, SolveOutcome, Status
from tnt_sim.errors import Defect, LimitReached
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import BoolArray, Groups, Terms, Unit
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
    read_within_limits,
)
from tnt_sim.verify.run_document import format_fraction

OF_LINES = ("rule:", "cap:", "envelope:", "variant", "prerequisite", "decide:")
"""Code prefixes of defects that the violated lines already report, with amounts."""


def list_violations(
    problem: Problem, allocation: Allocation, reading: AllocationReading, lang: Lang
) -> list[ViolationEntry]:
    """List each violated bound, then each award that is not allowed, as entries of the document."""
    form = ElasticProblem.of(problem, without_refusals(problem))
    result: list[ViolationEntry] = [
        _build_entry(
            form, line, *_compute_excess(problem, form.get_entry(line.entry), line, allocation), lang
        )
        for line in sorted(form.find_violated_bounds(allocation))
    ]
    for node, cents in enumerate(reading.envelopes.excess_cents):
        if cents:
            line = LiftableBound(f"envelope:{problem.case.tree.ids[node]}")
            result.append(_build_entry(form, line, cents * CENT, Unit.MONEY, lang))
    awards = [
        BrokenAward(kind=defect.code, words=defect.text.in_(lang))
        for defect in list_broken_rules(problem, allocation, reading)
        if not defect.code.startswith(OF_LINES)
    ]
    return [*result, *awards]


def _compute_excess(
    problem: Problem, entry: WrittenPart, liftable: LiftableBound, allocation: Allocation
) -> tuple[Fraction, Unit]:
    """Return by how much a bound is exceeded, and its unit.

    For an entry that binds as a whole, the distance that its rule defines.
    """
    funded, granted = allocation.funded, allocation.granted_cents
    for limit, name, side, bound in entry.iterate_bounds():
        if (name or "", side) == (liftable.group, liftable.side):
            figures = limit.read(funded, granted).readings
            found = next(one for one in figures if (one.group or "") == liftable.group)
            value = Fraction(found.num, found.den)
            return (bound - value if side == "min" else value - bound), entry.unit
    if entry.kind == "cap":
        above = [one for one in problem.caps.list_excesses(funded, granted) if one.cap == entry.id]
        return sum(one.granted_cents - max(one.limit_cents, 0) for one in above) * CENT, Unit.MONEY
    assert entry.rule is not None
    return entry.rule.read(funded, granted).distance, entry.rule.distance_unit


def _build_entry(
    form: ElasticProblem, bound: LiftableBound, by: Fraction, unit: Unit, lang: Lang
) -> ViolatedBound | ViolatedRatedBound:
    if unit is Unit.MONEY:
        by = -(-by // CENT) * CENT
    written = build_bound_entry(form, bound, lang)
    values = {key.name: getattr(written, key.name) for key in fields(written)}
    kind = ViolatedRatedBound if isinstance(written, RatedBoundEntry) else ViolatedBound
    entry = kind(**values, by=format_fraction(by), by_cents=count_cents(by, unit))
    return replace(entry, words=describe_violation(entry, lang))


SHARES = (Fraction(1, 2), Fraction(9, 10), Fraction(1))
QUESTION_SECONDS = 60.0
MOST_INVERSIONS = 100
"""Most applications listed that the list leaves out although it has a worse one; all are counted."""
OPTIMUM_SHARE = 0.4
"""Share of the time that the optimum may take."""
LIMITS_SHARE = 0.7
"""Share of the time left that limits of all questions may take before any is answered; all of it where the
optimum is open, since the questions are no easier."""
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Swap:
    """Fewest decisions to change in order to recover a share of the loss.

    Attributes
    ----------
    share : of the loss; 0 for the fewest changes that satisfy every rule
    stage : stage whose loss is recovered, −1 for none
    target : value required of that stage
    answer : the nearest allocation that was found; None if time ran out
    n_changed : number of decisions that differ
    n_changed_from : number of decisions that differ at least (None: unknown)
    """

    share: Fraction
    stage: int
    target: Fraction | None
    answer: SolveOutcome | None
    n_changed: int | None
    n_changed_from: int | None = None


@dataclass(frozen=True, eq=False)
class AuditResult:
    """Selection compared with the rules and the optimum.

    Attributes
    ----------
    selection, reading : the list and its exact figures
    broken : rules that it breaks, as entries of the document; empty if it is feasible
    optimum : the optimum
    better : optimum with no more money than the list grants
    cheaper : least money for at least the list's value in every stage
    swaps : steps from the list towards the optimum
    lang : language of the sentences in the document
    optimum_bound, better_bound : no list has a better first value, no list for as much money (None: unknown)
    cheaper_from_cents : no list at least as good grants less (None: unknown)
    """

    problem: Problem
    selection: Selection
    reading: AllocationReading
    broken: tuple[ViolationEntry, ...]
    optimum: SolveOutcome | None
    better: SolveOutcome | None
    cheaper: SolveOutcome | None
    swaps: tuple[Swap, ...]
    lang: Lang
    optimum_bound: Fraction | None = None
    better_bound: Fraction | None = None
    cheaper_from_cents: int | None = None
    seconds: float = 0.0
    course: StudyProgress = field(default_factory=lambda: StudyProgress(UNLIMITED, "questions"))

    @property
    def allocation(self) -> Allocation:
        """Return the list."""
        return self.selection.allocation

    @property
    def numbers(self) -> pl.Series:
        """Return the application numbers, String (n,)."""
        return self.problem.case.table["dossier"]

    @cached_property
    def data(self) -> AuditDocument:
        """Return the answer, whose JSON form is `document`."""
        return build_document(self)

    def to_dataframe(self) -> pl.DataFrame:
        """Return one row per application: selected, in the optimum, and both amounts in cents."""
        table = self.problem.case.table.select("dossier", "title").with_columns(
            pl.Series("selected", self.selection.allocation.funded),
            pl.Series("selected_cents", self.selection.allocation.granted_cents),
        )
        if self.optimum is not None and self.optimum.allocation is not None:
            best = self.optimum.allocation
            table = table.with_columns(
                pl.Series("optimum", best.funded), pl.Series("optimum_cents", best.granted_cents)
            )
        return table


def audit_selection(
    problem: Problem,
    chosen: Selection,
    clock: Clock,
    *,
    progress: Progress | None = None,
    lang: Lang | None = None,
) -> AuditResult:
    """Audit a selection already read against a compiled problem."""
    began = time.perf_counter()
    report_progress = progress or (lambda phase, done: None)
    clock = clock.hold_back_answer(problem.case.n)
    reading = read_allocation(problem, chosen.allocation)
    lang = lang or Lang(problem.scenario.spec.locale)
    broken = list_violations(problem, chosen.allocation, reading, lang)
    course = StudyProgress(clock.deadline, "questions", n_asked=3)
    optimum: SolveOutcome | None = None
    with course.catch_limits():
        report_progress("optimum", 0.1)
        optimum = _optimise_in_time(problem, course, share=OPTIMUM_SHARE)
    answers = _AuditAnswers(problem, chosen, reading, course)
    questions = answers.questions
    if course.stopped_by != INTERRUPT and (optimum is None or optimum.status is not Status.INFEASIBLE):
        with course.catch_limits():
            report_progress("limits", 0.2)
            answers.find_limits(optimum, broken=bool(broken))
            course.n_asked = max(course.n_asked, len(questions))
            for place, question in enumerate(questions[1:], 1):
                report_progress(question.name, 0.2 + 0.8 * place / len(questions))
                answers.solve(question)
    if questions:
        optimum = questions[0].answer or optimum
    course.n_asked = course.n_done if course.stopped_by is None else course.n_asked
    found = {question.name: question for question in questions}
    better, cheaper = found.get("better"), found.get("cheaper")
    return AuditResult(
        problem=problem,
        lang=lang,
        selection=chosen,
        reading=reading,
        broken=tuple(broken),
        optimum=optimum,
        better=None if better is None else better.answer,
        cheaper=None if cheaper is None else cheaper.answer,
        swaps=tuple(question.build_swap(chosen) for question in questions if question.name == "swaps"),
        optimum_bound=questions[0].bound if questions else None,
        better_bound=None if better is None else better.bound,
        cheaper_from_cents=None
        if cheaper is None or cheaper.bound is None
        else math.ceil(cheaper.bound * 100),
        seconds=time.perf_counter() - began,
        course=course,
    )


@dataclass(slots=True, eq=False)
class _Question:
    """One question of an audit, the limit of all lists, and the best list so far.

    Attributes
    ----------
    name : `optimum`, `better`, `cheaper` or `swaps`
    problem : the one that answers it
    least_values : that the first stages must have
    goals : stages to optimise, all by default
    share, stage, target : of a swap
    most_cents : most money, for `better`
    bound : of its figure (`read_figure`), in its unit
    """

    name: str
    problem: Problem
    least_values: tuple[Fraction, ...] = ()
    goals: int | None = None
    share: Fraction = Fraction(0)
    stage: int = -1
    target: Fraction | None = None
    most_cents: int | None = None
    bound: Fraction | None = None
    answer: SolveOutcome | None = None

    def read_figure(self, answer: SolveOutcome, funded: BoolArray) -> Fraction:
        """Return the figure that the question is about: a first value, euros, or a number of decisions."""
        assert answer.allocation is not None
        assert answer.granted_cents is not None
        if self.name == "cheaper":
            return Fraction(answer.granted_cents, 100)
        if self.name == "swaps":
            return Fraction(int((answer.allocation.funded != funded).sum()))
        return answer.values[0]

    def is_worse(self, figure: Fraction, other: Fraction) -> bool:
        """Whether a figure is worse than another one."""
        if self.name in ("cheaper", "swaps") or self.problem.stages[0].sense is Sense.MINIMISE:
            return figure > other
        return figure < other

    def build_swap(self, chosen: Selection) -> Swap:
        """Return the swap that it found."""
        bound = None if self.bound is None else math.ceil(self.bound)
        count = _count_changes(self.answer, chosen)
        return Swap(self.share, self.stage, self.target, self.answer, count, bound)


@dataclass(eq=False)
class _AuditAnswers:
    """Limits and answers of the questions of an audit."""

    problem: Problem
    chosen: Selection
    reading: AllocationReading
    course: StudyProgress
    questions: list[_Question] = field(default_factory=list)
    _lists: list[SolveOutcome] = field(default_factory=list)

    @property
    def _funded(self) -> BoolArray:
        return self.chosen.allocation.funded

    def find_limits(self, optimum: SolveOutcome | None, *, broken: bool) -> None:
        """List the questions, and find limits and lists of each within their share of the time.

        The first one is the optimum; without any list it is the only one.
        """
        problem, deadline = self.problem, self.course.deadline
        if optimum is not None and optimum.is_closed:
            deadline = deadline.take_share(LIMITS_SHARE)
        first = _Question("optimum", problem)
        self.questions.append(first)
        if optimum is not None and optimum.allocation is not None:
            self._take(first, optimum)
        search: LimitSearch | CapLimitSearch | None = None
        many = int(problem.offers.candidate.sum()) > MOST_COLUMNS
        with suppress(DeadlineExpired):
            search = (CapLimitSearch if many else LimitSearch).of(problem, self._funded, deadline)
        if search is not None and first.bound is None:
            self._find_limit(first, search, deadline)
        if first.answer is None:
            return
        self.questions += self._list_questions(first.answer.values, broken=broken)
        if search is not None:
            # the least money last: its linear program starts far from the others
            questions = sorted(self.questions[1:], key=lambda question: question.name == "cheaper")
            for place, question in enumerate(questions):
                until = deadline.take_share(1 / (len(questions) - place)) if many else deadline
                self._find_limit(question, search, until)
        swaps = [question for question in self.questions if question.name == "swaps"]
        for easier, harder in pairwise(swaps):  # every list of the second is one of the first
            if easier.bound is not None:
                harder.bound = max(easier.bound, harder.bound or easier.bound)
        for question in self.questions[1:]:
            for one in self._lists:
                self._take_list(question, one)

    def _list_questions(self, best: Sequence[Fraction], *, broken: bool) -> list[_Question]:
        """List the questions beside the optimum."""
        problem, values = self.problem, self.reading.values
        cents = self.reading.granted_cents
        questions = [
            _Question("better", _add_granted_limit(problem, cents), most_cents=cents),
            _Question("cheaper", problem, least_values=values),
        ]
        if broken:
            questions.append(_Question("swaps", build_min_changes_problem(problem, 0, self._funded)))
        k = find_lost_stage(problem, values, best)
        for share in SHARES if k >= 0 else ():
            target = values[k] + share * (best[k] - values[k])
            nearest = build_min_changes_problem(problem, k + 1, self._funded)
            questions.append(_Question("swaps", nearest, (*best[:k], target), 1, share, k, target))
        return questions

    def _find_limit(
        self, question: _Question, search: LimitSearch | CapLimitSearch, deadline: Deadline
    ) -> None:
        """Bound a question, and keep the lists found on the way."""
        if deadline.expired:
            return
        if question.name == "cheaper":
            limits = search.find_least_granted(question.least_values, deadline)
        elif question.name == "swaps":
            limits = search.find_least_distance(question.least_values, deadline)
        else:
            limits = search.find_best_value(question.most_cents, deadline)
        question.bound = limits.bound
        for allocation in limits.lists:
            reading = read_within_limits(self.problem, allocation, ())
            if reading is not None:
                one = SolveOutcome.of_list(allocation, reading)
                self._lists.append(one)
                self._take_list(question, one)

    def _take_list(self, question: _Question, listed: SolveOutcome) -> None:
        """Take a list for the answer of a question where it satisfies it and none better is known."""
        assert listed.granted_cents is not None
        if question.most_cents is not None and listed.granted_cents > question.most_cents:
            return
        for stage, value, least in zip(
            self.problem.stages, listed.values, question.least_values, strict=False
        ):
            if value < least if stage.sense is Sense.MAXIMISE else value > least:
                return
        held = question.answer
        if held is None or (
            not held.is_closed
            and question.is_worse(
                question.read_figure(held, self._funded), question.read_figure(listed, self._funded)
            )
        ):
            question.answer = listed

    def solve(self, question: _Question) -> None:
        """Answer a question within a share of the time."""
        outcome = _optimise_in_time(
            question.problem, self.course, limits=question.least_values, goals=question.goals
        )
        if outcome is not None and (outcome.allocation is not None or outcome.status is Status.INFEASIBLE):
            self._take(question, outcome)

    def _take(self, question: _Question, outcome: SolveOutcome) -> None:
        """Take an answer of the search, unless it is open and a better list is known."""
        if outcome.allocation is None:
            question.answer = question.answer or outcome
            return
        # The solved problem may have another stage: the values are those of the scenario's own stages.
        own = replace(outcome, values=read_allocation(self.problem, outcome.allocation).values)
        if question.name == "optimum":  # proven for its own question only
            self._lists.append(
                SolveOutcome.of_list(outcome.allocation, read_allocation(self.problem, outcome.allocation))
            )
        if outcome.is_closed:
            question.answer = outcome
            if outcome.proof is Proof.PROVED:
                by_value = question.name in ("optimum", "better")
                question.bound = outcome.bests[0] if by_value else question.read_figure(own, self._funded)
            return
        held = question.answer
        if held is None or not question.is_worse(
            question.read_figure(own, self._funded), question.read_figure(held, self._funded)
        ):
            question.answer = outcome


def _optimise_in_time(
    problem: Problem,
    course: StudyProgress,
    *,
    limits: Sequence[Fraction] = (),
    goals: int | None = None,
    share: float = 0.5,
) -> SolveOutcome | None:
    """Solve within a share of the time; None if no feasible point was found."""
    course.deadline.check()
    until = course.deadline.take_share(share).tighten(QUESTION_SECONDS)
    try:
        answer = optimise(
            problem,
            OptimiseOptions(kept_values=tuple(limits), n_stages=goals),
            clock=Clock.from_deadline(until),
        )
    except LimitReached:
        course.stopped_by = TIME
        return None
    course.n_done += 1
    if not answer.is_closed and answer.status is not Status.INFEASIBLE:
        course.withdraw_item(stopped=True)
    return answer


def _add_granted_limit(problem: Problem, cents: int) -> Problem:
    """Add a limit on the total money granted."""
    n = problem.case.n
    zeros, ones = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    money = Terms(CENT, Unit.MONEY, zeros, ones)
    groups = Groups((None,), zeros, grouped=False)
    limit = Limit("selection", "limit", Mode.HARD, money, groups, (None,), (cents * CENT,), (False,))
    return replace(problem, rules=(*problem.rules, limit))


def find_lost_stage(problem: Problem, values: Sequence[Fraction], best: Sequence[Fraction]) -> int:
    """Return the first stage whose value differs from the optimum, if it is worse; otherwise −1."""
    for k, (stage, value, most) in enumerate(zip(problem.stages, values, best, strict=True)):
        if value != most:
            short = value < most if stage.sense is Sense.MAXIMISE else value > most
            return k if short else -1
    return -1


def _count_changes(answer: SolveOutcome | None, chosen: Selection) -> int | None:
    if answer is None or answer.allocation is None:
        return None
    return int((answer.allocation.funded != chosen.allocation.funded).sum())


def build_document(audit_: AuditResult) -> AuditDocument:
    """Build the document of an audit."""
    status = Status.STOPPED if audit_.optimum is None else audit_.optimum.status
    return AuditDocument(
        **build_question_head(audit_.problem, audit_.course, status, audit_.lang),
        selection=SelectionEntry(
            n_rows=audit_.selection.n_rows,
            n_committed_added=audit_.selection.n_added,
            n_funded=int(audit_.selection.allocation.funded.sum()),
            granted_cents=audit_.reading.granted_cents,
            allowed=not audit_.broken,
            findings=[_build_finding(defect, audit_.lang) for defect in audit_.selection.findings],
        ),
        broken=audit_.broken,
        objective=_build_goals(audit_),
        optimum=_build_list_entry(audit_, audit_.optimum),
        better=_build_list_entry(audit_, audit_.better),
        better_bound=format_fraction(audit_.better_bound),
        cheaper=_build_list_entry(audit_, audit_.cheaper),
        cheaper_from_cents=audit_.cheaper_from_cents,
        swaps=[_build_swap_entry(audit_, swap) for swap in audit_.swaps],
        inversions=_list_inversions(audit_),
        seconds=round(audit_.seconds, 3),
    )


def _list_inversions(audit_: AuditResult) -> InversionList | None:
    """Return the better applications that the list leaves out; None if the objective has not exactly one score."""
    if find_single_score(audit_.problem) is None:
        return None
    return list_inversions(audit_, build_ranking(audit_.problem), most=MOST_INVERSIONS)


def _build_finding(defect: Defect, lang: Lang) -> SelectionFinding:
    place = defect.places[0] if defect.places else None
    return SelectionFinding(
        code=defect.code,
        message=defect.text.in_(lang),
        hint=defect.hint.in_(lang) if defect.hint else None,
        file=place.file if place else None,
        row=place.row if place else None,
        dossier=place.dossier if place else None,
    )


def _build_goals(audit_: AuditResult) -> list[AuditGoal]:
    """Build each stage: value of the list, of the optimum, and the loss."""
    best: Sequence[Fraction | None] = (None,) * len(audit_.problem.stages)
    if audit_.optimum is not None and audit_.optimum.values:
        best = audit_.optimum.values
    return [
        AuditGoal(
            goal=stage.goal,
            sense=stage.sense,
            value=format_fraction(mine),
            optimum=format_fraction(most),
            loss=None if most is None else format_fraction(_compute_loss(stage.sense, mine, most)),
            bound=format_fraction(audit_.optimum_bound if place == 0 else None),
        )
        for place, (stage, mine, most) in enumerate(
            zip(audit_.problem.stages, audit_.reading.values, best, strict=True)
        )
    ]


def _compute_loss(sense: Sense, value: Fraction, best: Fraction) -> Fraction:
    return best - value if sense is Sense.MAXIMISE else value - best


def _build_list_entry(audit_: AuditResult, answer: SolveOutcome | None) -> ComparedList | None:
    """Build another list beside the selection: values, money, and changes."""
    if answer is None or answer.allocation is None or answer.granted_cents is None:
        return None
    # The solved problem may have an extra stage: read the values of the scenario's own stages.
    reading = read_allocation(audit_.problem, answer.allocation)
    return ComparedList(
        status=answer.status,
        proof=answer.proof,
        values=[format_fraction(value) for value in reading.values],
        granted_cents=answer.granted_cents,
        saved_cents=audit_.reading.granted_cents - answer.granted_cents,
        n_funded=int(answer.allocation.funded.sum()),
        changes=list_changes(audit_.problem, audit_.selection.allocation, answer.allocation),
    )


def _build_swap_entry(audit_: AuditResult, swap: Swap) -> SwapEntry:
    entry = SwapEntry(
        recover=format_fraction(swap.share),
        goal=audit_.problem.stages[swap.stage].goal if swap.stage >= 0 else None,
        target=format_fraction(swap.target),
        n_changed=swap.n_changed,
        n_changed_from=swap.n_changed_from,
        status=Status.STOPPED,
    )
    nearest = _build_list_entry(audit_, swap.answer)
    if nearest is None:
        return entry
    return replace(entry, **{key.name: getattr(nearest, key.name) for key in fields(nearest)})
