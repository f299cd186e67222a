"""Positions of a report's slider: the scenario at other amounts of one envelope, each solved and proved.

Amounts go from `start` to `stop` in equal steps and include the written amount; `amount_variation`
says what moves with the envelope. An amount at which the scenario contradicts itself is a position
too, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable

from tnt_sim.analysis.shared.amount_variation import FREE, PRO_RATA, AmountVariation
from tnt_sim.deadline import Deadline
from tnt_sim.engine import solve
from tnt_sim.engine.result import Status
from tnt_sim.engine.stored_run import StoredRun, read_document
from tnt_sim.errors import InputError, LimitReached, UsageError, VerificationError
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.decision_page.script_data import Position, Slider, build_position

ReportProgress = Callable[[str, float], None]
MOST_STEPS = 200
_FULL_EUROS = 100
_NOTHING = _("No allocation respects all the rules at this amount.")
_NO_TIME = _("The time limit was reached before this amount: --time-limit gives more.")


def compute_slider(
    run: StoredRun,
    envelope: str,
    start: str = "100 %",
    stop: str = "125 %",
    n_steps: int = 20,
    share: str = FREE,
    report_progress: ReportProgress | None = None,
    seconds: float | None = None,
) -> Slider:
    """Solve the run's scenario at amounts of an envelope from `start` to `stop`, and at the written one.

    Parameters
    ----------
    run : the decision
    envelope, share : envelope that varies, and how amounts below follow, as for `sweep`
    start, stop : amounts, or percentages of the written amount
    n_steps : number of positions
    tell : called with a text and the share done, in [0, 1]
    seconds : for all positions, by default the scenario's `time_limit`; positions not reached say
    so
    """
    if run.decision is None:
        raise VerificationError(run.checked.defects)
    scenario = run.decision.problem.scenario
    moved = AmountVariation.of(scenario, [envelope], share)
    low, high = moved.parse_amount(start), moved.parse_amount(stop)
    if not (0 <= low < high and 2 <= n_steps <= MOST_STEPS):
        raise UsageError(
            _("the slider goes from an amount to a greater one, in 2 to {most} positions.", most=MOST_STEPS),
            code="usage.slider",
        )
    amounts = sorted({*_list_amounts(low, high, n_steps), moved.base_cents})
    positions = []
    deadline = Deadline(scenario.spec.solver.time_limit if seconds is None else seconds)
    for k, cents in enumerate(amounts):
        if report_progress is not None:
            report_progress("slider", k / len(amounts))
        positions.append(
            build_position(run, envelope, cents)
            if cents == moved.base_cents
            else _solve_position(moved, cents, deadline)
        )
    return Slider(envelope, positions, _describe_share_rule(share))


def _list_amounts(low: int, high: int, n: int) -> list[int]:
    """Return `n` equally spaced amounts; those inside are rounded down to whole euros."""
    inner = [low + (high - low) * k // (n - 1) // _FULL_EUROS * _FULL_EUROS for k in range(1, n - 1)]
    return [low, *(cents for cents in inner if low < cents < high), high]


def _solve_position(moved: AmountVariation, cents: int, deadline: Deadline) -> Position:
    if deadline.expired:
        return Position(cents, None, why=_NO_TIME)
    try:
        result = solve.solve(moved.build_scenario_at(cents), time_limit=deadline.limit_seconds)
    except LimitReached:
        return Position(cents, None, why=_NO_TIME)
    except InputError as error:
        return Position(cents, None, why=error.defects[0].text)
    if result.allocation is None:
        return Position(cents, None, why=_NO_TIME if result.status is Status.STOPPED else _NOTHING)
    codes = [code or "" for code in result.dossiers["reason_code"].to_list()]
    grants = result.dossiers["granted_cents"].to_numpy()
    return Position(cents, read_document(result.document), grants, codes)


def _describe_share_rule(share: str) -> Text:
    above = _("The envelopes above it change by the same amount.")
    if share == FREE:
        below = _("The amounts written under it stay: what is beyond them goes where the model puts it.")
    elif share == PRO_RATA:
        below = _("The amounts written under it keep their proportions.")
    else:
        below = _('All the difference goes to "{name}".', name=share.removeprefix("to:"))
    return _("{sentences}", sentences=Items([below, above], ""))
