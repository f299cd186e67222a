"""Marginal questions as a planner asks them: a scenario in, a document and a table out.

Documents hold amounts in integer cents and exact decimals as text.

>>> import tnt_sim as tnt
>>> scenario = tnt.Scenario.from_yaml("scenarios/tnt-2021.yaml")  # doctest: +SKIP
>>> tnt.next_euro(scenario).to_dataframe()  # doctest: +SKIP
>>> tnt.target(scenario, "+100").summary()["targets"][0]["extra_cents"]  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.marginal.document import (
    EntryThresholdsDocument,
    ExtensionDocument,
    MarginalDocument,
    NextEuroDocument,
    TargetDocument,
    build_entry_rows,
    build_head,
    build_marginal_entry,
    build_option_entry,
    build_reference_entry,
    build_target_entry,
    count_flags,
)
from tnt_sim.analysis.marginal.entry_lists import build_reference_list, find_optimal_lists
from tnt_sim.analysis.marginal.entry_thresholds import NoLoss, build_entries, find_no_loss_extensions
from tnt_sim.analysis.marginal.extension_allocation import ExtensionOption, optimise_extension_options
from tnt_sim.analysis.marginal.marginal_euro import NextEuro, compute_marginal_euros
from tnt_sim.analysis.marginal.target_envelope import TargetResult, parse_target, reach
from tnt_sim.analysis.shared.amount_variation import FREE, PRO_RATA
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.progress import TIME, StudyProgress
from tnt_sim.analysis.shared.reference_solution import (
    REFERENCE_SHARE,
    ReferenceSolution,
    ReportProgress,
    check_single_decision,
    notify_progress,
    solve_reference,
)
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.analysis.sweep.plan import build_plan
from tnt_sim.domain.money import MoneyError, parse_cents
from tnt_sim.engine.budgets import BUDGETS, Clock
from tnt_sim.engine.result import Status, convert_frame
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Lang, _
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData

QUARTER_MORE = "125 %"
GRID = 10


@dataclass(frozen=True, eq=False)
class MarginalResult(StudyAnswer):
    """Result of a marginal question.

    Attributes
    ----------
    data : the answer
    rows : name of its list of entries
    lang : language of the display
    """

    data: MarginalDocument
    rows: str
    lang: Lang

    def __repr__(self) -> str:
        return (
            f"<MarginalAnswer {self.data.question} of {self.data.scenario}: "
            f"{len(self.document[self.rows])} rows>"
        )

    def to_dataframe(self, backend: str = "polars") -> Any:
        """Return one row per entry, as polars or pandas; amounts in integer cents, lists joined by " ; "."""
        plain = [{key: _format_cell(value) for key, value in row.items()} for row in self.document[self.rows]]
        return convert_frame(pl.DataFrame(plain, infer_schema_length=None), backend)


def _format_cell(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return " ; ".join(
        value if isinstance(value, str) else " ".join(str(part) for part in value.values()) for value in value
    )


def next_euro(
    scenario: ScenarioData,
    *,
    envelopes: Sequence[str] | None = None,
    rules: Sequence[str] | None = None,
    time_limit: float | None = None,
    prove: bool = True,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
) -> MarginalResult:
    """Find the least increase of each envelope, or violation of each rule, that gains one unit.

    Parameters
    ----------
    envelopes, rules : ids to examine; by default all
    time_limit : seconds for all questions
    prove : whether to seek an exact certificate that a smaller step gains nothing
    lang : language of the document; by default that of the scenario
    progress : called with the id and the share done, in [0, 1]

    Raises
    ------
    UsageError
        If an envelope or a rule does not exist, or if the scenario has steps.

    Examples
    --------
    >>> tnt.next_euro(scenario, envelopes=["programme"], rules=[]).to_dataframe().height
    1
    """
    clock, tongue = Clock(time_limit), _get_lang(scenario, lang)
    base = solve_reference(scenario, clock, prove=prove, share=REFERENCE_SHARE)
    clock = clock.hold_back_answer(base.problem.case.n)
    course = StudyProgress(clock.deadline, "questions")
    for name in rules or ():
        _check_rule(base.problem, name)
    result: list[NextEuro] = []
    with course.catch_limits():
        compute_marginal_euros(
            base,
            envelopes=envelopes,
            rules=rules,
            clock=clock,
            prove=prove,
            report_progress=progress,
            into=result,
            course=course,
        )
    document = NextEuroDocument(
        **build_head(base.problem, None, course, course.status, tongue),
        base=build_reference_entry(base),
        next=[build_marginal_entry(one) for one in result],
    )
    return MarginalResult(document, "next", tongue)


def entries(
    scenario: ScenarioData,
    *,
    envelope: str | None = None,
    start: str | int | None = None,
    stop: str | int | None = None,
    at: Sequence[str | int] = (),
    steps: int | None = None,
    share: str = FREE,
    nested: bool = False,
    dossiers: Sequence[str] = (),
    time_limit: float | None = None,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
) -> MarginalResult:
    """Find the envelope amount from which each application is funded.

    The columns are `no_loss`, `first`, `stable_from`, `flips` and a flag; see `entry_thresholds`.

    Parameters
    ----------
    envelope : id of the envelope that varies; by default the programme
    start, stop : range of amounts; by default from the written amount to 125 % of it
    at : amounts of the range, instead of equal steps
    steps : number of equal steps
    share : how amounts below the envelope follow, as for a sweep
    nested : along the announcements `at`, where each list keeps the grants of the previous one
    dossiers : applications whose `no_loss` must be exact even if rules other than envelopes bind;
    one solve each
    time_limit : seconds for the whole

    Raises
    ------
    UsageError
        For an unknown application, an invalid range, or a scenario with steps.

    Examples
    --------
    >>> tnt.entries(scenario, stop="1.3 M€").status
    'optimal'
    """
    check_single_decision(scenario)
    clock, tongue = Clock(time_limit), _get_lang(scenario, lang)
    plan = build_plan(
        scenario,
        envelopes=() if envelope is None else (envelope,),
        start=start,
        stop=QUARTER_MORE if stop is None and not at else stop,
        steps=GRID if steps is None and not at and not nested else steps,
        at=at,
        share=share,
        free=not nested,
        nested=nested,
    )
    base = solve_reference(scenario, clock, prove=False, share=REFERENCE_SHARE)
    clock = Clock.from_deadline(clock.hold_back(BUDGETS.result_share))  # an entry for each application
    path = build_envelope_path(
        base.problem, plan.moved.names[0] if share in (FREE, PRO_RATA) else plan.moved.share
    )
    named, loss = _require_rows(base, dossiers), NoLoss.from_reference(base)
    course = StudyProgress(clock.deadline, "dossiers")
    waiting = base.problem.offers.candidate & ~base.allocation.funded
    with course.catch_limits():
        find_no_loss_extensions(
            base, path, named=named or None, clock=clock, report_progress=progress, into=loss
        )
    course.n_asked = int(waiting.sum())
    course.n_done = sum(loss.method[row] != "" for row in np.flatnonzero(waiting).tolist())
    lists = build_reference_list(base, path, plan)
    if not lists.optimal:  # a limit ended the search for it
        course.stopped_by = course.stopped_by or TIME
    if course.stopped_by is None:
        with course.catch_limits():
            lists = find_optimal_lists(base, path, plan, course, progress)
    status = course.status  # some entries are known even where a limit came first
    if status is Status.STOPPED and course.stopped_by == TIME:
        status = Status.FEASIBLE
    thresholds = build_entries(base, path, lists, loss)
    document = EntryThresholdsDocument(
        **build_head(base.problem, path, course, status, tongue),
        from_cents=lists.from_cents,
        to_cents=thresholds.to_cents,
        n_lists=len(lists.cents) if lists.optimal else 0,
        exact=thresholds.exact,
        nested=thresholds.nested,
        flags=count_flags(thresholds),
        entries=build_entry_rows(thresholds),
    )
    return MarginalResult(document, "entries", tongue)


def target(
    scenario: ScenarioData,
    *goals: str,
    envelope: str | None = None,
    time_limit: float | None = None,
    prove: bool = True,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
) -> MarginalResult:
    """Find the smallest amount of an envelope that reaches each target, with the optimal list there.

    Parameters
    ----------
    goals : targets such as "all", "+400", "departments" or "rule:ID"; see `target_envelope`
    envelope : id; by default the programme
    time_limit : seconds for all targets
    prove : whether to prove that no smaller amount is enough

    Raises
    ------
    UsageError
        If a target or the envelope is invalid, or if the scenario has steps.

    Examples
    --------
    >>> tnt.target(scenario, "departments").table("targets")["amount_cents"].to_list()
    [100000000]
    """
    check_single_decision(scenario)
    clock, tongue = Clock(time_limit), _get_lang(scenario, lang)
    problem = compile_problem(scenario)
    clock.begin()
    path = build_envelope_path(problem, envelope or problem.case.tree.ids[0])

    @cache
    def get_reference() -> ReferenceSolution:
        return solve_reference(scenario, clock, prove=False)

    wanted = [parse_target(problem, goal, lambda: get_reference().allocation) for goal in goals]
    result: list[TargetResult] = []
    course = StudyProgress(clock.deadline, "targets")
    with course.catch_limits():
        for k, goal in enumerate(course.iterate_items(wanted)):
            notify_progress(progress, goal.text, k / len(wanted))
            result.append(reach(problem, goal, path, clock=clock, prove=prove))
            if result[-1].stopped:
                course.withdraw_item(stopped=True)
    status = _summarise_status(result) if course.stopped_by is None else course.status
    document = TargetDocument(
        **build_head(problem, path, course, status, tongue),
        targets=[build_target_entry(one, tongue) for one in result],
    )
    return MarginalResult(document, "targets", tongue)


def extension(
    scenario: ScenarioData,
    amount: str | int,
    *,
    key: Mapping[str, int] | None = None,
    time_limit: float | None = None,
    prove: bool = True,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
) -> MarginalResult:
    """Compare ways to share an extra amount: chosen by the model, by the statutory key, all on one axis.

    Parameters
    ----------
    amount : text such as "10 M€", or whole euros
    key : weights by axis; by default the written amounts
    time_limit : seconds for all ways
    prove : whether to prove each optimum

    Raises
    ------
    UsageError
        If the amount is invalid or not positive, or if the key is invalid.

    Examples
    --------
    >>> tnt.extension(scenario, "100 k€").status
    'optimal'
    """
    clock, tongue = Clock(time_limit), _get_lang(scenario, lang)
    cents = _parse_cents(amount)
    base = solve_reference(scenario, clock, prove=prove)
    weights = None if key is None else dict(key)
    result: list[ExtensionOption] = []
    course = StudyProgress(clock.deadline, "ways")
    with course.catch_limits():
        optimise_extension_options(
            base,
            cents,
            key=weights,
            clock=clock,
            prove=prove,
            report_progress=progress,
            into=result,
            course=course,
        )
    document = ExtensionDocument(
        **build_head(base.problem, None, course, course.status, tongue),
        extra_cents=cents,
        base=build_reference_entry(base),
        ways=[build_option_entry(base, one) for one in result],
    )
    return MarginalResult(document, "ways", tongue)


def _summarise_status(results: Sequence[TargetResult]) -> Status:
    """Return the status of all targets: infeasible if none is reached and no limit intervened."""
    if all(one.amount_cents is not None for one in results):
        return Status.OPTIMAL
    if any(one.amount_cents is not None for one in results):
        return Status.FEASIBLE
    return Status.STOPPED if any(one.stopped for one in results) else Status.INFEASIBLE


def _get_lang(scenario: ScenarioData, lang: Lang | str | None) -> Lang:
    return Lang(lang or scenario.spec.locale)


def _parse_cents(amount: str | int) -> int:
    if isinstance(amount, int):
        return amount * 100
    try:
        return parse_cents(amount)
    except MoneyError as error:
        raise UsageError(
            _('"{amount}" is not an amount: {error}. Write "10 M€".', amount=amount, error=error.text),
            code="usage.amount",
        ) from error


def _require_rows(base: ReferenceSolution, dossiers: Sequence[str]) -> list[int]:
    names = base.problem.case.table["dossier"].to_list()
    place = {name: row for row, name in enumerate(names)}
    for name in dossiers:
        if name not in place:
            hint = suggest_name(name, names) or NO_TEXT
            text = _('there is no application "{name}". {hint}', name=name, hint=hint)
            raise UsageError(text, code="usage.dossier")
    return [place[name] for name in dossiers]


def _check_rule(problem: Problem, name: str) -> None:
    known = [rule.id for rule in problem.rules]
    if name not in known:
        hint = suggest_name(name, known) or NO_TEXT
        raise UsageError(_('there is no rule "{name}". {hint}', name=name, hint=hint), code="usage.rule")
