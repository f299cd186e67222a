"""`entry-thresholds`: the amount of an envelope from which each application is funded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, _
from tnt_sim.studies.options import AT, ENVELOPE, FIRST_AMOUNT, LAST_AMOUNT, SHARE, STEPS, TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.marginal.document import EntryThresholdsDocument

QUARTER_MORE = "125 %"
GRID = 10


@partial(
    Study,
    verb="entry-thresholds",
    help=N_("Gives the amount of the envelope from which each application is funded."),
    note=N_(
        "For each application: the amount without loss for the objective, the first amount that "
        "funds it, and the amount from which it stays funded."
    ),
    examples="""\
  tnt-sim entry-thresholds scenario.yaml
  tnt-sim entry-thresholds scenario.yaml --to "1.4 M€" --dossier E-24
""",
    title=_("entry envelopes of the applications"),
    document="analysis.marginal.document.EntryThresholdsDocument",
    table="entries",
    answer="tnt_sim.studies.entry_thresholds.answer",
    next=("target {it} all",),
)
def entry_thresholds(
    ask: Ask,
    dossiers: Annotated[
        Sequence[str],
        TypedOption("--dossier", N_("An application to give to the cent, as often as needed.")),
    ] = (),
    *,
    envelope: Annotated[str | None, ENVELOPE] = None,
    start: Annotated[str | int | None, FIRST_AMOUNT] = None,
    stop: Annotated[str | int | None, LAST_AMOUNT] = None,
    steps: Annotated[int | None, STEPS] = None,
    at: Annotated[Sequence[str | int], AT] = (),
    share: Annotated[str, SHARE] = "free",
    nested: Annotated[
        bool,
        TypedOption(
            "--nested",
            N_("Follows the announcements of --at: each list keeps the applications of the one before."),
            None,
        ),
    ] = False,
) -> EntryThresholdsDocument:
    """Find the amount of an envelope from which each application is funded.

    Parameters
    ----------
    dossiers : applications whose amount must be exact even if rules other than envelopes bind, one solve each
    envelope : by default the programme
    start, stop : range of amounts; by default from the written amount to 125 % of it
    steps : number of equal steps
    at : amounts of the range, instead of equal steps
    share : how amounts below the envelope follow, as for `sweep`
    nested : along the announcements `at`, where each list keeps the grants of the previous one

    Raises
    ------
    UsageError
        For an unknown application, an invalid range, or a scenario with steps.

    Examples
    --------
    >>> scenario.analyse.entry_thresholds().to_dataframe().columns[0]
    'dossier'
    """
    import numpy as np

    from tnt_sim.analysis.marginal.document import (
        EntryThresholdsDocument,
        build_entry_rows,
        build_head,
        count_flags,
    )
    from tnt_sim.analysis.marginal.entry_lists import build_reference_list, find_optimal_lists
    from tnt_sim.analysis.marginal.entry_thresholds import NoLoss, build_entries, find_no_loss_extensions
    from tnt_sim.analysis.shared.amount_variation import FREE, PRO_RATA
    from tnt_sim.analysis.shared.envelope_path import build_envelope_path
    from tnt_sim.analysis.shared.progress import TIME
    from tnt_sim.analysis.shared.reference_solution import (
        REFERENCE_SHARE,
        check_single_decision,
        solve_reference,
    )
    from tnt_sim.analysis.sweep.plan import build_plan
    from tnt_sim.engine.budgets import BUDGETS, Clock
    from tnt_sim.engine.result import Status

    check_single_decision(ask.scenario)
    plan = build_plan(
        ask.scenario,
        envelopes=() if envelope is None else (envelope,),
        start=start,
        stop=QUARTER_MORE if stop is None and not at else stop,
        steps=GRID if steps is None and not at and not nested else steps,
        at=at,
        share=share,
        free=not nested,
        nested=nested,
    )
    base = solve_reference(ask.scenario, ask.clock, prove=False, share=REFERENCE_SHARE)
    ask.clock = Clock.from_deadline(
        ask.clock.hold_back(BUDGETS.result_share)
    )  # an entry for each application
    moved = plan.moved.names[0] if share in (FREE, PRO_RATA) else plan.moved.share
    path = build_envelope_path(base.problem, moved)
    named = list_places(base.problem.case.table["dossier"].to_list(), dossiers)
    loss, course = NoLoss.from_reference(base), ask.count("dossiers")
    waiting = base.problem.offers.candidate & ~base.allocation.funded
    with course.catch_limits():
        find_no_loss_extensions(
            base, path, named=named or None, clock=ask.clock, report_progress=ask.report, into=loss
        )
    course.n_asked = int(waiting.sum())
    course.n_done = sum(loss.method[row] != "" for row in np.flatnonzero(waiting).tolist())
    lists = build_reference_list(base, path, plan)
    if not lists.optimal:  # a limit ended the search for it
        course.stopped_by = course.stopped_by or TIME
    if course.stopped_by is None:
        with course.catch_limits():
            lists = find_optimal_lists(base, path, plan, course, ask.report)
    status = course.status  # some entries are known even where a limit came first
    if status is Status.STOPPED and course.stopped_by == TIME:
        status = Status.FEASIBLE
    thresholds = build_entries(base, path, lists, loss)
    return EntryThresholdsDocument(
        **build_head(base.problem, path, course, status, ask.lang),
        from_cents=lists.from_cents,
        to_cents=thresholds.to_cents,
        n_lists=len(lists.cents) if lists.optimal else 0,
        exact=thresholds.exact,
        nested=thresholds.nested,
        flags=count_flags(thresholds),
        entries=build_entry_rows(thresholds),
    )


def list_places(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return the rows of some applications.

    Raises
    ------
    UsageError
        For an unknown application.
    """
    place = {name: row for row, name in enumerate(names)}
    for name in wanted:
        if name not in place:
            hint = suggest_name(name, names) or NO_TEXT
            text = _('there is no application "{name}". {hint}', name=name, hint=hint)
            raise UsageError(text, code="usage.dossier")
    return [place[name] for name in wanted]
